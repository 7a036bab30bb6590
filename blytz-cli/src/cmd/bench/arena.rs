//! What is bid on, and by whom: a product, its lots, and bidders with accounts of their own.

use std::sync::{Mutex, PoisonError};

use blytz_client::{
    Client, RetryPolicy,
    wire::{
        account::SignupRequest,
        auction::{AuctionInput, BidAnswer, Format, Increment, RulesInput},
        product::ProductInput,
    },
};
use blytz_core::{AuctionId, Currency, Money, ProductId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::load::{Load, Style};
use crate::error::Failure;

/// Between two bids, in minor units.
const STEP: i64 = 100;
/// So many requests at a time while setting up.
const AT_ONCE: usize = 16;
/// Lots close by themselves so long after the end, should the load test be cut off.
const MARGIN_MS: i64 = 60_000;

/// One lot that is bid on.
pub struct Lot {
    pub id: AuctionId,
    ladder: Mutex<Ladder>,
}

/// What bidders know of a lot. They sit in one process and tell each other.
#[derive(Debug)]
struct Ladder {
    /// The next bid to make.
    next: i64,
    /// Who made the last one.
    last: Option<u16>,
}

/// What to bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Exact(i64),
    /// As one's own leader: nobody may bid against themselves, but raise their max.
    Max(i64),
    /// Until somebody else has bid.
    Wait,
}

impl Lot {
    fn new(id: AuctionId) -> Self {
        Self { id, ladder: Mutex::new(Ladder { next: STEP, last: None }) }
    }

    /// What `bidder` bids next.
    pub fn next_move(&self, bidder: u16, style: Style) -> Move {
        let mut ladder = self.ladder.lock().unwrap_or_else(PoisonError::into_inner);
        let (amount, leads) = (ladder.next, ladder.last == Some(bidder));
        match style {
            Style::Race if leads => Move::Wait,
            Style::Race => Move::Exact(amount),
            Style::Ladder => {
                *ladder = Ladder { next: amount + STEP, last: Some(bidder) };
                if leads { Move::Max(amount) } else { Move::Exact(amount) }
            }
            // Above whatever was bid, one's own above all.
            Style::Sealed => {
                ladder.next += STEP;
                Move::Exact(amount)
            }
        }
    }

    /// What an answer says about the lot.
    pub fn learn(&self, bidder: u16, answer: &BidAnswer) {
        let mut ladder = self.ladder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(minimum) = answer.next_minimum
            && minimum.amount > ladder.next
        {
            *ladder = Ladder { next: minimum.amount, last: Some(bidder) };
        }
    }

    /// What a refusal says about it.
    pub fn learn_minimum(&self, minimum: Option<Money>) {
        let mut ladder = self.ladder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(minimum) = minimum
            && minimum.amount > ladder.next
        {
            *ladder = Ladder { next: minimum.amount, last: None };
        }
    }
}

/// Makes a product with a unit for each lot.
pub async fn product(seller: &Client, run: &str, lots: usize) -> Result<ProductId, Failure> {
    let input = ProductInput {
        title: format!("Load test {run}"),
        description: "Made by blytz bench; nothing is for sale.".to_owned(),
        price: Money::new(STEP, Currency::MYR),
        quantity: i64::try_from(lots).map_err(anyhow::Error::from)?,
        category_id: None,
        weight_g: None,
        images: None,
        tax_class: None,
        tags: None,
        sku: None,
        status: None,
    };
    Ok(seller.products().create(&input).await?.id)
}

