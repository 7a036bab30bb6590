//! The SDK against servers that answer as told.

mod fake;

mod downloads;
mod evidence;
mod http;
mod live;
mod logins;
mod proxy;
