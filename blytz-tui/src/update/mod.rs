//! How the model changes: `(model, message) → effects`, and nothing else.

mod bidding;
mod desk;
mod follow;
mod keys;
mod live;
mod lobby;
mod login;
mod lot;
mod mouse;
mod paste;
mod prompt;
mod reply;
mod subscriptions;
mod upkeep;

use uuid::Uuid;

use crate::{
    effect::Effect,
    message::Message,
    model::{LotScreen, Model, Screen},
    theme::Role,
};

/// Takes a message into the model and says what is to be done. Pure: time comes with ticks, ids
/// come from `ids`.
pub fn update(model: &mut Model, message: Message, ids: &mut dyn FnMut() -> Uuid) -> Vec<Effect> {
    let mut turn = Turn { model, ids, effects: Vec::new() };
    match message {
        Message::Tick(now) => turn.tick(now),
        Message::Keys(keys) => turn.keys(&keys),
        Message::Mouse(mouse) => turn.mouse(mouse),
        Message::Paste(text) => turn.paste(&text),
        Message::Resize(columns, rows) => turn.model.size = (columns, rows),
        Message::News(news) => turn.live(news),
        Message::Reply(reply) => turn.reply(reply),
    }
    turn.settle_following();
    turn.settle_subscriptions();
    turn.effects
}

/// What a program does first.
pub fn start(model: &mut Model, screen: Screen, logged_in: bool, ids: &mut dyn FnMut() -> Uuid) -> Vec<Effect> {
    let effects = vec![Effect::Mouse(model.mouse), Effect::Connect];
    let mut turn = Turn { model, ids, effects };
    turn.model.profile_wanted = logged_in;
    if logged_in {
        turn.effect(Effect::LoadProfile);
    }
    turn.enter(screen);
    turn.settle_subscriptions();
    turn.effects
}

/// One message on its way through the model.
struct Turn<'a> {
    model: &'a mut Model,
    ids: &'a mut dyn FnMut() -> Uuid,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn notice(&mut self, text: impl Into<String>, role: Role) {
        let now = self.model.now;
        self.model.notices.push(text, role, now);
    }

    /// Goes to a screen; `back` returns.
    fn go(&mut self, screen: Screen) {
        if self.model.screen == screen {
            return;
        }
        let from = self.model.screen;
        // The login form is a detour, and the lobby is home: neither is a place to return to.
        if screen == Screen::Lobby {
            self.model.trail.clear();
        } else if from != Screen::Login {
            self.model.trail.push(from);
        }
        self.enter(screen);
    }

    /// Goes back to where one came from, and from there to the lobby.
    fn back(&mut self) {
        if self.model.screen != Screen::Lobby {
            let screen = self.model.trail.pop().unwrap_or(Screen::Lobby);
            self.enter(screen);
        }
    }

    fn enter(&mut self, screen: Screen) {
        self.model.screen = screen;
        match screen {
            Screen::Lobby => self.ask_lobby(),
            Screen::Lot(id) => {
                self.model.floor = LotScreen::default();
                self.ask_lot(id);
                if self.model.people.me.is_some() {
                    self.effect(Effect::LoadStanding(id));
                }
            }
            Screen::Desk => self.ask_desk(),
            Screen::Login => self.model.login = crate::model::login::LoginForm::default(),
        }
    }
}
