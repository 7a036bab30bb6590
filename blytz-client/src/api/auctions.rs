//! Auctions: rules, bids, events, proofs.

use blytz_core::{
    AuctionId, BidId, UserId,
    wire::{
        Page,
        auction::{
            Auction, AuctionInput, AuctionUpdate, BidAnswer, BidRecord, BidRequest, BlockedUser, CancelRequest,
            LogEntry, LogKeys, MyStanding, Proof, StartRequest, StatusView, VoidRequest,
        },
    },
};

use super::query::AuctionQuery;
use crate::{call::Call, client::Client, download::Download, error::Error};

impl Client {
    /// Auctions and bids.
    pub fn auctions(&self) -> Auctions<'_> {
        Auctions(self)
    }
}

/// Auctions and bids; see [`Client::auctions`].
#[derive(Debug, Clone, Copy)]
pub struct Auctions<'a>(&'a Client);

impl Auctions<'_> {
    /// Sellers: a new auction.
    pub async fn create(self, input: &AuctionInput) -> Result<Auction, Error> {
        self.0.call(Call::post("/auction").json(input)?).await
    }

    /// Its seller: opens it now.
    pub async fn start(self, id: AuctionId) -> Result<Auction, Error> {
        self.0.call(Call::post("/auction/start").json(&StartRequest { auction_id: id })?).await
    }

    /// Auctions.
    pub async fn list(self, query: &AuctionQuery) -> Result<Page<Auction>, Error> {
        let call = Call::get("/auction")
            .word("status", query.status.as_ref())
            .query("stream_id", query.stream_id)
            .query("seller_id", query.seller_id)
            .page(query.cursor.as_ref(), query.limit);
        self.0.call(call).await
    }

    /// One auction.
    pub async fn get(self, id: AuctionId) -> Result<Auction, Error> {
        self.0.call(Call::get(format!("/auction/{id}"))).await
    }

    /// Where it stands.
    pub async fn status(self, id: AuctionId) -> Result<StatusView, Error> {
        self.0.call(Call::get(format!("/auction/{id}/status"))).await
    }

    /// Its log after seq `after` (0 for all), up to `limit` entries (1 to 100; 50 unless said).
    pub async fn events(self, id: AuctionId, after: u64, limit: Option<u32>) -> Result<Page<LogEntry>, Error> {
        self.0.call(Call::get(format!("/auction/{id}/events")).query("after", Some(after)).query("limit", limit)).await
    }

    /// Its whole log after seq `after`, as far as it goes now.
    pub async fn all_events(self, id: AuctionId, after: u64) -> Result<Vec<LogEntry>, Error> {
        let mut entries: Vec<LogEntry> = Vec::new();
        let mut last = after;
        loop {
            let page = self.events(id, last, Some(100)).await?;
            let more = page.next_cursor.is_some();
            entries.extend(page.items.into_iter().filter(|entry| entry.seq > last));
            match entries.last() {
                Some(entry) if more && entry.seq > last => last = entry.seq,
                _ => return Ok(entries),
            }
        }
    }

    /// Where the logged-in user stands in it.
    pub async fn me(self, id: AuctionId) -> Result<MyStanding, Error> {
        self.0.call(Call::get(format!("/auction/{id}/me"))).await
    }

    /// Bids. While the outcome is unknown the same `bid_id` is sent again, which counts once;
    /// after a refusal take a new one. With the `rules_hash` of the rules that the bidder saw, it counts
    /// under those and no others.
    ///
    /// The answer is checked before you get it: [`Error::Untrue`] says that the house can't be held to it.
    /// What is signed is the bid's event, by its hash. Outcome, price and time stand in that event; in the
    /// answer they are the house's word until you see it, by following the lot or in [`Auctions::events`].
    ///
    /// Where a receipt names another `epoch` than those before it, the house says that it was restored from
    /// a backup: what this client remembers of that log begins anew, and the receipts that you kept are what
    /// still speaks of the time before.
    ///
    /// ```no_run
    /// # async fn example(client: blytz_client::Client, auction_id: blytz_core::AuctionId, price: blytz_core::Money) -> Result<(), blytz_client::Error> {
    /// use blytz_client::{new_bid_id, wire::{ErrorCode, auction::BidRequest}};
    /// let rules_hash = Some(client.auctions().get(auction_id).await?.rules_hash);
    /// let bid_id = new_bid_id();
    /// let bid = BidRequest { auction_id, bid_id, rules_hash, amount: Some(price), max: None, buy_now: None };
    /// match client.auctions().bid(&bid).await {
    ///     Ok(answer) => println!("{:?} at {:?}", answer.outcome, answer.price),
    ///     Err(error) if error.code() == Some(ErrorCode::BidTooLow) => println!("too low: {error}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn bid(self, bid: &BidRequest) -> Result<BidAnswer, Error> {
        let answer = self.0.call(Call::post("/auction/bid").json(bid)?.repeatable()).await?;
        self.0.held_to(bid.auction_id, bid.bid_id, answer).await
    }

    /// The logged-in user's own bid, for ever; its answer is checked as that of [`Auctions::bid`].
    pub async fn bid_record(self, id: AuctionId, bid_id: BidId) -> Result<BidRecord, Error> {
        let record: BidRecord = self.0.call(Call::get(format!("/auction/{id}/bids/{bid_id}"))).await?;
        let answer = self.0.held_to(id, bid_id, record.answer).await?;
        Ok(BidRecord { answer, ..record })
    }

    /// Its seller until the first bid, then admins: calls it off.
    pub async fn cancel(self, id: AuctionId, reason: &str) -> Result<Auction, Error> {
        let request = CancelRequest { reason: reason.to_owned() };
        self.0.call(Call::post(format!("/auction/{id}/cancel")).json(&request)?).await
    }

    /// Its seller or admins: strikes a bid and every later one of the same bidder. Where several
    /// bidders used the same id, it is refused with `conflict`; see [`Auctions::void_of`].
    pub async fn void(self, id: AuctionId, bid_id: BidId, reason: &str) -> Result<Auction, Error> {
        self.void_as(id, &VoidRequest { bid_id, bidder_id: None, block: None, reason: reason.to_owned() }).await
    }

    /// As [`Auctions::void`], and with the last word on all of it: a slip of the finger need not block its
    /// bidder.
    pub async fn void_as(self, id: AuctionId, request: &VoidRequest) -> Result<Auction, Error> {
        self.0.call(Call::post(format!("/auction/{id}/void")).json(request)?).await
    }

    /// Its seller or admins: a bidder may bid on it again whom a void had blocked.
    pub async fn unblock_on(self, id: AuctionId, bidder: UserId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/auction/{id}/blocked/{bidder}"))).await
    }

    /// As [`Auctions::void`], for the bid of this bidder and nobody else's with the same id.
    pub async fn void_of(self, id: AuctionId, bid_id: BidId, bidder: UserId, reason: &str) -> Result<Auction, Error> {
        self.void_as(id, &VoidRequest { bid_id, bidder_id: Some(bidder), block: None, reason: reason.to_owned() }).await
    }

    /// Its seller, before the first bid: changes the rules.
    pub async fn amend(self, id: AuctionId, update: &AuctionUpdate) -> Result<Auction, Error> {
        self.0.call(Call::patch(format!("/auction/{id}")).json(update)?).await
    }

    /// After the close: all that a checker needs. A proof of more than 64 MiB is
    /// [`Error::TooLarge`]; see [`Auctions::proof_download`].
    pub async fn proof(self, id: AuctionId) -> Result<Proof, Error> {
        self.0.call(Call::get(format!("/auction/{id}/proof"))).await
    }

    /// The same as JSON, of any length, while it arrives.
    pub async fn proof_download(self, id: AuctionId) -> Result<Download, Error> {
        self.0.download(Call::get(format!("/auction/{id}/proof"))).await
    }

    /// The keys under the server's receipts.
    pub async fn keys(self) -> Result<LogKeys, Error> {
        self.0.call(Call::get("/auction/keys")).await
    }

    /// Puts it on the logged-in user's watch list.
    pub async fn watch(self, id: AuctionId) -> Result<(), Error> {
        self.0.done(Call::post(format!("/auction/{id}/watch"))).await
    }

    /// Takes it off the watch list.
    pub async fn unwatch(self, id: AuctionId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/auction/{id}/watch"))).await
    }

    /// Sellers: whom they have blocked.
    pub async fn blocked(self) -> Result<Page<BlockedUser>, Error> {
        self.0.call(Call::get("/auction/blocked")).await
    }

    /// Sellers: the user can't bid on their lots from now on.
    pub async fn block(self, user: UserId) -> Result<(), Error> {
        self.0.done(Call::put(format!("/auction/blocked/{user}"))).await
    }

    /// Sellers: the user may bid on their lots again.
    pub async fn unblock(self, user: UserId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/auction/blocked/{user}"))).await
    }
}
