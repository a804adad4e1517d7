//! Every finding there is.
//!
//! Codes are stable: scripts, policies and reports of years name them. `docs/findings.md` has a
//! section for each; a test holds both together.

use std::fmt;

use serde::{Serialize, Serializer};

use super::finding::Severity;

/// The kind of a finding, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A term of the dataset forbids what is planned, and no more specific code names it.
    UseForbidden,
    /// The terms forbid commercial use.
    CommercialForbidden,
    /// Weights trained on the dataset may be shared for non-commercial use only, and commercial use is planned too.
    NcInCommercial,
    /// The terms grant certain purposes only, and the planned act is not within them.
    PurposeMismatch,
    /// The terms forbid modified or derived data, or their release.
    DerivativeForbidden,
    /// The terms forbid it, or allow it among licensees or team members only.
    RedistributionForbidden,
    /// The terms forbid it, or forbid any copy to others, which such a service gets.
    ThirdPartyApiForbidden,
    /// The terms forbid use in the care of patients, or grant other purposes only.
    ClinicalUseForbidden,
    /// There is no licence for the dataset or a part of it. Silence is not permission.
    NoLicence,
    /// The text is silent or unclear about the act, or nobody read it. Unknown is never permission.
    TermsUnknown,
    /// The text does not speak of trained models, or what it says can be read both ways.
    ModelReleaseUnclear,
    /// Each item has its own licence and the items that are here were not counted, or a part narrows what the whole allows.
    PerItemLicenceUnread,
    /// A named part of the dataset, such as its images, has terms of its own that do not allow the act.
    PartTerms,
    /// What is made of one dataset must go back to its host under its agreement, and another dataset of the project does not allow or does not fit that.
    SameHostConflict,
    /// Adapted material of two datasets would have to carry two different licences at once.
    ShareAlikeConflict,
    /// A step that the dataset asks for has no acceptance or grant in the ledger.
    NotAccepted,
    /// Another text of the same agreement was seen later than the one that was accepted.
    AcceptanceStale,
    /// The acceptance in the ledger is for another release of the dataset.
    AcceptanceOtherVersion,
    /// The agreement is personal and this person has not accepted it.
    AcceptanceOtherPerson,
    /// A certificate that the terms ask for has run out.
    TrainingExpired,
    /// A certificate that the terms ask for runs out within 60 days.
    TrainingExpiring,
    /// A report or renewal was due before today.
    DutyOverdue,
    /// A report or renewal is due within 60 days.
    DutyDue,
    /// Files that may not be handed on are in the index of a git repository, which is made to be pushed.
    RedistributionForbiddenButTracked,
    /// A link with a signature opens the data to whoever reads the file.
    LinkShared,
    /// The folder of a dataset with an agreement is open to other users.
    WorldReadable,
    /// An entry was altered, removed or reordered; what it says cannot be relied on.
    LedgerBroken,
    /// An extract of another person's ledger is whole in itself, but nothing noted elsewhere confirms it.
    LedgerUnvouched,
    /// The receipt cannot be read, so that nothing is known of what is here.
    RecordsDamaged,
    /// The dataset names a licence that is not on the shelf; its terms are unknown.
    LicenceMissing,
    /// There are no records in the folder; what it holds and under which terms is unknown.
    UnseenFolder,
    /// The dataset came by a reference; its licence is what the host states, and nobody who keeps the catalogue read it.
    OutsideCatalogue,
    /// The receipt of a copy names terms that are laxer than those the catalogue has for the source it came by: they have changed, or the record was.
    TermsDiffer,
    /// The licence is what a mirror or uploader states, which cannot widen the owner's terms.
    MirrorRelabel,
    /// The same release is handed out by another source under other terms; those of the route that was used hold.
    ChannelConflict,
    /// Two datasets of the project hold the same images or patients: beware of leakage between splits, and of linking that breaks a promise not to re-identify.
    Overlap,
    /// The dataset is made from another one whose terms still hold.
    InheritedTerms,
    /// The terms ask for credit, and the entry has neither a citation nor an acknowledgement.
    AttributionMissing,
    /// The terms ask for a citation in publications, and the entry has none.
    CitationMissing,
    /// Files were pinned on first use: no digest of the publisher vouches for them.
    ChecksumMissing,
    /// Files were taken in spite of another digest in the catalogue, with a reason.
    ChecksumMismatch,
    /// The project names the dataset and it is not on disk; its terms are judged from the catalogue.
    NotFetched,
    /// The term that decides was read in a secondary source or from memory.
    FactUncertain,
    /// The end date of an exception lies in the past; it has no effect.
    ExceptionExpired,
    /// An exception names the digest of a text that is not the accepted one; it has no effect.
    ExceptionStale,
    /// No term of a dataset in the project needs it; a forgotten exception is a hole.
    PolicyUnused,
}

