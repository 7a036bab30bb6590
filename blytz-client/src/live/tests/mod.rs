//! The machine against a model of the server.

mod connection;
mod forks;
mod logins;
mod schedules;
mod server;
mod world;
