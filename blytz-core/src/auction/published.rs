//! The rules as an auction states them: in clear for itself, with a commitment in the reserve's
//! place for everybody.

use super::{
    commitment::{Nonce, Reserve, rules_hash},
    event::{Event, FoldError, Sealed},
    rules::Rules,
};
use crate::{AuctionId, wire::auction::RulesView};

/// The rules in force with their public form. Shared by clones of the auction.
#[derive(Debug, PartialEq)]
pub(super) struct PublishedRules {
    pub(super) rules: Rules,
    pub(super) view: RulesView,
    pub(super) hash: String,
    reserve: Option<Reserve>,
}

impl PublishedRules {
    /// `nonce` is used only where there is a reserve to commit to.
    pub(super) fn new(id: AuctionId, rules: Rules, nonce: Nonce) -> Self {
        let reserve = rules.reserve_price().map(|price| Reserve { price, nonce });
        let view = rules.view(reserve.map(|reserve| reserve.commitment(id)));
        let hash = rules_hash(&view);
        Self { rules, view, hash, reserve }
    }

    /// Those that a `scheduled` or `amended` event states.
    pub(super) fn stated_by(event: &Event, id: AuctionId) -> Result<Self, FoldError> {
        let Some(Sealed::Rules { rules, reserve_nonce }) = &event.sealed else {
            return Err(event.lacks_its_sealed_part());
        };
        Self::restated(id, rules.clone(), *reserve_nonce).ok_or_else(|| event.lacks_its_sealed_part())
    }

    /// As they were published; `None` where there is a reserve and no nonce to its commitment.
    pub(super) fn restated(id: AuctionId, rules: Rules, reserve_nonce: Option<Nonce>) -> Option<Self> {
        let unused = rules.reserve_price().is_none().then(|| Nonce::from_bytes([0; 32]));
        let nonce = reserve_nonce.or(unused)?;
        Some(Self::new(id, rules, nonce))
    }

    /// What only the server keeps of them.
    pub(super) fn sealed(&self) -> Sealed {
        Sealed::Rules { rules: self.rules.clone(), reserve_nonce: self.reserve.map(|reserve| reserve.nonce) }
    }

    pub(super) fn reserve_nonce(&self) -> Option<&Nonce> {
        self.reserve.as_ref().map(|reserve| &reserve.nonce)
    }
}
