//! Addresses replaced just before connecting: hospital mirrors, caching proxies, tests.
//!
//! Everything above `net` sees the original address. `Host` and SNI are the target's.

use std::fmt;

use url::Url;

use crate::remedy::Remedy;
use crate::values::{Printable, SafeUrl};

use super::error::NetError;

/// One replacement of an address's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The beginning that is replaced, such as `https://api.github.com/`.
    pub from: SafeUrl,
    /// What stands there instead.
    pub to: SafeUrl,
    /// Whether `https` may become plain `http` to another machine.
    pub insecure: bool,
}

/// All replacements; the longest beginning that fits wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrites(Vec<Rewrite>);

/// A list of replacements cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rewriting entry {entry} (`{text}`) cannot be used: {reason}")]
pub struct RewritesError {
    /// Which entry, counted from 1.
    pub entry: usize,
    /// Its beginning, escaped.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Remedy for RewritesError {
    fn remedy(&self) -> Option<String> {
        Some("write `https://original.example/=http://127.0.0.1:8080/`, entries separated by `;`".into())
    }
}

impl Rewrites {
    /// Takes rules as they stand in a configuration.
    ///
    /// # Errors
    /// A rule that turns `https` into `http` to another machine without saying `insecure`.
    pub fn new(rules: Vec<Rewrite>) -> Result<Self, RewritesError> {
        for (index, rule) in rules.iter().enumerate() {
            if let Some(reason) = fault(rule) {
                return Err(RewritesError { entry: index + 1, text: rule.from.to_string(), reason: reason.to_owned() });
            }
        }
        let mut rules = rules;
        rules.sort_by_key(|rule| std::cmp::Reverse(prefix(&rule.from).len()));
        Ok(Self(rules))
    }

    /// Reads the form of `MEDSETS_REWRITE`: entries split at `;`, each at its first `=http`.
    /// `insecure:` before an entry stands for `insecure = true` in the settings file.
    pub fn parse(text: &str) -> Result<Self, RewritesError> {
        let mut rules = Vec::new();
        for (index, entry) in text.split(';').enumerate() {
            let entry = entry.trim();
            if entry.is_empty() {
                continue;
            }
            let refused = |reason: String| RewritesError {
                entry: index + 1,
                // What stands before an `@` may be a password.
                text: match entry.contains('@') {
                    true => "****".to_owned(),
                    false => Printable::cut(entry.split('?').next().unwrap_or_default(), 80).to_string(),
                },
                reason,
            };
            let (insecure, rule) = match entry.strip_prefix("insecure:") {
                Some(rule) => (true, rule),
                None => (false, entry),
            };
            let (from, to) = rule
                .find("=http")
                .map(|at| (&rule[..at], &rule[at + 1..]))
                .ok_or_else(|| refused("it holds no `=http`".into()))?;
            let from = SafeUrl::parse(from).map_err(|error| refused(error.reason))?;
            let to = SafeUrl::parse(to).map_err(|error| refused(error.reason))?;
            let rule = Rewrite { from, to, insecure };
            if let Some(reason) = fault(&rule) {
                return Err(refused(reason.to_owned()));
            }
            rules.push(rule);
        }
        Self::new(rules)
    }

    /// These rules and `more`; of two with the same beginning the first one of these wins.
    pub fn with(mut self, more: Rewrites) -> Self {
        self.0.extend(more.0);
        self.0.sort_by_key(|rule| std::cmp::Reverse(prefix(&rule.from).len()));
        self
    }

    /// The address to connect to for `url`.
    pub fn apply(&self, url: &SafeUrl) -> Result<SafeUrl, NetError> {
        if self.0.is_empty() {
            return Ok(url.clone());
        }
        let original = prefix(url);
        let fitting = self.0.iter().find_map(|rule| Some((rule, rest_behind(&original, &prefix(&rule.from))?)));
        let Some((rule, rest)) = fitting else { return Ok(url.clone()) };
        let target = prefix(&rule.to);
        let joint = if target.ends_with('/') && rest.starts_with('/') { &rest[1..] } else { rest };
        SafeUrl::parse(&format!("{target}{joint}")).map_err(|_| NetError::Forbidden {
            url: url.clone(),
            reason: "a rewriting rule makes an address of it that is none",
        })
    }
}

