//! What must not be committed: the text of an entry goes beside the lock.

use crate::catalog::Selection;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;

/// Refuses an entry in whose addresses a secret stands.
///
/// # Errors
/// With the line: an address has a user, or a query with a word that signatures and keys have.
pub(super) fn refuse(selection: &Selection) -> Result<(), Failure> {
    let dataset = selection.dataset();
    let Some(line) = dataset.text.lines().position(has_secret) else { return Ok(()) };
    let (id, line) = (&dataset.id, line + 1);
    let message = format!("line {line} of the entry of `{id}` (`{}`) holds an address with a secret", dataset.origin);
    Err(Failure::new(Exit::CONFIG, message).of(id).help(
        "the entry would lie beside the lock, for everybody: take the secret out of it and keep it as a credential (`medsets auth login`)",
    ))
}

fn has_secret(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let end = rest.find(|letter: char| letter.is_whitespace() || "\"'<>".contains(letter)).unwrap_or(rest.len());
        let address = &rest[..end];
        let host = address.split(['/', '?', '#']).next().unwrap_or_default();
        let query = address.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
        host.contains('@') || query.split('&').any(|pair| SECRET.contains(&pair.split('=').next().unwrap_or_default()))
    })
}

/// Names of query parameters that hold signatures, keys and tokens.
const SECRET: [&str; 12] = [
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "token",
    "access_token",
    "apikey",
    "api_key",
    "key",
    "password",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_secrets_are_told_from_others() {
        #[track_caller]
        fn check(line: &str, expected: bool) {
            assert_eq!(has_secret(line), expected, "{line}");
        }
        check("base = \"https://user:word@host.example/\"", true);
        check("url = \"https://host.example/a?sv=1&sig=abc\"", true);
        check("url = \"https://host.example/a?X-Amz-Signature=abc\"", true);
        check("url = \"https://host.example/a?id=17\"", false);
        check("contact = \"mailto:a@host.example\" # <https://host.example/@page>", false);
    }
}
