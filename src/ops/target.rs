//! Where a dataset goes, and what it comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalog::{Selection, Source};
use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access, FileLock, Patience};
use crate::layout::places::{another, away, away_words, refuse_in_the_way};
use crate::layout::{DatasetDir, LayoutError, LinkKind, LinkMark, Receipt, Records, Store, Workspace, commit};
use crate::licenses::Expression;
use crate::plan::Shard;
use crate::values::{DatasetName, Digest, Printable};

use super::exit::Exit;
use super::failure::Failure;
use super::gate;
use super::hands_off::HandsOff;
use super::outside::Outside;
use super::settle::{lease_of, settle};
use super::shared;

/// Everything about one dataset that the steps share.
pub(super) struct Target<'a> {
    pub selection: &'a Selection,
    pub source: &'a Source,
    pub dir: DatasetDir,
    pub store: Store,
    pub access: Access,
    pub outside: Option<Outside>,
    /// Digest of what a lock says the files are: work that was begun under another one is not
    /// gone on with.
    pub pins: Option<Digest>,
}

impl<'a> Target<'a> {
    /// Where a selection goes and what it comes from.
    pub fn of(
        context: &Context,
        selection: &'a Selection,
        source: Option<&str>,
        to: Option<&Path>,
    ) -> Result<Self, Failure> {
        let data_dir = match to {
            Some(to) => to.to_path_buf(),
            None => context.data_dir()?,
        };
        let dir = DatasetDir::new(&data_dir, selection.id(), &selection.slug());
        refuse_in_the_way(dir.root()).map_err(|error| {
            let failure = Failure::from(error).of(selection.id());
            if to.is_some() { failure.help("or name another folder with `--to DIR`") } else { failure }
        })?;
        let found = selection.source(source).ok_or_else(|| no_source(selection, source))?;
        known_texts(context, selection, &found.channel)?;
        Ok(Self {
            dir,
            store: Store::of(&data_dir),
            access: access(context, selection, found),
            outside: Outside::of(context, selection),
            selection,
            source: found,
            pins: None,
        })
    }

    /// What lies in its place: its own records, or none.
    ///
    /// # Errors
    /// By its receipt another dataset is there (52): what is asked of this one is not answered by it.
    pub fn records(&self) -> Result<Records, Failure> {
        // What lies where its link led was never taken for it.
        if another(&self.dir).is_some() {
            return Ok(Records::Absent);
        }
        let records = Records::of(&self.dir)?;
        let receipt = match &records {
            Records::Good(receipt) | Records::Broken { receipt: Some(receipt), .. } => receipt,
            Records::Absent | Records::Broken { receipt: None, .. } => return Ok(records),
        };
        refuse_other_dataset(&self.dir, receipt, self.name())?;
        Ok(records)
    }

    /// Its name in full.
    pub fn name(&self) -> DatasetName<'_> {
        DatasetName::of(self.selection.id(), &self.selection.release().version, self.selection.variant_name())
    }

    /// Refuses a place that a finished dataset could not be put into, before anything is had.
    pub fn check_place(&self) -> Result<(), Failure> {
        if let Some(at) = shared::leads_to(&self.dir) {
            return Err(shared::read_only(self, &at));
        }
        if let Some(held) = self.moved() {
            return Err(self.led_away(&held));
        }
        // The commit puts the dataset in the place of a link that leads nowhere.
        if shared::lost(&self.dir).is_some() {
            return Ok(());
        }
        match commit::check_place(&self.dir, &self.store) {
            Err(LayoutError::Adopted { place }) => Err(self.adopted(place)),
            looked => Ok(looked?),
        }
    }

    /// That nothing is written where a person put the files, and what to do.
    fn adopted(&self, place: String) -> Failure {
        let advice = HandsOff::Adopted { place: place.clone() }.advice(&self.name().to_string(), self.pins.is_some());
        let failure = Failure::from(LayoutError::Adopted { place }).of(self.selection.id());
        Failure { help: Some(advice), ..failure }
    }

    /// Where its link leads that an adoption made, where it is not any more.
    pub fn moved(&self) -> Option<PathBuf> {
        LinkMark::of_link(&self.dir).filter(|mark| mark.kind == LinkKind::Adopted).and_then(|_| away(&self.dir))
    }

    /// That nothing can be put where such a link leads, and what to do.
    pub fn led_away(&self, held: &Path) -> Failure {
        let name = gate::name_for_command(self.selection);
        Failure::new(Exit::DENIED, away_words(&self.dir, held))
            .of(self.selection.id())
            .help("bring back what it leads to and run again, or `medsets adopt DIR` where the files lie by now")
            .help(format!("`medsets remove {name}` takes the link away; a fetch gets another copy then"))
    }

    /// Its lease, for a run that works on it without a workspace. What killed runs left is settled.
    pub fn lease(&self, context: &Context) -> Result<FileLock, Failure> {
        self.store.lay(common_access(context))?;
        lease_of(context, &self.store, &self.dir, &self.selection.to_string(), self.access)
    }

    /// The name of its workspace.
    pub fn workspace_name(&self) -> String {
        self.dir.name()
    }

    /// What tells whether a workspace was begun for the same bytes: the entry, and the lock.
    pub fn begun_with(&self) -> Digest {
        let entry = self.selection.dataset().digest;
        match self.pins {
            Some(pins) => Digest::sha256(format!("{entry} {pins}").as_bytes()),
            None => entry,
        }
    }

    /// The name of the workspace of a shard. No slug has a `+`, so that it is that of no dataset.
    pub fn shard_name(&self, shard: Shard) -> String {
        format!("{}+shard-{}-of-{}", self.workspace_name(), shard.number(), shard.of())
    }

    /// What the shards of a fetch agree on.
    pub fn agreed_dir(&self) -> PathBuf {
        self.store.parts().join(format!("{}+shards", self.workspace_name()))
    }

    /// Opens its workspace, waiting for another run as long as the settings say, or until the
    /// person has enough of it.
    ///
    /// What the work ends with is asked first: a place for the dataset folder that is free or
    /// ours, and a ledger that takes an entry. Nothing is downloaded in vain.
    pub fn workspace(&self, context: &Context) -> Result<Workspace, Failure> {
        self.check_place()?;
        self.hold(context)
    }

    /// The same without a look at the place, for what puts no folder there.
    pub fn hold(&self, context: &Context) -> Result<Workspace, Failure> {
        context.ledger()?.ready()?;
        let workspace = self.open(context, &self.workspace_name())?;
        settle(context, &self.store, &self.dir)?;
        Ok(workspace)
    }

    /// The same for a shard, which commits nothing and enters nothing.
    pub fn workspace_of(&self, context: &Context, shard: Shard) -> Result<Workspace, Failure> {
        self.check_place()?;
        self.open(context, &self.shard_name(shard))
    }

    fn open(&self, context: &Context, name: &str) -> Result<Workspace, Failure> {
        self.store.lay(common_access(context))?;
        let patience = context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
        let (entry, channel) = (self.begun_with(), self.source.channel.as_str());
        let waiting = || {
            let reason = format!("another medsets run works on `{}`", self.selection);
            context.report.report(Event::Waiting { reason });
        };
        let patience = Patience { at_most: patience, is_enough: &|| context.cancel.is_set() };
        let workspace = Workspace::open(&self.store, name, entry, channel, self.access, patience, waiting)?;
        if self.selection.reference().is_some() {
            let text = self.selection.dataset().text.as_bytes();
            fs::atomic_write(&Workspace::entry_path(workspace.root()), text, self.access)?;
        }
        Ok(workspace)
    }
}

