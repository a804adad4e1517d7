//! Single values: addresses, dates, numbers, globs, licence expressions.

use std::str::FromStr as _;

use jiff::civil::Date;
use toml::value::Datetime;

use crate::document::At;
use crate::licenses::{Expression, Shelf};
use crate::values::printable::is_harmful;
use crate::values::{Printable, RelPath, SafeUrl};

use super::notes::Notes;

/// Looks at a text by where it stands.
pub(super) fn text(notes: &mut Notes<'_>, at: &At<'_>, trail: &str, text: &str, shelf: &Shelf) {
    let (table, key) = trail.rsplit_once('.').unwrap_or(("", trail));
    if text.chars().any(|letter| letter != '\n' && is_harmful(letter)) {
        notes.error(
            at,
            "hidden-character",
            format!("`{}` holds a character that is not shown", Printable::new(key)),
            "take it out",
        );
    }
    match (table, key) {
        ("terms" | "extra" | "terms.*" | "extra.*" | "counts", _) => {}
        (_, "url" | "homepage" | "page" | "base" | "mirrors") => address(notes, at, key, text),
        ("maintainer", "contact") if text.contains("://") => address(notes, at, key, text),
        ("requires", "license") | ("", "companion" | "items") => known_license(notes, at, text, shelf),
        (_, "license") | ("release.license-parts", _) => expression(notes, at, text, shelf),
        ("release.source", "s3-mirror") => address(notes, at, "base", text),
        ("release.source", "record-lists") => path(notes, at, key, text),
        ("release.source", "commit" | "tree") => hexadecimal(notes, at, key, text),
        ("release", "date") => release_date(notes, at, text),
        ("layout", _) | ("release.rule", "match") | ("release.subset", "include" | "exclude" | "members") => {
            glob(notes, at, text)
        }
        ("release.file.unpack.under" | "release.rule.unpack.under", "match") => glob(notes, at, text),
        ("release.file.unpack" | "release.rule.unpack", _) => unpack(notes, at, key, text),
        ("release.file.unpack.under" | "release.rule.unpack.under", "to") => path(notes, at, key, text),
        ("release.rule", "into") => into(notes, at, text),
        ("release" | "citation" | "citation.also", "doi") => doi(notes, at, text),
        ("requires", "valid-for") => days(notes, at, text),
        ("", "modality") if !MODALITIES.contains(&text) => {
            let message = format!("there is no modality `{}`", Printable::new(text));
            notes.error(at, "modality", message, &format!("the words are {}", MODALITIES.join(", ")));
        }
        _ => {}
    }
}

/// Looks at a number: nothing that is counted is 0 or less.
pub(super) fn number(notes: &mut Notes<'_>, at: &At<'_>, trail: &str, digits: &str) {
    let counted = trail == "counts.*" || trail == "release.variant.counts.*";
    let positive = digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) && !digits.starts_with('-');
    if counted && !positive {
        notes.error(at, "count", "a count is not positive", "leave the key out where nothing is counted");
    }
}

/// Looks at a date: a day, not in the future. Every date in these files says when something
/// was read.
pub(super) fn date(notes: &mut Notes<'_>, at: &At<'_>, date: &Datetime, today: Date) {
    let Some(day) = date.date.filter(|_| date.time.is_none() && date.offset.is_none()) else {
        notes.error(at, "date-form", format!("`{date}` is no plain day"), "write the day alone, such as 2026-11-23");
        return;
    };
    let read = Date::new(i16::try_from(day.year).unwrap_or(i16::MAX), day.month as i8, day.day as i8);
    if read.map_or(true, |read| read > today) {
        let message = format!("`{day}` is after today, {today}");
        notes.error(at, "future-date", message, "write the day on which the source was read");
    }
}

/// Looks at an address: it must be safe to show, to share and to fetch.
pub(super) fn address(notes: &mut Notes<'_>, at: &At<'_>, key: &str, text: &str) {
    let url = match SafeUrl::parse(text) {
        Ok(url) => url,
        Err(error) => return notes.error(at, "url", error.to_string(), "write a whole https address"),
    };
    if !url.expose().username().is_empty() || url.expose().password().is_some() {
        let help = "take everything before the `@` out; credentials are given with `medsets login`";
        notes.error(at, "url-user", format!("`{url}` carries a user name"), help);
    }
    let signed = url.expose().query_pairs().find(|(name, _)| is_signature(name)).map(|(name, _)| name.into_owned());
    if let Some(name) = signed {
        let message = format!("`{url}` is a personal link: it carries `{}`", Printable::new(&name));
        notes.error(
            at,
            "url-signature",
            message,
            "personal links are never listed; name the page where one is asked for",
        );
    }
    if !url.is_https() {
        notes.warning(at, "url-http", format!("`{url}` is not protected"), "write https where the host offers it");
    }
    if key == "base" && !url.expose().path().ends_with('/') {
        notes.error(at, "base-form", format!("`{url}` does not end in `/`"), "a base is a prefix; end it with `/`");
    }
}

fn is_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let prefixed = ["x-amz-", "x-goog-"].iter().any(|prefix| name.starts_with(prefix));
    prefixed || ["sig", "se", "token", "signature", "access_token", "awsaccesskeyid"].contains(&name.as_str())
}

