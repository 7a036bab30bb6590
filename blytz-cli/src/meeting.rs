//! Meeting a server: what house it is, and whether it shows the keys that are kept of that house.

use blytz_client::{
    AuctionQuery, Client,
    wire::auction::{EventData, LogKey},
};
use blytz_core::AuctionId;

use crate::{
    ambient,
    context::Context,
    error::Failure,
    evidence::{Change, Shown, Sight, fingerprint},
    output::Output,
};

/// What a house calls itself that was given no name.
const NAMELESS: &str = "localhost";

/// The house whose log this is, as its first event says.
pub async fn origin_of(client: &Client, auction: AuctionId) -> Result<String, Failure> {
    let page = client.auctions().events(auction, 0, Some(1)).await?;
    match page.items.into_iter().next().map(|entry| entry.data) {
        Some(EventData::Scheduled { origin, .. }) => Ok(origin),
        _ => Err(Failure::failed(format!("The log of {auction} does not begin with whose it is."))),
    }
}

/// What the house calls itself in its latest log, if there is any.
pub async fn origin(client: &Client) -> Result<Option<String>, Failure> {
    let latest = AuctionQuery { limit: Some(1), ..AuctionQuery::default() };
    match client.auctions().list(&latest).await?.items.first() {
        Some(lot) => origin_of(client, lot.status.id).await.map(Some),
        None => Ok(None),
    }
}

/// The keys of a house that is new here and may be believed at first sight, as its server shows them. They
/// are not kept by this: anybody can say a name, and only who signs by it is met.
pub async fn newcomer(ctx: &Context, client: &Client, origin: &str) -> Result<Option<Vec<LogKey>>, Failure> {
    let mut pins = ctx.evidence().pins()?;
    if pins.houses.contains_key(origin) {
        return Ok(None);
    }
    let keys = client.auctions().keys().await?.keys;
    let sight = pins.see(Shown { server: client.base_url(), origin, keys: &keys }, ambient::now());
    Ok((sight == Sight::First).then_some(keys))
}

/// Asks a server for its keys, keeps them if they are the first of the house, and cries out if they are
/// not those that are kept. Returns what is not as it was.
pub async fn meet(ctx: &Context, client: &Client, origin: &str) -> Result<Vec<Change>, Failure> {
    let keys = client.auctions().keys().await?.keys;
    let shown = Shown { server: client.base_url(), origin, keys: &keys };
    let sight = ctx.evidence().see(shown)?;
    tell(ctx.out, shown, &sight);
    match sight {
        Sight::Changed(changes) => Ok(changes),
        Sight::First | Sight::Known => Ok(Vec::new()),
    }
}

/// Says what is new of a house, and cries out what should not be.
pub fn tell(out: Output, Shown { server, origin, keys }: Shown<'_>, sight: &Sight) {
    match sight {
        Sight::Known => {}
        Sight::First => {
            let keys: Vec<_> = keys.iter().map(named).collect();
            out.note(format!(
                "The house {origin:?} at {server} is new here. From now on it is held to {}. Compare that with what \
                 the house says elsewhere.",
                keys.join(", ")
            ));
        }
        Sight::Changed(changes) => {
            out.note(format!("WARNING: {server} does not show what is kept of the house {origin:?}:"));
            for change in changes {
                out.note(format!("  {change}"));
            }
            if origin == NAMELESS {
                out.note("Houses that were given no name all call themselves so: this may simply be another one.");
            }
            out.note(
                "Either the house has changed it, or somebody stands in between. Nothing of it is taken over; once the \
                 house has told you so, do that with: blytz keys trust",
            );
        }
    }
}

/// A key as people compare it.
pub fn named(key: &LogKey) -> String {
    format!("key {} ({})", key.key_id, fingerprint(key))
}
