//! Pushes that were begun and not seen through, so that one act is entered once.
//!
//! A push writes the records, enters the sharing and makes the mark, and may be killed in between. What
//! it noted before its entry, in `<state>/push-<mark>.json`, tells the next push whether an entry is that
//! of the unfinished one, or of an earlier act: the mirror may have been emptied since.

use std::path::PathBuf;

use crate::agreements::{Head, Ledger, Record};
use crate::context::Context;
use crate::fs::{self, Access};
use crate::mirror::MirrorUrl;
use crate::ops::failure::Failure;
use crate::values::Digest;

/// A push of one tree into one mirror.
pub(super) struct Unfinished {
    ledger: Ledger,
    /// The note: where the ledger stood, or `null`, in one line.
    note: PathBuf,
}

impl Unfinished {
    /// Of the tree of this name. Nothing is written yet.
    pub fn of(context: &Context, mirror: &MirrorUrl, tree: &str) -> Result<Self, Failure> {
        let mark = Digest::sha256(format!("{mirror}\n{tree}").as_bytes()).hex();
        let note = context.state_dir()?.join(format!("push-{}.json", &mark[..16]));
        Ok(Self { ledger: context.ledger()?, note })
    }

    /// Enters the sharing, before others can see what is shared. `goes_on` where the records of a push
    /// without its mark lie in the mirror: what that one entered is the same act.
    pub fn enter(&self, share: Record, goes_on: bool) -> Result<(), Failure> {
        if goes_on && self.is_entered(&share)? {
            return Ok(());
        }
        let before = serde_json::json!(self.ledger.head()?).to_string();
        fs::remove_file(&self.note)?;
        fs::append_line(&self.note, &before, Access::Private)?;
        self.ledger.append(share)?;
        Ok(())
    }

    /// Forgets it once all of it can be seen.
    pub fn end(&self) -> Result<(), Failure> {
        Ok(fs::remove_file(&self.note)?)
    }

    /// Whether the ledger tells of the same data in the same mirror since the note.
    fn is_entered(&self, share: &Record) -> Result<bool, Failure> {
        let text = fs::read_regular_text_if_present(&self.note)?.unwrap_or_default();
        // A note that was half written is of a push that entered nothing.
        let Ok(before) = serde_json::from_str::<Option<Head>>(&text) else { return Ok(false) };
        let entries = &self.ledger.reading()?.entries;
        let later = entries.iter().filter(|entry| match &before {
            Some(head) => entry.ledger == head.ledger && entry.sequence > head.sequence,
            None => true,
        });
        Ok(later.into_iter().any(|entry| said(&entry.record) == said(share)))
    }
}

fn said(record: &Record) -> impl PartialEq + '_ {
    (&record.kind, &record.dataset, &record.version, &record.variant, &record.note)
}
