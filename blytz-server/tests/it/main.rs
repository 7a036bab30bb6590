//! The server as the people who use it meet it: over HTTP and the live connection, and as a program.

mod bidding;
mod cluster;
mod document;
mod house;
mod program;
mod shop;
mod socket;

mod auction;
mod auth;
mod bad_input;
mod chat;
mod config;
mod counted;
mod disk;
mod firebase;
mod forms;
mod items;
mod live;
mod older;
mod openapi;
mod outage;
mod postgres;
mod process;
mod product;
mod proofs;
mod random;
mod receipts;
mod secrets;
mod sessions;
mod stalled;
mod suspended;
mod tables;
mod transfer;
mod voids;
