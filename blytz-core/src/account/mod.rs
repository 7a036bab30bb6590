//! Accounts: roles and what each may do, email addresses, passwords, names.

mod email;
mod names;
mod password;
mod roles;

pub use self::{
    email::{InvalidEmail, check_email, normalise_email},
    names::{check_display_name, normalise_display_name},
    password::{check_password, check_password_is_not, normalise_password},
    roles::{Action, Role, may},
};
