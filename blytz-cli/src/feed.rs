//! What happens in auctions and chats, each event in a line for people.

use blytz_client::wire::{
    auction::{AuctionStatus, BidOutcome, EventData, ExtensionReason, LogEntry},
    chat::{ChatEvent, ChatEventData, Message},
};
use blytz_core::{Money, Timestamp};

use crate::{clean::clean, output::word};

/// One entry of an auction's log.
pub fn auction_line(entry: &LogEntry) -> String {
    format!("{}  #{:<4} {}", clock(entry.at), entry.seq, clean(&auction_event(entry)))
}

fn auction_event(entry: &LogEntry) -> String {
    match &entry.data {
        EventData::Scheduled { starts_at: None, .. } => "scheduled".to_owned(),
        EventData::Scheduled { starts_at: Some(at), .. } => format!("scheduled, opens by itself at {}", clock(*at)),
        EventData::Amended { .. } => "rules changed".to_owned(),
        EventData::Opened { closes_at, .. } => format!("open until {}", clock(*closes_at)),
        EventData::Bid { outcome: BidOutcome::Sealed, bid_count, .. } => format!("sealed bid, {bid_count} in all"),
        EventData::Bid { bidder, outcome, price, leader, bid_count, .. } => {
            let who = short(*bidder);
            let what = match outcome {
                BidOutcome::Leading => format!("{who} leads"),
                BidOutcome::Won => format!("{who} takes it"),
                _ => format!("{who} is outbid by {}", short(*leader)),
            };
            format!("{}  {what} (bid {bid_count})", amount(*price))
        }
        EventData::MaxRaised { leader: None, .. } => "a sealed bid was raised".to_owned(),
        EventData::MaxRaised { price, leader, .. } => {
            format!("{}  {} raised their max", amount(*price), short(*leader))
        }
        EventData::ReserveMet { price } => format!("{price}  reserve met"),
        EventData::Voided { struck, reason, price, leader, .. } => {
            let leads =
                leader.map_or_else(|| "nobody leads".to_owned(), |leader| format!("{} leads", short(Some(leader))));
            format!("{}  {} struck ({reason}); {leads}", amount(*price), bids(struck.len()))
        }
        EventData::Extended { closes_at, reason } => {
            let why = match reason {
                ExtensionReason::SoftClose => "a late bid",
                ExtensionReason::Void => "a late void",
                ExtensionReason::Outage => "an outage",
            };
            format!("extended to {} by {why}", clock(*closes_at))
        }
        EventData::Closed { status: AuctionStatus::Sold, winner, price } => {
            format!("{}  SOLD to {}", amount(*price), short(*winner))
        }
        EventData::Closed { .. } => "closed unsold".to_owned(),
        EventData::Cancelled { reason } => format!("cancelled: {reason}"),
    }
}

/// One entry of a chat's log.
pub fn chat_line(event: &ChatEvent) -> String {
    let what = match &event.data {
        ChatEventData::Message { user, deleted: true, .. } => format!("<{}> (deleted)", user.display_name),
        ChatEventData::Message { user, text, .. } => format!("<{}> {text}", user.display_name),
        ChatEventData::Deleted { message_seq, .. } => format!("* message {message_seq} was deleted"),
        ChatEventData::Pinned { message_id: Some(id) } => format!("* message {id} was pinned"),
        ChatEventData::Pinned { message_id: None } => "* nothing is pinned any more".to_owned(),
        ChatEventData::Settings { slow_mode_s, max_length, followers_only } => format!(
            "* settings: slow mode {slow_mode_s} s, up to {max_length} characters{}",
            if *followers_only { ", followers only" } else { "" }
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
    format!("{}  <{}> {}", clock(message.at), clean(&message.user.display_name), clean(text))
}

/// The time of day, to the second.
fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).unwrap_or(&text).to_owned()
}

fn amount(price: Option<Money>) -> String {
    price.map_or_else(|| "-".to_owned(), |price| price.to_string())
}

fn bids(count: usize) -> String {
    if count == 1 { "1 bid".to_owned() } else { format!("{count} bids") }
}

/// The end of an id, which is the random part of it.
fn short(id: Option<blytz_core::UserId>) -> String {
    id.map_or_else(|| "somebody".to_owned(), |id| id.to_string().split_off(28))
}

/// The kind of an event as the API names it.
pub fn kind(data: &EventData) -> String {
    match serde_json::to_value(data) {
        Ok(value) => word(&value["kind"]),
        Err(_) => String::new(),
    }
}
