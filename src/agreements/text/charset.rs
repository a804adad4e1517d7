//! Which letters the bytes of an agreement are.
//!
//! In this order: a byte order mark, the charset of the `Content-Type` header, for pages a
//! `<meta>` within the first 1,024 bytes, UTF-8. Labels are those of the Encoding Standard.
//!
//! What is declared is decoded as declared, each malformed sequence becoming U+FFFD, which is
//! what every browser shows; the reader is then asked about the same text as the digest. Where
//! nothing is declared the bytes must be UTF-8: a charset is never guessed.

use encoding_rs::{Encoding, UTF_8};
use html5gum::{Token, Tokenizer};

use super::AgreementError;

/// The letters of a web page.
pub(super) fn decode_page(bytes: &[u8], content_type: Option<&str>) -> Result<String, AgreementError> {
    let label = content_type.and_then(charset_of).or_else(|| meta_charset(bytes));
    decode(bytes, label.as_deref())
}

/// The letters of a plain text.
pub(super) fn decode_plain(bytes: &[u8], content_type: Option<&str>) -> Result<String, AgreementError> {
    decode(bytes, content_type.and_then(charset_of).as_deref())
}

/// Whether bytes that nothing is known about are no text: a control character that no text
/// has, unless a mark says that it is UTF-16.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let control = |byte: &u8| matches!(byte, 0..=8 | 14..=26 | 28..=31);
    Encoding::for_bom(bytes).is_none() && bytes.iter().any(control)
}

fn decode(bytes: &[u8], label: Option<&str>) -> Result<String, AgreementError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    let Some(label) = label else {
        return String::from_utf8(bytes.to_vec()).map_err(|_| AgreementError::CharsetNotSaid);
    };
    let unknown = || AgreementError::CharsetUnknown { label: label.to_owned() };
    let encoding = Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(unknown)?;
    Ok(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// The `charset` parameter of a media type.
fn charset_of(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// What a `<meta>` near the start of a page says. One that says UTF-16 means UTF-8, since it
/// could not have been read otherwise (HTML standard, section 4.2.5.4).
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
    let label = Tokenizer::new(start.as_ref()).flatten().find_map(|token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == b"meta" => {
            let attribute =
                |name: &[u8]| tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
            attribute(b"charset").or_else(|| charset_of(&attribute(b"content")?))
        }
        _ => None,
    })?;
    let is_utf16 = label.to_ascii_lowercase().starts_with("utf-16");
    Some(if is_utf16 { UTF_8.name().to_owned() } else { label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_declared() {
        #[track_caller]
        fn check(bytes: &[u8], content_type: Option<&str>, expected: &str) {
            assert_eq!(decode_page(bytes, content_type).unwrap(), expected);
        }
        check(b"donn\xe9es", Some("text/html; charset=ISO-8859-1"), "données");
        check(b"donn\xe9es", Some("text/html; Charset=\"windows-1252\""), "données");
        check(b"<meta charset=latin1>\xe9", None, "<meta charset=latin1>é");
        check(
            b"<meta http-equiv=content-type content='text/html; charset=gbk'>\xb9\xfa",
            Some("text/html"),
            "<meta http-equiv=content-type content='text/html; charset=gbk'>国",
        );
        check(b"<meta charset=utf-16>x", None, "<meta charset=utf-16>x");
        check(b"\xff\xfea\0b\0", Some("text/html; charset=utf-8"), "ab"); // the mark wins
        check("é".as_bytes(), None, "é");
        check(b"a\xffb", Some("text/html; charset=utf-8"), "a\u{fffd}b"); // as browsers show it
    }

    #[test]
    fn never_guesses_a_charset() {
        assert!(matches!(decode_page(b"donn\xe9es", None), Err(AgreementError::CharsetNotSaid)));
        assert!(matches!(
            decode_plain(b"x", Some("text/plain; charset=klingon")),
            Err(AgreementError::CharsetUnknown { .. })
        ));
        // Decodes to nothing by the standard: refused rather than accepted as an empty text.
        assert!(decode_plain(b"x", Some("text/plain; charset=iso-2022-cn")).is_err());
    }
}
