//! Which version of a file an answer is about (RFC 9110 sections 8.8 and 14.4).

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

/// Proof that two answers carry the same bytes.
///
/// Only strong ones: a weak entity tag (`W/"..."`) says "means the same", which is not enough
/// to join bytes of two answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validator {
    /// A strong entity tag, quotes included.
    Etag(String),
    /// A `Last-Modified` date old enough to be strong, as the host wrote it.
    Modified(String),
}

/// What a `Content-Range` header says: `bytes 5-9/100` or `bytes */100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// First byte and the byte after the last one; absent in a refusal (status 416).
    pub span: Option<(u64, u64)>,
    /// Size of the whole file, where told.
    pub total: Option<u64>,
}

impl Validator {
    /// The strongest validator of an answer, if it has a strong one.
    ///
    /// A date has a resolution of one second: it counts only when the host's own clock shows
    /// that at least a minute has passed since (RFC 9110 section 8.8.2.2).
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        if let Some(etag) = text("etag") {
            return is_strong(etag).then(|| Self::Etag(etag.to_owned()));
        }
        let modified = text("last-modified")?;
        let then = httpdate::parse_http_date(modified).ok()?;
        let now = httpdate::parse_http_date(text("date")?).ok()?;
        (now.duration_since(then).ok()? >= Duration::from_secs(60)).then(|| Self::Modified(modified.to_owned()))
    }

    /// The text, as it is sent back in `If-Range`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Etag(text) | Self::Modified(text) => text,
        }
    }
}

/// Whether an entity tag is well formed and strong, and can be sent back.
fn is_strong(etag: &str) -> bool {
    let visible = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80;
    etag.len() >= 2
        && etag.len() <= 512
        && etag.starts_with('"')
        && etag.ends_with('"')
        && etag[1..etag.len() - 1].bytes().all(visible)
}

impl ContentRange {
    /// Reads the header; `None` when it is not about bytes or contradicts itself.
    pub fn parse(text: &str) -> Option<Self> {
        let (span, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            digits => Some(digits.parse::<u64>().ok()?),
        };
        if span.trim() == "*" {
            return Some(Self { span: None, total });
        }
        let (first, last) = span.split_once('-')?;
        let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
        let until = last.checked_add(1)?;
        let holds = first < until && total.is_none_or(|total| until <= total);
        holds.then_some(Self { span: Some((first, until)), total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_validators_count() {
        #[track_caller]
        fn check(headers: &[(&'static str, &str)], expected: Option<Validator>) {
            let map = headers
                .iter()
                .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            assert_eq!(Validator::of(&map), expected, "{headers:?}");
        }
        let date = "Tue, 24 Nov 2026 10:00:00 GMT";
        let minute_before = "Tue, 24 Nov 2026 09:59:00 GMT";
        let second_before = "Tue, 24 Nov 2026 09:59:59 GMT";
        check(&[("etag", "\"abc\"")], Some(Validator::Etag("\"abc\"".into())));
        check(&[("etag", "W/\"abc\"")], None);
        check(&[("etag", "abc")], None); // not quoted: not an entity tag
        check(&[("etag", "\"a\"b\"")], None);
        check(&[("last-modified", minute_before), ("date", date)], Some(Validator::Modified(minute_before.into())));
        check(&[("last-modified", second_before), ("date", date)], None);
        check(&[("last-modified", minute_before)], None); // no clock to compare with
        // A weak tag speaks for the file; its date is not asked.
        check(&[("etag", "W/\"a\""), ("last-modified", minute_before), ("date", date)], None);
    }

    #[test]
    fn reads_content_ranges() {
        #[track_caller]
        #[expect(clippy::type_complexity, reason = "span and total, each optional, as the header has them")]
        fn check(text: &str, expected: Option<(Option<(u64, u64)>, Option<u64>)>) {
            assert_eq!(ContentRange::parse(text).map(|range| (range.span, range.total)), expected, "{text}");
        }
        check("bytes 5-9/100", Some((Some((5, 10)), Some(100))));
        check("bytes 0-0/*", Some((Some((0, 1)), None)));
        check("bytes */100", Some((None, Some(100))));
        check("bytes 9-5/100", None);
        check("bytes 5-100/100", None); // ends behind the end
        check("lines 1-2/3", None);
        check("bytes 5-/100", None);
        check("bytes 0-18446744073709551615/*", None);
    }
}
