//! A terminal of some width, and somebody who sits at it: reads, and types.

use std::{
    fs::File,
    io::{Read, Write},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use crate::house::Started;
use rustix::{
    io::{FdFlags, fcntl_setfd},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

/// Only a program that hangs shows nothing for so long.
const HANGS: Duration = Duration::from_mins(10);

pub struct Terminal {
    child: Started,
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
    /// What `until` has found already.
    read: usize,
}

/// What was on the screen, and how the program ended.
#[derive(Debug)]
pub struct Left {
    pub code: i32,
    pub screen: String,
}

impl Terminal {
    /// Starts the program in a terminal of so many columns; 0 is one that does not know.
    pub fn of(columns: u16, command: Command) -> Self {
        Self::typed_ahead(columns, "", command)
    }

    /// The same, with keys that were pressed before the program was there.
    pub fn typed_ahead(columns: u16, keys: &str, mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        // Nobody else's child shall hold it.
        fcntl_setfd(&ours, FdFlags::CLOEXEC).expect("ours alone");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("ours");
        let name = ptsname(&ours, Vec::new()).expect("a name").into_string().expect("text");
        let rows = if columns == 0 { 0 } else { 40 };
        tcsetwinsize(&ours, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        let theirs = File::options().read(true).write(true).open(name).expect("the other end");
        let mut shown = File::from(ours);
        shown.write_all(keys.as_bytes()).expect("typed");
        let end = || Stdio::from(theirs.try_clone().expect("the same"));
        command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let child = Started::by(command);
        let keys = shown.try_clone().expect("the same");
        let (show, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // When nobody holds the other end any more, reading fails.
            while let Ok(count @ 1..) = shown.read(&mut buffer) {
                if show.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, screen, seen: String::new(), read: 0 }
    }

    /// Waits for more on the screen; false at the end.
    fn more(&mut self) -> bool {
        match self.screen.recv_timeout(HANGS) {
            Ok(bytes) => {
                self.seen.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("it hangs after: {}", self.seen),
        }
    }

    /// Waits for a text that was not waited for before.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> &mut Self {
        assert!(self.shows(text), "it ended without {text:?}: {}", self.seen);
        self
    }

    /// Whether a text comes that was not waited for before, and not the end.
    pub fn shows(&mut self, text: &str) -> bool {
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return true;
            }
            if !self.more() {
                return false;
            }
        }
    }

    pub fn types(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).expect("typed");
        self
    }

    /// Waits for the program's end.
    pub fn left(mut self) -> Left {
        while self.more() {}
        let code = self.child.wait().expect("it ends").code().expect("an exit code");
        Left { code, screen: std::mem::take(&mut self.seen) }
    }

    /// Types what the program does not want seen. It throws away what comes before it has seen to that.
    pub fn types_unseen(&mut self, keys: &str) -> &mut Self {
        while tcgetattr(&self.keys).expect("a terminal").local_modes.contains(LocalModes::ECHO) {
            assert!(self.child.try_wait().expect("asked").is_none(), "it ended: {}", self.seen);
            std::thread::yield_now();
        }
        self.types(keys)
    }

    /// Tells the program to end, and waits until it has.
    pub fn told_to_end(self) -> Left {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("told");
        assert!(told.success());
        self.left()
    }
}
