//! `blytz auctions watch`: events as they happen, over every reconnect.

use std::collections::BTreeSet;

use blytz_client::{
    Client, ConnectionState, LiveEvent,
    wire::{
        auction::{EventData, StatusView},
        live::Channel,
    },
};
use blytz_core::{AuctionId, StreamId};
use blytz_tui::people::People;
use serde_json::json;

use super::{past::Past, view::closes};
use crate::{
    clean::clean,
    context::Context,
    error::Failure,
    feed,
    output::{or_dash, word},
};

pub async fn run(
    ctx: &Context,
    client: &Client,
    mut ids: Vec<AuctionId>,
    show: Option<StreamId>,
) -> Result<(), Failure> {
    if let Some(show) = show {
        ids.extend(client.streams().lots(show).await?.items.iter().map(|lot| lot.status.id));
    }
    // Asked once over HTTP, so that a wrong id or a server that is down is said at once.
    let (mut open, mut people, mut past) = (BTreeSet::new(), People::default(), Past::default());
    for id in ids {
        let auction = client.auctions().get(id).await?;
        people.meet(&auction.seller);
        past.signed(ctx, id)?;
        if open.insert(id) && !ctx.out.is_json() {
            ctx.out.note(format!("{id}: {}", auction.title));
        }
    }
    if open.is_empty() {
        ctx.out.note("There is nothing to watch.");
        return Ok(());
    }
    // Watching needs no account, and a token that nobody holds here can't run out.
    let (live, mut events) = ctx.guest()?.live().connect();
    for id in &open {
        live.subscribe(Channel::Auction(*id));
    }
    let several = open.len() > 1;
    while let Some(event) = events.recv().await {
        past.meet(client, &event).await?;
        if let Some(ended) = print(ctx, event, several, &mut people)? {
            open.remove(&ended);
        }
        if open.is_empty() {
            break;
        }
    }
    live.close();
    Ok(())
}

/// Prints what is worth it; returns an auction that has ended.
fn print(ctx: &Context, event: LiveEvent, several: bool, people: &mut People) -> Result<Option<AuctionId>, Failure> {
    let out = ctx.out;
    match event {
        LiveEvent::Auction { id, entry } => {
            if out.is_json() {
                out.json_line(&json!({ "channel": Channel::Auction(id), "event": entry }))?;
            } else {
                out.line(prefixed(id, several, &feed::auction_line(&entry, people)))?;
            }
            let ended = matches!(entry.data, EventData::Closed { .. } | EventData::Cancelled { .. });
            Ok(ended.then_some(id))
        }
        LiveEvent::AuctionState { id, status, resynced } => {
            status.leader.iter().for_each(|leader| people.meet(leader));
            if out.is_json() {
                out.json_line(&json!({ "channel": Channel::Auction(id), "state": status, "resynced": resynced }))?;
            } else {
                out.line(prefixed(id, several, &standing(&status, resynced)))?;
            }
            Ok(status.status.is_over().then_some(id))
        }
        LiveEvent::Unknown { channel, seq, event } => {
            if out.is_json() {
                out.json_line(&json!({ "channel": channel, "event": event }))?;
            } else {
                out.note(format!("#{seq} is of a kind that this version does not know."));
            }
            Ok(None)
        }
        LiveEvent::Fork(fork) => {
            Err(Failure::failed(format!("FORK: {fork}. Keep your receipts (blytz receipts): they say what it signed.")))
        }
        LiveEvent::SubscribeRefused { error, .. } => Err(error.into()),
        LiveEvent::State(ConnectionState::Reconnecting { wait, cause, .. }) => {
            out.note(format!("Connection lost ({cause}); again in {} ms.", wait.as_millis()));
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn standing(status: &StatusView, resynced: bool) -> String {
    let leader = status.leader.as_ref().map(|leader| clean(&leader.display_name));
    format!(
        "{}{}, price {}, leader {}, {} bids, closes {}",
        if resynced { "what was missed is replaced: " } else { "" },
        word(&status.status),
        or_dash(status.price),
        or_dash(leader),
        status.bid_count,
        closes(status),
    )
}

fn prefixed(id: AuctionId, several: bool, text: &str) -> String {
    if several { format!("{}  {text}", id.to_string().split_off(28)) } else { text.to_owned() }
}
