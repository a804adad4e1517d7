//! Releases, variants and sources: names, defaults, references.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::selection::slug;
use crate::catalog::{Dataset, Host, Release};
use crate::document::At;
use crate::values::Printable;

use super::notes::Notes;

/// Looks at the releases.
pub(super) fn look(notes: &mut Notes<'_>, dataset: &Dataset) {
    let root = At::root();
    let list = root.key("release");
    let (mut versions, mut folders) = (BTreeSet::new(), BTreeMap::new());
    for (index, release) in dataset.releases.iter().enumerate() {
        let at = list.index(index);
        if !versions.insert(release.version.as_str()) {
            let message = format!("there are two releases `{}`", Printable::new(&release.version));
            notes.error(&at.key("version"), "repeated-version", message, "each release has a version of its own");
        }
        name_form(notes, &at.key("version"), &release.version);
        if release.default && release.withdrawn {
            let message = "a release that is no longer served cannot be the default";
            notes.error(&at.key("default"), "default-withdrawn", message, "mark another release as the default");
        }
        folders_apart(notes, release, &at, &mut folders);
        variants(notes, release, &at);
        sources(notes, dataset, release, &at);
        subsets(notes, release, &at);
    }
    let marked: Vec<usize> = (0..dataset.releases.len()).filter(|&index| dataset.releases[index].default).collect();
    match marked[..] {
        [] if dataset.releases.len() > 1 => {
            let help = "write `default = true` in the release that is meant when none is named";
            notes.key_error(&list.index(0), "default-release", "none of the releases is the default", help);
        }
        [_, second, ..] => {
            let help = "keep `default = true` in one release only";
            notes.key_error(
                &list.index(second).key("default"),
                "default-release",
                "two releases are the default",
                help,
            );
        }
        _ => {}
    }
}

/// No two releases or variants have one folder.
fn folders_apart<'d>(
    notes: &mut Notes<'_>,
    release: &'d Release,
    at: &At<'_>,
    folders: &mut BTreeMap<String, (&'d str, Option<&'d str>)>,
) {
    let variants = release.variants.iter().map(|variant| Some(variant.name.as_str()));
    let alone = release.variants.is_empty().then_some(None);
    for variant in variants.chain(alone) {
        let folder = slug(&release.version, variant);
        let own = (release.version.as_str(), variant);
        let earlier = *folders.entry(folder.clone()).or_insert(own);
        if earlier != own {
            let variant = earlier.1.map_or(String::new(), |name| format!(", variant `{}`,", Printable::new(name)));
            let earlier = Printable::new(earlier.0);
            let message = format!("the folder `{folder}` is that of the release `{earlier}`{variant} too");
            notes.error(&at.key("version"), "shared-folder", message, "name them so that letters or digits differ");
        }
    }
}

fn variants(notes: &mut Notes<'_>, release: &Release, at: &At<'_>) {
    let list = at.key("variant");
    let mut names = BTreeSet::new();
    let mut defaults = 0;
    for (index, variant) in release.variants.iter().enumerate() {
        let at = list.index(index);
        if !names.insert(variant.name.as_str()) {
            let message = format!("there are two variants `{}`", Printable::new(&variant.name));
            notes.error(&at.key("name"), "repeated-variant", message, "each variant has a name of its own");
        }
        name_form(notes, &at.key("name"), &variant.name);
        defaults += usize::from(variant.default);
        if variant.default && defaults == 2 {
            let help = "keep `default = true` in one variant only";
            notes.error(&at.key("default"), "default-variant", "two variants are the default", help);
        }
    }
    if release.variants.len() > 1 && defaults == 0 {
        let help = "write `default = true` in the variant that is meant when none is named";
        notes.error(&list.index(0), "default-variant", "none of the variants is the default", help);
    }
}

