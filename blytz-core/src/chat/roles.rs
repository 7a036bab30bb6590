//! Who is who in a show: roles, and the names that nobody else may write under.

use std::{collections::HashSet, hash::BuildHasher};

use crate::{
    UserId,
    account::{Action, Role, may},
    text::{Looks, look_alike},
    wire::chat::ShowRole,
};

/// What somebody is in a show, by who runs it, whom it appointed, and their own roles. Who is several
/// things is what the show made of them first.
pub fn role_in_show<S: BuildHasher>(
    user: UserId,
    roles: &[Role],
    seller: UserId,
    moderators: &HashSet<UserId, S>,
) -> Option<ShowRole> {
    if user == seller {
        Some(ShowRole::Seller)
    } else if moderators.contains(&user) {
        Some(ShowRole::Moderator)
    } else if roles.contains(&Role::Admin) {
        Some(ShowRole::Admin)
    } else {
        may(roles, Action::ModerateAnyChat).then_some(ShowRole::Moderator)
    }
}

/// Whether a display name can be taken for one of those of a show's seller and moderators ([`look_alike`]:
/// accents tell no two of them apart), also where it says beside it what they are, so that nobody else
/// may write under it there.
pub fn is_name_reserved<'a>(name: &str, of_staff: impl IntoIterator<Item = &'a str>) -> bool {
    let (whole, bare) = (Looks::of(name), Looks::of(&without_roles(name)));
    of_staff.into_iter().map(Looks::of).any(|reserved| whole.are_like(&reserved) || bare.are_like(&reserved))
}

/// A name without the words that say what somebody is.
fn without_roles(name: &str) -> String {
    let is_role = |word: &str| {
        [ShowRole::Seller, ShowRole::Moderator, ShowRole::Admin].iter().any(|role| look_alike(word, role.as_str()))
    };
    let words = name.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    words.filter(|word| !is_role(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn roles_in_a_show() {
        const SELLER: UserId = UserId(Uuid::from_u128(1));
        const HELPER: UserId = UserId(Uuid::from_u128(2));
        const OTHER: UserId = UserId(Uuid::from_u128(3));
        use Role::{Admin, Buyer, Moderator, Seller};
        let moderators = HashSet::from([HELPER]);
        for (user, roles, role) in [
            (SELLER, &[Buyer, Seller][..], Some(ShowRole::Seller)),
            (SELLER, &[Buyer, Seller, Admin], Some(ShowRole::Seller)),
            (HELPER, &[Buyer], Some(ShowRole::Moderator)),
            (HELPER, &[Buyer, Admin], Some(ShowRole::Moderator)),
            (OTHER, &[Buyer, Moderator], Some(ShowRole::Moderator)),
            (OTHER, &[Buyer, Moderator, Admin], Some(ShowRole::Admin)),
            (OTHER, &[Buyer, Admin], Some(ShowRole::Admin)),
            (OTHER, &[Buyer, Seller], None),
            (OTHER, &[Buyer], None),
        ] {
            assert_eq!(role_in_show(user, roles, SELLER, &moderators), role, "{user} {roles:?}");
        }
    }

    #[test]
    fn names_of_staff_are_theirs() {
        let staff = ["Siti Ceramics", "Mod One", "", "\u{5f20}\u{4f1f}", "Anna Silva", "Neil Nu\u{f1}ez"];
        for reserved in [
            "Siti Ceramics",
            "SITI CERAMICS",
            "siti-ceramics \u{2714}",
            "S\u{456}ti C\u{435}ramics",
            "Mod 0ne",
            "\u{5f20}\u{4f1f}",
            "[Seller] Siti Ceramics",
            "Siti Ceramics (s\u{435}ller)",
            "Anna S\u{ed}lva",
            "\u{c1}nna Silva",
            "Ann\u{e4} Silva",
            "Ann\u{e4} Silva, s\u{e9}ller",
            "Neil Nunez",
        ] {
            assert!(is_name_reserved(reserved, staff), "{reserved:?}");
        }
        for free in ["Siti", "Mod", "Mod Two", "mei", "\u{5f20}", "\u{1f525}", "Seller", "Siti the seller"]
            .into_iter()
            .chain(["Nell Nu\u{f1}ez", "Anne Silva", "Ann\u{e4}"])
        {
            assert!(!is_name_reserved(free, staff), "{free:?}");
        }
        assert!(!is_name_reserved("Siti", []));
    }
}
