//! Chat: what may be said, by whom and how often.

mod rate;
mod rules;
mod terms;

pub use self::{
    rate::{RateWindow, STAFF_LIMIT, USER_LIMIT, WINDOW_S},
    rules::{Author, Member, Refusal, Venue, decide},
    terms::has_blocked_term,
};
