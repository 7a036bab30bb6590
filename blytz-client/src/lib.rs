//! Blytz.
