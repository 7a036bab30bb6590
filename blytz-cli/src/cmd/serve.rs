//! `blytz serve`: a whole server in this process.

use crate::{
    embedded::{self, Options},
    error::Failure,
};

/// Run a server here: everything on one address, its data in one folder.
///
/// Every option is also a BLYTZ_… variable (BLYTZ_LISTEN) and an entry of the file that --config
/// names. SIGTERM and Ctrl-C let it finish what it accepted.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz serve
  blytz serve --listen 0.0.0.0:8080 --data /var/lib/blytz
  BLYTZ_ADMIN_EMAIL=ann@example.com BLYTZ_ADMIN_PASSWORD=… blytz serve
")]
pub struct Args {
    #[command(flatten)]
    options: Options,
}

pub async fn run(args: &Args) -> Result<(), Failure> {
    embedded::serve(&args.options).await
}
