//! A PostgreSQL of a test's own, which can be stopped in the middle of everything and started again.
//!
//! It needs the standard library and `tempfile` only, so that unit tests of other crates can include
//! this file. Whatever ends the test process ends it as well: a shell that watches over it holds the
//! other end of a pipe, and when that closes it stops the server and removes its folder.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Who owns everything in a cluster.
const USER: &str = "blytz";

/// How long a server may take to start or to end, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is polled is polled as often.
const PAUSE: Duration = Duration::from_millis(10);

/// Starts a server and waits: for a word, after which it stops the server, or for the end of whoever
/// would say it, after which it removes the folder as well. The server alone has this shell's stdout,
/// as its third stream, so that whoever reads it knows when the last of its processes is gone.
const GUARDIAN: &str = r#"
folder=$1
shift
"$@" 3>&1 </dev/null >>"$folder/log" 2>&1 &
server=$!
exec >/dev/null
read -r word
kill -QUIT "$server"
wait "$server"
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// Whether what is committed outlives a power cut. No crash of the server alone needs it, but crash
/// tests want what an operator has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    On,
    Off,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::On => &["fsync=on"],
            Self::Off => &["fsync=off", "full_page_writes=off"],
        }
    }

    /// How a database is copied in less time: by its files, unless these must reach the disk, or through the log.
    fn strategy(self) -> &'static str {
        match self {
            Self::On => "--strategy=wal_log",
            Self::Off => "--strategy=file_copy",
        }
    }
}

/// A PostgreSQL over a temporary folder, on a loopback port.
pub struct Cluster {
    port: u16,
    durability: Durability,
    place: Place,
    run: Option<Run>,
    /// A template has no other visitors while it is copied.
    creating: Mutex<()>,
}

impl Cluster {
    /// Makes a cluster and starts its server. Returns when it takes connections.
    pub fn start(durability: Durability) -> Self {
        let place = Place::make();
        for port in free_ports().take(10) {
            match place.run(port, durability) {
                Ok(run) => return Self { port, durability, place, run: Some(run), creating: Mutex::new(()) },
                // Somebody has taken the port since.
                Err(said) if said.contains("Address already in use") => {}
                Err(said) => panic!("PostgreSQL does not start: {said}"),
            }
        }
        panic!("PostgreSQL finds no port that is free");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Ends the server as a crash would: no goodbye, no checkpoint. Returns when all its processes are gone.
    pub fn stop_at_once(&mut self) {
        self.run.take().expect("it runs").stop();
    }

    /// Starts the server over what the last one has left, on the same port. Returns when it takes
    /// connections.
    pub fn start_again(&mut self) {
        assert!(self.run.is_none(), "it runs already");
        let run = self.place.run(self.port, self.durability);
        self.run = Some(run.unwrap_or_else(|said| panic!("PostgreSQL does not start again: {said}")));
    }

    /// A new database, empty or a copy of another, to which nobody may be connected.
    pub fn create_database(&self, name: &str, template: Option<&str>) {
        let _turn = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        let template = template.map(|template| format!("--template={template}"));
        let arguments = [self.durability.strategy(), name];
        self.ask("createdb", template.as_deref().into_iter().chain(arguments));
    }

    /// Removes a database, whoever is still connected to it.
    pub fn drop_database(&self, name: &str) {
        self.ask("dropdb", ["--force", name]);
    }

    /// Runs one of PostgreSQL's own programs against the server.
    fn ask<'a>(&self, program: &str, arguments: impl IntoIterator<Item = &'a str>) {
        let mut command = self.place.command(program);
        command.args(["--host=127.0.0.1", "--username", USER, "--port", &self.port.to_string()]);
        finish(command.args(arguments));
    }
}

impl Drop for Cluster {
    /// Stops the server and removes its folder, or has the guardian do so if it still runs.
    fn drop(&mut self) {
        match self.run.take() {
            Some(run) => run.end(),
            None => drop(fs::remove_dir_all(&self.place.folder)),
        }
    }
}

/// The cluster of everybody who only needs a database. Nobody stops it; its guardian does in the end.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(Durability::Off))
}

/// Whether tests that need PostgreSQL are to be left out, since there is none and can't be: `scripts/test`
/// says so by BLYTZ_TEST_POSTGRES=off. Where everything must be there, that is a failure.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says in the environment what they can't do")]
pub fn left_out() -> bool {
    let says = |name: &str, value: &str| env::var(name).is_ok_and(|said| said == value);
    let left_out = says("BLYTZ_TEST_POSTGRES", "off");
    assert!(!left_out || !says("CI", "true"), "nothing is left out here: install PostgreSQL");
    if left_out {
        println!("left out: there is no PostgreSQL, so nothing was tested");
    }
    left_out
}

/// Where a cluster lies, and by which programs and as whom it is run.
struct Place {
    folder: PathBuf,
    binaries: PathBuf,
    /// Whom to be, where the test is root, as which PostgreSQL refuses to run.
    user: Option<(u32, u32)>,
}

