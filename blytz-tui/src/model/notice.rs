//! What just happened, for a few seconds in a corner.

use std::collections::VecDeque;

use blytz_core::Timestamp;

use crate::theme::Role;

/// How long a notice stays.
const STAYS_MS: i64 = 6_000;
/// How many are shown.
const SHOWN: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// Good news or bad.
    pub role: Role,
    /// When, by this machine's clock.
    pub at: Timestamp,
}

/// The notices on the screen, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Notices(VecDeque<Notice>);

impl Notices {
    /// Adds one. The same news by two ways is told once.
    pub fn push(&mut self, text: impl Into<String>, role: Role, now: Timestamp) {
        let text = text.into();
        self.0.retain(|notice| notice.text != text);
        self.0.push_back(Notice { text, role, at: now });
        if self.0.len() > SHOWN {
            self.0.pop_front();
        }
    }

    /// Takes away what has been there long enough.
    pub fn expire(&mut self, now: Timestamp) {
        self.0.retain(|notice| now.micros_since(notice.at) < STAYS_MS * 1_000);
    }

    /// What is shown.
    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.0.iter()
    }
}
