//! Email addresses: what we take for one, and when two are the same.

use crate::wire::Faults;

/// The form in which addresses are stored and compared: without surrounding white space, in lower
/// case. Strictly the part before the @ may tell cases apart; no provider that people use does, and
/// two accounts that differ in case only would be a trap.
pub fn normalise_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Notes what is wrong with an email address.
///
/// Only a message that arrives proves an address, so this refuses no more than what can't be one:
/// it wants one @, something before it, and a host name after it.
pub fn check_email(pointer: &str, email: &str, faults: &mut Faults) {
    let email = email.trim();
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    if email.len() > 254 || !well_formed {
        faults.invalid(pointer, "must be an email address like ann@example.com, of at most 254 characters");
    }
}

fn is_local(local: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;@\\,\"".contains(c);
    (1..=64).contains(&local.len())
        && !local.contains(forbidden)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

/// A name with a dot, or `localhost`; letters of any script, as internationalised names have them.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label) && (domain.contains('.') || domain.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(email: &str) -> bool {
        let mut faults = Faults::default();
        check_email("/email", email, &mut faults);
        faults.is_empty()
    }

    #[test]
    fn addresses() {
        for good in [
            "ann@example.com",
            "ANN@Example.COM",
            "a.b+tag@mail.example.co.uk",
            "o'neil@example.com",
            "admin@localhost",
            "j\u{f6}rg@b\u{fc}cher.example",
            " ann@example.com ",
        ] {
            assert!(is_valid(good), "{good}");
        }
        let long = format!("ann@{}.com", "a.".repeat(125));
        for bad in [
            "",
            "ann",
            "@",
            "ann@",
            "@example.com",
            "ann@example",
            "ann@@example.com",
            "ann@b@example.com",
            "an n@example.com",
            "ann@exam ple.com",
            "ann\n@example.com",
            "ann\0@example.com",
            "ann@.com",
            "ann@example..com",
            "ann@-example.com",
            "ann@example.com.",
            ".ann@example.com",
            "a..n@example.com",
            "<ann@example.com>",
            long.as_str(),
        ] {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }

    #[test]
    fn case_and_surrounding_space_do_not_make_another_address() {
        assert_eq!(normalise_email(" Ann@Example.COM\n"), "ann@example.com");
    }
}
