//! Digests of files on disk.

use std::io::Read as _;
use std::path::Path;

use crate::fs::{self, FsError, FsErrorKind};
use crate::layout::error::LayoutError;
use crate::values::{Algorithm, ByteSize, Digest, Digester};

/// Whether a record of ours is there and is the one with this SHA-256.
pub fn check_record(path: &Path, expected: Digest) -> Result<(), LayoutError> {
    let found = match sha256_of(path, &|_| ()) {
        Err(error) if error.kind() == FsErrorKind::NotFound => {
            return Err(LayoutError::NoRecord { path: path.to_path_buf() });
        }
        found => found?,
    };
    if found == expected { Ok(()) } else { Err(LayoutError::Altered { path: path.to_path_buf(), expected, found }) }
}

/// SHA-256 of a file's bytes.
pub fn sha256_of(path: &Path, progress: &dyn Fn(ByteSize)) -> Result<Digest, FsError> {
    Ok(digests_of(path, &[Algorithm::Sha256], progress)?[0])
}

/// Several digests of a file's bytes in one pass, in the order asked for.
pub fn digests_of(path: &Path, algorithms: &[Algorithm], progress: &dyn Fn(ByteSize)) -> Result<Vec<Digest>, FsError> {
    let mut file = fs::Stoppable(fs::open_regular(path)?);
    let size = file.0.metadata().map_err(|error| FsError::new("look at", path, error))?.len();
    let mut digesters: Vec<Digester> = algorithms.iter().map(|one| Digester::new(*one, Some(ByteSize(size)))).collect();
    let mut buffer = vec![0; BUFFER.min(usize::try_from(size).unwrap_or(BUFFER).max(1))];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(FsError::new("read", path, error)),
        };
        digesters.iter_mut().for_each(|one| one.update(&buffer[..read]));
        progress(ByteSize(read as u64));
    }
    Ok(digesters.into_iter().map(Digester::finish).collect())
}

/// Bytes read at once.
const BUFFER: usize = 256 << 10;
