//! A URL that prints without its secrets.

use std::fmt;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

/// A web address. Shown without user-info, with every query value as `****`.
///
/// A query may hold a signature, so it is a secret unless proven otherwise. Serialised in the
/// same redacted form; [`SafeUrl::expose`] alone gives the whole address, for connecting.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct SafeUrl(Arc<Url>);

/// Scheme, host and port: what a credential belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// Host in lower case.
    pub host: String,
    /// Port, the scheme's own where none is written.
    pub port: u16,
}

/// The text is not a web address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a web address: {reason}")]
pub struct NotAUrl {
    /// The text, escaped, cut, and without anything behind `?` or before `@`.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl SafeUrl {
    /// Takes an `http` or `https` address with a host.
    pub fn parse(text: &str) -> Result<Self, NotAUrl> {
        let refused = |reason: &str| NotAUrl { text: hide(text), reason: reason.to_owned() };
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        Self::from_url(url).ok_or_else(|| refused("only http and https addresses with a host are used"))
    }

    /// An address that this program itself wrote, from constants and encoded parts.
    ///
    /// # Panics
    /// When it is none, which is a fault of the program and not of its input.
    pub fn ours(text: &str) -> Self {
        Self::parse(text).expect("an address that is made of constants is one")
    }

    /// Takes a parsed address if it is `http` or `https` with a host.
    pub fn from_url(url: Url) -> Option<Self> {
        (matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty()))
            .then(|| Self(Arc::new(url)))
    }

    /// The whole address, secrets included. Only for connecting.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// The address a `Location` header names, seen from this one (RFC 3986 section 5).
    pub fn join(&self, reference: &str) -> Result<Self, NotAUrl> {
        let refused = |reason: String| NotAUrl { text: hide(reference), reason };
        let url = self.0.join(reference).map_err(|error| refused(error.to_string()))?;
        Self::from_url(url).ok_or_else(|| refused("only http and https addresses are followed".to_owned()))
    }

    /// This address with more path segments, each percent-encoded as one segment.
    #[must_use]
    pub fn at(&self, segments: &[&str]) -> Self {
        let mut url = Url::clone(&self.0);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Self(Arc::new(url))
    }

    /// What a credential for this address belongs to.
    pub fn origin(&self) -> Origin {
        Origin {
            scheme: self.0.scheme().to_owned(),
            host: self.host().to_owned(),
            port: self.0.port_or_known_default().unwrap_or(0),
        }
    }

    /// The address in full, where it is one that anybody may be told, such as a page's: without a
    /// user, and without a parameter that is or may be a credential.
    pub fn as_public(&self) -> Option<&str> {
        let is_nameless = |part: &str| !part.contains('=') && part.len() >= SHORTEST_SECRET;
        let has_secret = self.0.query().is_some_and(|query| query.split('&').any(is_nameless))
            || self.0.query_pairs().any(|(name, _)| {
                let name = name.to_ascii_lowercase();
                SECRET_WORDS.iter().any(|word| name.contains(word)) || SECRET_NAMES.contains(&name.as_str())
            });
        let is_plain = self.0.username().is_empty() && self.0.password().is_none();
        (is_plain && !has_secret).then(|| self.0.as_str())
    }

    /// Whether nothing in it can be a secret: it has neither a user nor a query.
    pub fn is_plain(&self) -> bool {
        self.0.query().is_none() && self.0.username().is_empty() && self.0.password().is_none()
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether the connection is protected by TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }
}

/// Parts of the names of parameters that carry credentials.
const SECRET_WORDS: [&str; 8] =
    ["signature", "token", "secret", "password", "credential", "auth", "session", "api_key"];
/// Whole names of such parameters.
const SECRET_NAMES: [&str; 6] = ["sig", "key", "pwd", "pass", "apikey", "code"];
/// A parameter without a value that is shorter is a word, and no signature.
const SHORTEST_SECRET: usize = 16;

impl Origin {
    /// Whether the host is this machine, so that plain `http` gives nothing away.
    pub fn is_loopback(&self) -> bool {
        SafeUrl::parse(&format!("{self}/")).is_ok_and(|url| url.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = Url::clone(&self.0);
        // Both fail only for addresses without a host, which `from_url` refuses.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_fragment(None);
        if self.0.query().is_some() {
            // What has no `=` may itself be a signature.
            let name = |part: &str| part.split_once('=').map_or("****".to_owned(), |(name, _)| format!("{name}=****"));
            let names: Vec<String> = self.0.query().unwrap_or_default().split('&').map(name).collect();
            shown.set_query(Some(&names.join("&")));
        }
        out.pad(shown.as_str())
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Serialize for SafeUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<String> for SafeUrl {
    type Error = NotAUrl;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// A text that may be an address with secrets, cut down to what cannot hold one.
fn hide(text: &str) -> String {
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let shown = match plain.rsplit_once('@') {
        Some((_, rest)) => format!("****@{rest}"),
        None => plain.to_owned(),
    };
    super::Printable::new(&shown).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_user_info_or_query_values() {
        let url = SafeUrl::parse("https://jane:pw@host.example/a%20b?sig=AbC%2B&se=2026#frag").unwrap();
        assert_eq!(url.to_string(), "https://host.example/a%20b?sig=****&se=****");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert_eq!(serde_json::to_string(&url).unwrap(), "\"https://host.example/a%20b?sig=****&se=****\"");
        let error = SafeUrl::parse("ftp://jane:pw@host/?sig=AbC").unwrap_err().to_string();
        assert!(!error.contains("pw") && !error.contains("AbC"), "{error}");
    }

    #[test]
    fn an_address_with_a_credential_is_for_nobody_else() {
        #[track_caller]
        fn check(text: &str, is_public: bool) {
            let url = SafeUrl::parse(text).unwrap();
            assert_eq!(url.as_public(), is_public.then_some(text), "{text}");
        }
        check("https://host.example/page?id=5&lang=en#part", true);
        check("https://host.example/@someone/set", true);
        check("https://host.example/page?edit", true);
        check("https://host.example/a?X-Amz-Signature=abc", false);
        check("https://host.example/a?sv=1&sig=abc", false);
        check("https://host.example/a?access_token=abc", false);
        check("https://host.example/a?c2lnbmF0dXJlLW5vdC1hLXJlYWw", false);
        check("https://jane:pw@host.example/", false);
        check("https://jane@host.example/", false);
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let origin = |text: &str| SafeUrl::parse(text).unwrap().origin();
        assert_eq!(origin("https://A.example/x"), origin("https://a.example:443/y"));
        assert_ne!(origin("https://a.example/"), origin("http://a.example/"));
        assert_ne!(origin("https://a.example/"), origin("https://a.example:444/"));
        assert_ne!(origin("https://a.example/"), origin("https://b.example/"));
    }

    #[test]
    fn encodes_each_segment_as_one() {
        let base = SafeUrl::parse("https://host.example/files/").unwrap();
        assert_eq!(base.at(&["a b", "c/d#e?"]).expose().as_str(), "https://host.example/files/a%20b/c%2Fd%23e%3F");
    }

    #[test]
    fn follows_references_but_only_to_the_web() {
        let base = SafeUrl::parse("https://host.example/a/b").unwrap();
        assert_eq!(base.join("../c").unwrap().expose().as_str(), "https://host.example/c");
        assert!(base.join("file:///etc/passwd").is_err());
    }
}
