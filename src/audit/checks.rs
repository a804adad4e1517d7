//! Findings about copies, records and what lies around them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::layout::Proof;
use crate::licenses::Shelf;
use crate::licenses::terms::Confidence;
use crate::policy::judge::judge;
use crate::policy::{Act, Code, Finding, Word};

use super::facts::{Facts, Guard, SubjectFacts};
use super::subject::{Subject, read};

/// What is to be said of one dataset beside its acts and its people.
pub fn of_subject(
    facts: &SubjectFacts,
    subject: &Subject,
    shelf: &Shelf,
    planned: &[Act],
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let mut found = Vec::new();
    let name = &subject.name;
    if let Some(fault) = &facts.fault {
        let fix = format!("`medsets verify {name} --repair` fetches it again");
        found.push(Finding::new(Code::RecordsDamaged, format!("`{name}`: {fault}"), fix));
    }
    if let Some(receipt) = &facts.receipt
        && !(EARLIEST..=now + SignedDuration::from_hours(24)).contains(&receipt.completed)
    {
        let message = format!("`{name}`: its receipt says that it was whole on {}, which cannot be", receipt.completed);
        let fix =
            format!("`medsets verify {name} --repair` fetches it again; see that the clock of this machine is right");
        found.push(Finding::new(Code::RecordsDamaged, message, fix));
    }
    if facts.receipt.is_none() && facts.fault.is_none() {
        let message = format!("`{name}` is not here; its terms are those of the catalogue");
        found.push(Finding::new(Code::NotFetched, message, format!("`medsets fetch {name}`")));
    }
    if let Some(reference) = &subject.reference {
        let stated = subject.stated.as_deref().unwrap_or("nothing");
        let message = format!("`{reference}` is not in the catalogue; its host states {stated} as its licence");
        found.push(Finding::new(
            Code::OutsideCatalogue,
            message,
            "read its terms at the host, or write an entry for it",
        ));
    }
    found.extend(beyond_catalogue(facts, subject, shelf));
    found.extend(missing_licences(subject, shelf));
    found.extend(credit(facts, subject));
    found.extend(routes(facts, subject, shelf));
    found.extend(inherited(facts, subject));
    found.extend(bytes(facts, subject));
    found.extend(unsure(facts, subject, planned));
    findings.extend(found.into_iter().map(|finding| Finding { place: facts.place.clone(), ..finding.about(name) }));
}

/// No copy is older than this: 2000-01-01.
const EARLIEST: Timestamp = Timestamp::constant(946_684_800, 0);

/// A copy of which the catalogue has no entry: what its receipt says is all that is known.
fn beyond_catalogue(facts: &SubjectFacts, subject: &Subject, shelf: &Shelf) -> Vec<Finding> {
    let by_bundle = facts.selection.as_ref().map(|selection| selection.dataset().came_in_bundle());
    if facts.receipt.is_none() || by_bundle == Some(false) || subject.reference.is_some() {
        return Vec::new();
    }
    let name = &subject.name;
    let who = if by_bundle.is_some() { "the entry that came with it in a bundle" } else { "its receipt" };
    let message = format!("the catalogue does not have `{name}`: its terms ({}) are what {who} says", subject.license);
    let fix = format!("read its terms at the owner; `medsets info {}` tells what the catalogue knows", subject.id);
    let mut found = vec![Finding::new(Code::OutsideCatalogue, message, fix)];
    if let Some((version, license)) = &facts.known_release
        && is_laxer(&subject.license, license, shelf)
    {
        let message = format!(
            "the receipt of `{name}` names {}; the catalogue does not have this release, and names {license} for {version}, which is stricter",
            subject.license
        );
        let fix = "read the terms of today; remove the copy if its record cannot be trusted";
        found.push(Finding::new(Code::TermsDiffer, message, fix));
    }
    found
}

