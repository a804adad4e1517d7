//! Texts as they came, letters and certificates, kept under their digests.

use std::path::{Path, PathBuf};

use crate::fs::{self, Access};
use crate::values::{Algorithm, Digest};

use super::AgreementError;

/// The evidence folder below a state folder: `evidence/<sha256>`, files 0600.
#[derive(Debug, Clone)]
pub struct Evidence {
    dir: PathBuf,
}

impl Evidence {
    /// The evidence of a state folder. Nothing is created before the first file.
    pub fn open(state_dir: &Path) -> Self {
        Self { dir: state_dir.join("evidence") }
    }

    /// Keeps bytes and gives their digest. Keeping the same bytes again changes nothing, and
    /// puts a file right that was damaged since.
    pub fn store(&self, bytes: &[u8]) -> Result<Digest, AgreementError> {
        let digest = Digest::sha256(bytes);
        let held = self.read(&digest).is_ok();
        if !held {
            fs::create_dir_all(&self.dir, Access::Private)?;
            fs::atomic_write(&self.path(&digest), bytes, Access::Private)?;
        }
        Ok(digest)
    }

    /// The bytes with this digest, checked.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, AgreementError> {
        let path = self.path(digest);
        let missing = || AgreementError::EvidenceMissing { digest: *digest };
        if digest.algorithm() != Algorithm::Sha256 || fs::metadata(&path)?.is_none() {
            return Err(missing());
        }
        let bytes = fs::read(&path, LARGEST)?;
        let found = Digest::sha256(&bytes);
        if found == *digest { Ok(bytes) } else { Err(AgreementError::EvidenceChanged { path, found }) }
    }

    /// Where the bytes with this digest are, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }
}

/// No letter or certificate is larger.
const LARGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keeps_bytes_once_privately_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Evidence::open(folder.path());
        let digest = evidence.store(b"letter").unwrap();
        assert_eq!(evidence.store(b"letter").unwrap(), digest);
        assert_eq!(evidence.read(&digest).unwrap(), b"letter");
        let path = evidence.path(&digest);
        assert_eq!(path, folder.path().join("evidence").join(Digest::sha256(b"letter").hex()));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));

        fs::atomic_write(&path, b"forged", Access::Private).unwrap();
        assert!(matches!(evidence.read(&digest), Err(AgreementError::EvidenceChanged { .. })));
        evidence.store(b"letter").unwrap();
        assert_eq!(evidence.read(&digest).unwrap(), b"letter");
        let other = Digest::sha256(b"other");
        assert!(matches!(evidence.read(&other), Err(AgreementError::EvidenceMissing { .. })));
    }
}
