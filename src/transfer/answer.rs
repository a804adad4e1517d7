//! What an answer means for the bytes that are held.

use crate::net::{ContentRange, NetError, Validator};

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
    /// The host gives no such part of the file. What is held stays until another answer comes.
    Refused,
}

/// Whether parts of a file are asked for. A host that refuses them may still send the whole: it is
/// asked for that once the parts got nowhere, and for no part again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// No part was asked for in this attempt.
    Unasked,
    /// A part was asked for in this attempt.
    Asked,
    /// They were refused: only the whole is asked for.
    Refused,
}

impl Parts {
    /// Notes that a part is asked for.
    pub fn ask(&mut self) {
        *self = Self::Asked;
    }

    /// Before another attempt.
    pub fn renew(&mut self) {
        if *self == Self::Asked {
            *self = Self::Unasked;
        }
    }

    /// Whether the whole is to be asked for, where an attempt ended so and no other may follow it.
    /// Of credentials, limits and failures of the network nothing changes with the range.
    pub fn give_way(&mut self, error: &NetError) -> bool {
        let may_be_of_the_range = match error {
            NetError::Protocol { .. } | NetError::NotPermitted { .. } => true,
            NetError::ServerError { status, .. } => *status == NOT_IMPLEMENTED,
            _ => false,
        };
        let gives_way = *self == Self::Asked && may_be_of_the_range;
        if gives_way {
            *self = Self::Refused;
        }
        gives_way
    }
}

/// What a host answers that knows no such request.
const NOT_IMPLEMENTED: u16 = 501;

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
        416 => Meaning::Refused,
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
                Meaning::Refused => "refused",
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
        check(asked, head(416, "bytes */300", None), "refused");
        let first = Asked { from: 0, until: None, ranged: false, held: None, total: None };
        check(first, head(200, "", None), "continue");
        let probe = Asked { from: 0, until: Some(100), ranged: true, held: None, total: None };
        check(probe, head(206, "bytes 0-99/2000", Some("a")), "continue");
        check(probe, head(200, "", Some("a")), "zero"); // the host knows no ranges
    }

    #[test]
    fn the_whole_is_asked_for_once_and_only_where_a_part_was_refused() {
        let url = crate::values::SafeUrl::parse("https://host.example/a").unwrap();
        let refused = NetError::Protocol { url: url.clone(), reason: "status 400".to_owned() };
        let mut parts = Parts::Unasked;
        assert!(!parts.give_way(&refused), "the whole was asked for");
        parts.ask();
        assert!(!parts.give_way(&NetError::Gone { url, status: 404 }));
        assert!(parts.give_way(&refused));
        parts.renew();
        assert!(parts == Parts::Refused && !parts.give_way(&refused), "not twice");
    }
}
