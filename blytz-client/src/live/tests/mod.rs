//! The machine against a model of the server.

mod connection;
mod logins;
mod schedules;
mod server;
mod world;