fn sources(notes: &mut Notes<'_>, dataset: &Dataset, release: &Release, at: &At<'_>) {
    let list = at.key("source");
    let mut channels = BTreeSet::new();
    for (index, source) in release.sources.iter().enumerate() {
        let at = list.index(index);
        if !channels.insert(source.channel.as_str()) {
            let message = format!("there are two sources `{}`", Printable::new(&source.channel));
            notes.error(
                &at.key("channel"),
                "repeated-channel",
                message,
                "each source of a release has a channel of its own",
            );
        }
        name_form(notes, &at.key("channel"), &source.channel);
        known_variants(notes, release, &source.variants, &at.key("variants"));
        let twofold = match &source.host {
            Host::Github { commit: None, tag: None, .. } => Some(("commit", "a repository without `commit` or `tag`")),
            Host::Kaggle { competition: None, dataset: None, .. } => {
                Some(("competition", "a Kaggle source without `competition` or `dataset`"))
            }
            _ => None,
        };
        if let Some((key, message)) = twofold {
            let help = format!("write `{key}`: without it the bytes are not named");
            notes.key_error(&at, "source-target", message, &help);
        }
    }
    let fetched = dataset.entry.distribution.is_none() && !release.withdrawn;
    if fetched && release.sources.is_empty() {
        let help = "add [[release.source]], or say `withdrawn = true`, or a `distribution` for the whole entry";
        notes.key_error(at, "no-source", format!("`{}` has no source", Printable::new(&release.version)), help);
    }
    let served = |name: &str| release.sources.iter().any(|source| source.serves(Some(name)));
    let list = at.key("variant");
    for (index, variant) in release.variants.iter().enumerate() {
        if fetched && !release.sources.is_empty() && !served(&variant.name) {
            let message = format!("no source serves the variant `{}`", Printable::new(&variant.name));
            let help = "name it in a source's `variants`, or leave the variant out";
            notes.error(&list.index(index).key("name"), "no-source", message, help);
        }
    }
}

fn subsets(notes: &mut Notes<'_>, release: &Release, at: &At<'_>) {
    let list = at.key("subset");
    let mut names = BTreeSet::new();
    for (index, subset) in release.subsets.iter().enumerate() {
        let at = list.index(index);
        if !names.insert(subset.name.to_lowercase()) {
            let message = format!("there are two subsets `{}`", Printable::new(&subset.name));
            notes.error(&at.key("name"), "repeated-subset", message, "each subset has a name of its own");
        }
        name_form(notes, &at.key("name"), &subset.name);
        known_variants(notes, release, subset.variant.said(), &at.key("variant"));
        // What a host lists is known to the host alone.
        if release.sources.iter().any(|source| source.lists) {
            continue;
        }
        for (key, patterns) in [("include", &subset.include), ("exclude", &subset.exclude)] {
            for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| is_idle(pattern, release)) {
                let message = format!("`{}` matches no file and no group of the release", Printable::cut(pattern, 200));
                let help = "write globs that match paths or groups of `[[release.file]]`";
                notes.error(&at.key(key).index(index), "idle-glob", message, help);
            }
        }
    }
}

/// Whether a glob matches nothing of what is named. One that is no glob is told elsewhere.
fn is_idle(pattern: &str, release: &Release) -> bool {
    let Ok(glob) = globset::GlobBuilder::new(pattern).literal_separator(true).build() else { return false };
    let glob = glob.compile_matcher();
    let names = release.files.iter().flat_map(|file| [file.path.as_str(), file.group.as_deref().unwrap_or_default()]);
    !names.into_iter().any(|name| glob.is_match(name))
}

/// Users type `ID@VERSION:VARIANT`.
fn name_form(notes: &mut Notes<'_>, at: &At<'_>, name: &str) {
    if name.contains([':', '@', '/', '\\']) || name.trim() != name {
        let message = format!("`{}` cannot be typed as a name", Printable::cut(name, 100));
        notes.error(at, "name-form", message, "leave out `:`, `@`, `/`, `\\` and blanks around it");
    }
}

/// The names of variants in a list exist.
pub(super) fn known_variants(notes: &mut Notes<'_>, release: &Release, names: &[String], at: &At<'_>) {
    let known: Vec<&str> = release.variants.iter().map(|variant| variant.name.as_str()).collect();
    known_names(notes, names, &known, at, "unknown-variant", "variant");
}

/// The names of channels in a list exist.
pub(super) fn known_channels(notes: &mut Notes<'_>, release: &Release, names: &[String], at: &At<'_>) {
    let known: Vec<&str> = release.sources.iter().map(|source| source.channel.as_str()).collect();
    known_names(notes, names, &known, at, "unknown-channel", "source with the channel");
}

/// Each name is one of those there are.
pub(super) fn known_names(
    notes: &mut Notes<'_>,
    names: &[String],
    known: &[&str],
    at: &At<'_>,
    code: &'static str,
    kind: &str,
) {
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("there is no {kind} `{}`", Printable::cut(name, 100));
        let shown: Vec<String> = known.iter().map(|name| format!("`{}`", Printable::cut(name, 100))).collect();
        let help =
            if known.is_empty() { "there are none".to_owned() } else { format!("there is {}", shown.join(", ")) };
        notes.error(at, code, message, &help);
    }
}
