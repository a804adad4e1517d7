//! The lock `medsets.lock`: which bytes the datasets of a project are, and under which terms.
//!
//! Written by `medsets lock` and `medsets sync`, read by everything that must know what a
//! project rests on. It holds no user name, no secret, no signed address and no local path, and
//! is the same bytes for the same input: it is meant to be committed. What is here is pure;
//! `ops::lock` reads and writes the files. The form is in `docs/formats.md`.
//!
//! One module per version of the format; [`read`] takes every version that there was.

pub mod compare;
pub mod conflict;
pub mod listing;
pub mod v1;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Locator;
use crate::document::BrokenFile;
use crate::values::{ByteSize, Choice, DatasetId, DatasetName, Digest, RelPath};

pub use compare::{Change, Difference, FilesOf, differences};

/// Name of the lock beside the project file.
pub const LOCK_FILE: &str = "medsets.lock";

/// Name of the folder beside the lock with the entries and long listings that it pins.
pub const LOCK_FOLDER: &str = "medsets.lock.d";

/// How every pointer of Git LFS begins.
pub const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/";

/// The most files of a dataset that stand in the lock itself; a longer listing is pinned by its
/// digest and lies beside it.
pub const MOST_WITHIN: usize = 1000;

/// What a project rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Digest of what the project file asks for when this was written.
    pub input: Digest,
    /// By id, version and variant.
    pub datasets: Vec<Locked>,
}

/// One dataset of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant, where the release has any.
    pub variant: Option<String>,
    /// The reference that it is made of, where it is not in the catalogue.
    pub reference: Option<String>,
    /// The channel it comes by.
    pub channel: String,
    /// Digest of the table in the project file that asked for it.
    pub input: Digest,
    /// Which of its files are wanted.
    pub choice: Choice,
    /// Digest of the catalogue entry, whose text lies beside the lock.
    pub entry: Digest,
    /// Licence expression by this channel.
    pub license: String,
    /// The texts of its agreements, as far as known.
    pub texts: Vec<LockedText>,
    /// Why files are others than the entry or an earlier lock named, by the words of whoever took
    /// them; in the order of paths.
    pub accepted: Vec<AcceptedFile>,
    /// SHA-256 of the sorted manifest of `data/` and `docs/`; not known before the first fetch.
    pub tree: Option<Digest>,
    /// Bytes of the files that are wanted whole, as far as known. What members of an archive weigh
    /// is not known to a lock.
    pub bytes: ByteSize,
    /// Whether the lock knows where each file is at its host; where it does not, the host is
    /// asked for its list again, and what the files are stays pinned.
    pub is_located: bool,
    /// The files of the release that are wanted.
    pub files: LockedFiles,
}

/// The text of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedText {
    /// The licence or agreement.
    pub license: String,
    /// SHA-256 of its normalised text (`text/1`).
    pub sha256: Digest,
}

/// A file of which other bytes were taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AcceptedFile {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Why.
    pub reason: String,
}

/// The files of a dataset in the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockedFiles {
    /// They stand in it.
    Within(Vec<LockedFile>),
    /// They stand in a listing beside it.
    Beside(ListingPin),
}

/// Which listing lies beside a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListingPin {
    /// SHA-256 of its uncompressed bytes, which names it.
    pub sha256: Digest,
    /// How many files it names.
    pub files: u64,
    /// How many of them are not pinned yet.
    pub unpinned: u64,
}

/// One file of a release in the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedFile {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Exact size in bytes, where known.
    pub size: Option<ByteSize>,
    /// Its SHA-256; before that is known, whatever else the entry or the host say.
    pub digests: Vec<Digest>,
    /// Who named the SHA-256.
    pub from: PinnedBy,
    /// Where it is at the source, as a host listed it. What the entry itself says of that is
    /// not repeated.
    pub at: Option<Arc<Locator>>,
    /// Terms that the host states of it alone.
    pub license: Option<Box<str>>,
    /// What the host says of it that a person must know.
    pub notice: Option<Box<str>>,
    /// How many files come out of it, where it is an archive and the host says so.
    pub members: Option<u32>,
    /// What alone is wanted of it, where it is an archive that stays at its host.
    pub part: Option<Box<LockedPart>>,
}

