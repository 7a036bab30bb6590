//! Roles, and the one table that says what each may do.

use serde::{Deserialize, Serialize};

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

/// What an account may be allowed to do because of its roles.
///
/// What it may do because something is its own (edit its product, see its reserve, moderate its
/// show's chat) follows from ownership and is decided where the owner is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Bid on other people's lots.
    Bid,
    /// Write and react in chats.
    Chat,
    /// Watch lots.
    Watch,
    /// List products and keep their stock.
    ListProducts,
    /// Make auctions and start them.
    RunAuctions,
    /// Announce shows, run and end them.
    RunShows,
    /// Delete messages, mute and ban in every chat.
    ModerateAnyChat,
    /// See, change and archive other people's products and stock.
    ManageAnyProduct,
    /// Start, amend, cancel (with bids, too) and void in other people's auctions, and see every
    /// reserve and a winner's max.
    ManageAnyAuction,
    /// Start, end and arrange other people's shows.
    ManageAnyShow,
    /// Change the tree of categories.
    ManageCategories,
    /// See all accounts, give roles, suspend and reinstate.
    ManageUsers,
}

impl Action {
    /// Every action.
    pub const ALL: &[Self] = &[
        Self::Bid,
        Self::Chat,
        Self::Watch,
        Self::ListProducts,
        Self::RunAuctions,
        Self::RunShows,
        Self::ModerateAnyChat,
        Self::ManageAnyProduct,
        Self::ManageAnyAuction,
        Self::ManageAnyShow,
        Self::ManageCategories,
        Self::ManageUsers,
    ];
}

/// Whether an account with these roles may do this. The role of a buyer goes without saying.
///
/// ```
/// use blytz_core::account::{Action, Role, may};
/// assert!(may(&[], Action::Bid));
/// assert!(may(&[Role::Buyer, Role::Seller], Action::ListProducts));
/// assert!(!may(&[Role::Moderator], Action::ManageUsers));
/// ```
pub fn may(roles: &[Role], action: Action) -> bool {
    role_may(Role::Buyer, action) || roles.iter().any(|role| role_may(*role, action))
}

fn role_may(role: Role, action: Action) -> bool {
    match action {
        Action::Bid | Action::Chat | Action::Watch => true,
        Action::ListProducts | Action::RunAuctions | Action::RunShows => matches!(role, Role::Seller | Role::Admin),
        Action::ModerateAnyChat => matches!(role, Role::Moderator | Role::Admin),
        Action::ManageAnyProduct
        | Action::ManageAnyAuction
        | Action::ManageAnyShow
        | Action::ManageCategories
        | Action::ManageUsers => role == Role::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        //                              buyer  seller moderator admin
        let table = [
            (Action::Bid, [true, true, true, true]),
            (Action::Chat, [true, true, true, true]),
            (Action::Watch, [true, true, true, true]),
            (Action::ListProducts, [false, true, false, true]),
            (Action::RunAuctions, [false, true, false, true]),
            (Action::RunShows, [false, true, false, true]),
            (Action::ModerateAnyChat, [false, false, true, true]),
            (Action::ManageAnyProduct, [false, false, false, true]),
            (Action::ManageAnyAuction, [false, false, false, true]),
            (Action::ManageAnyShow, [false, false, false, true]),
            (Action::ManageCategories, [false, false, false, true]),
            (Action::ManageUsers, [false, false, false, true]),
        ];
        assert_eq!(table.map(|(action, _)| action), Action::ALL);
        for (action, expected) in table {
            let roles = [Role::Buyer, Role::Seller, Role::Moderator, Role::Admin];
            assert_eq!(roles.map(|role| may(&[role], action)), expected, "{action:?}");
            assert_eq!(may(&[], action), expected[0], "no role is a buyer's: {action:?}");
            assert_eq!(may(&[Role::Seller, Role::Moderator], action), expected[1] || expected[2], "{action:?}");
        }
    }
}
