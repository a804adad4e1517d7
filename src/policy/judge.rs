//! From the terms of an expression to one word per act, with the clauses that decide it.
//!
//! Each act asks a few terms (the table [`asked`]); each licence's word for each term becomes
//! a word of the lattice. Licences that hold together (`AND`) give the strictest; of a choice
//! (`OR`) one licence is taken with all of its terms, never the best of each. A text that is silent
//! beside another that speaks leaves the word to it: a host's policy beside a licence takes nothing from what the licence grants.

use serde::Serialize;

use crate::licenses::{Expression, License, LicenseKind, Shelf};

use super::act::Act;
use super::word::Word;

/// What an expression says about an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The word.
    pub word: Word,
    /// The terms that stand against it or ask for a duty, each once.
    pub reasons: Vec<Reason>,
}

/// A term of a licence that bears on an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The licence; `NOASSERTION` where there is none.
    pub license: String,
    /// Key of the term in the vocabulary; `license` where there is no licence.
    pub term: String,
    /// What the licence says there.
    pub value: String,
    /// What that comes to for the act.
    pub word: Word,
}

/// What an expression says about an act. A licence that is not on the shelf is unclear, and
/// where nothing is stated nothing is granted.
pub fn judge(expression: &Expression, shelf: &Shelf, act: Act) -> Judgement {
    judge_together(expression, shelf, &[act]).pop().unwrap_or_else(|| Judgement::of([]))
}

/// What an expression says about acts that are done with the same thing: of a choice (`OR`) one
/// licence is taken for all of them, the one whose strictest word is the least strict. One
/// judgement for each act, in their order.
pub fn judge_together(expression: &Expression, shelf: &Shelf, acts: &[Act]) -> Vec<Judgement> {
    let questions: Vec<(Act, &'static str)> =
        acts.iter().flat_map(|act| asked(*act).iter().map(|term| (*act, *term))).collect();
    let answers: Vec<Heard> = expression.fold(
        &|id| questions.iter().map(|(act, term)| Heard::of(id, shelf, *act, term)).collect(),
        &Heard::all_together,
        &|licenses: Vec<Vec<Heard>>| {
            let strictest = |answers: &Vec<Heard>| answers.iter().map(|heard| heard.word).max();
            licenses.into_iter().min_by_key(strictest).unwrap_or_default()
        },
    );
    let mut reasons: Vec<Vec<Reason>> = vec![Vec::new(); acts.len()];
    for ((act, _), heard) in questions.iter().zip(answers) {
        let place = acts.iter().position(|one| one == act).unwrap_or_default();
        reasons[place].extend(heard.reasons.into_iter().filter(|reason| reason.word > Word::Allowed));
    }
    reasons.into_iter().map(Judgement::of).collect()
}

impl Judgement {
    /// What these reasons come to: the strictest word among them.
    pub fn of(reasons: impl IntoIterator<Item = Reason>) -> Self {
        let mut all: Vec<Reason> = Vec::new();
        for reason in reasons {
            if !all.contains(&reason) {
                all.push(reason);
            }
        }
        Self { word: all.iter().map(|reason| reason.word).max().unwrap_or(Word::Allowed), reasons: all }
    }

    /// The strictest of several, with the reasons of all.
    pub fn strictest(judgements: impl IntoIterator<Item = Self>) -> Self {
        Self::of(judgements.into_iter().flat_map(|judgement| judgement.reasons))
    }

    /// The reasons that make it as strict as it is.
    pub fn decisive(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.word == self.word)
    }
}

/// The terms that an act asks, the deciding ones first.
pub fn asked(act: Act) -> &'static [&'static str] {
    match act {
        Act::UseInternally => &["purpose"],
        Act::UseCommercially => &["commercial_use", "purpose", "attribution", "inform_before_distribution"],
        Act::Teach => &["purpose"],
        Act::PublishResults => &["purpose", "attribution", "publication_citation", "share_code"],
        Act::ReleaseWeights => &["share_derivative_models", "attribution"],
        Act::ReleaseDerivedData => &["derivatives", "redistribution", "share_alike", "attribution"],
        Act::ShareRaw => &["redistribution", "share_alike", "attribution"],
        Act::UseHostedAi => &["third_party_api"],
        Act::ClinicalUse => &["clinical_use"],
    }
}

