//! The catalogue on both databases: see [`crate::db::conformance`].

use std::collections::{BTreeMap, HashMap};

use blytz_core::{
    CategoryId, Currency, Money, MovementId, ProductId,
    catalog::{Listing, Moved, Stock},
    text::searchable,
    wire::{
        auction::LotProduct,
        product::{Category, MovementKind},
    },
};

use super::{
    Filter, Record, SaveError,
    categories::{self, CategoryError},
    listing, movements, products, search,
};
use crate::{
    db::conformance::{Class, Draw, Pair, left_out, reads, writes},
    services::product::order::{Key, Place, ProductSort},
};

const STEPS: usize = 10_000;

impl Class for SaveError {
    fn class(&self) -> String {
        match self {
            Self::Sql(error) => error.class(),
            other => format!("{other:?}"),
        }
    }
}

impl Class for CategoryError {
    fn class(&self) -> String {
        match self {
            Self::Sql(error) => error.class(),
            other => format!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn catalogues_are_kept_alike() {
    if left_out() {
        return;
    }
    let (mut pair, mut draw) = (Pair::open(23).await, Draw::new(23));
    for _ in 0..STEPS {
        match draw.below(20) {
            0..6 => product(&mut pair, &mut draw).await,
            6..8 => look(&mut pair, &mut draw).await,
            8..12 => list(&mut pair, &mut draw).await,
            12..18 => category(&mut pair, &mut draw).await,
            _ => movement(&mut pair, &mut draw).await,
        }
        pair.step().await;
    }
    pair.finish().await;
}

fn record(draw: &mut Draw) -> Record {
    let on_hand = draw.between(0, 3);
    let reserved = draw.between(0, on_hand);
    Record {
        id: if draw.one_in(3) { draw.new_id() } else { draw.id() },
        seller_id: draw.few(),
        category_id: draw.maybe(|draw| draw.among(8)),
        title: draw.text(),
        description: draw.text(),
        // Nothing is no price; the table itself refuses it.
        price: Money::new(draw.between(0, 30), Currency::MYR),
        listing: draw.of(&[Listing::Active, Listing::Active, Listing::Draft, Listing::Archived]),
        images: draw.several(2, Draw::text),
        tags: draw.several(3, Draw::text),
        weight_g: draw.maybe(|draw| draw.of(&[0, 1, u32::MAX])),
        tax_class: draw.maybe(Draw::text),
        sku: if draw.one_in(3) { Some(draw.text()) } else { None },
        stock: Stock::from_parts(on_hand, reserved).expect("a stock"),
        created_at: draw.at(),
        updated_at: draw.at(),
        rev: draw.between(1, 3),
    }
}

async fn product(pair: &mut Pair, draw: &mut Draw) {
    let new = record(draw);
    if draw.coin() {
        if writes!(pair, products::insert(&new)).is_some() {
            writes!(pair, search::index(&new));
        }
        return;
    }
    let Some(Some(stored)) = writes!(pair, products::take(new.id)) else { return };
    match draw.below(3) {
        0 => drop(writes!(pair, search::renew(&stored))),
        choice => {
            // One of two was read before somebody else saved.
            let rev = if choice == 1 { stored.rev } else { new.rev };
            let save = Record { rev, seller_id: stored.seller_id, created_at: stored.created_at, ..new };
            let saved = pair.write("products::save", async |tx| {
                let mut record = save.clone();
                products::save(tx, &mut record).await.map(|()| record)
            });
            if let Some(saved) = saved.await {
                writes!(pair, search::index(&saved));
            }
        }
    }
}

async fn look(pair: &mut Pair, draw: &mut Draw) {
    let id: ProductId = draw.id();
    if draw.coin() {
        reads!(pair, products::find(id));
        writes!(pair, products::find(id));
    } else {
        let ids = draw.ids::<ProductId>();
        reads!(pair, products::lots(&ids) => sorted);
    }
}

fn sorted(found: HashMap<ProductId, LotProduct>) -> BTreeMap<ProductId, LotProduct> {
    found.into_iter().collect()
}

async fn list(pair: &mut Pair, draw: &mut Draw) {
    let (filter, size) = (filter(draw), draw.limit().clamp(1, 1_000));
    let order = draw.of(&[
        ProductSort::Newest,
        ProductSort::Oldest,
        ProductSort::PriceAsc,
        ProductSort::PriceDesc,
        ProductSort::Title,
    ]);
    let place = draw.maybe(|draw| place(draw, order));
    reads!(pair, listing::list(&filter, order, place.as_ref(), size) => |page| (page.items, page.next_cursor));
}

fn filter(draw: &mut Draw) -> Filter {
    let bound = |draw: &mut Draw| if draw.one_in(4) { Some(draw.between(-1, 31)) } else { None };
    Filter {
        asker: draw.maybe(Draw::few),
        sees_all: draw.one_in(4),
        listing: draw.of(&[Listing::Active, Listing::Active, Listing::Draft, Listing::Archived]),
        with_drafts: draw.one_in(4),
        available: if draw.one_in(3) { Some(draw.coin()) } else { None },
        seller: if draw.one_in(5) { Some(draw.few()) } else { None },
        category: if draw.one_in(5) { Some(draw.few()) } else { None },
        min_price: bound(draw),
        max_price: bound(draw),
        words: words(draw),
    }
}

/// Up to ten words or parts of words, in the form that is searched; mostly none or one.
fn words(draw: &mut Draw) -> String {
    let most = draw.of(&[0, 0, 1, 1, 2, 10]);
    let part = |draw: &mut Draw| {
        let word = searchable(&draw.text());
        let (skip, take) = (draw.below(3), 1 + draw.below(6));
        word.chars().skip(skip).take(take).collect::<String>()
    };
    draw.several(most, part).join(" ")
}

fn place(draw: &mut Draw, order: ProductSort) -> Place {
    let key = match order {
        ProductSort::Title => Key::Text(searchable(&draw.text())),
        ProductSort::Newest | ProductSort::Oldest => Key::Number(draw.at().as_micros()),
        _ => Key::Number(draw.between(0, 31)),
    };
    let end = draw.of(&[i64::MIN, i64::MAX]);
    let key = if matches!(key, Key::Number(_)) && draw.one_in(8) { Key::Number(end) } else { key };
    Place { key, id: draw.cursor() }
}

async fn category(pair: &mut Pair, draw: &mut Draw) {
    let id: CategoryId = draw.among(12);
    let category = Category { id, parent_id: draw.maybe(|draw| draw.among(12)), name: draw.text() };
    match draw.below(8) {
        0..2 => drop(writes!(pair, categories::insert(&category))),
        2 => drop(writes!(pair, categories::save(&category))),
        3 => drop(writes!(pair, categories::delete(id))),
        4 => {
            reads!(pair, categories::find(id));
            writes!(pair, categories::find(id));
        }
        5 => {
            let lower: CategoryId = draw.among(12);
            reads!(pair, categories::is_below(id, lower));
            writes!(pair, categories::is_below(id, lower));
        }
        6 => drop(writes!(pair, categories::hold_all())),
        _ => {
            let (after, after_id, limit) = (categories::name_key(&draw.text()), draw.cursor(), draw.limit());
            reads!(pair, categories::list(&after, after_id, limit));
        }
    }
}

async fn movement(pair: &mut Pair, draw: &mut Draw) {
    use MovementKind::{Adjust, Initial, Release, Reserve, Sale, Set};
    let of = Record { id: draw.among(30), ..record(draw) };
    if draw.coin() {
        let moved = Moved {
            kind: draw.of(&[Initial, Set, Adjust, Reserve, Release, Sale]),
            delta: draw.between(-9, 9),
            after: of.stock,
        };
        let of = Record { rev: draw.between(1, 20), ..of };
        let (id, reason): (MovementId, _) = (draw.id(), draw.maybe(Draw::text));
        writes!(pair, movements::append(&of, id, moved, reason.as_deref()));
    } else {
        let before = draw.of(&[i64::MAX, 0, of.rev, 10]);
        let limit = draw.limit();
        reads!(pair, movements::list(of.id, before, limit));
    }
}
