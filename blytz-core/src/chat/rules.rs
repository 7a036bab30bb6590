//! Whether a message may go out, and who may take part at all.

use super::{
    command::{Draft, Participant},
    rate::{RateWindow, STAFF_LIMIT, USER_LIMIT},
    refusal::Refusal,
    terms::has_blocked_term,
};
use crate::{Timestamp, text::normalise, wire::chat::ChatSettings};

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

    /// Refuses who was banned or is muted at `now`: whatever they would do here, as a moderator, too.
    ///
    /// # Errors
    /// [`Refusal::Banned`], [`Refusal::Muted`].
    pub fn check(self, now: Timestamp) -> Result<(), Refusal> {
        if self.banned {
            return Err(Refusal::Banned);
        }
        self.muted_at(now).map_or(Ok(()), |until| Err(Refusal::Muted { until }))
    }
}

/// What a chat has of somebody who wants to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conduct<'a> {
    /// What the chat's moderators decided about them.
    pub member: Member,
    /// When they last wrote in this chat; slow mode counts from there.
    pub spoke_at: Option<Timestamp>,
    /// When they wrote, in whichever chat.
    pub window: &'a RateWindow,
}

/// Decides whether a message may go out at `now`, and in which form.
///
/// Whoever sends it notes the time with [`RateWindow::record`] once it is accepted.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn admit(now: Timestamp, draft: &Draft, conduct: Conduct<'_>, settings: &ChatSettings) -> Result<String, Refusal> {
    may_take_part(now, draft.participant, conduct.member, settings)?;
    may_write(draft, settings)?;
    let text = normalise(&draft.text, settings.max_length).map_err(Refusal::Invalid)?;
    if has_blocked_term(&text, &settings.blocked_terms) {
        return Err(Refusal::Blocked);
    }
    is_due(now, draft.participant, conduct, settings)?;
    Ok(text)
}

/// Whether somebody may do in a show's chat what others see or are told of: write, react.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn may_take_part(
    now: Timestamp,
    participant: Participant,
    member: Member,
    settings: &ChatSettings,
) -> Result<(), Refusal> {
    if participant.suspended {
        return Err(Refusal::Suspended);
    }
    member.check(now)?;
    let from = participant.joined_at.plus_millis(i64::from(settings.min_account_age_s) * 1_000);
    if participant.role.is_none() && now < from {
        return Err(Refusal::TooNew { from });
    }
    Ok(())
}

fn may_write(draft: &Draft, settings: &ChatSettings) -> Result<(), Refusal> {
    let is_guest = draft.participant.role.is_none();
    if settings.followers_only && is_guest && !draft.follows {
        return Err(Refusal::FollowersOnly);
    }
    if !draft.live {
        return Err(Refusal::StreamNotLive);
    }
    if draft.name_reserved && is_guest {
        return Err(Refusal::NameReserved);
    }
    Ok(())
}