/// In the form of `MEDSETS_REWRITE`, without passwords.
impl fmt::Display for Rewrites {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Rewrite { from, to, insecure }) in self.0.iter().enumerate() {
            let mark = if *insecure { "insecure:" } else { "" };
            write!(out, "{}{mark}{from}={to}", if index == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

/// What forbids a rule.
fn fault(rule: &Rewrite) -> Option<&'static str> {
    let has_query = |url: &SafeUrl| url.expose().query().is_some() || url.expose().fragment().is_some();
    if has_query(&rule.from) || has_query(&rule.to) {
        return Some("a prefix has no `?` or `#`");
    }
    let downgrade = rule.from.is_https() && !rule.to.is_https();
    (downgrade && !rule.insecure && !rule.to.is_loopback())
        .then_some("it turns `https` into plain `http` to another machine")
}

/// The address as text, without a fragment, and without user and password.
fn prefix(url: &SafeUrl) -> String {
    let mut plain: Url = url.expose().clone();
    plain.set_fragment(None);
    // Both fail only for addresses without a host, which `SafeUrl` refuses.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    plain.into()
}

/// What follows `from` in `address`, if it begins so and the break falls between two parts:
/// `https://a.example/data` fits `/data/x` and `/data?x`, not `/database`.
fn rest_behind<'a>(address: &'a str, from: &str) -> Option<&'a str> {
    let rest = address.strip_prefix(from)?;
    (from.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_prefix_wins_and_parts_stay_whole() {
        let rewrites = Rewrites::parse(
            "https://data.example/=http://127.0.0.1:80/d/; https://data.example/big/=http://127.0.0.1:81;\
             https://other.example/x=https://mirror.example/y/z",
        )
        .unwrap();
        #[track_caller]
        fn check(rewrites: &Rewrites, from: &str, to: &str) {
            let url = SafeUrl::parse(from).unwrap();
            assert_eq!(rewrites.apply(&url).unwrap().expose().as_str(), to, "{from}");
        }
        check(&rewrites, "https://data.example/a%20b?sig=1", "http://127.0.0.1/d/a%20b?sig=1");
        check(&rewrites, "https://DATA.example:443/a", "http://127.0.0.1/d/a");
        check(&rewrites, "https://data.example/big/x", "http://127.0.0.1:81/x");
        check(&rewrites, "https://data.example/bigger", "http://127.0.0.1/d/bigger");
        check(&rewrites, "https://other.example/x/1", "https://mirror.example/y/z/1");
        check(&rewrites, "https://other.example/xy", "https://other.example/xy");
        check(&rewrites, "https://data.example.evil/", "https://data.example.evil/");
        check(&rewrites, "http://data.example/", "http://data.example/");
    }

    #[test]
    fn names_the_entry_that_cannot_be_used() {
        #[track_caller]
        fn check(text: &str, entry: usize, words: &str) {
            let error = Rewrites::parse(text).unwrap_err();
            assert_eq!(error.entry, entry, "{text}");
            assert!(error.to_string().contains(words), "{error}");
        }
        check("https://a.example/", 1, "no `=http`");
        check("https://a.example/=http://127.0.0.1/;ftp://b/=https://c.example/", 2, "only http and https");
        check("https://a.example/=http://mirror.example/", 1, "plain `http`");
        check("https://a.example/?x=http://127.0.0.1/", 1, "no `?`");
        assert_eq!(Rewrites::parse(" ; ").unwrap(), Rewrites::default());
    }

    #[test]
    fn a_semicolon_inside_an_address_is_escaped() {
        let rewrites = Rewrites::parse("https://a.example/x%3By/=http://localhost:1/").unwrap();
        let url = SafeUrl::parse("https://a.example/x%3By/f").unwrap();
        assert_eq!(rewrites.apply(&url).unwrap().expose().as_str(), "http://localhost:1/f");
    }
}
