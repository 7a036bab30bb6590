//! Reading the rules that a seller states: all that is wrong with them, each where it is.

use super::{
    increment::Steps,
    rules::Rules,
    terms::{DutchTerms, EnglishTerms, Pays, SealedTerms, Terms},
};
use crate::{
    Money,
    money::MAX_AMOUNT,
    wire::{
        ErrorCode, Faults, FieldError,
        auction::{BelowReserve, Format, Increment, RulesInput},
    },
};

/// The longest duration and the largest `max_total_ms`: 30 days in milliseconds.
const MAX_DURATION_MS: i64 = 2_592_000_000;

/// The largest trigger and extension of a soft close: a day in milliseconds.
const MAX_EXTENSION_MS: i64 = 86_400_000;

impl TryFrom<&RulesInput> for Rules {
    type Error = Vec<FieldError>;

    /// # Errors
    /// Every fault, with its pointer relative to the rules object.
    fn try_from(stated: &RulesInput) -> Result<Self, Vec<FieldError>> {
        let mut faults = Faults::default();
        match read(stated, "", &mut faults) {
            Some(rules) if faults.is_empty() => Ok(rules),
            _ => Err(faults.into_vec()),
        }
    }
}

impl RulesInput {
    /// Adds every fault of these rules to `faults`, as pointers below `pointer`.
    pub fn check_at(&self, pointer: &str, faults: &mut Faults) {
        read(self, pointer, faults);
    }
}

/// Reads all fields, noting every fault. `None` only when something the format needs is unusable;
/// rules returned beside faults must not be used.
fn read(stated: &RulesInput, pointer: &str, faults: &mut Faults) -> Option<Rules> {
    let mut reader = Reader { stated, pointer, faults };
    let starting_price = reader.price("starting_price", stated.starting_price);
    reader.range("duration_ms", stated.duration_ms, 1..=MAX_DURATION_MS);
    reader.unused_fields();
    let terms = match stated.format {
        Format::English => reader.english(starting_price).map(|terms| Terms::English(terms.into())),
        Format::Dutch => reader.dutch(starting_price).map(Terms::Dutch),
        Format::SealedFirstPrice => Some(Terms::Sealed(reader.sealed(starting_price, Pays::OwnBid))),
        Format::SealedSecondPrice => Some(Terms::Sealed(reader.sealed(starting_price, Pays::SecondHighest))),
    };
    Some(Rules { currency: stated.currency, duration_ms: stated.duration_ms, terms: terms? })
}

struct Reader<'a> {
    stated: &'a RulesInput,
    pointer: &'a str,
    faults: &'a mut Faults,
}