/// Members of an archive that are wanted without the rest. What each of them is, the tree of the
/// dataset says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPart {
    /// Globs over its members.
    pub globs: Vec<String>,
    /// SHA-256 of its directory: names, sizes and CRC-32 of all members; not known before the
    /// first fetch.
    pub directory: Option<Digest>,
}

/// Who named the SHA-256 of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PinnedBy {
    /// The entry, or a digest of it that the bytes were compared with.
    Catalog,
    /// The host.
    Host,
    /// Nobody: it is that of the bytes which came first.
    FirstUse,
    /// A person, who took other bytes than the entry's or the lock's and said why.
    Accepted,
    /// It is not known yet.
    Unpinned,
}

impl PinnedBy {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Catalog, Self::Host, Self::FirstUse, Self::Accepted, Self::Unpinned];

    /// The word in the lock.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Host => "host",
            Self::FirstUse => "first-use",
            Self::Accepted => "accepted",
            Self::Unpinned => "unpinned",
        }
    }

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

impl Locked {
    /// Its name in full, `ID@VERSION[:VARIANT]`.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }

    /// How many files it has.
    pub fn count(&self) -> u64 {
        match &self.files {
            LockedFiles::Within(files) => files.len() as u64,
            LockedFiles::Beside(pin) => pin.files,
        }
    }

    /// How many of them are not pinned yet.
    pub fn unpinned(&self) -> u64 {
        match &self.files {
            LockedFiles::Within(files) => files.iter().filter(|file| !file.is_pinned()).count() as u64,
            LockedFiles::Beside(pin) => pin.unpinned,
        }
    }

    /// With these files, which are in the order of paths; a long list is to lie beside the lock,
    /// and its bytes are given back.
    pub fn set_files(&mut self, files: &[LockedFile]) -> Option<Vec<u8>> {
        self.bytes = Weight::of(files).whole;
        let is_accepted =
            |path: &RelPath| files.iter().any(|file| file.path == *path && file.from == PinnedBy::Accepted);
        self.accepted.retain(|one| is_accepted(&one.path));
        if files.len() <= MOST_WITHIN {
            self.files = LockedFiles::Within(files.to_vec());
            return None;
        }
        let unpinned = files.iter().filter(|file| !file.is_pinned()).count() as u64;
        let bytes = listing::write(files);
        let pin = ListingPin { sha256: Digest::sha256(&bytes), files: files.len() as u64, unpinned };
        self.files = LockedFiles::Beside(pin);
        Some(bytes)
    }
}

impl LockedFile {
    /// Its SHA-256, where it is known.
    pub fn sha256(&self) -> Option<Digest> {
        Digest::sha256_in(&self.digests).copied()
    }

    /// Whether its bytes are known: by its SHA-256, or by that of its directory where only
    /// members of it are wanted, which says nothing of the whole.
    pub fn is_pinned(&self) -> bool {
        match &self.part {
            Some(part) => part.directory.is_some(),
            None => self.sha256().is_some(),
        }
    }
}

impl Lock {
    /// A lock of these datasets, put in order.
    pub fn of(mut datasets: Vec<Locked>) -> Self {
        datasets.sort_by(|one, other| {
            (&one.id, &one.version, &one.variant).cmp(&(&other.id, &other.version, &other.variant))
        });
        Self { input: input(datasets.iter().map(|one| one.input)), datasets }
    }

    /// The dataset that a table of the project file asked for.
    pub fn of_input(&self, input: Digest) -> Option<&Locked> {
        self.datasets.iter().find(|one| one.input == input)
    }
}

/// Bytes of files, as far as their sizes are known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weight {
    /// Of those that are wanted whole: what a lock says.
    pub whole: ByteSize,
    /// Of all, with archives of which only members are wanted: what older locks say.
    all: ByteSize,
}

impl Weight {
    /// That of these files.
    pub fn of<'f>(files: impl IntoIterator<Item = &'f LockedFile>) -> Self {
        let mut weight = Self::default();
        files.into_iter().for_each(|file| weight.add(file));
        weight
    }

    /// With another file.
    pub fn add(&mut self, file: &LockedFile) {
        let Some(size) = file.size else { return };
        self.all += size;
        if file.part.is_none() {
            self.whole += size;
        }
    }

    /// Whether a lock may say this number of such files.
    pub fn is_said_as(&self, bytes: ByteSize) -> bool {
        bytes == self.whole || bytes == self.all
    }
}

