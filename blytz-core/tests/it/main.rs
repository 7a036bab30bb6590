//! The rules from outside: by example, by property and by proof, and the JSON that says it all.

mod arena;

mod chat;
mod ledgers;
mod long_logs;
mod proof;
mod properties;
mod purity;
mod scenarios;
mod snapshots;
mod wire;
