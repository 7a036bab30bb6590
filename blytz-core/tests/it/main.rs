//! The rules from outside: by example, by property and by proof, and the JSON that says it all.

mod arena;

mod books;
mod chat;
mod forge;
mod long_logs;
mod page;
mod proof;
mod properties;
mod purity;
mod scenarios;
mod second_checker;
mod snapshots;
mod wire;
