//! Secrets that a person types at a terminal that does not show them.
//!
//! They are read byte by byte: so a link may be longer than the line that a terminal gathers, what is
//! typed ahead of the next question stays there, and the wish to stop is heard. However the program
//! ends, the terminal shows again what is typed: see [`show_again`].

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::fs::{Awaited, stop};
use crate::ops::{Exit, Failure};
use crate::values::ByteSize;

use super::person;

/// Asks on standard error, and reads one line from standard input, which is a terminal.
///
/// # Errors
/// The run is stopped, or nothing can be read: then nothing is given of what was typed.
pub fn ask(question: &str) -> Result<String, Failure> {
    let typed = typed_after(question);
    // The end of the line was not shown either.
    let _ = person::tell("\n");
    typed.map_err(|error| match stop::is_stop(&error) {
        true => Failure::new(Exit::INTERRUPTED, "the run was stopped; what was typed is kept nowhere")
            .help("run the same command again"),
        false => Failure::new(Exit::USAGE, format!("the terminal cannot be read: {error}")),
    })
}

fn typed_after(question: &str) -> io::Result<String> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let _hidden = Hidden::begin()?;
    person::tell(&format!("{question} "))?;
    line(&mut Awaited(input))
}

fn line(input: &mut impl Read) -> io::Result<String> {
    // So large from the start that no copy of a part is left behind.
    let mut typed = Zeroizing::new(Vec::with_capacity(MOST));
    let mut byte = [0];
    loop {
        input.read_exact(&mut byte)?;
        // A wish that came before this byte was typed.
        stop::heard()?;
        match byte[0] {
            END if typed.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
            b'\n' | b'\r' | END => break,
            RUBOUT | BACKSPACE => while typed.pop().is_some_and(|gone| gone & 0xc0 == 0x80) {},
            KILL => typed.clear(),
            _ if typed.len() == MOST => {
                let message = format!("more than {} in one line", ByteSize(MOST as u64));
                return Err(io::Error::new(ErrorKind::InvalidData, message));
            }
            byte => typed.push(byte),
        }
    }
    match str::from_utf8(&typed) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(io::Error::new(ErrorKind::InvalidData, "no UTF-8 text")),
    }
}

/// Shows again what is typed, where it is hidden: before the program ends in the middle of it.
pub fn show_again() {
    if let Some(before) = modes().take() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

/// A terminal that hides what is typed, until dropped.
struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
        hiding.special_codes[SpecialCodeIndex::VMIN] = 1;
        hiding.special_codes[SpecialCodeIndex::VTIME] = 0;
        // These would end or halt the program with the terminal as it is then.
        hiding.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
        hiding.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        // Held until it is hidden: whoever shows again does it afterwards.
        let mut modes = modes();
        *modes = Some(before);
        tcsetattr(io::stdin(), OptionalActions::Now, &hiding)?;
        Ok(Self)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        show_again();
    }
}

/// How the terminal was before it hid what is typed; `None` while it does not.
fn modes() -> MutexGuard<'static, Option<Termios>> {
    static MODES: Mutex<Option<Termios>> = Mutex::new(None);
    MODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest line, in bytes: 64 KiB. Signed links have a few kilobytes.
const MOST: usize = 64 << 10;

/// Ctrl-D.
const END: u8 = 4;
const BACKSPACE: u8 = 8;
/// Ctrl-U.
const KILL: u8 = 21;
const RUBOUT: u8 = 127;

/// In the place of a key: there is none.
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_a_person_ends_it_and_can_be_mended() {
        #[track_caller]
        fn check(typed: &[u8], meant: Option<&str>) {
            let mut rest = typed;
            assert_eq!(line(&mut rest).ok().as_deref(), meant);
        }
        check(b"KEY\nnext", Some("KEY"));
        check(b"KEY\r", Some("KEY"));
        check("Kä\x7fEY\n".as_bytes(), Some("KEY"));
        check(b"wrong\x15KEY\x04", Some("KEY"));
        check(b"\x08\n", Some(""));
        check(b"\x04", None);
        check(b"half", None); // the terminal is gone
        check(b"\xffKEY\n", None);
        check(&[b'x'; MOST + 1], None);
        let mut long = vec![b'x'; MOST];
        long.push(b'\n');
        assert_eq!(line(&mut long.as_slice()).unwrap().len(), MOST);
    }
}
