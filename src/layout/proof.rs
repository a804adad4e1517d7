//! What proved the bytes of a release's file, and by whose word.

use serde::{Deserialize, Serialize};

use crate::values::Digest;

/// What proved the bytes of a release's file, as receipts write it (`docs/formats.md` section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A digest in the entry.
    Catalog,
    /// A digest in the host's listing.
    Host,
    /// A digest in the project's lock.
    Lock,
    /// A digest that the host sent along with the bytes.
    Header,
    /// The records of another copy, or those that once lay beside the files.
    Records,
    /// The git tree in the entry.
    GitTree,
    /// Only a size known beforehand.
    Size,
    /// Nothing: what came first was recorded.
    FirstUse,
    /// The person's word: other bytes than the catalogue's were taken, with a reason.
    AcceptedChange,
}

impl Proof {
    /// Whether the bytes are those that a digest known beforehand names.
    pub fn is_known_beforehand(self) -> bool {
        match self {
            Self::Catalog | Self::Host | Self::Lock | Self::Header | Self::Records | Self::GitTree => true,
            Self::Size | Self::FirstUse | Self::AcceptedChange => false,
        }
    }
}

/// A digest that the bytes were compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDigest {
    /// The digest.
    pub digest: Digest,
    /// Who named it.
    pub from: DigestSource,
}

/// Who named a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestSource {
    /// The entry.
    Catalog,
    /// The host's listing.
    Host,
    /// The project's lock.
    Lock,
    /// The answer that brought the bytes.
    Header,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_on_disk_stay() {
        #[track_caller]
        fn check(proof: Proof, word: &str, is_known_beforehand: bool) {
            assert_eq!(serde_json::to_value(proof).unwrap(), word);
            assert_eq!(serde_json::from_value::<Proof>(word.into()).unwrap(), proof);
            assert_eq!(proof.is_known_beforehand(), is_known_beforehand, "{word}");
        }
        check(Proof::Catalog, "catalog", true);
        check(Proof::Host, "host", true);
        check(Proof::Lock, "lock", true);
        check(Proof::Header, "header", true);
        check(Proof::Records, "records", true);
        check(Proof::GitTree, "git-tree", true);
        check(Proof::Size, "size", false);
        check(Proof::FirstUse, "first-use", false);
        check(Proof::AcceptedChange, "accepted-change", false);
    }
}