/// A folder answers for the dataset of its own receipt alone.
pub(super) fn refuse_other_dataset(dir: &DatasetDir, receipt: &Receipt, own: DatasetName<'_>) -> Result<(), Failure> {
    let found = receipt.name();
    if own == found {
        return Ok(());
    }
    let message = format!("`{}` holds `{found}` by its records, not `{own}`", dir.root().display());
    let failure = Failure::new(Exit::DENIED, message);
    Err(failure.help("move it away, or have this one in another data folder (`--data-dir DIR`)"))
}

/// Fails where the terms rest on a licence file of an overlay that cannot be used: nothing is
/// fetched under terms that somebody wrote down and nobody can read.
fn known_texts(context: &Context, selection: &Selection, channel: &str) -> Result<(), Failure> {
    let shelf = context.shelf()?;
    let parsed = Expression::parse(selection.license(Some(channel))).ok();
    let whole = parsed.iter().flat_map(Expression::ids);
    let agreed = selection.requirements(Some(channel)).filter_map(|step| step.license.as_deref());
    match whole.chain(agreed).find_map(|id| shelf.broken(id)) {
        Some(broken) => Err(Failure::from_error(Exit::CATALOG, broken).of(selection.id())),
        None => Ok(()),
    }
}

pub(super) fn no_source(selection: &Selection, source: Option<&str>) -> Failure {
    let known: Vec<String> = selection.sources().map(|source| format!("`{}`", source.channel)).collect();
    match source {
        Some(source) => Failure::new(Exit::USAGE, format!("`{selection}` has no source `{}`", Printable::new(source)))
            .help(format!("there is {}", known.join(", "))),
        None => {
            let distribution = selection.dataset().entry.distribution.as_ref();
            let reason =
                distribution.and_then(|one| one.reason.as_ref()).map_or(String::new(), |one| format!(": {one}"));
            let message = format!("the entry names no source for `{selection}`{reason}");
            let failure = Failure::new(Exit::NOT_DISTRIBUTED, message).of(selection.id());
            distribution.and_then(|one| one.instead.as_ref()).into_iter().fold(failure, Failure::help)
        }
    }
}

/// Private for data that ask for anything, as the umask says for open data.
fn access(context: &Context, selection: &Selection, source: &Source) -> Access {
    let asks = || selection.requirements(Some(&source.channel)).next().is_some();
    wished_access(context).unwrap_or_else(|| if asks() { Access::Private } else { Access::Shared })
}

/// Who may enter the folders that hold datasets and objects of all kinds: the data folder, its
/// store and the folders of objects. What is gated is closed by itself.
pub(super) fn common_access(context: &Context) -> Access {
    wished_access(context).unwrap_or(Access::Shared)
}

/// What the settings say, where that is not left to the dataset.
fn wished_access(context: &Context) -> Option<Access> {
    match context.settings.text("access") {
        Some("private") => Some(Access::Private),
        Some("group") => Some(Access::Group),
        Some("shared") => Some(Access::Shared),
        _ => None,
    }
}