/// Digest of what a project asks for, whatever the order of its tables.
pub fn input(tables: impl IntoIterator<Item = Digest>) -> Digest {
    let mut marks: Vec<String> = tables.into_iter().map(|digest| digest.to_string()).collect();
    marks.sort();
    Digest::sha256(marks.join("\n").as_bytes())
}

/// Why a lock cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It breaks the form.
    #[error(transparent)]
    Broken(#[from] BrokenFile),
    /// A newer program wrote it.
    #[error("`{name}` has version {version} of the format; this program reads up to {}", v1::VERSION)]
    Newer {
        /// The file as it was named.
        name: String,
        /// What it says.
        version: i64,
    },
    /// Git LFS left its pointer in the place of the file.
    #[error("`{name}` is a pointer of Git LFS, and not the lock itself")]
    Pointer {
        /// The file as it was named.
        name: String,
    },
    /// Two branches were merged and nobody chose.
    #[error("`{name}` holds an unfinished merge: conflict marks from line {line}")]
    Conflict {
        /// The file as it was named.
        name: String,
        /// Line of the first mark, from 1.
        line: usize,
    },
    /// The same, and its conflict marks are not those of a merge.
    #[error("`{name}` holds an unfinished merge whose conflict marks do not fit, line {line}: {reason}")]
    Misfit {
        /// The file as it was named.
        name: String,
        /// Line of the mark, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Reads a lock of any version.
///
/// # Errors
/// It breaks the form, holds an unfinished merge, or is of a newer version.
pub fn read(name: &str, text: &str) -> Result<Lock, LockError> {
    if text.starts_with(LFS_POINTER) {
        return Err(LockError::Pointer { name: name.to_owned() });
    }
    if let Some(version) = version_of(text).filter(|version| *version > v1::VERSION) {
        return Err(LockError::Newer { name: name.to_owned(), version });
    }
    match conflict::first_mark(text) {
        Some(line) => Err(LockError::Conflict { name: name.to_owned(), line }),
        None => Ok(v1::read(name, text)?),
    }
}

/// What the sides of an unfinished merge say, side by side. They need not be whole locks: the
/// order of datasets and the digest over all of them are not looked at. Lines are those of the
/// file.
///
/// # Errors
/// The conflict marks do not fit together, or a side breaks the form.
pub fn read_sides(name: &str, text: &str) -> Result<Vec<Vec<Locked>>, LockError> {
    let misfit = |conflict::Misfit { line, reason }| LockError::Misfit { name: name.to_owned(), line, reason };
    let sides = conflict::sides(text).map_err(misfit)?;
    sides.map(|side| Ok(v1::read_side(name, &side)?)).collect()
}

/// The bytes of a lock, in the present version.
pub fn write(lock: &Lock) -> String {
    v1::write(lock)
}

/// The number in `version = 1`, wherever the rest of the text may break; the highest, where the
/// sides of a merge differ. Releases of datasets are texts.
fn version_of(text: &str) -> Option<i64> {
    let number = |line: &str| {
        let number = line.trim().strip_prefix("version")?.trim_start().strip_prefix('=')?.split('#').next()?.trim();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| number.parse().unwrap_or(i64::MAX))
    };
    text.lines().filter_map(number).max()
}

/// Line of a file in the text of a lock, from 1.
pub fn line_of(text: &str, locked: &Locked, path: &RelPath) -> Option<usize> {
    let (id, version) = (format!("id = \"{}\"", locked.id), format!("version = \"{}\"", locked.version));
    let file = format!("path = \"{path}\"");
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| *line != id);
    lines.find(|(_, line)| *line == version)?;
    let mut of_table = lines.take_while(|(_, line)| !line.starts_with("[["));
    of_table.find(|(_, line)| line.contains(&file)).map(|(index, _)| index + 1)
}

/// The licences of a lock's texts, by licence.
pub fn texts_by_license(texts: &[LockedText]) -> BTreeMap<&str, Digest> {
    texts.iter().map(|text| (text.license.as_str(), text.sha256)).collect()
}
