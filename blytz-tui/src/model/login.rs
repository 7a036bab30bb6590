//! The login form.

use tui_input::Input;

/// Which field has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    /// The email address.
    #[default]
    Email,
    Password,
}

#[derive(Clone, Default)]
pub struct LoginForm {
    /// The email address.
    pub email: Input,
    /// The password; shown as dots.
    pub password: Input,
    /// Which field has the keys.
    pub field: Field,
    /// Whether the server is being asked.
    pub waiting: bool,
    /// What was wrong.
    pub error: Option<String>,
}

impl LoginForm {
    /// The field that has the keys.
    pub fn focused(&mut self) -> &mut Input {
        match self.field {
            Field::Email => &mut self.email,
            Field::Password => &mut self.password,
        }
    }
}

impl std::fmt::Debug for LoginForm {
    /// Prints no password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginForm").field("field", &self.field).field("waiting", &self.waiting).finish_non_exhaustive()
    }
}
