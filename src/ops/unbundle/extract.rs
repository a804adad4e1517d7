//! The extract of a ledger that a bundle brings: what of it is proven, and by what.
//!
//! Its entries stand in one row of hashes, in which every receipt of the bundle has noted a place.
//! That holds against whoever changes a part of a bundle, and says nothing of who made all of
//! it. Where people are not named the words of the entries have no hash any more: nothing
//! proves them, and that is told.

use serde::Serialize;

use crate::agreements::{ExtractCheck, Head, verify_extract};
use crate::bundle::Contents;
use crate::bundle::format::{CONTENTS, LEDGER};
use crate::layout::Receipt;
use crate::values::{Printable, counted};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::fault::Fault;
use super::packed::contradiction;

/// What is proven of an extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExtractProof {
    /// Its entries.
    pub entries: usize,
    /// Those that a receipt of the bundle vouches for.
    pub vouched: usize,
    /// Whether people are not named, so that nothing proves what the entries say.
    pub masked: bool,
}

impl ExtractProof {
    /// What is not proven, as a sentence; `None` where all of it is.
    pub fn unproven(&self) -> Option<String> {
        let entries = counted(self.entries as u64, "entry");
        if self.masked {
            return Some(format!(
                "the extract of the ledger names nobody, so that nothing proves the words of its {entries}: they are \
                 those of whoever made the bundle"
            ));
        }
        let open = self.entries - self.vouched;
        (open > 0).then(|| {
            format!("of the {entries} of the extract of the ledger no receipt in the bundle vouches for {open}")
        })
    }
}

/// Where a receipt stands in the ledger of the person whose copy it tells of.
pub(in crate::ops) fn head_of(receipt: &Receipt) -> Option<Head> {
    let mark = receipt.ledger.as_ref()?;
    Some(Head { ledger: mark.id.clone(), sequence: mark.sequence, hash: mark.hash })
}

/// Holds an extract against itself and against the places that the receipts noted.
///
/// # Errors
/// It is none, is masked otherwise than the contents say, does not hold, or lacks entries that whoever
/// makes a bundle puts into it: those of its datasets.
pub(super) fn check(bytes: &[u8], contents: &Contents, heads: &[Head]) -> Result<ExtractProof, Fault> {
    let check = verify(bytes, heads).map_err(|failure| {
        let message = format!("`{LEDGER}` in it cannot be used: {}", failure.message);
        let failure = Failure { help: None, exit: Exit::LEDGER, code: Exit::LEDGER.word(), message, ..failure };
        Fault::of_bundle(failure.help("use the medsets that made the bundle, or ask whoever made it for another"))
    })?;
    if let Some(fault) = check.faults.first() {
        let message = format!("the extract of the ledger in it does not hold: {}", Printable::new(fault));
        return Err(Fault::of_bundle(
            Failure::new(Exit::LEDGER, message).help("ask whoever made the bundle for another"),
        ));
    }
    let lacks = match check.left_out.first() {
        Some(place) => Some(format!("lacks entry {place}, which a receipt of the bundle names")),
        None => (check.entries == 0).then(|| "has no entry".to_owned()),
    };
    if let Some(lacks) = lacks {
        return Err(Fault::of_bundle(
            Failure::new(Exit::LEDGER, format!("the extract of the ledger in it {lacks}: something was taken out"))
                .help("ask whoever made the bundle for another"),
        ));
    }
    if (contents.ledger.as_deref() == Some("masked")) != check.masked {
        return Err(contradiction(CONTENTS, "the extract of the ledger is masked otherwise than it says").into());
    }
    Ok(ExtractProof { entries: check.entries, vouched: check.vouched, masked: check.masked })
}

/// The same without a bundle around it. Heads of other ledgers say nothing of this one.
pub(in crate::ops) fn verify(bytes: &[u8], heads: &[Head]) -> Result<ExtractCheck, Failure> {
    let own = verify_extract(bytes, &[])?.head.map(|head| head.ledger);
    let heads: Vec<Head> = heads.iter().filter(|head| own.as_ref() == Some(&head.ledger)).cloned().collect();
    Ok(verify_extract(bytes, &heads)?)
}
