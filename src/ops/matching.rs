//! Which of a person's files is which file of a release: by digest, then by name and size.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalog::FileEntry;
use crate::fs::FsError;
use crate::layout::check::digests_of;
use crate::values::{Algorithm, ByteSize, RelPath};

/// A file that a person has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub size: ByteSize,
}

/// A recognised file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// Its path at the publisher.
    pub path: RelPath,
    /// The person's file.
    #[serde(serialize_with = "super::report::shown")]
    pub found: PathBuf,
    /// How it was recognised: `digest`, `name and size`, or `name`.
    pub by: &'static str,
}

/// Recognises files. Reads only those whose size a digest of the entry could belong to.
pub fn recognise(entries: &[FileEntry], candidates: &[Candidate]) -> Result<Vec<Match>, FsError> {
    let mut matches: BTreeMap<RelPath, Match> = BTreeMap::new();
    let mut used = vec![false; candidates.len()];
    for (index, candidate) in candidates.iter().enumerate() {
        if let Some(entry) = by_digest(entries, candidate, &matches)? {
            used[index] = true;
            let found = Match { path: entry.path.clone(), found: candidate.path.clone(), by: "digest" };
            matches.insert(entry.path.clone(), found);
        }
    }
    for entry in entries {
        if matches.contains_key(&entry.path) {
            continue;
        }
        let fits = |candidate: &Candidate| {
            same_name(entry.path.file_name(), &candidate.path) && entry.size.is_none_or(|size| size == candidate.size)
        };
        let free = candidates.iter().enumerate().filter(|(index, candidate)| !used[*index] && fits(candidate));
        // Of several copies the one with the shortest name is the browser's first.
        if let Some((index, candidate)) = free.min_by_key(|(_, candidate)| candidate.path.as_os_str().len()) {
            used[index] = true;
            let by = if entry.size.is_some() { "name and size" } else { "name" };
            matches.insert(entry.path.clone(), Match { path: entry.path.clone(), found: candidate.path.clone(), by });
        }
    }
    Ok(matches.into_values().collect())
}

/// The entry whose digest the candidate has.
fn by_digest<'e>(
    entries: &'e [FileEntry],
    candidate: &Candidate,
    matches: &BTreeMap<RelPath, Match>,
) -> Result<Option<&'e FileEntry>, FsError> {
    let likely: Vec<&FileEntry> = entries
        .iter()
        .filter(|entry| !entry.digests.is_empty() && !matches.contains_key(&entry.path))
        // Where the entry knows no size, only a file of a like name is worth reading whole.
        .filter(|entry| match entry.size {
            Some(size) => size == candidate.size,
            None => same_name(entry.path.file_name(), &candidate.path),
        })
        .collect();
    if likely.is_empty() {
        return Ok(None);
    }
    let mut algorithms: Vec<Algorithm> = likely.iter().map(|entry| entry.digests[0].algorithm()).collect();
    algorithms.sort();
    algorithms.dedup();
    let digests = digests_of(&candidate.path, &algorithms, &|_| ())?;
    Ok(likely.into_iter().find(|entry| digests.contains(&entry.digests[0])))
}

/// Whether a file has the publisher's name, as it is or as a browser changed it.
fn same_name(name: &str, path: &Path) -> bool {
    let Some(found) = path.file_name().and_then(|found| found.to_str()) else { return false };
    let wanted = name.to_lowercase();
    let decoded = percent_encoding::percent_decode_str(found).decode_utf8_lossy().to_lowercase();
    [found.to_lowercase(), decoded].iter().any(|found| *found == wanted || without_counter(found).contains(&wanted))
}

/// The name without the ` (1)` or `-1` that browsers add to a second download, wherever they
/// put it: `a (1).tar.gz`, `a.tar (1).gz`, `a(1).zip`.
fn without_counter(name: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (open, _) in name.match_indices('(') {
        let Some(close) = name[open..].find(')').map(|close| open + close) else { continue };
        let inside = &name[open + 1..close];
        if !inside.is_empty() && inside.len() < 4 && inside.bytes().all(|byte| byte.is_ascii_digit()) {
            names.push(format!("{}{}", name[..open].trim_end(), &name[close + 1..]));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_names_are_the_publishers_names() {
        #[track_caller]
        fn check(name: &str, found: &str, expected: bool) {
            assert_eq!(same_name(name, Path::new(found)), expected, "{found}");
        }
        check("images_012.tar.gz", "/d/images_012.tar.gz", true);
        check("images_012.tar.gz", "/d/images_012 (1).tar.gz", true);
        check("images_012.tar.gz", "/d/images_012.tar (3).gz", true);
        check("images_012.tar.gz", "/d/images_012(12).tar.gz", true);
        check("images_012.tar.gz", "/d/images_013 (1).tar.gz", false);
        let batch = "CheXpert-v1.0 batch 1 (validate & csv).zip";
        check(batch, "/d/CheXpert-v1.0 batch 1 (validate & csv).zip", true);
        check(batch, "/d/CheXpert-v1.0 batch 1 (validate & csv) (2).zip", true);
        check(batch, "/d/CheXpert-v1.0%20batch%201%20(validate%20%26%20csv).zip", true);
        check(batch, "/d/CheXpert-v1.0 batch 1.zip", false);
        check("train.csv", "/d/TRAIN.CSV", true);
    }
}
