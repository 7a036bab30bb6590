//! The rules of one auction, checked: what the engine decides by.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    increment::Steps,
    terms::{EnglishTerms, Pays, Terms},
};
use crate::{
    Currency, Money,
    wire::auction::{BelowReserve, Dutch, Format, ReserveCommitment, ReserveView, RulesInput, RulesView, SoftClose},
};

/// Checked rules. They are made from a [`RulesInput`], and stored as one: with the reserve in
/// clear, so never show the stored form to anybody but the seller and admins.
///
/// ```
/// use blytz_core::{auction::Rules, wire::auction::RulesInput};
/// let stated: RulesInput = serde_json::from_str(r#"{
///     "format": "english", "currency": "MYR", "duration_ms": 60000, "increment": {"fixed": 100},
///     "starting_price": {"amount": 1000, "currency": "MYR"}
/// }"#)?;
/// let rules = Rules::try_from(&stated).expect("nothing is wrong with them");
/// assert_eq!(rules.starting_price().to_string(), "MYR 10.00");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Rules {
    pub(super) currency: Currency,
    pub(super) duration_ms: i64,
    pub(super) terms: Terms,
}

impl Rules {
    /// How the lot is sold.
    pub const fn format(&self) -> Format {
        match &self.terms {
            Terms::English(_) => Format::English,
            Terms::Dutch(_) => Format::Dutch,
            Terms::Sealed(terms) => match terms.pays {
                Pays::OwnBid => Format::SealedFirstPrice,
                Pays::SecondHighest => Format::SealedSecondPrice,
            },
        }
    }

    /// Whether bids stay unseen until the close.
    pub const fn is_sealed(&self) -> bool {
        self.format().is_sealed()
    }

    /// The currency of all amounts.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// `amount` minor units of the rules' currency.
    pub const fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.currency)
    }

    /// The least first bid; for Dutch the price at the opening.
    pub fn starting_price(&self) -> Money {
        let amount = match &self.terms {
            Terms::English(terms) => terms.starting_price,
            Terms::Dutch(terms) => terms.starting_price,
            Terms::Sealed(terms) => terms.starting_price,
        };
        self.money(amount)
    }

    /// From the opening to the close, in milliseconds.
    pub const fn duration_ms(&self) -> i64 {
        self.duration_ms
    }

    /// Not sold below this. Secret until the close.
    pub fn reserve_price(&self) -> Option<Money> {
        let reserve = match &self.terms {
            Terms::English(terms) => terms.reserve,
            Terms::Sealed(terms) => terms.reserve,
            Terms::Dutch(_) => None,
        };
        reserve.map(|amount| self.money(amount))
    }

    /// Sold at once at this price, while buy-now is open.
    pub fn buy_now_price(&self) -> Option<Money> {
        self.english().and_then(|terms| terms.buy_now).map(|amount| self.money(amount))
    }

    /// English: the steps between bids.
    pub fn steps(&self) -> Option<&Steps> {
        self.english().map(|terms| &terms.steps)
    }

    /// English: what happens to a max below the reserve.
    pub fn below_reserve(&self) -> Option<BelowReserve> {
        self.english().map(|terms| terms.below_reserve)
    }

    /// How a late bid moves the close; `None` is sudden death.
    pub fn soft_close(&self) -> Option<&SoftClose> {
        self.english().and_then(|terms| terms.soft_close.as_ref())
    }

    /// Dutch: how the price falls.
    pub fn dutch(&self) -> Option<Dutch> {
        match &self.terms {
            Terms::Dutch(terms) => {
                Some(Dutch { step: terms.step, interval_ms: terms.interval_ms, floor: self.money(terms.floor) })
            }
            Terms::English(_) | Terms::Sealed(_) => None,
        }
    }

    fn english(&self) -> Option<&EnglishTerms> {
        match &self.terms {
            Terms::English(terms) => Some(terms),
            Terms::Dutch(_) | Terms::Sealed(_) => None,
        }
    }

    /// As everybody sees them, with this commitment in the reserve's place. A commitment is shown
    /// only where there is a reserve, and never a reserve without one.
    pub fn view(&self, reserve_commitment: Option<String>) -> RulesView {
        let hidden = |commitment| ReserveView::Hidden(ReserveCommitment { commitment });
        let reserve = self.reserve_price().and(reserve_commitment).map(hidden);
        self.view_with(reserve)
    }

    /// As the seller and admins see them, the reserve in clear.
    pub fn clear_view(&self) -> RulesView {
        self.view_with(self.reserve_price().map(ReserveView::Clear))
    }

    fn view_with(&self, reserve_price: Option<ReserveView>) -> RulesView {
        RulesView {
            format: self.format(),
            currency: self.currency,
            starting_price: self.starting_price(),
            reserve_price,
            buy_now_price: self.buy_now_price(),
            increment: self.steps().map(Steps::view),
            duration_ms: self.duration_ms,
            below_reserve: self.below_reserve(),
            soft_close: self.soft_close().copied(),
            dutch: self.dutch(),
        }
    }
}

impl fmt::Debug for Rules {
    /// Prints whether there is a reserve, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view(Some("***".to_owned())).fmt(f)
    }
}

impl From<&Rules> for RulesInput {
    /// As a seller would state them; the reserve in clear, names expanded.
    fn from(rules: &Rules) -> Self {
        Self {
            format: rules.format(),
            currency: rules.currency,
            starting_price: rules.starting_price(),
            reserve_price: rules.reserve_price(),
            buy_now_price: rules.buy_now_price(),
            increment: rules.steps().map(Steps::view),
            duration_ms: rules.duration_ms,
            below_reserve: rules.below_reserve(),
            soft_close: rules.soft_close().copied(),
            dutch: rules.dutch(),
        }
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RulesInput::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stated = RulesInput::deserialize(deserializer)?;
        Self::try_from(&stated).map_err(|faults| {
            let first = faults.first().map_or_else(String::new, |fault| format!("{}: {}", fault.pointer, fault.detail));
            de::Error::custom(format!("invalid rules: {first}"))
        })
    }
}
