//! The JSON of the wire types, pinned: each sample in `fixtures/wire` is read and written back
//! without a difference, and requests are strict.
#![expect(clippy::unwrap_used, reason = "a test may fall over")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use blytz_core::wire::{
    Page, Problem, Strict, account::*, auction::*, chat::*, check, live::*, process::*, product::*, stream::*,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Reads a sample and writes it again.
type RoundTrip = fn(&str) -> serde_json::Result<String>;

fn round_trip<T: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<String> {
    pretty(&strictly::<T>(text)?)
}

/// Reads as servers do.
fn strictly<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut deserializer))?;
    deserializer.end()?;
    Ok(value)
}

fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

/// For requests: the sample is also one that passes its own check.
fn valid<T: DeserializeOwned + Serialize + blytz_core::wire::Check>(text: &str) -> serde_json::Result<String> {
    let request = strictly::<T>(text)?;
    assert_eq!(check(&request), Ok(()), "{text}");
    pretty(&request)
}

const REQUESTS: &[(&str, RoundTrip)] = &[
    ("address_input", valid::<AddressInput>),
    ("auction_input", valid::<AuctionInput>),
    ("auction_update", valid::<AuctionUpdate>),
    ("ban_request", valid::<BanRequest>),
    ("bid_request_amount", valid::<BidRequest>),
    ("bid_request_buy_now", valid::<BidRequest>),
    ("bid_request_max", valid::<BidRequest>),
    ("cancel_request", valid::<CancelRequest>),
    ("category_input", valid::<CategoryInput>),
    ("category_update", valid::<CategoryUpdate>),
    ("chat_send", round_trip::<ChatSend>),
    ("chat_settings", valid::<ChatSettings>),
    ("firebase_request", valid::<FirebaseRequest>),
    ("inventory_adjust", valid::<InventoryAdjust>),
    ("inventory_set", valid::<InventorySet>),
    ("item_update", round_trip::<ItemUpdate>),
    ("login_request", valid::<LoginRequest>),
    ("lots_update", valid::<LotsUpdate>),
    ("mute_request", valid::<MuteRequest>),
    ("password_change", valid::<PasswordChange>),
    ("pin_request", valid::<PinRequest>),
    ("product_input", valid::<ProductInput>),
    ("product_input_least", valid::<ProductInput>),
    ("product_update", valid::<ProductUpdate>),
    ("profile_update", valid::<ProfileUpdate>),
    ("refresh_request", valid::<RefreshRequest>),
    ("roles_update", valid::<RolesUpdate>),
    ("rules_input_dutch", round_trip::<RulesInput>),
    ("rules_input_english", round_trip::<RulesInput>),
    ("rules_input_least", round_trip::<RulesInput>),
    ("rules_input_sealed", round_trip::<RulesInput>),
    ("signup_request", valid::<SignupRequest>),
    ("since", round_trip::<Since>),
    ("start_request", valid::<StartRequest>),
    ("stream_input", valid::<StreamInput>),
    ("verify_request", valid::<VerifyRequest>),
    ("void_request", valid::<VoidRequest>),
    ("void_request_of_bidder", valid::<VoidRequest>),
    ("void_request_without_block", valid::<VoidRequest>),
];

