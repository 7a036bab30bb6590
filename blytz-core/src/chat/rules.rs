//! Whether a message may go out.

use super::{
    rate::{RateWindow, STAFF_LIMIT, USER_LIMIT},
    terms::has_blocked_term,
};
use crate::{
    Timestamp,
    text::{InvalidText, normalise},
    wire::{ErrorCode, chat::ChatSettings},
};

/// What a chat's moderators decided about one user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Member {
    /// Muted until then.
    pub muted_until: Option<Timestamp>,
    /// Banned until let in again.
    pub banned: bool,
}

impl Member {
    /// Until when the user is muted, if they are at `now`.
    pub fn muted_at(self, now: Timestamp) -> Option<Timestamp> {
        self.muted_until.filter(|until| now < *until)
    }
}

/// Who wants to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author<'a> {
    /// Whether the account is suspended.
    pub suspended: bool,
    /// Whether they are the show's seller, one of its moderators, or moderate every chat. Slow mode
    /// and followers-only are not for them, and they may write more often.
    pub staff: bool,
    /// Whether they watch one of the seller's lots.
    pub follows: bool,
    /// What the chat's moderators decided about them.
    pub member: Member,
    /// When they last wrote in this chat; slow mode counts from there.
    pub spoke_at: Option<Timestamp>,
    /// When they wrote, in whichever chat.
    pub window: &'a RateWindow,
}

/// The chat they want to write in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Venue<'a> {
    /// Whether the show is live.
    pub live: bool,
    /// What its moderators decided for all.
    pub settings: &'a ChatSettings,
}

/// Why a message does not go out, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The account is suspended.
    #[error("this account is suspended")]
    Suspended,
    /// Banned from this chat.
    #[error("you are banned from this chat")]
    Banned,
    /// Muted in this chat.
    #[error("you are muted in this chat until {until}")]
    Muted {
        /// Until when.
        until: Timestamp,
    },
    /// Only followers may write for now.
    #[error("only those who watch one of the seller's lots may write in this chat for now")]
    FollowersOnly,
    /// The show is not on air.
    #[error("the show is not live; its chat is open while it is")]
    StreamNotLive,
    /// The text is no message.
    #[error("text {0}")]
    Invalid(InvalidText),
    /// The text contains a blocked term. Which one is not said.
    #[error("the message contains a term that is blocked in this chat")]
    Blocked,
    /// Too soon after the last message.
    #[error("slow mode is on; the next message may go out in {retry_after} s")]
    SlowMode {
        /// Whole seconds to wait, rounded up.
        retry_after: u64,
    },
    /// Too many messages.
    #[error("too many messages; the next one may go out in {retry_after} s")]
    RateLimited {
        /// Whole seconds to wait, rounded up.
        retry_after: u64,
    },
}

impl Refusal {
    /// The stable code that clients see.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Suspended => ErrorCode::Suspended,
            Self::Banned => ErrorCode::Banned,
            Self::Muted { .. } => ErrorCode::Muted,
            Self::FollowersOnly => ErrorCode::Forbidden,
            Self::StreamNotLive => ErrorCode::StreamNotLive,
            Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::Blocked => ErrorCode::MessageBlocked,
            Self::SlowMode { .. } => ErrorCode::SlowMode,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
        }
    }

    /// Seconds to wait before the same message may go out, for `Retry-After`.
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::SlowMode { retry_after } | Self::RateLimited { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

/// Decides whether a message may go out at `now`, and in which form.
///
/// Whoever sends it notes the time with [`RateWindow::record`] once it is accepted.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn decide(now: Timestamp, author: Author<'_>, venue: Venue<'_>, text: &str) -> Result<String, Refusal> {
    may_write(now, author, venue)?;
    let text = normalise(text, venue.settings.max_length).map_err(Refusal::Invalid)?;
    if has_blocked_term(&text, &venue.settings.blocked_terms) {
        return Err(Refusal::Blocked);
    }
    is_due(now, author, venue.settings)?;
    Ok(text)
}

fn may_write(now: Timestamp, author: Author<'_>, venue: Venue<'_>) -> Result<(), Refusal> {
    if author.suspended {
        return Err(Refusal::Suspended);
    }
    if author.member.banned {
        return Err(Refusal::Banned);
    }
    if let Some(until) = author.member.muted_at(now) {
        return Err(Refusal::Muted { until });
    }
    if venue.settings.followers_only && !author.staff && !author.follows {
        return Err(Refusal::FollowersOnly);
    }
    if !venue.live {
        return Err(Refusal::StreamNotLive);
    }
    Ok(())
}

fn is_due(now: Timestamp, author: Author<'_>, settings: &ChatSettings) -> Result<(), Refusal> {
    if !author.staff
        && let Some(spoke_at) = author.spoke_at
        && let Some(retry_after) =
            whole_seconds(i64::from(settings.slow_mode_s) * 1_000_000 - now.micros_since(spoke_at))
    {
        return Err(Refusal::SlowMode { retry_after });
    }
    let limit = if author.staff { STAFF_LIMIT } else { USER_LIMIT };
    match whole_seconds(author.window.wait_us(now, limit)) {
        Some(retry_after) => Err(Refusal::RateLimited { retry_after }),
        None => Ok(()),
    }
}

