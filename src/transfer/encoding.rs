//! Bodies that come with a transport encoding nobody asked for, and files copied with their digests.

use std::io::Read as _;

use crate::fs::{self, FsError};
use crate::values::{ByteSize, Digest};

use super::digests::{self};

/// Whether bytes that came with a transport encoding are to be decoded: when a digest is known
/// and it is not theirs; without one, unless the name says that they are compressed themselves.
pub(super) fn must_decode(name: &crate::values::RelPath, expected: &[Digest], raw: &[Digest]) -> bool {
    if !expected.is_empty() {
        return digests::mismatch(expected, raw).is_some();
    }
    let name = name.file_name().to_ascii_lowercase();
    ![".gz", ".tgz", ".bgz"].iter().any(|ending| name.ends_with(ending))
}

/// Undoes `Content-Encoding: gzip`; `None` when it is broken. At most one byte more than `most`
/// comes out: what is longer is refused by its size, and a bomb must end somewhere.
pub(super) fn decoded(body: impl std::io::Read, most: u64, path: &std::path::Path) -> Result<Option<Vec<u8>>, FsError> {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    let mut out = Vec::new();
    let decoder = flate2::read::MultiGzDecoder::new(body);
    let most = most.min(MOST_DECODED).saturating_add(1);
    match decoder.take(most).read_to_end(&mut out) {
        Err(error) if matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) => return Ok(None),
        Err(error) => return Err(FsError::new("decode", path, error)),
        Ok(_) if out.len() as u64 <= MOST_DECODED => {}
        Ok(_) => {
            let error = std::io::Error::other("it is larger than 1 GiB when decoded");
            return Err(FsError::new("decode", path, error));
        }
    }
    Ok(Some(out))
}

pub(super) const BROKEN_ENCODING: &str = "its transport encoding is broken";

/// Larger files never came encoded in the field.
pub(super) const MOST_DECODED: u64 = 1 << 30;

/// Copies a file and computes digests on the way.
pub(super) fn copy_hashed(
    from: &std::path::Path,
    to: &std::path::Path,
    access: fs::Access,
    wanted: &[crate::values::Algorithm],
) -> Result<(u64, Vec<Digest>), FsError> {
    use crate::values::{Algorithm, Digester};
    use std::io::Write as _;
    let mut source = fs::Stoppable(fs::open(from)?);
    let mut target = fs::create_new(to, access)?;
    let size = source.0.metadata().map_err(|error| FsError::new("look at", from, error))?.len();
    let mut algorithms = vec![Algorithm::Sha256];
    algorithms.extend(wanted.iter().copied().filter(|one| *one != Algorithm::Sha256));
    let mut digesters: Vec<Digester> = algorithms.iter().map(|one| Digester::new(*one, Some(ByteSize(size)))).collect();
    let mut buffer = vec![0; 512 << 10];
    let mut copied = 0;
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(FsError::new("read", from, error)),
        };
        digesters.iter_mut().for_each(|digester| digester.update(&buffer[..read]));
        target.write_all(&buffer[..read]).map_err(|error| FsError::new("write", to, error))?;
        copied += read as u64;
    }
    Ok((copied, digesters.into_iter().map(Digester::finish).collect()))
}
