//! `~/.netrc`, as curl and ftp read it.
//!
//! Used for exactly the host that is asked, over https alone. The `default` entry is read over:
//! it would hand one password to whatever host asks first. Words may stand in double quotes
//! with backslash escapes; a line that starts with `#` is a comment; a `macdef` runs to the
//! next empty line. A file that others may read is refused when it holds the wanted host.

use std::path::Path;

use zeroize::Zeroizing;

use crate::fs;
use crate::values::Secret;

use super::{Answer, Credential, CredentialError, CredentialOrigin, CredentialSecret, Form, Wanted};

/// The login or token for the wanted address. The password of an entry is the token.
pub(super) fn find(path: &Path, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
    let Some(url) = wanted.url else { return Ok(Answer::NotThere("no address is asked for".to_owned())) };
    if !url.is_https() {
        return Ok(Answer::NotThere("the address is not https".to_owned()));
    }
    let Some((text, mode)) = fs::read_text_with_mode(path)? else { return Ok(Answer::Nothing) };
    let text = Zeroizing::new(text);
    let Some(machine) = machines(&text).into_iter().find(|machine| machine.is(url.host())) else {
        return Ok(Answer::Nothing);
    };
    if mode & 0o077 != 0 {
        return Err(CredentialError::TooOpen { path: path.to_path_buf(), mode });
    }
    let secret = match (wanted.form, machine.login, machine.password) {
        (Form::Token, _, Some(password)) => CredentialSecret::Token(password),
        (Form::Login, Some(user), Some(password)) => CredentialSecret::Login { user, password },
        _ => return Ok(Answer::Nothing),
    };
    Ok(Answer::Found(Credential { secret, origin: CredentialOrigin::Netrc(path.to_path_buf()), expires: None }))
}

/// An entry of the file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Machine {
    /// `None` for `default`.
    name: Option<String>,
    login: Option<String>,
    password: Option<Secret>,
}

impl Machine {
    fn is(&self, host: &str) -> bool {
        self.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(host))
    }
}

fn machines(text: &str) -> Vec<Machine> {
    let mut machines: Vec<Machine> = Vec::new();
    let mut words = Words { rest: text, at_line_start: true };
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" => machines.push(Machine { name: words.next(), ..Machine::default() }),
            "default" => machines.push(Machine::default()),
            "macdef" => words.skip_macro(),
            key @ ("login" | "user" | "password" | "account") => {
                let value = words.next();
                if let Some(machine) = machines.last_mut() {
                    match key {
                        "password" => machine.password = value.map(Secret::new),
                        "account" => {}
                        _ => machine.login = value,
                    }
                }
            }
            _ => {}
        }
    }
    machines
}

/// The words of the file.
struct Words<'a> {
    rest: &'a str,
    at_line_start: bool,
}

impl Words<'_> {
    fn next(&mut self) -> Option<String> {
        self.skip_space_and_comments();
        let mut letters = self.rest.char_indices();
        let quoted = self.rest.starts_with('"');
        if quoted {
            letters.next();
        }
        let mut word = String::new();
        let mut end = self.rest.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' if quoted => {
                    end = at + 1;
                    break;
                }
                '\\' if quoted => word.extend(letters.next().map(|(_, letter)| letter)),
                _ if !quoted && letter.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => word.push(letter),
            }
        }
        let held = !self.rest.is_empty();
        self.rest = &self.rest[end..];
        self.at_line_start = false;
        held.then_some(word)
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            let trimmed = self.rest.trim_start();
            let skipped = &self.rest[..self.rest.len() - trimmed.len()];
            self.at_line_start |= skipped.contains('\n');
            self.rest = trimmed;
            if !(self.at_line_start && trimmed.starts_with('#')) {
                return;
            }
            self.rest = trimmed.find('\n').map_or("", |end| &trimmed[end..]);
        }
    }

    /// Skips a macro: its name, then lines up to an empty one.
    fn skip_macro(&mut self) {
        let end = ["\n\n", "\n\r\n"].iter().filter_map(|gap| self.rest.find(gap)).min();
        self.rest = end.map_or("", |end| &self.rest[end..]);
        self.at_line_start = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_curl_reads() {
        #[track_caller]
        fn check(text: &str, expected: &[(Option<&str>, Option<&str>, Option<&str>)]) {
            let found = machines(text);
            let found: Vec<_> = found
                .iter()
                .map(|one| (one.name.as_deref(), one.login.as_deref(), one.password.as_ref().map(Secret::expose)))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
        check("machine a login b password c", &[(Some("a"), Some("b"), Some("c"))]);
        check("machine a\n  login b\r\n\tpassword c#d\n", &[(Some("a"), Some("b"), Some("c#d"))]);
        check("machine a password \"p w\\\"\\\\\" login b", &[(Some("a"), Some("b"), Some("p w\"\\"))]);
        check("# machine x login y\nmachine a login b", &[(Some("a"), Some("b"), None)]);
        check("machine a login #b password c", &[(Some("a"), Some("#b"), Some("c"))]);
        check(
            "machine a login b\ndefault login c password d",
            &[(Some("a"), Some("b"), None), (None, Some("c"), Some("d"))],
        );
        check("macdef m\nmachine x login y\n\nmachine a login b", &[(Some("a"), Some("b"), None)]);
        check("macdef m\nmachine x login y", &[]);
        check("machine a account z login b", &[(Some("a"), Some("b"), None)]);
        check("login b password c", &[]);
        check("", &[]);
        check("machine", &[(None, None, None)]);
        check("machine \"a", &[(Some("a"), None, None)]);
    }
}
