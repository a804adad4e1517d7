//! What kind of bytes these are, from their beginning alone.
//!
//! Names and content types lie; magic bytes rarely do. The commonest wrong kind in gated
//! medical data is a login page with status 200.

use std::fmt;

use crate::values::Printable;

/// How many bytes [`sniff`] wants to see: enough for the header of a tar.
pub const SNIFF_LENGTH: usize = 1024;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A zip archive, or the first part of one.
    Zip,
    /// gzip; what is inside is not known.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
    /// 7z.
    SevenZ,
    /// RAR, version 4 or 5.
    Rar,
    /// A tar archive.
    Tar,
    /// A web page.
    Html,
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// PDF.
    Pdf,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// DICOM part 10.
    Dicom,
    /// No bytes at all.
    Empty,
    /// Nothing but zeros, as far as was looked.
    Zeros,
    /// None of these.
    Unknown,
}

impl Kind {
    /// Whether it is an archive or a compressed file.
    pub fn is_packed(self) -> bool {
        matches!(
            self,
            Self::Zip | Self::Gzip | Self::Bzip2 | Self::Xz | Self::Zstd | Self::SevenZ | Self::Rar | Self::Tar
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Zip => "a zip archive",
            Self::Gzip => "a gzip file",
            Self::Bzip2 => "a bzip2 file",
            Self::Xz => "an xz file",
            Self::Zstd => "a Zstandard file",
            Self::SevenZ => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Tar => "a tar archive",
            Self::Html => "a web page",
            Self::Json => "a JSON document",
            Self::Xml => "an XML document",
            Self::Pdf => "a PDF document",
            Self::Png => "a PNG image",
            Self::Jpeg => "a JPEG image",
            Self::Dicom => "a DICOM file",
            Self::Empty => "an empty file",
            Self::Zeros => "nothing but zeros",
            Self::Unknown => "no kind of file that is known here",
        })
    }
}

/// Tells the kind of a file from its first bytes; [`SNIFF_LENGTH`] of them are enough.
pub fn sniff(bytes: &[u8]) -> Kind {
    const MAGIC: [(&[u8], Kind); 13] = [
        (b"PK\x03\x04", Kind::Zip),
        (b"PK\x05\x06", Kind::Zip),
        (b"PK\x07\x08", Kind::Zip),
        (b"PK00PK\x03\x04", Kind::Zip),
        (b"\x1f\x8b", Kind::Gzip),
        (b"\xfd7zXZ\0", Kind::Xz),
        (b"\x28\xb5\x2f\xfd", Kind::Zstd),
        (b"7z\xbc\xaf\x27\x1c", Kind::SevenZ),
        (b"Rar!\x1a\x07", Kind::Rar),
        (b"%PDF-", Kind::Pdf),
        (b"\x89PNG\r\n\x1a\n", Kind::Png),
        (b"\xff\xd8\xff", Kind::Jpeg),
        (b"BZh", Kind::Bzip2),
    ];
    if bytes.is_empty() {
        return Kind::Empty;
    }
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return if *kind == Kind::Bzip2 && !is_bzip2(bytes) { text_kind(bytes) } else { *kind };
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Kind::Zeros;
    }
    if bytes.get(128..132) == Some(b"DICM".as_slice()) {
        return Kind::Dicom;
    }
    if is_tar(bytes) { Kind::Tar } else { text_kind(bytes) }
}

/// The kind in words for a message, with the title where it is a web page.
pub fn describe(bytes: &[u8]) -> String {
    let kind = sniff(bytes);
    match page_title(bytes) {
        Some(title) if kind == Kind::Html => format!("{kind} (`{}`)", Printable::cut(&title, 80)),
        _ => kind.to_string(),
    }
}

/// Level digit and block or end magic after `BZh`, since that alone could begin a text.
fn is_bzip2(bytes: &[u8]) -> bool {
    let level = bytes.get(3).is_some_and(|level| (b'1'..=b'9').contains(level));
    let magic = bytes.get(4..10).is_none_or(|magic| magic == b"1AY&SY" || magic == b"\x17\x72\x45\x38\x50\x90");
    level && magic
}

/// Whether the bytes begin with a tar header whose checksum is right.
fn is_tar(bytes: &[u8]) -> bool {
    bytes.first_chunk::<512>().is_some_and(|block| {
        let field = block[148..156].iter().filter(|byte| !matches!(byte, 0 | b' '));
        let stated = field.clone().try_fold(0u32, |sum, digit| match digit {
            b'0'..=b'7' => Some((sum << 3) | u32::from(digit - b'0')),
            _ => None,
        });
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        let blanked: u32 = block[148..156].iter().map(|byte| u32::from(*byte)).sum();
        field.count() > 0 && stated == Some(sum - blanked + 8 * u32::from(b' '))
    })
}

/// The kinds that are text: told from the first tag or bracket.
fn text_kind(bytes: &[u8]) -> Kind {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head: Vec<u8> = bytes.iter().take(SNIFF_LENGTH).map(u8::to_ascii_lowercase).collect();
    let holds = |tag: &[u8]| head.windows(tag.len()).any(|window| window == tag);
    let page = [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<script", b"<title", b"<meta"];
    if page.iter().any(|tag| head.starts_with(tag)) {
        return Kind::Html;
    }
    if head.starts_with(b"<?xml") || head.starts_with(b"<!--") {
        return if holds(b"<html") { Kind::Html } else { Kind::Xml };
    }
    let opens = matches!(head.first(), Some(b'{' | b'['));
    let next = head.get(1..).unwrap_or_default().trim_ascii_start().first().copied();
    match next {
        Some(b'"' | b'{' | b'[' | b'}' | b']') if opens => Kind::Json,
        Some(b'0'..=b'9' | b'-' | b't' | b'f' | b'n') if head.starts_with(b"[") => Kind::Json,
        _ => Kind::Unknown,
    }
}

/// What stands between the title tags.
fn page_title(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_kinds_from_their_first_bytes() {
        #[track_caller]
        fn check(bytes: &[u8], kind: Kind) {
            assert_eq!(sniff(bytes), kind, "{:?}", String::from_utf8_lossy(bytes));
        }
        check(b"", Kind::Empty);
        check(&[0; 700], Kind::Zeros);
        check(b"PK\x03\x04", Kind::Zip);
        check(b"PK\x05\x06", Kind::Zip);
        check(b"\x1f\x8b\x08", Kind::Gzip);
        check(b"BZh91AY&SY", Kind::Bzip2);
        check(b"BZhang et al.", Kind::Unknown);
        check(b"7z\xbc\xaf\x27\x1c\0\x04", Kind::SevenZ);
        check(b"Rar!\x1a\x07\x01\0", Kind::Rar);
        check(b"\xef\xbb\xbf\n <!DOCTYPE HTML>", Kind::Html);
        check(b"<?xml version='1.0'?>\n<html xmlns='...'>", Kind::Html);
        check(b"<?xml version='1.0'?><svg/>", Kind::Xml);
        check(b"{\"error\": 403}", Kind::Json);
        check(b"[1, 2]", Kind::Json);
        check(b"[abstract] We", Kind::Unknown);
        check(b"id,age\n1,2\n", Kind::Unknown);
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        check(&dicom, Kind::Dicom);
    }

    #[test]
    fn names_the_page_that_came_instead() {
        let page = b"<html><head><TITLE>\n Sign\x1b in </TITLE>";
        assert_eq!(describe(page), "a web page (`Sign\\u{1b} in`)");
        assert_eq!(describe(b""), "an empty file");
    }
}
