//! `host-answers.jsonl`: what hosts said when they were asked for a byte of a dataset.
//!
//! It is no part of the ledger: nobody agrees to anything here, and the next answer takes the
//! place of the last. A line is added for each; one that cannot be read is left out.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::fs::{self, Access, FsError};
use crate::values::{DatasetId, Digest, Secret};

/// The file of answers.
#[derive(Debug)]
pub struct HostAnswers {
    state_dir: PathBuf,
}

/// What a host said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSaid {
    /// When.
    pub at: Timestamp,
    /// Of which dataset.
    pub dataset: DatasetId,
    /// Which release.
    pub version: String,
    /// By which source.
    pub channel: String,
    /// The name under which the credential is kept that the source would use.
    #[serde(default)]
    pub provider: String,
    /// To whom, as [`Asker::mark`] writes it; `None` where nobody was signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What it comes to.
    pub answer: HostWord,
    /// The exit code that a refusal would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// The refusal, without any secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a host's answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostWord {
    /// It serves the file to this account.
    Granted,
    /// It serves the file to anybody.
    Open,
    /// It does not serve the file.
    Refused,
}

/// Who asks a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker<'a> {
    /// An account with a name.
    Named(&'a str),
    /// Whoever has this credential.
    With(&'a Secret),
}

impl Asker<'_> {
    /// The account in a form that can be kept. A credential is kept as a short digest with a salt
    /// of its own, from which it cannot be had.
    pub fn mark(self) -> String {
        match self {
            Self::Named(name) => format!("name:{name}"),
            Self::With(secret) => {
                let salt = getrandom::u64().map_or_else(|_| "0".to_owned(), |salt| format!("{salt:016x}"));
                format!("digest:{salt}:{}", salted(&salt, secret))
            }
        }
    }

    /// Whether a mark is this account's.
    pub fn is(self, mark: &str) -> bool {
        match (self, mark.split_once(':')) {
            (Self::Named(name), Some(("name", kept))) => name == kept,
            (Self::With(secret), Some(("digest", kept))) => {
                kept.split_once(':').is_some_and(|(salt, digest)| salted(salt, secret) == digest)
            }
            _ => false,
        }
    }
}

fn salted(salt: &str, secret: &Secret) -> String {
    let text = Zeroizing::new(format!("medsets host answer {salt} {}", secret.expose()));
    let digest = Digest::sha256(text.as_bytes()).hex();
    digest.chars().take(16).collect()
}

impl HostWord {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Open => "open",
            Self::Refused => "refused",
        }
    }
}

impl HostAnswers {
    /// Those in a state folder, which need not exist.
    pub fn open(state_dir: &Path) -> Self {
        Self { state_dir: state_dir.to_path_buf() }
    }

    /// Notes an answer.
    pub fn note(&self, said: &HostSaid) -> Result<(), FsError> {
        fs::create_dir_all(&self.state_dir, Access::Private)?;
        let line = serde_json::to_string(said).unwrap_or_default();
        fs::append_line(&self.path(), &line, Access::Private)
    }

    /// The last answer about a release by a source.
    pub fn last(&self, dataset: &DatasetId, version: &str, channel: &str) -> Result<Option<HostSaid>, FsError> {
        let text = fs::read_text_if_present(&self.path())?.unwrap_or_default();
        let mut said = text.lines().filter_map(|line| serde_json::from_str::<HostSaid>(line).ok());
        let about = |said: &HostSaid| said.dataset == *dataset && said.version == version && said.channel == channel;
        Ok(said.rfind(about))
    }

    /// Forgets what a provider's hosts said: the account is another one from now on.
    pub fn forget(&self, provider: &str) -> Result<(), FsError> {
        let Some(text) = fs::read_text_if_present(&self.path())? else { return Ok(()) };
        let about = |line: &&str| serde_json::from_str::<HostSaid>(line).is_ok_and(|said| said.provider == provider);
        if !text.lines().any(|line| about(&line)) {
            return Ok(());
        }
        let kept: String = text.lines().filter(|line| !about(line)).map(|line| format!("{line}\n")).collect();
        fs::atomic_write(&self.path(), kept.as_bytes(), Access::Private)
    }

    fn path(&self) -> PathBuf {
        self.state_dir.join("host-answers.jsonl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_counts_and_torn_lines_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let answers = HostAnswers::open(&folder.path().join("state"));
        let dataset: DatasetId = "mimic-cxr".parse().unwrap();
        let last = || answers.last(&dataset, "2.1.0", "web").unwrap().map(|said| said.answer);
        assert_eq!(last(), None);
        let note = |version: &str, answer| {
            let said = HostSaid {
                at: "2026-11-28T10:00:00Z".parse().unwrap(),
                dataset: dataset.clone(),
                version: version.into(),
                channel: "web".into(),
                provider: "physionet".into(),
                account: None,
                answer,
                exit: None,
                message: None,
            };
            answers.note(&said).unwrap();
        };
        note("2.1.0", HostWord::Refused);
        note("2.1.0", HostWord::Granted);
        note("2.0.0", HostWord::Refused);
        fs::append_line(&answers.path(), "{\"at\":", Access::Private).unwrap();
        assert_eq!(last(), Some(HostWord::Granted));
        answers.forget("kaggle").unwrap();
        assert_eq!(last(), Some(HostWord::Granted));
        answers.forget("physionet").unwrap();
        assert_eq!(last(), None);
    }

    #[test]
    fn a_mark_is_of_one_account_and_does_not_tell_its_credential() {
        let (one, other) = (Secret::new("hf_one-secret"), Secret::new("hf_other"));
        let mark = Asker::With(&one).mark();
        assert!(!mark.contains("hf_one") && mark != Asker::With(&one).mark(), "{mark}");
        assert!(Asker::With(&one).is(&mark) && !Asker::With(&other).is(&mark));
        assert!(Asker::Named("jane").is(&Asker::Named("jane").mark()));
        assert!(!Asker::Named("joe").is(&Asker::Named("jane").mark()) && !Asker::Named("jane").is(&mark));
    }
}
