//! A link with a shared access signature, as a person was given it.
//!
//! ```text
//! https://ACCOUNT.blob.core.windows.net/CONTAINER[/BLOB]?sv=..&sr=c&sp=rl&st=..&se=..&sig=..
//! ```
//!
//! The signature covers the very bytes of the query, so it is kept as received; what the link
//! opens, with which rights and for how long is read beside it. Everything behind the `?` is a
//! secret, and whoever holds the link can use it: nothing here prints any of it.
//!
//! Sources: azure-storage-blob 12.31.1; Azurite 3.35.0, run; Azure/azure-storage-azcopy of
//! 2026-08; read 2026-11-23.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;

use crate::values::{SafeUrl, Secret};

/// What a link opens, for how long, and the query that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedAccess {
    /// Where it leads; absent when only the query was given.
    pub place: Option<Place>,
    /// Whether it opens one file only (`sr=b`).
    pub one_file: bool,
    /// When it begins to work.
    pub begins: Option<Timestamp>,
    /// When it stops working; absent where a policy of the container says so.
    pub ends: Option<Timestamp>,
    /// The query, without its `?`.
    pub query: Secret,
    rights: Option<String>,
}

/// The address of a link without its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Host name in lower case.
    pub host: String,
    /// The container.
    pub container: String,
    /// What follows it, decoded.
    pub blob: Option<String>,
}

/// The text is no link that can be used. Never shows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotALink {
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// Several words or lines.
    #[error("it holds a space or a line break; give the address alone, without `azcopy` and without quotes")]
    Words,
    /// Not an address on the web.
    #[error("it is no web address")]
    Address,
    /// The query has no signature.
    #[error("it has no signature (`sig=`) behind a `?`")]
    Unsigned,
}

impl SharedAccess {
    /// Reads a link, or the query of one alone. Quotes around it are left away.
    ///
    /// # Errors
    /// The text cannot be one. The error says why and shows nothing of it.
    pub fn parse(text: &str) -> Result<Self, NotALink> {
        let text = text.trim();
        let quotes = ['"', '\''].into_iter().find(|quote| text.len() > 1 && text.starts_with(*quote));
        let text = quotes.and_then(|quote| text[1..].strip_suffix(quote)).unwrap_or(text);
        if text.is_empty() {
            return Err(NotALink::Empty);
        }
        if text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return Err(NotALink::Words);
        }
        let is_address = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
        let (address, query) = match text.split_once('?') {
            Some((address, query)) if !address.is_empty() => (Some(address), query),
            Some((_, query)) => (None, query),
            None if is_address => return Err(NotALink::Unsigned),
            None => (None, text),
        };
        let query = query.split('#').next().unwrap_or_default();
        let get = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(one, _)| one == name).map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
        };
        if get("sig").is_none() {
            return Err(NotALink::Unsigned);
        }
        let time = |name: &str| get(name).as_deref().and_then(time);
        Ok(Self {
            place: address.map(Place::parse).transpose()?,
            one_file: get("sr").is_some_and(|kind| kind == "b"),
            begins: time("st"),
            // A link signed for a user ends with the key that signed it.
            ends: [time("se"), time("ske")].into_iter().flatten().min(),
            rights: get("sp"),
            query: Secret::new(query),
        })
    }

    /// Whether it gives a right, by its letter: `r` to read, `l` to list. Taken for granted
    /// where a policy of the container says what it gives.
    pub fn permits(&self, right: char) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.contains(right))
    }

    /// The only file it opens, where it says which.
    pub fn only(&self) -> Option<&str> {
        self.place.as_ref().and_then(|place| place.blob.as_deref()).filter(|_| self.one_file)
    }
}

impl Place {
    fn parse(address: &str) -> Result<Self, NotALink> {
        let url = SafeUrl::parse(address).map_err(|_| NotALink::Address)?;
        let path = url.expose().path().trim_start_matches('/');
        let (container, blob) = path.split_once('/').unwrap_or((path, ""));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Ok(Self {
            host: url.host().to_owned(),
            container: decoded(container),
            blob: (!blob.is_empty()).then(|| decoded(blob)),
        })
    }
}

/// `2026-12-01T10:00:00Z`, or without seconds, or the day alone; always UTC.
fn time(text: &str) -> Option<Timestamp> {
    let bare = text.trim_end_matches(['Z', 'z']);
    let written: DateTime = match bare.contains('T') {
        true => bare.parse().ok()?,
        false => bare.parse::<Date>().ok()?.into(),
    };
    TimeZone::UTC.to_timestamp(written).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str =
        "sv=2019-02-02&sr=c&sig=AbC%2Bd%2Fe%3D&st=2026-11-20T09%3A55%3A00Z&se=2026-12-20T10%3A00%3A00Z&sp=rl";

    #[test]
    fn reads_what_a_link_opens_and_for_how_long() {
        let link = SharedAccess::parse(&format!("\"https://Acct.blob.core.windows.net/set?{QUERY}\"\n")).unwrap();
        let place = Place { host: "acct.blob.core.windows.net".into(), container: "set".into(), blob: None };
        assert_eq!((link.place.as_ref(), link.one_file), (Some(&place), false));
        assert_eq!(link.begins, Some("2026-11-20T09:55:00Z".parse().unwrap()));
        assert_eq!(link.ends, Some("2026-12-20T10:00:00Z".parse().unwrap()));
        assert!(link.permits('r') && link.permits('l') && !link.permits('w'));
        assert_eq!(link.query.expose(), QUERY, "not a byte is changed");
        assert!(!format!("{link:?}").contains("AbC"));
        let bare = SharedAccess::parse(&format!("?{QUERY}")).unwrap();
        assert_eq!((bare.place, bare.query.expose()), (None, QUERY));
        assert_eq!(SharedAccess::parse(QUERY).unwrap().query.expose(), QUERY);
    }

    #[test]
    fn a_link_to_one_file_names_it() {
        let link = "https://acct.blob.core.windows.net/set/batch%201%20(a%20%26%20b).zip?sr=b&sp=r&sig=x";
        assert_eq!(SharedAccess::parse(link).unwrap().only(), Some("batch 1 (a & b).zip"));
    }

    #[test]
    fn times_in_all_their_forms() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(time(text), expected.map(|text| text.parse().unwrap()), "{text}");
        }
        check("2026-12-20T10:00:00Z", Some("2026-12-20T10:00:00Z"));
        check("2026-12-20T10:00Z", Some("2026-12-20T10:00:00Z"));
        check("2026-12-20", Some("2026-12-20T00:00:00Z"));
        check("2026-12-20T10:00:00.1230000Z", Some("2026-12-20T10:00:00.123Z"));
        check("soon", None);
        // A link signed with a user's key.
        let link = SharedAccess::parse("sig=x&se=2026-12-20T00%3A00%3A00Z&ske=2026-11-30T00%3A00%3A00Z").unwrap();
        assert_eq!(link.ends, Some("2026-11-30T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_is_no_link_is_refused_without_showing_it() {
        #[track_caller]
        fn check(text: &str, expected: NotALink) {
            let error = SharedAccess::parse(text).unwrap_err();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
        check(" \n", NotALink::Empty);
        check("azcopy copy \"https://a.example/c?sig=SECRET\" .", NotALink::Words);
        check("ftp://a.example/c?sig=SECRET", NotALink::Address);
        check("https://a.example/SECRET", NotALink::Unsigned);
        check("https://a.example/c?se=2026&sp=SECRET", NotALink::Unsigned);
        check("https://a.example/c?sig=", NotALink::Unsigned);
    }
}
