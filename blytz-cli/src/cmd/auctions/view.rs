//! Auctions as people read them.

use blytz_client::wire::{
    Page,
    auction::{Auction, AuctionStatus, Format, Increment, Item, ReserveView, RulesView, StatusView},
};
use blytz_core::Money;
use blytz_tui::format::countdown;

use crate::{
    context::Context,
    error::Failure,
    output::{or_dash, word},
    values::moment,
};

/// A list of auctions.
pub fn show_page(ctx: &Context, page: &Page<Auction>) -> Result<(), Failure> {
    ctx.out.page(page, ["id", "title", "status", "price", "next bid", "bids", "closes"], |auction| {
        let status = &auction.status;
        [
            status.id.to_string(),
            auction.title.clone(),
            word(&status.status),
            or_dash(status.price),
            or_dash(status.next_minimum),
            status.bid_count.to_string(),
            closes(status),
        ]
    })
}

/// One auction.
pub fn show(ctx: &Context, auction: &Auction) -> Result<(), Failure> {
    ctx.out.record(auction, || {
        let mut fields = vec![
            ("id", auction.status.id.to_string()),
            ("title", auction.title.clone()),
            ("product", auction.product.id.to_string()),
            ("seller", auction.seller.display_name.clone()),
            ("show", or_dash(auction.stream_id)),
        ];
        fields.extend(status_fields(&auction.status));
        if let Some(at) = auction.starts_at {
            fields.push(("opens by itself", moment(at)));
        }
        fields.extend(rules_fields(&auction.rules));
        fields.push(("rules hash", short(&auction.rules_hash)));
        fields.extend(item_fields(auction));
        fields.push(("log", format!("#{} {}", auction.status.seq, short(&auction.status.hash))));
        if let Some(outcome) = &auction.outcome {
            let winner = outcome.winner.as_ref().map(|winner| winner.display_name.clone());
            fields.push(("winner", or_dash(winner)));
        }
        fields
    })
}

/// Where an auction stands.
pub fn show_status(ctx: &Context, status: &StatusView) -> Result<(), Failure> {
    ctx.out.record(status, || {
        let mut fields = vec![("id", status.id.to_string())];
        fields.extend(status_fields(status));
        fields
    })
}

fn status_fields(status: &StatusView) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("status", word(&status.status)),
        ("format", format_of(status.format)),
        ("price", or_dash(status.price)),
        ("next bid", or_dash(status.next_minimum)),
        ("leader", or_dash(status.leader.as_ref().map(|leader| leader.display_name.clone()))),
        ("bids", status.bid_count.to_string()),
    ];
    if let Some(met) = status.reserve_met {
        fields.push(("reserve met", if met { "yes" } else { "no" }.to_owned()));
    }
    if let Some(price) = status.buy_now {
        fields.push(("buy now", price.to_string()));
    }
    fields.push(("closes", closes(status)));
    fields.push(("extensions", status.extensions.to_string()));
    fields.push(("watchers", status.watchers.to_string()));
    fields
}

/// What is sold, in the lot's own words.
fn item_fields(auction: &Auction) -> Vec<(&'static str, String)> {
    let Item { title: _, description, images, weight_g, condition } = &auction.item;
    let mut fields = Vec::new();
    if !description.is_empty() {
        fields.push(("description", description.clone()));
    }
    if let Some(condition) = condition {
        fields.push(("condition", condition.clone()));
    }
    if let Some(grams) = weight_g {
        fields.push(("weight", format!("{grams} g")));
    }
    fields.extend(images.iter().map(|image| ("image", image.clone())));
    fields.push(("item hash", short(&auction.item_hash)));
    fields
}

/// As much of a hash as people compare.
fn short(hash: &str) -> String {
    hash.chars().take(16).collect()
}

/// The rules, line by line.
pub fn rules_fields(rules: &RulesView) -> Vec<(&'static str, String)> {
    let money = |amount: i64| Money::new(amount, rules.currency).to_decimal();
    let mut fields = vec![("starting price", rules.starting_price.to_string())];
    match &rules.reserve_price {
        Some(ReserveView::Clear(price)) => fields.push(("reserve", price.to_string())),
        Some(ReserveView::Hidden(_)) => fields.push(("reserve", "hidden".to_owned())),
        None => {}
    }
    match &rules.increment {
        Some(Increment::Fixed(step)) => fields.push(("increment", money(*step))),
        Some(Increment::Table(rows)) => {
            let rows: Vec<_> = rows.iter().map(|row| format!("{}: {}", money(row.from), money(row.step))).collect();
            fields.push(("increment", rows.join(", ")));
        }
        Some(Increment::Named(name)) => fields.push(("increment", word(name))),
        None => {}
    }
    fields.push(("duration", seconds(rules.duration_ms)));
    if let Some(soft) = &rules.soft_close {
        let cap = soft.max_total_ms.map(|cap| format!(", {} at most", seconds(cap))).unwrap_or_default();
        fields.push((
            "soft close",
            format!("last {}, {} {}{cap}", seconds(soft.trigger_ms), word(&soft.mode), seconds(soft.extend_ms)),
        ));
    }
    if let Some(dutch) = &rules.dutch {
        let (step, every) = (money(dutch.step), seconds(dutch.interval_ms));
        fields.push(("falls", format!("by {step} every {every} down to {}", dutch.floor)));
    }
    fields
}

/// Milliseconds as seconds, without needless decimals.
fn seconds(millis: i64) -> String {
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// When an auction closes, seen from the server's clock.
pub fn closes(status: &StatusView) -> String {
    match (status.status, status.closes_at) {
        (AuctionStatus::Live, Some(at)) => format!("in {}", countdown(at.micros_since(status.server_time))),
        (AuctionStatus::Sold | AuctionStatus::Unsold, Some(at)) => moment(at),
        _ => "-".to_owned(),
    }
}

fn format_of(format: Format) -> String {
    word(&format).replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_without_needless_decimals() {
        for (millis, expected) in [(60_000, "60 s"), (250, "0.25 s"), (0, "0 s"), (10_500, "10.5 s")] {
            assert_eq!(seconds(millis), expected);
        }
    }
}
