//! A listing must be one tree: each path once, and no file where a folder is.
//!
//! Hosts allow more than file systems do: figshare takes two files of one name, object stores
//! have no folders at all. Two downloads of one path would write into one another.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::{ListedFile, Listing, ProviderError};

impl Listing {
    /// The listing with files that are listed several times alike taken once.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] (54) where one path has different contents, or is a file and a
    /// folder. Looks at marks of 64 bits first: a listing may have a million files.
    pub fn into_one_tree(self) -> Result<Self, ProviderError> {
        let marks = RandomState::new();
        let mut seen = HashSet::with_capacity(self.0.len());
        let mut folders = HashSet::new();
        let mut repeated = HashSet::new();
        for file in &self.0 {
            let mut rest = file.path.as_str();
            let mark = marks.hash_one(rest);
            if !seen.insert(mark) {
                repeated.insert(mark);
            }
            while let Some((folder, _)) = rest.rsplit_once('/') {
                if !folders.insert(marks.hash_one(folder)) {
                    break;
                }
                rest = folder;
            }
        }
        for file in self.0.iter().filter(|file| folders.contains(&marks.hash_one(file.path.as_str()))) {
            let below = format!("{}/", file.path);
            if let Some(other) = self.0.iter().find(|other| other.path.as_str().starts_with(&below)) {
                return Err(refused(format!("the host lists `{}`, and `{}` below it", file.path, other.path)));
            }
        }
        if repeated.is_empty() {
            return Ok(self);
        }
        let mut first = HashMap::new();
        let mut files: Vec<ListedFile> = Vec::with_capacity(self.0.len());
        for file in self.0 {
            if !repeated.contains(&marks.hash_one(file.path.as_str())) {
                files.push(file);
                continue;
            }
            match first.get(&file.path).map(|at: &usize| &files[*at]) {
                None => {
                    first.insert(file.path.clone(), files.len());
                    files.push(file);
                }
                Some(other) if is_alike(other, &file) => {}
                Some(_) => return Err(refused(format!("the host lists `{}` twice, not alike", file.path))),
            }
        }
        Ok(Self(files))
    }
}

/// Whether two files of one path are the same bytes, as far as the host says.
fn is_alike(one: &ListedFile, other: &ListedFile) -> bool {
    one == other || (one.size == other.size && !one.digests.is_empty() && one.digests == other.digests)
}

fn refused(message: String) -> ProviderError {
    let help = vec![
        "nothing was downloaded: one would overwrite the other; tell the publisher".to_owned(),
        "or get the files by hand and take them in with `medsets import ID PATH...`".to_owned(),
    ];
    ProviderError::Refused { exit: 54, message, help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{ByteSize, Digest, RelPath};

    fn file(path: &str, bytes: Option<&[u8]>) -> ListedFile {
        ListedFile {
            size: bytes.map(|bytes| ByteSize(bytes.len() as u64)),
            digests: bytes.map(Digest::sha256).into_iter().collect(),
            ..ListedFile::named(RelPath::parse(path).unwrap())
        }
    }

    #[test]
    fn one_path_has_one_content() {
        #[track_caller]
        fn check(files: &[(&str, Option<&[u8]>)], expected: Option<&[&str]>) {
            let listing = Listing(files.iter().map(|(path, bytes)| file(path, *bytes)).collect());
            let found = listing.into_one_tree().ok();
            let found: Option<Vec<String>> =
                found.map(|listing| listing.0.iter().map(|file| file.path.to_string()).collect());
            assert_eq!(
                found.as_deref(),
                expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).as_deref()
            );
        }
        check(&[("a", Some(b"1")), ("b/c", Some(b"2")), ("b-c", None)], Some(&["a", "b/c", "b-c"]));
        check(&[("a", Some(b"1")), ("b", None), ("a", Some(b"1"))], Some(&["a", "b"])); // the same twice
        check(&[("a", Some(b"1")), ("a", Some(b"2"))], None);
        check(&[("a", Some(b"1")), ("a", None)], None); // who knows
        check(&[("a/b", None), ("a", None)], None); // a file and a folder
        check(&[("a/b/c", None), ("d", None), ("a/b", None)], None);
    }
}