impl Place {
    /// A temporary folder with a fresh cluster in it.
    fn make() -> Self {
        let binaries = binaries().expect("PostgreSQL 15 or newer is missing. On Debian: apt-get install postgresql");
        let user = (id(&["-u"]) == 0).then(|| (id(&["-u", "nobody"]), id(&["-g", "nobody"])));
        let folder = tempfile::Builder::new().prefix("blytz-postgres-").tempdir().expect("a temporary folder");
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).expect("root gives folders away");
        }
        let place = Self { folder: folder.path().to_owned(), binaries, user };
        place.initialise();
        // From here on its guardian removes it.
        let _ = folder.keep();
        place
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Sorts as people expect it, as a cluster that an operator makes would; and knows the letters
    /// beyond ASCII, which trigrams are made of.
    fn initialise(&self) {
        let locale = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };
        let mut command = self.command("initdb");
        command.args(["--no-sync", "--auth=trust", "--username", USER, "--encoding=UTF8", "--locale", locale]);
        finish(command.args(["--locale-provider=icu", "--icu-locale=en-US", "--pgdata"]).arg(self.data()));
    }

    /// One of PostgreSQL's programs, with nothing of this process's environment.
    fn command(&self, program: &str) -> Command {
        self.as_user(Command::new(self.binaries.join(program)))
    }

    fn as_user(&self, mut command: Command) -> Command {
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(&self.folder).stdin(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// A server on this port that takes connections, or what it said instead.
    fn run(&self, port: u16, durability: Durability) -> Result<Run, String> {
        let run = Run::spawn(self.guardian(port, durability));
        let ready = self.data().join("postmaster.pid");
        let started = until(|| run.has_ended() || says_ready(&ready));
        if started && !run.has_ended() {
            return Ok(run);
        }
        run.stop();
        Err(fs::read_to_string(self.folder.join("log")).unwrap_or_default())
    }

    fn guardian(&self, port: u16, durability: Durability) -> Command {
        let mut command = self.as_user(Command::new("sh"));
        command.args(["-c", GUARDIAN, "guardian"]).arg(&self.folder);
        command.arg(self.binaries.join("postgres")).arg("-D").arg(self.data());
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        for setting in durability.settings().iter().chain(&["max_connections=200", "shared_buffers=32MB"]) {
            command.args(["-c", setting]);
        }
        // Not in the group that a Ctrl-C in a terminal is meant for: it has to tidy up after it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }
}

/// A server from its start to its end, and the shell that watches over it.
struct Run {
    guardian: Child,
    /// Ends when the last of the server's processes does.
    listener: JoinHandle<()>,
}

impl Run {
    fn spawn(mut command: Command) -> Self {
        let mut guardian = command.spawn().expect("a shell starts");
        let mut held = guardian.stdout.take().expect("a pipe");
        let listener = thread::spawn(move || {
            let _ = held.read_to_end(&mut Vec::new());
        });
        Self { guardian, listener }
    }

    fn has_ended(&self) -> bool {
        self.listener.is_finished()
    }

    /// Stops the server and keeps its folder.
    fn stop(mut self) {
        self.guardian.stdin.take().expect("a pipe").write_all(b"keep\n").expect("the guardian lives");
        assert!(until(|| self.has_ended()), "PostgreSQL does not end");
        self.guardian.wait().expect("the guardian ends");
    }

    /// Stops the server and removes its folder.
    fn end(mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// Where PostgreSQL's programs are: the ones that the path leads to, or else Debian's newest.
fn binaries() -> Option<PathBuf> {
    let named = Command::new("pg_config").arg("--bindir").output().ok();
    let named = named.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    debian.sort_by_key(|entry| entry.file_name().to_string_lossy().parse().unwrap_or(0_u32));
    let debian = debian.iter().rev().map(|entry| entry.path().join("bin"));
    named.into_iter().chain(debian).find(|folder| folder.join("initdb").is_file() && is_new_enough(folder))
}

/// Whether there is a server among these programs, which is not so where only clients are installed, and
/// whether it can sort by Unicode's rules.
fn is_new_enough(folder: &Path) -> bool {
    let said = Command::new(folder.join("postgres")).arg("--version").output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let number = said.split(|letter: char| !letter.is_ascii_digit()).find(|part| !part.is_empty());
    number.and_then(|number| number.parse().ok()).is_some_and(|version: u32| version >= 15)
}

/// Ports that nobody listens on, below those that systems give to whoever connects: one of these might
/// be gone when the server starts again.
fn free_ports() -> impl Iterator<Item = u16> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let ports = (0..10_000).map(|_| {
        let offset = std::process::id().wrapping_mul(37).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        20_000 + u16::try_from(offset % 12_000).expect("below 12,000")
    });
    ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

/// What `id` says.
fn id(arguments: &[&str]) -> u32 {
    let output = finish(Command::new("id").args(arguments));
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

/// Runs a program that must succeed.
fn finish(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} can't be run: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Whether a server has written into its lock file that it takes connections.
fn says_ready(lock: &Path) -> bool {
    fs::read_to_string(lock).is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
}

/// Whether something came true in time.
fn until(mut holds: impl FnMut() -> bool) -> bool {
    (0..PATIENCE.as_millis() / PAUSE.as_millis()).any(|_| {
        let held = holds();
        if !held {
            thread::sleep(PAUSE);
        }
        held
    })
}
