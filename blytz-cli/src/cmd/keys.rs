//! `blytz keys`: the keys of houses that are kept on this machine.

use blytz_client::{
    Client,
    wire::auction::{LogKey, LogKeys},
};
use clap::Subcommand;
use serde::Serialize;

use crate::{
    context::Context,
    error::Failure,
    evidence::{House, Pins, Shown, fingerprint},
    meeting,
    output::or_dash,
    values::moment,
};

/// Look after the keys of auction houses that you know.
///
/// A house signs what its logs say. Its keys are kept when its server is first seen, as ssh keeps those
/// of hosts, and from then on everything is held to them: by `blytz verify`, and whenever you bid.
/// Without a command the kept ones are listed.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz keys
  blytz keys trust --server https://auctions.example
  blytz keys export > keys.json
")]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the keys that are kept
    #[command(before_help = "Examples:\n  blytz keys list\n  blytz keys list --output json\n")]
    List,
    /// Keep the keys that the server shows now, in place of what was kept of its house
    #[command(
        before_help = "Examples:\n  blytz keys trust\n  blytz keys trust --server https://auctions.example --yes\n"
    )]
    Trust,
    /// Forget a house: whatever it shows next is kept as if it were new
    #[command(before_help = "Examples:\n  blytz keys forget auctions.example\n")]
    Forget {
        /// What the house calls itself, as `blytz keys` lists it
        #[arg(value_name = "HOUSE")]
        origin: String,
    },
    /// Print the keys of a house as `blytz verify --keys` reads them
    #[command(
        before_help = "Examples:\n  blytz keys export > keys.json\n  blytz keys export auctions.example > keys.json\n"
    )]
    Export {
        /// What the house calls itself; needed when several are kept
        #[arg(value_name = "HOUSE")]
        origin: Option<String>,
    },
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    match args.command.unwrap_or(Command::List) {
        Command::List => show(ctx, &ctx.evidence().pins()?),
        Command::Trust => trust(ctx, &ctx.guest()?).await,
        Command::Forget { origin } => {
            ctx.confirm_where_possible(&format!("Forget the keys of the house {origin:?}?"), true)?;
            let was_kept = ctx.evidence().change(|pins| pins.forget(&origin))?;
            if was_kept { Ok(()) } else { Err(unknown(&origin)) }
        }
        Command::Export { origin } => export(ctx, &ctx.evidence().pins()?, origin),
    }
}

/// A key as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    origin: &'a str,
    server: &'a str,
    #[serde(flatten)]
    key: &'a LogKey,
    fingerprint: String,
    since: blytz_core::Timestamp,
}

fn show(ctx: &Context, pins: &Pins) -> Result<(), Failure> {
    let items: Vec<_> = pins.houses.iter().flat_map(|(origin, house)| listed(origin, house)).collect();
    if ctx.out.is_json() {
        return ctx.out.json(&serde_json::json!({ "items": items }));
    }
    if items.is_empty() {
        ctx.out.note("No key is kept yet. Those of a house are when you bid there, or verify one of its auctions.");
    }
    ctx.out.rows(
        ["house", "key", "fingerprint", "signs since", "until", "kept since", "first seen at"],
        items.iter().map(|item| {
            [
                item.origin.to_owned(),
                item.key.key_id.clone(),
                item.fingerprint.clone(),
                moment(item.key.from),
                or_dash(item.key.until.map(moment)),
                moment(item.since),
                item.server.to_owned(),
            ]
        }),
    )
}

fn listed<'a>(origin: &'a str, house: &'a House) -> impl Iterator<Item = Listed<'a>> {
    house.keys.iter().map(move |pin| Listed {
        origin,
        server: &house.server,
        key: &pin.key,
        fingerprint: fingerprint(&pin.key),
        since: pin.since,
    })
}

async fn trust(ctx: &Context, client: &Client) -> Result<(), Failure> {
    let server = client.base_url();
    let keys = client.auctions().keys().await?.keys;
    let before = ctx.evidence().pins()?;
    let origin = match meeting::origin(client).await? {
        Some(origin) => origin,
        // Only what it said before tells whose keys these are.
        None => before.servers.get(server).cloned().ok_or_else(|| {
            Failure::failed(format!("{server} has no auction yet, and so does not say which house it is."))
        })?,
    };
    if keys.is_empty() {
        return Err(Failure::failed(format!("{server} shows no keys.")));
    }
    let kept = before.houses.get(&origin).map(House::keys).unwrap_or_default();
    if kept == keys && before.servers.get(server) == Some(&origin) {
        ctx.out.note(format!("The keys of the house {origin:?} are kept as {server} shows them."));
        return Ok(());
    }
    if let Some(was) = before.servers.get(server).filter(|was| **was != origin) {
        ctx.out.note(format!("{server} called itself {was:?}, and calls itself {origin:?} now."));
    }
    for (what, keys) in [("Kept", &kept), ("Shown now", &keys)] {
        let named: Vec<_> = keys.iter().map(signing).collect();
        ctx.out.note(format!("{what}: {}", if named.is_empty() { "none".to_owned() } else { named.join(", ") }));
    }
    ctx.confirm(&format!("Hold the house {origin:?} to these from now on?"))?;
    let shown = Shown { server, origin: &origin, keys: &keys };
    ctx.evidence().trust(shown)?;
    show(ctx, &ctx.evidence().pins()?)
}

fn signing(key: &LogKey) -> String {
    let until = key.until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
    format!("{} since {}{until}", meeting::named(key), moment(key.from))
}

fn export(ctx: &Context, pins: &Pins, origin: Option<String>) -> Result<(), Failure> {
    let house = match (&origin, pins.houses.len()) {
        (Some(origin), _) => pins.houses.get(origin).ok_or_else(|| unknown(origin))?,
        (None, 0) => return Err(Failure::NotFound("No key is kept yet.".to_owned())),
        (None, 1) => pins.houses.values().next().ok_or_else(|| unknown(""))?,
        (None, _) => {
            let names: Vec<_> = pins.houses.keys().map(String::as_str).collect();
            return Err(Failure::usage(format!("Several houses are kept; say which: {}.", names.join(", "))));
        }
    };
    ctx.out.json(&LogKeys { keys: house.keys() })
}

fn unknown(origin: &str) -> Failure {
    Failure::NotFound(format!("No key of the house {origin:?} is kept."))
}