impl Reader<'_> {
    fn at(&self, field: &str) -> String {
        format!("{}/{field}", self.pointer)
    }

    fn invalid(&mut self, field: &str, detail: impl Into<String>) {
        let pointer = self.at(field);
        self.faults.invalid(pointer, detail);
    }

    fn range(&mut self, field: &str, value: i64, range: std::ops::RangeInclusive<i64>) {
        if !range.contains(&value) {
            self.invalid(field, format!("must be {} to {}", range.start(), range.end()));
        }
    }

    /// A price of at least one minor unit in the rules' currency.
    fn price(&mut self, field: &str, money: Money) -> i64 {
        if !money.is_price() {
            self.invalid(&format!("{field}/amount"), "must be 1 to 9007199254740991 minor units");
        }
        if money.currency != self.stated.currency {
            let pointer = self.at(&format!("{field}/currency"));
            let detail = format!("must be {} as the rules' currency", self.stated.currency);
            self.faults.add(pointer, ErrorCode::CurrencyMismatch, detail);
        }
        money.amount
    }

    /// Fields that the format does not use must be absent or null.
    fn unused_fields(&mut self) {
        use Format::{Dutch, English, SealedFirstPrice, SealedSecondPrice};
        let stated = self.stated;
        let fields: [(&str, bool, &[Format]); 6] = [
            ("reserve_price", stated.reserve_price.is_some(), &[English, SealedFirstPrice, SealedSecondPrice]),
            ("buy_now_price", stated.buy_now_price.is_some(), &[English]),
            ("increment", stated.increment.is_some(), &[English]),
            ("below_reserve", stated.below_reserve.is_some(), &[English]),
            ("soft_close", stated.soft_close.is_some(), &[English]),
            ("dutch", stated.dutch.is_some(), &[Dutch]),
        ];
        for (field, given, used_by) in fields {
            if given && !used_by.contains(&stated.format) {
                self.invalid(field, "must be null or absent: this format does not use it");
            }
        }
    }

    fn reserve(&mut self, starting_price: i64) -> Option<i64> {
        let reserve = self.stated.reserve_price?;
        let amount = self.price("reserve_price", reserve);
        if amount < starting_price {
            self.invalid("reserve_price/amount", "must not be below the starting price");
        }
        Some(amount)
    }

    fn english(&mut self, starting_price: i64) -> Option<EnglishTerms> {
        let reserve = self.reserve(starting_price);
        let buy_now = self.buy_now(starting_price, reserve);
        self.soft_close();
        let steps = self.steps();
        Some(EnglishTerms {
            starting_price,
            reserve,
            buy_now,
            steps: steps?,
            below_reserve: self.stated.below_reserve.unwrap_or(BelowReserve::Proxy),
            soft_close: self.stated.soft_close,
        })
    }

    fn buy_now(&mut self, starting_price: i64, reserve: Option<i64>) -> Option<i64> {
        let amount = self.price("buy_now_price", self.stated.buy_now_price?);
        if amount <= starting_price {
            self.invalid("buy_now_price/amount", "must be above the starting price");
        }
        if reserve.is_some_and(|reserve| amount < reserve) {
            self.invalid("buy_now_price/amount", "must not be below the reserve");
        }
        Some(amount)
    }

    fn steps(&mut self) -> Option<Steps> {
        let stated: Option<&Increment> = self.stated.increment.as_ref();
        let Some(increment) = stated else {
            self.invalid("increment", "is required for an English auction");
            return None;
        };
        let pointer = self.at("increment");
        Steps::check(increment, &pointer, self.faults)
    }

    fn soft_close(&mut self) {
        let Some(soft_close) = self.stated.soft_close else { return };
        self.range("soft_close/trigger_ms", soft_close.trigger_ms, 1..=MAX_EXTENSION_MS);
        self.range("soft_close/extend_ms", soft_close.extend_ms, 1..=MAX_EXTENSION_MS);
        if let Some(max_total_ms) = soft_close.max_total_ms {
            self.range("soft_close/max_total_ms", max_total_ms, 0..=MAX_DURATION_MS);
        }
    }

    fn dutch(&mut self, starting_price: i64) -> Option<DutchTerms> {
        let Some(dutch) = self.stated.dutch else {
            self.invalid("dutch", "is required for a Dutch auction");
            return None;
        };
        self.range("dutch/step", dutch.step, 1..=MAX_AMOUNT);
        self.range("dutch/interval_ms", dutch.interval_ms, 1..=MAX_DURATION_MS);
        let floor = self.price("dutch/floor", dutch.floor);
        if floor > starting_price {
            self.invalid("dutch/floor/amount", "must not be above the starting price");
        }
        Some(DutchTerms { starting_price, step: dutch.step, interval_ms: dutch.interval_ms, floor })
    }

    fn sealed(&mut self, starting_price: i64, pays: Pays) -> SealedTerms {
        SealedTerms { starting_price, reserve: self.reserve(starting_price), pays }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn money(amount: i64) -> Value {
        json!({"amount": amount, "currency": "MYR"})
    }

    fn english() -> Value {
        json!({
            "format": "english", "currency": "MYR", "starting_price": money(1_000), "reserve_price": money(5_000),
            "buy_now_price": money(9_000), "increment": {"fixed": 100}, "duration_ms": 60_000,
            "below_reserve": "full",
            "soft_close": {"trigger_ms": 10_000, "extend_ms": 10_000, "mode": "add", "max_total_ms": null},
        })
    }

    fn dutch() -> Value {
        json!({
            "format": "dutch", "currency": "MYR", "starting_price": money(1_000), "duration_ms": 60_000,
            "dutch": {"step": 100, "interval_ms": 1_000, "floor": money(500)},
        })
    }

    fn sealed() -> Value {
        json!({
            "format": "sealed_second_price", "currency": "MYR", "starting_price": money(1_000),
            "reserve_price": money(1_000), "duration_ms": 60_000,
        })
    }

    /// The pointers and codes of the faults of these rules with one value changed.
    fn faults(mut rules: Value, pointer: &str, value: Value) -> Vec<(String, ErrorCode)> {
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        rules.pointer_mut(parent).expect("it is there")[field] = value;
        let stated: RulesInput = serde_json::from_value(rules).expect("well-formed rules");
        let faults = Rules::try_from(&stated).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn every_fault_is_named_where_it_is() {
        use ErrorCode::{CurrencyMismatch, ValidationFailed};
        let invalid = ValidationFailed;
        let dollars = json!({"amount": 6_000, "currency": "USD"});
        let table = [
            (english(), "/starting_price/amount", json!(0), "/starting_price/amount", invalid),
            (english(), "/starting_price", dollars.clone(), "/starting_price/currency", CurrencyMismatch),
            (english(), "/reserve_price", dollars.clone(), "/reserve_price/currency", CurrencyMismatch),
            (english(), "/reserve_price", money(999), "/reserve_price/amount", invalid),
            (english(), "/buy_now_price", money(4_999), "/buy_now_price/amount", invalid),
            (english(), "/buy_now_price", money(1_000), "/buy_now_price/amount", invalid),
            (english(), "/increment", Value::Null, "/increment", invalid),
            (english(), "/increment", json!({"fixed": 0}), "/increment/fixed", invalid),
            (english(), "/increment", json!({"table": [{"from": 1, "step": 1}]}), "/increment/table/0/from", invalid),
            (english(), "/duration_ms", json!(0), "/duration_ms", invalid),
            (english(), "/duration_ms", json!(2_592_000_001_i64), "/duration_ms", invalid),
            (english(), "/soft_close/trigger_ms", json!(0), "/soft_close/trigger_ms", invalid),
            (english(), "/soft_close/extend_ms", json!(86_400_001), "/soft_close/extend_ms", invalid),
            (english(), "/soft_close/max_total_ms", json!(-1), "/soft_close/max_total_ms", invalid),
            (english(), "/dutch", dutch()["dutch"].clone(), "/dutch", invalid),
            (dutch(), "/dutch", Value::Null, "/dutch", invalid),
            (dutch(), "/dutch/step", json!(0), "/dutch/step", invalid),
            (dutch(), "/dutch/interval_ms", json!(0), "/dutch/interval_ms", invalid),
            (dutch(), "/dutch/floor", money(0), "/dutch/floor/amount", invalid),
            (dutch(), "/dutch/floor", money(1_001), "/dutch/floor/amount", invalid),
            (dutch(), "/reserve_price", money(1_000), "/reserve_price", invalid),
            (dutch(), "/increment", json!({"fixed": 1}), "/increment", invalid),
            (sealed(), "/buy_now_price", money(9_000), "/buy_now_price", invalid),
            (sealed(), "/below_reserve", json!("proxy"), "/below_reserve", invalid),
            (sealed(), "/soft_close", english()["soft_close"].clone(), "/soft_close", invalid),
        ];
        for (rules, changed, value, pointer, code) in table {
            let found = faults(rules, changed, value);
            assert!(found.contains(&(pointer.to_owned(), code)), "{changed}: {found:?}");
        }
    }

    #[test]
    fn limits_themselves_are_valid() {
        for (rules, changed, value) in [
            (english(), "/reserve_price", money(1_000)),
            (english(), "/reserve_price", Value::Null),
            (english(), "/buy_now_price", money(5_000)),
            (english(), "/duration_ms", json!(2_592_000_000_i64)),
            (english(), "/soft_close/max_total_ms", json!(0)),
            (english(), "/soft_close", Value::Null),
            (english(), "/increment", json!({"named": "ebay"})),
            (dutch(), "/dutch/floor", money(1_000)),
            (dutch(), "/reserve_price", Value::Null),
            (sealed(), "/reserve_price", Value::Null),
        ] {
            assert_eq!(faults(rules, changed, value.clone()), [], "{changed} {value}");
        }
    }

    #[test]
    fn checked_rules_survive_storage_and_hide_their_reserve() {
        for rules in [english(), dutch(), sealed()] {
            let rules: Rules = serde_json::from_value(rules).expect("valid rules");
            let stored = serde_json::to_string(&rules).expect("rules are JSON");
            assert_eq!(serde_json::from_str::<Rules>(&stored).expect("what was written"), rules);
            assert!(!format!("{rules:?}").contains("5000"));
        }
        assert!(serde_json::from_value::<Rules>(json!({"format": "english"})).is_err());
    }
}
