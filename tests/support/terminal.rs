//! A terminal of the program's own, for what it asks a person.

use std::io::{Read as _, Write as _};
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pts, Pty};

use super::home::{Home, tell, until};
use super::watch::Watch;

/// The program at a terminal.
pub struct Terminal {
    input: Arc<Pty>,
    output: Receiver<Vec<u8>>,
    /// The program.
    pub child: Child,
    arguments: Vec<String>,
    watch: Watch,
    hidden: bool,
    /// All that stood on the screen so far.
    pub screen: String,
}

impl Terminal {
    /// Starts the program at a terminal that is read.
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut terminal = Self::unread(home, arguments);
        let reader = terminal.input.clone();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // The end of the program is an error at its terminal.
            while let Ok(read) = (&*reader).read(&mut piece) {
                if read == 0 || sender.send(piece[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        terminal.output = output;
        terminal
    }

    /// Starts the program at a terminal that nobody reads.
    pub fn unread(home: &Home, arguments: &[&str]) -> Self {
        Self::at(home, arguments, pty_process::blocking::open().expect("the system has terminals"))
    }

    /// Starts the program at a terminal that nobody reads and that takes no more.
    pub fn full(home: &Home, arguments: &[&str]) -> Self {
        let (pty, screen) = pty_process::blocking::open().expect("the system has terminals");
        let modes = rustix::fs::fcntl_getfl(&screen).expect("it is open");
        rustix::fs::fcntl_setfl(&screen, modes | rustix::fs::OFlags::NONBLOCK).expect("it is open");
        // The system moves on what was written, and has room again.
        for _ in 0..10 {
            while rustix::io::write(&screen, &[b'x'; 64]).is_ok() {}
            std::thread::sleep(Duration::from_millis(5));
        }
        rustix::fs::fcntl_setfl(&screen, modes).expect("it is open");
        Self::at(home, arguments, (pty, screen))
    }

    fn at(home: &Home, arguments: &[&str], (pty, screen): (Pty, Pts)) -> Self {
        let plain = home.command(arguments);
        let mut command = Command::new(plain.get_program()).env_clear().args(arguments);
        for (name, value) in plain.get_envs() {
            command = command.env(name, value.expect("nothing is unset"));
        }
        command = command.env("TERM", "xterm").current_dir(home.path().join("work"));
        let child = command.spawn(screen).expect("the program starts");
        let (input, output) = (Arc::new(pty), channel().1);
        let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
        Self { input, output, child, arguments, watch: home.watch().clone(), hidden: false, screen: String::new() }
    }

    /// Waits until the program has written something that nobody has read.
    pub fn wait_for_output(&self) {
        use rustix::event::{PollFd, PollFlags, poll};
        poll(&mut [PollFd::new(&*self.input, PollFlags::IN)], None).expect("it is a terminal");
    }

    /// Sends the program a signal, from elsewhere.
    pub fn tell(&self, signal: &str) {
        tell(&self.child, signal);
    }

    /// Whether what is typed is shown.
    fn shows(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&*self.input).expect("it is a terminal").local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON)
    }

    /// Waits until this stands on the screen.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.screen.contains(text) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.screen.push_str(&String::from_utf8_lossy(&piece)),
                Err(_) => panic!("`{text}` does not come: {}", self.screen),
            }
        }
    }

    /// Waits for this on the screen, and until what is typed is not shown any more.
    #[track_caller]
    pub fn wait_for_hidden(&mut self, text: &str) {
        self.wait_for(text);
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.shows() {
            assert!(Instant::now() < deadline, "what is typed is shown");
            std::thread::sleep(Duration::from_millis(2));
        }
        self.hidden = true;
    }

    /// Types something.
    pub fn types(&mut self, text: &str) {
        if std::mem::take(&mut self.hidden) {
            self.watch.told(text, &self.arguments.iter().map(String::as_str).collect::<Vec<_>>());
        }
        (&*self.input).write_all(text.as_bytes()).expect("the program reads its terminal");
    }

    /// Waits for the end, which must come; the exit code. The terminal is left as it was.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        let mut status = None;
        until(|| {
            status = self.child.try_wait().expect("it was started");
            status.is_some()
        });
        let status = status.expect("it has ended");
        assert!(self.shows(), "what is typed stays hidden");
        while let Ok(piece) = self.output.recv_timeout(Duration::from_secs(2)) {
            self.screen.push_str(&String::from_utf8_lossy(&piece));
        }
        (status.code(), self.screen)
    }
}
