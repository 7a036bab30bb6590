//! The lobby: shows and their lots, live first.

use blytz_core::{AuctionId, StreamId, Timestamp, text::searchable};
use tui_input::Input;

use super::{Model, lot::Lot};

/// What a row of the lobby stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A show; its lots follow.
    Show(StreamId),
    /// The heading above lots outside any show.
    Loose,
    /// A lot.
    Lot(AuctionId),
}

/// What the lobby remembers.
#[derive(Debug, Clone, Default)]
pub struct Lobby {
    /// The selected row's entry; the first one when it is gone.
    pub selected: Option<Entry>,
    /// The filter.
    pub filter: Input,
    /// Whether keys go into it.
    pub filtering: bool,
    /// Whether the server answered at least once.
    pub loaded: bool,
    /// Why it did not answer the last time.
    pub trouble: Option<String>,
    /// When it was last asked.
    pub asked_at: Option<Timestamp>,
}

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
            let show_matches = matches(show.title.as_str()) || matches(&self.name(show.seller));
            let lots =
                self.sorted_lots(|lot| lot.stream == Some(show.id) && (show_matches || matches(lot.title.as_str())));
            if show_matches || !lots.is_empty() {
                entries.push(Entry::Show(show.id));
                entries.extend(lots.into_iter().map(Entry::Lot));
            }
        }
        let known = |stream: StreamId| self.shows.contains_key(&stream);
        let loose = self.sorted_lots(|lot| {
            !lot.stream.is_some_and(known) && (matches(lot.title.as_str()) || matches(&self.name(lot.seller)))
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
}
