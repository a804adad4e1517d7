//! What an answer means for the bytes that are held.

use crate::net::retry::Attempts;
use crate::net::{ContentRange, NetError, Response, Validator};

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
    /// Bytes of the body, where it tells.
    pub length: Option<u64>,
}

impl Head {
    /// That of a response.
    pub fn of(response: &Response) -> Self {
        let (status, range, validator) = (response.status(), response.content_range(), response.validator());
        Self { status, range, validator, length: response.content_length() }
    }
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
    /// ranges. The body is taken from zero.
    FromZero,
    /// The body is of no use. What is held is thrown away, and the file asked for anew.
    StartOver(&'static str),
    /// The host gives no such part of the file, or something else in its place. What is held stays.
    Refused(&'static str),
}

/// Whether parts of a file are asked for, or the whole: a host that refuses the one may still send
/// the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Parts are. Counts how often they were refused in a row.
    Wanted(Attempts),
    /// They were refused too often: the whole is asked for.
    Refused,
}

/// How often a part that was refused is asked for again at most.
const AGAIN: u32 = 2;

impl Parts {
    /// Before the first attempt, where as many may follow one that failed.
    pub fn wanted(retries: u32) -> Self {
        Self::Wanted(Attempts::new(AGAIN.min(retries)))
    }

    /// A part was refused in an attempt that brought so many bytes. Gives the number of the
    /// repetition that comes next; `None` where the whole is asked for instead.
    pub fn refused(&mut self, progress: u64) -> Option<u32> {
        let Self::Wanted(attempts) = self else { return None };
        let again = attempts.failed(progress);
        if again.is_none() {
            *self = Self::Refused;
        }
        again
    }

    /// The whole is asked for from now on; whether that is new.
    pub fn give_up(&mut self) -> bool {
        std::mem::replace(self, Self::Refused) != Self::Refused
    }

    /// The whole broke off: what is missing is asked for once more.
    pub fn broke_off(&mut self) {
        if *self == Self::Refused {
            *self = Self::Wanted(Attempts::new(0));
        }
    }
}

/// Whether a request for a part may have failed because it was one. Of credentials, limits, heads
/// that cannot be read and failures of the network nothing changes with the range.
pub fn may_be_of_the_range(error: &NetError) -> bool {
    match error {
        NetError::Status { status, .. } => matches!(status, 400 | 405),
        NetError::ServerError { status, .. } => *status == 501,
        NetError::NotPermitted { .. } => true,
        _ => false,
    }
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
        416 => Meaning::Refused("the host refuses to send a part of the file (status 416)"),
        _ => Meaning::StartOver("the status fits no request for a range"),
    }
}

fn partial(asked: Asked<'_>, head: &Head) -> Meaning {
    let Some(ContentRange { span: Some((first, until)), total }) = head.range else {
        return Meaning::Refused("a partial answer does not say what it carries");
    };
    if first != asked.from || asked.until.is_some_and(|end| until > end) {
        return Meaning::Refused("other bytes came than were asked for");
    }
    // Of a longer body nobody knows where it begins.
    if head.length.is_some_and(|length| length != until - first) {
        return Meaning::Refused("a partial answer is not as long as it says");
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
    use crate::net::retry::PROGRESS;

    fn etag(text: &str) -> Validator {
        Validator::Etag(format!("\"{text}\""))
    }

    fn head(status: u16, range: &str, validator: Option<&str>) -> Head {
        Head { status, range: ContentRange::parse(range), validator: validator.map(etag), length: None }
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
                Meaning::Refused(_) => "refused",
            };
            assert_eq!(word, expected, "{head:?}");
        }
        check(asked, head(206, "bytes 500-999/2000", Some("a")), "continue");
        check(asked, head(206, "bytes 500-999/2000", Some("b")), "over"); // ignores If-Range
        check(asked, head(206, "bytes 500-999/2000", None), "over");
        check(asked, head(206, "bytes 500-999/2001", Some("a")), "over");
        check(asked, head(206, "bytes 0-999/2000", Some("a")), "refused"); // another start
        check(asked, head(206, "bytes 500-1500/2000", Some("a")), "refused"); // more than asked
        check(asked, head(206, "", Some("a")), "refused");
        let long = |length| Head { length: Some(length), ..head(206, "bytes 500-999/2000", Some("a")) };
        check(asked, long(500), "continue");
        check(asked, long(2000), "refused"); // the whole, as a cache may send it
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
    fn the_whole_is_asked_for_once_parts_were_refused_in_a_row() {
        let mut parts = Parts::wanted(9);
        assert_eq!([0, 0].map(|progress| parts.refused(progress)), [Some(1), Some(2)]);
        assert_eq!(parts.refused(PROGRESS), Some(1), "parts came meanwhile");
        assert_eq!([0, 0].map(|progress| parts.refused(progress)), [Some(2), None]);
        assert_eq!((parts, parts.refused(PROGRESS)), (Parts::Refused, None));
    }

    #[test]
    fn the_whole_is_asked_for_at_once_where_parts_make_no_sense() {
        let mut parts = Parts::wanted(9);
        assert!(parts.give_up());
        assert!(!parts.give_up(), "not twice");
        assert_eq!(parts, Parts::Refused);
    }

    #[test]
    fn parts_are_asked_for_once_more_after_a_whole_that_broke_off() {
        let mut parts = Parts::wanted(9);
        parts.broke_off();
        assert_eq!(parts, Parts::wanted(9), "no whole was asked for");
        parts.give_up();
        parts.broke_off();
        assert!(matches!(parts, Parts::Wanted(_)));
        assert_eq!((parts.refused(PROGRESS), parts), (None, Parts::Refused));
    }

    #[test]
    fn few_errors_may_be_of_the_range() {
        let url = crate::values::SafeUrl::parse("https://host.example/a").unwrap();
        let status = |status| NetError::Status { url: url.clone(), status };
        let server = |status| NetError::ServerError { url: url.clone(), status, retry_after: None };
        let limited = NetError::RateLimited { url: url.clone(), status: 403, retry_after: None };
        let malformed = NetError::Protocol { url: url.clone(), reason: "invalid header".to_owned() };
        assert!([status(400), status(405), server(501)].iter().all(may_be_of_the_range));
        let others = [402, 406, 409, 421, 422, 428, 431].map(status);
        assert!(!others.iter().chain(&[server(500), limited, malformed]).any(may_be_of_the_range));
    }
}
