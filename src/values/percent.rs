//! What is percent-encoded where a name becomes part of an address.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// All but the unreserved characters of RFC 3986 section 2.3.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same without the slash, for names that are paths.
pub const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
