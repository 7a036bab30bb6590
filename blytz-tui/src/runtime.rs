//! The loop that feeds the model and does what it asks for.

use std::{
    io,
    path::PathBuf,
    pin::pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use blytz_client::{Client, ConnectionState, LiveEvent, LiveEvents, LiveHandle};
use blytz_core::Timestamp;
use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    clean::Clean,
    config::Config,
    effect::Effect,
    message::{Message, News, Reply},
    model::{Model, Screen, request_error::RequestError},
    options::{Options, StartScreen},
    picture::{self, Paper},
    requests::{self, ERROR_LENGTH},
    terminal,
    theme::Base,
    update,
};

/// Countdowns show tenths at the end.
const TICK: Duration = Duration::from_millis(100);
/// Keys less apart than this came at once. Nobody types as fast, and a pasted text that a line cuts
/// in pieces stays one.
const AT_ONCE: Duration = Duration::from_millis(10);
/// More keys than this are taken in as several pastes.
const MOST_KEYS: usize = 10_000;
/// So much is taken in before the screen is drawn again.
const BATCH: usize = 500;

/// Runs the program.
pub async fn run(options: Options, config: Config) -> anyhow::Result<()> {
    // Before the terminal is taken: from then on there is something to give back.
    let mut signals = Signals::listen().context("signals can't be listened to")?;
    let mut screen = terminal::Tty::take().context("this needs a terminal")?;
    let model = Model::new(now(), screen.size()?, config);
    let mut runtime = Runtime {
        model,
        client: options.client,
        live: None,
        requests: JoinSet::new(),
        picture: options.picture,
        picture_wanted: false,
        over: false,
    };
    let start = match options.start {
        StartScreen::Lobby => Screen::Lobby,
        StartScreen::Lot(id) => Screen::Lot(id),
        StartScreen::Login => Screen::Login,
    };
    let logged_in = runtime.client.tokens().is_some();
    let effects = update::start(&mut runtime.model, start, logged_in, &mut fresh_id);
    runtime.perform(effects, &mut screen)?;
    let outcome = runtime.turn_until_over(&mut screen, &mut signals).await;
    if let Some((live, _)) = runtime.live.take() {
        live.close();
    }
    outcome
}

struct Runtime {
    model: Model,
    client: Client,
    live: Option<(LiveHandle, LiveEvents)>,
    requests: JoinSet<Option<Reply>>,
    picture: Option<PathBuf>,
    picture_wanted: bool,
    over: bool,
}

impl Runtime {
    async fn turn_until_over(&mut self, screen: &mut terminal::Tty, signals: &mut Signals) -> anyhow::Result<()> {
        let mut input = EventStream::new();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut ended = pin!(signals.ended());
        while !self.over {
            self.show(screen)?;
            let messages = tokio::select! {
                event = input.next() => match event {
                    Some(event) => gather(event, &mut input).await.context("the terminal went away")?,
                    None => return Ok(()),
                },
                event = next_live(&mut self.live) => Vec::from_iter(from_live(event)),
                Some(reply) = self.requests.join_next() => {
                    Vec::from_iter(reply.context("a request panicked")?.map(Message::Reply))
                }
                _ = ticks.tick() => Vec::new(),
                () = &mut ended => return Ok(()),
            };
            self.take(Message::Tick(now()), screen)?;
            for message in messages {
                self.take(message, screen)?;
            }
            self.take_backlog(screen)?;
        }
        Ok(())
    }

