//! Reading what clients send: as strict as the HTTP bodies.
//!
//! A frame is `{"id": …, "op": …, …}`. The id is wanted even from a frame that is otherwise wrong,
//! so that its sender can tell which of theirs was refused.

use std::fmt;

use blytz_core::{
    StreamId,
    wire::{
        Check, ErrorCode, Faults,
        live::{Channel, ReactionKind, Since},
    },
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned},
};
use serde_json::value::RawValue;

use crate::{
    error::{Error, Result},
    http::extract::well_formed,
};

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Auth,
    Subscribe,
    Unsubscribe,
    Bid,
    Chat,
    React,
    Ping,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    pub channel: Channel,
    #[serde(default)]
    pub since: Option<Since>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    pub channel: Channel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct React {
    pub stream_id: StreamId,
    pub kind: ReactionKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

macro_rules! nothing_to_check {
    ($($name:ty),*) => {$(impl Check for $name { fn check(&self, _: &mut Faults) {} })*};
}
nothing_to_check!(Auth, Subscribe, Unsubscribe, React, Nothing);

/// A frame, as far as it is read at once. The rest waits until it is known who asks, as with HTTP.
pub struct Frame {
    /// The id to answer to.
    pub id: Option<String>,
    /// What it asks for, and the rest of it: what the HTTP body would be.
    pub op: Result<(Op, String)>,
}

/// Reads a frame's id and op.
pub fn read(text: &str) -> Frame {
    let bad = |id: Option<String>, error: Error| Frame { id, op: Err(error) };
    if let Err(error) = well_formed(text) {
        return bad(None, error);
    }
    let Ok(Members(members)) = serde_json::from_str(text) else {
        return bad(None, Error::invalid_field("", "must be a JSON object with id and op"));
    };
    let Some(id) = value::<String>(&members, "id").filter(|id| (1..=64).contains(&id.len())) else {
        return bad(None, Error::invalid_field("/id", "must be a string of 1 to 64 bytes, once"));
    };
    let Some(op) = value(&members, "op") else {
        let ops = "must be auth, subscribe, unsubscribe, bid, chat, react or ping, once";
        return bad(Some(id), Error::invalid_field("/op", ops));
    };
    Frame { id: Some(id), op: Ok((op, body(&members))) }
}

/// The value of a member that stands there once.
fn value<T: DeserializeOwned>(members: &[(String, &RawValue)], name: &str) -> Option<T> {
    let mut found = members.iter().filter(|(key, _)| key == name);
    match (found.next(), found.next()) {
        (Some((_, raw)), None) => serde_json::from_str(raw.get()).ok(),
        _ => None,
    }
}

/// The object without `id` and `op`: what the HTTP body would be.
fn body(members: &[(String, &RawValue)]) -> String {
    let rest = members.iter().filter(|(name, _)| name != "id" && name != "op");
    let fields: Vec<_> =
        rest.map(|(name, raw)| format!("{}:{}", serde_json::Value::from(name.as_str()), raw.get())).collect();
    format!("{{{}}}", fields.join(","))
}

/// A JSON object's members in order, duplicates kept, values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The error of a frame that is not text.
pub fn not_text() -> Frame {
    let error = Error::new(ErrorCode::MalformedJson, "Send frames as text, not binary.");
    Frame { id: None, op: Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<String>, &'static str) {
        let frame = read(text);
        (frame.id, frame.op.expect_err(text).code().as_str())
    }

    #[test]
    fn what_is_wrong_is_said_with_the_id_when_there_is_one() {
        let one = || Some("1".to_owned());
        let cases = [
            ("nonsense", None, "malformed_json"),
            (r#"{"id":"1","op":"ping","x":NaN}"#, None, "malformed_json"),
            ("[1]", None, "validation_failed"),
            (r#"{"op":"ping"}"#, None, "validation_failed"),
            (r#"{"id":7,"op":"ping"}"#, None, "validation_failed"),
            (r#"{"id":"1","id":"2","op":"ping"}"#, None, "validation_failed"),
            (r#"{"id":"1"}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":"dance"}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":["ping"]}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":"ping","op":"ping"}"#, one(), "validation_failed"),
        ];
        for (text, id, code) in cases {
            assert_eq!(refused(text), (id, code), "{text}");
        }
    }

    #[test]
    fn the_rest_of_a_frame_is_what_the_http_body_would_be() {
        let text = r#"{"amount":1,"id":"1","a\"b":[1, 2],"op":"bid","amount":2}"#;
        let (op, body) = read(text).op.expect("a frame");
        assert_eq!((op, body.as_str()), (Op::Bid, r#"{"amount":1,"a\"b":[1, 2],"amount":2}"#));
    }
}
