//! `blytz signup`, `login`, `logout` and `whoami`.

use blytz_client::wire::account::{SignupRequest, User};

use crate::{
    context::Context,
    error::Failure,
    output::word,
    values::{checked, moment},
};

/// Make an account and log in.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz signup --server https://auctions.example
  blytz signup --email ann@example.com --name Ann --password-file secret.txt
")]
pub struct Signup {
    /// The email address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// What others see
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// File with the password on its first line; `-` for stdin
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
}

/// Log in; the login is kept for this profile.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz login --email ann@example.com
  blytz login --server https://auctions.example --profile shop
  pass show auctions | blytz login --email ann@example.com --password-file -
")]
pub struct Login {
    /// The email address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// File with the password on its first line; `-` for stdin
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
}

/// End the session and forget the profile's login.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz logout
  blytz logout --profile shop
")]
pub struct Logout {}

/// Show who is logged in, and where.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz whoami
  blytz whoami --output json
")]
pub struct Whoami {}

pub async fn signup(ctx: &Context, args: Signup) -> Result<(), Failure> {
    let client = ctx.newcomer()?;
    let email = ctx.ask(args.email, "--email", "Email address")?;
    let display_name = ctx.ask(args.name, "--name", "What others see")?;
    let password = ctx.password(args.password_file.as_deref(), "Password, 12 characters or more", true)?;
    let session = client.auth().signup(&checked(SignupRequest { email, password, display_name })?).await?;
    show(ctx, &session.user, client.base_url())
}

pub async fn login(ctx: &Context, args: Login) -> Result<(), Failure> {
    let client = ctx.newcomer()?;
    let email = ctx.ask(args.email, "--email", "Email address")?;
    let password = ctx.password(args.password_file.as_deref(), "Password", false)?;
    let session = client.auth().login(&email, &password).await?;
    show(ctx, &session.user, client.base_url())
}

pub async fn logout(ctx: &Context, _: Logout) -> Result<(), Failure> {
    let client = ctx.client().await?;
    if client.tokens().is_none() {
        ctx.out.note("Nobody was logged in.");
        return Ok(());
    }
    let ended = client.auth().logout().await;
    // Whatever the server says: who logs out wants the tokens gone from this machine.
    ctx.forget()?;
    ended?;
    ctx.out.note("Logged out.");
    Ok(())
}

pub async fn whoami(ctx: &Context, _: Whoami) -> Result<(), Failure> {
    let client = ctx.client().await?;
    if client.tokens().is_none() {
        return Err(blytz_client::Error::NotLoggedIn.into());
    }
    let user = client.auth().profile().await?;
    show(ctx, &user, client.base_url())
}

fn show(ctx: &Context, user: &User, server: &str) -> Result<(), Failure> {
    ctx.out.record(user, || {
        let roles: Vec<_> = user.roles.iter().map(word).collect();
        vec![
            ("id", user.id.to_string()),
            ("email", user.email.clone()),
            ("name", user.display_name.clone()),
            ("roles", roles.join(", ")),
            ("status", word(&user.status)),
            ("since", moment(user.created_at)),
            ("server", server.to_owned()),
            ("profile", ctx.profile().to_owned()),
        ]
    })
}