const ANSWERS: &[(&str, RoundTrip)] = &[
    ("address", round_trip::<Address>),
    ("auction", round_trip::<Auction>),
    ("auction_sold", round_trip::<Auction>),
    ("authenticated", round_trip::<Authenticated>),
    ("bid_answer", round_trip::<BidAnswer>),
    ("bid_answer_sealed", round_trip::<BidAnswer>),
    ("bid_record", round_trip::<BidRecord>),
    ("blocked_user", round_trip::<BlockedUser>),
    ("category", round_trip::<Category>),
    ("chat_event_deleted", round_trip::<ChatEvent>),
    ("chat_event_message", round_trip::<ChatEvent>),
    ("chat_event_muted", round_trip::<ChatEvent>),
    ("chat_event_pinned", round_trip::<ChatEvent>),
    ("chat_event_settings", round_trip::<ChatEvent>),
    ("chat_state", round_trip::<ChatState>),
    ("health", round_trip::<Health>),
    ("inventory", round_trip::<Inventory>),
    ("item", round_trip::<Item>),
    ("item_least", round_trip::<Item>),
    ("log_entry_amended", round_trip::<LogEntry>),
    ("log_entry_amended_live", round_trip::<LogEntry>),
    ("log_entry_bid", round_trip::<LogEntry>),
    ("log_entry_cancelled", round_trip::<LogEntry>),
    ("log_entry_closed", round_trip::<LogEntry>),
    ("log_entry_extended", round_trip::<LogEntry>),
    ("log_entry_extended_outage", round_trip::<LogEntry>),
    ("log_entry_extended_void", round_trip::<LogEntry>),
    ("log_entry_max_raised", round_trip::<LogEntry>),
    ("log_entry_opened", round_trip::<LogEntry>),
    ("log_entry_reserve_met", round_trip::<LogEntry>),
    ("log_entry_scheduled", round_trip::<LogEntry>),
    ("log_entry_unblocked", round_trip::<LogEntry>),
    ("log_entry_voided", round_trip::<LogEntry>),
    ("log_entry_voided_without_block", round_trip::<LogEntry>),
    ("log_keys", round_trip::<LogKeys>),
    ("message", round_trip::<Message>),
    ("message_page", round_trip::<Page<Message>>),
    ("movement", round_trip::<Movement>),
    ("movement_page", round_trip::<Page<Movement>>),
    ("my_standing", round_trip::<MyStanding>),
    ("pong", round_trip::<Pong>),
    ("problem_bid_too_low", round_trip::<Problem>),
    ("problem_rate_limited", round_trip::<Problem>),
    ("problem_validation_failed", round_trip::<Problem>),
    ("product", round_trip::<Product>),
    ("proof", round_trip::<Proof>),
    ("public_user", round_trip::<PublicUser>),
    ("readiness", round_trip::<Readiness>),
    ("receipt", round_trip::<Receipt>),
    ("receipt_of_head", round_trip::<Receipt>),
    ("refreshed", round_trip::<Refreshed>),
    ("rules_view_clear", round_trip::<RulesView>),
    ("rules_view_dutch", round_trip::<RulesView>),
    ("rules_view_hidden", round_trip::<RulesView>),
    ("server_frame_error", round_trip::<ServerFrame>),
    ("server_frame_event", round_trip::<ServerFrame>),
    ("server_frame_ok", round_trip::<ServerFrame>),
    ("server_frame_snapshot", round_trip::<ServerFrame>),
    ("server_frame_update", round_trip::<ServerFrame>),
    ("session", round_trip::<Session>),
    ("status_view", round_trip::<StatusView>),
    ("status_view_scheduled", round_trip::<StatusView>),
    ("stream", round_trip::<Stream>),
    ("subscribed", round_trip::<Subscribed>),
    ("subscribed_unsequenced", round_trip::<Subscribed>),
    ("tokens", round_trip::<Tokens>),
    ("update_bid_voided", round_trip::<Update>),
    ("update_lot", round_trip::<Update>),
    ("update_lots", round_trip::<Update>),
    ("update_message_deleted", round_trip::<Update>),
    ("update_moderator", round_trip::<Update>),
    ("update_muted", round_trip::<Update>),
    ("update_outbid", round_trip::<Update>),
    ("update_presence", round_trip::<Update>),
    ("update_reactions", round_trip::<Update>),
    ("update_stream", round_trip::<Update>),
    ("update_won", round_trip::<Update>),
    ("user", round_trip::<User>),
    ("verification_invalid", round_trip::<Verification>),
    ("verification_valid", round_trip::<Verification>),
];

