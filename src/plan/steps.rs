//! The steps of a fetch and what they cost in bytes and files.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::values::{ByteSize, RelPath};

/// A file of the release that is wanted, as far as a plan needs to know it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item<'w> {
    /// Its path at the publisher.
    pub path: &'w RelPath,
    /// Exact size, where known beforehand.
    pub size: Option<ByteSize>,
    /// Rough size, where only that is known.
    pub about: Option<ByteSize>,
    /// What becomes of it.
    pub handling: &'w Handling,
    /// What is here of it already.
    pub have: Have,
    /// Its terms, where they are not those of the whole.
    pub license: Option<&'w str>,
}

/// What becomes of a downloaded file.
#[derive(Debug, Clone, PartialEq)]
pub enum Handling {
    /// It goes below this folder of the dataset folder, under its path at the publisher.
    Place {
        /// The folder.
        into: RelPath,
    },
    /// Its members are unpacked.
    Unpack {
        /// How many come out, where known.
        members: Option<u64>,
        /// How many bytes come out, where known.
        bytes: Option<ByteSize>,
        /// Whether the archive itself is kept.
        keep: bool,
    },
    /// Only some of its members are read, and the archive itself stays where it is.
    Members {
        /// Bytes of the whole archive.
        of: Option<ByteSize>,
        /// Bytes that are read of it, once it was looked at.
        read: Option<ByteSize>,
        /// The members that are not here yet.
        files: Vec<PlannedMember>,
    },
}

/// A member that is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedMember {
    /// Its name in the archive.
    pub name: String,
    /// Its size when unpacked.
    pub size: ByteSize,
}

/// What is here of a file already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Have {
    /// Nothing that counts.
    Nothing,
    /// It is finished in the workspace of an earlier run.
    Finished,
    /// Its bytes are in the workspace; it is still to be unpacked.
    Fetched,
    /// It, or all that came out of it, lies in the dataset folder undamaged.
    Here,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: it is here.
    Keep,
    /// Downloads it.
    Download,
    /// Downloads and unpacks it.
    DownloadAndUnpack,
    /// Unpacks what an earlier run downloaded.
    Unpack,
    /// Reads single members out of an archive.
    ReadMembers,
}

/// One file of the release and what is done for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its path at the publisher.
    pub path: RelPath,
    /// What is done.
    pub action: Action,
    /// Exact size, where known beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
    /// Rough size, where only that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_about: Option<ByteSize>,
    /// Its terms, where they are not those of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Where its bytes come from, where that is not the host of the source: `store`, `shared`, or
    /// the address of a mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Arc<str>>,
    /// What is read of an archive, where that is not all of it. Boxed: a plan may have a million
    /// steps.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub part: Option<Box<PlannedPart>>,
}

/// What is read of an archive that stays at its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedPart {
    /// Size of the whole archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_size: Option<ByteSize>,
    /// The members.
    pub members: Vec<PlannedMember>,
}

/// All steps of one dataset and their sum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FetchPlan {
    /// File by file, in the order of the entry.
    pub steps: Vec<Step>,
    /// Bytes to download, as far as known.
    pub download: ByteSize,
    /// Files to download whose size nobody says.
    pub unknown_sizes: u64,
    /// Bytes that the fetch may need at its peak beyond what is there now; an estimate where
    /// sizes are not known exactly.
    pub peak: ByteSize,
    /// Files that the fetch will make, as far as known.
    pub inodes: u64,
    /// Whether there is nothing to download or unpack.
    #[serde(skip)]
    pub is_idle: bool,
}

