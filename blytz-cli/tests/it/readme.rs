//! What the README says, done as it says: its lines typed into a shell by somebody who puts an id
//! where LOT stands, its programs compiled and run.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use assert_cmd::cargo::cargo_bin;
use blytz_client::{
    Client, LiveEvent,
    wire::{auction::EventData, live::Channel},
};
use blytz_core::AuctionId;

use crate::{
    house::{House, PASSWORD},
    terminal::{Left, Terminal},
};

const README: &str = include_str!("../../../README.md");
const OURS: &str = include_str!("../../README.md");

/// The blocks of a language, in order.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if info == language {
            blocks.push(block.join("\n") + "\n");
        }
    }
    blocks
}

/// The lines of all shell blocks, without remarks.
fn shell_lines(markdown: &str) -> Vec<String> {
    let blocks = blocks(markdown, "sh").concat();
    let lines = blocks.lines().map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Somebody with a shell, a home of their own, and the programs in their path.
struct Reader {
    home: tempfile::TempDir,
    /// What was exported: names and values.
    exports: Vec<(String, String)>,
    /// The port instead of 8080, which somebody else may have.
    port: u16,
    /// The lot that they are at.
    lot: Option<String>,
    /// The demo that runs in another terminal.
    demo: Option<Terminal>,
}

impl Reader {
    fn new() -> Self {
        // Free a moment ago: as good as anybody can know.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let home = tempfile::tempdir().expect("a home");
        Self { home, exports: Vec::new(), port, lot: None, demo: None }
    }

    /// Types a line into a terminal of its own.
    fn shell(&self, line: &str) -> Terminal {
        let line = line.replace("8080", &self.port.to_string()).replace("LOT", self.lot.as_deref().unwrap_or("LOT"));
        let line = line.replace("cargo run --bin blytz --", "blytz");
        let mut shell = Command::new("sh");
        let folder = cargo_bin("blytz").parent().map(Path::to_owned).expect("a folder");
        let path = std::env::join_paths([folder, PathBuf::from("/usr/bin"), PathBuf::from("/bin")]).expect("a path");
        shell.env_clear().env("PATH", path).env("HOME", self.home.path()).current_dir(self.home.path());
        // Whoever has somebody else's server on 8080 says so for their own, too.
        shell.env("BLYTZ_LISTEN", "127.0.0.1:0");
        // The shell becomes the program: what it is told, the program is told.
        let line = line.replacen("blytz ", "exec blytz ", 1);
        shell.envs(self.exports.iter().cloned()).args(["-c", &line]);
        Terminal::of(120, shell)
    }

    /// Does what the line says, and what comes with it.
    fn follow(&mut self, line: &str) {
        let (program, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (program, rest) {
            // What brought us here.
            ("scripts/test", "") => assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/test").exists()),
            ("cargo", "install --path blytz-cli") => {}
            ("cargo", "run --bin blytz -- demo") | ("blytz", "demo") => watch_the_demo(self.shell(line)),
            ("cargo", "run --bin blytz -- demo --port 8080") => {
                let mut demo = self.shell(line);
                demo.until("The show is on http://127.0.0.1:");
                self.demo = Some(demo);
            }
            ("export", variables) => {
                let variables = variables.replace("8080", &self.port.to_string());
                let pairs = variables.split_whitespace().map(|pair| pair.split_once('=').expect("name=value"));
                self.exports.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            ("blytz", rest) if rest.starts_with("signup ") => {
                let mut asked = self.shell(line);
                asked.until("Password").types_unseen(&format!("{PASSWORD}\r"));
                asked.until("again").types_unseen(&format!("{PASSWORD}\r"));
                assert!(done(asked).screen.contains("ann@example.com"));
            }
            ("blytz", "auctions list --status live") => self.lot = Some(self.live_lot(line)),
            ("blytz", "bid LOT") => self.bid(line),
            ("blytz", "auctions watch LOT") => {
                let watched = done(self.shell(line)).screen;
                assert!(watched.contains("SOLD to") || watched.contains("sold"), "{watched}");
            }
            ("blytz", "receipts") => {
                assert!(done(self.shell(line)).screen.contains(self.lot.as_deref().unwrap_or("LOT")));
            }
            ("blytz", "keys") => assert!(done(self.shell(line)).screen.contains("house-")),
            ("blytz", "auctions export LOT proof.json" | "keys export > keys.json") => drop(done(self.shell(line))),
            ("blytz", "verify LOT" | "verify proof.json --keys keys.json") => {
                assert!(done(self.shell(line)).screen.contains("holds"));
            }
            ("blytz", "tui") => {
                let mut screens = self.shell(line);
                screens.until("Lelong Malam").types("q");
                done(screens);
            }
            _ if line.ends_with(" blytz serve") => {
                let mut served = self.shell(line);
                served.until("http://127.0.0.1:");
                let left = served.told_to_end();
                assert_eq!(left.code, 0, "{left:?}");
            }
            _ => panic!("nobody has tried {line:?}"),
        }
    }

    /// The id of what is live; between two lots one looks again.
    fn live_lot(&self, line: &str) -> String {
        loop {
            let listed = done(self.shell(line)).screen;
            let id = listed.split_whitespace().find(|word| word.parse::<AuctionId>().is_ok());
            if let Some(id) = id {
                return id.to_owned();
            }
        }
    }

    /// Says yes to what is asked until the bid stands. The show does not wait: who comes too late, or
    /// to a lot where bids are sealed, takes the next one.
    fn bid(&mut self, line: &str) {
        loop {
            let mut asked = self.shell(line);
            while asked.shows("[y/N]") {
                asked.types("y\r");
            }
            let left = asked.left();
            match left.code {
                0 => {
                    return assert!(
                        left.screen.contains("leading")
                            || left.screen.contains("outbid")
                            || left.screen.contains("won"),
                        "{left:?}"
                    );
                }
                2 => assert!(left.screen.contains("sealed"), "{left:?}"),
                _ => assert_eq!(left.code, 5, "{left:?}"),
            }
            let before = self.lot.take();
            while self.lot.is_none() || self.lot == before {
                self.lot = Some(self.live_lot("blytz auctions list --status live"));
            }
        }
    }
}

fn done(terminal: Terminal) -> Left {
    let left = terminal.left();
    assert_eq!(left.code, 0, "{left:?}");
    left
}

/// Looks until a lot is on the screen, then quits.
fn watch_the_demo(mut demo: Terminal) {
    demo.until("Charizard").types("q");
    assert!(done(demo).screen.contains("sold for"), "a summary");
}

#[test]
fn the_lines_of_the_readme_run_as_written() {
    let mut reader = Reader::new();
    let lines = shell_lines(README);
    assert!(lines.len() > 10, "{lines:?}");
    for line in &lines {
        reader.follow(line);
    }
    let mut demo = reader.demo.take().expect("a demo");
    demo.types("q");
    done(demo);
    for line in shell_lines(OURS) {
        assert!(line == "blytz demo" || lines.contains(&line), "nobody has tried {line:?}");
    }
}

/// The programs of the README, letter for letter; those who change one change the other.
#[test]
fn the_programs_of_the_readme_are_those_that_are_run() {
    let run =
        [include_str!("../readme/rules.rs"), include_str!("../readme/bid_once.rs"), include_str!("../readme/start.rs")];
    assert_eq!(blocks(README, "rust"), run);
    let server = include_str!("../../../blytz-server/README.md");
    assert_eq!(blocks(server, "rust,no_run"), [include_str!("../readme/start.rs")]);
}

mod rules {
    include!("../readme/rules.rs");

    #[test]
    fn it_decides_an_auction() {
        main().expect("a bid that counts");
    }
}

mod bid_once {
    use super::*;

    mod program {
        include!("../readme/bid_once.rs");

        pub async fn run(server: &str, email: &str, password: &str) -> Result<(), blytz_client::Error> {
            bid_once(server, email, password).await
        }
    }

    /// The latest lot is scheduled, the one before is sealed; the one that can be bid on is the oldest.
    #[test]
    fn it_bids_on_what_is_live() {
        let house = House::open();
        let (seller, ann, ben) = (house.seller("sita"), house.buyer("ann"), house.buyer("ben"));
        let lot = seller.live_lot(&["--duration", "1h", "--reserve-price", "50", "--buy-now-price", "80"]);
        seller.live_lot(&["--duration", "1h", "--format", "sealed_first_price"]);
        let product = seller.product("Card");
        seller.run(&["auctions", "create", "--product", &product, "--starting-price", "1"]).ok();
        let url = house.running.url();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let watching = Client::builder(&url).build().expect("a client");
            let (live, mut events) = watching.live().connect();
            live.subscribe(Channel::Auction(lot.parse().expect("an id")));
            let program = tokio::spawn(async move { program::run(&url, "ann@example.com", PASSWORD).await });
            while let Some(event) = events.recv().await {
                match event {
                    LiveEvent::Auction { entry, .. } if matches!(entry.data, EventData::Bid { .. }) => break,
                    LiveEvent::AuctionState { status, .. } if status.bid_count > 0 => break,
                    _ => {}
                }
            }
            // It is Ann's, and ends when somebody takes the lot.
            assert_eq!(ann.json(&["auctions", "me", &lot])["leading"], true);
            ben.run(&["bid", &lot, "--buy-now"]).ok();
            program.await.expect("no panic").expect("it bid");
        });
        house.stop();
    }
}

mod start {
    use super::*;

    mod program {
        include!("../readme/start.rs");

        pub async fn run(data: &str) -> anyhow::Result<Running> {
            start(data).await
        }
    }

    #[test]
    fn it_serves_until_it_is_stopped() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let running = program::run(&data).await.expect("a server");
            let client = Client::builder(running.url()).build().expect("a client");
            client.process().health().await.expect("alive");
            running.stop().await.expect("stopped");
        });
    }
}
