//! One dataset: its terms, what they say about each act, and what is here of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::catalog::{Citation, Host};
use crate::layout::Means;
use crate::licenses::Expression;
use crate::policy::judge::ITEM_RULES;
use crate::policy::rules::{ITEMS, LICENSE};
use crate::policy::word::Verdict;
use crate::policy::{Act, Clause, Code, Finding, Judgement, Reason, Word};
use crate::values::{ByteSize, DatasetId, Digest};

use super::about::About;
use super::facts::{ItemCount, SubjectFacts};
use super::judged::{Judged, UNREADABLE};
use super::lift::{Lifting, Texts};
use super::people::Standing;

/// A dataset in the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subject {
    /// Its name in full.
    pub name: String,
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The publisher's name for it.
    pub title: String,
    /// The reference that it came by, where it is not in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Whether its files are part of the program, which are at no address.
    #[serde(skip)]
    pub is_built_in: bool,
    /// DOI of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doi: Option<String>,
    /// The works to cite, the dataset's own first; the report's citations have their own forms.
    #[serde(skip)]
    pub works: Vec<Citation>,
    /// What the terms require to be said, in our words.
    #[serde(skip)]
    pub acknowledgement: Option<String>,
    /// The channel that was used, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Licence expression of the whole.
    pub license: String,
    /// In the host's own words, where the dataset is not in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// Digests of the accepted texts, by licence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub text_sha256: BTreeMap<String, Digest>,
    /// Codes of the Data Use Ontology for the whole, by our mapping.
    #[serde(skip_serializing_if = "is_none")]
    pub duo: Arc<Vec<String>>,
    /// What the terms say about each act.
    pub uses: BTreeMap<Act, Use>,
    /// Parts and items with terms of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Every term of every licence of the whole; written once for the report, under `licenses`.
    #[serde(skip)]
    pub terms: Arc<Vec<Arc<Clause>>>,
    /// How many of them nobody read.
    pub unknown_terms: usize,
    /// How the steps of each person stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Standing>,
    /// What is on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<Copy>,
    /// The worst verdict over the planned acts and the findings about it.
    pub verdict: Verdict,
    /// What its entry tells of it, for documents; `medsets info` gives it as data.
    #[serde(skip)]
    pub about: About,
}

/// What the terms say about an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The word.
    pub word: Word,
    /// The terms it rests on.
    #[serde(skip_serializing_if = "is_none")]
    pub reasons: Arc<Vec<Reason>>,
}

/// A part, or items, with terms of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The part's name in the entry, such as `images`; absent for files that were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Licence expression.
    pub license: String,
    /// Files under it that are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteSize>,
    /// What its terms say about each act.
    pub uses: Arc<BTreeMap<Act, Word>>,
}

/// A copy on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// Its folder, as it is shown.
    pub folder: String,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// SHA-256 of its manifest: the name of this very tree.
    pub tree: Digest,
    /// When it was whole.
    pub completed: Timestamp,
    /// Whether all of the release is here.
    pub whole: bool,
    /// Who had it.
    pub by: String,
    /// The kind of host it came from.
    pub provider: String,
    /// How it came, where that was neither a fetch nor an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<Means>,
}

impl Copy {
    /// How it came, in words, where that was neither a fetch nor an import.
    pub fn came(&self) -> Option<&'static str> {
        match self.means? {
            Means::Adopt => Some("adopted where it lies"),
            Means::Bundle => Some("out of a bundle"),
            Means::Fetch | Means::Import => None,
        }
    }
}

/// Whether a shared list has nothing to be written.
fn is_none<T>(list: &Arc<Vec<T>>) -> bool {
    list.is_empty()
}

