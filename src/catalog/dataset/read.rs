//! From the tables of an entry to what the program works with, each finding with its place.

use std::collections::BTreeMap;

use crate::document::{At, Inspection};
use crate::values::{Algorithm, ByteSize, Digest, RelPath, SafeUrl};

use super::super::format::{self, FileTable, LocatorTable, UnpackTable};
use super::super::source::Source;
use super::{FileEntry, HostError, HostRule, Locator, Release, UnpackRules, Variant};

/// A release; `None` where something in it cannot be read, which is among the findings then.
pub(super) fn read_release(
    written: format::ReleaseEntry,
    inspection: &mut Inspection<'_>,
    at: &At<'_>,
) -> Option<Release> {
    if written.version.chars().any(char::is_control) {
        let at = at.key("version");
        inspection.error(&at, "version", "a version holds no control characters, such as a line break");
    }
    let mut sources = Vec::new();
    let list = at.key("source");
    for (index, table) in written.source.into_iter().enumerate() {
        sources.push(inspection.accept(
            &list.index(index),
            "source",
            Source::read(table).map_err(|error| error.message().to_owned()),
        ));
    }
    let mut files = Vec::new();
    let list = at.key("file");
    for (index, table) in written.file.into_iter().enumerate() {
        files.push(read_file(table, inspection, &list.index(index)));
    }
    let list = at.key("rule");
    let rules = written
        .rule
        .into_iter()
        .enumerate()
        .map(|(index, rule)| read_rule(rule, inspection, &list.index(index)))
        .collect();
    let list = at.key("host-error");
    let host_errors = written
        .host_error
        .into_iter()
        .enumerate()
        .map(|(index, error)| read_host_error(error, inspection, &list.index(index)))
        .collect();
    let mut variants = Vec::new();
    let list = at.key("variant");
    for (index, variant) in written.variant.into_iter().enumerate() {
        let at = list.index(index);
        variants.push(Variant {
            size_about: about(variant.size_about, inspection, &at.key("size-about")),
            unpacked_about: about(variant.unpacked_about, inspection, &at.key("unpacked-about")),
            name: variant.name,
            default: variant.default,
            title: variant.title,
            license: variant.license,
            counts: variant.counts,
            note: variant.note,
        });
    }
    Some(Release {
        size_about: about(written.size_about, inspection, &at.key("size-about")),
        unpacked_about: about(written.unpacked_about, inspection, &at.key("unpacked-about")),
        version: written.version,
        date: written.date,
        doi: written.doi,
        default: written.default,
        license: written.license,
        license_parts: written.license_parts,
        withdrawn: written.withdrawn,
        note: written.note,
        variants,
        sources: sources.into_iter().collect::<Option<_>>()?,
        files: files.into_iter().collect::<Option<_>>()?,
        rules,
        subsets: written.subset,
        host_errors,
    })
}

fn read_rule(table: format::RuleTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> HostRule {
    let into = read_into(table.into.as_deref(), inspection, &at.key("into"));
    HostRule {
        unpack: table.unpack.map(|unpack| read_unpack(unpack, &into, inspection, &at.key("unpack"))),
        pattern: table.pattern,
        variants: table.variant,
        group: table.group,
        into,
        license: table.license,
        role: table.role,
        skip: table.skip,
    }
}

fn read_host_error(table: format::HostErrorTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> HostError {
    let at = at.key("path");
    let paths = table.path.said().iter().filter_map(|path| inspection.accept(&at, "path", RelPath::parse(path)));
    HostError { paths: paths.collect(), variants: table.variant, channels: table.channel, reason: table.reason }
}

fn read_unpack(table: UnpackTable, beside: &RelPath, inspection: &mut Inspection<'_>, at: &At<'_>) -> Box<UnpackRules> {
    let inner = read_into(table.into.as_deref(), inspection, &at.key("into"));
    Box::new(UnpackRules { into: if table.into.is_some() { inner } else { beside.clone() }, table })
}

fn about(text: Option<String>, inspection: &mut Inspection<'_>, at: &At<'_>) -> Option<ByteSize> {
    inspection.accept(at, "size", text?.parse::<ByteSize>())
}

fn read_file(table: FileTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> Option<FileEntry> {
    let path = inspection.accept(&at.key("path"), "path", RelPath::parse(&table.path));
    let into = read_into(table.into.as_deref(), inspection, &at.key("into"));
    let written = [
        ("sha256", Algorithm::Sha256, table.sha256),
        ("git-blob", Algorithm::GitBlob, table.git_blob),
        ("sha1", Algorithm::Sha1, table.sha1),
        ("md5", Algorithm::Md5, table.md5),
        ("crc32c", Algorithm::Crc32c, table.crc32c),
    ];
    let mut digests = Vec::new();
    for (key, algorithm, hex) in written {
        if let Some(hex) = hex {
            digests.extend(inspection.accept(&at.key(key), "digest", Digest::from_hex(algorithm, &hex)));
        }
    }
    let mut places = BTreeMap::new();
    let list = at.key("at");
    for (channel, locator) in table.at {
        let locator = read_locator(locator, inspection, &list.key(&channel));
        places.insert(channel, locator);
    }
    let unpack = table.unpack.map(|unpack| read_unpack(*unpack, &into, inspection, &at.key("unpack")));
    Some(FileEntry {
        variants: table.variant,
        channels: table.channel,
        path: path?,
        group: table.group,
        size: table.size.map(ByteSize),
        size_about: about(table.size_about, inspection, &at.key("size-about")),
        digests,
        license: table.license,
        at: places,
        into,
        unpack,
        role: table.role,
        manual: table.manual,
        note: table.note,
    })
}

/// `data`, `docs` or a folder below one of them; `data` when absent.
fn read_into(text: Option<&str>, inspection: &mut Inspection<'_>, at: &At<'_>) -> RelPath {
    let data = || RelPath::parse("data").expect("it is a safe path");
    let Some(text) = text else { return data() };
    match inspection.accept(at, "into", RelPath::parse(text)) {
        Some(path) if matches!(path.names().next(), Some("data" | "docs")) => path,
        Some(path) => {
            inspection.error(at, "into", format!("`{path}` is neither `data` nor `docs` nor below one of them"));
            data()
        }
        None => data(),
    }
}

fn read_locator(table: LocatorTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> Locator {
    let mirrors = at.key("mirrors");
    Locator {
        url: table.url.and_then(|url| inspection.accept(&at.key("url"), "url", SafeUrl::parse(&url))),
        mirrors: table
            .mirrors
            .iter()
            .enumerate()
            .filter_map(|(index, url)| inspection.accept(&mirrors.index(index), "url", SafeUrl::parse(url)))
            .collect(),
        path: table.path.and_then(|path| inspection.accept(&at.key("path"), "path", RelPath::parse(&path))),
        static_link: table.static_link,
        file_id: table.file_id,
        entity: table.entity,
        key: table.key,
    }
}
