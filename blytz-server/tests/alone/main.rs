//! What needs a process without neighbours: `queue` reads metrics, which are the process's, and the
//! server of `crash` comes back on its port, which nobody may have taken meanwhile.
#![expect(dead_code, reason = "of the other program's modules it uses a part")]

#[path = "../it/actors.rs"]
mod actors;
#[path = "../it/document/mod.rs"]
mod document;
#[path = "../it/lots.rs"]
mod lots;

mod crash;
mod queue;
