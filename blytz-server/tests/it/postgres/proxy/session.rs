//! One client's connection through the proxy, and the one to PostgreSQL that belongs to it.

use std::{
    collections::VecDeque,
    future::pending,
    io,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::sleep,
};

use super::{
    Fate, Ground, Transaction,
    wire::{self, Message, Prepared},
};

/// Where one side is read from and written to.
struct Side {
    from: BufReader<OwnedReadHalf>,
    to: BufWriter<OwnedWriteHalf>,
}

impl Side {
    fn of(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        let (from, to) = stream.into_split();
        Self { from: BufReader::new(from), to: BufWriter::new(to) }
    }
}

/// How one of the two directions has ended.
enum Talk {
    /// Whoever talks has hung up, or has been hung up on.
    Over,
    /// Both connections are to be cut.
    Cut,
}

/// Passes on what both say until both have ended, or a commit has them cut.
pub async fn serve(client: TcpStream, server: TcpStream, ground: &Ground) {
    let (mut client, mut server) = (Side::of(client), Side::of(server));
    if start(&mut client, &mut server).await.is_err() {
        return;
    }
    let answers = Answers::default();
    let questions = Questions { from: client.from, to: server.to, ground, answers: &answers };
    let said = Said { from: server.from, to: client.to, ground, answers: &answers };
    let asking = async {
        // PostgreSQL finishes what it has been asked before it notices that nobody is there any more.
        if matches!(questions.pass_on().await, Talk::Over) {
            pending::<()>().await;
        }
    };
    tokio::select! {
        () = said.pass_on() => {}
        () = asking => {}
    }
}

/// Passes the startup on: until there is no more talk of encryption, of which PostgreSQL has none here.
async fn start(client: &mut Side, server: &mut Side) -> io::Result<()> {
    loop {
        let message = Message::read_startup(&mut client.from).await?;
        server.to.write_all(&message.bytes).await?;
        server.to.flush().await?;
        if !message.asks_for_encryption() {
            return Ok(());
        }
        let answer = server.from.read_u8().await?;
        assert_eq!(answer, b'N', "what is encrypted can't be read");
        client.to.write_u8(answer).await?;
        client.to.flush().await?;
    }
}

/// What becomes of the answers to commits, by how many answers came before them on their connection.
#[derive(Default)]
struct Answers(Mutex<VecDeque<(usize, Fate)>>);

impl Answers {
    fn expect(&self, number: usize, fate: Fate) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back((number, fate));
    }

    /// What becomes of this answer, if it is one to a commit. Says so once.
    fn take(&self, number: usize) -> Option<Fate> {
        let mut expected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        expected.pop_front_if(|(next, _)| *next == number).map(|(_, fate)| fate)
    }
}

/// What a client asks.
struct Questions<'a> {
    from: BufReader<OwnedReadHalf>,
    to: BufWriter<OwnedWriteHalf>,
    ground: &'a Ground,
    answers: &'a Answers,
}

impl Questions<'_> {
    async fn pass_on(mut self) -> Talk {
        let end = self.pass_on_all().await.unwrap_or(Talk::Over);
        if matches!(end, Talk::Over) {
            let _ = self.to.shutdown().await;
        }
        end
    }

    async fn pass_on_all(&mut self) -> io::Result<Talk> {
        let (mut prepared, mut transaction) = (Prepared::default(), Transaction::default());
        // The startup is answered as well.
        let mut asked = 1;
        loop {
            let message = Message::read(&mut self.from).await?;
            if let Some(text) = prepared.executed(&message)
                && let Some(Talk::Cut) = self.execute(text, asked, &mut transaction).await?
            {
                return Ok(Talk::Cut);
            }
            asked += usize::from(matches!(message.kind, b'Q' | b'S' | b'F'));
            self.to.write_all(&message.bytes).await?;
            if self.from.buffer().is_empty() {
                self.to.flush().await?;
            }
        }
    }

    /// Looks at what is to be executed, and if it is a commit, lets it come to what becomes of it.
    async fn execute(&mut self, text: String, asked: usize, transaction: &mut Transaction) -> io::Result<Option<Talk>> {
        if wire::begins(&text) {
            transaction.0.clear();
        }
        let end = wire::End::of(&text);
        transaction.0.push(text);
        match end {
            None => {}
            Some(wire::End::Rollback) => transaction.0.clear(),
            Some(wire::End::Commit) => {
                let fate = self.ground.decide(&std::mem::take(transaction));
                return self.commit(fate, asked).await;
            }
        }
        Ok(None)
    }

    async fn commit(&mut self, fate: Fate, asked: usize) -> io::Result<Option<Talk>> {
        match fate {
            Fate::DropBefore => {
                self.ground.count(|counts| counts.dropped += 1);
                return Ok(Some(Talk::Cut));
            }
            Fate::HoldCommit(time) => {
                // What was said before it has been heard.
                self.to.flush().await?;
                self.ground.count(|counts| counts.held += 1);
                sleep(time).await;
            }
            Fate::Pass | Fate::DropAnswer | Fate::DelayAnswer(_) => {}
        }
        self.answers.expect(asked, fate);
        Ok(None)
    }
}

/// What PostgreSQL says to it.
struct Said<'a> {
    from: BufReader<OwnedReadHalf>,
    to: BufWriter<OwnedWriteHalf>,
    ground: &'a Ground,
    answers: &'a Answers,
}

impl Said<'_> {
    async fn pass_on(mut self) {
        let mut answered = 0;
        let mut fate = None;
        while let Ok(message) = Message::read(&mut self.from).await {
            // What ends a statement or a whole answer; a commit is done by the time of the first of them.
            if matches!(message.kind, b'C' | b'E' | b'Z') && fate.is_none() {
                fate = self.answers.take(answered);
                self.come_to(fate).await;
            }
            let whole = message.kind == b'Z';
            if fate != Some(Fate::DropAnswer) {
                self.say(&message).await;
            } else if whole {
                self.ground.count(|counts| counts.dropped += 1);
                return;
            }
            if whole {
                answered += 1;
                fate = None;
            }
        }
    }

    /// Lets an answer come to what becomes of it, if it is one to a commit.
    async fn come_to(&self, fate: Option<Fate>) {
        let delay = if let Some(Fate::DelayAnswer(time)) = fate { Some(time) } else { None };
        self.ground.count(|counts| {
            counts.answered += usize::from(fate.is_some());
            counts.delayed += usize::from(delay.is_some());
        });
        if let Some(time) = delay {
            sleep(time).await;
        }
    }

    /// To a client that may have hung up. PostgreSQL is listened to even then: it may be about to commit.
    async fn say(&mut self, message: &Message) {
        let _ = self.to.write_all(&message.bytes).await;
        if self.from.buffer().is_empty() {
            let _ = self.to.flush().await;
        }
    }
}
