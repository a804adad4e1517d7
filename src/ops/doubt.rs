//! Checksums that a host states wrongly, as the entry knows: `[[release.host-error]]`.
//!
//! Such a file could never be had otherwise, however often it is asked for. What its host says
//! of its bytes is set apart: the entry's own digests and the size still hold. Bytes that the
//! host's word fits after all are proven by it.

use std::collections::HashMap;

use crate::catalog::{FileEntry, HostError, Selection};
use crate::layout::Proof;
use crate::providers::ListedFile;
use crate::values::{Digest, Printable, RelPath};

/// What a host states of one file and is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    stated: Vec<Digest>,
    reason: String,
}

/// All that the entry knows of a source.
#[derive(Debug, Default)]
pub struct Doubts<'s>(HashMap<&'s RelPath, &'s HostError>);

impl<'s> Doubts<'s> {
    /// What an entry knows of a source.
    pub fn of(selection: &'s Selection, channel: &'s str) -> Self {
        let errors = selection.host_errors(channel);
        Self(errors.flat_map(|error| error.paths.iter().map(move |path| (path, error))).collect())
    }

    /// Whether what the host states of a file is doubted.
    pub fn concern(&self, path: &RelPath) -> bool {
        self.0.contains_key(path)
    }

    /// Leaves of a file's digests those of its entry, and gives the host's own.
    pub fn set_apart(&self, listed: &mut ListedFile, entry: Option<&FileEntry>) -> Option<Doubt> {
        let error = self.0.get(&listed.path)?;
        let known = entry.map(|entry| entry.digests.clone()).unwrap_or_default();
        let mut stated = std::mem::replace(&mut listed.digests, known);
        stated.retain(|digest| !listed.digests.contains(digest));
        (!stated.is_empty()).then(|| Doubt { stated, reason: error.reason.clone() })
    }
}

impl Doubt {
    /// What proves bytes of this digest, and what a person should know of them. `proof` is what
    /// proved them without the host's word.
    pub fn judge(&self, path: &RelPath, sha256: &Digest, proof: Proof) -> (Proof, Option<String>) {
        if self.stated.contains(sha256) {
            return (if proof.is_known_beforehand() { proof } else { Proof::Host }, None);
        }
        let stated: Vec<String> = self.stated.iter().map(ToString::to_string).collect();
        let reason = Printable::new(&self.reason);
        let warning =
            format!("`{path}` was taken as {sha256} without the host's checksum {}: {reason}", stated.join(", "));
        (proof, Some(warning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_right_after_all_is_believed() {
        let path = RelPath::parse("a.jpg").unwrap();
        let (right, wrong) = (Digest::sha256(b"right"), Digest::sha256(b"wrong"));
        let doubt = Doubt { stated: vec![wrong], reason: "reported".into() };
        assert_eq!(doubt.judge(&path, &wrong, Proof::Size), (Proof::Host, None));
        assert_eq!(doubt.judge(&path, &wrong, Proof::Catalog), (Proof::Catalog, None));
        let (proof, warning) = doubt.judge(&path, &right, Proof::FirstUse);
        assert_eq!(proof, Proof::FirstUse);
        let warning = warning.unwrap();
        assert!(warning.contains("a.jpg") && warning.contains(&wrong.to_string()) && warning.contains("reported"));
    }
}
