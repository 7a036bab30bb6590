//! The SDK against servers that answer as told.

mod fake;

mod http;
mod live;
mod proxy;
