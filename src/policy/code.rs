//! Every finding there is.
//!
//! Codes are stable: scripts, policies and reports of years name them. `docs/findings.md` has a
//! section for each; a test holds both together.

use std::fmt;

use serde::{Serialize, Serializer};

use super::finding::Severity;

/// Makes the codes and what there is to know of them out of one list. The comment of each is its
/// meaning.
macro_rules! codes {
    ($(#[doc = $meaning:literal] $code:ident = $name:literal, $severity:ident $($denies:ident)?, $title:literal;)*) => {
        /// The kind of a finding, in the order of reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        const ROWS: &[Row] = &[$(Row {
            code: Code::$code,
            name: $name,
            severity: Severity::$severity,
            denies: { let said: &[&str] = &[$(stringify!($denies))?]; !said.is_empty() },
            title: $title,
            meaning: $meaning.trim_ascii_start(),
        }),*];
    };
}

codes! {
    /// The terms forbid commercial use.
    CommercialForbidden = "commercial-forbidden", Error denies, "Commercial use is forbidden";
    /// Weights trained on the dataset may be shared for non-commercial use only, and commercial use is planned too.
    NcInCommercial = "nc-in-commercial", Error denies, "A model for non-commercial use in a commercial project";
    /// The terms grant certain purposes only, and the planned act is not within them.
    PurposeMismatch = "purpose-mismatch", Error denies, "The act is outside the granted purposes";
    /// The terms forbid modified or derived data, or their release.
    DerivativeForbidden = "derivative-forbidden", Error denies, "Derived data may not be released";
    /// The terms forbid it, or allow it among licensees or team members only.
    RedistributionForbidden = "redistribution-forbidden", Error denies, "The data may not be handed on";
    /// The terms forbid it, or forbid any copy to others, which such a service gets.
    ThirdPartyApiForbidden = "third-party-api-forbidden", Error denies, "Records may not go to a hosted service";
    /// The terms forbid use in the care of patients, or grant other purposes only.
    ClinicalUseForbidden = "clinical-use-forbidden", Error denies, "Use in care is forbidden or not granted";
    /// There is no licence for the dataset or a part of it. Silence is not permission.
    NoLicence = "no-licence", Error denies, "Nobody granted anything";
    /// The text is silent or unclear about the act, or nobody read it. Unknown is never permission.
    TermsUnknown = "terms-unknown", Error denies, "The terms do not tell";
    /// The text does not speak of trained models, or what it says can be read both ways.
    ModelReleaseUnclear = "model-release-unclear", Error denies, "It is unclear whether weights may be released";
    /// Each item has its own licence and the items that are here were not counted, or a part narrows what the whole allows.
    PerItemLicenceUnread = "per-item-licence-unread", Error denies, "Items carry licences that were not read";
    /// A named part of the dataset, such as its images, has terms of its own that do not allow the act.
    PartTerms = "part-terms", Error denies, "A part carries stricter terms";
    /// What is made of one dataset must go back to its host under its agreement, and another dataset of the project does not allow or does not fit that.
    SameHostConflict = "same-host-conflict", Error denies, "Terms that one release cannot satisfy";
    /// Adapted material of two datasets would have to carry two different licences at once.
    ShareAlikeConflict = "share-alike-conflict", Error denies, "Share-alike terms that exclude each other";
    /// A step that the dataset asks for has no acceptance or grant in the ledger.
    NotAccepted = "not-accepted", Error, "The terms are not accepted";
    /// Another text of the same agreement was seen later than the one that was accepted.
    AcceptanceStale = "acceptance-stale", Error, "The text has changed since it was accepted";
    /// The acceptance in the ledger is for another release of the dataset.
    AcceptanceOtherVersion = "acceptance-other-version", Error, "Accepted for another release";
    /// The agreement is personal and this person has not accepted it.
    AcceptanceOtherPerson = "acceptance-other-person", Error, "Accepted by another person only";
    /// A certificate that the terms ask for has run out.
    TrainingExpired = "training-expired", Error, "A training has lapsed";
    /// A certificate that the terms ask for runs out within 60 days.
    TrainingExpiring = "training-expiring", Warning, "A training lapses soon";
    /// A report or renewal was due before today.
    DutyOverdue = "duty-overdue", Error, "A duty is overdue";
    /// A report or renewal is due within 60 days.
    DutyDue = "duty-due", Warning, "A duty is due soon";
    /// Files that may not be handed on are in the index of a git repository, which is made to be pushed.
    RedistributionForbiddenButTracked = "redistribution-forbidden-but-tracked", Error, "Restricted files are tracked by git";
    /// A link with a signature opens the data to whoever reads the file.
    LinkShared = "link-shared", Error, "A signed link stands in a tracked file";
    /// The folder of a dataset with an agreement is open to other users.
    WorldReadable = "world-readable", Warning, "Everybody on this machine can read restricted data";
    /// An entry was altered, removed or reordered; what it says cannot be relied on.
    LedgerBroken = "ledger-broken", Error, "The ledger does not hold together";
    /// An extract of another person's ledger is whole in itself, but nothing noted elsewhere confirms it.
    LedgerUnvouched = "ledger-unvouched", Note, "An extract that no noted head vouches for";
    /// The receipt cannot be read, so that nothing is known of what is here.
    RecordsDamaged = "records-damaged", Error, "The records of a dataset are damaged";
    /// The dataset names a licence that is not on the shelf; its terms are unknown.
    LicenceMissing = "licence-missing", Error, "A licence has no file";
    /// What stands as the licence of a dataset is no licence expression, so that nobody can tell its terms.
    LicenceUnreadable = "licence-unreadable", Error, "A licence that cannot be read";
    /// There are no records in the folder; what it holds and under which terms is unknown.
    UnseenFolder = "unseen-folder", Error, "A folder that medsets never saw";
    /// Whoever audits may not look at the dataset, so that it was passed over; what it is and under which terms is unknown.
    ClosedFolder = "closed-folder", Warning, "A dataset that could not be looked at";
    /// The dataset or its release is not in the catalogue; its licence is what the host or the record states, and nobody who keeps the catalogue read it.
    OutsideCatalogue = "outside-catalogue", Note, "Not in the catalogue";
    /// The receipt of a copy names terms that are laxer than those the catalogue has for the source it came by: they have changed, or the record was.
    TermsDiffer = "terms-differ", Error, "Laxer terms in the record than in the catalogue";
    /// The licence is what a mirror or uploader states, which cannot widen the owner's terms.
    MirrorRelabel = "mirror-relabel", Warning, "A licence by somebody who is not the owner";
    /// The same release is handed out by another source under other terms; those of the route that was used hold.
    ChannelConflict = "channel-conflict", Warning, "Other terms by another route";
    /// Two datasets of the project hold the same images or patients: beware of leakage between splits, and of linking that breaks a promise not to re-identify.
    Overlap = "overlap", Note, "Datasets share material";
    /// The dataset is made from another one whose terms still hold.
    InheritedTerms = "inherited-terms", Warning, "Terms come down from another dataset";
    /// The terms ask for credit, and the entry has neither a citation nor an acknowledgement.
    AttributionMissing = "attribution-missing", Warning, "Credit is due and the credit line is not known";
    /// The terms ask for a citation in publications, and the entry has none.
    CitationMissing = "citation-missing", Warning, "A citation is due and none is known";
    /// Files were pinned on first use: no digest of the publisher vouches for them.
    ChecksumMissing = "checksum-missing", Warning, "Bytes that nothing published proves";
    /// Files were taken in spite of another digest in the catalogue, with a reason.
    ChecksumMismatch = "checksum-mismatch", Error, "Other bytes than the published ones";
    /// The project names the dataset and it is not on disk; its terms are judged from the catalogue.
    NotFetched = "not-fetched", Note, "Not here yet";
    /// The term that decides was read in a secondary source or from memory.
    FactUncertain = "fact-uncertain", Note, "A deciding fact is not sure";
    /// The end date of an exception lies in the past; it has no effect.
    ExceptionExpired = "exception-expired", Error, "An exception has ended";
    /// An exception names the digest of another text than the accepted one of the licence that the term rests on; it has no effect.
    ExceptionStale = "exception-stale", Error, "An exception for another text";
    /// The text that a term rests on is known, and the exception does not name its digest: it would outlive a change of the text.
    ExceptionUnpinned = "exception-unpinned", Warning, "An exception that is tied to no text";
    /// No term of a dataset in the project needs it; a forgotten exception is a hole.
    PolicyUnused = "policy-unused", Warning, "An exception that nothing needs";
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
                | Self::LicenceUnreadable
                | Self::UnseenFolder
                | Self::ClosedFolder
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
