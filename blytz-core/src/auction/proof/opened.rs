//! The rules that a log is decided by, as far as a proof opens them.

use super::Flaw;
use crate::{
    auction::{
        Event, Rules,
        commitment::{Nonce, Reserve, rules_hash},
    },
    wire::{
        FieldError,
        auction::{EventData, RulesInput, RulesView},
    },
};

/// Rules as everybody sees them, and the reserve that they only commit to.
#[derive(Debug)]
pub(super) struct OpenedRules {
    pub(super) view: RulesView,
    pub(super) reserve: Option<Reserve>,
}

impl OpenedRules {
    /// Checked rules from their public form, with the opened reserve. One that was amended before
    /// the first bid is never opened and never decided anything, and of a cancelled auction none is opened:
    /// any allowed amount will do.
    pub(super) fn stated(&self, seq: u64, view: &RulesView) -> Result<(Rules, Nonce), Flaw> {
        let (reserve, nonce) = match self.reserve.filter(|_| *view == self.view) {
            Some(reserve) => (Some(reserve.price), reserve.nonce),
            None => (view.reserve_price.as_ref().map(|_| view.starting_price), Nonce::from_bytes([0; 32])),
        };
        let stated = RulesInput {
            format: view.format,
            currency: view.currency,
            starting_price: view.starting_price,
            reserve_price: reserve,
            buy_now_price: view.buy_now_price,
            increment: view.increment.clone(),
            duration_ms: view.duration_ms,
            below_reserve: view.below_reserve,
            soft_close: view.soft_close,
            dutch: view.dutch,
        };
        let invalid = |faults: Vec<FieldError>| {
            let fault = faults.first().map_or_else(String::new, |fault| format!("{} {}", fault.pointer, fault.detail));
            Flaw::at(seq, format!("the rules are not valid: {fault}"))
        };
        Ok((Rules::try_from(&stated).map_err(invalid)?, nonce))
    }

    /// Where rules were superseded, or the auction was cancelled, takes over the logged commitment, which
    /// nobody opens.
    pub(super) fn adopt_unopened(&self, logged: &EventData, event: &mut Event) {
        if let (
            EventData::Scheduled { rules: logged, .. } | EventData::Amended { rules: logged, .. },
            EventData::Scheduled { rules, rules_hash: hash, .. } | EventData::Amended { rules, rules_hash: hash, .. },
        ) = (logged, &mut event.data)
            && (*logged != self.view || self.reserve.is_none())
        {
            rules.reserve_price.clone_from(&logged.reserve_price);
            *hash = rules_hash(rules);
        }
    }
}
