//! The show's catalogue: `fixtures/demo/show.toml`, read and turned into what the API takes.

use std::collections::HashMap;

use anyhow::Context;
use blytz_client::wire::{
    auction::{
        BelowReserve, Dutch, Format, Increment, IncrementRow, NamedIncrement, RulesInput, SoftClose, SoftCloseMode,
    },
    product::ProductInput,
};
use blytz_core::{CategoryId, Currency, Money};
use serde::Deserialize;

use super::{mind::Temperament, pace::Pace};

const TEXT: &str = include_str!("../../../../fixtures/demo/show.toml");

/// So many units of each thing are in stock: a show that starts over sells them again.
const UNITS: i64 = 1_000;

/// A show, ready to run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    #[serde(rename = "show")]
    pub head: Head,
    #[serde(rename = "lot")]
    pub lots: Vec<Lot>,
    #[serde(rename = "bidder")]
    pub cast: Vec<Part>,
    #[serde(rename = "seller")]
    pub patter: Patter,
    /// What is said, by temperament.
    pub chat: HashMap<Temperament, Lines>,
}

/// What holds for the whole show.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub title: String,
    /// The seller's name.
    pub seller: String,
    #[serde(rename = "currency", deserialize_with = "currency")]
    pub currency: Currency,
    /// Seconds between two lots.
    pub pause: f64,
    /// Seconds from opening to close, unless a lot says otherwise.
    duration: f64,
    soft_close: SoftCloseTimes,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct SoftCloseTimes {
    trigger: f64,
    extend: f64,
    most: f64,
}

/// Something that is sold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    pub title: String,
    pub category: String,
    description: String,
    #[serde(default)]
    format: Option<Format>,
    starting_price: String,
    increment: Option<Step>,
    reserve_price: Option<String>,
    buy_now_price: Option<String>,
    below_reserve: Option<BelowReserve>,
    duration: Option<f64>,
    soft_close: Option<bool>,
    dutch: Option<Fall>,
    estimate: (String, String),
    weight_g: u32,
    tags: Vec<String>,
}

/// How bids step.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Step {
    /// A table's name, or a fixed step.
    Word(String),
    Rows(Vec<(String, String)>),
}

/// How a Dutch price falls.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fall {
    step: String,
    interval: f64,
    floor: String,
}

/// One of the bidders.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    pub temperament: Temperament,
    /// Categories that are worth more to them.
    pub keen: Vec<String>,
}

/// What the seller says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patter {
    pub opening: Vec<String>,
    pub sold: Vec<String>,
    pub unsold: Vec<String>,
    pub goodbye: Vec<String>,
}

/// What bidders of one temperament say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    pub opened: Vec<String>,
    pub outbid: Vec<String>,
    pub won: Vec<String>,
    pub extended: Vec<String>,
    pub idle: Vec<String>,
}

impl Show {
    /// The show that is compiled in.
    pub fn load() -> anyhow::Result<Self> {
        toml::from_str(TEXT).context("fixtures/demo/show.toml")
    }

    /// The categories, each once, in the order of the lots.
    pub fn categories(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for lot in &self.lots {
            if !names.contains(&lot.category.as_str()) {
                names.push(&lot.category);
            }
        }
        names
    }

    /// A lot's product, as its seller enters it.
    pub fn product(&self, lot: &Lot, category: Option<CategoryId>) -> anyhow::Result<ProductInput> {
        let (low, high) = self.estimate(lot)?;
        Ok(ProductInput {
            title: lot.title.clone(),
            description: format!("{} Estimate {low} to {high}.", lot.description),
            price: high,
            quantity: UNITS,
            category_id: category,
            weight_g: Some(lot.weight_g),
            images: None,
            tax_class: None,
            tags: Some(lot.tags.clone()),
            sku: None,
            status: None,
        })
    }

    /// What a lot is thought to bring, from and to.
    pub fn estimate(&self, lot: &Lot) -> anyhow::Result<(Money, Money)> {
        Ok((self.money(&lot.estimate.0)?, self.money(&lot.estimate.1)?))
    }

    /// A lot's rules, at a pace.
    pub fn rules(&self, lot: &Lot, pace: Pace) -> anyhow::Result<RulesInput> {
        let format = lot.format.unwrap_or(Format::English);
        let english = format == Format::English;
        let soft = self.head.soft_close;
        Ok(RulesInput {
            format,
            currency: self.head.currency,
            starting_price: self.money(&lot.starting_price)?,
            reserve_price: self.optional(lot.reserve_price.as_deref())?,
            buy_now_price: self.optional(lot.buy_now_price.as_deref())?,
            increment: lot.increment.as_ref().map(|step| self.increment(step)).transpose()?,
            duration_ms: pace.millis(lot.duration.unwrap_or(self.head.duration)),
            below_reserve: lot.below_reserve,
            soft_close: (english && lot.soft_close.unwrap_or(true)).then(|| SoftClose {
                trigger_ms: pace.millis(soft.trigger),
                extend_ms: pace.millis(soft.extend),
                mode: SoftCloseMode::Reset,
                max_total_ms: Some(pace.millis(soft.most)),
            }),
            dutch: lot.dutch.as_ref().map(|fall| self.dutch(fall, pace)).transpose()?,
        })
    }