/// Whether a licence allows any act that another does not allow as far.
fn is_laxer(license: &str, other: &str, shelf: &Shelf) -> bool {
    let (mine, theirs) = (read(license), read(other));
    Act::ALL.into_iter().any(|act| judge(&mine, shelf, act).word < judge(&theirs, shelf, act).word)
}

fn missing_licences(subject: &Subject, shelf: &Shelf) -> Vec<Finding> {
    let expression = read(&subject.license);
    let missing = expression.ids().into_iter().filter(|id| shelf.get(id).is_none());
    let finding = |id: &str| {
        let message = format!("`{}` is under `{id}`, of which no licence file says the terms", subject.name);
        let fix = format!("lay a file `{id}.toml` over the catalogue (`--catalog`, docs/licences.md)");
        Finding::new(Code::LicenceMissing, message, fix)
    };
    missing.map(finding).collect()
}

/// Credit and citations that are due can only be given when they are known.
fn credit(facts: &SubjectFacts, subject: &Subject) -> Vec<Finding> {
    let entry = facts.selection.as_ref().map(|selection| &selection.dataset().entry);
    let citation = entry.and_then(|entry| entry.citation.as_ref());
    let mut found = Vec::new();
    let name = &subject.name;
    let fix = "look it up on the dataset's page and write it into an overlay of the entry";
    if subject.has_term("publication_citation", "required") && citation.is_none() {
        found.push(Finding::new(
            Code::CitationMissing,
            format!("`{name}` must be cited, and no citation is known"),
            fix,
        ));
    }
    if subject.has_term("attribution", "required") && citation.is_none() {
        found.push(Finding::new(
            Code::AttributionMissing,
            format!("`{name}` asks for credit, and no credit line is known"),
            fix,
        ));
    }
    found
}

/// The same release by other sources, under other terms.
fn routes(facts: &SubjectFacts, subject: &Subject, shelf: &Shelf) -> Vec<Finding> {
    let Some(selection) = &facts.selection else { return Vec::new() };
    let words = |license: &str| {
        let expression = read(license);
        Act::ALL.map(|act| judge(&expression, shelf, act).word)
    };
    let mine = words(&subject.license);
    let mut found = Vec::new();
    for source in selection.sources().filter(|source| Some(&source.channel) != subject.channel.as_ref()) {
        let other = selection.license(Some(&source.channel));
        if other == subject.license {
            continue;
        }
        let theirs = words(other);
        let is_laxer = mine.iter().zip(&theirs).any(|(mine, theirs)| theirs < mine);
        let is_stricter = mine.iter().zip(&theirs).any(|(mine, theirs)| theirs > mine);
        let kind = match (is_laxer, is_stricter) {
            (true, true) => "laxer in some and stricter in other acts",
            (true, false) => "laxer",
            (false, true) => "stricter",
            (false, false) => continue,
        };
        let message = format!(
            "`{}` is under {} by the source `{}`; by `{}` it is under {other}, which is {kind}",
            subject.name,
            subject.license,
            subject.channel.as_deref().unwrap_or("-"),
            source.channel
        );
        let fix = format!("the terms of the route that was used hold; `--source {}` takes the other", source.channel);
        found.push(Finding::new(Code::ChannelConflict, message, fix));
    }
    if facts.receipt.is_none() {
        return found;
    }
    let is_stricter = |other: &str| words(other).iter().zip(&mine).any(|(other, mine)| mine < other);
    let of_route = selection.license(subject.channel.as_deref());
    if of_route != subject.license && is_stricter(of_route) {
        let message = format!(
            "the receipt of `{}` names {}; the catalogue names {of_route} for its source, which is stricter",
            subject.name, subject.license
        );
        let fix = format!(
            "read the terms of today; `medsets fetch {}` brings the records of your own copy up to date, or says why it \
             cannot, in a project after `medsets lock --upgrade={}`",
            subject.name, subject.id
        );
        found.push(Finding::new(Code::TermsDiffer, message, fix));
    }
    let release = selection.release().license.as_deref().filter(|release| *release != of_route);
    if let Some(owner) = release.filter(|owner| *owner != subject.license && is_stricter(owner)) {
        let message = format!(
            "`{}` came under {}; the terms of the release are {owner}, which are stricter",
            subject.name, subject.license
        );
        found.push(Finding::new(Code::MirrorRelabel, message, "take the owner's terms, or fetch it from the owner"));
    }
    found
}

