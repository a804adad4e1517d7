//! What a catalogue entry says about an archive.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::values::{ByteSize, RelPath};

/// How to unpack one archive. The default takes everything, strips nothing and allows no link.
///
/// All globs speak of names with or without the folders that are stripped (see
/// [`Rules::speak_of`]).
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The format; found out from the bytes where none is said.
    pub format: Option<Format>,
    /// Folders to leave away at the front of each name.
    pub strip: Strip,
    /// Members that go into a folder of their own; the first that matches counts.
    pub under: Vec<Under>,
    /// Members to leave out.
    pub skip: Globs,
    /// The only members to take; all where it is empty.
    pub only: Globs,
    /// Members that are archives themselves and are unpacked in their place.
    pub nested: Globs,
    /// Whether links are made. They must lead to a member.
    pub links: bool,
    /// Names reserved on some system (`aux.txt`) that are wanted all the same: a whole path
    /// after stripping, or one name in it.
    pub names: Vec<String>,
    /// Encoding of names that are not UTF-8, as a label of the Encoding Standard
    /// (`shift_jis`, `gbk`); CP437 where none is said.
    pub encoding: Option<String>,
    /// How much may come out of it.
    pub limits: Limits,
}

impl Rules {
    /// Whether globs mean a member: by its name in the archive, or by what is left of it when
    /// the folders that may be stripped are gone.
    pub fn speak_of(&self, globs: &Globs, name: &str) -> bool {
        let levels = match self.strip {
            Strip::None => 0,
            Strip::Auto => 1,
            Strip::Levels(levels) => levels,
        };
        let bare = || super::roster::after_levels(name, levels).is_some_and(|rest| globs.matches(&name[rest..]));
        globs.matches(name) || (levels > 0 && bare())
    }
}

/// Folders to leave away at the front of each name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strip {
    /// None.
    #[default]
    None,
    /// One, when all files lie below the same one.
    Auto,
    /// So many. A member that has fewer is refused.
    Levels(usize),
}

/// Members that go into a folder of their own.
#[derive(Debug, Clone)]
pub struct Under {
    /// Which members.
    pub members: Globs,
    /// Which folder.
    pub folder: RelPath,
}

/// How much may come out of an archive. What is more is refused before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Members, folders included; 5,000,000 by default.
    pub members: u64,
    /// Bytes written; 4 TiB by default.
    pub bytes: ByteSize,
    /// Bytes out of one byte in, counted over the archive once 256 MiB came out; 300 by
    /// default. Not asked where `expected_bytes` is known.
    pub ratio: u64,
    /// Files the entry says it has; takes the place of `members`, folders not counted.
    pub expected_members: Option<u64>,
    /// Bytes the entry says its files have; takes the place of `bytes`.
    pub expected_bytes: Option<ByteSize>,
}

impl Limits {
    /// Output below which the ratio is not asked: masks and empty volumes compress well.
    pub const RATIO_FROM: ByteSize = ByteSize(256 << 20);
}

impl Default for Limits {
    fn default() -> Self {
        Self { members: 5_000_000, bytes: ByteSize(4 << 40), ratio: 300, expected_members: None, expected_bytes: None }
    }
}

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// zip, whole or split.
    Zip,
    /// 7z.
    SevenZ,
    /// tar, compressed or not.
    Tar(Packing),
    /// One compressed file, which becomes a file without the last extension.
    Single(Packing),
}

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, of one member or many.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

/// The text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no archive format: expected `zip`, `7z`, `tar`, `tar.gz`, `tar.bz2`, `tar.xz`, `tar.zst` or `gz`")]
pub struct NotAFormat(String);

/// All formats by the words of the catalogue.
const FORMATS: [(&str, Format); 11] = [
    ("zip", Format::Zip),
    ("7z", Format::SevenZ),
    ("tar", Format::Tar(Packing::Plain)),
    ("tar.gz", Format::Tar(Packing::Gzip)),
    ("tar.bz2", Format::Tar(Packing::Bzip2)),
    ("tar.xz", Format::Tar(Packing::Xz)),
    ("tar.zst", Format::Tar(Packing::Zstd)),
    ("gz", Format::Single(Packing::Gzip)),
    ("bz2", Format::Single(Packing::Bzip2)),
    ("xz", Format::Single(Packing::Xz)),
    ("zst", Format::Single(Packing::Zstd)),
];

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = if text == "tgz" { "tar.gz" } else { text };
        FORMATS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, format)| *format)
            .ok_or_else(|| NotAFormat(crate::values::Printable::new(text).to_string()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = FORMATS.iter().find(|(_, format)| format == self).map_or("no compression", |(word, _)| word);
        out.pad(word)
    }
}

impl Packing {
    /// Its name in messages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Plain => "tar",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }
}

/// Patterns over names in an archive: `*` stays within a name, `**` crosses folders.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    set: Option<GlobSet>,
}

/// A pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a pattern: {reason}")]
pub struct BadGlob {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Globs {
    /// Reads patterns; none of them matches nothing.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, BadGlob> {
        let bad = |pattern: &str, error: &globset::Error| BadGlob {
            pattern: pattern.to_owned(),
            reason: error.kind().to_string(),
        };
        let mut builder = GlobSetBuilder::new();
        let mut count = 0;
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            builder.add(glob.map_err(|error| bad(pattern, &error))?);
            count += 1;
        }
        if count == 0 {
            return Ok(Self::default());
        }
        let set = builder.build().map_err(|error| bad(error.glob().unwrap_or_default(), &error))?;
        Ok(Self { set: Some(set) })
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.set.is_none()
    }

    /// Whether one of the patterns matches the whole name.
    pub fn matches(&self, name: &str) -> bool {
        self.set.as_ref().is_some_and(|set| set.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_round_trip_by_their_words() {
        for (word, format) in FORMATS {
            assert_eq!(word.parse::<Format>().unwrap(), format);
            assert_eq!(format.to_string(), word);
        }
        assert_eq!("tgz".parse::<Format>().unwrap(), Format::Tar(Packing::Gzip));
        assert!("rar".parse::<Format>().is_err());
    }

    #[test]
    fn globs_keep_to_folders() {
        let junk = Globs::new(["__MACOSX/**", "**/.DS_Store", "*.csv"]).unwrap();
        for name in ["__MACOSX/a/._b", ".DS_Store", "a/b/.DS_Store", "x.csv"] {
            assert!(junk.matches(name), "{name}");
        }
        for name in ["a/__MACOSX/b", "a/x.csv", "DS_Store"] {
            assert!(!junk.matches(name), "{name}");
        }
        assert!(Globs::new(["a[z"]).is_err());
    }
}
