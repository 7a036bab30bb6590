//! Values as they are typed on the command line.

use std::{fs, io::Read};

use blytz_client::{
    Error, all_pages,
    wire::{Check, Page, auction::RulesInput, check},
};
use blytz_core::{Currency, Money, Timestamp, auction::Rules};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;

use crate::{error::Failure, progress, text};

/// Reads one of the API's words, such as `sold_out`.
pub fn words<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|word| serde_json::from_value::<T>(serde_json::Value::String(word)))
}

/// Reads a length of time in milliseconds: `90` (seconds), `90s`, `250ms`, `1h30m`.
pub fn millis(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no length of time, like 90s, 250ms or 1h30m");
    let mut rest = text.trim();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let unit = match &rest[..letters] {
            "ms" => 1,
            // A bare number is seconds, but `1h30` could be anything.
            "" if total == 0 && rest.is_empty() => 1_000,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        rest = &rest[letters..];
        total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
    }
    if text.trim().is_empty() { Err(wrong()) } else { Ok(total) }
}

/// A moment as people read it: to the second, in UTC.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let (seconds, _) = text.split_once('.').unwrap_or((&text, ""));
    format!("{}Z", seconds.replace('T', " "))
}

/// Reads an amount in major units, such as 12.50.
pub fn money(flag: &str, text: &str, currency: Currency) -> Result<Money, Failure> {
    Money::parse_decimal(text, currency).map_err(|error| Failure::usage(format!("{flag} {text} is {error}.")))
}

/// Checks a request by the server's own rules before it is sent.
pub fn checked<T: Check>(request: T) -> Result<T, Failure> {
    let Err(faults) = check(&request) else { return Ok(request) };
    let sentences: Vec<_> = faults
        .iter()
        .map(|fault| format!("{} {}", fault.pointer.trim_start_matches('/'), fault.detail).trim().to_owned())
        .collect();
    Err(Failure::usage(sentences.join("; ")))
}

/// The rules, if they are right.
pub fn checked_rules(input: &RulesInput) -> Result<Rules, String> {
    Rules::try_from(input).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect();
        faults.join("; ")
    })
}

/// The text of a file, or of stdin for `-`; in UTF-16, too, as some shells write what is sent to a file.
pub fn read_text(path: &str) -> Result<String, Failure> {
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else {
        fs::read(path).map_err(|error| Failure::failed(format!("{path} can't be read: {error}.")))?
    };
    text::decode(bytes).map_err(|error| Failure::failed(format!("{path} can't be read: {error}.")))
}

/// Which part of a list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Paging {
    /// Items per page, 1 to 100
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Where to go on, as the page before said
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    /// All pages
    #[arg(long, conflicts_with_all = ["limit", "cursor"])]
    pub all: bool,
}

impl Paging {
    /// The page asked for, or all of them as one.
    pub async fn fetch<T, F, Fut>(&self, mut fetch: F) -> Result<Page<T>, Error>
    where
        F: FnMut(Option<String>, Option<u32>) -> Fut,
        Fut: Future<Output = Result<Page<T>, Error>>,
    {
        if self.all {
            let items = every(|cursor| fetch(cursor, Some(100))).await?;
            return Ok(Page { items, next_cursor: None });
        }
        fetch(self.cursor.clone(), self.limit).await
    }
}

/// The items of all pages, counted where somebody watches.
pub async fn every<T, F, Fut>(mut fetch: F) -> Result<Vec<T>, Error>
where
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>, Error>>,
{
    let spinner = progress::spinner("read");
    let items = all_pages(|cursor| {
        let page = fetch(cursor);
        async {
            let page = page.await?;
            spinner.inc(page.items.len() as u64);
            Ok(page)
        }
    })
    .await;
    spinner.finish_and_clear();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expected) in
            [("90", 90_000), ("90s", 90_000), ("250ms", 250), ("1h30m", 5_400_000), ("2d", 172_800_000), ("0", 0)]
        {
            assert_eq!(millis(text), Ok(expected), "{text}");
        }
        for wrong in ["", "s", "1h30", "-5s", "1.5s", "5 s", "99999999999999999999d", "9999999999999999d", "5é"] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_major_units() {
        assert_eq!(money("--amount", "12.5", Currency::MYR).expect("valid"), Money::new(1250, Currency::MYR));
        let error = money("--amount", "12,50", Currency::MYR).expect_err("a comma").to_string();
        assert_eq!(error, "--amount 12,50 is not an amount of MYR with up to 2 decimals, like 125.50.");
    }
}
