//! Which of a person's files is which file of a release: by digest, then by name and size.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fs::FsError;
use crate::layout::check::digests_of;
use crate::providers::ListedFile;
use crate::values::{Algorithm, ByteSize, Digest, RelPath};

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

/// Recognises files. Reads only those whose size a known digest could belong to.
///
/// A digest decides whatever a file is called. Else it is the name, and the size where that is
/// known; where several files of the release have one name, the folders must agree, too.
pub fn recognise(files: &[ListedFile], candidates: &[Candidate]) -> Result<Vec<Match>, FsError> {
    let index = Index::of(files);
    let mut matches: BTreeMap<usize, Match> = BTreeMap::new();
    let mut used = vec![false; candidates.len()];
    for (place, candidate) in candidates.iter().enumerate() {
        let free = |file: &usize| !matches.contains_key(file);
        if let Some(file) = index.by_digest(candidate, free)? {
            used[place] = true;
            matches.insert(file, matched(&files[file], candidate, "digest"));
        }
    }
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, candidate) in candidates.iter().enumerate().filter(|(place, _)| !used[*place]) {
        for name in names(&candidate.path) {
            by_name.entry(name).or_default().push(place);
        }
    }
    for (at, file) in files.iter().enumerate() {
        if matches.contains_key(&at) {
            continue;
        }
        let name = file.path.file_name().to_lowercase();
        let is_one_of_many = index.named(&name).len() > 1;
        let fits = |place: &usize| {
            let candidate = &candidates[*place];
            !used[*place]
                && file.size.is_none_or(|size| size == candidate.size)
                && (!is_one_of_many || lies_as(candidate, file))
        };
        let free = by_name.get(&name).into_iter().flatten().copied().filter(fits);
        // Of several copies the one with the shortest name is the browser's first.
        if let Some(place) = free.min_by_key(|place| candidates[*place].path.as_os_str().len()) {
            used[place] = true;
            let by = if file.size.is_some() { "name and size" } else { "name" };
            matches.insert(at, matched(file, &candidates[place], by));
        }
    }
    let mut matches: Vec<Match> = matches.into_values().collect();
    matches.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(matches)
}

fn matched(file: &ListedFile, candidate: &Candidate, by: &'static str) -> Match {
    Match { path: file.path.clone(), found: candidate.path.clone(), by }
}

/// Whether a file lies in folders of the publisher's names.
fn lies_as(candidate: &Candidate, file: &ListedFile) -> bool {
    candidate.path.ends_with(Path::new(file.path.as_str()))
}

/// The files of a release, of which there may be hundreds of thousands, by what tells them.
struct Index<'f> {
    files: &'f [ListedFile],
    by_digest: HashMap<Digest, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    /// Which digests files of a size are known by.
    algorithms: HashMap<ByteSize, BTreeSet<Algorithm>>,
}

impl<'f> Index<'f> {
    fn of(files: &'f [ListedFile]) -> Self {
        let mut index = Self { files, by_digest: HashMap::new(), by_name: HashMap::new(), algorithms: HashMap::new() };
        for (at, file) in files.iter().enumerate() {
            index.by_name.entry(file.path.file_name().to_lowercase()).or_default().push(at);
            let Some(digest) = file.digests.first() else { continue };
            index.by_digest.entry(*digest).or_default().push(at);
            if let Some(size) = file.size {
                index.algorithms.entry(size).or_default().insert(digest.algorithm());
            }
        }
        index
    }

    fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The file whose digest the candidate has; of several the one that lies where it does.
    fn by_digest(&self, candidate: &Candidate, free: impl Fn(&usize) -> bool) -> Result<Option<usize>, FsError> {
        let mut algorithms = self.algorithms.get(&candidate.size).cloned().unwrap_or_default();
        // Where no size is known, only a file of a like name is worth reading whole.
        for at in names(&candidate.path).iter().flat_map(|name| self.named(name)) {
            let file = &self.files[*at];
            let digest = file.digests.first().filter(|_| file.size.is_none());
            algorithms.extend(digest.map(Digest::algorithm));
        }
        if algorithms.is_empty() {
            return Ok(None);
        }
        let algorithms: Vec<Algorithm> = algorithms.into_iter().collect();
        let digests = digests_of(&candidate.path, &algorithms, &|_| ())?;
        let same = digests.iter().flat_map(|digest| self.by_digest.get(digest).into_iter().flatten());
        let same =
            same.filter(|at| free(at)).filter(|at| self.files[**at].size.is_none_or(|size| size == candidate.size));
        let found: Vec<usize> = same.copied().collect();
        let in_place = found.iter().find(|at| lies_as(candidate, &self.files[**at]));
        Ok(in_place.or(found.first()).copied())
    }
}

/// The names, in small letters, that a publisher's file may have had that is called so now: as it
/// is, or as a browser changed it.
pub(super) fn names(path: &Path) -> Vec<String> {
    let Some(found) = path.file_name().and_then(|found| found.to_str()) else { return Vec::new() };
    let decoded = percent_encoding::percent_decode_str(found).decode_utf8_lossy().to_lowercase();
    let mut names = vec![found.to_lowercase()];
    if decoded != names[0] {
        names.push(decoded);
    }
    let counted: Vec<String> = names.iter().flat_map(|name| without_counter(name)).collect();
    names.extend(counted);
    names
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
            assert_eq!(names(Path::new(found)).contains(&name.to_lowercase()), expected, "{found}");
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