/// Judges a dataset: every act, with the exceptions of the policy; findings for planned ones.
pub fn judge_subject(
    facts: &SubjectFacts,
    judged: &mut Judged<'_>,
    planned: &[Act],
    lifting: &mut Lifting<'_>,
    accepted: &BTreeMap<String, Digest>,
    findings: &mut Vec<Finding>,
) -> Subject {
    let name = facts.name();
    let texts = &known_texts(facts, accepted);
    let license = facts.license().to_owned();
    let parts = parts(facts, judged);
    let whole = judged.whole(&license, &parts);
    let mut uses = whole.uses.clone();
    for act in planned {
        let by_terms = Judgement { word: uses[act].word, reasons: uses[act].reasons.to_vec() };
        let judgement = lifting.lift(by_terms.clone(), facts, texts);
        deny(facts, &name, *act, &judgement, planned, judged, findings);
        flag_parts(facts, &name, *act, judgement.word, &parts, lifting, texts, findings);
        flag_rules(facts, &name, *act, &license, judged, lifting, texts, findings);
        if judgement != by_terms {
            uses.insert(*act, Use { word: judgement.word, reasons: Arc::new(judgement.reasons) });
        }
    }
    let entry = facts.selection.as_ref().map(|selection| &selection.dataset().entry);
    let citation = entry.and_then(|entry| entry.citation.as_ref());
    let receipt = facts.receipt.as_ref();
    Subject {
        unknown_terms: whole.terms.iter().filter(|clause| clause.value == "unknown").count(),
        title: entry
            .map(|entry| entry.title.clone())
            .or(receipt.map(|receipt| receipt.title.clone()))
            .unwrap_or_else(|| name.clone()),
        reference: receipt
            .and_then(|receipt| receipt.reference.clone())
            .or_else(|| facts.selection.as_ref()?.reference()),
        homepage: entry.and_then(|entry| entry.homepage.clone()),
        is_built_in: facts
            .selection
            .as_ref()
            .and_then(|selection| selection.source(facts.channel.as_deref()))
            .is_some_and(|source| matches!(source.host, Host::Embedded { .. })),
        works: citation.map(|all| std::iter::once(&all.work).chain(&all.also).cloned().collect()).unwrap_or_default(),
        acknowledgement: citation.and_then(|all| all.acknowledgement.clone()),
        doi: facts.selection.as_ref().and_then(|selection| selection.release().doi.clone()),
        channel: facts.channel.clone(),
        stated: receipt.and_then(|receipt| receipt.license.stated.clone()),
        text_sha256: accepted.clone(),
        duo: Arc::clone(&whole.duo),
        copy: facts.receipt.as_ref().map(|receipt| Copy {
            folder: facts.folder.clone().unwrap_or_default(),
            files: receipt.files,
            bytes: receipt.bytes,
            tree: receipt.tree,
            completed: receipt.completed,
            whole: receipt.selection.whole,
            by: receipt.by.name.clone().unwrap_or_else(|| receipt.by.os_user.clone()),
            provider: receipt.source.provider.clone(),
            means: Some(receipt.means).filter(|means| matches!(means, Means::Adopt | Means::Bundle)),
        }),
        name,
        id: facts.id.clone(),
        version: facts.version.clone(),
        variant: facts.variant.clone(),
        license,
        uses,
        parts,
        terms: Arc::clone(&whole.terms),
        people: Vec::new(),
        verdict: Verdict::Allow,
        about: About::of(facts.selection.clone(), facts.channel.clone()),
    }
}

impl Subject {
    /// What its terms say about an act.
    pub fn word(&self, act: Act) -> Word {
        self.uses.get(&act).map_or(Word::Unclear, |one| one.word)
    }

    /// Takes its verdict from the planned acts, and from whether an error was found about it.
    pub(super) fn settle(&mut self, has_error: bool, planned: &[Act]) {
        let words = planned.iter().map(|act| self.word(*act).verdict());
        let errors = has_error.then_some(Verdict::Review);
        self.verdict = words.chain(errors).max().unwrap_or(Verdict::Allow);
    }

    /// Whether the terms of any licence of the whole have this word.
    pub fn has_term(&self, term: &str, value: &str) -> bool {
        self.terms.iter().any(|clause| clause.term == term && clause.value == value)
    }
}

/// The texts that are known: those that people accepted, and those that the receipt rests on.
fn known_texts(facts: &SubjectFacts, accepted: &BTreeMap<String, Digest>) -> Texts {
    let mut texts = Texts::new();
    let marks = facts.receipt.iter().flat_map(|receipt| &receipt.license.accepted);
    let marks = marks.map(|mark| (&mark.license, &mark.text_sha256));
    // What people accepted is newer than what the copy was fetched under.
    for (license, digest) in marks.filter(|(license, _)| !accepted.contains_key(*license)).chain(accepted) {
        texts.entry(license.clone()).or_default().insert(*digest);
    }
    texts
}

