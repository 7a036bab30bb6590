//! What is particular to the rules of a format. Amounts are minor units of the rules' currency.

use std::{fmt, sync::Arc};

use super::increment::Steps;
use crate::wire::auction::{BelowReserve, SoftClose};

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Terms {
    /// Shared, as a table of steps may be long, by the auctions that are copied for a turn.
    English(Arc<EnglishTerms>),
    Dutch(DutchTerms),
    Sealed(SealedTerms),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct EnglishTerms {
    pub(super) starting_price: i64,
    pub(super) reserve: Option<i64>,
    pub(super) buy_now: Option<i64>,
    pub(super) steps: Steps,
    pub(super) below_reserve: BelowReserve,
    pub(super) soft_close: Option<SoftClose>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DutchTerms {
    pub(super) starting_price: i64,
    pub(super) step: i64,
    pub(super) interval_ms: i64,
    pub(super) floor: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SealedTerms {
    pub(super) starting_price: i64,
    pub(super) reserve: Option<i64>,
    pub(super) pays: Pays,
}

/// What the winner of a sealed auction pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pays {
    OwnBid,
    SecondHighest,
}

impl fmt::Debug for EnglishTerms {
    /// Prints no reserve.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnglishTerms").field("starting_price", &self.starting_price).finish_non_exhaustive()
    }
}

impl fmt::Debug for SealedTerms {
    /// Prints no reserve.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedTerms").field("pays", &self.pays).finish_non_exhaustive()
    }
}
