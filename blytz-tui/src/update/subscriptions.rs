//! Which channels to follow: a function of the model. After every message the difference to what
//! is followed becomes effects, so no screen can forget one.

use std::collections::BTreeSet;

use blytz_core::wire::{live::Channel, stream::StreamStatus};

use super::Turn;
use crate::{
    effect::Effect,
    model::{Model, Screen},
};

/// The lobby follows the prices of so many live lots.
const LOBBY_LOTS: usize = 24;
/// And the news of so many shows.
const LOBBY_SHOWS: usize = 12;

impl Turn<'_> {
    pub(super) fn settle_subscriptions(&mut self) {
        let wanted = wanted(self.model);
        let now: Vec<Effect> = self
            .model
            .subscribed
            .difference(&wanted)
            .map(|channel| Effect::Unsubscribe(*channel))
            .chain(wanted.difference(&self.model.subscribed).map(|channel| Effect::Subscribe(*channel)))
            .collect();
        self.effects.extend(now);
        self.model.subscribed = wanted;
    }
}

fn wanted(model: &Model) -> BTreeSet<Channel> {
    let mut wanted = BTreeSet::new();
    if model.people.me.is_some() {
        wanted.insert(Channel::Me);
    }
    match model.screen {
        Screen::Lobby => {
            let live = model.sorted_lots(crate::model::lot::Lot::is_live);
            wanted.extend(live.into_iter().take(LOBBY_LOTS).map(Channel::Auction));
            let shows = model.shows.values().filter(|show| show.status == StreamStatus::Live);
            wanted.extend(shows.take(LOBBY_SHOWS).map(|show| Channel::Stream(show.id)));
        }
        Screen::Lot(id) => {
            wanted.insert(Channel::Auction(id));
            wanted.extend(model.current_chat().into_iter().flat_map(|id| [Channel::Chat(id), Channel::Stream(id)]));
        }
        Screen::Desk => {
            wanted.extend(model.desk.show.into_iter().flat_map(|id| [Channel::Chat(id), Channel::Stream(id)]));
            wanted.extend(model.desk_floor().map(|lot| Channel::Auction(lot.id)));
        }
        // What was followed before the login form is wanted again right after it.
        Screen::Login => {
            if let Some(Screen::Lot(id)) = model.trail.last() {
                wanted.insert(Channel::Auction(*id));
            }
        }
    }
    wanted
}