/// The acts for which rules about single items of a dataset matter.
pub const ITEM_RULES: [Act; 5] =
    [Act::UseCommercially, Act::ReleaseWeights, Act::ReleaseDerivedData, Act::ShareRaw, Act::ClinicalUse];

/// What one part of an expression says about one term.
struct Heard {
    word: Word,
    /// The strictest, and all others that stand against the act: an exception from one text is
    /// none from the next.
    reasons: Vec<Reason>,
    /// Whether another part that speaks is heard instead.
    defers: bool,
}

impl Heard {
    fn of(id: Option<&str>, shelf: &Shelf, act: Act, term: &'static str) -> Self {
        let Some(id) = id else { return Self::nothing_stated(act, term) };
        let Some(license) = shelf.get(id) else {
            return Self::said(id, "license", "not on the shelf", Word::Unclear);
        };
        let value = value(license, term);
        let (word, term) = word(license, act, term, value);
        let beside = license.kind == LicenseKind::ProviderTerms && value == "per-item";
        Self { defers: beside || value == "not-stated", ..Self::said(id, term, self::value(license, term), word) }
    }

    /// Silence is no grant, and it asks for no duty.
    fn nothing_stated(act: Act, term: &str) -> Self {
        let is_first = asked(act).first() == Some(&term);
        if !is_first {
            return Self::silent();
        }
        Self::said("NOASSERTION", "license", "nothing is granted that we know of", Word::NotGranted)
    }

    fn said(license: &str, term: &str, value: &str, word: Word) -> Self {
        let reason = Reason { license: license.to_owned(), term: term.to_owned(), value: value.to_owned(), word };
        Self { word, reasons: vec![reason], defers: false }
    }

    fn silent() -> Self {
        Self { word: Word::Allowed, reasons: Vec::new(), defers: false }
    }

    /// What licences that hold together say, question by question.
    fn all_together(licenses: Vec<Vec<Self>>) -> Vec<Self> {
        let mut answers: Vec<Vec<Self>> = Vec::new();
        for license in licenses {
            for (place, heard) in license.into_iter().enumerate() {
                if answers.len() == place {
                    answers.push(Vec::new());
                }
                answers[place].push(heard);
            }
        }
        answers.into_iter().map(Self::together).collect()
    }

    /// The stricter of two, with what else stands against the act.
    fn beside(self, other: Self) -> Self {
        let (mut strict, lax) = if other.word > self.word { (other, self) } else { (self, other) };
        strict.reasons.extend(lax.reasons.into_iter().filter(|reason| reason.word > Word::AllowedWithDuty));
        strict
    }

    fn together(parts: Vec<Self>) -> Self {
        let is_decided = parts.iter().any(|part| !part.defers);
        let heard = parts.into_iter().filter(|part| !is_decided || !part.defers);
        heard.reduce(Self::beside).unwrap_or_else(Self::silent)
    }
}

/// What a licence says of a term, which may be one of the text's own.
fn value<'l>(license: &'l License, term: &str) -> &'l str {
    let own = || license.extra.iter().find(|(key, _)| key == term).map(|(_, term)| term.value.as_str());
    match license.terms.get(term) {
        Some(term) => &term.value,
        None if crate::licenses::terms::VOCABULARY.iter().any(|(key, _)| *key == term) => "unknown",
        None => own().unwrap_or("none"),
    }
}