/// A wait in whole seconds, rounded up; none for no wait.
fn whole_seconds(micros: i64) -> Option<u64> {
    let micros = u64::try_from(micros).ok().filter(|micros| *micros > 0)?;
    Some(micros.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const LATER: Timestamp = NOW.plus_millis(1_500);

    /// Every reason at once; the table takes them away one by one, in order of precedence.
    #[test]
    fn refusals_in_order_of_precedence() {
        let window: RateWindow = std::iter::repeat_n(NOW.plus_millis(-500), USER_LIMIT).collect();
        let strict = ChatSettings {
            slow_mode_s: 2,
            max_length: 10,
            blocked_terms: vec!["scam".to_owned()],
            followers_only: true,
        };
        let no_slow_mode = ChatSettings { slow_mode_s: 0, ..strict.clone() };
        let mut author = Author {
            suspended: true,
            staff: false,
            follows: false,
            member: Member { muted_until: Some(LATER), banned: true },
            spoke_at: Some(NOW.plus_millis(-500)),
            window: &window,
        };
        let mut venue = Venue { live: false, settings: &strict };
        let empty = RateWindow::default();
        type Step<'a> = fn(&mut Author<'a>, &mut Venue<'a>, &'a ChatSettings, &'a RateWindow);
        let nothing: Step<'_> = |_, _, _, _| {};
        let steps: [(Step<'_>, &str, Result<&str, Refusal>); 11] = [
            (nothing, "scam\0", Err(Refusal::Suspended)),
            (|author, _, _, _| author.suspended = false, "scam\0", Err(Refusal::Banned)),
            (|author, _, _, _| author.member.banned = false, "scam\0", Err(Refusal::Muted { until: LATER })),
            (|author, _, _, _| author.member.muted_until = Some(NOW), "scam\0", Err(Refusal::FollowersOnly)),
            (|author, _, _, _| author.follows = true, "scam\0", Err(Refusal::StreamNotLive)),
            (|_, venue, _, _| venue.live = true, "scam\0", Err(Refusal::Invalid(InvalidText::Deceptive))),
            (nothing, "a scam too long", Err(Refusal::Invalid(InvalidText::TooLong { max: 10 }))),
            (nothing, "a SCAM", Err(Refusal::Blocked)),
            (nothing, "hello", Err(Refusal::SlowMode { retry_after: 2 })),
            (|_, venue, relaxed, _| venue.settings = relaxed, "hello", Err(Refusal::RateLimited { retry_after: 30 })),
            (|author, _, _, empty| author.window = empty, " hello ", Ok("hello")),
        ];
        for (step, text, expected) in steps {
            step(&mut author, &mut venue, &no_slow_mode, &empty);
            assert_eq!(decide(NOW, author, venue, text).as_deref(), expected.as_ref().map(|text| *text));
        }
    }

    #[test]
    fn staff_skip_slow_mode_and_followers_only_and_write_more() {
        let window: RateWindow = std::iter::repeat_n(NOW, STAFF_LIMIT - 1).collect();
        let settings = ChatSettings { slow_mode_s: 3_600, followers_only: true, ..ChatSettings::default() };
        let staff = Author {
            suspended: false,
            staff: true,
            follows: false,
            member: Member::default(),
            spoke_at: Some(NOW),
            window: &window,
        };
        let venue = Venue { live: true, settings: &settings };
        assert_eq!(decide(NOW, staff, venue, "hello").as_deref(), Ok("hello"));

        let mut full = window.clone();
        full.record(NOW);
        let refused = decide(NOW, Author { window: &full, ..staff }, venue, "hello");
        assert_eq!(refused, Err(Refusal::RateLimited { retry_after: 30 }));
        assert_eq!(
            decide(NOW.plus_millis(30_000), Author { window: &full, ..staff }, venue, "hi").as_deref(),
            Ok("hi")
        );
    }

    #[test]
    fn slow_mode_counts_from_the_last_message_in_this_chat() {
        let window: RateWindow = [NOW].into_iter().collect();
        let settings = ChatSettings { slow_mode_s: 5, ..ChatSettings::default() };
        let refused = |spoke_at: Option<Timestamp>, now: Timestamp| {
            let author = Author {
                suspended: false,
                staff: false,
                follows: false,
                member: Member::default(),
                spoke_at,
                window: &window,
            };
            decide(now, author, Venue { live: true, settings: &settings }, "hello").err()
        };
        assert_eq!(refused(Some(NOW), NOW), Some(Refusal::SlowMode { retry_after: 5 }));
        assert_eq!(refused(Some(NOW), NOW.plus_micros(4_999_999)), Some(Refusal::SlowMode { retry_after: 1 }));
        assert_eq!(refused(Some(NOW), NOW.plus_millis(5_000)), None);
        assert_eq!(refused(None, NOW), None, "what was said in another chat does not count");
    }

    #[test]
    fn each_refusal_has_its_code() {
        use ErrorCode as Code;
        for (refusal, code, status, retry_after) in [
            (Refusal::Suspended, Code::Suspended, 403, None),
            (Refusal::Banned, Code::Banned, 403, None),
            (Refusal::Muted { until: NOW }, Code::Muted, 403, None),
            (Refusal::FollowersOnly, Code::Forbidden, 403, None),
            (Refusal::StreamNotLive, Code::StreamNotLive, 409, None),
            (Refusal::Invalid(InvalidText::Blank), Code::ValidationFailed, 422, None),
            (Refusal::Blocked, Code::MessageBlocked, 422, None),
            (Refusal::SlowMode { retry_after: 2 }, Code::SlowMode, 429, Some(2)),
            (Refusal::RateLimited { retry_after: 3 }, Code::RateLimited, 429, Some(3)),
        ] {
            assert_eq!((refusal.code(), refusal.code().status(), refusal.retry_after()), (code, status, retry_after));
        }
    }
}
