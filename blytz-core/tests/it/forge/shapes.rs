//! Proofs that say the same in other JSON: whatever is hashed is what was received, so it has one
//! spelling, and nothing stands in a proof that is not checked.

use blytz_core::auction::proof::{self, Unreadable, Viewer};
use serde_json::{Map, Value, json};

use super::{Forger, courses};

/// What is read of a text; nothing of it may hold.
fn refused(text: &str, forged: &str) {
    let trust = courses::busy().trust();
    match proof::read(text.as_bytes(), &trust, |_, _| {}) {
        Ok(reading) => drop(reading.verdict.expect_err(forged)),
        Err(Unreadable::Malformed(_)) => {}
        Err(Unreadable::Input(error)) => panic!("{forged}: {error}"),
    }
}

/// The paths of all values in a proof that are of a kind.
fn paths(value: &Value, wanted: &dyn Fn(&Value) -> bool) -> Vec<String> {
    fn below(path: &str, value: &Value, wanted: &dyn Fn(&Value) -> bool, paths: &mut Vec<String>) {
        if wanted(value) {
            paths.push(path.to_owned());
        }
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| below(&format!("{path}/{name}"), member, wanted, paths));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.for_each(|(place, item)| below(&format!("{path}/{place}"), item, wanted, paths));
            }
            _ => {}
        }
    }
    let mut paths = Vec::new();
    below("", value, wanted, &mut paths);
    paths
}

fn honest() -> Forger {
    Forger::of(&courses::busy(), Viewer::Public)
}

/// The honest proof with one value changed; chained and signed anew, as far as that goes.
fn with(honest: &Forger, path: &str, change: &dyn Fn(&mut Value)) -> Forger {
    let mut forged = honest.clone();
    change(forged.proof.pointer_mut(path).expect("it is there"));
    if path.starts_with("/events")
        && forged.proof["events"].as_array().is_some_and(|all| all.iter().all(Value::is_object))
    {
        let receipt = forged.proof["head"].clone();
        forged.chain();
        if forged.events().last().is_some_and(|last| last["seq"].is_u64()) {
            forged.sign();
        } else {
            forged.proof["head"] = receipt;
        }
    }
    if forged.proof == honest.proof {
        // The chain made it right again.
        change(forged.proof.pointer_mut(path).expect("it is there"));
    }
    forged
}

#[test]
fn nothing_unknown_stands_in_it_at_any_level() {
    let honest = honest();
    let objects = paths(&honest.proof, &Value::is_object);
    assert!(objects.len() > 100, "{}", objects.len());
    for path in objects {
        for value in [Value::Null, json!(1), json!({"more": []})] {
            let put_in = |object: &mut Value| object["more"] = value.clone();
            refused(&with(&honest, &path, &put_in).proof.to_string(), &path);
        }
    }
}

#[test]
fn nothing_is_left_out_and_nothing_null_that_is_absent() {
    let honest = honest();
    for path in paths(&honest.proof, &Value::is_object) {
        let names: Vec<String> = honest
            .proof
            .pointer(&path)
            .and_then(Value::as_object)
            .map(Map::keys)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        for name in names {
            // The keys that a proof brings are nobody's proof of anything.
            if path.is_empty() || !path.starts_with("/keys") {
                let take_out = |object: &mut Value| drop(object.as_object_mut().and_then(|all| all.remove(&name)));
                refused(&with(&honest, &path, &take_out).proof.to_string(), &format!("{path} without {name}"));
            }
        }
        for optional in ["receipt", "amount", "max", "bidder", "from", "to", "starts_at", "block", "condition"] {
            let absent = honest.proof.pointer(&path).is_some_and(|object| object.get(optional).is_none());
            if absent {
                let nothing = |object: &mut Value| object[optional] = Value::Null;
                refused(&with(&honest, &path, &nothing).proof.to_string(), &format!("{path} with {optional} null"));
            }
        }
    }
}