fn is_due(
    now: Timestamp,
    participant: Participant,
    conduct: Conduct<'_>,
    settings: &ChatSettings,
) -> Result<(), Refusal> {
    let is_staff = participant.role.is_some();
    if !is_staff
        && let Some(spoke_at) = conduct.spoke_at
        && let Some(retry_after) =
            whole_seconds(i64::from(settings.slow_mode_s) * 1_000_000 - now.micros_since(spoke_at))
    {
        return Err(Refusal::SlowMode { retry_after });
    }
    let limit = if is_staff { STAFF_LIMIT } else { USER_LIMIT };
    match whole_seconds(conduct.window.wait_us(now, limit)) {
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
    use uuid::Uuid;

    use super::*;
    use crate::{
        MessageId, UserId,
        text::InvalidText,
        wire::{account::PublicUser, chat::ShowRole},
    };

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const LATER: Timestamp = NOW.plus_millis(1_500);
    const BEFORE: Timestamp = NOW.plus_millis(-500);

    fn draft(role: Option<ShowRole>) -> Draft {
        Draft {
            user: PublicUser { id: UserId(Uuid::from_u128(1)), display_name: "mei".to_owned() },
            participant: Participant { role, suspended: false, joined_at: Timestamp::from_micros(0) },
            follows: false,
            name_reserved: false,
            live: true,
            message_id: MessageId(Uuid::from_u128(2)),
            text: "hello".to_owned(),
        }
    }

    /// What the table below changes from one step to the next.
    struct Case<'a> {
        draft: Draft,
        conduct: Conduct<'a>,
        settings: ChatSettings,
    }

    type Step<'a> = Box<dyn Fn(&mut Case<'a>) + 'a>;

    fn step<'a>(step: impl Fn(&mut Case<'a>) + 'a) -> Step<'a> {
        Box::new(step)
    }

    /// Every reason at once; the table takes them away one by one, in order of precedence.
    #[test]
    fn refusals_in_order_of_precedence() {
        let window: RateWindow = std::iter::repeat_n(BEFORE, USER_LIMIT).collect();
        let empty = RateWindow::default();
        let mut case = Case {
            draft: Draft { live: false, name_reserved: true, text: "scam\0".to_owned(), ..draft(None) },
            conduct: Conduct {
                member: Member { muted_until: Some(LATER), banned: true },
                spoke_at: Some(BEFORE),
                window: &window,
            },
            settings: ChatSettings {
                slow_mode_s: 2,
                max_length: 10,
                blocked_terms: vec!["scam".to_owned()],
                followers_only: true,
                min_account_age_s: 60,
            },
        };
        case.draft.participant = Participant { role: None, suspended: true, joined_at: BEFORE };
        let text = |text: &'static str| step(move |case| case.draft.text = text.to_owned());
        let steps: [(Step<'_>, Result<&str, Refusal>); 13] = [
            (step(|_| ()), Err(Refusal::Suspended)),
            (step(|case| case.draft.participant.suspended = false), Err(Refusal::Banned)),
            (step(|case| case.conduct.member.banned = false), Err(Refusal::Muted { until: LATER })),
            (
                step(|case| case.conduct.member.muted_until = Some(NOW)),
                Err(Refusal::TooNew { from: BEFORE.plus_millis(60_000) }),
            ),
            (step(|case| case.draft.participant.joined_at = NOW.plus_millis(-60_000)), Err(Refusal::FollowersOnly)),
            (step(|case| case.draft.follows = true), Err(Refusal::StreamNotLive)),
            (step(|case| case.draft.live = true), Err(Refusal::NameReserved)),
            (step(|case| case.draft.name_reserved = false), Err(Refusal::Invalid(InvalidText::Deceptive))),
            (text("a scam too long"), Err(Refusal::Invalid(InvalidText::TooLong { max: 10 }))),
            (text("a SCAM"), Err(Refusal::Blocked)),
            (text(" hello "), Err(Refusal::SlowMode { retry_after: 2 })),
            (step(|case| case.settings.slow_mode_s = 0), Err(Refusal::RateLimited { retry_after: 30 })),
            (step(|case| case.conduct.window = &empty), Ok("hello")),
        ];
        for (step, expected) in steps {
            step(&mut case);
            let admitted = admit(NOW, &case.draft, case.conduct, &case.settings);
            assert_eq!(admitted.as_deref(), expected.as_ref().map(|text| *text));
        }
    }

    #[test]
    fn what_is_not_for_staff() {
        let window: RateWindow = std::iter::repeat_n(NOW, STAFF_LIMIT - 1).collect();
        let settings = ChatSettings {
            slow_mode_s: 3_600,
            followers_only: true,
            min_account_age_s: 3_600,
            ..ChatSettings::default()
        };
        let conduct = Conduct { member: Member::default(), spoke_at: Some(NOW), window: &window };
        let mut full = window.clone();
        full.record(NOW);
        let full = Conduct { window: &full, ..conduct };
        for role in [ShowRole::Seller, ShowRole::Moderator, ShowRole::Admin] {
            let mut draft = Draft { name_reserved: true, ..draft(Some(role)) };
            draft.participant.joined_at = NOW;
            assert_eq!(admit(NOW, &draft, conduct, &settings).as_deref(), Ok("hello"));
            assert_eq!(admit(NOW, &draft, full, &settings), Err(Refusal::RateLimited { retry_after: 30 }));
            assert!(admit(NOW.plus_millis(30_000), &draft, full, &settings).is_ok());
            let banned = Conduct { member: Member { muted_until: None, banned: true }, ..conduct };
            assert_eq!(admit(NOW, &draft, banned, &settings), Err(Refusal::Banned), "what moderators decided is");
        }
    }

    #[test]
    fn an_account_grows_old_enough() {
        let settings = ChatSettings { min_account_age_s: 60, ..ChatSettings::default() };
        let participant = Participant { role: None, suspended: false, joined_at: NOW };
        let at = |now| may_take_part(now, participant, Member::default(), &settings);
        let from = NOW.plus_millis(60_000);
        assert_eq!(at(NOW), Err(Refusal::TooNew { from }));
        assert_eq!(at(from.plus_micros(-1)), Err(Refusal::TooNew { from }));
        assert_eq!(at(from), Ok(()));
    }

    #[test]
    fn slow_mode_counts_from_the_last_message_in_this_chat() {
        let window: RateWindow = [NOW].into_iter().collect();
        let settings = ChatSettings { slow_mode_s: 5, ..ChatSettings::default() };
        let refused = |spoke_at: Option<Timestamp>, now: Timestamp| {
            let conduct = Conduct { member: Member::default(), spoke_at, window: &window };
            admit(now, &draft(None), conduct, &settings).err()
        };
        assert_eq!(refused(Some(NOW), NOW), Some(Refusal::SlowMode { retry_after: 5 }));
        assert_eq!(refused(Some(NOW), NOW.plus_micros(4_999_999)), Some(Refusal::SlowMode { retry_after: 1 }));
        assert_eq!(refused(Some(NOW), NOW.plus_millis(5_000)), None);
        assert_eq!(refused(None, NOW), None, "what was said in another chat does not count");
    }
}
