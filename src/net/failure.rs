//! From what the libraries below say to what it means.

use std::error::Error;

use reqwest::header::HeaderMap;

use crate::values::{Printable, SafeUrl};

use super::error::NetError;
use super::retry::retry_after;
use super::settings::Clock;

/// What a failed request means. `proxy` is the one it went through.
pub fn of_request(error: reqwest::Error, url: &SafeUrl, proxy: Option<String>) -> NetError {
    let error = error.without_url();
    let url = url.clone();
    let reason = innermost(&error);
    if error.is_builder() {
        return NetError::Protocol { url, reason };
    }
    if !error.is_connect() && !error.is_dns() {
        if is_malformed(&error) {
            return NetError::Protocol { url, reason };
        }
        return NetError::Interrupted { url, reason };
    }
    if is_tls(&error) {
        return NetError::Tls { url, reason };
    }
    match proxy {
        Some(proxy) if reason.contains("proxy authorization required") => NetError::ProxySignIn { proxy, url },
        Some(proxy) => NetError::ProxyFailed { proxy, url, reason },
        None if error.is_dns() => NetError::NameNotFound { url },
        None => NetError::CannotConnect { url, reason },
    }
}

/// What a body that broke off means.
pub fn of_body(error: reqwest::Error, url: &SafeUrl) -> NetError {
    NetError::CutShort { url: url.clone(), reason: innermost(&error.without_url()) }
}

/// What a status other than success means; `None` for success and for the refusals of a range
/// (412, 416), which the one who asked for the range understands.
pub fn of_status(
    status: u16,
    headers: &HeaderMap,
    url: &SafeUrl,
    credential_sent: bool,
    clock: &Clock,
) -> Option<NetError> {
    let url = url.clone();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let after = || text("retry-after").and_then(|value| retry_after(value, text("date"), clock.now()));
    let hint = || text("x-error-code").filter(|code| is_code(code)).map(str::to_owned);
    Some(match status {
        200 | 206 | 412 | 416 => return None,
        // The host is still preparing the file (Box).
        202 => NetError::ServerError { url, status, retry_after: after() },
        401 => NetError::SignInNeeded { url, credential_sent, hint: hint() },
        // GitHub and others refuse for a while with 403, and say so in a header.
        403 if text("retry-after").is_some()
            || text("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0") =>
        {
            NetError::RateLimited { url, status, retry_after: after() }
        }
        403 => NetError::NotPermitted { url, credential_sent, hint: hint() },
        404 | 410 | 451 => NetError::Gone { url, status },
        429 => NetError::RateLimited { url, status, retry_after: after() },
        408 | 413 | 425 if status != 413 || text("retry-after").is_some() => {
            NetError::ServerError { url, status, retry_after: after() }
        }
        500.. => NetError::ServerError { url, status, retry_after: after() },
        // With an address it would have been followed.
        301 | 302 | 303 | 307 | 308 => {
            NetError::Redirect { to: url.to_string(), from: url, reason: "it names no address" }
        }
        204 | 205 => NetError::Protocol { url, reason: format!("the host sent nothing (status {status})") },
        _ => NetError::Status { url, status },
    })
}

/// What an answer to a range means where none was asked for: a part is never taken for all of it,
/// and the words of a refusal are not the file.
pub fn of_unasked_range(status: u16, url: &SafeUrl) -> Option<NetError> {
    let what = match status {
        206 => "sends a part",
        412 | 416 => "refuses a part",
        _ => return None,
    };
    let reason = format!("the host {what} where all of it was asked for (status {status})");
    Some(NetError::Protocol { url: url.clone(), reason })
}

/// The words of the innermost cause, made safe to show.
pub fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    let plain = text.split(" (os error").next().unwrap_or_default();
    Printable::new(plain).to_string()
}

/// What makes it impossible to say where a body ends, or what it is (RFC 9112 section 6.3):
/// two hops may read two answers where one was sent.
pub fn of_framing(headers: &HeaderMap) -> Option<&'static str> {
    let transfer = headers.get("transfer-encoding")?;
    if headers.contains_key("content-length") {
        return Some("it states a length and comes in chunks");
    }
    let chunked = transfer.as_bytes().eq_ignore_ascii_case(b"chunked");
    (!chunked).then_some("its transfer encoding is not known")
}

/// Whether the head of the answer is none: another line than a status, headers without end.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if one.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        cause = one.source();
    }
    false
}

/// Whether the connection failed while TLS was agreed on. The TLS library is not named in our
/// dependencies; its errors are known by their words.
fn is_tls(error: &dyn Error) -> bool {
    let mut cause = Some(error);
    while let Some(one) = cause {
        let text = one.to_string();
        if ["certificate", "received fatal alert", "TLS", "tls handshake", "corrupt message", "peer is incompatible"]
            .iter()
            .any(|words| text.contains(words))
        {
            return true;
        }
        cause = one.source();
    }
    false
}

/// Hosts repeat what they were sent, credentials too: only what looks like the name of an error
/// is shown.
fn is_code(text: &str) -> bool {
    (1..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_by_meaning() {
        #[track_caller]
        fn check(status: u16, headers: &[(&'static str, &str)], exit: Option<u8>) {
            let url = SafeUrl::parse("https://host.example/?sig=SECRET").unwrap();
            let map = headers
                .iter()
                .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            let clock = Clock::fixed("2026-11-24T10:00:00Z".parse().unwrap());
            let error = of_status(status, &map, &url, false, &clock);
            assert!(!error.as_ref().is_some_and(|error| error.to_string().contains("SECRET")));
            assert_eq!(error.map(|error| error.exit()), exit, "{status}");
        }
        check(200, &[], None);
        check(206, &[], None);
        check(416, &[], None);
        check(202, &[("retry-after", "3")], Some(34));
        check(204, &[], Some(34));
        check(401, &[], Some(20));
        check(403, &[], Some(22));
        check(403, &[("x-ratelimit-remaining", "0")], Some(33)); // GitHub
        check(404, &[], Some(35));
        check(429, &[], Some(33));
        check(503, &[("retry-after", "5")], Some(34));
        check(400, &[], Some(34));
    }
}
