//! The server as a program, in a process of its own.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::house::{Person, database_of};

/// A running program, which is killed when its test ends.
pub struct Program {
    pub child: Child,
    pub url: String,
    /// Whoever is not logged in there.
    pub nobody: Person,
    out: BufReader<ChildStdout>,
}

/// The program over a data folder, with nothing of this process's environment that it would read.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blytz-server"));
    command.env_clear().env("BLYTZ_DATA", data).env("BLYTZ_LISTEN", "127.0.0.1:0");
    if let Some(url) = database_of(data) {
        command.env("BLYTZ_DATABASE_URL", url);
    }
    command
}

impl Program {
    /// Returns when it listens.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("its first line");
        let url = line.trim().strip_prefix("blytz-server listening on ").unwrap_or_else(|| {
            let mut said = String::new();
            let _ = child.stderr.take().map(|mut err| err.read_to_string(&mut said));
            panic!("the first line is {line:?}; on stderr: {said}")
        });
        Self { nobody: Person::nobody(url.to_owned()), url: url.to_owned(), child, out }
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(name).arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
    }

    /// SIGKILL: no drain, no flush, no farewell.
    pub fn kill(mut self) {
        self.child.kill().expect("it was alive");
        self.child.wait().expect("it is gone");
    }

    /// The exit code, what else was on stdout, and stderr, if that is a pipe.
    pub fn wait(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        self.out.read_to_string(&mut out).expect("text");
        let status = self.child.wait().expect("it ends");
        (status.code(), out, err)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
