//! Accounts: roles and what each may do, passwords, names.

use serde::{Deserialize, Serialize};

use crate::wire::Faults;

/// A role. Everybody is a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Bids, buys, chats.
    Buyer,
    /// Lists products, runs shows and auctions.
    Seller,
    /// Moderates every chat.
    Moderator,
    /// May do everything.
    Admin,
}

/// Notes what is wrong with an email address.
pub fn check_email(pointer: &str, email: &str, faults: &mut Faults) {
    let _ = (pointer, email, faults);
}
/// Notes what is wrong with a new password.
pub fn check_password(pointer: &str, password: &str, faults: &mut Faults) {
    let _ = (pointer, password, faults);
}
/// Notes what is wrong with a display name.
pub fn check_display_name(pointer: &str, name: &str, faults: &mut Faults) {
    let _ = (pointer, name, faults);
}
