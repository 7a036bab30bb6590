//! Accounts, sessions and addresses on both databases: see [`crate::db::conformance`].

use blytz_core::{AddressId, SessionId, Timestamp, UserId, account::Role, wire::account::AddressInput};

use super::{
    addresses,
    sessions::{self, NewSession, RefreshToken},
    users::{self, Credentials, NewPerson, Person},
};
use crate::db::conformance::{Draw, Pair, left_out, reads, writes};

const STEPS: usize = 10_000;

#[tokio::test]
async fn accounts_are_kept_alike() {
    if left_out() {
        return;
    }
    let (mut pair, mut draw) = (Pair::open(11).await, Draw::new(11));
    for _ in 0..STEPS {
        match draw.below(10) {
            0..3 => account(&mut pair, &mut draw).await,
            3 => change(&mut pair, &mut draw).await,
            4 => identity(&mut pair, &mut draw).await,
            5 => look(&mut pair, &mut draw).await,
            6 => unsettled(&mut pair, &mut draw).await,
            7..9 => session(&mut pair, &mut draw).await,
            _ => address(&mut pair, &mut draw).await,
        }
        pair.step().await;
    }
    pair.finish().await;
}

fn person(draw: &mut Draw) -> Person {
    Person {
        id: draw.id(),
        email: email(draw),
        display_name: draw.text(),
        roles: draw.several(3, |draw| draw.of(&[Role::Buyer, Role::Seller, Role::Moderator, Role::Admin])),
        suspended: draw.one_in(4),
        created_at: draw.at(),
        rev: draw.between(0, 3),
    }
}

/// One of some hundred addresses.
fn email(draw: &mut Draw) -> String {
    format!("{}{}", draw.text(), draw.of(&["", "@", " ", "\u{e9}"]))
}

/// One of few hashes, so that a password may be the one that somebody believes it to be.
fn hash(draw: &mut Draw) -> String {
    draw.of(&["$argon2id$a", "$argon2id$b", "$ARGON2ID$a", ""]).to_owned()
}

async fn account(pair: &mut Pair, draw: &mut Draw) {
    let id: UserId = draw.id();
    match draw.below(4) {
        0 => {
            let (person, hash, email_proven) = (person(draw), draw.maybe(hash), draw.coin());
            let new = || NewPerson { person: &person, password_hash: hash.as_deref(), email_proven };
            writes!(pair, users::insert_user(new()));
        }
        1 => drop(reads!(pair, users::user(id))),
        2 => {
            let email = email(draw);
            reads!(pair, users::user_by_email(&email));
            writes!(pair, users::user_by_email(&email));
        }
        _ => {
            let email = email(draw);
            reads!(pair, users::credentials(&email) => credentials);
            reads!(pair, users::credentials_of_old(&email) => credentials);
        }
    }
}

fn credentials(found: Option<Credentials>) -> Option<(UserId, String, Option<String>)> {
    found.map(|found| (found.id, found.email, found.password_hash))
}

async fn change(pair: &mut Pair, draw: &mut Draw) {
    let id: UserId = draw.id();
    match draw.below(6) {
        0 => {
            let before = draw.maybe(hash);
            writes!(pair, users::with_password(id, before.as_deref()));
        }
        1 => {
            let (new, before) = (hash(draw), draw.maybe(hash));
            writes!(pair, users::set_password(id, &new, before.as_deref()));
        }
        2 => {
            let (person, name) = (person(draw), draw.text());
            writes!(pair, users::set_name(&person, &name));
        }
        3 => {
            let roles = person(draw).roles;
            writes!(pair, users::set_roles(id, &roles));
        }
        4 => {
            let suspended = draw.coin();
            writes!(pair, users::set_suspended(id, suspended));
        }
        _ => {
            writes!(pair, users::hold(id));
            let ids = draw.ids::<UserId>();
            writes!(pair, users::hold_all(&ids));
            writes!(pair, users::prove_email(id));
        }
    }
}

async fn identity(pair: &mut Pair, draw: &mut Draw) {
    let (provider, subject) = (draw.of(&["firebase", "Firebase", ""]), draw.text());
    if draw.coin() {
        let (user, now): (UserId, _) = (draw.id(), draw.at());
        writes!(pair, users::link(provider, &subject, user, now));
    } else {
        writes!(pair, users::person_behind(provider, &subject));
    }
}

