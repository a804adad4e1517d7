//! Raw names to text, and text to paths.

use std::borrow::Cow;

use encoding_rs::Encoding;
use unicode_normalization::UnicodeNormalization as _;

use crate::values::RelPath;

use super::error::Fault;

/// How names that are not UTF-8 are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Charset {
    /// The character set of the first IBM PC, which zip assumes (APPNOTE appendix D).
    Cp437,
    /// What the entry says.
    Other(&'static Encoding),
}

impl Charset {
    /// Takes the entry's word for it.
    pub(super) fn named(label: Option<&str>) -> Result<Self, Fault> {
        match label {
            None => Ok(Self::Cp437),
            Some(label) if label.eq_ignore_ascii_case("cp437") || label.eq_ignore_ascii_case("ibm437") => {
                Ok(Self::Cp437)
            }
            Some(label) => Encoding::for_label(label.as_bytes())
                .map(Self::Other)
                .ok_or_else(|| Fault::unsupported(None, format!("the name encoding `{label}`"))),
        }
    }
}

/// A member's name as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Decoded.
    pub(super) text: String,
    /// As it stands in the archive, where that is not UTF-8.
    pub(super) raw: Option<Vec<u8>>,
}

impl Name {
    /// UTF-8 where it is, else by the character set. `declared`: the archive says it is UTF-8.
    pub(super) fn decode(raw: &[u8], declared: bool, charset: Charset) -> Result<Self, Fault> {
        if let Ok(text) = std::str::from_utf8(raw) {
            return Ok(Self { text: text.to_owned(), raw: None });
        }
        let lossy = String::from_utf8_lossy(raw);
        if declared {
            return Err(Fault::refused_member(&lossy, "its name is declared to be UTF-8 and is not"));
        }
        let text = match charset {
            Charset::Cp437 => raw.iter().map(|byte| cp437(*byte)).collect(),
            Charset::Other(encoding) => match encoding.decode_without_bom_handling_and_without_replacement(raw) {
                Some(text) => text.into_owned(),
                None => {
                    let rule = format!("its name is neither UTF-8 nor {}", encoding.name());
                    return Err(Fault::refused_member(&lossy, rule));
                }
            },
        };
        Ok(Self { text, raw: Some(raw.to_vec()) })
    }
}

/// One byte of code page 437; control characters stay what they are and are refused later.
fn cp437(byte: u8) -> char {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    match byte {
        0..=0x7f => char::from(byte),
        _ => UPPER.chars().nth(usize::from(byte) - 0x80).unwrap_or('\u{fffd}'),
    }
}

/// A name as a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The archive's own root (`./`), which is nothing to make.
    Root,
    /// A path; whether the name ends in a slash as folders' names do.
    At(RelPath, bool),
}

impl Place {
    /// Drops what is usual and means nothing (`./` in front, `/` behind); what else is unusual
    /// is refused.
    pub(super) fn of(text: &str) -> Result<Self, Fault> {
        let mut rest = text;
        while let Some(shorter) = rest.strip_prefix("./") {
            rest = shorter;
        }
        let folder = text.ends_with('/');
        let bare = rest.strip_suffix('/').unwrap_or(rest);
        if (bare.is_empty() && rest.len() < text.len()) || bare == "." {
            return Ok(Self::Root);
        }
        match RelPath::parse(bare) {
            Ok(path) => Ok(Self::At(path, folder)),
            Err(unsafe_path) => Err(Fault::refused_member(text, format!("its name is not safe, {}", unsafe_path.rule))),
        }
    }
}

/// The form in which names that some file system takes for the same are the same: decomposed,
/// without case, composed again.
pub fn folded(path: &str) -> Cow<'_, str> {
    if path.is_ascii() {
        if !path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Borrowed(path);
        }
        return Cow::Owned(path.to_ascii_lowercase());
    }
    // Upper before lower, so that letters with several small forms meet (`ſ`, `ς`, `ß`).
    let caseless = path.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    Cow::Owned(caseless.nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_utf8_or_what_the_entry_says() {
        let cp437 = Name::decode(b"M\x81ller\xe1", false, Charset::Cp437).unwrap();
        assert_eq!(cp437.text, "Müllerß");
        assert_eq!(cp437.raw.as_deref(), Some(&b"M\x81ller\xe1"[..]));
        let japanese = Charset::named(Some("shift_jis")).unwrap();
        assert_eq!(Name::decode(b"\x94x.png", false, japanese).unwrap().text, "肺.png");
        assert_eq!(Name::decode("肺".as_bytes(), false, japanese).unwrap().raw, None);
        assert!(Name::decode(b"\xc0\xae", true, Charset::Cp437).is_err(), "overlong UTF-8");
        assert!(Charset::named(Some("klingon")).is_err());
    }

    #[test]
    fn the_code_page_is_whole() {
        assert_eq!(cp437(0x80), 'Ç');
        assert_eq!(cp437(0xe1), 'ß');
        assert_eq!(cp437(0xff), '\u{a0}');
        assert!((0x80..=0xff).all(|byte| cp437(byte) != '\u{fffd}'));
    }

    #[test]
    fn usual_slashes_mean_nothing() {
        let at = |text: &str, folder| Place::At(RelPath::parse(text).unwrap(), folder);
        assert_eq!(Place::of("./a/b").unwrap(), at("a/b", false));
        assert_eq!(Place::of("a/").unwrap(), at("a", true));
        assert_eq!(Place::of("./").unwrap(), Place::Root);
        assert_eq!(Place::of(".").unwrap(), Place::Root);
        for bad in ["", "/", "a//", "../a", ".//a", "a/./b", "/a"] {
            assert!(Place::of(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn folding_meets_case_and_composition() {
        assert_eq!(folded("Data/É"), folded("data/e\u{301}"));
        assert_eq!(folded("straße"), folded("STRASSE"));
        assert_ne!(folded("a"), folded("b"));
    }
}
