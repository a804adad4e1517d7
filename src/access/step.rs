//! One thing a person must do before a dataset may be touched.

use jiff::SignedDuration;
use serde::Serialize;

use crate::values::SafeUrl;

/// A step, as the catalogue states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What kind of thing it is.
    pub kind: StepKind,
    /// Unique in the dataset's entry.
    pub id: String,
    /// One line, imperative.
    pub title: String,
    /// Where it is done.
    pub page: Option<SafeUrl>,
    /// For accounts: the provider whose stored credential shows that there is one. `None` for
    /// an account that only a browser can use.
    pub provider: Option<String>,
    /// For agreements: the licence whose text is accepted.
    pub license: Option<String>,
    /// For agreements: what a changed text does.
    pub on_change: OnChange,
    /// For training and approvals: how long they hold where the evidence does not say.
    pub valid_for: Option<SignedDuration>,
    /// How long it usually takes, in the catalogue's words.
    pub usual_wait: Option<String>,
    /// What it costs, with the currency.
    pub fee: Option<String>,
    /// One or two sentences more.
    pub note: Option<String>,
}

/// What kind of thing a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// An account with a host.
    Account,
    /// A text that the person accepts.
    Agreement,
    /// A course with a certificate.
    Training,
    /// An application that a committee decides.
    Application,
    /// A permission by somebody: an ethics board, an institution.
    Approval,
    /// A payment.
    Fee,
    /// Something that only a person can do, after which the files are imported.
    Manual,
}

/// What a changed text does to its acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// It must be read and accepted again: click-through agreements, signed and credentialed
    /// data use agreements, competition rules.
    Blocks,
    /// The person is told: public licences and providers' terms.
    Warns,
}

/// What the person wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Have the program download the files.
    Fetch,
    /// Take in files that the person got by hand.
    Import,
    /// Give files that are here to others who may have them: in a bundle, or by a mirror.
    HandOn,
}

/// How a dataset is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distribution {
    /// A program may fetch it.
    Program,
    /// A person downloads it, then imports it.
    ByHand {
        /// What the person does, in the catalogue's words.
        instead: Option<String>,
    },
    /// Nobody distributes it.
    None {
        /// Why.
        reason: Option<String>,
        /// What a person can do.
        instead: Option<String>,
    },
}

impl StepKind {
    /// The word in the catalogue and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Agreement => "agreement",
            Self::Training => "training",
            Self::Application => "application",
            Self::Approval => "approval",
            Self::Fee => "fee",
            Self::Manual => "manual",
        }
    }
}

impl Step {
    /// A step with what every one has; the rest is filled in by name.
    pub fn new(kind: StepKind, id: &str, title: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            title: title.to_owned(),
            page: None,
            provider: None,
            license: None,
            on_change: OnChange::Blocks,
            valid_for: None,
            usual_wait: None,
            fee: None,
            note: None,
        }
    }

    /// Whether the step must be met for a purpose. Whoever has the files needs no account, has
    /// paid, and has done what had to be done by hand; agreements and permissions still count.
    pub fn is_needed_for(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Fetch => true,
            Purpose::Import | Purpose::HandOn => {
                !matches!(self.kind, StepKind::Account | StepKind::Fee | StepKind::Manual)
            }
        }
    }
}
