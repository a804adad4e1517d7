//! What is known when an audit is made.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::access::{HostAnswer, Step};
use crate::agreements::{Entry, Person};
use crate::catalog::Selection;
use crate::layout::Receipt;
use crate::policy::{Place, Policy};
use crate::project::Manifest;
use crate::values::{ByteSize, DatasetId, Digest};

/// Everything that an audit rests on.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The moment.
    pub now: Timestamp,
    /// Version of the program.
    pub tool: String,
    /// Digest of the catalogue.
    pub catalog: Option<Digest>,
    /// The project, where there is one.
    pub project: Option<Manifest>,
    /// Planned acts and exceptions.
    pub policy: Policy,
    /// The datasets.
    pub subjects: Vec<SubjectFacts>,
    /// Who accepted what, one per ledger or extract that was read.
    pub ledgers: Vec<Ledger>,
    /// What was seen around the copies.
    pub guards: Vec<Guard>,
}

/// What is known of a dataset.
#[derive(Debug, Clone)]
pub struct SubjectFacts {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    pub variant: Option<String>,
    /// The entry, where the catalogue or the copy has one.
    pub selection: Option<Selection>,
    /// The channel that was used, or would be.
    pub channel: Option<String>,
    /// The receipt of the copy, where one is here and can be read.
    pub receipt: Option<Receipt>,
    /// Files under terms of their own, by expression.
    pub items: Vec<ItemCount>,
    /// What the entry asks a person for.
    pub steps: Vec<Step>,
    /// What hosts said about them, by the step's id, to the person whose ledger is the first.
    pub answers: BTreeMap<String, HostAnswer>,
    /// Datasets that it is made from and the catalogue knows: name and licence.
    pub parents: Vec<(String, String)>,
    /// Where the project names it.
    pub place: Option<Place>,
    /// The folder of the copy, as it is shown.
    pub folder: Option<String>,
    /// What is wrong with its records.
    pub fault: Option<String>,
    /// How many of its files were taken in the place of other bytes by somebody's word, though neither the
    /// catalogue nor the host publishes a digest of them.
    pub taken_unpublished: u64,
    /// Where the catalogue knows the dataset but not this release of it: a release that it knows,
    /// and the licence of that.
    pub known_release: Option<(String, String)>,
}

/// Files of a copy that carry the same terms.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ItemCount {
    /// Licence expression.
    pub license: String,
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
}

/// A ledger, or an extract of one, as one person's statements.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Where it was read, as it is shown.
    pub from: String,
    /// Whose it is; those who appear in it where nobody is named.
    pub person: Option<Person>,
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// What is wrong with it.
    pub faults: Vec<String>,
    /// Whether it is an extract that no noted head vouches for.
    pub is_unvouched: bool,
}

/// Something that was seen around the copies of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Files of a dataset are in the index of a git repository.
    Tracked {
        /// The dataset, by its full name.
        dataset: String,
        /// One of them.
        example: String,
        /// How many.
        files: u64,
    },
    /// A tracked file holds a link with a signature.
    SignedLink {
        /// Where.
        place: Place,
        /// The host it opens.
        host: String,
    },
    /// Others may read a dataset's folder.
    WorldReadable {
        /// The dataset, by its full name.
        dataset: String,
        /// The folder, as it is shown.
        folder: String,
        /// Its mode, such as `0755`.
        mode: String,
    },
    /// A folder without records.
    Unseen {
        /// The folder, as it is shown.
        folder: String,
        /// How many files are directly or deeper in it, up to a limit.
        files: u64,
    },
    /// A dataset that whoever audits may not look at, or whose records a later medsets wrote.
    Closed {
        /// Its folder, or that of all of one id.
        folder: String,
        /// Why.
        reason: String,
        /// What to do about it, where that is known.
        help: Option<String>,
    },
    /// Something that could not be looked at, and why.
    NotChecked {
        /// As a sentence.
        message: String,
    },
}

impl SubjectFacts {
    /// Its name in full.
    pub fn name(&self) -> String {
        crate::values::DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }

    /// The expression of the whole: the receipt's, else the entry's for the channel.
    pub fn license(&self) -> &str {
        let entry = || self.selection.as_ref().map(|selection| selection.license(self.channel.as_deref()));
        let receipt = self.receipt.as_ref().map(|receipt| receipt.license.expression.as_str());
        receipt.or_else(entry).unwrap_or("NOASSERTION")
    }

    /// Whether any text has to be accepted for it, so that it is for those who did.
    pub fn is_restricted(&self) -> bool {
        use crate::access::StepKind;
        self.steps.iter().any(|step| !matches!(step.kind, StepKind::Account | StepKind::Fee | StepKind::Manual))
    }
}
