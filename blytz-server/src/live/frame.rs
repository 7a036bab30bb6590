//! Reading what clients send: as strict as the HTTP bodies.
//!
//! A frame is `{"id": …, "op": …, …}`. The id is wanted even from a frame that is otherwise wrong,
//! so that its sender can tell which of theirs was refused.

use std::fmt;

use blytz_core::{
    StreamId,
    wire::{
        Check, ErrorCode, Faults,
        auction::BidRequest,
        chat::ChatSend,
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
    http::extract::{parse, well_formed},
};

/// What a client asks for.
pub(super) enum Op {
    Auth(Auth),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Bid(BidRequest),
    Chat(ChatSend),
    React(React),
    Ping,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    pub channel: Channel,
    #[serde(default)]
    pub since: Option<Since>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unsubscribe {
    pub channel: Channel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct React {
    pub stream_id: StreamId,
    pub kind: ReactionKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

macro_rules! nothing_to_check {
    ($($name:ty),*) => {$(impl Check for $name { fn check(&self, _: &mut Faults) {} })*};
}
nothing_to_check!(Auth, Subscribe, Unsubscribe, React, Nothing);

/// A frame, as far as it could be read.
pub(super) struct Frame {
    /// The id to answer to.
    pub id: Option<String>,
    /// What it asks for.
    pub op: Result<Op>,
}

impl Frame {
    /// Whether it is no good frame: no JSON, no id, an unknown op, or one of a wrong shape. Several
    /// of these in a row mean that somebody speaks another language.
    pub(super) fn is_bad(&self) -> bool {
        self.op.is_err()
    }
}

/// Reads a frame.
pub(super) fn read(text: &str) -> Frame {
    let bad = |id: Option<String>, error: Error| Frame { id, op: Err(error) };
    if let Err(error) = well_formed(text) {
        return bad(None, error);
    }
    let Ok(Members(members)) = serde_json::from_str(text) else {
        return bad(None, Error::invalid_field("", "must be a JSON object with id and op"));
    };
    let string = |name: &str| {
        let (_, raw) = members.iter().find(|(key, _)| key == name)?;
        serde_json::from_str::<String>(raw.get()).ok()
    };
    let Some(id) = string("id").filter(|id| (1..=64).contains(&id.len())) else {
        return bad(None, Error::invalid_field("/id", "must be a string of 1 to 64 bytes"));
    };
    if let Some(name) = duplicate(&members) {
        return bad(Some(id), Error::invalid_field(format!("/{name}"), "must stand only once"));
    }
    let Some(op) = string("op") else {
        return bad(Some(id), Error::invalid_field("/op", "must be the name of an operation"));
    };
    let unknown = || Error::invalid_field("/op", "must be auth, subscribe, unsubscribe, bid, chat, react or ping");
    Frame { id: Some(id), op: operation(&op, &body(&members)).unwrap_or_else(|| Err(unknown())) }
}

fn operation(name: &str, body: &str) -> Option<Result<Op>> {
    fn read<T: DeserializeOwned + Check>(body: &str, op: impl FnOnce(T) -> Op) -> Result<Op> {
        parse(body).map(op)
    }
    Some(match name {
        "auth" => read(body, Op::Auth),
        "subscribe" => read(body, Op::Subscribe),
        "unsubscribe" => read(body, Op::Unsubscribe),
        "bid" => read(body, Op::Bid),
        "chat" => read(body, Op::Chat),
        "react" => read(body, Op::React),
        "ping" => read(body, |_: Nothing| Op::Ping),
        _ => return None,
    })
}

fn duplicate(members: &[(String, &RawValue)]) -> Option<String> {
    members.iter().enumerate().find_map(|(index, (name, _))| {
        members[..index].iter().any(|(earlier, _)| earlier == name).then(|| name.clone())
    })
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
pub(super) fn not_text() -> Frame {
    let error = Error::new(ErrorCode::MalformedJson, "Send frames as text, not binary.");
    Frame { id: None, op: Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<String>, &'static str) {
        let frame = read(text);
        assert!(frame.is_bad(), "{text}");
        (frame.id, frame.op.err().map_or("", |error| error.code().as_str()))
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
            (r#"{"id":"1"}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":"dance"}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":"ping","extra":1}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":"subscribe","channel":"cupboard:7"}"#, one(), "validation_failed"),
            (r#"{"id":"1","op":"auth","token":"a","token":"b"}"#, one(), "validation_failed"),
        ];
        for (text, id, code) in cases {
            assert_eq!(refused(text), (id, code), "{text}");
        }
        assert!(read(r#"{"id":"1","op":"ping"}"#).op.is_ok());
    }
}
