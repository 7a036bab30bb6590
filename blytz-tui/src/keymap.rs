//! What each key does. The help overlay is made from this table, so it cannot lie.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a key counts. A key bound on the screen beats the same key bound everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On every screen.
    Everywhere,
    /// In the lobby.
    Lobby,
    /// On a lot.
    Lot,
    /// At the seller's desk.
    Desk,
}

impl Place {
    /// All places, in the order that the help shows them.
    pub const ALL: [Self; 4] = [Self::Lot, Self::Lobby, Self::Desk, Self::Everywhere];

    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Lobby => "Lobby",
            Self::Lot => "Lot",
            Self::Desk => "Seller's desk",
        }
    }
}

macro_rules! actions {
    ($($variant:ident, $place:ident, $name:literal, [$($key:literal),*], $about:literal;)*) => {
        /// Something a key does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $about] $variant,)*
        }

        impl Action {
            /// Every action, in the order of the help.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the configuration file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does, in words.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// Where it counts.
            pub const fn place(self) -> Place {
                match self { $(Self::$variant => Place::$place,)* }
            }

            const fn default_keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*],)* }
            }
        }
    };
}

actions! {
    Bid, Lot, "bid", ["b"], "Bid the amount shown, the minimum at first";
    StepUp, Lot, "step_up", ["+", "="], "Raise the amount shown by a step";
    StepDown, Lot, "step_down", ["-"], "Lower it again";
    Amount, Lot, "amount", ["a"], "Bid an amount of your own";
    Max, Lot, "max", ["m"], "Set a max: the house bids for you up to it";
    BuyNow, Lot, "buy_now", ["B"], "Buy now, after a question";
    AskAgain, Lot, "ask_again", ["R"], "Ask again about a bid without an answer";
    Chat, Lot, "chat", ["c", "i"], "Write in the chat";
    React, Lot, "react", ["x"], "Send a heart to the show";
    Watch, Lot, "watch", ["w"], "Keep an eye on this lot, or no longer";
    NextLot, Lot, "next_lot", ["]"], "Next lot of the show";
    PreviousLot, Lot, "previous_lot", ["["], "Previous lot of the show";
    Follow, Lot, "follow", ["."], "Follow the show to its next lot, or stay here";
    Filter, Lobby, "filter", ["/"], "Filter by lot, show or seller";
    Refresh, Lobby, "refresh", ["r"], "Ask the server again";
    StartLot, Desk, "start_lot", ["s"], "Start the next lot, or the selected one";
    CancelLot, Desk, "cancel_lot", ["x"], "Cancel the selected lot, after a question";
    VoidBid, Desk, "void_bid", ["v"], "Void the selected bid, after a question";
    DeleteMessage, Desk, "delete_message", ["d"], "Delete the selected message";
    Mute, Desk, "mute", ["u"], "Mute its writer for a while";
    Ban, Desk, "ban", ["B"], "Ban its writer from this chat";
    DeskChat, Desk, "desk_chat", ["c", "i"], "Write in the chat";
    StartShow, Desk, "start_show", ["S"], "Start the show";
    Up, Everywhere, "up", ["up", "k"], "Up";
    Down, Everywhere, "down", ["down", "j"], "Down";
    Left, Everywhere, "left", ["left", "h"], "To the pane on the left";
    Right, Everywhere, "right", ["right", "l"], "To the pane on the right";
    PageUp, Everywhere, "page_up", ["pageup", "ctrl-u"], "A page up";
    PageDown, Everywhere, "page_down", ["pagedown", "ctrl-d"], "A page down";
    First, Everywhere, "first", ["home", "g"], "To the first";
    Last, Everywhere, "last", ["end", "G"], "To the last";
    NextPane, Everywhere, "next_pane", ["tab"], "To the next pane";
    Open, Everywhere, "open", ["enter"], "Open, or confirm";
    Back, Everywhere, "back", ["esc"], "Back";
    Lobby, Everywhere, "lobby", ["H"], "To the lobby";
    Desk, Everywhere, "desk", ["D"], "To the seller's desk";
    Login, Everywhere, "login", ["L"], "Log in, also as somebody else";
    Mouse, Everywhere, "mouse", ["M"], "Mouse on or off; off lets you select text";
    Picture, Everywhere, "picture", ["f12"], "Save a picture of the screen as SVG";
    Redraw, Everywhere, "redraw", ["ctrl-l"], "Draw everything anew";
    Suspend, Everywhere, "suspend", ["ctrl-z"], "Back to the shell; fg returns";
    Help, Everywhere, "help", ["?", "f1"], "This help";
    Quit, Everywhere, "quit", ["q", "ctrl-c"], "Quit";
}

/// A key with its modifiers. Shift is part of a character (`B`), not a modifier beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let mut modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        if matches!(event.code, KeyCode::BackTab) {
            modifiers = KeyModifiers::NONE;
        }
        Self { code: event.code, modifiers }
    }
}

/// A configuration names a key or an action that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// Not a key.
    #[error("\"{0}\" names no key; write a character, or up, enter, f5, ctrl-x, alt-x and so on")]
    UnknownKey(String),
    /// Not an action.
    #[error("\"{0}\" names no action; `?` in the program lists them")]
    UnknownAction(String),
}

const NAMED: &[(&str, KeyCode)] = &[
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
];

