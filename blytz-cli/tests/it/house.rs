//! A server, and people with a folder of their own for their logins.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use assert_cmd::cargo::CommandCargoExt;
use blytz_core::account::Role;
use blytz_server::{Config, Running, Server, config::RateLimits};
use serde_json::Value;

pub const PASSWORD: &str = "vermilion-quagga-77";

/// A running server.
pub struct House {
    pub running: Running,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

/// Somebody at a terminal of their own.
pub struct Person<'a> {
    house: &'a House,
    pub name: &'static str,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl House {
    pub fn open() -> Self {
        Self::open_with(RateLimits::Off)
    }

    /// One that takes no more at once than it would in earnest.
    pub fn open_limited() -> Self {
        Self::open_with(RateLimits::Default)
    }

    fn open_with(rate_limits: RateLimits) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::in_folder(folder.path().join("data"));
        config.rate_limits = rate_limits;
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let running = runtime.block_on(async {
            let running = Server::builder().config(config).launch().await.expect("a server");
            running.app().accounts.ensure_admin("admin@example.com", PASSWORD).await.expect("an admin");
            running
        });
        Self { running, folder, runtime }
    }

    /// The same house after a restart: same address, same data.
    pub fn restart(self) -> Self {
        self.restart_after(|_| {})
    }

    /// The same, after something was done to its data while nobody served.
    pub fn restart_after(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { running, folder, runtime } = self;
        let data = folder.path().join("data");
        let mut config = Config::in_folder(&data);
        config.listen = running.addr().to_string();
        config.rate_limits = RateLimits::Off;
        let running = runtime.block_on(async {
            running.stop().await.expect("stopped");
            meanwhile(&data);
            Server::builder().config(config).launch().await.expect("a server")
        });
        Self { running, folder, runtime }
    }

    /// Somebody without an account.
    pub fn stranger(&self, name: &'static str) -> Person<'_> {
        Person { house: self, name }
    }

    /// Somebody who has just signed up.
    pub fn buyer(&self, name: &'static str) -> Person<'_> {
        let person = self.stranger(name);
        let email = format!("{name}@example.com");
        person.fed(PASSWORD, &["signup", "--email", &email, "--name", name, "--password-file", "-"]).ok();
        person
    }

    /// The admin, logged in.
    pub fn admin(&self) -> Person<'_> {
        let admin = self.stranger("admin");
        admin.fed(PASSWORD, &["login", "--email", "admin@example.com", "--password-file", "-"]).ok();
        admin
    }

    /// A seller, made one by the admin through the program.
    pub fn seller(&self, name: &'static str) -> Person<'_> {
        let person = self.buyer(name);
        let role = serde_json::to_value(Role::Seller).expect("a word");
        let email = format!("{name}@example.com");
        self.admin().run(&["users", "roles", &email, role.as_str().expect("a word")]).ok();
        person
    }

    /// A file for a command to read.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    pub fn stop(self) {
        let Self { running, runtime, .. } = self;
        runtime.block_on(running.stop()).expect("stopped");
    }
}

impl Person<'_> {
    pub fn run(&self, args: &[&str]) -> Done {
        self.fed("", args)
    }

    /// Runs at a terminal of so many columns.
    #[cfg(unix)]
    pub fn at_terminal(&self, columns: u16, args: &[&str]) -> crate::terminal::Terminal {
        self.too_early_at_terminal(columns, "", args)
    }

    /// The same, with keys that were pressed before.
    #[cfg(unix)]
    pub fn too_early_at_terminal(&self, columns: u16, keys: &str, args: &[&str]) -> crate::terminal::Terminal {
        let command = command(&self.config_folder(), Some(&self.house.running.url()), args);
        crate::terminal::Terminal::typed_ahead(columns, keys, command)
    }

    /// Runs with `stdin`.
    pub fn fed(&self, stdin: &str, args: &[&str]) -> Done {
        run(&self.config_folder(), Some(&self.house.running.url()), stdin, args)
    }

    /// The answer as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--output", "json"]].concat()).json()
    }

    pub fn config_folder(&self) -> std::path::PathBuf {
        self.house.folder.path().join("people").join(self.name)
    }

    /// A product, and its id.
    pub fn product(&self, title: &str) -> String {
        let product = self.json(&["products", "create", "--title", title, "--price", "100", "--quantity", "5"]);
        product["id"].as_str().expect("an id").to_owned()
    }

    /// A live lot, and its id.
    pub fn live_lot(&self, rules: &[&str]) -> String {
        let product = self.product("Blue teapot");
        let create = ["auctions", "create", "--product", &product, "--starting-price", "10"];
        let lot = self.json(&[&create, rules].concat());
        let id = lot["id"].as_str().expect("an id").to_owned();
        self.run(&["auctions", "start", &id]).ok();
        id
    }
}

/// A program that was started, and does not outlive the test whatever becomes of that.
pub struct Started(Child);

impl Started {
    pub fn by(mut command: Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }
}

impl Deref for Started {
    type Target = Child;
    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Started {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself, as it should.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Runs the program with nothing of this machine's configuration.
pub fn run(config: &Path, server: Option<&str>, stdin: &str, args: &[&str]) -> Done {
    let mut child = command(config, server, args).spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("piped");
    // Who does not read may end before it is written.
    let _ = std::io::Write::write_all(&mut input, stdin.as_bytes());
    drop(input);
    child.wait_with_output().expect("the program ends").into()
}

pub fn command(config: &Path, server: Option<&str>, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("blytz").expect("built");
    command.args(args).env_clear().env("HOME", config).env("XDG_CONFIG_HOME", config);
    if let Some(server) = server {
        command.env("BLYTZ_SERVER", server);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code().expect("an exit code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Done {
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn json(self) -> Value {
        let done = self.ok();
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:#?}"))
    }
}
