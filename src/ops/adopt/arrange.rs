//! Where in a folder the tree of a release lies, and what of it is there.

use std::collections::{HashMap, HashSet};

use crate::values::{Algorithm, ByteSize, DatasetId, Digest};

use super::hash::Hashes;
use super::known::{Item, Known};
use super::scan::{Own, Scan};

/// The files that are counted for releases found before.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Those in the places of their items.
    taken: HashSet<usize>,
    /// Further ones with the same bytes, and whose they are. Another dataset may have them as its
    /// own copy.
    spare: HashMap<usize, DatasetId>,
}

impl Claims {
    /// Counts the files of a release for it.
    pub fn take(&mut self, known: &Known, arranged: &Arranged) {
        self.taken.extend(arranged.placed.iter().chain(&arranged.changed).map(|(_, own)| *own));
        for own in &arranged.duplicates {
            self.spare.entry(*own).or_insert_with(|| known.selection.id().clone());
        }
    }

    /// Whether a file lies in its place in a release found before.
    pub fn is_taken(&self, own: usize) -> bool {
        self.taken.contains(&own)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = usize> {
        self.taken.iter().chain(self.spare.keys()).copied()
    }

    fn is_free(&self, own: usize) -> bool {
        !self.taken.contains(&own) && !self.spare.contains_key(&own)
    }

    /// Whether a file cannot be a copy of this dataset's own: it is another's, or one of several
    /// that this dataset has.
    fn is_lent(&self, own: usize, id: &DatasetId) -> bool {
        self.taken.contains(&own) || self.spare.get(&own) == Some(id)
    }
}

/// A release as it lies in a folder. Items are by their place in what is known, files by theirs
/// in the scan.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    /// Items that are there, with their files.
    pub placed: Vec<(usize, usize)>,
    /// Links that are there.
    pub links: Vec<usize>,
    /// Items in whose places other bytes are.
    pub changed: Vec<(usize, usize)>,
    /// Items that are not there.
    pub missing: Vec<usize>,
    /// Further files with the bytes of an item.
    pub duplicates: Vec<usize>,
    /// Which folder of the person is `data/`, below the one that was looked through.
    pub data: Option<String>,
    /// The same for `docs/`.
    pub docs: Option<String>,
    /// Items that a digest proves.
    proven: usize,
    /// Those of them whose files are no other release's.
    fresh: usize,
    /// Those of them whose files are no copy of this dataset's own.
    lent: usize,
    bytes: ByteSize,
    total: usize,
    is_of_records: bool,
    is_part_by_records: bool,
    is_missed: bool,
    is_unpacked: bool,
}

impl Arranged {
    /// A tree whose folders are known, before anything of it is.
    pub fn below(data: String, docs: Option<String>) -> Self {
        Self { data: Some(data), docs, ..Self::default() }
    }

    /// Finds the tree: the folder below which most of the items lie that a digest has proven.
    /// An item without a digest counts where it lies in that tree, and so does one whose file is
    /// another release's as well: equal bytes in the same place are never other bytes.
    pub fn of(known: &Known, scan: &Scan, hashes: &Hashes<'_>, claims: &Claims) -> Self {
        let having = |item: &Item| -> Vec<usize> {
            let found = item.digests.iter().flat_map(|digest| hashes.having(digest).iter().copied());
            found.filter(|own| is_it(item, &scan.files[*own], hashes)).collect()
        };
        let found: Vec<Vec<usize>> = known.items.iter().map(having).collect();
        // Where a file is in its place for another release, it says nothing of where this one lies.
        let untaken: Vec<Vec<usize>> =
            found.iter().map(|files| files.iter().copied().filter(|own| !claims.is_taken(*own)).collect()).collect();
        let mut arranged = Self {
            total: known.items.len(),
            is_of_records: known.is_of_records(),
            is_part_by_records: known.is_part_by_records(),
            is_missed: known.is_missed(),
            data: root_of("data", known, scan, &untaken, claims),
            docs: root_of("docs", known, scan, &untaken, claims),
            ..Self::default()
        };
        let mut used = HashSet::new();
        for (at, item) in known.items.iter().enumerate() {
            let files = if item.is_packed() { &untaken[at] } else { &found[at] };
            arranged.enter(at, item, scan, hashes, files, &mut used);
        }
        let id = known.selection.id();
        let proven = arranged.placed.iter().filter(|(item, own)| found[*item].contains(own)).map(|(_, own)| *own);
        let (fresh, lent) = proven.fold((0, 0), |(fresh, lent), own| {
            (fresh + usize::from(claims.is_free(own)), lent + usize::from(claims.is_lent(own, id)))
        });
        (arranged.fresh, arranged.lent) = (fresh, lent);
        let is_packed = |item: &usize| known.items[*item].is_packed();
        arranged.is_unpacked = !arranged.is_of_records
            && arranged.missing.iter().any(is_packed)
            && !arranged.placed.iter().any(|(item, _)| is_packed(item));
        let further = untaken.iter().flatten().copied().filter(|own| !used.contains(own));
        arranged.duplicates = further.collect::<HashSet<usize>>().into_iter().collect();
        arranged.duplicates.sort_unstable();
        arranged
    }

