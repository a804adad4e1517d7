//! What an error of `object_store` means.
//!
//! Its words hold the bodies of answers, and those may repeat what was sent: only the store's
//! own code is taken out of them.

use std::error::Error;

use crate::net::NetError;

use super::address::{MirrorUrl, Place};
use super::error::MirrorError;

/// What an error means that came of asking for an object.
pub fn meaning(mirror: &MirrorUrl, name: &str, error: &object_store::Error) -> MirrorError {
    if let Some(source) = net(error) {
        return MirrorError::Net { mirror: mirror.clone(), source: source.clone() };
    }
    let text = error.to_string();
    let (code, status) = (code(&text), status(&text));
    let (mirror, name) = (mirror.clone(), name.to_owned());
    let word =
        || code.clone().unwrap_or_else(|| status.map_or("refused".to_owned(), |status| format!("status {status}")));
    match error {
        _ if is_no_bucket(code.as_deref()) => {
            let what = match mirror.place {
                Place::Azure { .. } => "container",
                Place::File { .. } => "folder",
                _ => "bucket",
            };
            MirrorError::Absent { mirror, what }
        }
        _ if is_elsewhere(code.as_deref(), status) => {
            let reason = format!("its bucket is in another region or at another endpoint ({})", word());
            MirrorError::Settings { mirror, reason }
        }
        object_store::Error::NotFound { .. } => MirrorError::Lacks { mirror, name },
        object_store::Error::Unauthenticated { .. } => MirrorError::Refused { mirror, code: word() },
        object_store::Error::PermissionDenied { .. } if is_bad_key(code.as_deref()) => {
            MirrorError::Refused { mirror, code: word() }
        }
        object_store::Error::PermissionDenied { .. } => MirrorError::NotPermitted { mirror, name, code: word() },
        // What lists says it without a class of its own.
        _ if status == Some(401) => MirrorError::Refused { mirror, code: word() },
        _ if status == Some(403) && !is_bad_key(code.as_deref()) => {
            MirrorError::NotPermitted { mirror, name, code: word() }
        }
        // S3 answers so to a key id or token that is none.
        _ if is_bad_key(code.as_deref()) => MirrorError::Refused { mirror, code: word() },
        _ if status.is_some_and(|status| status >= 500) || status == Some(429) => {
            MirrorError::Answer { mirror, name, reason: word() }
        }
        _ => {
            let reason = code.unwrap_or_else(|| plain(&text));
            MirrorError::Answer { mirror, name, reason }
        }
    }
}

/// The network's own error below.
fn net<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e NetError> {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(found) = one.downcast_ref::<NetError>() {
            return Some(found);
        }
        cause = one.source();
    }
    None
}

fn is_no_bucket(code: Option<&str>) -> bool {
    matches!(code, Some("NoSuchBucket" | "ContainerNotFound" | "AccountNotFound" | "ResourceNotFound"))
}

/// S3 says so to whoever asks in the wrong region.
fn is_elsewhere(code: Option<&str>, status: Option<u16>) -> bool {
    matches!(code, Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException"))
        || matches!(status, Some(301 | 307 | 308))
}

fn is_bad_key(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "ExpiredToken"
                | "TokenRefreshRequired"
                | "AuthenticationFailed"
                | "InvalidAuthenticationInfo"
                | "AuthFailure"
        )
    )
}

/// The word between `<Code>` and `</Code>`.
fn code(text: &str) -> Option<String> {
    let rest = text.split_once("<Code>")?.1;
    let word = rest.split_once("</Code>")?.0;
    let is_word = (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then(|| word.to_owned())
}

fn status(text: &str) -> Option<u16> {
    text.split_once("status code: ")?.1.get(..3)?.parse().ok()
}

/// The beginning of a sentence that repeats no body.
fn plain(text: &str) -> String {
    let end = text.find(['<', '{', '?']).unwrap_or(text.len());
    let text: String = text[..end].chars().filter(|letter| !letter.is_control()).take(160).collect();
    text.trim_end_matches([':', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: object_store::Error, exit: u8) -> MirrorError {
        let mirror = MirrorUrl::parse("s3://team/x").unwrap();
        let found = meaning(&mirror, "objects/a", &error);
        assert_eq!(found.exit(), exit, "{found}");
        assert!(!found.to_string().contains("SECRET"), "{found}");
        found
    }

    #[test]
    fn refusals_by_their_codes() {
        let denied = |code: &str| object_store::Error::PermissionDenied {
            path: "x".into(),
            source: format!("status code: 403 Forbidden: <Error><Code>{code}</Code><Key>SECRET</Key></Error>").into(),
        };
        check(denied("SignatureDoesNotMatch"), 21);
        check(denied("AuthenticationFailed"), 21);
        check(denied("AccessDenied"), 22);
        let absent = |code: &str| object_store::Error::NotFound {
            path: "x".into(),
            source: format!("<Error><Code>{code}</Code></Error>").into(),
        };
        assert!(matches!(check(absent("NoSuchKey"), 35), MirrorError::Lacks { .. }));
        assert!(matches!(check(absent("NoSuchBucket"), 35), MirrorError::Absent { .. }));
        let generic = |text: &str| object_store::Error::Generic { store: "S3", source: text.to_owned().into() };
        check(generic("status code: 503 Service Unavailable: <x>SECRET</x>"), 34);
        check(generic("status code: 403 Forbidden: <Code>AccessDenied</Code>"), 22);
        check(generic("status code: 403 Forbidden: <Code>InvalidAccessKeyId</Code>"), 21);
        check(generic("status code: 301 Moved Permanently: <Code>PermanentRedirect</Code>"), 10);
        check(generic("status code: 400 Bad Request: <Code>AuthorizationHeaderMalformed</Code>"), 10);
        check(generic("something {\"SECRET\": 1}"), 34);
        let url = crate::values::SafeUrl::parse("https://team.example/").unwrap();
        let net = NetError::NameNotFound { url };
        check(object_store::Error::Generic { store: "S3", source: Box::new(net) }, 31);
    }
}
