//! What a value in an event can be changed to.

use serde_json::{Value, json};

use crate::proof::runs::{SELLER, myr, user};

/// A change of one value: what it is called, and what it makes.
pub type Change = (String, Value);

/// Where a value stands below an event, and what stands there.
pub type Leaf = (String, Value);

pub const NOBODY: &str = "0190a5c2-7e3b-7cc1-9a54-0000000000ff";

fn is_money(value: &Value) -> bool {
    value.get("currency").is_some() && value.as_object().is_some_and(|members| members.len() == 2)
}

/// The values below an event's `at` and `data` that are changed as one.
pub fn leaves(event: &Value) -> Vec<Leaf> {
    fn below(path: &str, value: &Value, leaves: &mut Vec<Leaf>) {
        match value {
            Value::Object(members) if !is_money(value) => {
                for (name, member) in members {
                    below(&format!("{path}/{name}"), member, leaves);
                }
            }
            _ => leaves.push((path.to_owned(), value.clone())),
        }
    }
    let mut leaves = Vec::new();
    below("/at", &event["at"], &mut leaves);
    below("/data", &event["data"], &mut leaves);
    leaves
}

pub fn moved(at: &str, micros: i64) -> Value {
    let at: blytz_core::Timestamp = at.parse().expect("a time");
    json!(at.plus_micros(micros))
}

/// The words of which fields are one, by field.
const WORDS: [&[&str]; 6] = [
    &["leading", "outbid", "won", "sealed"],
    &["scheduled", "live", "sold", "unsold", "cancelled"],
    &["soft_close", "void", "outage"],
    &["seller", "admin"],
    &["proxy", "full"],
    &["english", "dutch", "sealed_first_price", "sealed_second_price"],
];

fn words_beside(text: &str) -> Option<impl Iterator<Item = &'static str>> {
    let words = WORDS.into_iter().find(|words| words.contains(&text))?;
    Some(words.iter().copied().filter(move |other| *other != text))
}

/// All that can stand in the place of a value, by its kind and, where that does not tell, its name.
pub fn changes(name: &str, value: &Value) -> Vec<Change> {
    let named = |changes: &[(&str, Value)]| -> Vec<Change> {
        changes.iter().map(|(what, value)| ((*what).to_owned(), value.clone())).collect()
    };
    let people = || (SELLER..7).map(|number| ("is another's".to_owned(), json!(user(number)))).collect::<Vec<_>>();
    let mut changes = match value {
        Value::Null => match name {
            "price" | "next_minimum" | "buy_now_price" => named(&[("is there", json!(myr(500)))]),
            "leader" | "winner" | "bidder" => people(),
            "starts_at" | "closes_at" => named(&[("is there", json!("2023-11-14T22:15:20.000000Z"))]),
            "reserve_met" => named(&[("is there", json!(true)), ("is there", json!(false))]),
            _ => Vec::new(),
        },
        Value::Bool(flag) => named(&[("is the other", json!(!flag))]),
        Value::Number(number) => {
            let number = number.as_i64().expect("no floats here");
            named(&[("is more", json!(number + 1)), ("is less", json!((number - 1).max(0))), ("is 0", json!(0))])
        }
        Value::Object(_) if is_money(value) => {
            let (amount, currency) = (value["amount"].as_i64().expect("an amount"), &value["currency"]);
            let money = |amount: i64| json!({"amount": amount, "currency": currency});
            named(&[
                ("is more", money(amount + 1)),
                ("is less", money((amount - 1).max(0))),
                ("is much more", money(amount * 10)),
                ("is of another currency", json!({"amount": amount, "currency": "USD"})),
            ])
        }
        Value::Array(items) => {
            let mut doubled = items.clone();
            doubled.extend(items.iter().cloned());
            let reversed: Vec<&Value> = items.iter().rev().collect();
            let more: Vec<Value> = items.iter().cloned().chain([json!(NOBODY)]).collect();
            named(&[
                ("is empty", json!([])),
                ("lacks the first", json!(items.get(1..).unwrap_or_default())),
                ("lacks the last", json!(items[..items.len().saturating_sub(1)])),
                ("is doubled", json!(doubled)),
                ("is turned round", json!(reversed)),
                ("has one more", json!(more)),
            ])
        }
        Value::String(text) => match name {
            _ if let Some(words) = words_beside(text) => {
                words.map(|other| (format!("is {other}"), json!(other))).collect()
            }
            "bidder" | "leader" | "winner" | "seller_id" => people(),
            _ if text.ends_with('Z') => named(&[
                ("is later", moved(text, 1)),
                ("is earlier", moved(text, -1)),
                ("is a second later", moved(text, 1_000_000)),
                ("is a second earlier", moved(text, -1_000_000)),
                ("is hours later", moved(text, 10_000_000_000)),
                ("is hours earlier", moved(text, -10_000_000_000)),
            ]),
            _ if text.len() == 36 => named(&[("is another", json!(NOBODY))]),
            _ if text.len() == 64 => named(&[("is another", json!("ab".repeat(32)))]),
            _ => named(&[("is another", json!("another"))]),
        },
        Value::Object(_) => Vec::new(),
    };
    if !value.is_null() {
        changes.push(("is null".to_owned(), Value::Null));
    }
    changes.retain(|(_, changed)| changed != value);
    changes
}

/// Members that may be absent, taken out where they stand and put in where they don't.
pub fn presences(event: &Value) -> Vec<(String, Value)> {
    let time = json!("2023-11-14T22:14:00.000000Z");
    let optional = match event["kind"].as_str() {
        Some("voided") => vec![("block", json!(false))],
        Some("extended") => vec![("from", time.clone()), ("to", time)],
        Some("amended") => vec![("starts_at", time)],
        _ => Vec::new(),
    };
    let changed = optional.into_iter().map(|(name, value)| {
        let mut changed = event.clone();
        let data = changed["data"].as_object_mut().expect("an object");
        let was = data.remove(name);
        if was.is_none() {
            data.insert(name.to_owned(), value);
        }
        (format!("{name} {}", if was.is_none() { "put in" } else { "taken out" }), changed)
    });
    changed.collect()
}
