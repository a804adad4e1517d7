//! The text of a lock. Written by hand, not through a serializer: the order of keys and one file
//! in each line are what makes it readable in a diff.

use std::fmt::Write as _;

use crate::catalog::Locator;
use crate::project::lock::{Lock, Locked, LockedFile, LockedFiles};
use crate::values::Digest;

use super::{CHECKED, HEADER, VERSION};

const HEAD: &str =
    "# Which bytes the datasets of medsets.toml are. Written by `medsets lock`: change medsets.toml, not this.\n";

/// The text, the same for the same lock.
pub fn write(lock: &Lock) -> String {
    let mut text = String::from(HEAD);
    line(&mut text, "version", &VERSION.to_string());
    line(&mut text, "input", &quoted(&lock.input.to_string()));
    for locked in &lock.datasets {
        let table = dataset(locked);
        text.push('\n');
        text.push_str(&table);
        line(&mut text, CHECKED, &quoted(&Digest::sha256(table.as_bytes()).to_string()));
    }
    text
}

/// The table of a dataset without the line that holds its digest.
fn dataset(locked: &Locked) -> String {
    let mut text = format!("{HEADER}\n");
    let text = &mut text;
    line(text, "id", &quoted(locked.id.as_str()));
    line(text, "version", &quoted(&locked.version));
    if let Some(variant) = &locked.variant {
        line(text, "variant", &quoted(variant));
    }
    if let Some(reference) = &locked.reference {
        line(text, "reference", &quoted(reference));
    }
    line(text, "source", &quoted(&locked.channel));
    for (key, values) in locked.choice.written().lists() {
        if !values.is_empty() {
            // The terms of the whole have the shorter name.
            line(text, if key == "license" { "only-license" } else { key }, &list(values));
        }
    }
    line(text, "input", &quoted(&locked.input.to_string()));
    line(text, "entry", &quoted(&locked.entry.to_string()));
    line(text, "license", &quoted(&locked.license));
    if !locked.texts.is_empty() {
        text.push_str("texts = [\n");
        for one in &locked.texts {
            let (license, sha256) = (quoted(&one.license), quoted(&one.sha256.hex()));
            let _ = writeln!(text, "    {{ license = {license}, sha256 = {sha256} }},");
        }
        text.push_str("]\n");
    }
    if !locked.accepted.is_empty() {
        text.push_str("accepted = [\n");
        for one in &locked.accepted {
            let (path, reason) = (quoted(one.path.as_str()), quoted(&one.reason));
            let _ = writeln!(text, "    {{ path = {path}, reason = {reason} }},");
        }
        text.push_str("]\n");
    }
    if let Some(tree) = &locked.tree {
        line(text, "tree", &quoted(&tree.to_string()));
    }
    line(text, "bytes", &locked.bytes.0.to_string());
    if !locked.is_located {
        line(text, "located", "false");
    }
    match &locked.files {
        LockedFiles::Beside(pin) => {
            let unpinned = if pin.unpinned > 0 { format!(", unpinned = {}", pin.unpinned) } else { String::new() };
            let sha256 = quoted(&pin.sha256.hex());
            line(text, "listing", &format!("{{ files = {}, sha256 = {sha256}{unpinned} }}", pin.files));
        }
        LockedFiles::Within(files) => {
            text.push_str("files = [\n");
            for one in files {
                let _ = writeln!(text, "    {},", file(one));
            }
            text.push_str("]\n");
        }
    }
    std::mem::take(text)
}

fn file(file: &LockedFile) -> String {
    let mut pairs = vec![("path", quoted(file.path.as_str()))];
    if let Some(size) = file.size {
        pairs.push(("size", size.0.to_string()));
    }
    match file.sha256() {
        Some(sha256) => pairs.push(("sha256", quoted(&sha256.hex()))),
        None => pairs.extend(file.digests.iter().map(|digest| (digest.algorithm().label(), quoted(&digest.hex())))),
    }
    pairs.push(("from", quoted(file.from.as_str())));
    if let Some(at) = file.at.as_deref() {
        let Locator { url, path, file_id, entity, key, .. } = at;
        let places = [
            ("url", url.as_ref().map(ToString::to_string)),
            ("at", path.as_ref().map(ToString::to_string)),
            ("file-id", file_id.clone()),
            ("entity", entity.clone()),
            ("key", key.clone()),
        ];
        pairs.extend(places.into_iter().filter_map(|(key, value)| Some((key, quoted(&value?)))));
    }
    for (key, value) in [("license", &file.license), ("notice", &file.notice)] {
        pairs.extend(value.as_ref().map(|value| (key, quoted(value))));
    }
    pairs.extend(file.members.map(|members| ("members", members.to_string())));
    if let Some(part) = &file.part {
        pairs.push(("only", list(&part.globs)));
        pairs.extend(part.directory.map(|directory| ("directory", quoted(&directory.hex()))));
    }
    let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn list(values: &[String]) -> String {
    let all: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", all.join(", "))
}

fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {value}");
}

/// A basic string of TOML 1.0: one line, whatever is in it.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
