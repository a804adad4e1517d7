//! BagIt 1.0 (RFC 8493): the tag files of a bag, with its payload or with addresses in its place.

use crate::audit::Audit;
use crate::values::{ByteSize, Digest, Printable};

use super::made;

/// `bagit.txt`.
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// A line of a manifest. Paths begin with `data/` for payload.
pub fn manifest_line(sha256: &Digest, path: &str) -> String {
    format!("{}  {}\n", sha256.hex(), encoded(path))
}

/// A line of `fetch.txt`: an address without white space, the length or `-`, the path.
pub fn fetch_line(url: &str, size: Option<ByteSize>, path: &str) -> String {
    let url: String =
        url.chars().map(|one| if one.is_whitespace() { "%20".to_owned() } else { one.to_string() }).collect();
    let size = size.map_or("-".to_owned(), |size| size.0.to_string());
    format!("{url} {size} {}\n", encoded(path))
}

/// `bag-info.txt`. Without the sizes of all files there is no `Payload-Oxum`.
pub fn info(audit: &Audit, payload: Option<(u64, u64)>, notes: &[String]) -> String {
    let mut lines = vec![("Bagging-Date", made(audit)[..10].to_owned())];
    lines.push(("Bag-Software-Agent", format!("medsets {}", audit.tool)));
    if let Some((bytes, files)) = payload {
        lines.push(("Payload-Oxum", format!("{bytes}.{files}")));
    }
    if let Some(project) = &audit.project {
        lines.push(("Bag-Group-Identifier", project.clone()));
    }
    for subject in &audit.subjects {
        lines.push(("External-Identifier", subject.name.clone()));
        lines.push(("External-Description", format!("{}, under {}", subject.title, subject.license)));
    }
    lines.extend(notes.iter().map(|note| ("Internal-Sender-Description", note.clone())));
    lines.iter().map(|(label, value)| format!("{label}: {}\n", Printable::cut(value, 2000))).collect()
}

/// RFC 8493 section 2.1.3: line feed, carriage return and the percent sign are encoded.
fn encoded(path: &str) -> String {
    path.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D")
}
