//! `medsets ledger`: reading and checking the record.

use serde::Serialize;

use crate::agreements::export::{Extract, PERSONAL, mark};
use crate::agreements::{Entry, Head, Repair, Verification};
use crate::context::Context;
use crate::fs;
use crate::layout::receipt::LedgerMark;
use crate::remedy;
use crate::values::{Algorithm, Digest, Printable};

use super::exit::Exit;
use super::failure::Failure;
use super::here;
use super::identity;

/// The entries a person asked for.
pub fn show(context: &Context, dataset: Option<&str>) -> Result<Vec<Entry>, Failure> {
    let mut entries = context.ledger()?.read_all()?.entries;
    if let Some(name) = dataset.map(here::parse).transpose()? {
        entries.retain(|entry| concerns(entry, &name));
    }
    Ok(entries)
}

/// Whether an entry is about what a person names.
fn concerns(entry: &Entry, name: &here::Name) -> bool {
    let record = &entry.record;
    name.means(&record.dataset, record.version.as_deref(), record.variant.as_deref())
}

/// What the check of the ledger found.
#[derive(Debug, Serialize)]
pub struct LedgerReport {
    /// Where the ledger is.
    pub path: std::path::PathBuf,
    /// Whether a file is there.
    pub is_there: bool,
    /// Whole entries.
    pub entries: u64,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// All that is wrong, in the order of lines.
    pub faults: Vec<String>,
    /// The last line, if it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<String>,
    /// What was done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired: Option<String>,
    /// How many heads, noted in receipts and by the command line, the ledger was held against.
    pub heads_compared: usize,
    /// How many receipts note a head of another ledger: of whoever brought the dataset.
    pub heads_of_others: usize,
    /// Datasets that this person brought on this machine and that another ledger tells of.
    #[serde(skip)]
    pub elsewhere: Vec<String>,
    /// What could not be read of the receipts that are here.
    #[serde(skip)]
    pub unread: Vec<String>,
}

/// What is done about a last line that has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTornLine {
    /// It is told.
    Tell,
    /// It is completed or set aside, and what was done is told.
    Repair,
}

/// Checks the chain, also against the heads that receipts noted and against one noted
/// elsewhere. Changes nothing but a torn last line, and that only when asked to.
pub fn verify(context: &Context, head: Option<&str>, torn_line: OnTornLine) -> Result<LedgerReport, Failure> {
    let ledger = context.ledger()?;
    let repaired = match torn_line {
        OnTornLine::Tell => None,
        OnTornLine::Repair => Some(describe(ledger.repair()?)),
    };
    let noted = noted_heads(context)?;
    let found = ledger.verify(&noted.ours)?;
    let mut faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    if let Some(hash) = head {
        faults.extend(missing_head(context, hash)?);
    }
    let Verification { entries, head: last, torn, .. } = found;
    Ok(LedgerReport {
        is_there: fs::metadata(&ledger.path())?.is_some(),
        path: ledger.path(),
        entries,
        head: last,
        faults,
        torn: torn.map(|torn| torn.to_string()),
        repaired,
        heads_compared: noted.ours.len() + usize::from(head.is_some()),
        heads_of_others: noted.of_others + noted.elsewhere.len(),
        elsewhere: noted.elsewhere,
        unread: noted.unread,
    })
}

/// Heads noted in the receipts of datasets that are here.
#[derive(Default)]
struct Noted {
    /// Of this ledger, or of the one that is gone.
    ours: Vec<Head>,
    /// How many are of other people's ledgers, which say nothing of this one.
    of_others: usize,
    /// Datasets with a head of another ledger of this person on this machine.
    elsewhere: Vec<String>,
    /// Why which receipts could not be read.
    unread: Vec<String>,
}

