//! Keys in the login form.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Turn, keys::type_into};
use crate::{
    effect::{Credentials, Request},
    model::login::Field,
};

impl Turn<'_> {
    pub(super) fn login_key(&mut self, key: KeyEvent) {
        let form = &mut self.model.login;
        match key.code {
            KeyCode::Esc => self.back(),
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => {
                form.field = if form.field == Field::Email { Field::Password } else { Field::Email };
            }
            KeyCode::Enter if form.field == Field::Email => form.field = Field::Password,
            KeyCode::Enter => self.log_in(),
            _ => {
                form.error = None;
                type_into(form.focused(), key);
            }
        }
    }

    fn log_in(&mut self) {
        let form = &mut self.model.login;
        if form.waiting {
            return;
        }
        let (email, password) = (form.email.value().trim().to_owned(), form.password.value().to_owned());
        if email.is_empty() || password.is_empty() {
            form.error = Some("Both fields are needed.".to_owned());
            return;
        }
        form.waiting = true;
        form.error = None;
        self.request(Request::Login(Credentials { email, password }));
    }
}
