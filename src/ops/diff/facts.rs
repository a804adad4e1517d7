//! What two releases say of themselves beside their files.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::licenses::{Expression, Shelf};
use crate::policy::{Act, judge_together};
use crate::values::ByteSize;

use super::side::Side;

/// A fact that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about: `date`, `license`, `counts.images` and so on.
    pub about: String,
    /// What it was; absent where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// An act about which the terms say something else.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct UseChange {
    /// The act.
    pub act: &'static str,
    /// What the terms said.
    pub before: &'static str,
    /// What they say.
    pub after: &'static str,
}

/// Names on one side alone.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct NameChange {
    /// Only after.
    pub added: Vec<String>,
    /// Only before.
    pub removed: Vec<String>,
    /// On both sides, how many.
    pub same: usize,
}

impl NameChange {
    /// Whether both sides have the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    fn of(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Self {
        Self {
            added: after.difference(before).cloned().collect(),
            removed: before.difference(after).cloned().collect(),
            same: before.intersection(after).count(),
        }
    }
}

/// Single facts that differ.
pub(super) fn facts(before: &Side, after: &Side) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut note = |about: &str, one: Option<String>, other: Option<String>| {
        if one != other {
            facts.push(Fact { about: about.to_owned(), before: one, after: other });
        }
    };
    note("license", license(before), license(after));
    let (Some(one), Some(other)) = (&before.selection, &after.selection) else { return facts };
    let (old, new) = (one.release(), other.release());
    note("date", old.date.clone(), new.date.clone());
    note("doi", old.doi.clone(), new.doi.clone());
    note("withdrawn", old.withdrawn.then(|| "yes".to_owned()), new.withdrawn.then(|| "yes".to_owned()));
    let size = |size: Option<ByteSize>| size.map(|size| size.to_string());
    let channels = (before.channel.as_deref(), after.channel.as_deref());
    note("download", size(one.download_size(channels.0)), size(other.download_size(channels.1)));
    note("unpacked", size(one.unpacked_about()), size(other.unpacked_about()));
    let counts =
        |selection: &crate::catalog::Selection| selection.variant().map(|one| one.counts.clone()).unwrap_or_default();
    let (old, new) = (counts(one), counts(other));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let count = |counts: &std::collections::BTreeMap<String, u64>| counts.get(name).map(u64::to_string);
        note(&format!("counts.{name}"), count(&old), count(&new));
    }
    facts
}

/// The licence by the side's source: of the catalogue, else of the copy.
fn license(side: &Side) -> Option<String> {
    let of_copy = || Some(side.here.as_ref()?.receipt.as_ref()?.license.expression.clone());
    side.selection.as_ref().map(|one| one.license(side.channel.as_deref()).to_owned()).or_else(of_copy)
}

/// Acts about which the terms of both sides say something else.
pub(super) fn uses(shelf: &Shelf, before: &Side, after: &Side) -> Vec<UseChange> {
    let words = |side: &Side| {
        let expression = Expression::parse(&license(side)?).ok()?;
        let judged = judge_together(&expression, shelf, &Act::ALL);
        Some(judged.iter().map(|judged| judged.word.as_str()).collect::<Vec<_>>())
    };
    let (Some(old), Some(new)) = (words(before), words(after)) else { return Vec::new() };
    let all = Act::ALL.into_iter().zip(old).zip(new);
    let changed = all.filter(|((_, before), after)| before != after);
    changed.map(|((act, before), after)| UseChange { act: act.as_str(), before, after }).collect()
}

/// Steps that a person must take, by their ids.
pub(super) fn steps(before: &Side, after: &Side) -> NameChange {
    let steps = |side: &Side| -> Option<BTreeSet<String>> {
        let selection = side.selection.as_ref()?;
        Some(selection.requirements(side.channel.as_deref()).map(|step| step.id.clone()).collect())
    };
    both(steps(before), steps(after))
}

/// Sources, with the kind of their host.
pub(super) fn sources(before: &Side, after: &Side) -> NameChange {
    let sources = |side: &Side| -> Option<BTreeSet<String>> {
        let selection = side.selection.as_ref()?;
        Some(selection.sources().map(|source| format!("{} ({})", source.channel, source.host.name())).collect())
    };
    both(sources(before), sources(after))
}

/// Nothing is told where one side is not known.
fn both(before: Option<BTreeSet<String>>, after: Option<BTreeSet<String>>) -> NameChange {
    match (before, after) {
        (Some(before), Some(after)) => NameChange::of(&before, &after),
        _ => NameChange::default(),
    }
}
