//! What other companies do for us, each behind a small interface of ours.

pub mod firebase;
