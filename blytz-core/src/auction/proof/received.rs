//! JSON that has one spelling: whatever a hash is of is what was received, and not what we made of it.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A value that was spelt in the one way that there is: without members that its type does not know,
/// or knows twice; ids in lower case and times with six digits; objects as objects; nothing null that
/// is absent otherwise.
pub(super) struct Received<T>(pub(super) T);

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Received<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Plain(received) = Plain::deserialize(deserializer)?;
        let value = T::deserialize(&received).map_err(de::Error::custom)?;
        let spelt = serde_json::to_value(&value).map_err(de::Error::custom)?;
        match difference(&received, &spelt) {
            None => Ok(Self(value)),
            Some(place) => Err(de::Error::custom(format_args!("`{place}` is unknown here, or spelt in another way"))),
        }
    }
}

/// Where two values differ: the path of the first place.
fn difference(received: &Value, spelt: &Value) -> Option<String> {
    match (received, spelt) {
        (Value::Object(received), Value::Object(spelt)) => {
            let differing = received.iter().find_map(|(name, value)| match spelt.get(name) {
                Some(same) => difference(value, same).map(|place| within(name, &place)),
                None => Some(name.clone()),
            });
            // What is absent and would be said otherwise.
            differing.or_else(|| spelt.keys().find(|name| !received.contains_key(*name)).cloned())
        }
        (Value::Array(received), Value::Array(spelt)) if received.len() == spelt.len() => {
            let mut pairs = received.iter().zip(spelt).enumerate();
            pairs.find_map(|(place, (value, same))| {
                difference(value, same).map(|within_it| within(&place.to_string(), &within_it))
            })
        }
        _ => (received != spelt).then(String::new),
    }
}

fn within(name: &str, place: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{name}.{place}") }
}

/// Any JSON in which no member stands twice.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Plain(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Plain(value) = members.next_value()?;
            if values.contains_key(&name) {
                return Err(de::Error::custom(format_args!("`{name}` stands there twice")));
            }
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::auction::LogEntry;

    const ENTRY: &str = r#"{"seq":2,"at":"2026-01-01T00:00:00.000000Z","kind":"unblocked","data":{
        "bid_id":"0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77","bid_seq":1},"prev":"00","hash":"01"}"#;

    #[test]
    fn there_is_one_spelling() {
        let read = |text: &str| serde_json::from_str::<Received<LogEntry>>(text).map(|entry| entry.0);
        assert!(read(ENTRY).is_ok());
        for (from, to, why) in [
            (r#""seq":2"#, r#""seq":2,"more":1"#, "`more` is unknown"),
            (r#""bid_seq":1"#, r#""bid_seq":1,"more":1"#, "`data.more` is unknown"),
            (r#""seq":2"#, r#""seq":2,"seq":2"#, "`seq` stands there twice"),
            (r#""bid_seq":1"#, r#""bid_seq":1,"bid_seq":1"#, "`bid_seq` stands there twice"),
            (r#""seq":2"#, r#""seq":2.0"#, "floating point"),
            (r#""bid_seq":1"#, r#""bid_seq":1e0"#, "floating point"),
            ("0190a5c2", "0190A5C2", "`data.bid_id` is unknown here, or spelt"),
            (".000000Z", "Z", "`at` is unknown here, or spelt"),
            ("00.000000Z", "00.000000+00:00", "`at` is unknown here, or spelt"),
        ] {
            let error = read(&ENTRY.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.contains(why), "{to}: {error}");
        }
        let money = |text: &str| serde_json::from_str::<Received<crate::Money>>(text).is_ok();
        assert!(money(r#"{"amount":100,"currency":"MYR"}"#));
        assert!(!money(r#"[100,"MYR"]"#));
    }
}
