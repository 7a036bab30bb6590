//! Bars and counters on stderr for what takes a while; nothing where that is no terminal. Their
//! library takes a terminal of no columns for one of unknown width, and so do we.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a counter moves by itself, so that a server that takes its time is not taken for a
/// program that hangs.
const TICK: Duration = Duration::from_millis(100);

/// How far it is with `len` of `what`.
pub fn bar(len: u64, what: &str) -> ProgressBar {
    styled(ProgressBar::new(len), &format!("{{wide_bar}} {{pos}}/{{len}} {what}, {{eta}} left"))
}

/// How many of `what` there were so far, of an unknown number.
pub fn spinner(what: &str) -> ProgressBar {
    styled(ProgressBar::new_spinner(), &format!("{{spinner}} {{pos}} {what}"))
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
