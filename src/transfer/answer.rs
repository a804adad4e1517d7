//! What an answer means for the bytes that are held.

use crate::net::{ContentRange, Validator};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// First byte; zero for a whole file.
    pub from: u64,
    /// Byte after the last one, where only a piece was asked for.
    pub until: Option<u64>,
    /// Whether a `Range` header was sent.
    pub ranged: bool,
    /// The version that is held.
    pub held: Option<&'a Validator>,
    /// Size of the whole file, where it is known.
    pub total: Option<u64>,
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// 200, 206, 412 or 416.
    pub status: u16,
    /// What the answer says it carries.
    pub range: Option<ContentRange>,
    /// Proof of the version.
    pub validator: Option<Validator>,
}

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The body goes where it was asked from; the whole file has this size, where told.
    Continue {
        /// Size of the whole file.
        total: Option<u64>,
    },
    /// The body is the whole file: what is held is of another version, or the host knows no
    /// ranges. It is thrown away and the body taken from zero.
    FromZero,
    /// The body is of no use. What is held is thrown away, and the file asked for anew.
    StartOver(&'static str),
}

/// Compares an answer with what was asked (RFC 9110 sections 14 and 15.3.7).
///
/// Some hosts ignore `If-Range`, so the validator and the size of a 206 are compared with
/// what is held: a file must never be joined from two versions.
pub fn meaning(asked: Asked<'_>, head: &Head) -> Meaning {
    match head.status {
        200 if asked.from == 0 && !asked.ranged => Meaning::Continue { total: None },
        200 => Meaning::FromZero,
        206 => partial(asked, head),
        412 => Meaning::StartOver("the file has changed"),
        416 => Meaning::StartOver("the host has fewer bytes than are held"),
        _ => Meaning::StartOver("the status fits no request for a range"),
    }
}

fn partial(asked: Asked<'_>, head: &Head) -> Meaning {
    let Some(ContentRange { span: Some((first, until)), total }) = head.range else {
        return Meaning::StartOver("a partial answer does not say what it carries");
    };
    if first != asked.from || asked.until.is_some_and(|end| until > end) {
        return Meaning::StartOver("other bytes came than were asked for");
    }
    if let (Some(known), Some(total)) = (asked.total, total)
        && known != total
    {
        return Meaning::StartOver("the file has another size than before");
    }
    match (asked.held, &head.validator) {
        (Some(held), Some(now)) if held != now => Meaning::StartOver("the file has changed"),
        (Some(_), None) => Meaning::StartOver("the host no longer says which version it sends"),
        _ => Meaning::Continue { total: total.or(asked.total) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn etag(text: &str) -> Validator {
        Validator::Etag(format!("\"{text}\""))
    }

    fn head(status: u16, range: &str, validator: Option<&str>) -> Head {
        Head { status, range: ContentRange::parse(range), validator: validator.map(etag) }
    }

    #[test]
    fn never_joins_two_versions() {
        let held = etag("a");
        let asked = Asked { from: 500, until: Some(1000), ranged: true, held: Some(&held), total: Some(2000) };
        #[track_caller]
        fn check(asked: Asked<'_>, head: Head, expected: &str) {
            let word = match meaning(asked, &head) {
                Meaning::Continue { .. } => "continue",
                Meaning::FromZero => "zero",
                Meaning::StartOver(_) => "over",
            };
            assert_eq!(word, expected, "{head:?}");
        }
        check(asked, head(206, "bytes 500-999/2000", Some("a")), "continue");
        check(asked, head(206, "bytes 500-999/2000", Some("b")), "over"); // ignores If-Range
        check(asked, head(206, "bytes 500-999/2000", None), "over");
        check(asked, head(206, "bytes 500-999/2001", Some("a")), "over");
        check(asked, head(206, "bytes 0-999/2000", Some("a")), "over"); // another start
        check(asked, head(206, "bytes 500-1500/2000", Some("a")), "over"); // more than asked
        check(asked, head(206, "", Some("a")), "over");
        check(asked, head(200, "", Some("a")), "zero");
        check(asked, head(412, "", None), "over");
        check(asked, head(416, "bytes */300", None), "over");
        let first = Asked { from: 0, until: None, ranged: false, held: None, total: None };
        check(first, head(200, "", None), "continue");
        let probe = Asked { from: 0, until: Some(100), ranged: true, held: None, total: None };
        check(probe, head(206, "bytes 0-99/2000", Some("a")), "continue");
        check(probe, head(200, "", Some("a")), "zero"); // the host knows no ranges
    }
}
