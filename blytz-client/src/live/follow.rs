//! How one channel is followed: what was delivered, and what the next frame means.

use blytz_core::{
    Epoch, Timestamp,
    wire::live::{Channel, Since, SnapshotReason, Subscribed},
};

/// A channel that the program wants, over every reconnect.
#[derive(Debug)]
pub(super) struct Follow {
    /// The last entry delivered; `None` before the first state, and for unsequenced channels.
    seen: Option<Since>,
    pub(super) phase: Phase,
    /// Subscriptions since the last entry was delivered. A server that keeps skipping an entry is
    /// asked for its state in the end.
    asked_in_vain: u32,
    /// A 401 was answered by a fresh login already.
    pub(super) relogged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not asked for on this connection.
    Off,
    /// Asked by frame `id`.
    Asked {
        id: u64,
        at: Timestamp,
        /// A state came before the answer.
        snapshot: bool,
    },
    /// The answer promised a state; entries before it belong to what it replaces.
    AwaitingState,
    /// Entries follow each other.
    On,
    /// To be asked again at this moment.
    Delayed(Timestamp),
    /// To be asked again after a fresh login.
    AwaitingLogin,
}

/// What to do with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It is the next one.
    Deliver,
    /// It was delivered before, or a state or the entries before it are on their way.
    Drop,
    /// Entries are missing: ask again from the last one delivered.
    Resubscribe,
    /// It is the next one, and follows another than the last one delivered.
    Follows(String),
    /// It stands where another was delivered.
    Replaces(String),
}

impl Follow {
    pub(super) fn new() -> Self {
        Self { seen: None, phase: Phase::Off, asked_in_vain: 0, relogged: false }
    }

    /// From where to ask.
    pub(super) fn since(&self) -> Option<Since> {
        if self.asked_in_vain < 3 { self.seen.clone() } else { None }
    }

    /// Whether a server keeps answering without bringing the channel forward.
    pub(super) fn is_hopeless(&self) -> bool {
        self.asked_in_vain > 5
    }

    /// Frame `id` asks for it.
    pub(super) fn ask(&mut self, id: u64, now: Timestamp) {
        self.phase = Phase::Asked { id, at: now, snapshot: false };
    }

    /// Frame `id` was answered.
    pub(super) fn answered(&mut self, id: u64, answer: &Subscribed) -> Step {
        let Phase::Asked { id: latest, snapshot, .. } = self.phase else { return Step::Drop };
        if latest != id {
            return Step::Drop;
        }
        self.relogged = false;
        self.phase = Phase::On;
        let Some(epoch) = answer.epoch else { return Step::Deliver };
        if !answer.recovered {
            if !snapshot {
                self.phase = Phase::AwaitingState;
            }
            return Step::Deliver;
        }
        match &self.seen {
            // Everything from the beginning follows.
            None => self.seen = Some(Since { epoch, seq: 0, hash: None }),
            Some(seen) if seen.epoch != epoch => {
                // Entries of another history can't continue ours: a state must come.
                self.asked_in_vain = self.asked_in_vain.max(3);
                return self.again();
            }
            Some(_) => {}
        }
        Step::Deliver
    }

    /// An entry arrived. `prev` and `hash` chain an auction's entries.
    pub(super) fn entry(&mut self, seq: u64, prev: Option<&str>, hash: Option<&str>) -> Step {
        if self.phase == Phase::AwaitingState {
            return Step::Drop;
        }
        let Some(seen) = &mut self.seen else { return self.again() };
        if seq <= seen.seq {
            let replaced = if seq == seen.seq { differing(seen.hash.as_deref(), hash) } else { None };
            return replaced.map_or(Step::Drop, Step::Replaces);
        }
        if seq > seen.seq + 1 {
            return self.again();
        }
        let followed = differing(seen.hash.as_deref(), prev);
        seen.seq = seq;
        seen.hash = hash.map(str::to_owned);
        self.asked_in_vain = 0;
        followed.map_or(Step::Deliver, Step::Follows)
    }

    /// The last hash that was delivered, if a state comes because the log of the same history does not have
    /// it: it has another there, or is shorter.
    pub(super) fn denied_by(&self, epoch: Epoch, seq: u64, reason: Option<SnapshotReason>) -> Option<(u64, String)> {
        let seen = self.seen.as_ref().filter(|seen| seen.epoch == epoch)?;
        // At the same seq the hashes themselves tell.
        let denied = reason == Some(SnapshotReason::Epoch) && seq != seen.seq;
        Some((seen.seq, seen.hash.clone()?)).filter(|_| denied)
    }

    /// A state arrived. Returns whether it replaces something.
    pub(super) fn state(&mut self, epoch: Epoch, seq: u64, hash: Option<String>) -> bool {
        match &mut self.phase {
            Phase::Asked { snapshot, .. } => *snapshot = true,
            phase => *phase = Phase::On,
        }
        self.asked_in_vain = 0;
        self.seen.replace(Since { epoch, seq, hash }).is_some()
    }

    /// Asks again, unless the answer to the last question is still to come.
    fn again(&mut self) -> Step {
        if self.phase != Phase::On {
            return Step::Drop;
        }
        self.asked_in_vain += 1;
        Step::Resubscribe
    }
}

/// Ours, if both are known and not the same.
fn differing(ours: Option<&str>, theirs: Option<&str>) -> Option<String> {
    ours.filter(|ours| theirs.is_some_and(|theirs| theirs != *ours)).map(str::to_owned)
}

/// Channels in the order in which they are asked for: what decides a bid first.
pub(super) type Follows = std::collections::BTreeMap<Channel, Follow>;

#[cfg(test)]
mod tests {
    use super::{
        Step::{Deliver, Drop, Resubscribe},
        *,
    };

    /// A chat at seq 4: no hashes, only the seq tells.
    fn chat() -> (Follow, Epoch) {
        let epoch = Epoch(uuid::Uuid::nil());
        let mut follow = Follow::new();
        follow.ask(1, Timestamp::from_micros(0));
        let channel = Channel::Chat(blytz_core::StreamId(uuid::Uuid::nil()));
        let answer = Subscribed { channel, epoch: Some(epoch), seq: Some(4), recovered: false };
        assert_eq!(follow.answered(1, &answer), Step::Deliver);
        assert_eq!(follow.entry(5, None, None), Step::Drop, "the state comes first");
        assert!(!follow.state(epoch, 4, None));
        (follow, epoch)
    }

    #[test]
    fn without_hashes_the_seq_tells() {
        let (mut follow, epoch) = chat();
        let steps = [5, 5, 3, 7, 6, 7].map(|seq| follow.entry(seq, None, None));
        assert_eq!(steps, [Deliver, Drop, Drop, Resubscribe, Deliver, Deliver]);
        assert_eq!(follow.since(), Some(Since { epoch, seq: 7, hash: None }));
    }

    #[test]
    fn a_gap_asks_once_until_it_is_answered() {
        let (mut follow, _) = chat();
        assert_eq!(follow.entry(6, None, None), Step::Resubscribe);
        follow.ask(2, Timestamp::from_micros(0));
        assert_eq!(follow.entry(7, None, None), Step::Drop);
    }

    #[test]
    fn a_server_that_keeps_skipping_is_asked_for_its_state() {
        let (mut follow, epoch) = chat();
        for _ in 0..3 {
            assert!(follow.since().is_some());
            follow.phase = Phase::On;
            assert_eq!(follow.entry(9, None, None), Step::Resubscribe);
        }
        assert_eq!(follow.since(), None);
        assert!(follow.state(epoch, 9, None), "which replaces what was known");
    }
}