/// Makes lots and opens none.
pub async fn lots(seller: &Client, product_id: ProductId, count: usize, load: Load) -> Result<Vec<Lot>, Failure> {
    let run_ms = i64::try_from(load.lasting.as_millis()).map_err(anyhow::Error::from)?;
    let sealed = load.style == Style::Sealed;
    let input = AuctionInput {
        product_id,
        title: None,
        item: None,
        stream_id: None,
        starts_at: None,
        rules: RulesInput {
            format: if sealed { Format::SealedFirstPrice } else { Format::English },
            currency: Currency::MYR,
            starting_price: Money::new(STEP, Currency::MYR),
            reserve_price: None,
            buy_now_price: None,
            increment: (!sealed).then_some(Increment::Fixed(STEP)),
            duration_ms: run_ms + MARGIN_MS,
            below_reserve: None,
            soft_close: None,
            dutch: None,
        },
    };
    let made = stream::iter(0..count).map(|_| seller.auctions().create(&input)).buffer_unordered(AT_ONCE);
    Ok(made.map_ok(|auction| Lot::new(auction.status.id)).try_collect().await?)
}

/// Opens them all.
pub async fn open(seller: &Client, lots: &[Lot]) -> Result<(), Failure> {
    let opened = stream::iter(lots).map(|lot| seller.auctions().start(lot.id)).buffer_unordered(AT_ONCE);
    Ok(opened.try_for_each(|_| std::future::ready(Ok(()))).await?)
}

/// The last event of each.
pub async fn heads(seller: &Client, lots: &[Lot]) -> Result<Vec<u64>, Failure> {
    let asked = stream::iter(lots).map(|lot| seller.auctions().status(lot.id)).buffered(AT_ONCE);
    Ok(asked.map_ok(|status| status.seq).try_collect().await?)
}

/// Signs bidders up, each with a client of their own that repeats nothing by itself: what the
/// server says the first time is what is counted.
pub async fn bidders(url: &str, run: &str, count: u16) -> Result<Vec<Client>, Failure> {
    let password = hex::encode(rand::random::<[u8; 16]>());
    let signed_up = stream::iter(0..count).map(|index| {
        let request = SignupRequest {
            email: format!("bench-{run}-{index}@load.example"),
            password: password.clone(),
            display_name: format!("Bidder {index}"),
        };
        async move {
            let patient = Client::builder(url).build()?;
            let tokens = patient.auth().signup(&request).await?.tokens;
            Client::builder(url).tokens(tokens).retry(RetryPolicy { retries: 0, ..RetryPolicy::default() }).build()
        }
    });
    Ok(signed_up.buffered(AT_ONCE).try_collect().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot() -> Lot {
        Lot::new(AuctionId(uuid::Uuid::nil()))
    }

    #[test]
    fn on_the_ladder_no_two_bid_the_same() {
        let lot = lot();
        assert_eq!(lot.next_move(1, Style::Ladder), Move::Exact(100));
        assert_eq!(lot.next_move(2, Style::Ladder), Move::Exact(200));
        assert_eq!(lot.next_move(2, Style::Ladder), Move::Max(300), "who leads raises");
        assert_eq!(lot.next_move(1, Style::Ladder), Move::Exact(400));
        lot.learn_minimum(Some(Money::new(900, Currency::MYR)));
        assert_eq!(lot.next_move(2, Style::Ladder), Move::Exact(900), "somebody else bids here, too");
        lot.learn_minimum(Some(Money::new(200, Currency::MYR)));
        assert_eq!(lot.next_move(1, Style::Ladder), Move::Exact(1_000), "old news");
    }

    #[test]
    fn sealed_bids_only_rise() {
        let lot = lot();
        assert_eq!(lot.next_move(1, Style::Sealed), Move::Exact(100));
        assert_eq!(lot.next_move(1, Style::Sealed), Move::Exact(200));
        assert_eq!(lot.next_move(2, Style::Sealed), Move::Exact(300));
    }

    #[test]
    fn in_a_race_all_bid_the_same_until_one_has_won_it() {
        let lot = lot();
        assert_eq!(lot.next_move(1, Style::Race), Move::Exact(100));
        assert_eq!(lot.next_move(2, Style::Race), Move::Exact(100));
        lot.learn_minimum(Some(Money::new(200, Currency::MYR)));
        assert_eq!(lot.next_move(1, Style::Race), Move::Exact(200));
    }
}
