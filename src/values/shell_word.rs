//! Foreign text as one word of a command that a person types.

use std::fmt;

/// A word that a shell takes as it is, whatever it holds: in single quotes.
#[derive(Debug, Clone, Copy)]
pub struct ShellWord<'a>(pub &'a str);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}'", self.0.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gives_back_every_word() {
        for word in ["labels.csv", "d/a b#c?.txt", "it's $(here)", "'", ""] {
            let script = format!("printf %s {}", ShellWord(word));
            let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), word, "{script}");
        }
    }
}