impl FetchPlan {
    /// The sums of the items, without their steps. `jobs` archives may be on disk at once before
    /// they are unpacked and dropped; `unpacked_about` is the entry's own figure for what comes out
    /// of all archives.
    pub fn summed<'w>(
        items: impl Iterator<Item = Item<'w>> + Clone,
        jobs: u64,
        unpacked_about: Option<ByteSize>,
    ) -> Self {
        let missing = || items.clone().filter(|item| matches!(item.have, Have::Nothing));
        Self {
            download: missing().filter_map(|item| item.likely_size()).sum(),
            unknown_sizes: missing().filter(|item| item.likely_size().is_none()).count() as u64,
            peak: peak(items.clone(), jobs, unpacked_about),
            inodes: items.clone().map(|item| item.inodes()).sum::<u64>() + OWN_FILES,
            is_idle: items.clone().all(|item| item.action() == Action::Keep),
            steps: Vec::new(),
        }
    }

    /// The same with the steps that belong to the items.
    pub fn with_steps(self, steps: impl Iterator<Item = Step>) -> Self {
        Self { steps: steps.collect(), ..self }
    }

    /// Says of each step where its bytes come from, where that is not the host of the source.
    pub fn come_from(&mut self, places: &HashMap<RelPath, Arc<str>>) {
        if !places.is_empty() {
            self.steps.iter_mut().for_each(|step| step.from = places.get(&step.path).cloned());
        }
    }

    /// A dataset that comes whole from one place, file by file: `bytes` of `files`.
    pub fn whole_from(from: &Arc<str>, listed: Vec<(RelPath, ByteSize)>, files: u64, bytes: ByteSize) -> Self {
        let step = |(path, size)| Step {
            path,
            action: Action::Download,
            size: Some(size),
            size_about: None,
            license: None,
            from: Some(from.clone()),
            part: None,
        };
        Self {
            steps: listed.into_iter().map(step).collect(),
            download: bytes,
            unknown_sizes: 0,
            peak: bytes,
            inodes: files + OWN_FILES,
            is_idle: files == 0,
        }
    }
}

impl Item<'_> {
    /// The exact size, else the rough one.
    pub fn likely_size(&self) -> Option<ByteSize> {
        self.size.or(self.about)
    }

    fn action(&self) -> Action {
        match (self.have, self.handling) {
            (Have::Here | Have::Finished, _) => Action::Keep,
            (Have::Fetched, Handling::Unpack { .. }) => Action::Unpack,
            (Have::Fetched, _) => Action::Keep,
            (Have::Nothing, Handling::Place { .. }) => Action::Download,
            (Have::Nothing, Handling::Unpack { .. }) => Action::DownloadAndUnpack,
            (Have::Nothing, Handling::Members { .. }) => Action::ReadMembers,
        }
    }

    fn inodes(&self) -> u64 {
        match (self.handling, self.have) {
            (_, Have::Here | Have::Finished) => 0,
            (Handling::Place { .. }, _) => 1,
            (Handling::Unpack { members, .. }, _) => members.unwrap_or(1) + 1,
            (Handling::Members { files, .. }, _) => files.len() as u64 + 1,
        }
    }
}

/// What is done for an item.
pub fn step(item: Item<'_>) -> Step {
    let part = match item.handling {
        Handling::Members { of, files, .. } => {
            Some(Box::new(PlannedPart { archive_size: *of, members: files.clone() }))
        }
        Handling::Place { .. } | Handling::Unpack { .. } => None,
    };
    let size_about = item.about.filter(|_| item.size.is_none());
    let license = item.license.map(str::to_owned);
    Step { path: item.path.clone(), action: item.action(), size: item.size, size_about, license, from: None, part }
}