impl Key {
    /// Reads `b`, `B`, `?`, `up`, `f12`, `ctrl-c`, `alt-x`.
    pub fn parse(text: &str) -> Result<Self, KeymapError> {
        let (modifiers, name) = match text.split_once('-') {
            Some((prefix, name)) if prefix.eq_ignore_ascii_case("ctrl") && !name.is_empty() => {
                (KeyModifiers::CONTROL, name)
            }
            Some((prefix, name)) if prefix.eq_ignore_ascii_case("alt") && !name.is_empty() => (KeyModifiers::ALT, name),
            _ => (KeyModifiers::NONE, text),
        };
        let mut characters = name.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) => Some(KeyCode::Char(c)),
            _ => named(&name.to_ascii_lowercase()),
        };
        code.map(|code| Self { code, modifiers }).ok_or_else(|| KeymapError::UnknownKey(text.to_owned()))
    }

    /// How the help writes it.
    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "space".to_owned(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(n) => format!("F{n}"),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            code => NAMED.iter().find(|(_, named)| *named == code).map_or("?", |(name, _)| *name).to_owned(),
        };
        match self.modifiers {
            KeyModifiers::CONTROL => format!("ctrl-{name}"),
            KeyModifiers::ALT => format!("alt-{name}"),
            _ => name,
        }
    }
}

fn named(name: &str) -> Option<KeyCode> {
    if let Some(code) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some(code.1);
    }
    let number: u8 = name.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&number).then_some(KeyCode::F(number))
}

/// Which key does what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    keys: BTreeMap<Action, Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = |action: &Action| action.default_keys().iter().filter_map(|key| Key::parse(key).ok()).collect();
        Self { keys: Action::ALL.iter().map(|action| (*action, keys(action))).collect() }
    }
}

impl Keymap {
    /// The default keys with those of a configuration in place of theirs. Named actions lose their
    /// default keys; a key taken by one of them is taken away from others at the same place.
    ///
    /// # Errors
    /// When a key or an action does not exist.
    pub fn with(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, KeymapError> {
        let mut map = Self::default();
        for (name, keys) in changes {
            let action = Action::ALL.iter().copied().find(|action| action.name() == name);
            let action = action.ok_or_else(|| KeymapError::UnknownAction(name.clone()))?;
            let keys = keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>()?;
            for (other, taken) in &mut map.keys {
                if other.place() == action.place() {
                    taken.retain(|key| !keys.contains(key));
                }
            }
            map.keys.insert(action, keys);
        }
        Ok(map)
    }

    /// What a key does at a place.
    pub fn action(&self, place: Place, key: Key) -> Option<Action> {
        let bound_at = |wanted: Place| {
            self.keys
                .iter()
                .find(|(action, keys)| action.place() == wanted && keys.contains(&key))
                .map(|(action, _)| *action)
        };
        bound_at(place).or_else(|| bound_at(Place::Everywhere))
    }

    /// The keys of an action as the help writes them: `↑ k`.
    pub fn label(&self, action: Action) -> String {
        let keys = self.keys.get(&action).map(Vec::as_slice).unwrap_or_default();
        keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }

    /// The first key of an action, for a button; empty when it has none.
    pub fn first(&self, action: Action) -> String {
        self.keys.get(&action).and_then(|keys| keys.first()).map(|key| key.label()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(text: &str) -> Key {
        Key::parse(text).expect("a key")
    }

    #[test]
    fn no_default_key_does_two_things_at_one_place() {
        for place in Place::ALL {
            let mut seen = std::collections::HashMap::new();
            for action in Action::ALL.iter().filter(|action| action.place() == place) {
                for key in action.default_keys() {
                    let key = Key::parse(key).expect("default keys are keys");
                    assert_eq!(seen.insert(key, action), None, "{} at {place:?}", key.label());
                }
            }
        }
    }

    #[test]
    fn the_screen_beats_everywhere() {
        let map = Keymap::default();
        assert_eq!(map.action(Place::Lot, press("b")), Some(Action::Bid));
        assert_eq!(map.action(Place::Lobby, press("b")), None);
        assert_eq!(map.action(Place::Lot, press("B")), Some(Action::BuyNow));
        assert_eq!(map.action(Place::Desk, press("B")), Some(Action::Ban));
        assert_eq!(map.action(Place::Desk, press("q")), Some(Action::Quit));
        assert_eq!(map.action(Place::Lot, press("ctrl-c")), Some(Action::Quit));
        assert_eq!(map.action(Place::Lot, press("c")), Some(Action::Chat));
    }

    #[test]
    fn keys_can_be_bound_anew() {
        let changes = BTreeMap::from([("bid".to_owned(), vec!["space".to_owned(), "m".to_owned()])]);
        let map = Keymap::with(&changes).expect("valid");
        assert_eq!(map.action(Place::Lot, press("space")), Some(Action::Bid));
        assert_eq!(map.action(Place::Lot, press("m")), Some(Action::Bid), "taken from max");
        assert_eq!(map.action(Place::Lot, press("b")), None);
        assert_eq!(map.label(Action::Bid), "space m");
        assert_eq!(map.label(Action::Max), "");
    }

    #[test]
    fn mistakes_are_named() {
        let one = |action: &str, key: &str| {
            Keymap::with(&BTreeMap::from([(action.to_owned(), vec![key.to_owned()])])).map(|_| ())
        };
        assert_eq!(one("bid", "hyper-x"), Err(KeymapError::UnknownKey("hyper-x".to_owned())));
        assert_eq!(one("bid", "f99"), Err(KeymapError::UnknownKey("f99".to_owned())));
        assert_eq!(one("bid", ""), Err(KeymapError::UnknownKey(String::new())));
        assert_eq!(one("fly", "x"), Err(KeymapError::UnknownAction("fly".to_owned())));
        assert_eq!(one("bid", "-"), Ok(()));
    }
}
