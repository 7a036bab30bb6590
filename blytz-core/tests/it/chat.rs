//! Random chats: what holds of every log, whatever was asked and however it was gathered.

use std::collections::{HashMap, HashSet};

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    chat::{
        Answer, Chat, Command, Decision, Draft, Head, Known, Member, Participant, RateWindow, Refusal, Restriction,
        Write,
    },
    wire::{
        account::PublicUser,
        chat::{Author, ChatSettings, Message, ShowRole},
    },
};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

const STREAM: StreamId = StreamId(Uuid::from_u128(7));
const START: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);
/// A message_id that another chat has used.
const ELSEWHERE: u128 = 9;

const fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(100 + n))
}

const fn message_id(n: u128) -> MessageId {
    MessageId(Uuid::from_u128(200 + n))
}

/// No other message says this.
fn secret(n: u128) -> String {
    format!("secret-{n}.")
}

fn elsewhere() -> Message {
    let author = Author { id: user(1), display_name: "user 1".to_owned(), role: None };
    let (id, stream_id) = (message_id(ELSEWHERE), StreamId(Uuid::from_u128(8)));
    Message { id, stream_id, seq: 1, user: author, text: secret(ELSEWHERE), at: START, deleted: false }
}

fn chat() -> Chat {
    let (members, spoke) = (HashMap::new(), HashMap::new());
    Chat { stream_id: STREAM, head: Head::default(), members, spoke, swept_at: START }
}

fn send(who: u128, role: Option<ShowRole>, message: u128) -> Command {
    Command::Send(Draft {
        user: PublicUser { id: user(who), display_name: format!("user {who}") },
        participant: Participant { role, suspended: false, joined_at: START },
        follows: false,
        name_reserved: false,
        live: true,
        message_id: message_id(message),
        text: secret(message),
    })
}

fn command() -> impl Strategy<Value = Command> {
    let who = || 0..4_u128;
    let message = || 0..=ELSEWHERE;
    let role = prop_oneof![3 => Just(None), 1 => Just(Some(ShowRole::Moderator))];
    let restriction = prop_oneof![
        (1..5_u32).prop_map(|seconds| Restriction::Mute { seconds }),
        Just(Restriction::Ban),
        Just(Restriction::Lift)
    ];
    let settings = (0..3_u32, 5..20_u32, 0..3_u32).prop_map(|(slow_mode_s, max_length, min_account_age_s)| {
        ChatSettings { slow_mode_s, max_length, min_account_age_s, ..ChatSettings::default() }
    });
    prop_oneof![
        8 => (who(), role, message()).prop_map(|(who, role, message)| send(who, role, message)),
        2 => message().prop_map(|message| Command::Delete { message_id: message_id(message) }),
        1 => proptest::option::of(message()).prop_map(|id| Command::Pin { message_id: id.map(message_id) }),
        2 => (who(), restriction).prop_map(|(who, restriction)| Command::Restrict {
            user_id: user(who),
            restriction,
            reason: None,
            by: user(99),
        }),
        1 => settings.prop_map(Command::Settings),
    ]
}

/// A command, and how long after the one before it; sometimes the clock has not moved.
fn commands() -> impl Strategy<Value = Vec<(i64, Command)>> {
    let gap = prop_oneof![2 => Just(0_i64), 1 => 0..10_i64, 3 => 0..2_000_000_i64];
    vec((gap, command()), 1..80)
}

/// What is in the tables: what the decisions left to write.
#[derive(Default)]
struct Tables(HashMap<MessageId, Message>);

impl Tables {
    fn write(&mut self, decision: &Decision) {
        for write in &decision.writes {
            if let Write::Message(message) | Write::Erase(message) = write {
                self.0.insert(message.id, message.clone());
            }
        }
    }

    /// What a batch must know.
    fn read(&self, batch: &[(i64, Command)]) -> Known {
        let mut known = Known::default();
        for (_, command) in batch {
            if let Some(message) = command.message_id().and_then(|id| self.0.get(&id)) {
                known.messages.insert(message.id, message.clone());
            }
            if let Some(author) = command.author() {
                let mut sent: Vec<_> = self.0.values().filter(|message| message.user.id == author).collect();
                sent.sort_by_key(|message| message.at);
                known.windows.insert(author, sent.iter().map(|message| message.at).collect::<RateWindow>());
            }
        }
        known
    }
}

type Outcome = (Result<Answer, Refusal>, Decision);

