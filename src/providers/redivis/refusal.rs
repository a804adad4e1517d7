//! Why Redivis says no, and where a person goes about it.
//!
//! The body of a refusal has a code, `error`, which decides; its sentence is not repeated. A header
//! may hold a warning in words, which is shown unless the token stands in it.

use serde::Deserialize;

use crate::credentials::CredentialSecret;
use crate::net::{Answer, NetError};
use crate::values::{Printable, SafeUrl, counted};

use super::super::account::Account;
use super::super::{Hosts, ProviderError};

/// What an answer says beside its status.
#[derive(Debug, Default)]
pub(super) struct Refused {
    body: Body,
    /// A sentence about what Redivis warns of.
    pub warning: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Subject {
    /// Its reference.
    pub reference: String,
    /// Its page.
    pub page: SafeUrl,
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: String,
    /// The scopes that a token must have, divided by spaces.
    scope: Option<String>,
    /// What the sign-in must have had, such as a second factor.
    amr_values: Option<serde_json::Value>,
}

impl Refused {
    pub fn of(answer: &Answer, hosts: &Hosts) -> Self {
        Self { body: answer.refusal().unwrap_or_default(), warning: warning(answer, hosts) }
    }
}

fn warning(answer: &Answer, hosts: &Hosts) -> Option<String> {
    let words = answer.page.header("x-redivis-warning").map(str::trim).filter(|words| !words.is_empty())?;
    let repeats = matches!(&hosts.secret, Some(CredentialSecret::Token(token)) if words.contains(token.expose()));
    (!repeats).then(|| format!("Redivis warns: {}", Printable::cut(words, 300)))
}

/// What a refusal means. `None` where its status says it all. Pure.
pub(super) fn meaning(error: &NetError, refused: &Refused, subject: &Subject) -> Option<ProviderError> {
    let Subject { reference, page } = subject;
    let body = &refused.body;
    let code = code(&body.error);
    let (exit, message, help) = match error {
        NetError::SignInNeeded { credential_sent: false, .. } => {
            (20, format!("Redivis wants to know who asks for `{reference}`"), token())
        }
        NetError::SignInNeeded { .. } if body.amr_values.is_some() => {
            let message =
                format!("Redivis wants a second factor for `{reference}`, which the stored token does not show");
            (21, message, [vec![SECOND_FACTOR.to_owned()], token()].concat())
        }
        NetError::SignInNeeded { .. } => {
            let message = format!("Redivis refuses the stored token{code}: it is wrong, or its time is over");
            (21, message, [token(), vec![RENEW.to_owned()]].concat())
        }
        NetError::NotPermitted { .. } if body.error == "insufficient_scope" => {
            let scope = body.scope.as_deref().filter(|scope| is_plain(scope)).unwrap_or("data.data");
            let message = format!("the stored token may not do this at Redivis: it lacks the scope `{scope}`");
            (21, message, token())
        }
        NetError::NotPermitted { credential_sent: false, .. } => {
            let message = format!("Redivis does not show `{reference}` to somebody unknown{code}");
            (20, message, [token(), vec![format!("see <{page}> for what else it asks of you")]].concat())
        }
        NetError::NotPermitted { .. } => {
            let message = format!("Redivis does not let this account have the data of `{reference}`{code}");
            let steps = format!("see <{page}> for what it asks (membership, agreement, approval) and apply there");
            (22, message, vec![steps])
        }
        NetError::Gone { .. } => {
            let message =
                format!("`{reference}`, or a file of it, is not on Redivis, or not shown to the one who asks");
            (35, message, vec![format!("see <{page}> whether it is still there and you may see it")])
        }
        _ => return None,
    };
    let help = help.into_iter().chain(refused.warning.clone()).collect();
    Some(ProviderError::Refused { exit, message, help })
}

/// The dataset has tables, and none of them indexes files.
pub(super) fn no_files(subject: Subject, tables: u64) -> ProviderError {
    let Subject { reference, page } = subject;
    ProviderError::Refused {
        exit: 26,
        message: format!("`{reference}` has no files on Redivis: it has {} of rows", counted(tables, "table")),
        help: vec![format!("export them at <{page}>, then take them in with `medsets import ID PATH...`")],
    }
}

/// Redivis's name for the reason, in brackets.
fn code(error: &str) -> String {
    if is_plain(error) { format!(" (`{error}`)") } else { String::new() }
}

/// Hosts repeat what they were sent: only what looks like names of errors and scopes is shown.
fn is_plain(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.' | b' ');
    (1..=60).contains(&text.len()) && text.bytes().all(fits)
}

fn token() -> Vec<String> {
    Account::help("redivis")
}

const SECOND_FACTOR: &str =
    "switch on a second factor for your account at <https://redivis.com/> and sign in there with it";

const RENEW: &str = "if it is that of Redivis's own client, any call of that client renews it";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, sent: bool, body: &str, expected: u8, says: &[&str]) {
        let url = SafeUrl::parse("https://redivis.com/api/v1/rawFiles/a").unwrap();
        let error = match status {
            401 => NetError::SignInNeeded { url, credential_sent: sent, hint: None },
            403 => NetError::NotPermitted { url, credential_sent: sent, hint: None },
            _ => NetError::Gone { url, status },
        };
        let refused =
            Refused { body: serde_json::from_str(body).unwrap(), warning: Some("Redivis warns: renew it".into()) };
        let page = SafeUrl::parse("https://redivis.com/datasets/abcd").unwrap();
        let subject = Subject { reference: "o.ds".to_owned(), page };
        let Some(ProviderError::Refused { exit, message, help }) = meaning(&error, &refused, &subject) else {
            panic!("{status} {body}")
        };
        assert_eq!(exit, expected, "{status} {body}: {message}");
        let text = format!("{message} {}", help.join("\n"));
        assert!(says.iter().all(|words| text.contains(words)), "{text}");
        assert!(text.contains("renew it") && text.contains("https://redivis.com/"), "{text}");
    }

    #[test]
    fn refusals_become_exits() {
        check(401, false, "{}", 20, &["who asks for `o.ds`", "MEDSETS_TOKEN_REDIVIS"]);
        check(401, true, r#"{"error":"invalid_token","error_description":"x"}"#, 21, &["refuses", "`invalid_token`"]);
        check(401, true, r#"{"error":"step_up","amr_values":["mfa"]}"#, 21, &["second factor"]);
        let scope = r#"{"error":"insufficient_scope","scope":"data.data"}"#;
        check(403, true, scope, 21, &["lacks the scope `data.data`"]);
        check(403, true, r#"{"error":"insufficient_scope"}"#, 21, &["`data.data`"]);
        check(403, true, r#"{"error":"access_denied"}"#, 22, &["`access_denied`", "/datasets/abcd", "apply there"]);
        check(403, false, "{}", 20, &["somebody unknown", "/datasets/abcd"]);
        check(404, true, r#"{"error":"not_found_error"}"#, 35, &["/datasets/abcd"]);
    }

    #[test]
    fn what_is_no_code_is_not_repeated() {
        assert_eq!(code("not_permitted"), " (`not_permitted`)");
        assert_eq!(code("Bearer abc123"), "");
        assert_eq!(code(""), "");
    }
}
