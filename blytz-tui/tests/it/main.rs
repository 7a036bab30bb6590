//! The program in a terminal.

#[cfg(unix)]
mod terminal;
