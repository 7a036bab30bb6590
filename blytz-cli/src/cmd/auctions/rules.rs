//! An auction's rules as flags, or as JSON from a file.

use blytz_client::wire::auction::{
    BelowReserve, Dutch, Format, Increment, IncrementRow, NamedIncrement, RulesInput, SoftClose, SoftCloseMode,
};
use blytz_core::Currency;

use crate::{
    error::Failure,
    values::{millis, money, read_text, words},
};

/// How a lot is sold.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Rules")]
pub struct RulesArgs {
    /// All rules as JSON, as the API has them; `-` for stdin
    #[arg(long, value_name = "FILE", required_unless_present = "starting_price", conflicts_with = "starting_price")]
    rules: Option<String>,
    /// How the lot is sold [default: english]
    #[arg(long, conflicts_with = "rules",
        value_parser = words::<Format>(&["english", "dutch", "sealed_first_price", "sealed_second_price"]))]
    format: Option<Format>,
    /// The currency of all amounts [default: the product's]
    #[arg(long, conflicts_with = "rules")]
    pub currency: Option<Currency>,
    /// The least first bid; for Dutch the price at the opening
    #[arg(long, value_name = "AMOUNT", conflicts_with = "rules")]
    starting_price: Option<String>,
    /// Not sold below this; only you see it
    #[arg(long, value_name = "AMOUNT", conflicts_with = "rules")]
    reserve_price: Option<String>,
    /// Sold at once at this price, until the first bid
    #[arg(long, value_name = "AMOUNT", conflicts_with = "rules")]
    buy_now_price: Option<String>,
    /// By how much a bid must beat the price: an amount, ebay, whatnot, or a table such as
    /// 0:0.50,10:1 [default: 1]
    #[arg(long, value_name = "STEP", conflicts_with = "rules")]
    increment: Option<String>,
    /// From the opening to the close [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = millis, conflicts_with = "rules")]
    duration: Option<i64>,
    /// What happens to a max below the reserve [default: proxy]
    #[arg(long, value_name = "HOW", value_parser = words::<BelowReserve>(&["proxy", "full"]), conflicts_with = "rules")]
    below_reserve: Option<BelowReserve>,
    /// A bid with less than this left moves the close; none is sudden death [default: 10s]
    #[arg(long, value_name = "TIME|none", conflicts_with = "rules")]
    soft_close: Option<String>,
    /// By or to how much time [default: the same]
    #[arg(long, value_name = "TIME", value_parser = millis, conflicts_with = "rules")]
    soft_close_extend: Option<i64>,
    /// Whether the time left becomes that much, or that much more [default: reset]
    #[arg(long, value_name = "HOW", value_parser = words::<SoftCloseMode>(&["reset", "add"]), conflicts_with = "rules")]
    soft_close_mode: Option<SoftCloseMode>,
    /// The most that all extensions together may add [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = millis, conflicts_with = "rules")]
    soft_close_cap: Option<i64>,
    /// Dutch: by how much the price falls
    #[arg(long, value_name = "AMOUNT", conflicts_with = "rules")]
    dutch_step: Option<String>,
    /// Dutch: how often [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = millis, conflicts_with = "rules")]
    dutch_every: Option<i64>,
    /// Dutch: the price never falls below this
    #[arg(long, value_name = "AMOUNT", conflicts_with = "rules")]
    dutch_floor: Option<String>,
}

impl RulesArgs {
    /// The rules of `--rules`, if they are given so.
    pub fn file(&self) -> Result<Option<RulesInput>, Failure> {
        self.rules.as_deref().map(read_file).transpose()
    }

    /// The rules that the flags say, with amounts in `currency`.
    pub fn read(&self, currency: Currency) -> Result<RulesInput, Failure> {
        let amount =
            |flag: &str, text: &Option<String>| text.as_deref().map(|text| money(flag, text, currency)).transpose();
        let format = self.format.unwrap_or(Format::English);
        let english = format == Format::English;
        let starting_price = amount("--starting-price", &self.starting_price)?
            .ok_or_else(|| Failure::usage("--starting-price is missing."))?;
        // A flag that the format does not know is passed on, so that the rules' own check names it.
        let increment = self.increment.as_deref().or(english.then_some("1"));
        Ok(RulesInput {
            format,
            currency,
            starting_price,
            reserve_price: amount("--reserve-price", &self.reserve_price)?,
            buy_now_price: amount("--buy-now-price", &self.buy_now_price)?,
            increment: increment.map(|text| read_increment(text, currency)).transpose()?,
            duration_ms: self.duration.unwrap_or(60_000),
            below_reserve: self.below_reserve,
            soft_close: self.soft_close(english)?,
            dutch: self.dutch(format, currency)?,
        })
    }

