//! Entries of the built-in catalogue, with made-up files in place of the publishers'.

use std::collections::BTreeMap;

use medsets::values::{Algorithm, ByteSize, Digester};

use super::archives::{gzip, tar_of, zip_of};
use super::home::Home;

/// Bytes by name at the publisher.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The text of an entry as it is built in.
pub fn built_in(id: &str) -> String {
    Home::new().run(&["info", id, "--raw"]).expect(0).stdout
}

/// An entry of a made-up dataset that everybody may have, with what its one release says besides.
pub fn made_up(id: &str, release: &str) -> String {
    format!(
        r#"id = "{id}"
title = "Made up"
summary = "A set for tests."
homepage = "https://files.example.org/{id}"
maintainer = {{ name = "Somebody" }}
modality = ["xray"]
anatomy = ["chest"]
task = ["classification"]

[[claim]]
about = "files"
source = "made up"
read = 2026-11-23
confidence = "high"

[[release]]
version = "1"
date = "2026-01-01"
default = true
license = "CC0-1.0"

{release}"#
    )
}

/// What stands for a publisher's file: an archive of two members for the name of an archive,
/// a line of text for any other.
pub fn content(name: &str) -> Vec<u8> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let stem = file.split('.').next().unwrap_or(file);
    let (one, two) = (format!("{stem}/one.txt"), format!("{stem}/deeper/two.txt"));
    if file.ends_with(".zip") {
        zip_of(&[(&one, stem.as_bytes()), (&two, b"two"), ("__MACOSX/._junk", b"junk")])
    } else if file.ends_with(".tar.gz") {
        let member = tar::EntryType::Regular;
        gzip(&tar_of(&[(&one, member, "", stem.as_bytes()), (&two, member, "", b"two")]))
    } else {
        format!("made up for {name}\n").into_bytes()
    }
}

/// The entry with the sizes and digests of these files in place of the publisher's; figures of
/// other files go. Every other line stays as it is.
pub fn with_figures_of(entry: &str, files: &Files) -> String {
    let mut out = String::new();
    let mut file: Option<&Vec<u8>> = None;
    for line in entry.lines() {
        if line.starts_with("[[") {
            file = None;
        }
        if let Some(name) = line.strip_prefix("path = ") {
            file = files.get(name.trim_matches('"'));
        }
        match (line.split(" = ").next().unwrap_or_default(), file) {
            ("size", Some(bytes)) => out.push_str(&format!("size = {}", bytes.len())),
            (key, Some(bytes)) if algorithm(key).is_some() => {
                let mut digester = Digester::new(algorithm(key).unwrap(), Some(ByteSize(bytes.len() as u64)));
                digester.update(bytes);
                out.push_str(&format!("{key} = \"{}\"", digester.finish().hex()));
            }
            (key, _) if FIGURES.contains(&key) => continue,
            ("unpack", _) => out.push_str(&without_counts(line)),
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// The lines of an entry that say something else than figures of files.
pub fn beside_figures(entry: &str) -> Vec<String> {
    let is_figure = |line: &&str| line.split(" = ").next().is_some_and(|key| FIGURES.contains(&key));
    entry.lines().filter(|line| !is_figure(line)).map(without_counts).collect()
}

/// An `unpack` line without the number and bytes of the members.
fn without_counts(line: &str) -> String {
    let Some(inner) = line.strip_prefix("unpack = { ").and_then(|rest| rest.strip_suffix(" }")) else {
        return line.to_owned();
    };
    let is_count = |part: &&str| part.starts_with("members = ") || part.starts_with("unpacked-size = ");
    let kept: Vec<&str> = inner.split(", ").filter(|part| !is_count(part)).collect();
    format!("unpack = {{ {} }}", kept.join(", "))
}

fn algorithm(key: &str) -> Option<Algorithm> {
    Algorithm::ALL.into_iter().find(|one| one.label() == key)
}

const FIGURES: [&str; 8] = ["size", "size-about", "unpacked-about", "sha256", "sha1", "md5", "crc32c", "git-blob"];
