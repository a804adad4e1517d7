//! Whether the terms let a dataset be put where others read it.
//!
//! The judgement is that of `audit` for the act `share-raw`, exceptions of the policy and all.
//! What cannot be told is no permission.
//!
//! Receipt and inventory lie where anybody may have written. So what they say of the terms is
//! put beside what the person's own program knows of the very copy: the entry of the catalogue,
//! else the one that came with the lock of the project, and the entry of the own ledger. What one
//! of them forbids is forbidden.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{self, ItemCount, SubjectFacts};
use crate::catalog::Selection;
use crate::context::Context;
use crate::layout::RecordKind;
use crate::licenses::Expression;
use crate::ops::audit::{AuditOptions, facts};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{FetchOptions, ProjectLock};
use crate::ops::foreign::OwnWord;
use crate::ops::held as ledger;
use crate::ops::here::Here;
use crate::policy::rules::ITEMS;
use crate::policy::word::Verdict;
use crate::policy::{Act, Code, Finding, Severity};
use crate::values::{ByteSize, Printable, SafeUrl};

use super::Named;
use super::held::Ours;

/// Why a dataset may be put into a mirror.
#[derive(Debug)]
pub struct Permit {
    /// Exceptions of the policy that it rests on, as sentences; none where the terms allow it.
    pub grounds: Vec<String>,
}

impl Permit {
    /// Refuses to put what the terms alone do not let be handed on into any other mirror than one
    /// that the project names for it, with the ground on which it may lie there.
    pub fn refuse_without_ground(&self, here: &Here, named: &Named) -> Result<(), Failure> {
        if self.grounds.is_empty() || named.ground.as_ref().is_some_and(|ground| !ground.trim().is_empty()) {
            return Ok(());
        }
        let message = format!(
            "`{}` is not put into the mirror `{}`: it may be handed on by an exception of the policy alone ({}), \
             and `medsets.toml` gives no ground for this mirror",
            here.name(),
            named.url,
            self.grounds.join("; ")
        );
        Err(Failure::new(Exit::POLICY, message).of(&here.id).help(format!(
            "write a `[[mirror]]` with `url = \"{}\"`, `for = [\"{}\"]` and `ground`, which says who can read it, into \
             `medsets.toml`",
            named.url, here.id
        )))
    }
}

/// Whether a dataset that is here may be handed on. Fails with every term that stands against it.
pub fn may_share(context: &Context, ours: &Ours<'_>) -> Result<Permit, Failure> {
    let here = ours.here;
    let options = AuditOptions {
        what: vec![here.dir.root().display().to_string()],
        acts: vec![Act::ShareRaw],
        ..AuditOptions::default()
    };
    let mut facts = facts(context, &options)?;
    let unknown = || Failure::new(Exit::POLICY, format!("nothing is known of the terms of `{}`", here.name()));
    let terms = Terms::of(context, ours, facts.subjects.first().ok_or_else(unknown)?)?;
    facts.subjects.iter_mut().for_each(|subject| terms.lay_over(subject));
    let audit = audit::audit(&facts, context.shelf()?);
    let subject = audit.subjects.first().ok_or_else(unknown)?;
    let is_against = |finding: &&Finding| {
        finding.act == Some(Act::ShareRaw) && matches!(finding.severity, Severity::Error | Severity::Warning)
    };
    let against: Vec<&Finding> = audit.findings.iter().filter(is_against).collect();
    if against.is_empty() && subject.word(Act::ShareRaw).verdict() == Verdict::Allow {
        return Ok(Permit { grounds: audit.policy.used.clone() });
    }
    Err(refusal(ours, &terms, subject.word(Act::ShareRaw).as_str(), &against))
}

/// The terms of a copy, by its records and by what the person's own program knows.
struct Terms {
    whole: BTreeSet<String>,
    /// Files under terms of their own; as they were counted where no entry is known.
    items: Option<Vec<ItemCount>>,
}

impl Terms {
    /// Fails where nothing but the records tells them.
    fn of(context: &Context, ours: &Ours<'_>, subject: &SubjectFacts) -> Result<Self, Failure> {
        let receipt = ours.receipt;
        // An entry that came along with the data is no word of the person's own program.
        let known = subject.selection.clone().filter(|selection| !selection.dataset().came_in_bundle());
        let selection = match known {
            Some(known) => Some(known),
            None => by_lock(context, ours)?,
        };
        let mut own: BTreeSet<String> = BTreeSet::new();
        if let Some(selection) = &selection {
            own.extend(by_entry(selection, &receipt.source.channel));
        }
        own.extend(subject.known_release.as_ref().map(|(_, license)| license.clone()));
        let entered = ledger::entry_of(context, receipt, &ours.here.dir)?;
        own.extend(entered.and_then(|entry| entry.record.license));
        if own.is_empty() {
            let message = format!("of the terms of `{}` nothing but its receipt is known", ours.here.name());
            return Err(Failure::new(Exit::POLICY, message).of(&ours.here.id).help(
                "its entry is not in the catalogue, and your ledger does not know this copy: lay the entry over with `--catalog DIR`",
            ));
        }
        own.insert(receipt.license.expression.clone());
        let items = selection.as_ref().map(|selection| items(ours, selection));
        Ok(Self { whole: own, items })
    }

