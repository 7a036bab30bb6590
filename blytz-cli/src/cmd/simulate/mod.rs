//! `blytz simulate`: the course of an auction, decided here by the engine that servers use.

mod bidders;

use blytz_client::wire::auction::RulesInput;
use blytz_core::auction::scenario::{Column, Course, Line, Scenario, ScenarioError};
use serde_json::{Map, Value, json};

use crate::{
    context::Context,
    error::{Exit, Failure},
    values::{checked_rules, read_text},
};

/// Columns of a course: who asked for what and when, and what became of it.
const COLUMNS: usize = 3 + Column::ALL.len();

/// Run a rule set offline and print the course of the auction.
///
/// SCENARIO is a table of commands: see fixtures/scenarios in the source. RULES are an auction's
/// rules as JSON, or a scenario's head without a table; bidders are then made up, the same ones for
/// the same seed.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz simulate fixtures/scenarios/equal-maxes.txt
  blytz simulate rules.json --bidders 8 --bids 40 --seed 7
  blytz auctions get LOT --output json | jq .rules | blytz simulate -
")]
pub struct Args {
    /// The file; `-` for stdin
    #[arg(value_name = "SCENARIO|RULES")]
    file: String,
    /// With RULES: how many bid
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=26))]
    bidders: u8,
    /// With RULES: how often
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    bids: u16,
    /// With RULES: who they are and what they want
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub fn run(ctx: &Context, args: &Args) -> Result<(), Failure> {
    let text = read_text(&args.file)?;
    let scenario = understand(&text, args)?;
    let course = scenario.run();
    let mismatches = scenario.mismatches(&course);
    if ctx.out.is_json() {
        let told: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
        let lines: Vec<_> = course.lines.iter().map(as_json).collect();
        ctx.out
            .json(&json!({ "title": scenario.title, "shows": scenario.shows, "lines": lines, "mismatches": told }))?;
    } else {
        if !scenario.title.is_empty() {
            ctx.out.note(&scenario.title);
        }
        table(ctx, &course)?;
    }
    for mismatch in &mismatches {
        ctx.out.note(mismatch.to_string());
    }
    if mismatches.is_empty() { Ok(()) } else { Err(Failure::Reported(Exit::Failed)) }
}

/// A scenario as it stands; rules with bidders made up for them.
fn understand(text: &str, args: &Args) -> Result<Scenario, Failure> {
    let wrong = |why: String| Failure::usage(format!("{}: {why}", args.file));
    if text.trim_start().starts_with('{') {
        let input: RulesInput =
            serde_json::from_str(text).map_err(|error| wrong(format!("these are no rules: {error}")))?;
        let rules = checked_rules(&input).map_err(wrong)?;
        return Ok(bidders::invent(rules, None, args.bidders, args.bids, args.seed));
    }
    if text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains('|')) {
        return text.parse().map_err(|error: ScenarioError| wrong(error.to_string()));
    }
    let head: Scenario =
        format!("{text}\ntime | who | command\n").parse().map_err(|error: ScenarioError| wrong(error.to_string()))?;
    let invented = bidders::invent(head.rules, head.starts_at, args.bidders, args.bids, args.seed);
    Ok(Scenario { title: head.title, shows: head.shows, ..invented })
}

fn table(ctx: &Context, course: &Course) -> Result<(), Failure> {
    let mut names = ["time", "who", "command"].into_iter().chain(Column::ALL.map(Column::name));
    let head: [&str; COLUMNS] = std::array::from_fn(|_| names.next().unwrap_or_default());
    ctx.out.rows(head, course.lines.iter().map(cells))
}

fn cells(line: &Line) -> [String; COLUMNS] {
    let told = Column::ALL.iter().map(|column| line.cells.get(column).map_or("", String::as_str));
    let mut texts = [&*line.time, &*line.who, &*line.command].into_iter().chain(told);
    std::array::from_fn(|_| texts.next().unwrap_or_default().to_owned())
}

fn as_json(line: &Line) -> Value {
    let mut object = Map::new();
    object.insert("time".to_owned(), json!(line.time));
    object.insert("who".to_owned(), json!(line.who));
    object.insert("command".to_owned(), json!(line.command));
    for (column, text) in &line.cells {
        object.insert(column.name().replace(' ', "_"), json!(text));
    }
    Value::Object(object)
}
