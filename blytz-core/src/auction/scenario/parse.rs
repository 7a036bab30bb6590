//! Reading a scenario's text.

use std::{collections::BTreeMap, str::FromStr};

use super::{Action, Column, Scenario, ScenarioError, Step, ZERO};
use crate::{
    Currency, Money, Timestamp,
    auction::{BidKind, Outage, Rules},
    wire::auction::{
        BelowReserve, Dutch, Format, Increment, IncrementRow, NamedIncrement, RulesInput, SoftClose, SoftCloseMode,
    },
};

/// The header's `key: value` pairs that make the rules.
type Header = BTreeMap<String, String>;

const RULE_KEYS: [&str; 11] = [
    "format",
    "currency",
    "starting_price",
    "reserve_price",
    "buy_now_price",
    "increment",
    "duration",
    "below_reserve",
    "soft_close",
    "dutch",
    "starts_at",
];

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let mut title = String::new();
        let mut shows = Vec::new();
        let mut header = Header::new();
        let (head_line, head) = loop {
            let (number, line) = lines
                .next()
                .ok_or_else(|| ScenarioError::new(text.lines().count(), "there is no table of commands"))?;
            if line.contains('|') {
                break (number, line);
            }
            let (key, value) = line
                .split_once(':')
                .ok_or_else(|| ScenarioError::new(number, "expected `key: value`, or the table's head"))?;
            match (key.trim(), value.trim()) {
                ("title", value) => value.clone_into(&mut title),
                ("rules", value) => shows = value.split_whitespace().map(str::to_owned).collect(),
                (key, value) => {
                    set_term(&mut header, key, value).map_err(|message| ScenarioError::new(number, message))?;
                }
            }
        };
        let (rules, starts_at) = read_header(&header).map_err(|message| ScenarioError::new(head_line, message))?;
        let columns = read_head(head).map_err(|message| ScenarioError::new(head_line, message))?;
        let mut reader = RowReader { columns, header, currency: rules.currency() };
        let steps = lines
            .map(|(number, line)| reader.step(number, line).map_err(|message| ScenarioError::new(number, message)))
            .collect::<Result<_, _>>()?;
        Ok(Self { title, shows, rules, starts_at, steps })
    }
}

fn set_term(header: &mut Header, key: &str, value: &str) -> Result<(), String> {
    if !RULE_KEYS.contains(&key) {
        return Err(format!("`{key}` is no key of a scenario; these are: title, rules, {}", RULE_KEYS.join(", ")));
    }
    if value == "none" {
        header.remove(key);
    } else {
        header.insert(key.to_owned(), value.to_owned());
    }
    Ok(())
}

fn read_header(header: &Header) -> Result<(Rules, Option<Timestamp>), String> {
    let get = |key: &str| header.get(key).map(String::as_str);
    let currency = get("currency").unwrap_or("MYR").parse::<Currency>().map_err(|error| error.to_string())?;
    let money = |key: &str| get(key).map(|text| read_money(text, currency)).transpose();
    let stated = RulesInput {
        format: get("format").map_or(Ok(Format::English), read_format)?,
        currency,
        starting_price: money("starting_price")?.ok_or("the header needs a starting_price")?,
        reserve_price: money("reserve_price")?,
        buy_now_price: money("buy_now_price")?,
        increment: get("increment").map(|text| read_increment(text, currency)).transpose()?,
        duration_ms: read_seconds(get("duration").ok_or("the header needs a duration")?)? / 1_000,
        below_reserve: get("below_reserve").map(read_below_reserve).transpose()?,
        soft_close: get("soft_close").map(read_soft_close).transpose()?,
        dutch: get("dutch").map(|text| read_dutch(text, currency)).transpose()?,
    };
    let rules = Rules::try_from(&stated).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect();
        faults.join("; ")
    })?;
    Ok((rules, get("starts_at").map(read_time).transpose()?))
}

fn read_format(text: &str) -> Result<Format, String> {
    match text {
        "english" => Ok(Format::English),
        "dutch" => Ok(Format::Dutch),
        "sealed_first_price" => Ok(Format::SealedFirstPrice),
        "sealed_second_price" => Ok(Format::SealedSecondPrice),
        _ => Err(format!("`{text}` is no format: english, dutch, sealed_first_price or sealed_second_price")),
    }
}

fn read_below_reserve(text: &str) -> Result<BelowReserve, String> {
    match text {
        "proxy" => Ok(BelowReserve::Proxy),
        "full" => Ok(BelowReserve::Full),
        _ => Err(format!("`{text}` is neither proxy nor full")),
    }
}

