//! The files that were unpacked, held in little memory.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::values::{Algorithm, ByteSize, Digest, RelPath};

/// One unpacked file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it is, below the folder that was unpacked into.
    pub path: RelPath,
    /// Its name in the archive, without `./` in front; behind `!` the name in a nested one.
    pub name: String,
    /// The bytes of its name, where they are not UTF-8.
    pub raw_name: Option<Vec<u8>>,
    /// Its size.
    pub size: ByteSize,
    /// SHA-256 of its bytes, computed while they were written.
    pub sha256: Digest,
    /// Its last change, where the archive gives a sensible one. A zip may know local time
    /// only, which is then taken as UTC.
    pub modified: Option<SystemTime>,
}

/// All unpacked files. Some archives have hundreds of thousands, so names share one text and
/// a [`Member`] is made when asked for.
#[derive(Debug, Default)]
pub struct Members {
    pub(super) text: String,
    /// What the roster held: folders and links too, which are passed over.
    pub(super) entries: Vec<Entry>,
    /// SHA-256 of each entry.
    pub(super) digests: Vec<[u8; 32]>,
    pub(super) raw: HashMap<u32, Box<[u8]>>,
    /// How many entries are files.
    pub(super) files: usize,
}

/// A member in the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) name: Span,
    pub(super) path: Span,
    pub(super) size: u64,
    pub(super) modified: Modified,
    pub(super) kind: EntryKind,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A file with bytes.
    File,
    /// A folder; only its name matters.
    Folder,
    /// A symbolic or hard link, made at the end.
    Link,
    /// A file of the same name as that earlier one; passes if its bytes are the same.
    Twin(u32),
    /// Anything that was not chosen.
    LeftOut,
}

/// A piece of the shared text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

/// Seconds since 1970; zero where nothing sensible is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Modified(u32);

impl Members {
    /// How many.
    pub fn len(&self) -> usize {
        self.files
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// The sum of their sizes.
    pub fn bytes(&self) -> ByteSize {
        self.files().map(|id| ByteSize(self.entries[id].size)).sum()
    }

    /// All of them, in the order of the archive.
    pub fn iter(&self) -> impl Iterator<Item = Member> + '_ {
        self.files().map(|id| self.member(id))
    }

    /// Adds one. The text of all must stay below 4 GiB, which the roster sees to.
    pub(super) fn push(&mut self, member: &Member) {
        let name = Span::push(&mut self.text, &member.name);
        let path = Span::push(&mut self.text, member.path.as_str());
        if let Some(raw) = &member.raw_name {
            self.raw.insert(self.entries.len() as u32, raw.clone().into());
        }
        let modified = Modified::from_time(member.modified);
        self.entries.push(Entry { name, path, size: member.size.0, modified, kind: EntryKind::File });
        self.digests.push(member.sha256.bytes().try_into().unwrap_or_default());
        self.files += 1;
    }

    /// The numbers of those entries that are files.
    fn files(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.entries.len()).filter(|id| self.entries[*id].kind == EntryKind::File)
    }

    fn member(&self, id: usize) -> Member {
        let entry = &self.entries[id];
        Member {
            path: RelPath::parse(entry.path.of(&self.text)).expect("only paths are put into the table"),
            name: entry.name.of(&self.text).to_owned(),
            raw_name: self.raw.get(&(id as u32)).map(|raw| raw.to_vec()),
            size: ByteSize(entry.size),
            sha256: Digest::from_bytes(Algorithm::Sha256, &self.digests[id]).expect("32 bytes are a SHA-256"),
            modified: entry.modified.time(),
        }
    }
}

impl Span {
    /// Adds text at the end.
    pub(super) fn push(text: &mut String, piece: &str) -> Self {
        let start = text.len() as u32;
        text.push_str(piece);
        Self { start, length: piece.len() as u32 }
    }

    /// The piece.
    pub(super) fn of(self, text: &str) -> &str {
        &text[self.start as usize..(self.start + self.length) as usize]
    }

    /// The piece without its first bytes.
    #[must_use]
    pub(super) fn without_first(self, count: usize) -> Self {
        Self { start: self.start + count as u32, length: self.length - count as u32 }
    }
}

impl Modified {
    /// Takes seconds since 1970 where they lie between then and 2100.
    pub(super) fn from_seconds(seconds: i64) -> Self {
        const YEAR_2100: i64 = 4_102_444_800;
        if (1..YEAR_2100).contains(&seconds) { Self(seconds as u32) } else { Self::default() }
    }

    /// The same from a time.
    pub(super) fn from_time(time: Option<SystemTime>) -> Self {
        let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.map_or(Self::default(), |since| Self::from_seconds(since.as_secs().min(i64::MAX as u64) as i64))
    }

    /// The time, where one is known.
    pub(super) fn time(self) -> Option<SystemTime> {
        (self.0 > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(self.0)))
    }
}