/// What a term's value comes to for an act, and the term that decides it where it is another.
fn word(license: &License, act: Act, term: &'static str, value: &str) -> (Word, &'static str) {
    let says = |term: &str| license.terms.word(term);
    let grants = |value: &str| match value {
        "allowed" => Word::Allowed,
        "per-item" => Word::PerItem,
        "not-granted" => Word::NotGranted,
        "forbidden" => Word::Forbidden,
        // A copy for some is none for everybody.
        "licensees-only" | "team-only" | "ids-only" => Word::Forbidden,
        "nc-only" | "same-terms-same-host" | "conditional" => Word::AllowedWithDuty,
        _ => Word::Unclear,
    };
    let decided = match (act, term) {
        (_, "attribution" | "publication_citation" | "share_code" | "inform_before_distribution") => match value {
            "required" => Word::AllowedWithDuty,
            "per-item" => Word::AllowedWithDuty,
            _ => Word::Allowed,
        },
        (_, "share_alike") => match value {
            "adaptations" | "database" | "per-item" => Word::AllowedWithDuty,
            _ => Word::Allowed,
        },
        (_, "purpose") => for_purpose(license, act, value),
        // What of the data is left in what was made of them may not be handed on either.
        (Act::ReleaseDerivedData, "redistribution") => match grants(value) {
            Word::Forbidden | Word::NotGranted => Word::Unclear,
            word => word,
        },
        (Act::ReleaseWeights, "share_derivative_models") if matches!(value, "unknown" | "not-stated") => {
            // The text does not speak of models. One that leaves every use, copy and change free
            // leaves this one free too.
            let is_free =
                says("purpose") == "any" && says("derivatives") == "allowed" && says("redistribution") == "allowed";
            return if is_free { (Word::Allowed, "derivatives") } else { (Word::Unclear, term) };
        }
        (Act::ReleaseDerivedData, "derivatives") | (Act::ShareRaw, "redistribution")
            if value == "allowed" && is_noncommercial(license) =>
        {
            Word::AllowedWithDuty
        }
        // A service that gets the records has got a copy.
        (Act::UseHostedAi, _) if value == "not-stated" => match grants(says("redistribution")) {
            Word::Allowed | Word::AllowedWithDuty => Word::Allowed,
            Word::Forbidden if says("redistribution") == "forbidden" => return (Word::Forbidden, "redistribution"),
            Word::PerItem => Word::PerItem,
            _ => Word::Unclear,
        },
        (Act::ClinicalUse, _) if value == "not-stated" => match says("purpose") {
            "any" => Word::Allowed,
            "unknown" | "not-stated" => Word::Unclear,
            _ => return (Word::NotGranted, "purpose"),
        },
        _ => grants(value),
    };
    (decided, term)
}

/// Whether the act is within the purposes that a text grants.
fn for_purpose(license: &License, act: Act, purpose: &str) -> Word {
    match (act, purpose) {
        (_, "any") => Word::Allowed,
        (Act::UseCommercially, "noncommercial" | "competition+academic") => Word::Forbidden,
        (Act::UseCommercially, "research" | "research-education") => Word::Unclear,
        // What the text says of commercial use stands, whatever it says of purposes.
        (Act::UseCommercially, "unknown" | "not-stated") => Word::Allowed,
        (Act::UseCommercially | Act::UseInternally | Act::PublishResults, "biomedical-systems") => {
            Word::AllowedWithDuty
        }
        (Act::UseInternally | Act::PublishResults, "research" | "research-education") => Word::AllowedWithDuty,
        (Act::UseInternally | Act::PublishResults, "noncommercial" | "competition+academic") => Word::AllowedWithDuty,
        (Act::Teach, "research-education" | "noncommercial" | "competition+academic") => Word::AllowedWithDuty,
        // Each item's own licence grants it.
        (_, "unknown" | "not-stated") if license.kind == LicenseKind::PerItem => Word::PerItem,
        (_, _) => Word::Unclear,
    }
}

