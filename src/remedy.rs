//! What a person can do about an error, and how an error chain reads.
//!
//! [`hand_over`] says how a credential is given to medsets, in the same words wherever one is
//! missing or refused.

use std::error::Error;
use std::fmt::Write as _;

/// An error that knows its way out.
///
/// The message of an error says what happened; it never says what to do. That is here.
pub trait Remedy: Error {
    /// What to do next: whole sentences without a full stop, one per line. Commands stand in
    /// backticks, addresses in angle brackets. `None` when there is nothing to do.
    fn remedy(&self) -> Option<String> {
        None
    }

    /// The lines of a text that it is about, with what is wrong pointed at. `None` where it is
    /// about no text.
    fn excerpt(&self) -> Option<String> {
        None
    }
}

/// What a person has for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// One text: a token, a key.
    Token,
    /// A name and a password.
    Login,
    /// Either of them.
    Either,
    /// Keys of Amazon.
    Keys,
}

/// How a credential is given to medsets: by the login, which asks for it unseen and checks it
/// with the host; where there is no terminal, by variables.
pub fn hand_over(provider: &str, held: Held) -> String {
    let name = in_variables(provider);
    let (token, login) =
        (format!("`MEDSETS_TOKEN_{name}`"), format!("`MEDSETS_USER_{name}` and `MEDSETS_PASSWORD_{name}`"));
    let variables = match held {
        Held::Token => token,
        Held::Login => login,
        Held::Either => format!("{token}, or {login}"),
        Held::Keys => "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`".to_owned(),
    };
    format!("store it with `medsets auth login {provider}`; without a terminal set {variables}")
}

/// The same for a link that only the person has, kept under a name of the dataset's own.
pub fn hand_over_link(name: &str, dataset: &str) -> String {
    format!(
        "give the link to `medsets auth login {name}`, or on standard input to `medsets fetch {dataset} --url-stdin`; \
         without a terminal set `MEDSETS_TOKEN_{}`",
        in_variables(name)
    )
}

/// The name of a provider in those of variables: letters and digits in capitals, all else as `_`.
pub fn in_variables(provider: &str) -> String {
    let capital = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    provider.chars().map(capital).collect()
}

/// The chain from outcome to cause as `a: b: c`, without repeating what a message already holds.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let message = one.to_string();
        if !text.contains(&message) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {message}");
        }
        cause = one.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_comes_before_the_variables() {
        #[track_caller]
        fn check(provider: &str, held: Held, variables: &str) {
            let expected = format!("store it with `medsets auth login {provider}`; without a terminal set {variables}");
            assert_eq!(hand_over(provider, held), expected);
        }
        check("umls", Held::Token, "`MEDSETS_TOKEN_UMLS`");
        check("physionet", Held::Login, "`MEDSETS_USER_PHYSIONET` and `MEDSETS_PASSWORD_PHYSIONET`");
        check(
            "http-files-example-org",
            Held::Either,
            "`MEDSETS_TOKEN_HTTP_FILES_EXAMPLE_ORG`, or `MEDSETS_USER_HTTP_FILES_EXAMPLE_ORG` and \
             `MEDSETS_PASSWORD_HTTP_FILES_EXAMPLE_ORG`",
        );
    }
}