/// The expression; a text that is none asserts nothing.
pub(super) fn read(license: &str) -> Expression {
    Expression::parse(license).unwrap_or_else(|_| Expression::parse("NOASSERTION").expect("it is an expression"))
}

/// Parts by what is here, where files were counted; else by the entry.
fn parts(facts: &SubjectFacts, judged: &mut Judged<'_>) -> Vec<Part> {
    let mut part = |name: Option<&str>, license: &str, count: Option<&ItemCount>| Part {
        name: name.map(str::to_owned),
        license: license.to_owned(),
        files: count.map(|count| count.files),
        bytes: count.map(|count| count.bytes),
        uses: judged.words(license),
    };
    // A whole copy whose inventory names no terms of single files has the parts that the entry names.
    let is_counted = |receipt: &crate::layout::Receipt| !receipt.selection.whole || !facts.items.is_empty();
    if facts.receipt.as_ref().is_some_and(is_counted) {
        return facts.items.iter().map(|count| part(None, &count.license, Some(count))).collect();
    }
    let Some(selection) = &facts.selection else { return Vec::new() };
    let named = selection.release().license_parts.iter();
    named.map(|(name, license)| part(Some(name), license, None)).collect()
}

/// A finding for an act that is not allowed, by each term that decides.
fn deny(
    facts: &SubjectFacts,
    name: &str,
    act: Act,
    judgement: &Judgement,
    planned: &[Act],
    judged: &mut Judged<'_>,
    findings: &mut Vec<Finding>,
) {
    let nc_only = |reason: &&Reason| reason.value == "nc-only" && planned.contains(&Act::UseCommercially);
    for reason in judgement.reasons.iter().filter(nc_only) {
        let message = format!("`{name}` lets the weights of a model be shared for non-commercial use only");
        let fix = "train the product's model without it, or ask the owner for another licence";
        findings.push(Finding {
            act: Some(act),
            ..of_reason(Code::NcInCommercial, message, fix, facts, name, reason, judged)
        });
    }
    if judgement.word <= Word::AllowedWithDuty {
        return;
    }
    for reason in judgement.decisive() {
        let code = code(act, reason);
        let message = format!(
            "`{name}`: to {} is {} ({} of {}: {})",
            act.in_words(),
            reason.word,
            reason.term.replace('_', "-"),
            reason.license,
            reason.value
        );
        let finding = of_reason(code, message, &fix(code, reason), facts, name, reason, judged);
        findings.push(Finding { act: Some(act), ..finding });
    }
}

/// Parts whose terms are stricter than those of the whole.
#[expect(clippy::too_many_arguments, reason = "a step of the judgement, with all that it looks at")]
fn flag_parts(
    facts: &SubjectFacts,
    name: &str,
    act: Act,
    whole: Word,
    parts: &[Part],
    lifting: &mut Lifting<'_>,
    texts: &Texts,
    findings: &mut Vec<Finding>,
) {
    for part in parts {
        let word = part.uses.get(&act).copied().unwrap_or(Word::Unclear);
        let is_stricter = word > whole.max(Word::AllowedWithDuty);
        let expression = read(&part.license);
        if !is_stricter || lifting.allows(facts, ITEMS, word, &expression.ids(), texts) {
            continue;
        }
        let what = match (&part.name, part.files) {
            (Some(part), _) => format!("the part `{part}`"),
            (None, Some(files)) => crate::values::counted(files, "file"),
            (None, None) => "a part".to_owned(),
        };
        let message = format!("`{name}`: {what} under {}: to {} is {word}", part.license, act.in_words());
        let fix =
            format!("leave it out (`--license`, `--exclude`), or write an exception for `{ITEMS}` with its ground");
        findings.push(Finding {
            act: Some(act),
            place: facts.place.clone(),
            ..Finding::new(Code::PartTerms, message, fix).about(name)
        });
    }
}

