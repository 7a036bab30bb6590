//! `blytz users`: what admins do to accounts.

use blytz_client::{Client, UserQuery, wire::account::User};
use blytz_core::{
    UserId,
    account::{Role, normalise_email},
};
use clap::Subcommand;

use crate::{
    context::Context,
    error::Failure,
    output::word,
    values::{Paging, moment, words},
};

/// Look after accounts; for admins.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz users list ann
  blytz users roles ann@example.com seller
  blytz users suspend 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77
")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List accounts
    #[command(before_help = "Examples:\n  blytz users list\n  blytz users list ann --output json\n")]
    List {
        /// Part of an email address or name
        q: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Set the roles of an account; everybody is a buyer besides
    #[command(
        before_help = "Examples:\n  blytz users roles ann@example.com seller\n  blytz users roles ann@example.com seller moderator\n  blytz users roles ann@example.com buyer\n"
    )]
    Roles {
        /// The account's id or email address
        user: String,
        /// The roles from now on
        #[arg(required = true, value_parser = words::<Role>(&["buyer", "seller", "moderator", "admin"]))]
        roles: Vec<Role>,
    },
    /// Keep an account from logging in, bidding and chatting
    #[command(
        before_help = "Examples:\n  blytz users suspend ann@example.com\n  blytz users suspend ann@example.com --yes\n"
    )]
    Suspend {
        /// The account's id or email address
        user: String,
    },
    /// Let a suspended account in again
    #[command(before_help = "Examples:\n  blytz users reinstate ann@example.com\n")]
    Reinstate {
        /// The account's id or email address
        user: String,
    },
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let client = ctx.client().await?;
    match args.command {
        Command::List { q, paging } => list(ctx, &client, q, &paging).await,
        Command::Roles { user, roles } => {
            let id = find(&client, &user).await?;
            if !roles.contains(&Role::Admin) && id == client.auth().profile().await?.id {
                ctx.confirm("Give up being an admin yourself?")?;
            }
            show(ctx, &client.auth().set_roles(id, &roles).await?)
        }
        Command::Suspend { user } => {
            ctx.confirm(&format!("Suspend {user}?"))?;
            let id = find(&client, &user).await?;
            show(ctx, &client.auth().suspend(id).await?)
        }
        Command::Reinstate { user } => {
            let id = find(&client, &user).await?;
            show(ctx, &client.auth().reinstate(id).await?)
        }
    }
}

async fn list(ctx: &Context, client: &Client, q: Option<String>, paging: &Paging) -> Result<(), Failure> {
    let page = paging
        .fetch(|cursor, limit| {
            let query = UserQuery { q: q.clone(), cursor, limit };
            async move { client.auth().users(&query).await }
        })
        .await?;
    ctx.out.page(&page, ["id", "email", "name", "roles", "status", "since"], |user| {
        [
            user.id.to_string(),
            user.email.clone(),
            user.display_name.clone(),
            roles(user),
            word(&user.status),
            moment(user.created_at),
        ]
    })
}

/// The account of an id, or of exactly this email address.
async fn find(client: &Client, user: &str) -> Result<UserId, Failure> {
    if !user.contains('@') {
        return user.parse().map_err(|_| Failure::usage(format!("{user} is neither an id nor an email address.")));
    }
    let email = normalise_email(user).map_err(|error| Failure::usage(format!("The email address {error}.")))?;
    let query = UserQuery { q: Some(email.clone()), limit: Some(100), ..UserQuery::default() };
    let page = client.auth().users(&query).await?;
    let found = page.items.iter().find(|found| found.email == email);
    found.map(|user| user.id).ok_or_else(|| Failure::NotFound(format!("There is no account {user}.")))
}

fn show(ctx: &Context, user: &User) -> Result<(), Failure> {
    ctx.out.record(user, || {
        vec![
            ("id", user.id.to_string()),
            ("email", user.email.clone()),
            ("name", user.display_name.clone()),
            ("roles", roles(user)),
            ("status", word(&user.status)),
        ]
    })
}

fn roles(user: &User) -> String {
    user.roles.iter().map(word).collect::<Vec<_>>().join(", ")
}
