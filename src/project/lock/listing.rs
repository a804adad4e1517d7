//! A long list of files, as JSON Lines in the order of paths: `<sha256>.jsonl.zst` beside the
//! lock. The SHA-256 of the uncompressed bytes names it, so compression may differ.

use std::io::{self, BufRead, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Locator;
use crate::values::{Algorithm, ByteSize, Digest, RelPath, SafeUrl};

use super::{LockedFile, LockedPart, PinnedBy};

/// A line. The words are those of the lock itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Line {
    path: RelPath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<ByteSize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    digests: Vec<Digest>,
    from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<SafeUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<RelPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notice: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    members: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    only: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
}

/// The bytes of a list.
pub fn write(files: &[LockedFile]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(files.len() * 128);
    for file in files {
        serde_json::to_writer(&mut bytes, &Line::of(file)).expect("memory takes it, and every key is a text");
        bytes.push(b'\n');
    }
    bytes
}

/// The files of a list, line by line, without holding them. Whether the list is the pinned one is
/// for the caller, who has its bytes.
///
/// # Errors
/// An item is one where the bytes cannot be read, or line N (in the message) is no file of a list.
pub fn lines(text: impl BufRead) -> impl Iterator<Item = io::Result<LockedFile>> {
    let mut before: Option<(RelPath, Option<Arc<Locator>>)> = None;
    text.lines().enumerate().map(move |(index, line)| {
        let broken =
            |reason: String| io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {reason}", index + 1));
        let line: Line = serde_json::from_str(&line?).map_err(|error| broken(error.to_string()))?;
        let (last, at) = before.take().unzip();
        let file = line.into_file(at.flatten()).map_err(broken)?;
        if last.is_some_and(|last| last >= file.path) {
            return Err(broken(format!("`{}` is named twice or out of order", file.path)));
        }
        before = Some((file.path.clone(), file.at.clone()));
        Ok(file)
    })
}

/// Compresses the bytes of a list.
///
/// # Errors
/// The compressor fails, which it does only without memory.
pub fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = zstd::Encoder::new(Vec::new(), LEVEL)?;
    out.include_checksum(true)?;
    out.write_all(bytes)?;
    out.finish()
}

/// The most bytes that a list of so many files has, uncompressed: paths have at most a few
/// kilobytes, and most lines two hundred bytes.
pub fn most_bytes(files: u64) -> u64 {
    files.saturating_mul(2 << 10).saturating_add(1 << 20).min(LARGEST)
}

const LARGEST: u64 = 2 << 30;

const LEVEL: i32 = 9;

impl Line {
    fn of(file: &LockedFile) -> Self {
        let at = file.at.as_deref().cloned().unwrap_or_default();
        let sha256 = file.sha256();
        Self {
            path: file.path.clone(),
            size: file.size,
            sha256: sha256.map(|digest| digest.hex()),
            digests: if sha256.is_some() { Vec::new() } else { file.digests.clone() },
            from: file.from.as_str().to_owned(),
            url: at.url,
            at: at.path,
            file_id: at.file_id,
            entity: at.entity,
            key: at.key,
            license: file.license.clone(),
            notice: file.notice.clone(),
            members: file.members,
            only: file.part.as_ref().map(|part| part.globs.clone()),
            directory: file.part.as_ref().and_then(|part| part.directory).map(|directory| directory.hex()),
        }
    }

    /// A file of the list; where it is at the same place as the file before, they share it.
    fn into_file(self, before: Option<Arc<Locator>>) -> Result<LockedFile, String> {
        let digests = match self.sha256 {
            Some(hex) => vec![Digest::from_hex(Algorithm::Sha256, &hex).map_err(|error| error.to_string())?],
            None => self.digests,
        };
        let from = PinnedBy::parse(&self.from).ok_or_else(|| format!("`{}` is no word for `from`", self.from))?;
        if (from == PinnedBy::Unpinned) != digests.iter().all(|digest| digest.algorithm() != Algorithm::Sha256) {
            return Err("a file is `unpinned` where it has no `sha256`, and nowhere else".to_owned());
        }
        if self.url.as_ref().is_some_and(|url| !url.is_plain()) {
            return Err("an address in a lock has no query and no user".to_owned());
        }
        let at = Locator {
            url: self.url,
            path: self.at,
            file_id: self.file_id,
            entity: self.entity,
            key: self.key,
            ..Locator::default()
        };
        let at = (at != Locator::default()).then(|| match before {
            Some(same) if *same == at => same,
            _ => Arc::new(at),
        });
        let hex = |text: String| Digest::from_hex(Algorithm::Sha256, &text).map_err(|error| error.to_string());
        let directory = self.directory.map(hex).transpose()?;
        let part = self.only.map(|globs| Box::new(LockedPart { globs, directory }));
        if directory.is_some() && part.is_none() {
            return Err("`directory` stands beside `only`, and nowhere else".to_owned());
        }
        let (license, notice, members) = (self.license, self.notice, self.members);
        Ok(LockedFile { path: self.path, size: self.size, digests, from, at, license, notice, members, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let file = |path: &str, digest: Digest, from| LockedFile {
            path: RelPath::parse(path).unwrap(),
            size: Some(ByteSize(3)),
            digests: vec![digest],
            from,
            at: Some(Arc::new(Locator { file_id: Some("7".into()), ..Locator::default() })),
            license: Some("CC0-1.0".into()),
            notice: None,
            members: Some(4),
            part: (from == PinnedBy::Unpinned)
                .then(|| LockedPart { globs: vec!["*.csv".into()], directory: Some(Digest::sha256(b"directory")) })
                .map(Box::new),
        };
        let md5 = Digest::from_hex(Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72").unwrap();
        let files = vec![
            file("a \"b\".zip", Digest::sha256(b"abc"), PinnedBy::FirstUse),
            file("b/ü.csv", md5, PinnedBy::Unpinned),
        ];
        let bytes = write(&files);
        let read = |bytes| lines(bytes).collect::<io::Result<Vec<_>>>();
        assert_eq!(read(bytes.as_slice()).unwrap(), files);
        let packed = compress(&bytes).unwrap();
        assert_eq!(zstd::decode_all(packed.as_slice()).unwrap(), bytes);
        let torn = &bytes[..bytes.len() - 9];
        assert!(read(torn).unwrap_err().to_string().contains("line 2"));
    }
}
