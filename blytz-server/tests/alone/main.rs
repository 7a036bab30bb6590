//! What needs a process without neighbours: `queue` reads metrics, which are the process's, and the
//! server of `crash` comes back on its port, which nobody may have taken meanwhile.
#![expect(dead_code, unused_imports, reason = "it asks less of the house than the other program does")]

#[path = "../it/bidding/mod.rs"]
mod bidding;
#[path = "../it/cluster.rs"]
mod cluster;
#[path = "../it/document/mod.rs"]
mod document;
#[path = "../it/house/mod.rs"]
mod house;
#[path = "../it/program.rs"]
mod program;

mod crash;
mod queue;