    /// What has come meanwhile, before the next drawing: a busy lot costs no more drawings than a
    /// quiet one.
    fn take_backlog(&mut self, screen: &mut terminal::Tty) -> anyhow::Result<()> {
        for _ in 0..BATCH {
            let Some(event) = self.live.as_mut().and_then(|(_, events)| events.try_recv()) else { break };
            if let Some(message) = from_live(Some(event)) {
                self.take(message, screen)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, message: Message, screen: &mut terminal::Tty) -> anyhow::Result<()> {
        let effects = update::update(&mut self.model, message, &mut fresh_id);
        self.perform(effects, screen)
    }

    fn perform(&mut self, effects: Vec<Effect>, screen: &mut terminal::Tty) -> anyhow::Result<()> {
        for effect in effects {
            match effect {
                Effect::Connect => {
                    if let Some((live, _)) = self.live.take() {
                        live.close();
                    }
                    self.live = Some(self.client.live().connect());
                }
                Effect::Subscribe(channel) => {
                    if let Some((live, _)) = &self.live {
                        live.subscribe(channel);
                    }
                }
                Effect::Unsubscribe(channel) => {
                    if let Some((live, _)) = &self.live {
                        live.unsubscribe(channel);
                    }
                }
                Effect::Bell => screen.bell()?,
                Effect::Mouse(on) => screen.set_mouse(on)?,
                Effect::Picture => self.picture_wanted = true,
                Effect::Redraw => screen.redraw()?,
                Effect::Suspend => {
                    screen.suspend()?;
                    self.model.size = screen.size()?;
                }
                Effect::Quit => self.over = true,
                Effect::Ask(request) => {
                    let live = self.live.as_ref().map(|(live, _)| live.clone());
                    self.requests.spawn(requests::fulfil(self.client.clone(), live, request));
                }
            }
        }
        Ok(())
    }

    fn show(&mut self, screen: &mut terminal::Tty) -> anyhow::Result<()> {
        let paper = match self.model.theme.base() {
            Base::Light => Paper::Light,
            Base::Dark | Base::Plain => Paper::Dark,
        };
        let buffer = screen.draw(&self.model)?;
        if std::mem::take(&mut self.picture_wanted) {
            let path = self
                .picture
                .clone()
                .unwrap_or_else(|| PathBuf::from(format!("blytz-{}.svg", self.model.now.as_micros() / 1_000_000)));
            let saved = std::fs::write(&path, picture::svg(buffer, paper));
            let reply = saved.map(|()| path.display().to_string()).map_err(|error| error.to_string());
            self.take(Message::Reply(Reply::Picture(reply)), screen)?;
        }
        Ok(())
    }
}

/// An event of the terminal; keys with all that came at once with them, and what ended those.
async fn gather(
    first: io::Result<Event>,
    input: &mut (impl Stream<Item = io::Result<Event>> + Unpin),
) -> io::Result<Vec<Message>> {
    let mut keys = Vec::new();
    let mut event = Some(first?);
    while let Some(Event::Key(key)) = event {
        keys.push(key);
        let more = async { if keys.len() < MOST_KEYS { input.next().await } else { None } };
        event = tokio::time::timeout(AT_ONCE, more).await.ok().flatten().transpose()?;
    }
    let keys = (!keys.is_empty()).then_some(Message::Keys(keys));
    Ok(keys.into_iter().chain(event.and_then(from_terminal)).collect())
}

fn from_terminal(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => Some(Message::Keys(vec![key])),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(columns, rows) => {
            let (columns, rows) = terminal::known((columns, rows));
            Some(Message::Resize(columns, rows))
        }
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// The next event of the live connection; waits for ever when there is none.
async fn next_live(live: &mut Option<(LiveHandle, LiveEvents)>) -> Option<LiveEvent> {
    let Some((_, events)) = live else { return std::future::pending().await };
    let event = events.recv().await;
    if event.is_none() {
        *live = None;
    }
    event
}

fn from_live(event: Option<LiveEvent>) -> Option<Message> {
    let news = match event {
        None => News::Closed(Clean::line("the live connection ended", 60)),
        Some(LiveEvent::State(state)) => from_state(state),
        Some(LiveEvent::Auction { id, entry }) => News::Auction(id, Box::new(entry)),
        Some(LiveEvent::AuctionState { status, .. }) => News::AuctionState(Box::new(status)),
        Some(LiveEvent::Chat { stream, event }) => News::Chat(stream, event),
        Some(LiveEvent::ChatState { stream, state, .. }) => News::ChatState(stream, Box::new(state)),
        Some(LiveEvent::Update { channel, update }) => News::Update(channel, update),
        Some(LiveEvent::Resynced { channel }) => News::Resynced(channel),
        Some(LiveEvent::Clock(clock)) => News::Clock(clock.offset_micros),
        Some(LiveEvent::Fork(fork)) => News::Fork(fork.auction_id(), Clean::line(&fork.to_string(), ERROR_LENGTH)),
        Some(LiveEvent::SubscribeRefused { channel, error }) => {
            News::SubscribeRefused(channel, RequestError::from(&error))
        }
        // News of kinds that this version does not know changes nothing it shows.
        Some(_) => return None,
    };
    Some(Message::News(news))
}

fn from_state(state: ConnectionState) -> News {
    match state {
        ConnectionState::Connecting { .. } => News::Connecting,
        ConnectionState::Live => News::Up,
        ConnectionState::Reconnecting { attempt, wait, .. } => {
            let in_micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
            News::Reconnecting { attempt, in_micros }
        }
        ConnectionState::Closed { reason } => News::Closed(Clean::line(&reason.to_string(), 60)),
    }
}

/// The ways in which somebody other than the person at the terminal ends this program. All are
/// alike: the terminal is given back.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::quit(), SignalKind::terminate(), SignalKind::hangup()];
        kinds.into_iter().map(signal).collect::<io::Result<_>>().map(Self)
    }

    async fn ended(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn ended(&mut self) {
        std::future::pending().await
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where this program reads the clock")]
fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

fn fresh_id() -> Uuid {
    blytz_client::new_bid_id().uuid()
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn key(c: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
    }

    /// What becomes of events that come at once, in how many keys at a time.
    async fn gathered(events: Vec<Event>) -> (Vec<usize>, usize) {
        let mut input = futures_util::stream::iter(events.into_iter().map(Ok));
        let (mut keys, mut others) = (Vec::new(), 0);
        while let Some(first) = input.next().await {
            for message in gather(first, &mut input).await.expect("no error") {
                match message {
                    Message::Keys(together) => keys.push(together.len()),
                    _ => others += 1,
                }
            }
        }
        (keys, others)
    }

    #[tokio::test]
    async fn keys_that_come_at_once_stay_together() {
        assert_eq!(gathered("the blue one".chars().map(key).collect()).await, (vec![12], 0));
        let size = Event::Resize(80, 24);
        let events = vec![key('a'), size.clone(), key('b'), key('c'), Event::FocusLost, size];
        assert_eq!(gathered(events).await, (vec![1, 2], 2));
        assert_eq!(gathered(vec![key('x'); MOST_KEYS + 3]).await, (vec![MOST_KEYS, 3], 0));
    }
}
