//! Files: references, repeated names, and that each can be had.

use std::collections::BTreeSet;

use crate::catalog::file_terms::names as part_names;
use crate::catalog::source::GithubTake;
use crate::catalog::{Dataset, FileEntry, Host, HostError, Release, Source};
use crate::document::At;
use crate::values::Printable;

use super::leaf::FORMATS;
use super::notes::Notes;
use super::releases::{known_channels, known_names, known_variants};

/// Looks at the files and rules of every release.
pub(super) fn look(notes: &mut Notes<'_>, dataset: &Dataset) {
    let root = At::root();
    let list = root.key("release");
    for (index, release) in dataset.releases.iter().enumerate() {
        let at = list.index(index);
        let files = at.key("file");
        for (index, file) in release.files.iter().enumerate() {
            let at = files.index(index);
            known_variants(notes, release, file.variants.said(), &at.key("variant"));
            known_channels(notes, release, file.channels.said(), &at.key("channel"));
            let known: Vec<&str> = release.sources.iter().map(|source| source.channel.as_str()).collect();
            let places: Vec<String> = file.at.keys().cloned().collect();
            known_names(notes, &places, &known, &at.key("at"), "unknown-channel", "source with the channel");
            archive(notes, file, &at);
            if !file.manual {
                reach(notes, release, file, &at);
            }
        }
        repeated(notes, release, &files);
        let rules = at.key("rule");
        for (index, rule) in release.rules.iter().enumerate() {
            known_variants(notes, release, rule.variants.said(), &rules.index(index).key("variant"));
        }
        let errors = at.key("host-error");
        for (index, error) in release.host_errors.iter().enumerate() {
            host_error(notes, release, error, &errors.index(index));
        }
        parts(notes, release, &at.key("license-parts"));
        let listed = release.sources.iter().any(|source| source.lists);
        if !release.rules.is_empty() && !listed {
            let message = "no source of the release lists files, so that no rule is ever used";
            let help = "write the keys at the files, or `listing = \"host\"` at the source";
            notes.warning(&rules.index(0), "unused-rule", message, help);
        }
    }
}

/// A host can be wrong only about files that it lists.
fn host_error(notes: &mut Notes<'_>, release: &Release, error: &HostError, at: &At<'_>) {
    known_variants(notes, release, error.variants.said(), &at.key("variant"));
    known_channels(notes, release, error.channels.said(), &at.key("channel"));
    let lists = release.sources.iter().any(|source| source.lists && error.channels.has(&source.channel));
    if !lists {
        let message = "no source that it is about lists files, so that nothing is stated wrongly";
        let help = "name the channel of a source with `listing = \"host\"`";
        notes.warning(&at.key("path"), "unused-host-error", message, help);
    }
}

/// A part that no file is named after lies inside the files, or its name is misspelt.
fn parts(notes: &mut Notes<'_>, release: &Release, table: &At<'_>) {
    let of_files = release.files.iter().map(|file| (file.group.as_deref(), file.role));
    let of_rules = release.rules.iter().map(|rule| (rule.group.as_deref(), rule.role));
    let named: BTreeSet<&str> = of_files.chain(of_rules).flat_map(|(group, role)| part_names(group, role)).collect();
    for part in release.license_parts.keys().filter(|part| !named.contains(part.as_str())) {
        let message = format!("no file or rule of the release has the group or role `{}`", Printable::cut(part, 100));
        let help = "its terms are joined to those of every file; where files of their own are meant, name their group";
        notes.key_warning(&table.key(part), "inner-part", message, help);
    }
}

fn archive(notes: &mut Notes<'_>, file: &FileEntry, at: &At<'_>) {
    let Some(unpack) = &file.unpack else { return };
    let name = file.path.file_name().to_lowercase();
    let told = FORMATS.iter().any(|format| name.ends_with(&format!(".{format}"))) || name.ends_with(".tgz");
    if unpack.table.format.is_none() && !told {
        let message = format!("the name of `{}` does not tell its format", Printable::new(file.path.as_str()));
        let help = format!("write `format`: {}", FORMATS.join(", "));
        notes.error(&at.key("unpack"), "unpack", message, &help);
    }
}

