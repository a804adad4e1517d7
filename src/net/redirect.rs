//! Which redirects are followed, and what travels along. Pure.
//!
//! Redirects are the classic leak of credentials. Here the decision is made anew at every hop
//! and by origin: scheme, host and port as the caller sees them, before rewriting.

use crate::values::{Printable, SafeUrl};

use super::error::NetError;

/// Whether a status sends a GET elsewhere.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The next address of a chain that began at `first` and stands at `current`.
///
/// User and password in the new address are dropped: a host does not choose what we sign in
/// with. The fragment is dropped as well, it is never sent.
pub fn next(first: &SafeUrl, current: &SafeUrl, location: Option<&str>, hops: usize) -> Result<SafeUrl, NetError> {
    let refused = |to: String, reason: &'static str| NetError::Redirect { from: first.clone(), to, reason };
    let Some(location) = location.filter(|location| !location.is_empty()) else {
        return Err(refused(current.to_string(), "it names no address"));
    };
    if hops >= LIMIT {
        return Err(refused(current.to_string(), "more than 10 redirects"));
    }
    let shown = |text: &str| {
        let plain = text.split(['?', '#']).next().unwrap_or_default();
        // What stands before an `@` may be a password.
        Printable::new(plain.rsplit('@').next().unwrap_or_default()).to_string()
    };
    let target = current
        .join(location)
        .map_err(|_| refused(shown(location), "only http and https addresses of a host are followed"))?;
    let mut url = target.expose().clone();
    url.set_fragment(None);
    // Both fail only for addresses without a host, which `SafeUrl` refuses.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let target = SafeUrl::from_url(url).unwrap_or(target);
    if target == *current && hops > 0 && location == current.expose().as_str() {
        return Err(refused(target.to_string(), "it leads to itself"));
    }
    Ok(target)
}

/// Refuses to go from a protected connection to an unprotected one.
///
/// Both ends are the addresses connected to. Between two addresses of this machine nothing is
/// given away: that is a stand-in or a local mirror.
pub fn check_downgrade(
    first: &SafeUrl,
    before: (&SafeUrl, &SafeUrl),
    after: (&SafeUrl, &SafeUrl),
) -> Result<(), NetError> {
    let (asked_before, connected_before) = before;
    let (asked_after, connected_after) = after;
    let downgrade = asked_before.is_https() && !asked_after.is_https();
    let local = connected_before.is_loopback() && connected_after.is_loopback();
    if downgrade && !local {
        let reason = "it leaves https for plain http";
        return Err(NetError::Redirect { from: first.clone(), to: asked_after.to_string(), reason });
    }
    Ok(())
}

