//! Which lot comes where: the rows of the lobby, the neighbours in a show, the desk's next.

use blytz_core::{AuctionId, StreamId, text::searchable, wire::auction::AuctionStatus};

use super::{Model, follow::Mode, lobby::Entry, lot::Lot};

impl Model {
    /// The rows of the lobby: live shows first, within a show live lots first. A show is listed
    /// when it or one of its lots passes the filter.
    pub fn lobby_entries(&self) -> Vec<Entry> {
        let filter = searchable(self.lobby.filter.value());
        let matches = |text: &str| filter.is_empty() || searchable(text).contains(&filter);
        let mut shows: Vec<_> = self.shows.values().collect();
        shows.sort_by_key(|show| (show.rank(), show.starts_at, show.id));

        let mut entries = Vec::new();
        for show in shows {
            let show_matches = matches(show.title.as_str()) || matches(&self.people.name(show.seller));
            let lots =
                self.sorted_lots(|lot| lot.stream == Some(show.id) && (show_matches || matches(lot.title.as_str())));
            if show_matches || !lots.is_empty() {
                entries.push(Entry::Show(show.id));
                entries.extend(lots.into_iter().map(Entry::Lot));
            }
        }
        let known = |stream: StreamId| self.shows.contains_key(&stream);
        let loose = self.sorted_lots(|lot| {
            !lot.stream.is_some_and(known) && (matches(lot.title.as_str()) || matches(&self.people.name(lot.seller)))
        });
        if !loose.is_empty() {
            entries.push(Entry::Loose);
            entries.extend(loose.into_iter().map(Entry::Lot));
        }
        entries
    }

    /// Ids of the lots that pass, in the order people want to see them.
    pub fn sorted_lots(&self, passes: impl Fn(&Lot) -> bool) -> Vec<AuctionId> {
        let mut lots: Vec<&Lot> = self.lots.values().filter(|lot| passes(lot)).collect();
        lots.sort_by_key(|lot| (lot.rank(), lot.id));
        lots.into_iter().map(|lot| lot.id).collect()
    }

    /// The lot before or after another one of its show, around: in the seller's order where that is
    /// known.
    pub fn neighbour(&self, id: AuctionId, by: isize) -> Option<AuctionId> {
        let stream = self.lots.get(&id)?.stream?;
        let queue = self.queues.get(&stream).map(|queue| queue.lots.clone()).filter(|lots| lots.contains(&id));
        let lots = queue.unwrap_or_else(|| self.sorted_lots(|lot| lot.stream == Some(stream)));
        let index = lots.iter().position(|lot| *lot == id)?;
        let next = index.checked_add_signed(by).unwrap_or(lots.len() - 1) % lots.len();
        Some(lots[next]).filter(|next| *next != id)
    }

    /// The index of the selected row.
    pub fn lobby_selected(&self, entries: &[Entry]) -> usize {
        let selected = |selected| entries.iter().position(|entry| *entry == selected);
        self.lobby.selected.and_then(selected).unwrap_or_else(|| {
            // A live lot is what most people came for.
            entries.iter().position(|entry| matches!(entry, Entry::Lot(_))).unwrap_or(0)
        })
    }

    /// The lot selected in the queue.
    pub fn desk_selected(&self) -> Option<&Lot> {
        self.lots.get(self.desk.queue.get(self.desk.selected)?)
    }

    /// The lot whose bids the desk shows: the live one, else the selected one.
    pub fn desk_floor(&self) -> Option<&Lot> {
        let live = self.desk.queue.iter().filter_map(|id| self.lots.get(id)).find(|lot| lot.is_live());
        live.or_else(|| self.desk_selected())
    }

    /// The lot that `start` starts: the selected one if it waits, else the next that waits.
    pub fn desk_next(&self) -> Option<&Lot> {
        let waiting = |lot: &&Lot| lot.state.status == AuctionStatus::Scheduled;
        let first = || self.desk.queue.iter().filter_map(|id| self.lots.get(id)).find(waiting);
        self.desk_selected().filter(waiting).or_else(first)
    }

    /// The lot that the show went on to while the one on the screen is over; the latest to open
    /// when there are several.
    pub fn lot_to_follow(&self) -> Option<&Lot> {
        let lot = self.current_lot().filter(|lot| lot.is_over() && self.following.mode == Mode::On)?;
        let stream = lot.stream?;
        let now = self.server_now();
        self.lots
            .values()
            .filter(|other| other.stream == Some(stream) && other.time_left(now).is_some_and(|left| left > 0))
            .max_by_key(|other| (other.state.opens_at, other.id))
    }
}