/// Decides the commands in batches of a size, each on what was read before it.
fn run(commands: &[(i64, Command)], size: usize) -> (Chat, Vec<Outcome>) {
    let (mut chat, mut tables, mut now, mut outcomes) = (chat(), Tables::default(), START, Vec::new());
    tables.0.insert(message_id(ELSEWHERE), elsewhere());
    for batch in commands.chunks(size) {
        let mut known = tables.read(batch);
        for (gap, command) in batch {
            now = now.plus_micros(*gap);
            outcomes.push(chat.decide(now, command, &mut known));
        }
        let from = outcomes.len() - batch.len();
        outcomes[from..].iter().for_each(|(_, decision)| tables.write(decision));
    }
    (chat, outcomes)
}

proptest! {
    #[test]
    fn seqs_are_dense_and_every_moment_is_later(commands in commands()) {
        let (chat, outcomes) = run(&commands, 16);
        let events: Vec<_> = outcomes.iter().flat_map(|(_, decision)| &decision.events).collect();
        for (index, event) in events.iter().enumerate() {
            prop_assert_eq!(event.seq, index as u64 + 1);
        }
        prop_assert!(events.windows(2).all(|pair| pair[0].at < pair[1].at));
        prop_assert_eq!(chat.head.seq, events.len() as u64);
        prop_assert!(events.last().is_none_or(|last| last.at == chat.head.at));
    }

    #[test]
    fn the_same_commands_have_the_same_results_in_batches_of_any_size(commands in commands(), size in 1..90_usize) {
        let first = run(&commands, 1);
        prop_assert_eq!(&run(&commands, size), &first);
        prop_assert_eq!(run(&commands, size), first);
    }

    #[test]
    fn an_erased_text_is_in_nothing_that_comes_out(commands in commands(), size in 1..20_usize) {
        let (chat, outcomes) = run(&commands, size);
        let mut erased: HashSet<u128> = HashSet::new();
        for ((_, command), (answer, decision)) in commands.iter().zip(&outcomes) {
            let gone = decision.writes.iter().filter_map(|write| match write {
                Write::Erase(message) => Some(message.id.0.as_u128() - 200),
                Write::Message(_) | Write::Ruling(_) => None,
            });
            erased.extend(gone);
            let out = format!("{answer:?} {decision:?}");
            for n in &erased {
                prop_assert!(!out.contains(&secret(*n)), "{command:?}: {out}");
            }
        }
        let left = format!("{chat:?}");
        prop_assert!(!left.contains("secret-"), "a chat keeps no texts: {left}");
    }

    #[test]
    fn what_is_refused_changes_nothing(commands in commands()) {
        let mut now = START;
        let mut chat = chat();
        let mut known = Known::default();
        for (gap, command) in &commands {
            now = now.plus_micros(*gap);
            let before = chat.clone();
            let (answer, decision) = chat.decide(now, command, &mut known);
            if answer.is_err() {
                prop_assert_eq!(&chat, &before);
                prop_assert_eq!(decision, Decision::default());
            }
        }
    }

    /// Whoever is kept out writes nothing new, however they are called and whatever else holds.
    #[test]
    fn nobody_who_is_kept_out_writes(commands in commands()) {
        let mut now = START;
        let mut chat = chat();
        let mut known = Known::default();
        for (gap, command) in &commands {
            now = now.plus_micros(*gap);
            let member: Member = command.author().and_then(|who| chat.members.get(&who)).copied().unwrap_or_default();
            let (answer, _) = chat.decide(now, command, &mut known);
            if let Ok(Answer::Written(message)) = answer {
                prop_assert!(member.check(message.at).is_ok());
            }
        }
    }
}

#[test]
fn a_batch_knows_what_it_did_itself() {
    let twice = [send(1, None, 1), send(1, None, 1), Command::Delete { message_id: message_id(1) }, send(1, None, 1)];
    let commands: Vec<_> = twice.into_iter().map(|command| (0, command)).collect();
    let (chat, outcomes) = run(&commands, 4);
    let answers: Vec<_> = outcomes.into_iter().map(|(answer, _)| answer.unwrap()).collect();
    let Answer::Written(written) = &answers[0] else { panic!("{answers:?}") };
    assert_eq!(answers[1], Answer::Replayed(written.clone()));
    let erased = Message { text: String::new(), deleted: true, ..written.clone() };
    assert_eq!((&answers[2], &answers[3]), (&Answer::Done, &Answer::Replayed(erased)));
    assert_eq!(chat.head.seq, 2);
}
