//! The program in a terminal of its own, which nobody has told its size: 0 columns, 0 rows.

use std::{
    fs::File,
    io::Read,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr, tcgetwinsize},
};

/// The program, and the end of its terminal that it can't see.
struct Seat {
    program: Child,
    terminal: OwnedFd,
    drawn: std::sync::mpsc::Receiver<()>,
    reader: JoinHandle<String>,
}

impl Seat {
    fn take() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let path = ptsname(&master, Vec::new()).expect("it has a name").into_string().expect("text");
        let open = || File::options().read(true).write(true).open(&path).expect("the other end");
        let terminal: OwnedFd = open().into();
        let size = tcgetwinsize(&terminal).expect("asked");
        assert_eq!((size.ws_col, size.ws_row), (0, 0), "nobody has said how large it is");
        // Nobody answers there: the program draws what it has, and tries again.
        let program = Command::new(env!("CARGO_BIN_EXE_blytz-tui"))
            .args(["--server", "http://127.0.0.1:1", "--config", "/nonexistent/tui.toml"])
            .env_remove("BLYTZ_TOKEN")
            .stdin(Stdio::from(open()))
            .stdout(Stdio::from(open()))
            .stderr(Stdio::from(open()))
            .spawn()
            .expect("it starts");
        let (tell, drawn) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || listen(master.into(), &tell));
        Self { program, terminal, drawn, reader }
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.terminal).expect("asked").local_modes.contains(LocalModes::ICANON)
    }
}

/// Everything that the program writes, until nobody has the terminal any more.
fn listen(mut master: File, drawn: &std::sync::mpsc::Sender<()>) -> String {
    let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
    let mut told = false;
    while let Ok(read @ 1..) = master.read(&mut bytes) {
        all.extend_from_slice(&bytes[..read]);
        if !told && all.windows(5).any(|part| part == b"BLYTZ") {
            told = drawn.send(()).is_ok();
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn every_signal_that_ends_it_gives_the_terminal_back() {
    for signal in [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP] {
        let mut seat = Seat::take();
        seat.drawn.recv().unwrap_or_else(|_| panic!("it ended before it drew anything"));
        assert!(seat.is_raw());
        kill_process(Pid::from_child(&seat.program), signal).expect("it runs");
        let status = seat.program.wait().expect("it ends");
        assert!(status.success(), "{signal:?}: {status}");
        assert!(!seat.is_raw(), "{signal:?}");
        drop(seat.terminal);
        let written = seat.reader.join().expect("no panic");
        let given_back = ["\u{1b}[?1000l", "\u{1b}[?2004l", "\u{1b}[?1049l", "\u{1b}[?25h"];
        assert!(given_back.iter().all(|part| written.contains(part)), "{signal:?}: {written:?}");
        assert!(!written.contains("needs a little more room"), "a size of nothing is unknown: {written:?}");
    }
}