fn known_license(notes: &mut Notes<'_>, at: &At<'_>, id: &str, shelf: &Shelf) {
    // One that breaks the format is told at its own file.
    if shelf.get(id).is_none() && shelf.broken(id).is_none() {
        let message = format!("there is no licence `{}`", Printable::new(id));
        notes.error(at, "unknown-license", message, &nearest(id, shelf));
    }
}

fn expression(notes: &mut Notes<'_>, at: &At<'_>, text: &str, shelf: &Shelf) {
    match Expression::parse(text) {
        Ok(parsed) => parsed.ids().into_iter().for_each(|id| known_license(notes, at, id, shelf)),
        Err(error) => {
            let help = "write ids joined by AND or OR, or NOASSERTION where no terms are known";
            notes.error(at, "license-expression", error.to_string(), help);
        }
    }
}

fn nearest(id: &str, shelf: &Shelf) -> String {
    let near = |one: &str| strsim::jaro_winkler(&one.to_lowercase(), &id.to_lowercase());
    let best = shelf.iter().map(|license| license.id.as_str()).max_by(|one, other| near(one).total_cmp(&near(other)));
    match best.filter(|best| id.len() <= 200 && near(best) > 0.8) {
        Some(best) => format!("did you mean `{best}`?"),
        None => "write a file for it in `licenses/` first".to_owned(),
    }
}

fn hexadecimal(notes: &mut Notes<'_>, at: &At<'_>, key: &str, text: &str) {
    if text.len() != 40 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let message = format!("`{}` is no git id", Printable::cut(text, 80));
        notes.error(at, "git-id", message, &format!("`{key}` takes 40 lower-case hexadecimal digits, never a branch"));
    }
}

fn release_date(notes: &mut Notes<'_>, at: &At<'_>, text: &str) {
    let full = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let digits = full.len() == 10 && full.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if !digits || Date::from_str(&full).is_err() {
        let message = format!("`{}` is no date", Printable::cut(text, 80));
        notes.error(at, "date-form", message, "write YYYY, YYYY-MM or YYYY-MM-DD");
    }
}

fn glob(notes: &mut Notes<'_>, at: &At<'_>, text: &str) {
    if let Err(error) = globset::GlobBuilder::new(text).literal_separator(true).build() {
        let message = format!("`{}` is no glob: {}", Printable::cut(text, 200), error.kind());
        notes.error(at, "glob", message, "`*` stays inside a folder, `**` goes through folders");
    }
}

fn unpack(notes: &mut Notes<'_>, at: &At<'_>, key: &str, text: &str) {
    let (known, help) = match key {
        "skip" | "only" | "nested" => return glob(notes, at, text),
        "parts" => return path(notes, at, key, text),
        "into" => return into(notes, at, text),
        "format" => (FORMATS.contains(&text), format!("the formats are {}", FORMATS.join(", "))),
        "strip" => (matches!(text, "none" | "auto"), "write \"none\", \"auto\" or a number of levels".to_owned()),
        "encoding" => {
            let known = text == "cp437" || encoding_rs::Encoding::for_label(text.as_bytes()).is_some();
            (known, "write \"cp437\" or a label of the Encoding Standard, such as \"gbk\"".to_owned())
        }
        _ => return,
    };
    if !known {
        let message = format!("`{key}` does not know `{}`", Printable::cut(text, 80));
        notes.error(at, "unpack", message, &help);
    }
}

fn path(notes: &mut Notes<'_>, at: &At<'_>, key: &str, text: &str) {
    if let Err(error) = RelPath::parse(text) {
        notes.error(at, "path", error.to_string(), &format!("`{key}` is a relative path with `/`"));
    }
}

/// Rules are not read before files are listed, so that their folders are looked at here.
fn into(notes: &mut Notes<'_>, at: &At<'_>, text: &str) {
    let inside = RelPath::parse(text).is_ok_and(|path| matches!(path.names().next(), Some("data" | "docs")));
    if !inside {
        let message = format!("`{}` is neither `data` nor `docs` nor below one of them", Printable::cut(text, 200));
        notes.error(at, "into", message, "write \"data\", \"docs\" or a folder below");
    }
}

fn doi(notes: &mut Notes<'_>, at: &At<'_>, text: &str) {
    let plain = text.starts_with("10.") && text.contains('/') && !text.contains(char::is_whitespace);
    if !plain {
        let message = format!("`{}` is no DOI", Printable::cut(text, 200));
        notes.error(at, "doi-form", message, "write the DOI without an address, such as 10.13026/4jqj-jw95");
    }
}

fn days(notes: &mut Notes<'_>, at: &At<'_>, text: &str) {
    let number = text.strip_suffix(" days").and_then(|number| number.parse::<u32>().ok());
    if number.is_none_or(|number| number == 0) {
        let message = format!("`{}` is no number of days", Printable::cut(text, 80));
        notes.error(at, "valid-for", message, "write the days, such as \"1095 days\"");
    }
}

/// Kinds of archive that can be unpacked.
pub(super) const FORMATS: [&str; 8] = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "7z", "gz"];

const MODALITIES: [&str; 14] = [
    "xray",
    "ct",
    "mri",
    "pet",
    "ultrasound",
    "fundus",
    "dermoscopy",
    "photo",
    "pathology",
    "text",
    "audio",
    "ecg",
    "table",
    "multimodal",
];
