//! The digest that an entry declares of itself.
//!
//! An overlay travels by mail and shared folders. Whoever publishes an entry may seal it with a
//! line `entry-sha256 = "<64 hexadecimal digits>"`: the SHA-256 of the file without that line.
//! It finds a changed or cut file; it does not show who wrote it, since whoever changes the
//! entry can change the line.

use crate::document::{BrokenFile, CONTRADICTION, Finding, Severity};
use crate::remedy::Remedy;
use crate::values::{Digest, Printable};

/// An entry is not the one that its own digest speaks of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` contradicts its own digest: it declares `{declared}`, and its text has `{found}`", Printable::new(.name))]
pub struct Contradiction {
    /// The file.
    pub name: String,
    /// What it declares, escaped.
    pub declared: String,
    /// What it has, in hexadecimal.
    pub found: String,
}

impl Remedy for Contradiction {
    fn remedy(&self) -> Option<String> {
        Some(format!(
            "take the entry afresh from whoever gave it to you\nif the change is yours and meant, write `{KEY} = \"{}\"`",
            self.found
        ))
    }
}

impl Contradiction {
    /// The same as a file that cannot be used, with the place of the line.
    pub fn into_broken(self, text: &str) -> BrokenFile {
        let line = 1 + text.lines().position(|line| line.trim_start().starts_with(KEY)).unwrap_or(0);
        let (severity, message, help) = (Severity::Error, self.to_string(), self.remedy());
        let finding = Finding { severity, code: CONTRADICTION, message, help, line, column: 1, span: 0..0 };
        BrokenFile::unopened(&self.name, "", finding)
    }
}

/// Compares an entry with the digest it declares, where it declares one.
pub fn check(name: &str, text: &str) -> Result<(), Contradiction> {
    let Some((line, declared)) = line_of(text) else { return Ok(()) };
    let found = Digest::sha256(text.replacen(line, "", 1).as_bytes()).hex();
    if declared == found {
        return Ok(());
    }
    Err(Contradiction { name: name.to_owned(), declared: Printable::new(declared).to_string(), found })
}

/// The line with its line break, and the value. Only above the first table: below one the key
/// would be another.
fn line_of(text: &str) -> Option<(&str, &str)> {
    let mut head = text.split_inclusive('\n').take_while(|line| !line.trim_start().starts_with('['));
    head.find_map(|line| {
        let value = line.trim().strip_prefix(KEY)?.trim_start().strip_prefix('=')?.trim();
        Some((line, value.trim_matches('"')))
    })
}

/// The key.
const KEY: &str = "entry-sha256";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_held_to_the_digest_it_declares() {
        let rest = "id = \"a\"\ntitle = \"A\"\n[[release]]\nversion = \"1\"\n";
        let sealed = |digest: &str, rest: &str| rest.replacen('\n', &format!("\nentry-sha256 = \"{digest}\"\n"), 1);
        assert_eq!(check("a.toml", rest), Ok(()), "none is declared");
        let digest = Digest::sha256(rest.as_bytes()).hex();
        assert_eq!(check("a.toml", &sealed(&digest, rest)), Ok(()));
        let changed = check("a.toml", &sealed(&digest, &rest.replace("A", "B"))).unwrap_err();
        assert_eq!(changed.declared, digest);
        assert_eq!(check("a.toml", &sealed(&changed.found, &rest.replace("A", "B"))), Ok(()));
    }
}