/// Looks at all receipts. Where there is no ledger, heads that this person noted on this machine are of
/// the one that is gone: accounts of other machines, and in other containers, may have the same name.
fn noted_heads(context: &Context) -> Result<Noted, Failure> {
    let mut noted = Noted::default();
    let (found, closed) = match here::everything_and_closed(context) {
        Ok(looked) => looked,
        Err(failure) => {
            noted.unread.push(failure.message);
            return Ok(noted);
        }
    };
    noted.unread.extend(closed.iter().map(|(_, error)| remedy::chain(error)));
    let own = context.ledger()?.verify(&[])?.head.map(|head| head.ledger);
    let me = identity::on_receipt(context);
    for here in found {
        let Some(receipt) = &here.receipt else {
            let fault = here.fault.as_ref().filter(|_| here.away().is_none());
            noted.unread.extend(fault.map(|fault| format!("the receipt of `{}`: {fault}", here.name())));
            continue;
        };
        let Some(mark) = &receipt.ledger else { continue };
        let is_mine = (&receipt.by.os_user, &receipt.by.host) == (&me.os_user, &me.host);
        match &own {
            Some(own) if *own == mark.id => noted.ours.push(head(mark)),
            None if is_mine => noted.ours.push(head(mark)),
            Some(_) if is_mine => noted.elsewhere.push(here.name()),
            _ => noted.of_others += 1,
        }
    }
    Ok(noted)
}

fn head(mark: &LedgerMark) -> Head {
    Head { ledger: mark.id.clone(), sequence: mark.sequence, hash: mark.hash }
}

/// A sentence when no entry has the hash that was noted elsewhere.
fn missing_head(context: &Context, text: &str) -> Result<Option<String>, Failure> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let wanted =
        Digest::from_hex(Algorithm::Sha256, hex).map_err(|error| Failure::new(Exit::USAGE, error.to_string()))?;
    let mut present = false;
    context.ledger()?.scan(&mut |_, entry| present |= entry.hash == wanted)?;
    Ok((!present).then(|| format!("no entry has the noted hash {wanted}: the ledger was cut or written anew")))
}

fn describe(repair: Repair) -> String {
    match repair {
        Repair::NothingTorn => "nothing was torn".to_owned(),
        Repair::Completed { sequence } => format!("entry {sequence} was whole and got its line break"),
        Repair::SetAside { path, bytes } => format!("{bytes} bytes of a torn line were moved to `{}`", path.display()),
    }
}

impl LedgerReport {
    /// 14 when anything is wrong, 62 where there is no ledger and nobody can say whether there was one.
    pub fn exit(&self) -> Exit {
        match self.faults.is_empty() && self.torn.is_none() {
            false => Exit::LEDGER,
            true if !self.is_there && !self.unread.is_empty() => Exit::DIFFERENT,
            true => Exit::DONE,
        }
    }
}

/// Whether an extract names people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As the ledger has them.
    Shown,
    /// As marks.
    Masked,
}

/// What marks in the place of names are made with: random, and kept nowhere.
pub struct Mask([u8; 32]);

impl Mask {
    /// A new one, where people are not to be named.
    pub fn of(names: Names) -> Result<Option<Self>, Failure> {
        if names == Names::Shown {
            return Ok(None);
        }
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)
            .map_err(|error| Failure::new(Exit::INTERNAL, format!("no random bytes: {error}")))?;
        Ok(Some(Self(salt)))
    }

    /// Puts marks in the place of what names a person, in a `by` or `who`.
    pub fn cover(&self, who: &mut serde_json::Map<String, serde_json::Value>) {
        for key in PERSONAL {
            if let Some(serde_json::Value::String(text)) = who.get_mut(key) {
                *text = mark(&self.0, key, text);
            }
        }
    }
}

/// An extract of the entries of these datasets (all without any) that can be checked.
pub fn export(context: &Context, datasets: &[String], names_of_people: Names) -> Result<Extract, Failure> {
    export_by(context, datasets, Mask::of(names_of_people)?.as_ref())
}

/// The same with these marks in the place of names.
pub fn export_by(context: &Context, datasets: &[String], mask: Option<&Mask>) -> Result<Extract, Failure> {
    let names = datasets.iter().map(|name| here::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let ledger = context.ledger()?;
    let mut extract = Extract::begin(context.now(), env!("CARGO_PKG_VERSION"));
    let found = ledger.scan(&mut |line, entry| {
        let chosen = names.is_empty() || names.iter().any(|name| concerns(&entry, name));
        extract.take(line, &entry, chosen);
    })?;
    match found.faults.first() {
        None => Ok(match mask {
            Some(mask) => extract.masked(&mask.0),
            None => extract,
        }),
        Some(fault) => Err(Failure::new(
            Exit::LEDGER,
            format!("the ledger is broken, so no extract is made: {}", Printable::new(&fault.to_string())),
        )
        .help("`medsets ledger verify` lists every fault")),
    }
}
