//! What a lock says a dataset is, for a fetch that may bring nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::catalog::Selection;
use crate::layout::inventory::InventoryReader;
use crate::layout::receipt::PartialMark;
use crate::layout::receipt::Selection as Part;
use crate::layout::{DatasetDir, DigestSource, LayoutError, ListedMark, Proof, Receipt};
use crate::ops::carry::Earlier;
use crate::ops::download::Pinned;
use crate::ops::target::Target;
use crate::project::lock::PinnedBy;
use crate::project::{Locked, LockedFile, LockedPart};
use crate::providers::{ListedFile, Listing, Stated};
use crate::values::{Algorithm, ByteSize, Digest, Digester, RelPath};

use super::Rest;

/// The files of a dataset as a lock pins them.
#[derive(Debug)]
pub struct Pins {
    /// The files that are wanted, with the digests that the lock names.
    pub listing: Listing,
    /// Archives of which only members are wanted, with what pins these.
    pub parts: HashMap<RelPath, LockedPart>,
    /// Whether the list, or the entry, says where each of them is.
    pub is_located: bool,
    /// Those of them that only a person can get: they may be absent.
    pub by_hand: HashSet<RelPath>,
    /// The tree that they make, where it is known.
    pub tree: Option<Digest>,
    /// Digest of the entry by which they are laid out.
    pub entry: Digest,
    /// Those of them whose digest nothing published: the lock has it of the bytes that came first.
    pub first_use: HashSet<RelPath>,
    /// Those of them that are other ones than the publisher named, by somebody's word, each with why.
    pub accepted: HashMap<RelPath, Option<String>>,
    /// Whether all of the release is asked for.
    pub is_whole: bool,
    /// Digest of all of it.
    pub digest: Digest,
}

impl Pins {
    /// What a lock says of a dataset, of which these are the files.
    pub(in crate::ops) fn of(selection: &Selection, locked: &Locked, files: &[LockedFile]) -> Self {
        // Where a person must get all of it, what is missing is.
        let is_manual = selection.source(Some(&locked.channel)).is_some_and(|source| !source.host.is_for_programs());
        let by_hand = selection.files(Some(&locked.channel)).filter(|file| file.manual && !is_manual);
        let mut marks = Digester::new(Algorithm::Sha256, None);
        marks.update(format!("{}\n", locked.entry).as_bytes());
        let mut listed = Vec::with_capacity(files.len());
        let mut parts = HashMap::new();
        for file in files {
            let digest = file.digests.first().map_or(String::new(), ToString::to_string);
            marks.update(format!("{digest} {}\n", file.path).as_bytes());
            if let Some(part) = &file.part {
                let directory = part.directory.map_or(String::new(), |directory| directory.to_string());
                marks.update(format!("{directory} {:?}\n", part.globs).as_bytes());
                parts.insert(file.path.clone(), LockedPart::clone(part));
            }
            let stated = Stated {
                license: file.license.as_deref().map(str::to_owned),
                notice: file.notice.as_deref().map(str::to_owned),
            };
            listed.push(ListedFile {
                path: file.path.clone(),
                size: file.size,
                digests: file.digests.clone(),
                at: file.at.clone(),
                stated: (stated != Stated::default()).then(|| Arc::new(stated)),
                members: file.members,
            });
        }
        Self {
            listing: Listing(listed),
            parts,
            is_located: locked.is_located,
            by_hand: by_hand.map(|file| file.path.clone()).collect(),
            tree: locked.tree,
            entry: locked.entry,
            first_use: files
                .iter()
                .filter(|file| file.from == PinnedBy::FirstUse)
                .map(|file| file.path.clone())
                .collect(),
            accepted: files
                .iter()
                .filter(|file| file.from == PinnedBy::Accepted)
                .map(|file| {
                    let said = locked.accepted.iter().find(|one| one.path == file.path);
                    (file.path.clone(), said.map(|one| one.reason.clone()))
                })
                .collect(),
            is_whole: locked.choice.is_everything(),
            digest: marks.finish(),
        }
    }

    /// The files that are wanted.
    pub(in crate::ops) fn paths(&self) -> HashSet<&RelPath> {
        self.listing.0.iter().map(|file| &file.path).collect()
    }

    /// What is pinned of a file.
    pub(in crate::ops) fn of_file(&self, path: &RelPath) -> Pinned {
        match path {
            _ if self.first_use.contains(path) => Pinned::OnFirstUse,
            _ if self.accepted.contains_key(path) => Pinned::Accepted,
            _ => Pinned::Published,
        }
    }

    /// Why a file is another one than the publisher named, by the words of whoever took it.
    pub(in crate::ops) fn reason(&self, path: &RelPath) -> Option<String> {
        self.accepted.get(path).cloned().flatten()
    }

    /// Whether each file is pinned by its SHA-256, or by the directory of an archive of which only
    /// members are wanted.
    pub(super) fn names_all_bytes(&self) -> bool {
        self.listing.0.iter().all(|file| match self.parts.get(&file.path) {
            Some(part) => part.directory.is_some(),
            None => Digest::sha256_in(&file.digests).is_some(),
        })
    }