fn inherited(facts: &SubjectFacts, subject: &Subject) -> Vec<Finding> {
    let finding = |(parent, license): &(String, String)| {
        let message = format!(
            "`{}` is made from `{parent}`, whose terms ({license}) may still hold for what is left of it",
            subject.name
        );
        Finding::new(Code::InheritedTerms, message, format!("read both: `medsets info {parent}`"))
    };
    facts.parents.iter().map(finding).collect()
}

/// What proves the bytes that are here.
fn bytes(facts: &SubjectFacts, subject: &Subject) -> Vec<Finding> {
    let Some(receipt) = &facts.receipt else { return Vec::new() };
    let mut found = Vec::new();
    let pinned = receipt.listed.proven(|proof| matches!(proof, Proof::FirstUse | Proof::Size));
    if pinned > 0 {
        let files = crate::values::counted(pinned, "file");
        let message = format!("`{}`: no published digest proves {files}; what came first was recorded", subject.name);
        found.push(Finding::new(
            Code::ChecksumMissing,
            message,
            "compare with a colleague's receipt, or ask the publisher for digests",
        ));
    }
    let reason = receipt.reason.as_deref().unwrap_or("no reason recorded");
    let unpublished = facts.taken_unpublished;
    if unpublished > 0 {
        let files = crate::values::counted(unpublished, "file");
        let message = format!(
            "`{}`: no published digest proves {files} that were taken in the place of other bytes ({reason})",
            subject.name
        );
        found.push(Finding::new(
            Code::ChecksumMissing,
            message,
            "ask the publisher for digests, or which bytes are right",
        ));
    }
    let changed = receipt.listed.proven(|proof| proof == Proof::AcceptedChange).saturating_sub(unpublished);
    if changed > 0 {
        let files = crate::values::counted(changed, "file");
        let message =
            format!("`{}`: the bytes of {files} are other than the catalogue's, and taken ({reason})", subject.name);
        found.push(Finding::new(Code::ChecksumMismatch, message, "check with the publisher which bytes are right"));
    }
    found
}

/// A term that nobody read in the primary text, where it decides something.
fn unsure(facts: &SubjectFacts, subject: &Subject, planned: &[Act]) -> Vec<Finding> {
    let low = |clause: &&Arc<crate::policy::Clause>| clause.confidence == Confidence::Low && clause.value != "unknown";
    let decides = |clause: &&Arc<crate::policy::Clause>| {
        planned.iter().filter_map(|act| subject.uses.get(act)).flat_map(|one| one.reasons.iter()).any(|reason| {
            reason.term == clause.term && reason.license == clause.license && reason.word > Word::AllowedWithDuty
        })
    };
    let clauses = subject.terms.iter().filter(low).filter(decides);
    clauses
        .map(|clause| Finding {
            clause: Some(Arc::clone(clause)),
            place: facts.place.clone(),
            ..Finding::new(
                Code::FactUncertain,
                format!(
                    "`{}`: that {} is {} is not sure ({})",
                    subject.name,
                    clause.term.replace('_', "-"),
                    clause.value,
                    clause.source
                ),
                "read the text itself before anything hangs on it",
            )
        })
        .collect()
}

