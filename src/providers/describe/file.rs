//! A single file: its host says nothing of it but its bytes.

use crate::catalog::{Description, Reference};
use crate::values::SafeUrl;

use super::line;

pub(super) fn describe(url: &SafeUrl, reference: &Reference, day: jiff::civil::Date) -> Description {
    let name = url.expose().path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let title = format!("{} from {}", line(&name), url.host());
    let source = url.to_string();
    Description { source: source.clone(), ..Description::new(reference.clone(), day.to_string(), title, source) }
}
