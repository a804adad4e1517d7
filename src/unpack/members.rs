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
    pub(super) rows: Vec<Row>,
    pub(super) raw: HashMap<u32, Box<[u8]>>,
}

/// One member in the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: Span,
    pub(super) path: Span,
    pub(super) size: u64,
    pub(super) modified: Modified,
    pub(super) sha256: [u8; 32],
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
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The sum of their sizes.
    pub fn bytes(&self) -> ByteSize {
        self.rows.iter().map(|row| ByteSize(row.size)).sum()
    }

    /// All of them, in the order of the archive.
    pub fn iter(&self) -> impl Iterator<Item = Member> + '_ {
        (0..self.rows.len()).map(|index| self.member(index))
    }

    /// The name of one in the archive.
    pub(super) fn name(&self, index: usize) -> &str {
        self.rows[index].name.of(&self.text)
    }

    /// Adds one. The text of all must stay below 4 GiB, which the roster sees to.
    pub(super) fn push(&mut self, member: &Member) {
        let name = Span::push(&mut self.text, &member.name);
        let path = Span::push(&mut self.text, member.path.as_str());
        let sha256 = member.sha256.bytes().try_into().unwrap_or_default();
        let modified = Modified::from_time(member.modified);
        if let Some(raw) = &member.raw_name {
            self.raw.insert(self.rows.len() as u32, raw.clone().into());
        }
        self.rows.push(Row { name, path, size: member.size.0, modified, sha256 });
    }

    fn member(&self, index: usize) -> Member {
        let row = &self.rows[index];
        Member {
            path: RelPath::parse(row.path.of(&self.text)).expect("only paths are put into the table"),
            name: row.name.of(&self.text).to_owned(),
            raw_name: self.raw.get(&(index as u32)).map(|raw| raw.to_vec()),
            size: ByteSize(row.size),
            sha256: Digest::from_bytes(Algorithm::Sha256, &row.sha256).expect("32 bytes are a SHA-256"),
            modified: row.modified.time(),
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
