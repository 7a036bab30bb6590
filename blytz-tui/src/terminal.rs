//! The terminal: taken at the start, given back at the end, on suspend and on a panic.

use std::{
    io::{self, Stdout, Write},
    panic::{self, PanicHookInfo},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor::Show,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute,
    style::Print,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, buffer::Buffer, layout::Rect};

use crate::{model::Model, view};

/// Whether the terminal is ours now; the panic hook asks.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What a terminal is taken for that does not know its size: serial lines and some pipes say 0.
const USUAL: (u16, u16) = (80, 24);

/// Columns and rows as the terminal says them, or as is usual where it says nothing.
pub fn known((columns, rows): (u16, u16)) -> (u16, u16) {
    let or_usual = |said, usual| if said == 0 { usual } else { said };
    (or_usual(columns, USUAL.0), or_usual(rows, USUAL.1))
}

/// The terminal while the program has it. Dropping it gives it back.
pub struct Tty {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Tty {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        restore_on_panic();
        take()?;
        Self::open().inspect_err(|_| give_back())
    }

    fn open() -> io::Result<Self> {
        let (columns, rows) = known(crossterm::terminal::size()?);
        // A fixed viewport, because any other asks the terminal for its size and believes a 0.
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, columns, rows)) };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::stdout()), options)?;
        Ok(Self { terminal, mouse: false })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| known((size.width, size.height)))
    }

    /// Draws the model; returns what is on the screen now.
    pub fn draw(&mut self, model: &Model) -> io::Result<&Buffer> {
        let (columns, rows) = self.size()?;
        let area = Rect::new(0, 0, columns, rows);
        if self.terminal.get_frame().area() != area {
            self.terminal.resize(area)?;
        }
        self.terminal.draw(|frame| view::draw(model, frame)).map(|drawn| drawn.buffer)
    }

    /// Forgets what is on the screen, so that the next drawing draws all of it.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Listens to the mouse, or leaves it to the terminal, which then selects text with it.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Rings the bell.
    pub fn bell(&mut self) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print('\u{7}'))
    }

    /// Gives the terminal back to the shell and stops, until the shell says go on.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop();
        take()?;
        self.set_mouse(self.mouse)?;
        self.redraw()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

/// The whole process group, as the terminal itself would stop it: whoever started us waits for it.
#[cfg(unix)]
fn stop() {
    // In a group that no shell watches this does nothing, and the program just goes on.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
}

#[cfg(not(unix))]
fn stop() {}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste).inspect_err(|_| give_back())
}

fn give_back() {
    give_back_to(&TAKEN, io::stdout());
}

/// Every step is tried, whatever became of the one before: half a terminal helps nobody.
fn give_back_to(taken: &AtomicBool, mut out: impl Write) {
    if !taken.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(out, DisableMouseCapture);
    let _ = execute!(out, DisableBracketedPaste);
    let _ = execute!(out, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}

type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(restoring(&TAKEN, io::stdout, panic::take_hook())));
}

/// A panic's message must land on a terminal that can show it: first the terminal, then the hook
/// that was there before.
fn restoring<W: Write>(
    taken: &'static AtomicBool,
    out: impl Fn() -> W + Send + Sync + 'static,
    before: PanicHook,
) -> PanicHook {
    Box::new(move |panic| {
        give_back_to(taken, out());
        before(panic);
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::task::JoinSet;

    use super::*;

    /// What would have gone to the terminal.
    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics while writing").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("nobody panics while writing").clone()).expect("text")
        }
    }

    /// A writer that lets nothing through, as of a terminal that is gone.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_size_of_nothing_is_unknown() {
        for (said, taken) in [((0, 0), (80, 24)), ((0, 50), (80, 50)), ((132, 0), (132, 24)), ((1, 1), (1, 1))] {
            assert_eq!(known(said), taken);
        }
    }

    const MOUSE_OFF: &str = "\u{1b}[?1000l";
    const PASTE_OFF: &str = "\u{1b}[?2004l";
    const MAIN_SCREEN: &str = "\u{1b}[?1049l";
    const CURSOR: &str = "\u{1b}[?25h";
    const SAID: &str = "<the panic's message>";

    #[test]
    fn a_panic_in_the_runtime_gives_the_terminal_back_before_it_is_told() {
        static TAKEN: AtomicBool = AtomicBool::new(true);
        let captured = Captured::default();
        let (out, told) = (captured.clone(), captured.clone());
        // The hook is one for the whole process, and other tests run meanwhile: it counts this
        // test's panic alone and passes every other on.
        let before = Arc::new(panic::take_hook());
        let others = before.clone();
        let tell: PanicHook = Box::new(move |_| told.clone().write_all(SAID.as_bytes()).expect("it is captured"));
        let restoring = restoring(&TAKEN, move || out.clone(), tell);
        panic::set_hook(Box::new(move |panic| match panic.payload().downcast_ref::<&str>() {
            Some(&"a request fell over") => restoring(panic),
            _ => others(panic),
        }));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let ended = runtime.block_on(async {
            let mut requests = JoinSet::new();
            requests.spawn(async { panic!("a request fell over") });
            requests.join_next().await
        });
        panic::set_hook(Box::new(move |panic| before(panic)));

        assert!(ended.is_some_and(|ended: Result<(), _>| ended.is_err_and(|error| error.is_panic())));
        let text = captured.text();
        let places: Vec<_> =
            [MOUSE_OFF, PASTE_OFF, MAIN_SCREEN, CURSOR, SAID].into_iter().map(|part| text.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text:?}");
        assert!(!TAKEN.load(Ordering::SeqCst), "it is no longer ours");
    }

    #[test]
    fn the_terminal_is_given_back_once_and_only_when_it_was_taken() {
        let (taken, captured) = (AtomicBool::new(false), Captured::default());
        give_back_to(&taken, captured.clone());
        assert_eq!(captured.text(), "");
        taken.store(true, Ordering::SeqCst);
        give_back_to(&taken, captured.clone());
        let once = captured.text();
        assert!(once.contains(MAIN_SCREEN));
        give_back_to(&taken, captured.clone());
        assert_eq!(captured.text(), once);
    }

    #[test]
    fn a_terminal_that_is_gone_is_no_second_panic() {
        let taken = AtomicBool::new(true);
        give_back_to(&taken, Broken);
        assert!(!taken.load(Ordering::SeqCst));
    }
}