/// Every source that should serve a file knows where it is, and a program can use at least one.
fn reach(notes: &mut Notes<'_>, release: &Release, file: &FileEntry, at: &At<'_>) {
    let path = Printable::new(file.path.as_str());
    let serving: Vec<&Source> = release.sources.iter().filter(|source| serves(source, release, file)).collect();
    for source in &serving {
        if let Some(help) = missing(source, file) {
            let message = format!("`{path}` cannot be reached by `{}`", Printable::new(&source.channel));
            notes.error(&at.key("path"), "unreachable", message, help);
        }
    }
    if !serving.is_empty() && serving.iter().all(|source| matches!(source.host, Host::Manual { .. })) {
        let message = format!("`{path}` is had by hand only");
        notes.error(&at.key("path"), "unreachable", message, "write `manual = true` at the file");
    }
    if serving.is_empty() {
        let message = format!("no source serves `{path}`");
        let help = "name a channel that serves its variant, or write `manual = true`";
        notes.error(&at.key("path"), "unreachable", message, help);
    }
}

/// Whether a source should have the file for any variant.
fn serves(source: &Source, release: &Release, file: &FileEntry) -> bool {
    let variants = release.variants.iter().map(|variant| variant.name.as_str());
    let shared = release.variants.is_empty()
        || variants.filter(|name| file.variants.has(name)).any(|name| source.serves(Some(name)));
    file.channels.has(&source.channel) && shared
}

/// What to write so that a source knows where the file is; `None` when it does.
fn missing(source: &Source, file: &FileEntry) -> Option<&'static str> {
    let at = file.at.get(&source.channel);
    if source.lists || at.is_some_and(|at| at.url.is_some()) {
        return None;
    }
    let has_id = at.is_some_and(|at| at.file_id.is_some());
    match &source.host {
        Host::Http { base: None, .. } => Some("write `base` at the source, or `at = { CHANNEL = { url = \"...\" } }`"),
        Host::Github { tag: None, take: GithubTake::Archive, .. } if file.unpack.is_none() && !is_archive(file) => {
            Some("an archive source gives one archive; write `take = \"raw\"` for single files")
        }
        Host::Box { .. } if !has_id && at.is_none_or(|at| at.static_link.is_none()) => {
            Some("write `static` or `file-id` in `at`")
        }
        Host::Googledrive { folder: None } if !has_id => Some("write `file-id` in `at`, or `folder` at the source"),
        Host::Synapse { entity: None, .. } if at.is_none_or(|at| at.entity.is_none()) => {
            Some("write `entity` in `at`, or at the source")
        }
        _ => None,
    }
}

fn is_archive(file: &FileEntry) -> bool {
    let name = file.path.file_name();
    [".tar.gz", ".tgz", ".zip"].iter().any(|ending| name.ends_with(ending))
}

/// No two files with one name for the same variant by the same source.
fn repeated(notes: &mut Notes<'_>, release: &Release, list: &At<'_>) {
    let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (index, file) in release.files.iter().enumerate() {
        let variants = release.variants.iter().map(|variant| variant.name.as_str());
        let mut variants: Vec<&str> = variants.filter(|name| file.variants.has(name)).collect();
        let channels = release.sources.iter().map(|source| source.channel.as_str());
        let mut channels: Vec<&str> = channels.filter(|name| file.channels.has(name)).collect();
        variants.extend(release.variants.is_empty().then_some(""));
        channels.extend(release.sources.is_empty().then_some(""));
        let path = file.path.as_str();
        let mut again = false;
        for variant in &variants {
            again |= channels.iter().any(|channel| !seen.insert((path, variant, channel)));
        }
        if again {
            let message = format!("`{}` is listed twice for one variant and source", Printable::new(path));
            let help = "name the variant or channel of each, or take one out";
            notes.error(&list.index(index).key("path"), "repeated-file", message, help);
        }
        if seen.len() > MOST_COMBINATIONS {
            return;
        }
    }
}

/// Enough for any real entry; a hostile one may name thousands of variants and sources.
const MOST_COMBINATIONS: usize = 1_000_000;
