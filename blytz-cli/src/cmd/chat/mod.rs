//! `blytz chat`: a show's chat, as a guest, a buyer or a moderator.

mod tail;

use std::io::BufRead;

use blytz_client::{
    Client,
    wire::chat::{BanRequest, ChatSend, ChatSettings, MuteRequest},
};
use blytz_core::{MessageId, StreamId, UserId};
use clap::Subcommand;

use crate::{
    context::Context,
    error::Failure,
    feed,
    values::{checked, millis},
};

/// Talk in a show's chat, or moderate it.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz chat tail SHOW
  blytz chat send SHOW 'Is that the first edition?'
  blytz chat mute SHOW USER --for 5m --reason 'shouting'
")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write
    #[command(
        before_help = "Examples:\n  blytz chat send SHOW 'Hello'\n  tail -f notes.txt | blytz chat send SHOW -\n"
    )]
    Send {
        /// The show's id
        show: StreamId,
        /// What to write; `-` writes every line of stdin
        text: String,
        /// The message's id: the same message sent again with the same id is written once
        #[arg(long, value_name = "UUID")]
        message_id: Option<MessageId>,
    },
    /// Follow a chat live
    #[command(before_help = "Examples:\n  blytz chat tail SHOW\n  blytz chat tail SHOW --last 0 --output json\n")]
    Tail {
        /// The show's id
        show: StreamId,
        /// Begin with this many messages of the past, up to 50
        #[arg(long, value_name = "N", default_value_t = 10)]
        last: usize,
    },
    /// Print what was written, oldest first
    #[command(
        before_help = "Examples:\n  blytz chat history SHOW\n  blytz chat history SHOW --before 120 --limit 20\n"
    )]
    History {
        /// The show's id
        show: StreamId,
        /// Only what came before this seq
        #[arg(long, value_name = "SEQ")]
        before: Option<u64>,
        /// At most this many, 1 to 100
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Keep somebody silent for a while
    #[command(before_help = "Examples:\n  blytz chat mute SHOW USER --for 5m --reason 'shouting'\n")]
    Mute {
        /// The show's id
        show: StreamId,
        /// The user's id
        user: UserId,
        /// For how long, up to a week
        #[arg(long = "for", value_name = "TIME", value_parser = millis)]
        duration: i64,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Keep somebody out
    #[command(before_help = "Examples:\n  blytz chat ban SHOW USER --reason 'spam' --yes\n")]
    Ban {
        /// The show's id
        show: StreamId,
        /// The user's id
        user: UserId,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let somebody in again
    #[command(before_help = "Examples:\n  blytz chat unban SHOW USER\n")]
    Unban {
        /// The show's id
        show: StreamId,
        /// The user's id
        user: UserId,
    },
    /// Pin a message, or take the pin away
    #[command(before_help = "Examples:\n  blytz chat pin SHOW MESSAGE\n  blytz chat pin SHOW --none\n")]
    Pin {
        /// The show's id
        show: StreamId,
        /// The message's id
        #[arg(required_unless_present = "none")]
        message: Option<MessageId>,
        /// Pin nothing from now on
        #[arg(long, conflicts_with = "message")]
        none: bool,
    },
    /// Erase a message's text everywhere
    #[command(before_help = "Examples:\n  blytz chat delete MESSAGE --yes\n")]
    Delete {
        /// The message's id
        message: MessageId,
    },
    /// Show or change the settings; what is not said stays
    #[command(
        before_help = "Examples:\n  blytz chat settings SHOW\n  blytz chat settings SHOW --slow-mode 5s --followers-only true\n  blytz chat settings SHOW --min-account-age 24h\n  blytz chat settings SHOW --block-term spam --unblock-term ham\n"
    )]
    Settings(SettingsArgs),
}

