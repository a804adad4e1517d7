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
