//! Keys in, pictures and effects out. Nobody here waits for a clock or a network.

mod bidding;
mod desk;
mod follow;
mod hostile;
mod lobby;
mod lot;
mod mouse;
mod paste;
mod screens;
mod word;
pub mod world;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use uuid::Uuid;

use crate::{
    config::Config,
    effect::Effect,
    message::{Message, News, Reply},
    model::{Model, Screen},
    theme::Base,
    update, view,
};

/// A person at a terminal.
struct Seat {
    model: Model,
    effects: Vec<Effect>,
    ids: u128,
}

const WIDE: (u16, u16) = (100, 30);
const SMALL: (u16, u16) = (60, 20);

impl Seat {
    /// A guest in the lobby.
    fn guest(size: (u16, u16)) -> Self {
        let model = Model::new(world::start(), size, Config::plain_defaults(Base::Dark));
        let mut seat = Self { model, effects: Vec::new(), ids: 0xb1d_0000 };
        let effects = update::start(&mut seat.model, Screen::Lobby, false, &mut || Uuid::nil());
        seat.effects.extend(effects);
        seat
    }

    /// Aishah, who buys, with the lobby loaded and the connection up.
    fn buyer(size: (u16, u16)) -> Self {
        let mut seat = Self::guest(size);
        seat.live(News::Up);
        seat.reply(Reply::Profile(Ok(Box::new(world::aishah()))));
        seat.reply(Reply::Lobby(Ok((world::shows(), world::lots()))));
        seat.quiet();
        seat
    }

    /// Aishah on the first live lot.
    fn bidder(size: (u16, u16)) -> Self {
        let mut seat = Self::buyer(size);
        seat.model.lobby.selected = Some(crate::model::lobby::Entry::Lot(world::CAMERA));
        seat.press("enter");
        seat.reply(Reply::History(world::CAMERA, Ok(world::camera_log())));
        seat.live(News::ChatState(world::SHOW, Box::new(world::chat())));
        seat.quiet();
        seat
    }

    fn update(&mut self, message: Message) {
        let ids = &mut self.ids;
        let effects = update::update(&mut self.model, message, &mut || {
            *ids += 1;
            Uuid::from_u128(*ids)
        });
        self.effects.extend(effects);
    }

    /// Presses keys, written as in the configuration file and parted by spaces.
    fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let (modifiers, name) = match key.strip_prefix("ctrl-") {
                Some(name) => (KeyModifiers::CONTROL, name),
                None => (KeyModifiers::NONE, key),
            };
            let code = match name {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "f12" => KeyCode::F(12),
                "backspace" => KeyCode::Backspace,
                name => KeyCode::Char(name.chars().next().expect("a key")),
            };
            self.update(Message::Keys(vec![KeyEvent::new(code, modifiers)]));
        }
    }

    fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.update(Message::Keys(vec![KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)]));
        }
    }

    /// Keys that come at once; `\r` is the enter key.
    fn at_once(&mut self, text: &str) {
        let code = |c| if c == '\r' { KeyCode::Enter } else { KeyCode::Char(c) };
        let keys = text.chars().map(|c| KeyEvent::new(code(c), KeyModifiers::NONE)).collect();
        self.update(Message::Keys(keys));
    }

    fn live(&mut self, news: News) {
        self.update(Message::News(news));
    }

    fn reply(&mut self, reply: Reply) {
        self.update(Message::Reply(reply));
    }

    /// So many milliseconds after the start.
    fn at(&mut self, millis: i64) {
        self.update(Message::Tick(world::start().plus_millis(millis)));
    }

    /// Forgets effects and notices so far.
    fn quiet(&mut self) {
        self.effects.clear();
        self.model.notices = crate::model::notice::Notices::default();
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn terminal(&self) -> Terminal<TestBackend> {
        let (columns, rows) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a test backend does not fail");
        terminal.draw(|frame| view::draw(&self.model, frame)).expect("a test backend does not fail");
        terminal
    }

    fn screen(&self) -> String {
        self.terminal().backend().to_string()
    }

    fn buffer(&self) -> Buffer {
        self.terminal().backend().buffer().clone()
    }

    /// What the newest notice says.
    fn notice(&self) -> String {
        self.model.notices.iter().last().map(|notice| notice.text.clone()).unwrap_or_default()
    }
}