    fn dutch(&self, fall: &Fall, pace: Pace) -> anyhow::Result<Dutch> {
        let (step, floor) = (self.money(&fall.step)?.amount, self.money(&fall.floor)?);
        Ok(Dutch { step, interval_ms: pace.millis(fall.interval), floor })
    }

    fn increment(&self, step: &Step) -> anyhow::Result<Increment> {
        Ok(match step {
            Step::Word(word) if word == "ebay" => Increment::Named(NamedIncrement::Ebay),
            Step::Word(word) if word == "whatnot" => Increment::Named(NamedIncrement::Whatnot),
            Step::Word(amount) => Increment::Fixed(self.money(amount)?.amount),
            Step::Rows(rows) => {
                let rows = rows.iter().map(|(from, step)| {
                    Ok(IncrementRow { from: self.money(from)?.amount, step: self.money(step)?.amount })
                });
                Increment::Table(rows.collect::<anyhow::Result<_>>()?)
            }
        })
    }

    fn optional(&self, text: Option<&str>) -> anyhow::Result<Option<Money>> {
        text.map(|text| self.money(text)).transpose()
    }

    fn money(&self, text: &str) -> anyhow::Result<Money> {
        Money::parse_decimal(text, self.head.currency).with_context(|| format!("{text:?}"))
    }
}

fn currency<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    Currency::deserialize(deserializer)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use blytz_client::wire::{self, account::SignupRequest, chat::ChatSend};
    use blytz_core::{StreamId, auction::Rules};
    use uuid::Uuid;

    use super::*;

    fn paces() -> [Pace; 3] {
        [0.5, 1.0, 20.0].map(|speed| Pace::new(speed).expect("a speed"))
    }

    #[test]
    fn every_lot_can_be_sold() {
        let show = Show::load().expect("the catalogue parses");
        assert!(show.lots.len() >= 24, "{} lots", show.lots.len());
        assert!(show.categories().len() >= 6, "{:?}", show.categories());
        for lot in &show.lots {
            let product = show.product(lot, None).expect(&lot.title);
            assert_eq!(wire::check(&product), Ok(()), "{}", lot.title);
            for pace in paces() {
                let rules = show.rules(lot, pace).expect(&lot.title);
                Rules::try_from(&rules).unwrap_or_else(|faults| panic!("{}: {faults:?}", lot.title));
            }
            let (low, high) = show.estimate(lot).expect(&lot.title);
            let (low, high) = (low.amount, high.amount);
            let start = show.money(&lot.starting_price).expect(&lot.title).amount;
            let worth_bidding = if lot.dutch.is_some() { high < start } else { start < low };
            assert!(low < high && worth_bidding, "{}: {start} for {low} to {high}", lot.title);
        }
    }

    #[test]
    fn every_kind_of_lot_is_in_it() {
        let show = Show::load().expect("the catalogue parses");
        let formats: HashSet<_> = show.lots.iter().map(|lot| lot.format.unwrap_or(Format::English)).collect();
        assert_eq!(formats.len(), 4, "{formats:?}");
        for (what, has) in [
            ("a reserve", show.lots.iter().any(|lot| lot.reserve_price.is_some())),
            ("buy-now", show.lots.iter().any(|lot| lot.buy_now_price.is_some())),
            ("sudden death", show.lots.iter().any(|lot| lot.soft_close == Some(false))),
            ("a table", show.lots.iter().any(|lot| matches!(lot.increment, Some(Step::Rows(_))))),
        ] {
            assert!(has, "no lot with {what}");
        }
    }

    #[test]
    fn everybody_has_a_name_and_something_to_say() {
        let show = Show::load().expect("the catalogue parses");
        assert!(show.cast.len() >= 12);
        let categories = show.categories();
        for part in &show.cast {
            let signup = SignupRequest {
                email: "bidder@demo.example".to_owned(),
                password: "lelong lelong lelong".to_owned(),
                display_name: part.name.clone(),
            };
            assert_eq!(wire::check(&signup), Ok(()), "{}", part.name);
            assert!(part.keen.iter().all(|keen| categories.contains(&keen.as_str())), "{}", part.name);
            assert!(show.chat.contains_key(&part.temperament), "{}", part.name);
        }
        for lines in show.chat.values() {
            for text in [&lines.opened, &lines.outbid, &lines.won, &lines.extended, &lines.idle].into_iter().flatten() {
                let send = ChatSend { stream_id: StreamId(Uuid::nil()), message_id: None, text: text.clone() };
                assert_eq!(wire::check(&send), Ok(()), "{text}");
            }
        }
    }
}
