//! The descriptive part: id, aliases, distribution, claims, citation, relations.

use std::collections::BTreeSet;

use crate::catalog::{Dataset, DistributionKind, Related, declared};
use crate::document::At;
use crate::values::Printable;

use super::notes::Notes;

/// Looks at everything above the releases, and at what stands below them.
pub(super) fn look(notes: &mut Notes<'_>, dataset: &Dataset, known_ids: &BTreeSet<String>) {
    let root = At::root();
    let stem = notes.document().stem();
    if dataset.id.as_str() != stem {
        let message = format!("the id is `{}`, the file `{}.toml`", dataset.id, Printable::new(stem));
        notes.error(&root.key("id"), "id-mismatch", message, "name the file after the id");
    }
    if let Err(error) = declared::check(stem, &dataset.text) {
        let help = format!("write `entry-sha256 = \"{}\"`, or take the line out", error.found);
        notes.error(&root.key("entry-sha256"), "entry-digest", "it is not the digest of this entry", &help);
    }
    aliases(notes, dataset, known_ids);
    distribution(notes, dataset);
    claims(notes, dataset);
    related(notes, dataset, known_ids);
    if dataset.entry.citation.is_none() {
        let help = "add [citation] with key, type, authors and title";
        notes.key_warning(&root.key("id"), "missing-citation", "the entry does not say how to cite it", help);
    }
}

fn aliases(notes: &mut Notes<'_>, dataset: &Dataset, known_ids: &BTreeSet<String>) {
    let root = At::root();
    let list = root.key("aliases");
    let mut seen = BTreeSet::new();
    for (index, alias) in dataset.entry.aliases.iter().enumerate() {
        let at = list.index(index);
        let shown = Printable::cut(alias, 100);
        if alias.trim() != alias || alias.starts_with('@') || alias.contains("://") || alias.contains('\n') {
            let help = "an alias is a name: no blanks around it, no `@` in front, no address";
            notes.error(&at, "alias-form", format!("`{shown}` cannot be a name"), help);
        }
        let lower = alias.to_lowercase();
        if lower != dataset.id.as_str() && known_ids.contains(&lower) {
            notes.error(&at, "alias-taken", format!("`{shown}` is the id of another entry"), "take the alias out");
        }
        if !seen.insert(lower) {
            notes.warning(&at, "repeated-alias", format!("`{shown}` stands here twice"), "take one of them out");
        }
    }
}

fn distribution(notes: &mut Notes<'_>, dataset: &Dataset) {
    let root = At::root();
    let Some(distribution) = &dataset.entry.distribution else { return };
    let at = root.key("distribution");
    if distribution.reason.is_none() {
        notes.error(
            &at,
            "missing-reason",
            "the distribution has no reason",
            "say in `reason` why no program may fetch it",
        );
    }
    if distribution.kind == DistributionKind::None {
        let list = root.key("release");
        for (index, release) in dataset.releases.iter().enumerate() {
            let release_at = list.index(index);
            if !release.sources.is_empty() || !release.files.is_empty() {
                let key = if release.sources.is_empty() { "file" } else { "source" };
                let message = format!("nothing is distributed, yet the release has a {key}");
                let help = "take sources and files out, or say `kind = \"by-hand\"`";
                notes.key_error(&release_at.key(key), "not-distributed", message, help);
            }
        }
    }
}

/// At least one claim about each thing a reader relies on.
fn claims(notes: &mut Notes<'_>, dataset: &Dataset) {
    let entry = &dataset.entry;
    let about = |words: &[&str]| {
        entry.claim.iter().any(|claim| {
            let subject = claim.about.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
            words.contains(&subject)
        })
    };
    let mut wanted: Vec<&[&str]> = vec![&["licence", "license"], &["files"], &["access"]];
    if !entry.counts.is_empty() {
        wanted.insert(0, &["counts"]);
    }
    for words in wanted {
        if !about(words) {
            let message = format!("no claim is about `{}`", words[0]);
            let help = format!("add [[claim]] with about = \"{}\" and what was read, \"unknown\" included", words[0]);
            notes.key_error(&At::root().key("claim"), "missing-claim", message, &help);
        }
    }
}

fn related(notes: &mut Notes<'_>, dataset: &Dataset, known_ids: &BTreeSet<String>) {
    let related = &dataset.entry.related;
    let root = At::root();
    let table = root.key("related");
    let lists: [(&str, &[Related]); 3] =
        [("derived-from", &related.derived_from), ("overlaps", &related.overlaps), ("see-also", &related.see_also)];
    for (key, others) in lists {
        let list = table.key(key);
        for (index, other) in others.iter().enumerate() {
            let id = Printable::cut(other.id(), 100);
            let at = list.index(index);
            if other.id() == dataset.id.as_str() {
                let message = format!("`{id}` is related to itself");
                notes.warning(&at, "related-to-itself", message, "take it out");
            } else if key != "see-also" && other.note().is_none() && !known_ids.contains(other.id()) {
                let message = format!("`{id}` is not in the catalogue");
                let help = "write { id, note } and say what it is, or move it to `see-also`";
                notes.warning(&at, "unknown-dataset", message, help);
            }
        }
    }
}
