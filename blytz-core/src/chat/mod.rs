//! Chat: what may be said, by whom and how often, and how a chat's log comes of it.
//!
//! [`Chat`] is what a chat stands at, and [`Chat::decide`] how a command changes it. The rest are the
//! rules it asks.

mod command;
mod rate;
mod refusal;
mod roles;
mod rules;
mod state;
mod terms;

pub use self::{
    command::{Answer, Command, Draft, Participant, Restriction},
    rate::{RateWindow, STAFF_LIMIT, USER_LIMIT, WINDOW_S},
    refusal::Refusal,
    roles::{is_name_reserved, role_in_show},
    rules::{Conduct, Member, admit, may_take_part},
    state::{Chat, Decision, Head, Known, LONGEST_SLOW_MODE_MS, Ruling, Write},
    terms::has_blocked_term,
};
