//! As much of PostgreSQL's protocol, version 3, as tells a commit from other messages.

use std::{collections::HashMap, io};

use tokio::io::{AsyncRead, AsyncReadExt};

/// A message as it was sent.
pub struct Message {
    /// What kind of message it is; 0 for those of a startup, which have none.
    pub kind: u8,
    pub bytes: Vec<u8>,
    body: usize,
}

impl Message {
    /// The next one of a connection that has been started.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let kind = from.read_u8().await?;
        Self::rest(from, kind, vec![kind]).await
    }

    /// The next one of a connection that is being started.
    pub async fn read_startup(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        Self::rest(from, 0, Vec::new()).await
    }

    async fn rest(from: &mut (impl AsyncRead + Unpin), kind: u8, mut bytes: Vec<u8>) -> io::Result<Self> {
        let length = from.read_u32().await?;
        bytes.extend(length.to_be_bytes());
        let body = bytes.len();
        // The length counts itself.
        let size = (length as usize).checked_sub(4).ok_or(io::ErrorKind::InvalidData)?;
        bytes.resize(body + size, 0);
        from.read_exact(&mut bytes[body..]).await?;
        Ok(Self { kind, bytes, body })
    }

    /// Whether a startup asks for encryption, and waits for one byte of an answer.
    pub fn asks_for_encryption(&self) -> bool {
        let code = self.bytes[self.body..].first_chunk().map(|code| u32::from_be_bytes(*code));
        matches!(code, Some(80_877_103 | 80_877_104))
    }

    /// The texts that it begins with, each of which ends with a zero.
    fn texts(&self) -> impl Iterator<Item = String> {
        self.bytes[self.body..].split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// The first two of them.
    fn two_texts(&self) -> (String, String) {
        let mut texts = self.texts();
        (texts.next().unwrap_or_default(), texts.next().unwrap_or_default())
    }
}

/// What has been prepared on a connection: statements are sent once and executed by their name.
#[derive(Default)]
pub struct Prepared {
    statements: HashMap<String, String>,
    portals: HashMap<String, String>,
}

impl Prepared {
    /// What is executed by a message that a client sends, if it executes something.
    pub fn executed(&mut self, message: &Message) -> Option<String> {
        match message.kind {
            b'Q' => message.texts().next(),
            b'P' => {
                let (statement, text) = message.two_texts();
                self.statements.insert(statement, text);
                None
            }
            b'B' => {
                let (portal, statement) = message.two_texts();
                let text = self.statements.get(&statement).cloned().unwrap_or_default();
                self.portals.insert(portal, text);
                None
            }
            b'E' => message.texts().next().and_then(|portal| self.portals.get(&portal).cloned()),
            _ => None,
        }
    }
}

/// How a text ends the transaction that it stands in, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Commit,
    Rollback,
}

impl End {
    /// By its last statement, where several are sent in one text.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(|letter: char| letter == ';' || letter.is_whitespace());
        let last = text.rsplit(';').next().unwrap_or_default().to_lowercase();
        let mut words = last.split_whitespace();
        match (words.next().unwrap_or_default(), words.next()) {
            ("commit" | "end", _) => Some(Self::Commit),
            // To a savepoint, it goes on.
            ("rollback", Some("to")) => None,
            ("rollback" | "abort", _) => Some(Self::Rollback),
            _ => None,
        }
    }
}

/// Whether a transaction begins with this text.
pub fn begins(text: &str) -> bool {
    let first = text.split(|letter: char| letter == ';' || letter.is_whitespace()).find(|word| !word.is_empty());
    first.is_some_and(|word| word.eq_ignore_ascii_case("begin") || word.eq_ignore_ascii_case("start"))
}

#[test]
fn a_text_begins_by_its_first_statement_and_ends_by_its_last() {
    let commits = ["COMMIT", "commit;", " Commit ;\n", "update t set a = 1; commit", "END", "commit and chain"];
    assert!(commits.iter().all(|text| End::of(text) == Some(End::Commit)));
    let works = ["", "select 'commit'", "insert into commits values (1)", "rollback to savepoint a", "savepoint a"];
    assert!(works.iter().all(|text| End::of(text).is_none() && !begins(text)));
    assert_eq!(End::of("rollback"), Some(End::Rollback));
    assert!(begins("BEGIN") && begins(" begin; select 1") && begins("start transaction") && !begins("begins"));
}