/// Client frames are only ever written by this crate; what reads them is the server's own.
fn client_frames() -> Vec<(&'static str, Op)> {
    let since = serde_json::from_str(&sample("since")).unwrap();
    let channel = |text: &str| text.parse::<Channel>().unwrap();
    let stream_id = "0190a5c2-7e3b-7cc1-9a54-000000000057".parse().unwrap();
    vec![
        ("client_frame_auth", Op::Auth { token: "eyJhbGciOiJFZERTQSJ9.e30.c2ln".to_owned() }),
        (
            "client_frame_subscribe",
            Op::Subscribe { channel: channel("auction:0190a5c2-7e3b-7cc1-9a54-0000000000ac"), since: Some(since) },
        ),
        ("client_frame_unsubscribe", Op::Unsubscribe { channel: channel("chat:0190a5c2-7e3b-7cc1-9a54-000000000057") }),
        ("client_frame_bid", Op::Bid(serde_json::from_str(&sample("bid_request_max")).unwrap())),
        ("client_frame_chat", Op::Chat(serde_json::from_str(&sample("chat_send")).unwrap())),
        ("client_frame_react", Op::React { stream_id, kind: ReactionKind::Fire }),
        ("client_frame_ping", Op::Ping),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/wire"))
}

fn sample(name: &str) -> String {
    fs::read_to_string(folder().join(name).with_extension("json")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_sample_is_read_and_written_back_the_same() {
    for (name, round_trip) in REQUESTS.iter().chain(ANSWERS) {
        let text = sample(name);
        assert_eq!(round_trip(&text).unwrap_or_else(|error| panic!("{name}: {error}")), text, "{name}");
    }
}

#[test]
fn client_frames_are_written_as_documented() {
    for (name, op) in client_frames() {
        assert_eq!(pretty(&ClientFrame { id: "7".to_owned(), op }).unwrap(), sample(name), "{name}");
    }
}

#[test]
fn every_sample_has_its_type() {
    let known = REQUESTS.iter().chain(ANSWERS).map(|(name, _)| (*name).to_owned());
    let known: BTreeSet<String> = known.chain(client_frames().into_iter().map(|(name, _)| name.to_owned())).collect();
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(files, known);
}

/// What is done to one object of a sample.
#[derive(Clone, Copy, PartialEq)]
enum Twist {
    UnknownField,
    DuplicateKey,
    /// Its values without their keys.
    Array,
}

/// Writes `value` with a twist to its `target`th object; counts objects in `seen`.
fn twisted(value: &Value, twist: Twist, target: usize, seen: &mut usize) -> String {
    match value {
        Value::Object(members) => {
            let mine = *seen == target;
            *seen += 1;
            let mut parts: Vec<String> = members
                .iter()
                .map(|(key, member)| format!("{}:{}", json!(key), twisted(member, twist, target, seen)))
                .collect();
            if mine && twist == Twist::Array {
                let values: Vec<String> = members.values().map(Value::to_string).collect();
                return format!("[{}]", values.join(","));
            }
            match twist {
                Twist::UnknownField if mine => parts.push(r#""surprise":null"#.to_owned()),
                Twist::DuplicateKey if mine => parts.push(parts[0].clone()),
                _ => {}
            }
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().map(|item| twisted(item, twist, target, seen)).collect();
            format!("[{}]", parts.join(","))
        }
        plain => plain.to_string(),
    }
}

#[test]
fn requests_refuse_unknown_fields_duplicate_keys_and_arrays_for_objects_at_every_depth() {
    for (name, read) in REQUESTS {
        let value: Value = serde_json::from_str(&sample(name)).unwrap();
        let mut objects = 0;
        let untouched = twisted(&value, Twist::UnknownField, usize::MAX, &mut objects);
        assert!(read(&untouched).is_ok(), "{name}");
        for target in 0..objects {
            for twist in [Twist::UnknownField, Twist::DuplicateKey, Twist::Array] {
                let text = twisted(&value, twist, target, &mut 0);
                assert!(read(&text).is_err(), "{name}: {text}");
            }
        }
    }
}

#[test]
fn requests_refuse_other_types_in_place_of_theirs() {
    for (name, read) in REQUESTS {
        for other in ["null", "1", "true", "\"text\"", "[]"] {
            assert!(read(other).is_err(), "{name}: {other}");
        }
    }
}

#[test]
fn absent_and_null_are_two_things_in_a_patch() {
    let absent: ProductUpdate = serde_json::from_str("{}").expect("nothing to change");
    assert_eq!(absent, ProductUpdate::default());
    let null: ProductUpdate = serde_json::from_str(r#"{"category_id": null}"#).expect("no category");
    assert_eq!(null.category_id, Some(None));
    let null: AuctionUpdate = serde_json::from_str(r#"{"starts_at": null}"#).expect("waits for start");
    assert_eq!(null.starts_at, Some(None));
}