/// A target of a redirect beside a credential that belongs into the query of the first address.
///
/// A host that repeats what it was asked with must not make it travel on: to another origin it
/// is refused, whole or in part, plain or encoded. At its own origin it is taken out, since it
/// is added to every request there.
pub fn without_secret(first: &SafeUrl, target: SafeUrl, secret: &str) -> Result<SafeUrl, NetError> {
    let pieces: Vec<String> = secret.split('&').filter(|piece| !piece.is_empty()).map(decoded).collect();
    if target.origin() == first.origin() {
        let mut url = target.expose().clone();
        let Some(query) = url.query().map(str::to_owned) else { return Ok(target) };
        let kept: Vec<&str> = query.split('&').filter(|piece| !pieces.contains(&decoded(piece))).collect();
        url.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
        return Ok(SafeUrl::from_url(url).unwrap_or(target));
    }
    // In a signed query the longest value is the signature or a name of who signed; the others
    // are dates and flags that any address may hold.
    let values = pieces.iter().map(|piece| piece.split_once('=').map_or(piece.as_str(), |(_, value)| value));
    let longest = values.max_by_key(|value| value.len()).filter(|value| !value.is_empty());
    let mut text = target.expose().as_str().to_owned();
    for _ in 0..=ENCODINGS {
        if longest.is_some_and(|value| text.contains(value)) || text.contains(secret) {
            let shown = format!("`{}`", target.host());
            let reason = "it carries the credential to another host";
            return Err(NetError::Redirect { from: first.clone(), to: shown, reason });
        }
        text = decoded(&text);
    }
    Ok(target)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An address within an address within an address.
const ENCODINGS: usize = 3;

/// Redirects followed at most.
pub const LIMIT: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> SafeUrl {
        SafeUrl::parse(text).unwrap()
    }

    #[test]
    fn follows_the_web_and_nothing_else() {
        #[track_caller]
        fn check(location: Option<&str>, expected: Result<&str, &str>) {
            let first = url("https://a.example/d/f?sig=SECRET");
            match (next(&first, &first, location, 0), expected) {
                (Ok(target), Ok(expected)) => assert_eq!(target.expose().as_str(), expected),
                (Err(error), Err(words)) => {
                    let text = error.to_string();
                    assert!(text.contains(words) && !text.contains("SECRET"), "{text}");
                }
                (other, _) => panic!("{location:?}: {other:?}"),
            }
        }
        check(Some("/x"), Ok("https://a.example/x"));
        check(Some("x?y=1#z"), Ok("https://a.example/d/x?y=1"));
        check(Some("//b.example/x"), Ok("https://b.example/x"));
        check(Some("https://jane:pw@b.example/x"), Ok("https://b.example/x"));
        check(Some("file:///etc/passwd"), Err("only http and https"));
        check(Some("ftp://jane:SECRET@b.example/"), Err("only http and https"));
        check(Some("https://"), Err("only http and https"));
        check(Some(""), Err("names no address"));
        check(None, Err("names no address"));
    }

    #[test]
    fn a_credential_in_the_query_does_not_travel_and_is_not_doubled() {
        #[track_caller]
        fn check(secret: &str, target: &str, expected: Option<&str>) {
            let first = url("https://a.example/d?comp=list");
            match without_secret(&first, url(target), secret) {
                Ok(target) => assert_eq!(Some(target.expose().as_str()), expected),
                Err(error) => {
                    let text = error.to_string();
                    assert!(expected.is_none() && text.contains("another host"), "{target}: {text}");
                    assert!(!text.contains("Q2+x") && !text.contains("Q2%2Bx"), "{text}");
                }
            }
        }
        let signed = "se=2026-12-01&sp=r&sig=Q2%2Bx%2F7c1f45a9b0%3D";
        let same = Some("https://a.example/e?x=1");
        check(signed, "https://a.example/e?x=1", same);
        check(signed, &format!("https://a.example/e?x=1&{signed}"), same);
        check(signed, "https://a.example/e?se=2026-12-01&x=1&sig=Q2%2bx/7c1f45a9b0=", same);
        check(signed, &format!("https://a.example/e?{signed}"), Some("https://a.example/e"));
        check(signed, "https://b.example/e?sp=r", Some("https://b.example/e?sp=r"));
        check(signed, &format!("https://b.example/e?{signed}"), None);
        check(signed, "https://b.example/e?s=Q2+x/7c1f45a9b0=", None);
        check(signed, "https://b.example/Q2%252Bx%252F7c1f45a9b0%253D", None);
        check(signed, "https://b.example/?to=https%3A%2F%2Fa.example%2Fe%3Fsig%3DQ2%252Bx%252F7c1f45a9b0%253D", None);
        check("apiKey=Q2+x-7", "https://b.example/?ticket=Q2%2Bx-7", None);
        check("apiKey=Q2+x-7", "https://b.example/?ticket=ST-1", Some("https://b.example/?ticket=ST-1"));
    }

    #[test]
    fn ends_after_ten() {
        let first = url("https://a.example/");
        assert!(next(&first, &first, Some("/x"), 9).is_ok());
        let error = next(&first, &url("https://b.example/y"), Some("/x"), 10).unwrap_err().to_string();
        assert!(error.contains("a.example") && error.contains("b.example/y"), "{error}");
    }

    #[test]
    fn never_leaves_protection_for_another_machine() {
        #[track_caller]
        fn check(before: (&str, &str), after: (&str, &str), allowed: bool) {
            let first = url(before.0);
            let (b, c) = (url(before.1), url(after.0));
            let d = url(after.1);
            assert_eq!(check_downgrade(&first, (&first, &b), (&c, &d)).is_ok(), allowed, "{before:?} {after:?}");
        }
        let secure = ("https://a.example/", "https://a.example/");
        let local = ("https://a.example/", "http://127.0.0.1:1/");
        check(secure, ("https://b.example/", "https://b.example/"), true);
        check(secure, ("http://b.example/", "http://b.example/"), false);
        check(secure, ("http://127.0.0.1/", "http://127.0.0.1/"), false);
        check(local, ("http://127.0.0.1:2/", "http://127.0.0.1:2/"), true);
        check(local, ("http://b.example/", "http://b.example/"), false);
        check(("http://a.example/", "http://a.example/"), ("http://b.example/", "http://b.example/"), true);
    }
}