#[derive(Debug, clap::Args)]
struct SettingsArgs {
    /// The show's id
    show: StreamId,
    /// The time between two messages of one user; 0 is off
    #[arg(long, value_name = "TIME", value_parser = millis)]
    slow_mode: Option<i64>,
    /// Characters a message may have
    #[arg(long, value_name = "N")]
    max_length: Option<u32>,
    /// Whether only followers may write
    #[arg(long, value_name = "true|false")]
    followers_only: Option<bool>,
    /// How old an account must be to write or react, up to 90 days; 0 is off
    #[arg(long, value_name = "TIME", value_parser = millis)]
    min_account_age: Option<i64>,
    /// A term that keeps a message out; may be repeated
    #[arg(long, value_name = "TERM")]
    block_term: Vec<String>,
    /// A term that does so no longer; may be repeated
    #[arg(long, value_name = "TERM")]
    unblock_term: Vec<String>,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let client = ctx.client().await?;
    let chat = client.chat();
    match args.command {
        Command::Send { show, text, message_id } if text != "-" => send(ctx, &client, show, text, message_id).await,
        Command::Send { show, .. } => send_lines(ctx, &client, show).await,
        Command::Tail { show, last } => tail::run(ctx, &client, show, last).await,
        Command::History { show, before, limit } => history(ctx, &client, show, before, limit).await,
        Command::Mute { show, user, duration, reason } => {
            let seconds = u32::try_from(duration / 1_000).unwrap_or(u32::MAX);
            Ok(chat.mute(show, &checked(MuteRequest { user_id: user, seconds, reason })?).await?)
        }
        Command::Ban { show, user, reason } => {
            ctx.confirm(&format!("Keep {user} out of this chat?"))?;
            Ok(chat.ban(show, &checked(BanRequest { user_id: user, reason })?).await?)
        }
        Command::Unban { show, user } => Ok(chat.unban(show, &BanRequest { user_id: user, reason: None }).await?),
        Command::Pin { show, message, .. } => Ok(chat.pin(show, message).await?),
        Command::Delete { message } => {
            ctx.confirm(&format!("Erase message {message} everywhere?"))?;
            Ok(chat.delete(message).await?)
        }
        Command::Settings(args) => settings(ctx, &client, args).await,
    }
}

async fn send(
    ctx: &Context,
    client: &Client,
    show: StreamId,
    text: String,
    message_id: Option<MessageId>,
) -> Result<(), Failure> {
    let message = client.chat().send(&checked(ChatSend { stream_id: show, message_id, text })?).await?;
    if ctx.out.is_json() { ctx.out.json_line(&message) } else { ctx.out.line(feed::message_line(&message)) }
}

/// Every line of stdin, as it comes.
async fn send_lines(ctx: &Context, client: &Client, show: StreamId) -> Result<(), Failure> {
    let (lines, mut read) = tokio::sync::mpsc::channel(1);
    // A thread of its own: reading a terminal can't be called off, and must keep nobody waiting.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = read.recv().await {
        let line = line?;
        if !line.trim().is_empty() {
            send(ctx, client, show, line, None).await?;
        }
    }
    Ok(())
}

async fn history(
    ctx: &Context,
    client: &Client,
    show: StreamId,
    before: Option<u64>,
    limit: Option<u32>,
) -> Result<(), Failure> {
    let page = client.chat().history(show, before, limit).await?;
    if ctx.out.is_json() {
        return ctx.out.json(&page);
    }
    for message in page.items.iter().rev() {
        ctx.out.line(feed::message_line(message))?;
    }
    if let Some(cursor) = &page.next_cursor {
        ctx.out.note(format!("There is more: --before {cursor}"));
    }
    Ok(())
}

async fn settings(ctx: &Context, client: &Client, args: SettingsArgs) -> Result<(), Failure> {
    let mut settings = client.chat().settings(args.show).await?;
    let before = settings.clone();
    if let Some(millis) = args.slow_mode {
        settings.slow_mode_s = u32::try_from(millis / 1_000).unwrap_or(u32::MAX);
    }
    settings.max_length = args.max_length.unwrap_or(settings.max_length);
    settings.followers_only = args.followers_only.unwrap_or(settings.followers_only);
    if let Some(millis) = args.min_account_age {
        settings.min_account_age_s = u32::try_from(millis / 1_000).unwrap_or(u32::MAX);
    }
    settings.blocked_terms.retain(|term| !args.unblock_term.contains(term));
    for term in args.block_term {
        if !settings.blocked_terms.contains(&term) {
            settings.blocked_terms.push(term);
        }
    }
    if settings != before {
        settings = client.chat().set_settings(args.show, &checked(settings)?).await?;
    }
    show_settings(ctx, &settings)
}

fn show_settings(ctx: &Context, settings: &ChatSettings) -> Result<(), Failure> {
    ctx.out.record(settings, || {
        vec![
            ("slow mode", format!("{} s", settings.slow_mode_s)),
            ("characters", settings.max_length.to_string()),
            ("followers only", settings.followers_only.to_string()),
            ("account age", format!("{} s", settings.min_account_age_s)),
            ("blocked terms", settings.blocked_terms.join(", ")),
        ]
    })
}
