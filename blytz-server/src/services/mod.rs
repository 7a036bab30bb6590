//! The services of the original design, a room each.

pub mod auction;
pub mod auth;
pub mod chat;
pub mod product;