/// Datasets of the project that share material.
pub fn overlaps(facts: &Facts, subjects: &[Subject], findings: &mut Vec<Finding>) {
    let mut ids: std::collections::HashMap<&str, Vec<&Subject>> = std::collections::HashMap::new();
    for subject in subjects {
        ids.entry(subject.id.as_str()).or_default().push(subject);
    }
    let mut said = std::collections::BTreeSet::new();
    for (one, subject) in facts.subjects.iter().zip(subjects) {
        let Some(selection) = &one.selection else { continue };
        let related = &selection.dataset().entry.related;
        for other in related.overlaps.iter().chain(&related.derived_from) {
            for shared in ids.get(other.id()).into_iter().flatten() {
                let pair = if subject.id < shared.id { (&subject.id, &shared.id) } else { (&shared.id, &subject.id) };
                if subject.id == shared.id || !said.insert(pair) {
                    continue;
                }
                let note = other.note().map(|note| format!(" ({note})")).unwrap_or_default();
                let message = format!("`{}` and `{}` share material{note}", subject.name, shared.name);
                let fix = "keep shared cases out of different splits, and do not link records where re-identification is barred";
                let affected = vec![subject.name.clone(), shared.name.clone()];
                findings.push(Finding {
                    affected,
                    place: one.place.clone(),
                    ..Finding::new(Code::Overlap, message, fix)
                });
            }
        }
    }
}

/// What was seen around the copies.
pub fn guards(facts: &Facts, subjects: &[Subject], findings: &mut Vec<Finding>) {
    let is_restricted = |name: &str| {
        subjects
            .iter()
            .find(|subject| subject.name == name)
            .is_none_or(|subject| subject.word(Act::ShareRaw) > Word::AllowedWithDuty)
    };
    for guard in &facts.guards {
        let finding = match guard {
            Guard::Tracked { dataset, example, files } if is_restricted(dataset) => {
                let files = crate::values::counted(*files, "file");
                let message = format!("git tracks {files} of `{dataset}`, such as `{example}`");
                let fix = "take them out of the index (`git rm --cached`) and ignore the folder; what was pushed must be removed there too";
                Finding::new(Code::RedistributionForbiddenButTracked, message, fix).about(dataset)
            }
            Guard::SignedLink { place, host } => {
                let message = format!("`{}` line {} holds a signed link to {host}", place.file, place.line);
                let fix = "remove it from the file and the history, and have the link withdrawn";
                Finding { place: Some(place.clone()), ..Finding::new(Code::LinkShared, message, fix) }
            }
            Guard::WorldReadable { dataset, folder, mode } if is_restricted(dataset) => {
                let message = format!("everybody on this machine can read `{dataset}`: `{folder}` has mode {mode}");
                Finding::new(Code::WorldReadable, message, format!("`chmod -R o-rwx {folder}`")).about(dataset)
            }
            Guard::Unseen { folder, files } => {
                let files = crate::values::counted(*files, "file");
                let message = format!("`{folder}` has {files} and no records of medsets: what it holds is unknown");
                let fix =
                    format!("say what it is: `medsets adopt {folder}` recognises it by its digests and moves nothing");
                Finding::new(Code::UnseenFolder, message, fix)
            }
            Guard::Closed { folder, reason, help } => {
                let message = format!("`{folder}` is passed over, and what it holds is unknown: {reason}");
                let fix = help.as_deref().unwrap_or("let its owner audit it, or ask for the right to read it");
                Finding::new(Code::ClosedFolder, message, fix)
            }
            Guard::Tracked { .. } | Guard::WorldReadable { .. } | Guard::NotChecked { .. } => continue,
        };
        findings.push(finding);
    }
}

/// Ledgers that do not hold together.
pub fn ledgers(facts: &Facts, findings: &mut Vec<Finding>) {
    for ledger in &facts.ledgers {
        for fault in &ledger.faults {
            let message = format!("`{}`: {fault}", ledger.from);
            findings.push(Finding::new(
                Code::LedgerBroken,
                message,
                "`medsets ledger verify` shows the place; restore it from a copy",
            ));
        }
        if ledger.is_unvouched {
            let message =
                format!("`{}` is whole in itself; no head that was noted elsewhere vouches for it", ledger.from);
            findings.push(Finding::new(
                Code::LedgerUnvouched,
                message,
                "compare its head with one in a receipt: `medsets ledger verify --head HASH`",
            ));
        }
    }
}
