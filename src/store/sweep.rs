//! Which objects there are, and whether the number of names tells which of them a dataset uses.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::fs::{self, Access, FsError};
use crate::layout::Store;
use crate::values::{Algorithm, ByteSize, Digest};

/// An object as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub sha256: Digest,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size: ByteSize,
    /// Whether it is a file of some dataset too, by a hard link.
    pub is_linked: bool,
}

/// Every object of a store, in the order of names. What else lies there is passed over.
pub fn objects(store: &Store) -> Result<Vec<Object>, FsError> {
    let mut found = Vec::new();
    for folder in fs::list_dir(&store.objects())?.into_iter().filter(|folder| fs::is_dir(folder)) {
        for path in fs::list_dir(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Ok(sha256) = Digest::from_hex(Algorithm::Sha256, &name) else { continue };
            let Some(metadata) = fs::metadata(&path)?.filter(Metadata::is_file) else { continue };
            let (size, is_linked) = (ByteSize(metadata.len()), metadata.nlink() > 1);
            found.push(Object { sha256, path, size, is_linked });
        }
    }
    Ok(found)
}

/// Whether files of a store's file system can share their bytes without being one file, so that
/// no count of names tells whether an object is used.
pub fn shares_extents(store: &Store) -> Result<bool, FsError> {
    fs::create_dir_all(&store.tmp(), Access::Private)?;
    let one = store.tmp().join(fs::fresh_name("object-"));
    let other = one.with_extension("2");
    // An empty file is cloned anywhere, so this has a block.
    fs::write_unsynced(&one, &[0; 4096], Access::Private)?;
    let outcome = fs::clone_new(&one, &other, Access::Private);
    fs::remove_file(&one)?;
    fs::remove_file(&other)?;
    outcome
}