    fn lay_over(&self, subject: &mut SubjectFacts) {
        if let Some(receipt) = &mut subject.receipt {
            receipt.license.expression = together(&self.whole);
        }
        if let Some(items) = &self.items {
            subject.items.clone_from(items);
        }
    }
}

/// What an entry says of a source. A receipt that names none of its sources may have come by any.
fn by_entry(selection: &Selection, channel: &str) -> Vec<String> {
    if selection.source(Some(channel)).is_some() {
        return vec![selection.license(Some(channel)).to_owned()];
    }
    let all = selection.sources().map(|source| Some(source.channel.as_str()));
    all.chain([None]).map(|channel| selection.license(channel).to_owned()).collect()
}

/// The entry that the lock of the project pins for this very tree.
fn by_lock(context: &Context, ours: &Ours<'_>) -> Result<Option<Selection>, Failure> {
    let Some(lock) = ProjectLock::find(context, &mut Vec::new()) else { return Ok(None) };
    let found = lock.of_tree(context, &ours.here.name(), ours.receipt.tree, &FetchOptions::default())?;
    Ok(found.map(|(selection, _)| selection))
}

/// Files under terms of their own, counted by what their records and the entry say of them.
fn items(ours: &Ours<'_>, selection: &Selection) -> Vec<ItemCount> {
    let own = OwnWord::of(selection, &ours.receipt.source.channel);
    let mut counts: BTreeMap<BTreeSet<String>, (u64, ByteSize)> = BTreeMap::new();
    for record in ours.records.iter().filter(|record| record.kind == RecordKind::File) {
        let by_entry = own.license(&record.origin.file, record.license.clone());
        let said: BTreeSet<String> = record.license.iter().cloned().chain(by_entry).collect();
        if !said.is_empty() {
            let (files, bytes) = counts.entry(said).or_default();
            (*files, *bytes) = (*files + 1, bytes.saturating_add(record.size));
        }
    }
    let counts = counts.into_iter();
    counts.map(|(said, (files, bytes))| ItemCount { license: together(&said), files, bytes }).collect()
}

/// Expressions as one that forbids what any of them forbids.
fn together(all: &BTreeSet<String>) -> String {
    // Of what asserts nothing, or is no expression, nobody can tell anything.
    let is_silent = |one: &&String| Expression::parse(one).map_or(true, |parsed| parsed.ids().is_empty());
    match all.iter().find(is_silent) {
        Some(silent) => silent.clone(),
        None if all.len() == 1 => all.iter().cloned().collect(),
        None => all.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" AND "),
    }
}

fn refusal(ours: &Ours<'_>, terms: &Terms, word: &str, against: &[&Finding]) -> Failure {
    let (here, recorded) = (ours.here, &ours.receipt.license.expression);
    let name = here.name();
    let said: Vec<String> = against.iter().map(|finding| finding.message.clone()).collect();
    let said = if said.is_empty() { format!("to hand the data on is {word}") } else { said.join("; ") };
    let mut failure = Failure::new(Exit::POLICY, format!("`{name}` is not put into a mirror: {said}")).of(&here.id);
    let pages: BTreeSet<&str> = against.iter().filter_map(|finding| finding.clause.as_ref()?.url.as_deref()).collect();
    failure.url = pages.iter().find_map(|page| SafeUrl::parse(page).ok());
    for page in pages {
        failure = failure.help(format!("the terms are at <{page}>"));
    }
    let known: Vec<String> =
        terms.whole.iter().filter(|one| *one != recorded).map(|one| Printable::new(one).to_string()).collect();
    if !known.is_empty() {
        failure = failure.help(format!(
            "its receipt names {}, and the catalogue or your ledger {}: the stricter holds",
            Printable::new(recorded),
            known.join(" and ")
        ));
    }
    let term = |finding: &Finding| match (&finding.clause, finding.code) {
        (_, Code::PartTerms | Code::PerItemLicenceUnread) => Some(ITEMS.to_owned()),
        (clause, _) => Some(clause.as_ref()?.term_as_written()),
    };
    let terms: BTreeSet<String> = against.iter().filter_map(|finding| term(finding)).collect();
    let terms: Vec<String> = terms.into_iter().map(|term| format!("`{term}`")).collect();
    let terms = if terms.is_empty() { "`redistribution`".to_owned() } else { terms.join(" and ") };
    failure.help(format!(
        "if there is a ground, such as a private mirror inside the licensed institution, write it as \
         `[[policy.exception]]` with `dataset`, `term` ({terms}), `reason`, `by` and `until` into `medsets.toml`"
    ))
}