    fn soft_close(&self, english: bool) -> Result<Option<SoftClose>, Failure> {
        let trigger = self.soft_close.as_deref().or(english.then_some("10s"));
        let Some(trigger) = trigger.filter(|text| *text != "none") else { return Ok(None) };
        let trigger_ms = millis(trigger).map_err(|error| Failure::usage(format!("--soft-close: {error}")))?;
        Ok(Some(SoftClose {
            trigger_ms,
            extend_ms: self.soft_close_extend.unwrap_or(trigger_ms),
            mode: self.soft_close_mode.unwrap_or(SoftCloseMode::Reset),
            max_total_ms: self.soft_close_cap,
        }))
    }

    fn dutch(&self, format: Format, currency: Currency) -> Result<Option<Dutch>, Failure> {
        let given = self.dutch_step.is_some() || self.dutch_every.is_some() || self.dutch_floor.is_some();
        if format != Format::Dutch && !given {
            return Ok(None);
        }
        let amount = |flag: &str, text: &Option<String>| match text {
            Some(text) => money(flag, text, currency),
            None => Err(Failure::usage(format!("{flag} is missing; a Dutch auction needs it."))),
        };
        Ok(Some(Dutch {
            step: amount("--dutch-step", &self.dutch_step)?.amount,
            interval_ms: self.dutch_every.unwrap_or(1_000),
            floor: amount("--dutch-floor", &self.dutch_floor)?,
        }))
    }
}

/// Rules as JSON.
pub fn read_file(path: &str) -> Result<RulesInput, Failure> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{path} holds no rules: {error}")))
}

fn read_increment(text: &str, currency: Currency) -> Result<Increment, Failure> {
    const FLAG: &str = "--increment";
    match text {
        "ebay" => return Ok(Increment::Named(NamedIncrement::Ebay)),
        "whatnot" => return Ok(Increment::Named(NamedIncrement::Whatnot)),
        _ if !text.contains(':') => return Ok(Increment::Fixed(money(FLAG, text, currency)?.amount)),
        _ => {}
    }
    let row = |part: &str| {
        let wrong = || Failure::usage(format!("{FLAG}: {part:?} is no row like 10:0.50"));
        let (from, step) = part.split_once(':').ok_or_else(wrong)?;
        let amount = |text: &str| money(FLAG, text.trim(), currency).map(|money| money.amount);
        Ok(IncrementRow { from: amount(from)?, step: amount(step)? })
    };
    text.split(',').map(row).collect::<Result<_, Failure>>().map(Increment::Table)
}

#[cfg(test)]
mod tests {
    use blytz_core::auction::Rules;
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        rules: RulesArgs,
    }

    fn read(line: &str) -> Result<RulesInput, Failure> {
        let words = std::iter::once("test").chain(line.split_whitespace());
        Line::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))?.rules.read(Currency::MYR)
    }

    #[test]
    fn the_least_that_must_be_said_makes_an_auction() {
        for line in [
            "--starting-price 10",
            "--starting-price 10 --soft-close none --increment ebay --reserve-price 20 --buy-now-price 30",
            "--starting-price 10 --increment 0:0.50,10:1 --soft-close 5s --soft-close-mode add --soft-close-cap 1m",
            "--format dutch --starting-price 100 --dutch-step 1 --dutch-floor 20",
            "--format sealed_second_price --starting-price 10 --reserve-price 20",
        ] {
            let rules = read(line).expect(line);
            if let Err(faults) = Rules::try_from(&rules) {
                panic!("{line}: {faults:?}");
            }
        }
    }

    #[test]
    fn what_is_said_is_what_is_meant() {
        let rules = read("--starting-price 10 --increment 0:0.50,10:1 --duration 90s").expect("valid");
        assert_eq!(
            rules.increment,
            Some(Increment::Table(vec![IncrementRow { from: 0, step: 50 }, IncrementRow { from: 1_000, step: 100 }]))
        );
        assert_eq!(rules.duration_ms, 90_000);
        let soft = rules.soft_close.expect("the default");
        assert_eq!((soft.trigger_ms, soft.extend_ms, soft.max_total_ms), (10_000, 10_000, None));
    }

    #[test]
    fn mistakes_name_their_flag() {
        for (line, says) in [
            ("", "--rules"),
            ("--starting-price ten", "--starting-price"),
            ("--starting-price 10 --increment 10-1", "--increment"),
            ("--starting-price 10 --soft-close soon", "--soft-close"),
            ("--starting-price 10 --format dutch", "--dutch-step"),
            ("--starting-price 10 --format reverse", "--format"),
            ("--starting-price 10 --rules x.json", "--rules"),
        ] {
            let error = read(line).expect_err(line).to_string();
            assert!(error.contains(says), "{line}: {error}");
        }
    }
}
