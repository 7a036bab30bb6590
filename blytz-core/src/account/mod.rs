//! Accounts: roles and what each may do, email addresses, passwords, names.

mod email;
mod names;
mod password;
mod roles;

pub use self::{
    email::{InvalidEmail, normalise_email},
    names::{InvalidName, check_display_name, normalise_display_name},
    password::{InvalidPassword, check_password, check_password_is_not, normalise_password},
    roles::{Action, Role, may},
};