/// `12.00`, or in another currency `SGD 12.00`.
fn read_money(text: &str, currency: Currency) -> Result<Money, String> {
    let (currency, amount) = match text.split_once(' ') {
        Some((code, amount)) => (code.parse::<Currency>().map_err(|error| error.to_string())?, amount),
        None => (currency, text),
    };
    Money::parse_decimal(amount, currency).map_err(|error| format!("`{text}`: {error}"))
}

/// Seconds with up to six decimals, as microseconds.
fn read_seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no number of seconds, like 12 or 59.999999");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || fraction.len() > 6 || !digits {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<6}").parse().map_err(|_| wrong())
}

fn read_time(text: &str) -> Result<Timestamp, String> {
    Ok(ZERO.plus_micros(read_seconds(text)?))
}

/// `55 to 90`.
fn read_outage(text: &str) -> Result<Outage, String> {
    let (from, to) = text.split_once(" to ").ok_or("resume needs the outage's bounds, like `resume 55 to 90`")?;
    Ok(Outage { from: read_time(from.trim())?, to: read_time(to.trim())? })
}

fn read_increment(text: &str, currency: Currency) -> Result<Increment, String> {
    match text {
        "ebay" => return Ok(Increment::Named(NamedIncrement::Ebay)),
        "whatnot" => return Ok(Increment::Named(NamedIncrement::Whatnot)),
        _ => {}
    }
    if !text.contains(':') {
        return Ok(Increment::Fixed(read_money(text, currency)?.amount));
    }
    let row = |part: &str| {
        let (from, step) = part.split_once(':').ok_or_else(|| format!("`{part}` is no row like 10.00: 0.50"))?;
        let amount = |text: &str| read_money(text.trim(), currency).map(|money| money.amount);
        Ok::<_, String>(IncrementRow { from: amount(from)?, step: amount(step)? })
    };
    text.split(',').map(row).collect::<Result<_, _>>().map(Increment::Table)
}

/// `word value, word value`: the values by their words.
fn read_words<'a>(text: &'a str, known: &[&str]) -> Result<BTreeMap<&'a str, &'a str>, String> {
    text.split(',')
        .map(|part| match part.trim().split_once(' ') {
            Some((word, value)) if known.contains(&word) => Ok((word, value.trim())),
            _ => Err(format!("`{}`: expected one of {} with a value", part.trim(), known.join(", "))),
        })
        .collect()
}

fn read_soft_close(text: &str) -> Result<SoftClose, String> {
    let words = read_words(text, &["last", "reset", "add", "cap"])?;
    let millis = |word: &str| words.get(word).map(|text| read_seconds(text).map(|micros| micros / 1_000)).transpose();
    let (mode, extend_ms) = match (millis("reset")?, millis("add")?) {
        (Some(extend_ms), None) => (SoftCloseMode::Reset, extend_ms),
        (None, Some(extend_ms)) => (SoftCloseMode::Add, extend_ms),
        _ => return Err("a soft close needs one of reset and add".to_owned()),
    };
    let trigger_ms = millis("last")?.ok_or("a soft close needs last")?;
    Ok(SoftClose { trigger_ms, extend_ms, mode, max_total_ms: millis("cap")? })
}

fn read_dutch(text: &str, currency: Currency) -> Result<Dutch, String> {
    let words = read_words(text, &["step", "every", "floor"])?;
    let get = |word: &str| words.get(word).copied().ok_or_else(|| format!("dutch needs {word}"));
    Ok(Dutch {
        step: read_money(get("step")?, currency)?.amount,
        interval_ms: read_seconds(get("every")?)? / 1_000,
        floor: read_money(get("floor")?, currency)?,
    })
}

fn read_head(line: &str) -> Result<Vec<Column>, String> {
    let mut names = line.split('|').map(str::trim);
    if [names.next(), names.next(), names.next()] != [Some("time"), Some("who"), Some("command")] {
        return Err("the table's head begins with `time | who | command`".to_owned());
    }
    let column = |name: &str| {
        let found = Column::ALL.into_iter().find(|column| column.name() == name);
        found.ok_or_else(|| format!("`{name}` is no column"))
    };
    names.map(column).collect()
}

struct RowReader {
    columns: Vec<Column>,
    /// The rules' keys as amended so far.
    header: Header,
    currency: Currency,
}

