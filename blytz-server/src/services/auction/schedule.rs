//! Making an auction: the lot, the unit that it holds, and the first event of its log, in one
//! transaction.

use blytz_core::{
    AuctionId, Currency,
    auction::{Auction, Consignment, Nonce, Rules},
    wire::{ErrorCode, FieldError, auction::AuctionInput, stream::StreamStatus},
};

use super::{
    Auctions, batch, check_owner,
    state::{StoredItem, StoredRules},
    store::{self, NewLot},
    streams,
    turn::first_batch,
};
use crate::{
    clock::{new_id, random_bytes},
    db::Tx,
    error::{Error, Result},
    services::auth::User,
};

impl Auctions {
    /// Makes an auction of one unit of the seller's product, and tells whoever has to know of it.
    pub(super) async fn schedule(&self, seller: &User, input: AuctionInput, rules: Rules) -> Result<AuctionId> {
        let (auctions, seller, now) = (self.clone(), seller.clone(), self.now());
        let id: AuctionId = new_id(&self.platform.clock);
        let scheduled = async move |tx: &mut Tx| {
            check_show(tx, &seller, &input).await?;
            let product = auctions.catalog.hold_unit(tx, seller.id, input.product_id, "held by a lot", now).await?;
            if product.currency != rules.currency() {
                return Err(other_currency(product.currency));
            }
            let mut item = product.item;
            input.item.clone().unwrap_or_default().apply(input.title.as_deref(), &mut item);
            let item = StoredItem::of(&item)?;
            let consignment = Consignment {
                house: auctions.platform.keys.log_signers().house().clone(),
                seller_id: seller.id,
                product_id: input.product_id,
                starts_at: input.starts_at,
                item_hash: item.item_hash.clone(),
            };
            let nonce = Nonce::from_bytes(random_bytes());
            let (auction, event) = Auction::schedule(now, id, consignment, rules, nonce);
            let lot = NewLot {
                id,
                seller_id: seller.id,
                product_id: input.product_id,
                stream_id: input.stream_id,
                at: now,
                rules: &StoredRules::of(&auction)?,
                item: &item,
            };
            store::insert_lot(tx, &lot).await?;
            batch::begin(tx, &first_batch(&auction, event, id, now)?).await?;
            tx.then(async move {
                if input.starts_at.is_some() {
                    auctions.rooms.wake(id);
                }
                if let Some(stream) = input.stream_id {
                    auctions.tell_queue(stream).await;
                }
            });
            Ok(())
        };
        self.platform.write(scheduled).await.map(|()| id)
    }
}

/// Refuses a show that is not the seller's, or over.
async fn check_show(tx: &mut Tx, seller: &User, input: &AuctionInput) -> Result<()> {
    let Some(stream) = input.stream_id else { return Ok(()) };
    let show = store::take_show(tx, stream).await?.ok_or_else(Error::not_found)?;
    check_owner(seller, show.seller_id)?;
    if show.status == StreamStatus::Ended {
        return Err(streams::not_live("The show has ended; put the lot into another one."));
    }
    Ok(())
}

/// 422: an auction runs in its product's currency.
pub fn other_currency(products: Currency) -> Error {
    Error::invalid(vec![FieldError {
        pointer: "/rules/currency".to_owned(),
        code: ErrorCode::CurrencyMismatch,
        detail: format!("must be the product's currency, {products}"),
    }])
}