#[test]
fn a_value_has_one_spelling() {
    let honest = honest();
    let is_id = |value: &Value| value.as_str().is_some_and(|text| text.len() == 36 && text.contains('-'));
    let is_time = |value: &Value| value.as_str().is_some_and(|text| text.ends_with('Z') && text.contains('T'));
    let is_hex = |value: &Value| {
        value.as_str().is_some_and(|text| text.len() >= 64 && text.bytes().any(|byte| byte.is_ascii_lowercase()))
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut tried = 0;
    let mut spell = |wanted: &dyn Fn(&Value) -> bool, other: &dyn Fn(&Value) -> Value| {
        // What a proof says of keys is taken for nothing.
        for path in paths(&honest.proof, wanted).into_iter().filter(|path| !path.starts_with("/keys/")) {
            let forged = with(&honest, &path, &|value| *value = other(value));
            if forged.proof != honest.proof {
                tried += 1;
                refused(&forged.proof.to_string(), &path);
            }
        }
    };
    spell(&is_id, &|id| json!(text(id).to_uppercase()));
    spell(&is_id, &|id| json!(text(id).replace('-', "")));
    spell(&is_id, &|id| json!(format!("{{{}}}", text(id))));
    spell(&is_id, &|id| json!(format!("urn:uuid:{}", text(id))));
    spell(&is_time, &|at| json!(text(at).replace('Z', "+00:00")));
    spell(&is_time, &|at| json!(text(at).replace('T', " ")));
    spell(&is_time, &|at| json!(text(at).replace('T', "t")));
    spell(&is_time, &|at| json!(text(at).replace('Z', "z")));
    spell(&is_time, &|at| json!(text(at).replace('Z', "000Z")));
    spell(&is_time, &|at| json!(text(at).replace("000Z", "Z")));
    spell(&is_hex, &|hex| json!(text(hex).to_uppercase()));
    spell(&is_hex, &|hex| json!(format!("0x{}", text(hex))));
    spell(&Value::is_number, &|number| json!(number.as_f64()));
    spell(&Value::is_number, &|number| json!(number.to_string()));
    spell(&Value::is_object, &|object| json!(object.as_object().map(|all| all.values().collect::<Vec<_>>())));
    spell(&Value::is_object, &|object| json!([object]));
    spell(&Value::is_array, &|_| json!({}));
    spell(&Value::is_array, &|_| Value::Null);
    spell(&Value::is_boolean, &|flag| json!(i64::from(flag == &json!(true))));
    spell(&|value| !value.is_null(), &|_| Value::Null);
    println!("{tried} other spellings");
}

/// As JSON it is the same number.
#[test]
fn a_number_is_written_as_an_integer() {
    let honest = honest();
    let text = honest.proof.to_string();
    for number in
        ["\"amount\":100", "\"seq\":1}", "\"bid_count\":1", "\"size\":1", "\"index\":0", "\"duration_ms\":60000"]
    {
        assert!(text.contains(number), "{number}");
        let plain = number.trim_end_matches('}');
        for ending in [".0", "e0", "E0", ".00e0"] {
            let other = number.replace(plain, &format!("{plain}{ending}"));
            refused(&text.replacen(number, &other, 1), &other);
        }
    }
}

/// The second of two members with one name is what some readers take, and others the first.
#[test]
fn no_member_stands_twice() {
    fn doubled(value: &Value, target: usize, seen: &mut usize) -> String {
        match value {
            Value::Object(members) => {
                let mut parts = Vec::new();
                for (name, member) in members {
                    let mine = *seen == target;
                    *seen += 1;
                    let part = format!("{}:{}", json!(name), doubled(member, target, seen));
                    if mine {
                        parts.push(part.clone());
                    }
                    parts.push(part);
                }
                format!("{{{}}}", parts.join(","))
            }
            Value::Array(items) => {
                let parts: Vec<String> = items.iter().map(|item| doubled(item, target, seen)).collect();
                format!("[{}]", parts.join(","))
            }
            plain => plain.to_string(),
        }
    }
    let honest = honest();
    let mut members = 0;
    assert_eq!(doubled(&honest.proof, usize::MAX, &mut members), honest.proof.to_string());
    assert!(members > 300, "{members}");
    for target in 0..members {
        refused(&doubled(&honest.proof, target, &mut 0), &format!("member {target}"));
    }
}
