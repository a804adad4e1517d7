//! Which paths are taken, by a name that ignores case and Unicode composition.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::{Entry, EntryKind, Fault};
use crate::unpack::names::folded;

/// Paths of members and of the folders above them. The hash is keyed, so that no archive can
/// be built to collide; what it finds is compared as text all the same.
#[derive(Default)]
pub(super) struct Taken {
    hasher: RandomState,
    claims: HashMap<u64, Claim, Plain>,
    /// The folder of the last member: most members lie beside the one before.
    last_folder: String,
}

/// The first `length` bytes of a member's path are taken, by itself or as a folder.
#[derive(Clone, Copy)]
struct Claim {
    id: u32,
    length: u32,
}

impl Taken {
    /// Room for so many members.
    pub(super) fn with_capacity(members: usize) -> Self {
        Self { claims: HashMap::with_capacity_and_hasher(members, Plain), ..Self::default() }
    }

    /// Takes the path of a member and its folders. Answers the earlier file that has exactly
    /// the same path.
    pub(super) fn claim(&mut self, id: u32, entries: &[Entry], text: &str) -> Result<Option<u32>, Fault> {
        let path = entries[id as usize].path.of(text);
        let folder_end = path.rfind('/').unwrap_or(0);
        if path[..folder_end] != self.last_folder {
            for (end, _) in path.match_indices('/') {
                self.claim_one(id, end, true, entries, text)?;
            }
            self.last_folder.clear();
            self.last_folder.push_str(&path[..folder_end]);
        }
        let folder = entries[id as usize].kind == EntryKind::Folder;
        self.claim_one(id, path.len(), folder, entries, text)
    }

    /// Takes the first `length` bytes of a member's path.
    fn claim_one(
        &mut self,
        id: u32,
        length: usize,
        folder: bool,
        entries: &[Entry],
        text: &str,
    ) -> Result<Option<u32>, Fault> {
        let path = &entries[id as usize].path.of(text)[..length];
        let key = folded(path);
        let mut hash = self.hasher.hash_one(key.as_bytes());
        loop {
            let Some(earlier) = self.claims.get(&hash).copied() else {
                self.claims.insert(hash, Claim { id, length: length as u32 });
                return Ok(None);
            };
            let other = entries[earlier.id as usize];
            let other_path = &other.path.of(text)[..earlier.length as usize];
            if folded(other_path) != key {
                hash = hash.wrapping_add(1);
                continue;
            }
            let name = entries[id as usize].name.of(text);
            if other_path != path {
                let shown = crate::unpack::error::printable(other_path);
                let rule = format!("`{shown}` is the same name but for case or Unicode form");
                return Err(Fault::refused_member(name, rule));
            }
            let whole = earlier.length as usize == other.path.of(text).len();
            let other_folder = !whole || other.kind == EntryKind::Folder;
            return match (folder, other_folder) {
                (true, true) => Ok(None),
                (false, false) if other.kind == EntryKind::File => Ok(Some(earlier.id)),
                (false, false) => Err(Fault::refused_member(name, "it is in the archive more than once")),
                _ => Err(Fault::refused_member(name, "it is both a file and a folder in the archive")),
            };
        }
    }
}

/// Takes a key that is a hash already.
#[derive(Default, Clone, Copy)]
struct Plain;

impl std::hash::BuildHasher for Plain {
    type Hasher = PlainHasher;
    fn build_hasher(&self) -> PlainHasher {
        PlainHasher(0)
    }
}

/// The hasher of [`Plain`].
struct PlainHasher(u64);

impl std::hash::Hasher for PlainHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
