//! The real program against a real server in this process, as a person or a script uses it.
#![cfg(feature = "embedded")]

mod house;

mod account;
mod auction;
mod chat;
mod demo_and_bench;
mod exit;
mod help;
mod hostile;
mod import;
mod keys;
mod offline;
#[cfg(unix)]
mod questions;
#[cfg(unix)]
mod readme;
mod receipts;
mod sample;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod tables;
#[cfg(unix)]
mod terminal;
mod verify;