impl RowReader {
    fn step(&mut self, line: usize, row: &str) -> Result<Step, String> {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [time, who, command, expected @ ..] = cells.as_slice() else {
            return Err("a row begins with time, who and command".to_owned());
        };
        if expected.len() > self.columns.len() {
            return Err("the row has more cells than the head".to_owned());
        }
        let filled = self.columns.iter().zip(expected).filter(|(_, cell)| !cell.is_empty());
        Ok(Step {
            line,
            at: read_time(time)?,
            who: (*who).to_owned(),
            text: (*command).to_owned(),
            expected: filled.map(|(column, cell)| (*column, (*cell).to_owned())).collect(),
            action: self.action(command, line)?,
        })
    }

    fn action(&mut self, command: &str, line: usize) -> Result<Action, String> {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim();
        let name = || if rest.is_empty() { Err(format!("{verb} whom?")) } else { Ok(rest.to_owned()) };
        match verb {
            "open" => Ok(Action::Open),
            "tick" => Ok(Action::Tick),
            "resume" => read_outage(rest).map(Action::Resume),
            "cancel" => Ok(Action::Cancel),
            "look" => Ok(Action::Look),
            "void" => {
                let named = name()?;
                let (named, block) = named.strip_suffix(", no block").map_or((&*named, true), |named| (named, false));
                let (label, of) = match named.split_once(" of ") {
                    Some((label, of)) => (label, Some(of.trim().to_owned())),
                    None => (named, None),
                };
                Ok(Action::Void { label: label.trim().to_owned(), of, block })
            }
            "unblock" => Ok(Action::Unblock { name: name()? }),
            "suspend" => Ok(Action::Suspend { name: name()? }),
            "block" => Ok(Action::Block { name: name()? }),
            "amend" => self.amend(rest),
            "bid" | "max" | "buy" => {
                let (offer, label) = match rest.split_once(" as ") {
                    Some((offer, label)) => (offer.trim(), label.trim().to_owned()),
                    None => (rest, format!("line {line}")),
                };
                let bid = match verb {
                    "bid" => BidKind::Exact(read_money(offer, self.currency)?),
                    "max" => BidKind::Max(read_money(offer, self.currency)?),
                    _ if offer == "now" => BidKind::BuyNow,
                    _ => return Err(format!("`{command}`: did you mean `buy now`?")),
                };
                Ok(Action::Bid { bid, label })
            }
            _ => Err(format!("`{verb}` is no command")),
        }
    }

    fn amend(&mut self, changes: &str) -> Result<Action, String> {
        let mut starts_at_changes = false;
        for change in changes.split(';') {
            let (key, value) = change.split_once(':').ok_or("amend takes `key: value; key: value`")?;
            set_term(&mut self.header, key.trim(), value.trim())?;
            starts_at_changes |= key.trim() == "starts_at";
        }
        let (rules, starts_at) = read_header(&self.header)?;
        self.currency = rules.currency();
        Ok(Action::Amend { rules: Box::new(rules), starts_at: starts_at_changes.then_some(starts_at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "\
title: A short one
rules: 1
starting_price: 10.00
increment: 1.00
duration: 60

time | who | command   | outcome
0    | -   | open      | opened
1    | ana | bid 10.00 | outbid
";

    #[test]
    fn an_expectation_that_does_not_come_true_is_noticed() {
        let scenario: Scenario = SCENARIO.parse().expect("a scenario");
        let mismatches = scenario.mismatches(&scenario.run());
        let told: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["line 9: outcome is `leading`, expected `outbid`"]);
    }

    #[test]
    fn a_course_ends_with_the_close_and_prints_as_a_table() {
        let scenario: Scenario = SCENARIO.parse().expect("a scenario");
        let course = scenario.run().to_string();
        assert!(course.starts_with("time | who | command   | outcome | price | leader"), "{course}");
        assert!(course.contains("60   | -   | tick      | sold    | 10.00 | ana"), "{course}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (from, to, line) in [
            ("rules: 1", "colour: red", 2),
            ("10.00\n", "ten\n", 7),
            ("duration: 60\n", "", 6),
            ("outcome\n", "mood\n", 7),
            ("bid 10.00", "shout", 9),
            ("bid 10.00", "resume", 9),
            ("bid 10.00", "resume 1 to late", 9),
            ("| opened", "| opened | 1", 8),
            ("1    | ana", "1s   | ana", 9),
        ] {
            let text = SCENARIO.replacen(from, to, 1);
            let error = text.parse::<Scenario>().expect_err(to);
            assert_eq!(error.line, line, "{error}");
        }
        assert!("".parse::<Scenario>().is_err());
    }
}