    /// Whether a dataset folder holds what is pinned: the same tree, or, where more than the
    /// lock asks for is here or no tree is known, the same bytes of every file that is pinned.
    pub(in crate::ops) fn are_those_of(
        &self,
        dir: &DatasetDir,
        receipt: &Receipt,
        asked: &Part,
    ) -> Result<bool, LayoutError> {
        match self.tree {
            Some(tree) if receipt.selection == *asked => Ok(tree == receipt.tree),
            // Without a tree, the same bytes laid out by the same entry make it.
            None if receipt.selection == *asked && receipt.catalog.entry != self.entry => Ok(false),
            _ => Ok(self.other_bytes(dir, receipt)?.is_empty()),
        }
    }

    /// Whether any of these places of a dataset folder belongs to a file that is wanted.
    pub(super) fn concern(&self, dir: &DatasetDir, places: &HashSet<RelPath>) -> Result<bool, LayoutError> {
        let wanted = self.paths();
        for record in InventoryReader::open(&dir.inventory_path())? {
            let record = record?;
            if places.contains(&record.path) && wanted.contains(&record.origin.file) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes nothing over from an earlier folder that the lock does not mean: files with other
    /// bytes, all of them where the entry by which they were laid out is another, and those that
    /// it does not name where the `rest` goes.
    pub(super) fn keep_only(&self, earlier: &mut Earlier, target: &Target<'_>, rest: Rest) -> Result<(), LayoutError> {
        if !matches!(earlier, Earlier::Here { .. }) {
            return Ok(());
        }
        let Some(receipt) = Receipt::read(&target.dir)? else { return Ok(()) };
        let unwanted = if receipt.catalog.entry == target.selection.dataset().digest {
            let pinned: HashMap<&RelPath, Option<ByteSize>> =
                self.listing.0.iter().map(|file| (&file.path, file.size)).collect();
            let mut unwanted = self.other_bytes(&target.dir, &receipt)?;
            // Members that are missing are read to those that are here.
            for mark in &receipt.partial {
                let part = self.parts.get(&mark.path);
                let size = pinned.get(&mark.path).copied().flatten();
                if part.is_some_and(|part| is_of_archive(size, part, mark)) {
                    unwanted.remove(&mark.path);
                }
            }
            if (receipt.selection.whole && self.is_whole) || rest == Rest::Goes {
                // What the release had when it was fetched and the lock does not name.
                for listed in receipt.listed.read(&target.dir)? {
                    unwanted.extend(Some(listed?.path).filter(|path| !pinned.contains_key(path)));
                }
                let partial = receipt.partial.iter().map(|mark| &mark.path);
                unwanted.extend(partial.filter(|path| !pinned.contains_key(path)).cloned());
            }
            unwanted
        } else {
            let listed = receipt.listed.read(&target.dir)?.map(|listed| Ok(listed?.path));
            let partial = receipt.partial.iter().map(|mark| Ok(mark.path.clone()));
            listed.chain(partial).collect::<Result<_, LayoutError>>()?
        };
        earlier.give_up(&target.dir, &unwanted)
    }

    /// Files that the lock pins and the folder has with other bytes, or not at all.
    pub(in crate::ops) fn other_bytes(
        &self,
        dir: &DatasetDir,
        receipt: &Receipt,
    ) -> Result<HashSet<RelPath>, LayoutError> {
        let mut pinned: HashMap<&RelPath, &ListedFile> = self.listing.0.iter().map(|file| (&file.path, file)).collect();
        let mut others = HashSet::new();
        for listed in receipt.listed.read(dir)? {
            let listed = listed?;
            if let Some(file) = pinned.remove(&listed.path)
                && !agrees(file.size, &file.digests, &listed)
            {
                others.insert(listed.path);
            }
        }
        for mark in &receipt.partial {
            let Some(part) = self.parts.get(&mark.path) else { continue };
            if let Some(file) = pinned.remove(&mark.path)
                && !has_part(file.size, part, mark)
            {
                others.insert(mark.path.clone());
            }
        }
        others.extend(pinned.into_keys().filter(|path| !self.by_hand.contains(*path)).cloned());
        Ok(others)
    }
}

/// Whether the members that are here of an archive are those that are wanted, by all that is
/// known of it.
pub(in crate::ops) fn has_part(size: Option<ByteSize>, part: &LockedPart, mark: &PartialMark) -> bool {
    is_of_archive(size, part, mark) && part.globs.iter().all(|glob| mark.members.contains(glob))
}

/// Whether members that are here, whichever they are, came out of the archive that is meant.
fn is_of_archive(size: Option<ByteSize>, part: &LockedPart, mark: &PartialMark) -> bool {
    size.is_none_or(|size| size == mark.size)
        && part.directory.is_none_or(|directory| directory == mark.directory_sha256)
}

/// Whether a file of which size and digests may be known is the one that is here, by all that
/// was compared when it came. Where nothing is known of its bytes, nothing may have been known
/// then either: only the host's headers spoke, or a lock that had it of the bytes that came first.
pub(in crate::ops) fn agrees(size: Option<ByteSize>, digests: &[Digest], mark: &ListedMark) -> bool {
    if size.is_some_and(|size| size != mark.size) {
        return false;
    }
    if let Some(sha256) = Digest::sha256_in(digests) {
        return *sha256 == mark.sha256;
    }
    let compared = |digest: &Digest| mark.known.iter().any(|known| known.digest == *digest);
    let is_first = |from| from == DigestSource::Lock && mark.verified == Proof::FirstUse;
    let by_nobody = mark.known.iter().all(|known| known.from == DigestSource::Header || is_first(known.from));
    (digests.is_empty() && by_nobody) || digests.iter().any(compared)
}
