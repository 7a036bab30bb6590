//! Money: integer minor units of an ISO 4217 currency. No floats anywhere.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The largest amount: 2^53 − 1 minor units, the last integer that every JSON reader keeps exact.
pub const MAX_AMOUNT: i64 = (1 << 53) - 1;

/// The text is no ISO 4217 currency code in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code in upper case, like MYR")]
pub struct InvalidCurrency;

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Malaysian ringgit, the currency of the examples.
    pub const MYR: Self = Self(iso_currency::Currency::MYR);

    /// The three-letter code, in upper case.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits the minor unit has: 2 for MYR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;
    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        iso_currency::Currency::from_code(text).filter(|c| c.code() == text).map(Self).ok_or(InvalidCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

    impl utoipa::PartialSchema for super::Currency {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[A-Z]{3}$"))
                .description(Some("ISO 4217 code in upper case"))
                .examples(["MYR"])
                .into()
        }
    }
    impl utoipa::ToSchema for super::Currency {}

    /// An amount of money where a price is asked for: at least one minor unit.
    #[derive(utoipa::ToSchema)]
    #[expect(dead_code, reason = "a description of the Money for which is_price holds; nothing is made of it")]
    pub struct Price {
        /// Minor units, 1 to 2^53 − 1.
        #[schema(minimum = 1, maximum = 9007199254740991_i64, example = 12500)]
        amount: i64,
        /// The currency.
        currency: super::Currency,
    }
}
#[cfg(feature = "openapi")]
pub(crate) use self::openapi::Price;

/// An amount of money in minor units (sen, cents).
///
/// Reading from JSON accepts integers from 0 to 2^53 − 1; whoever asks for a price checks for at
/// least 1 with [`Money::is_price`].
///
/// ```
/// use blytz_core::{Currency, Money};
/// let price: Money = serde_json::from_str(r#"{"amount": 12500, "currency": "MYR"}"#)?;
/// assert_eq!(price, Money::new(12_500, Currency::MYR));
/// assert_eq!(price.to_string(), "MYR 125.00");
/// assert!(serde_json::from_str::<Money>(r#"{"amount": 125.0, "currency": "MYR"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units, 0 to 2^53 − 1.
    #[serde(deserialize_with = "amount")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9007199254740991_i64, example = 12500))]
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let amount = i64::deserialize(deserializer)?;
    if (0..=MAX_AMOUNT).contains(&amount) {
        Ok(amount)
    } else {
        Err(de::Error::custom("an amount is an integer of minor units from 0 to 9007199254740991"))
    }
}

impl Money {
    /// `amount` minor units of `currency`.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Whether this can be a price: 1 to 2^53 − 1 minor units.
    pub const fn is_price(self) -> bool {
        1 <= self.amount && self.amount <= MAX_AMOUNT
    }

    /// The amount in major units with all digits of the currency, without its code: `125.00`.
    pub fn to_decimal(self) -> String {
        let exponent = self.currency.exponent() as usize;
        if exponent == 0 {
            return self.amount.to_string();
        }
        let scale = 10_i64.pow(exponent as u32);
        let sign = if self.amount < 0 { "-" } else { "" };
        let magnitude = self.amount.unsigned_abs();
        let scale = scale.unsigned_abs();
        format!("{sign}{}.{:0exponent$}", magnitude / scale, magnitude % scale)
    }

    /// Reads major units as a person types them: `125`, `125.5` or `125.00` (no more digits than
    /// the currency has). The way back from [`Money::to_decimal`].
    ///
    /// ```
    /// use blytz_core::{Currency, Money};
    /// let yen: Currency = "JPY".parse()?;
    /// assert_eq!(Money::parse_decimal("125", yen), Ok(Money::new(125, yen)));
    /// let wrong = Money::parse_decimal("125.50", yen).expect_err("sen are gone");
    /// assert_eq!(wrong.to_string(), "not an amount of JPY, which has no decimals, like 125");
    /// # Ok::<(), blytz_core::money::InvalidCurrency>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidAmount`] for anything else, and for amounts beyond 2^53 − 1 minor units.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, InvalidAmount> {
        let exponent = currency.exponent() as usize;
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let well_formed = !whole.is_empty()
            && digits(whole)
            && digits(fraction)
            && fraction.len() <= exponent
            && !text.trim().ends_with('.');
        let invalid = InvalidAmount { currency };
        if !well_formed {
            return Err(invalid);
        }
        let amount = format!("{whole}{fraction:0<exponent$}").parse().map_err(|_| invalid)?;
        if (0..=MAX_AMOUNT).contains(&amount) { Ok(Self { amount, currency }) } else { Err(invalid) }
    }

    /// An amount to show how one is written in this currency: 125.50, 125 yen, 125.500 dinars.
    pub fn example(currency: Currency) -> Self {
        let scale = 10_i64.pow(currency.exponent());
        Self { amount: 125 * scale + scale / 2, currency }
    }
}

/// The text is no amount of money as [`Money::parse_decimal`] reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidAmount {
    /// The currency that it was to be in.
    pub currency: Currency,
}

impl fmt::Display for InvalidAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.currency;
        let example = Money::example(currency).to_decimal();
        match currency.exponent() {
            0 => write!(f, "not an amount of {currency}, which has no decimals, like {example}"),
            digits => write!(f, "not an amount of {currency} with up to {digits} decimals, like {example}"),
        }
    }
}

impl std::error::Error for InvalidAmount {}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.to_decimal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_minor_units_are_read() {
        for bad in [
            r#"{"amount": 1.0, "currency": "MYR"}"#,
            r#"{"amount": 1e3, "currency": "MYR"}"#,
            r#"{"amount": "1", "currency": "MYR"}"#,
            r#"{"amount": -1, "currency": "MYR"}"#,
            r#"{"amount": 9007199254740992, "currency": "MYR"}"#,
            r#"{"amount": 1, "currency": "myr"}"#,
            r#"{"amount": 1, "currency": "XYZW"}"#,
            r#"{"amount": 1, "currency": "MYR", "extra": 1}"#,
            r#"{"amount": 1, "amount": 2, "currency": "MYR"}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn decimals_follow_the_currency() {
        let code = |text: &str| text.parse::<Currency>().expect("a currency");
        assert_eq!(Money::new(5, Currency::MYR).to_decimal(), "0.05");
        assert_eq!(Money::new(1500, code("JPY")).to_decimal(), "1500");
        assert_eq!(Money::new(1500, code("KWD")).to_decimal(), "1.500");
        assert_eq!(Money::parse_decimal("125.5", Currency::MYR), Ok(Money::new(12_550, Currency::MYR)));
        for bad in ["", ".", "1.", "1.234", "-1", "1e3", "1,000", "99999999999999999999"] {
            assert_eq!(
                Money::parse_decimal(bad, Currency::MYR),
                Err(InvalidAmount { currency: Currency::MYR }),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_hint_is_in_the_currencys_own_form() {
        for (code, example, says) in [
            ("MYR", "125.50", "not an amount of MYR with up to 2 decimals, like 125.50"),
            ("JPY", "125", "not an amount of JPY, which has no decimals, like 125"),
            ("KWD", "125.500", "not an amount of KWD with up to 3 decimals, like 125.500"),
        ] {
            let currency: Currency = code.parse().expect("a currency");
            assert_eq!(Money::example(currency).to_decimal(), example);
            // What is said to be right is.
            assert_eq!(Money::parse_decimal(example, currency), Ok(Money::example(currency)));
            assert_eq!(Money::parse_decimal("dear", currency).expect_err("no amount").to_string(), says);
        }
    }
}