fn is_noncommercial(license: &License) -> bool {
    license.terms.word("commercial_use") == "forbidden" && license.terms.word("purpose") == "noncommercial"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, act: Act, word: Word, term: &str) {
        let judgement = judge(&Expression::parse(expression).unwrap(), &Shelf::embedded(), act);
        assert_eq!(judgement.word, word, "{act} under {expression}: {judgement:?}");
        let terms: Vec<&str> = judgement.decisive().map(|reason| reason.term.as_str()).collect();
        assert!(terms.contains(&term) || (term.is_empty() && terms.is_empty()), "{expression}: {terms:?}");
    }

    const MIMIC: &str = "LicenseRef-PhysioNet-Credentialed-Health-Data-License-1.5.0";
    const RSNA: &str = "LicenseRef-RSNA-Pneumonia-2018-Terms";
    const TCIA: &str = "CC-BY-3.0 AND LicenseRef-TCIA-Data-Usage-Policy";

    #[test]
    fn commercial_use_is_as_the_facts_sort_the_datasets() {
        check("LicenseRef-NIH-ChestXray14", Act::UseCommercially, Word::AllowedWithDuty, "attribution");
        check(TCIA, Act::UseCommercially, Word::AllowedWithDuty, "attribution");
        check("CC0-1.0", Act::UseCommercially, Word::Allowed, "");
        check(RSNA, Act::UseCommercially, Word::AllowedWithDuty, "attribution");
        check(
            "LicenseRef-UMLS-Metathesaurus",
            Act::UseCommercially,
            Word::AllowedWithDuty,
            "inform_before_distribution",
        );
        check("LicenseRef-ISIC-Per-Image", Act::UseCommercially, Word::PerItem, "commercial_use");
        check("LicenseRef-Stanford-CheXpert-RUA", Act::UseCommercially, Word::Forbidden, "commercial_use");
        check("CC-BY-NC-SA-4.0", Act::UseCommercially, Word::Forbidden, "purpose");
        check(MIMIC, Act::UseCommercially, Word::Unclear, "commercial_use");
        check("NOASSERTION", Act::UseCommercially, Word::NotGranted, "license");
        check("LicenseRef-OpenPath-TweetIDs", Act::UseCommercially, Word::NotGranted, "commercial_use");
    }

    #[test]
    fn models_and_derived_data_follow_their_own_terms() {
        check(RSNA, Act::ReleaseWeights, Word::AllowedWithDuty, "attribution"); // does not speak of models
        check("LicenseRef-Stanford-CheXpert-RUA", Act::ReleaseWeights, Word::Unclear, "share_derivative_models");
        check(MIMIC, Act::ReleaseWeights, Word::AllowedWithDuty, "share_derivative_models");
        check("CC-BY-NC-4.0", Act::ReleaseWeights, Word::AllowedWithDuty, "share_derivative_models");
        check("LicenseRef-Stanford-CheXpert-RUA", Act::ReleaseDerivedData, Word::Forbidden, "derivatives");
        check("CC-BY-SA-4.0", Act::ReleaseDerivedData, Word::AllowedWithDuty, "share_alike");
        check("CC-BY-ND-4.0", Act::ReleaseDerivedData, Word::Forbidden, "derivatives");
        let kaggle = "LicenseRef-Kaggle-Competition-Rules-rsna-pneumonia-2018";
        check(kaggle, Act::ReleaseDerivedData, Word::Unclear, "redistribution");
        check(kaggle, Act::ShareRaw, Word::Forbidden, "redistribution");
        check("LicenseRef-UMLS-Metathesaurus", Act::ShareRaw, Word::Forbidden, "redistribution");
    }

    #[test]
    fn hosted_services_and_care_take_silence_by_what_stands_beside_it() {
        check("CC-BY-4.0", Act::UseHostedAi, Word::Allowed, "");
        check("LicenseRef-Stanford-CheXpert-RUA", Act::UseHostedAi, Word::Forbidden, "redistribution");
        check(MIMIC, Act::UseHostedAi, Word::AllowedWithDuty, "third_party_api");
        check("LicenseRef-Stanford-CheXpert-RUA", Act::ClinicalUse, Word::Forbidden, "clinical_use");
        check(MIMIC, Act::ClinicalUse, Word::NotGranted, "purpose");
        check("CC0-1.0", Act::ClinicalUse, Word::Allowed, "");
    }

    #[test]
    fn a_choice_takes_the_freer_and_a_missing_licence_is_unclear() {
        check("CC-BY-NC-4.0 OR CC0-1.0", Act::UseCommercially, Word::Allowed, "");
        let kaggle = "LicenseRef-Kaggle-Competition-Rules-aptos2019";
        check(&format!("CC-BY-ND-4.0 OR {kaggle}"), Act::ReleaseDerivedData, Word::Unclear, "redistribution");
        check(&format!("{kaggle} OR NOASSERTION"), Act::ReleaseDerivedData, Word::Unclear, "redistribution");
        check("CC-BY-SA-4.0 OR NOASSERTION", Act::ShareRaw, Word::AllowedWithDuty, "share_alike");
        let either = Expression::parse("CC-BY-ND-4.0 OR CC-BY-NC-4.0").unwrap();
        let acts = [Act::UseCommercially, Act::ReleaseDerivedData];
        let words = judge_together(&either, &Shelf::embedded(), &acts).into_iter().map(|one| one.word);
        assert_eq!(words.max(), Some(Word::Forbidden), "neither licence allows both");
        check("CC-BY-4.0 AND NOASSERTION", Act::ShareRaw, Word::NotGranted, "license");
        check("CC-BY-4.0 AND LicenseRef-lost", Act::ShareRaw, Word::Unclear, "license");
        check("LicenseRef-TCIA-Data-Usage-Policy", Act::UseCommercially, Word::PerItem, "commercial_use");
    }
}