    fn enter(
        &mut self,
        at: usize,
        item: &Item,
        scan: &Scan,
        hashes: &Hashes<'_>,
        found: &[usize],
        used: &mut HashSet<usize>,
    ) {
        let there = self.there(item);
        if let Some(target) = &item.target {
            let is_there = there.is_some_and(|there| scan.links.get(&there) == Some(target));
            if is_there {
                self.links.push(at)
            } else {
                self.missing.push(at)
            }
            return;
        }
        let own = match &there {
            Some(there) => scan.at(there).map(|own| own.at),
            None if item.is_packed() => found.iter().copied().find(|own| !used.contains(own)),
            None => None,
        };
        match own {
            Some(own) if found.contains(&own) => {
                self.proven += 1;
                self.bytes += scan.files[own].size;
                self.placed.push((at, own));
                used.insert(own);
            }
            Some(own) if item.digests.is_empty() && item.size.is_none_or(|size| size == scan.files[own].size) => {
                self.placed.push((at, own));
                used.insert(own);
            }
            // A file that could not be read is not there, and is named for itself.
            Some(own)
                if hashes.of_file(&scan.files[own]).is_some()
                    || item.size.is_some_and(|size| size != scan.files[own].size) =>
            {
                self.changed.push((at, own));
                used.insert(own);
            }
            _ => self.missing.push(at),
        }
    }

    /// Where an item of the tree is, or should be.
    fn there(&self, item: &Item) -> Option<String> {
        let (top, name) = item.below_top();
        let root = match top {
            "data" => self.data.as_deref(),
            "docs" => self.docs.as_deref(),
            // An archive is one wherever it lies.
            _ => None,
        };
        root.map(|root| joined(root, name))
    }

    /// The same where nothing was found that tells where `docs/` is: beside `data/`.
    pub fn place(&self, item: &Item) -> Option<String> {
        let beside =
            || Some(joined(self.data.as_deref()?.strip_suffix("data")?.trim_end_matches('/'), item.place.as_str()));
        self.there(item).or_else(|| beside().filter(|_| !item.is_packed()))
    }

    /// Whether anything of the release is proven to be there that is not just another's: a file
    /// of its own, or a whole copy of all its files.
    pub fn is_anything(&self) -> bool {
        self.fresh > 0 || (self.proven > 0 && self.lent == 0 && self.is_whole())
    }

    fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty()
    }

    /// Whether it has archives and none of them is there: what lies there was unpacked, and nobody
    /// knows what came out.
    pub fn is_unpacked(&self) -> bool {
        self.is_unpacked
    }

    /// Whether so much of it is there that it is meant.
    pub fn is_most(&self) -> bool {
        (self.placed.len() + self.links.len() + self.changed.len()) * 2 >= self.total
    }

    /// The better of two that fit has the greater one: all is there (which records of a part cannot
    /// tell), more bytes, more files, records know every file of the tree, and they miss it.
    pub fn rank(&self) -> (bool, u64, usize, bool, bool) {
        (self.is_whole() && !self.is_part_by_records, self.bytes.0, self.proven, self.is_of_records, self.is_missed)
    }

    /// Without the files that could not be read.
    #[must_use]
    pub fn readable(mut self, scan: &Scan, hashes: &Hashes<'_>) -> Self {
        let (placed, lost): (Vec<_>, Vec<_>) =
            self.placed.into_iter().partition(|(_, own)| hashes.sha256(&scan.files[*own]).is_some());
        self.missing.extend(lost.into_iter().map(|(item, _)| item));
        self.missing.sort_unstable();
        Self { placed, ..self }
    }

    /// Files that count by their place alone and were not read yet.
    pub fn unhashed(&self, hashes: &Hashes<'_>) -> Vec<(usize, Vec<Algorithm>)> {
        hashes.unread(self.placed.iter().map(|(_, own)| *own)).map(|own| (own, Vec::new())).collect()
    }
}

/// Whether a file is an item: its deciding digest, and the size where that is known.
fn is_it(item: &Item, own: &Own, hashes: &Hashes<'_>) -> bool {
    let Some(read) = hashes.of_file(own) else { return false };
    let contradicts = |digest: &Digest| read.iter().any(|one| one.algorithm() == digest.algorithm() && one != digest);
    item.size.is_none_or(|size| size == own.size) && !item.digests.iter().any(contradicts)
}

/// The folder that most items of `data/` (or `docs/`) lie below, those first that are no other
/// release's; of several the one with the shortest name.
fn root_of(top: &str, known: &Known, scan: &Scan, found: &[Vec<usize>], claims: &Claims) -> Option<String> {
    let mut votes: HashMap<&str, (usize, usize)> = HashMap::new();
    for (item, files) in known.items.iter().zip(found) {
        let (own_top, name) = item.below_top();
        if own_top != top {
            continue;
        }
        for own in files {
            if let Some(root) = root(&scan.files[*own].rel, name) {
                let (fresh, all) = votes.entry(root).or_default();
                *fresh += usize::from(claims.is_free(*own));
                *all += 1;
            }
        }
    }
    let best = votes.into_iter().max_by_key(|(root, votes)| (*votes, std::cmp::Reverse((root.len(), *root))));
    best.map(|(root, _)| root.to_owned())
}

/// The folder that a file lies below when the rest of its path is `name`.
fn root<'p>(rel: &'p str, name: &str) -> Option<&'p str> {
    match rel.strip_suffix(name)? {
        "" => Some(""),
        root => root.strip_suffix('/'),
    }
}

/// A path below a folder, which may be the one that was looked through.
pub(super) fn joined(root: &str, name: &str) -> String {
    if root.is_empty() { name.to_owned() } else { format!("{root}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_what_stands_before_whole_names() {
        assert_eq!(root("wrap/train/a.jpg", "train/a.jpg"), Some("wrap"));
        assert_eq!(root("train/a.jpg", "train/a.jpg"), Some(""));
        assert_eq!(root("xtrain/a.jpg", "train/a.jpg"), None);
        assert_eq!(root("train/b.jpg", "train/a.jpg"), None);
        assert_eq!((joined("", "a"), joined("x/y", "a")), ("a".to_owned(), "x/y/a".to_owned()));
    }
}