/// What there is to know of a code.
struct Row {
    code: Code,
    name: &'static str,
    severity: Severity,
    /// Whether it says that a planned act is not allowed. The policy's way round such a finding
    /// is an exception with a reason, a person and an end date, not another severity.
    denies: bool,
    title: &'static str,
    meaning: &'static str,
}

impl Code {
    /// All of them, in the order of reports.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.code)
    }

    /// The code of this name.
    pub fn parse(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.name == name).map(|row| row.code)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// How bad such a finding usually is.
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// Whether it says that a planned act is not allowed.
    pub fn denies(self) -> bool {
        self.row().denies
    }

    /// Whether it says that something is not known.
    pub fn is_unknown(self) -> bool {
        matches!(
            self,
            Self::TermsUnknown
                | Self::ModelReleaseUnclear
                | Self::PerItemLicenceUnread
                | Self::LicenceMissing
                | Self::UnseenFolder
                | Self::RecordsDamaged
                | Self::OutsideCatalogue
        )
    }

    /// One line.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What it means, in one or two sentences.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

const fn row(
    code: Code,
    name: &'static str,
    severity: Severity,
    denies: bool,
    title: &'static str,
    meaning: &'static str,
) -> Row {
    Row { code, name, severity, denies, title, meaning }
}

const ROWS: [Row; 46] = [
    row(
        Code::UseForbidden,
        "use-forbidden",
        Severity::Error,
        true,
        "The terms forbid a planned act",
        "A term of the dataset forbids what is planned, and no more specific code names it.",
    ),
    row(
        Code::CommercialForbidden,
        "commercial-forbidden",
        Severity::Error,
        true,
        "Commercial use is forbidden",
        "The terms forbid commercial use.",
    ),
    row(
        Code::NcInCommercial,
        "nc-in-commercial",
        Severity::Error,
        true,
        "A model for non-commercial use in a commercial project",
        "Weights trained on the dataset may be shared for non-commercial use only, and commercial use is planned too.",
    ),
    row(
        Code::PurposeMismatch,
        "purpose-mismatch",
        Severity::Error,
        true,
        "The act is outside the granted purposes",
        "The terms grant certain purposes only, and the planned act is not within them.",
    ),
    row(
        Code::DerivativeForbidden,
        "derivative-forbidden",
        Severity::Error,
        true,
        "Derived data may not be released",
        "The terms forbid modified or derived data, or their release.",
    ),
    row(
        Code::RedistributionForbidden,
        "redistribution-forbidden",
        Severity::Error,
        true,
        "The data may not be handed on",
        "The terms forbid it, or allow it among licensees or team members only.",
    ),
    row(
        Code::ThirdPartyApiForbidden,
        "third-party-api-forbidden",
        Severity::Error,
        true,
        "Records may not go to a hosted service",
        "The terms forbid it, or forbid any copy to others, which such a service gets.",
    ),
    row(
        Code::ClinicalUseForbidden,
        "clinical-use-forbidden",
        Severity::Error,
        true,
        "Use in care is forbidden or not granted",
        "The terms forbid use in the care of patients, or grant other purposes only.",
    ),
    row(
        Code::NoLicence,
        "no-licence",
        Severity::Error,
        true,
        "Nobody granted anything",
        "There is no licence for the dataset or a part of it. Silence is not permission.",
    ),
    row(
        Code::TermsUnknown,
        "terms-unknown",
        Severity::Error,
        true,
        "The terms do not tell",
        "The text is silent or unclear about the act, or nobody read it. Unknown is never permission.",
    ),
    row(
        Code::ModelReleaseUnclear,
        "model-release-unclear",
        Severity::Error,
        true,
        "It is unclear whether weights may be released",
        "The text does not speak of trained models, or what it says can be read both ways.",
    ),
    row(
        Code::PerItemLicenceUnread,
        "per-item-licence-unread",
        Severity::Error,
        true,
        "Items carry licences that were not read",
        "Each item has its own licence and the items that are here were not counted, or a part narrows what the whole allows.",
    ),
    row(
        Code::PartTerms,
        "part-terms",
        Severity::Error,
        true,
        "A part carries stricter terms",
        "A named part of the dataset, such as its images, has terms of its own that do not allow the act.",
    ),
    row(
        Code::SameHostConflict,
        "same-host-conflict",
        Severity::Error,
        true,
        "Terms that one release cannot satisfy",
        "What is made of one dataset must go back to its host under its agreement, and another dataset of the project does not allow or does not fit that.",
    ),
    row(
        Code::ShareAlikeConflict,
        "share-alike-conflict",
        Severity::Error,
        true,
        "Share-alike terms that exclude each other",
        "Adapted material of two datasets would have to carry two different licences at once.",
    ),
    row(
        Code::NotAccepted,
        "not-accepted",
        Severity::Error,
        false,
        "The terms are not accepted",
        "A step that the dataset asks for has no acceptance or grant in the ledger.",
    ),
    row(
        Code::AcceptanceStale,
        "acceptance-stale",
        Severity::Error,
        false,
        "The text has changed since it was accepted",
        "Another text of the same agreement was seen later than the one that was accepted.",
    ),
    row(
        Code::AcceptanceOtherVersion,
        "acceptance-other-version",
        Severity::Error,
        false,
        "Accepted for another release",
        "The acceptance in the ledger is for another release of the dataset.",
    ),
    row(
        Code::AcceptanceOtherPerson,
        "acceptance-other-person",
        Severity::Error,
        false,
        "Accepted by another person only",
        "The agreement is personal and this person has not accepted it.",
    ),
    row(
        Code::TrainingExpired,
        "training-expired",
        Severity::Error,
        false,
        "A training has lapsed",
        "A certificate that the terms ask for has run out.",
    ),
    row(
        Code::TrainingExpiring,
        "training-expiring",
        Severity::Warning,
        false,
        "A training lapses soon",
        "A certificate that the terms ask for runs out within 60 days.",
    ),
    row(
        Code::DutyOverdue,
        "duty-overdue",
        Severity::Error,
        false,
        "A duty is overdue",
        "A report or renewal was due before today.",
    ),
    row(
        Code::DutyDue,
        "duty-due",
        Severity::Warning,
        false,
        "A duty is due soon",
        "A report or renewal is due within 60 days.",
    ),
    row(
        Code::RedistributionForbiddenButTracked,
        "redistribution-forbidden-but-tracked",
        Severity::Error,
        false,
        "Restricted files are tracked by git",
        "Files that may not be handed on are in the index of a git repository, which is made to be pushed.",
    ),
    row(
        Code::LinkShared,
        "link-shared",
        Severity::Error,
        false,
        "A signed link stands in a tracked file",
        "A link with a signature opens the data to whoever reads the file.",
    ),
    row(
        Code::WorldReadable,
        "world-readable",
        Severity::Warning,
        false,
        "Everybody on this machine can read restricted data",
        "The folder of a dataset with an agreement is open to other users.",
    ),
    row(
        Code::LedgerBroken,
        "ledger-broken",
        Severity::Error,
        false,
        "The ledger does not hold together",
        "An entry was altered, removed or reordered; what it says cannot be relied on.",
    ),
    row(
        Code::LedgerUnvouched,
        "ledger-unvouched",
        Severity::Note,
        false,
        "An extract that no noted head vouches for",
        "An extract of another person's ledger is whole in itself, but nothing noted elsewhere confirms it.",
    ),
    row(
        Code::RecordsDamaged,
        "records-damaged",
        Severity::Error,
        false,
        "The records of a dataset are damaged",
        "The receipt cannot be read, so that nothing is known of what is here.",
    ),
    row(
        Code::LicenceMissing,
        "licence-missing",
        Severity::Error,
        false,
        "A licence has no file",
        "The dataset names a licence that is not on the shelf; its terms are unknown.",
    ),
    row(
        Code::UnseenFolder,
        "unseen-folder",
        Severity::Error,
        false,
        "A folder that medsets never saw",
        "There are no records in the folder; what it holds and under which terms is unknown.",
    ),
    row(
        Code::OutsideCatalogue,
        "outside-catalogue",
        Severity::Note,
        false,
        "Not in the catalogue",
        "The dataset came by a reference; its licence is what the host states, and nobody who keeps the catalogue read it.",
    ),
    row(
        Code::TermsDiffer,
        "terms-differ",
        Severity::Error,
        false,
        "Laxer terms in the record than in the catalogue",
        "The receipt of a copy names terms that are laxer than those the catalogue has for the source it came by: they have changed, or the record was.",
    ),
    row(
        Code::MirrorRelabel,
        "mirror-relabel",
        Severity::Warning,
        false,
        "A licence by somebody who is not the owner",
        "The licence is what a mirror or uploader states, which cannot widen the owner's terms.",
    ),
    row(
        Code::ChannelConflict,
        "channel-conflict",
        Severity::Warning,
        false,
        "Other terms by another route",
        "The same release is handed out by another source under other terms; those of the route that was used hold.",
    ),
    row(
        Code::Overlap,
        "overlap",
        Severity::Note,
        false,
        "Datasets share material",
        "Two datasets of the project hold the same images or patients: beware of leakage between splits, and of linking that breaks a promise not to re-identify.",
    ),
    row(
        Code::InheritedTerms,
        "inherited-terms",
        Severity::Warning,
        false,
        "Terms come down from another dataset",
        "The dataset is made from another one whose terms still hold.",
    ),
    row(
        Code::AttributionMissing,
        "attribution-missing",
        Severity::Warning,
        false,
        "Credit is due and the credit line is not known",
        "The terms ask for credit, and the entry has neither a citation nor an acknowledgement.",
    ),
    row(
        Code::CitationMissing,
        "citation-missing",
        Severity::Warning,
        false,
        "A citation is due and none is known",
        "The terms ask for a citation in publications, and the entry has none.",
    ),
    row(
        Code::ChecksumMissing,
        "checksum-missing",
        Severity::Warning,
        false,
        "Bytes that nothing published proves",
        "Files were pinned on first use: no digest of the publisher vouches for them.",
    ),
    row(
        Code::ChecksumMismatch,
        "checksum-mismatch",
        Severity::Error,
        false,
        "Other bytes than the published ones",
        "Files were taken in spite of another digest in the catalogue, with a reason.",
    ),
    row(
        Code::NotFetched,
        "not-fetched",
        Severity::Note,
        false,
        "Not here yet",
        "The project names the dataset and it is not on disk; its terms are judged from the catalogue.",
    ),
    row(
        Code::FactUncertain,
        "fact-uncertain",
        Severity::Note,
        false,
        "A deciding fact is not sure",
        "The term that decides was read in a secondary source or from memory.",
    ),
    row(
        Code::ExceptionExpired,
        "exception-expired",
        Severity::Error,
        false,
        "An exception has ended",
        "The end date of an exception lies in the past; it has no effect.",
    ),
    row(
        Code::ExceptionStale,
        "exception-stale",
        Severity::Error,
        false,
        "An exception for another text",
        "An exception names the digest of a text that is not the accepted one; it has no effect.",
    ),
    row(
        Code::PolicyUnused,
        "policy-unused",
        Severity::Warning,
        false,
        "An exception that nothing needs",
        "No term of a dataset in the project needs it; a forgotten exception is a hole.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_at_its_own_code_and_names_are_read_back() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.code as usize, index, "{}", row.name);
            assert_eq!(Code::parse(row.name), Some(row.code));
        }
        assert_eq!(Code::parse("nothing"), None);
    }

    #[test]
    fn the_page_of_findings_has_a_section_for_each_code_and_no_other() {
        let page = include_str!("../../docs/findings.md");
        let sections: Vec<&str> = page.split("\n## `").skip(1).collect();
        let names: Vec<&str> = sections.iter().map(|section| section.split('`').next().unwrap_or_default()).collect();
        let codes: Vec<&str> = Code::all().map(Code::as_str).collect();
        assert_eq!(names, codes);
        for (code, section) in Code::all().zip(sections) {
            let denies = if code.denies() { ", denies" } else { "" };
            let head = format!("**{}** ({}{denies}). {}\n", code.title(), code.severity().as_str(), code.meaning());
            assert!(section.contains(&head), "`{code}` needs `{head}`");
            for part in ["\nExample: ", "\nWhat to do: "] {
                assert!(section.contains(part), "`{code}` has no `{part}`");
            }
        }
    }
}
