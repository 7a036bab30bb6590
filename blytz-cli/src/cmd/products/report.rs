//! What an import came to: no row without a word, and none counted twice.

use blytz_core::ProductId;
use blytz_tui::words::count;
use serde::Serialize;

use super::row::Fault;
use crate::{context::Context, error::Failure};

/// What became of the rows. Each is counted once.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Rows that are new products now.
    pub imported: u64,
    /// Rows whose product was there and is now as the row has it.
    pub updated: u64,
    /// Rows whose product was there and was left as it was.
    pub already_there: u64,
    /// Rows that can't be products.
    pub refused: u64,
    /// Rows after the one where the import stopped; in a dry run those that would be imported.
    pub not_tried: u64,
    /// Rows that were sent without an answer: they may be products.
    pub unknown: u64,
    /// Rows that have the title of a product that is there, and no sku to tell whether they are it.
    pub same_title: u64,
    /// Nothing was sent.
    pub dry_run: bool,
    /// What is wrong with the refused ones.
    pub faults: Vec<Fault>,
    /// The new products, in the order of their rows.
    pub products: Vec<ProductId>,
    /// Where to go on.
    pub resume_from: Option<u64>,
}

impl Report {
    /// Counts a row that can't be a product.
    pub fn refuse(&mut self, faults: Vec<Fault>) {
        self.refused += 1;
        self.faults.extend(faults);
    }

    /// Prints it; `file` is where the rows came from.
    pub fn print(&self, ctx: &Context, file: &str) -> Result<(), Failure> {
        if ctx.out.is_json() {
            return ctx.out.json(self);
        }
        ctx.out.rows(
            ["row", "column", "reason"],
            self.faults.iter().map(|fault| [fault.row.to_string(), fault.column.clone(), fault.reason.clone()]),
        )?;
        ctx.out.line(self.summary())?;
        if let Some(row) = self.resume_from {
            if self.unknown > 0 {
                ctx.out.note(format!("Row {} may have been imported; look before sending it again.", row - 1));
            }
            ctx.out.note(format!("Go on with: blytz products import {file} --from-row {row}"));
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let mut parts = vec![if self.dry_run {
            format!("{} would be imported", count(self.not_tried, "row"))
        } else {
            format!("{} imported", count(self.imported, "row"))
        }];
        for (count, what) in [(self.updated, "updated"), (self.already_there, "already there")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        parts.push(format!("{} refused", self.refused));
        if !self.dry_run {
            parts.push(format!("{} not tried", self.not_tried));
        }
        if self.unknown > 0 {
            parts.push(format!("{} without an answer", self.unknown));
        }
        parts.join(", ") + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_what_there_is() {
        let report = Report { imported: 1, refused: 2, ..Report::default() };
        assert_eq!(report.summary(), "1 row imported, 2 refused, 0 not tried.");
        let report = Report { updated: 3, already_there: 1, not_tried: 4, unknown: 1, ..Report::default() };
        assert_eq!(
            report.summary(),
            "0 rows imported, 3 updated, 1 already there, 0 refused, 4 not tried, 1 without an answer."
        );
        let report = Report { dry_run: true, not_tried: 2, already_there: 1, ..Report::default() };
        assert_eq!(report.summary(), "2 rows would be imported, 1 already there, 0 refused.");
    }
}
