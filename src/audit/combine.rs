//! Several datasets together, per act: the strictest word, what forces it, and conflicts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::licenses::Shelf;
use crate::policy::{Act, Code, Finding, Word};

use super::facts::Facts;
use super::lineage::Scope;
use super::subject::{Subject, read};

/// All datasets together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Combination {
    /// One per act.
    pub uses: BTreeMap<Act, Combined>,
    /// The purposes that all of them grant; absent where none is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purposes: Option<BTreeSet<&'static str>>,
}

/// What all say together about an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Combined {
    /// The strictest word.
    pub word: Word,
    /// The datasets that say it, where it is stricter than allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forced_by: Vec<String>,
}

/// Puts datasets together. Of none everything is allowed.
pub fn all(subjects: &[Subject]) -> Combination {
    of(&subjects.iter().collect::<Vec<_>>())
}

/// Puts some of the datasets together.
pub fn of(subjects: &[&Subject]) -> Combination {
    let uses = Act::ALL.map(|act| {
        let word = subjects.iter().map(|one| one.word(act)).max().unwrap_or(Word::Allowed);
        let is_forcing = |one: &&&Subject| word > Word::Allowed && one.word(act) == word;
        let forced_by = subjects.iter().filter(is_forcing).map(|one| one.name.clone()).collect();
        (act, Combined { word, forced_by })
    });
    let limits = subjects.iter().flat_map(|one| one.terms.iter()).filter(|clause| clause.term == "purpose");
    let purposes = limits.filter_map(|clause| purposes(&clause.value)).reduce(|one, other| &one & &other);
    Combination { uses: uses.into(), purposes }
}

impl Combination {
    /// The word for an act.
    pub fn word(&self, act: Act) -> Word {
        self.uses.get(&act).map_or(Word::Allowed, |one| one.word)
    }
}

/// What a purpose grants, where it grants not everything and is known.
fn purposes(value: &str) -> Option<BTreeSet<&'static str>> {
    let all: &[&str] = match value {
        "research" => &["research"],
        "research-education" => &["research", "education"],
        "noncommercial" => &["research", "education", "competition", "other non-commercial"],
        "competition+academic" => &["research", "education", "competition"],
        "biomedical-systems" => &["research", "biomedical systems"],
        _ => return None,
    };
    Some(all.iter().copied().collect())
}

/// Conflicts between datasets that go into one release, by what the project makes of them;
/// where it names nothing, by the planned acts over all.
pub fn conflicts(
    scopes: &[Scope],
    subjects: &[Subject],
    facts: &Facts,
    shelf: &Shelf,
    planned: &[Act],
    findings: &mut Vec<Finding>,
) {
    let whole = [Scope::all(subjects.len(), planned)];
    let scopes = if scopes.is_empty() { &whole[..] } else { scopes };
    for scope in scopes {
        let members: Vec<&Subject> = scope.subjects.iter().filter_map(|index| subjects.get(*index)).collect();
        for act in &scope.acts {
            match act {
                Act::ReleaseDerivedData => {
                    share_alike(scope, &members, shelf, findings);
                    same_host(scope, *act, "derivatives", &members, findings);
                }
                Act::ReleaseWeights => same_host(scope, *act, "share_derivative_models", &members, findings),
                Act::UseInternally
                | Act::UseCommercially
                | Act::Teach
                | Act::PublishResults
                | Act::ShareRaw
                | Act::UseHostedAi
                | Act::ClinicalUse => {}
            }
        }
        empty_purpose(scope, &members, facts, findings);
    }
}

/// Adapted material can carry one share-alike licence only.
fn share_alike(scope: &Scope, members: &[&Subject], shelf: &Shelf, findings: &mut Vec<Finding>) {
    let mut licenses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for subject in members {
        let parts = subject.parts.iter().filter(|part| part.files.is_some()).map(|part| part.license.as_str());
        for license in std::iter::once(subject.license.as_str()).chain(parts) {
            for id in read(license).ids() {
                let is_share_alike = shelf.get(id).is_some_and(|one| one.terms.word("share_alike") == "adaptations");
                if is_share_alike {
                    let names = licenses.entry(id.to_owned()).or_default();
                    if !names.contains(&subject.name) {
                        names.push(subject.name.clone());
                    }
                }
            }
        }
    }
    if licenses.len() < 2 {
        return;
    }
    let said: Vec<String> = licenses.iter().map(|(id, names)| format!("{id} ({})", names.join(", "))).collect();
    let message =
        format!("{}: derived data would have to carry several licences at once: {}", scope.name, said.join(", "));
    let fix = "publish what is made of them as separate works, or leave one of them out";
    findings.push(Finding {
        act: Some(Act::ReleaseDerivedData),
        affected: licenses.into_values().flatten().collect(),
        place: scope.place.clone(),
        ..Finding::new(Code::ShareAlikeConflict, message, fix)
    });
}

/// What goes back to its host under its agreement cannot also be a release to everybody, nor a
/// release under another host's agreement.
fn same_host(scope: &Scope, act: Act, term: &str, members: &[&Subject], findings: &mut Vec<Finding>) {
    let bound: Vec<&&Subject> = members.iter().filter(|one| one.has_term(term, "same-terms-same-host")).collect();
    let Some(first) = bound.first() else { return };
    let others = members.iter().filter(|one| {
        let is_free = one.word(act) <= Word::AllowedWithDuty && !one.has_term("share_alike", "adaptations");
        let is_bound_alike = one.has_term(term, "same-terms-same-host") && one.license == first.license;
        !is_bound_alike && (!is_free || one.has_term(term, "same-terms-same-host"))
    });
    let others: Vec<String> = others.map(|one| one.name.clone()).collect();
    if others.is_empty() {
        return;
    }
    let names: Vec<String> = bound.iter().map(|one| one.name.clone()).collect();
    let message = format!(
        "{}: what is made of {} goes back to its host under the same agreement, which the terms of {} do not fit: no single release satisfies both",
        scope.name,
        names.join(", "),
        others.join(", ")
    );
    let fix = "make separate models or datasets, each of what its terms allow";
    findings.push(Finding {
        act: Some(act),
        affected: names.into_iter().chain(others).collect(),
        place: scope.place.clone(),
        ..Finding::new(Code::SameHostConflict, message, fix)
    });
}

fn empty_purpose(scope: &Scope, members: &[&Subject], facts: &Facts, findings: &mut Vec<Finding>) {
    if !of(members).purposes.is_some_and(|purposes| purposes.is_empty()) {
        return;
    }
    let names: Vec<String> = members.iter().map(|one| one.name.clone()).collect();
    let message = format!("{}: there is no purpose that all of its datasets grant", scope.name);
    let place = scope.place.clone().or_else(|| facts.subjects.first()?.place.clone());
    let finding = Finding::new(Code::PurposeMismatch, message, "use them in separate projects");
    findings.push(Finding { affected: names, place, ..finding });
}