async fn look(pair: &mut Pair, draw: &mut Draw) {
    if draw.coin() {
        let ids = draw.ids::<UserId>();
        reads!(pair, users::users(&ids) => in_order);
    } else {
        let (after, text, count): (UserId, _, _) = (draw.cursor(), draw.text(), draw.limit());
        let text = draw.of(&[text.as_str(), "", "a", "\u{e9}"]).to_owned();
        reads!(pair, users::page_of_users(after, &text, count));
    }
}

/// A list that has no order.
fn in_order(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by_key(|person| person.id);
    people.dedup();
    people
}

/// What only a migration writes: accounts in a form of before.
async fn unsettled(pair: &mut Pair, draw: &mut Draw) {
    const UNSETTLE: &str = "
        insert into users_to_settle select id from users where id = $1 on conflict (user_id) do nothing";
    const FOLD: &str = "update users set email_folded = true where id = $1";
    match draw.below(4) {
        0 => {
            pair.arrange(UNSETTLE, draw.id()).await;
            pair.arrange(FOLD, draw.id()).await;
        }
        1 => {
            let (person, email) = (person(draw), email(draw));
            writes!(pair, users::settle(&person, &email));
        }
        _ => {
            let count = draw.between(0, 9);
            reads!(pair, users::unsettled(count));
        }
    }
}

async fn session(pair: &mut Pair, draw: &mut Draw) {
    let (id, user): (SessionId, UserId) = (draw.among(40), draw.among(20));
    let (shown, next) = (token(draw), token(draw));
    let (now, until) = (draw.at(), draw.at());
    let new = || NewSession { id, user, refresh_hash: &next, now, expires_at: until };
    match draw.below(9) {
        0..3 => drop(writes!(pair, sessions::insert_session(new()))),
        3 => drop(writes!(pair, sessions::refresh_token(&shown) => known)),
        4 | 5 => {
            let nonce = draw.text();
            writes!(pair, sessions::rotate(&shown, &nonce, new()));
        }
        6 => drop(reads!(pair, sessions::session_owner(id))),
        7 => drop(writes!(pair, sessions::end_session(id))),
        _ if draw.coin() => drop(writes!(pair, sessions::close_sessions(user))),
        _ => {
            let kept = draw.maybe(|draw| draw.among(40));
            writes!(pair, sessions::end_others(user, kept) => sorted);
        }
    }
}

/// The hash of a refresh token, one of some sixty.
fn token(draw: &mut Draw) -> String {
    format!("{:064x}", draw.below(60))
}

type Known = Option<(SessionId, UserId, [bool; 3], Timestamp, Option<(Timestamp, String)>)>;

fn known(found: Option<RefreshToken>) -> Known {
    found.map(|token| {
        let flags = [token.suspended, token.closed, token.spent];
        (token.session, token.user, flags, token.expires_at, token.successor)
    })
}

fn sorted(mut ids: Vec<SessionId>) -> Vec<SessionId> {
    ids.sort_unstable();
    ids
}

async fn address(pair: &mut Pair, draw: &mut Draw) {
    let (user, id): (UserId, AddressId) = (draw.few(), draw.among(40));
    match draw.below(8) {
        0..3 => {
            let input = input(draw);
            writes!(pair, addresses::insert(user, id, &input));
        }
        3 => {
            let input = input(draw);
            writes!(pair, addresses::update(user, id, &input));
        }
        4 => drop(writes!(pair, addresses::delete(user, id))),
        5 => drop(writes!(pair, addresses::count(user))),
        6 => drop(reads!(pair, addresses::address(user, id))),
        _ => {
            let (after, count): (AddressId, _) = (draw.cursor(), draw.limit());
            reads!(pair, addresses::page(user, after, count));
        }
    }
}

fn input(draw: &mut Draw) -> AddressInput {
    AddressInput {
        name: draw.text(),
        phone: draw.text(),
        line1: draw.text(),
        line2: draw.maybe(Draw::text),
        city: draw.text(),
        state: draw.maybe(Draw::text),
        postcode: draw.text(),
        country: draw.text(),
    }
}
