//! Looks for a secret in everything that the program wrote and printed.

use std::os::unix::fs::MetadataExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::home::{Home, Ran, tree};
use super::watch::forms;

/// A secret in every form in which it may be written.
pub struct Hidden {
    plain: String,
    forms: Vec<String>,
}

impl Hidden {
    /// In the forms of [`forms`].
    pub fn new(secret: &str) -> Self {
        assert!(secret.len() >= 8, "a short secret may stand anywhere by chance");
        Self { plain: secret.to_owned(), forms: forms(secret) }
    }

    /// Fails the test if the secret stands in a text.
    #[track_caller]
    pub fn is_not_in(&self, place: &str, bytes: &[u8]) {
        for form in &self.forms {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{place} shows the secret as `{form}`");
        }
    }

    /// Whether it stands in a text in plain.
    pub fn is_plain_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(self.plain.len()).any(|window| window == self.plain.as_bytes())
    }

    /// Fails the test if the secret stands in any file below the home, or in a name, but for
    /// `credentials.toml`, which then only its owner may read.
    #[track_caller]
    pub fn is_in_no_file(&self, home: &Home) {
        for (name, bytes) in tree(home.path()) {
            self.is_not_in("a file name", name.as_bytes());
            let path = home.path().join(&name);
            if name.ends_with("/medsets/credentials.toml") {
                let mode = std::fs::metadata(&path).expect("it is there").mode() & 0o777;
                assert_eq!(mode, 0o600, "{name}");
                continue;
            }
            self.is_not_in(&name, &bytes);
        }
    }

    /// Fails the test if the secret was printed.
    #[track_caller]
    pub fn was_not_printed(&self, ran: &Ran) {
        self.is_not_in("standard output", ran.stdout.as_bytes());
        self.is_not_in("standard error", ran.stderr.as_bytes());
        self.is_not_in("the list of processes", ran.command_lines.as_bytes());
    }
}

#[test]
fn every_form_is_seen() {
    let secret = "p@ss word/7+x";
    let hidden = Hidden::new(secret);
    let basic = |user: &str| STANDARD.encode(format!("{user}:{secret}"));
    for text in [
        format!("a {secret} b"),
        "p%40ss%20word%2F7%2Bx".to_owned(),
        "p%40ss%20word%2f7%2bx".to_owned(),
        basic("u"),
        basic("us"),
        basic("usr"),
        "7040737320776f72642f372b78".to_owned(),
    ] {
        let seen = std::panic::catch_unwind(|| hidden.is_not_in("a text", text.as_bytes())).is_err();
        assert!(seen, "{text}");
    }
    hidden.is_not_in("a text", b"nothing of it");
}
