//! What a person is told and asked while the program works, on standard error.
//!
//! Nobody may be there: a terminal is halted, or a pipe is full. A run that is stopped does not wait for
//! whoever reads nothing, so what goes to standard error goes through [`tell`]; not the log of `MEDSETS_LOG`,
//! which whoever asks for it must read.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use indicatif::TermLike;
use rustix::termios::tcgetwinsize;

use crate::fs::Outlet;

/// Writes text as it is.
///
/// # Errors
/// It cannot be written, or nobody takes it and the run is stopped.
pub fn tell(text: &str) -> io::Result<()> {
    static OUT: LazyLock<Mutex<Box<dyn Write + Send>>> = LazyLock::new(|| {
        Mutex::new(match io::stderr().as_fd().try_clone_to_owned() {
            Ok(out) => Box::new(Outlet::new(File::from(out))),
            Err(_) => Box::new(io::stderr()),
        })
    });
    OUT.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes())
}

/// The terminal behind standard error, for a bar that is drawn anew and anew.
#[derive(Debug, Default)]
pub struct Screen {
    /// What is not shown yet.
    drawn: Mutex<String>,
}

impl Screen {
    fn draw(&self, text: &str) -> io::Result<()> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        Ok(())
    }

    fn move_cursor(&self, by: usize, direction: char) -> io::Result<()> {
        if by == 0 { Ok(()) } else { self.draw(&format!("\x1b[{by}{direction}")) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        let told = tcgetwinsize(io::stderr()).map(|size| size.ws_col).unwrap_or_default();
        if told == 0 { USUAL } else { told }
    }

    fn move_cursor_up(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'A')
    }

    fn move_cursor_down(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'B')
    }

    fn move_cursor_right(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'C')
    }

    fn move_cursor_left(&self, by: usize) -> io::Result<()> {
        self.move_cursor(by, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.drawn.lock().unwrap_or_else(PoisonError::into_inner));
        tell(&drawn)
    }
}

/// Letters in a line of a terminal that does not say how wide it is.
const USUAL: u16 = 80;
