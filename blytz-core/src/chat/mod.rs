//! Chat: what may be said, by whom and how often.

mod rate;
mod rules;
mod text;

pub use self::{
    rate::{RateWindow, STAFF_LIMIT, USER_LIMIT, WINDOW_S},
    rules::{Author, Member, Refusal, Room, decide},
    text::{InvalidText, MAX_CHARACTERS, has_blocked_term, is_deceptive, normalise},
};
