//! What happens in auctions and chats, each event in a line for people.

use blytz_client::wire::{
    auction::{EventData, LogEntry},
    chat::{Author, ChatEvent, ChatEventData, Message},
};
use blytz_core::Timestamp;
use blytz_tui::{people::People, words::Words};

use crate::{clean::clean, output::word};

/// One entry of an auction's log.
pub fn auction_line(entry: &LogEntry, people: &People) -> String {
    format!("{}  #{:<4} {}", clock(entry.at), entry.seq, Words::of(entry.at, &entry.data, people))
}

/// One entry of a chat's log.
pub fn chat_line(event: &ChatEvent) -> String {
    let what = match &event.data {
        ChatEventData::Message { user, deleted: true, .. } => format!("{} (deleted)", author(user)),
        ChatEventData::Message { user, text, .. } => format!("{} {text}", author(user)),
        ChatEventData::Deleted { message_seq, .. } => format!("* message {message_seq} was deleted"),
        ChatEventData::Pinned { message_id: Some(id) } => format!("* message {id} was pinned"),
        ChatEventData::Pinned { message_id: None } => "* nothing is pinned any more".to_owned(),
        ChatEventData::Settings { slow_mode_s, max_length, followers_only, min_account_age_s } => format!(
            "* settings: slow mode {slow_mode_s} s, up to {max_length} characters{}{}",
            if *followers_only { ", followers only" } else { "" },
            if *min_account_age_s > 0 { format!(", accounts of {min_account_age_s} s or more") } else { String::new() }
        ),
        ChatEventData::Muted { user_id, banned: true, until: None } => format!("* {user_id} was banned"),
        ChatEventData::Muted { user_id, until: Some(until), .. } if *until <= event.at => {
            format!("* {user_id} may write again")
        }
        ChatEventData::Muted { user_id, until, .. } => {
            format!(
                "* {user_id} was muted{}",
                until.map(|until| format!(" until {}", clock(until))).unwrap_or_default()
            )
        }
    };
    format!("{}  {}", clock(event.at), clean(&what))
}

/// A message of a chat's history.
pub fn message_line(message: &Message) -> String {
    let text = if message.deleted { "(deleted)" } else { &message.text };
    format!("{}  {} {}", clock(message.at), clean(&author(&message.user)), clean(text))
}

/// A name as it was chosen, and before it what they are in the show: nobody can put that into a name, as
/// every name stands behind a bracket.
pub fn author(user: &Author) -> String {
    let role = user.role.map_or_else(String::new, |role| format!("[{role}] "));
    format!("{role}<{}>", user.display_name)
}

/// The time of day, to the second.
fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).unwrap_or(&text).to_owned()
}

/// The kind of an event as the API names it.
pub fn kind(data: &EventData) -> String {
    match serde_json::to_value(data) {
        Ok(value) => word(&value["kind"]),
        Err(_) => String::new(),
    }
}