/// Texts that narrow what they allow for some of the items.
#[expect(clippy::too_many_arguments, reason = "a step of the judgement, with all that it looks at")]
fn flag_rules(
    facts: &SubjectFacts,
    name: &str,
    act: Act,
    license: &str,
    judged: &mut Judged<'_>,
    lifting: &mut Lifting<'_>,
    texts: &Texts,
    findings: &mut Vec<Finding>,
) {
    if !ITEM_RULES.contains(&act) {
        return;
    }
    let shelf = judged.shelf();
    for license in read(license).ids().into_iter().filter_map(|id| shelf.get(id)) {
        let rules: Vec<&(String, crate::licenses::Term)> =
            license.extra.iter().filter(|(key, _)| key.starts_with("category_") && key != "category_0").collect();
        let Some((first, _)) = rules.first() else { continue };
        if lifting.allows(facts, ITEMS, Word::PerItem, &[&license.id], texts) {
            continue;
        }
        let said: Vec<String> =
            rules.iter().map(|(key, term)| format!("{}: {}", key.replace('_', " "), term.value)).collect();
        let message = format!("`{name}`: items of other categories narrow what the whole allows ({})", said.join("; "));
        let fix = format!("use items of category 0 only and write an exception for `{ITEMS}` that says so");
        let clause = judged.clause(&license.id, first);
        let finding = Finding::new(Code::PerItemLicenceUnread, message, fix).about(name);
        findings.push(Finding { act: Some(act), clause, place: facts.place.clone(), ..finding });
    }
}

fn of_reason(
    code: Code,
    message: String,
    fix: &str,
    facts: &SubjectFacts,
    name: &str,
    reason: &Reason,
    judged: &mut Judged<'_>,
) -> Finding {
    let clause = judged.clause(&reason.license, &reason.term);
    Finding { clause, place: facts.place.clone(), ..Finding::new(code, message, fix).about(name) }
}

/// The code that fits an act and the term that stands against it.
fn code(act: Act, reason: &Reason) -> Code {
    match (reason.word, act) {
        (Word::NotGranted, _) if reason.term == LICENSE || reason.value == "not-granted" => Code::NoLicence,
        (Word::Unclear, _) if reason.value == UNREADABLE => Code::LicenceUnreadable,
        (Word::Unclear, _) if reason.term == LICENSE => Code::LicenceMissing,
        (Word::Unclear, Act::ReleaseWeights) => Code::ModelReleaseUnclear,
        (Word::Unclear, _) => Code::TermsUnknown,
        (Word::PerItem, _) => Code::PerItemLicenceUnread,
        (_, _) if reason.term == "purpose" => Code::PurposeMismatch,
        (_, Act::UseCommercially) => Code::CommercialForbidden,
        (_, Act::ReleaseWeights | Act::ReleaseDerivedData) => Code::DerivativeForbidden,
        (_, Act::ShareRaw) => Code::RedistributionForbidden,
        (_, Act::UseHostedAi) => Code::ThirdPartyApiForbidden,
        (_, Act::ClinicalUse) => Code::ClinicalUseForbidden,
        // These ask for nothing but purposes and duties.
        (_, Act::UseInternally | Act::Teach | Act::PublishResults) => Code::PurposeMismatch,
    }
}

fn fix(code: Code, reason: &Reason) -> String {
    let term = reason.term.replace('_', "-");
    match code {
        Code::TermsUnknown | Code::ModelReleaseUnclear => format!(
            "read the text or ask the owner; then write what you learnt as `allow-unknown` for `{term}`, with a reason, a person and an end date"
        ),
        Code::PerItemLicenceUnread => {
            "fetch it, so that the licences of its items are counted, or choose by `--license`".to_owned()
        }
        Code::NoLicence => "ask the owner for a licence, or do without the dataset".to_owned(),
        Code::LicenceUnreadable => {
            "read the licence at the dataset's page; a record is mended by `medsets verify --repair`, an entry by an SPDX expression in an overlay (`--catalog`)".to_owned()
        }
        Code::LicenceMissing => format!("lay a licence file for `{}` over the catalogue (`--catalog`)", reason.license),
        _ => {
            format!("plan without it, or get the owner's written permission and record it as an exception for `{term}`")
        }
    }
}