/// Placed files stay. Archives that are dropped once unpacked are on disk only a few at a
/// time; what comes out of them is the entry's figure, or at least their own size.
fn peak<'w>(items: impl Iterator<Item = Item<'w>> + Clone, jobs: u64, unpacked_about: Option<ByteSize>) -> ByteSize {
    let mut placed = ByteSize::ZERO;
    let mut kept = ByteSize::ZERO;
    let mut passing = Vec::new();
    let mut unpacked = ByteSize::ZERO;
    let mut all_known = true;
    for item in items.clone() {
        let size = item.likely_size().unwrap_or_default();
        match (item.handling, item.have) {
            (_, Have::Here | Have::Finished) => all_known = false,
            (Handling::Place { .. }, _) => placed += size,
            (Handling::Unpack { bytes, keep, .. }, have) => {
                unpacked += bytes.unwrap_or(size);
                all_known &= bytes.is_some();
                let download = if have == Have::Fetched { ByteSize::ZERO } else { size };
                if *keep { kept += download } else { passing.push(download) }
            }
            // What was read stays until all of it is unpacked.
            (Handling::Members { files, .. }, _) => {
                placed += size + files.iter().map(|file| file.size).sum::<ByteSize>();
            }
        }
    }
    passing.sort_unstable_by(|one, other| other.cmp(one));
    let at_once: ByteSize =
        passing.iter().take(usize::try_from(jobs).unwrap_or(usize::MAX).saturating_add(1)).copied().sum();
    let whole = items.clone().all(|item| !matches!(item.have, Have::Here | Have::Finished));
    let unpacked = match unpacked_about {
        Some(about) if whole && !all_known && !passing.is_empty() => about.max(unpacked),
        _ => unpacked,
    };
    placed + kept + at_once + unpacked
}

/// README, TERMS, CITATION, receipt, manifest, inventory and their folders.
const OWN_FILES: u64 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    /// What an item borrows.
    #[derive(Clone)]
    struct Owned {
        path: RelPath,
        size: Option<ByteSize>,
        handling: Handling,
        have: Have,
    }

    fn plan(owned: &[Owned], jobs: u64, unpacked_about: Option<ByteSize>) -> FetchPlan {
        let items = owned.iter().map(|one| Item {
            path: &one.path,
            size: one.size,
            about: None,
            handling: &one.handling,
            license: None,
            have: one.have,
        });
        FetchPlan::summed(items.clone(), jobs, unpacked_about).with_steps(items.map(step))
    }

    fn item(path: &str, size: u64, handling: Handling, have: Have) -> Owned {
        Owned { path: RelPath::parse(path).unwrap(), size: Some(ByteSize(size)), handling, have }
    }

    fn archive(path: &str, size: u64, have: Have) -> Owned {
        item(path, size, Handling::Unpack { members: Some(10), bytes: Some(ByteSize(size * 2)), keep: false }, have)
    }

    fn place(path: &str, size: u64, have: Have) -> Owned {
        item(path, size, Handling::Place { into: RelPath::parse("data").unwrap() }, have)
    }

    #[test]
    fn counts_only_what_is_missing() {
        let plan = plan(
            &[place("a", 5, Have::Here), place("b", 7, Have::Nothing), archive("c.zip", 100, Have::Fetched)],
            1,
            None,
        );
        let actions: Vec<Action> = plan.steps.iter().map(|step| step.action).collect();
        assert_eq!(actions, [Action::Keep, Action::Download, Action::Unpack]);
        assert_eq!(plan.download, ByteSize(7));
        assert_eq!(plan.peak, ByteSize(7 + 200), "the archive's own bytes are on disk already");
        assert!(!plan.is_idle);
    }

    #[test]
    fn dropped_archives_count_only_a_few_at_a_time() {
        let items: Vec<Owned> = (0..10).map(|index| archive(&format!("{index}.zip"), 100, Have::Nothing)).collect();
        assert_eq!(plan(&items, 1, None).peak, ByteSize(10 * 200 + 2 * 100));
        assert_eq!(plan(&items, 64, None).peak, ByteSize(10 * 200 + 10 * 100));
    }

    #[test]
    fn an_unknown_size_is_said_and_not_guessed() {
        let mut unknown = place("a", 0, Have::Nothing);
        unknown.size = None;
        let plan = plan(&[unknown], 1, None);
        assert_eq!((plan.download, plan.unknown_sizes), (ByteSize::ZERO, 1));
    }

    #[test]
    fn the_entrys_figure_stands_in_for_unknown_contents() {
        let vague = item("a.zip", 100, Handling::Unpack { members: None, bytes: None, keep: false }, Have::Nothing);
        assert_eq!(plan(std::slice::from_ref(&vague), 1, Some(ByteSize(900))).peak, ByteSize(1000));
        assert_eq!(plan(&[vague], 1, None).peak, ByteSize(200));
    }
}
