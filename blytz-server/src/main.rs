//! The `blytz-server` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    blytz_server::commands::main()
}
