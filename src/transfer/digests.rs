//! What hosts say of their files, and followers that compute digests of a growing part.

use std::sync::Arc;
use std::thread::JoinHandle;

use base64::Engine as _;

use crate::fs::FsError;
use crate::values::{Algorithm, ByteSize, Digest, Digester};

use super::part::{Follow, Part};

/// Digests that an answer's headers state of the whole file: `Repr-Digest` (RFC 9530),
/// `Digest` (RFC 3230), `x-goog-hash`, `x-amz-checksum-*`. What is not understood is passed over.
pub fn stated(header: impl Fn(&str) -> Option<String>) -> Vec<Digest> {
    let mut found = amazon(&header);
    for name in ["repr-digest", "digest", "x-goog-hash"] {
        for item in header(name).unwrap_or_default().split(',') {
            let Some((label, value)) = item.trim().split_once('=') else { continue };
            let algorithm = match label.to_ascii_lowercase().as_str() {
                "sha-256" => Algorithm::Sha256,
                "sha" => Algorithm::Sha1,
                "md5" => Algorithm::Md5,
                "crc32c" => Algorithm::Crc32c,
                _ => continue,
            };
            found.extend(of_base64(algorithm, value.trim().trim_matches(':')));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Checksums of S3. Of an object that was uploaded in parts (its entity tag ends in `-` and
/// their number) they are computed over those of the parts, unless it is said that they are not.
fn amazon(header: impl Fn(&str) -> Option<String>) -> Vec<Digest> {
    let whole = match header("x-amz-checksum-type") {
        Some(kind) => kind.trim() == "FULL_OBJECT",
        None => !header("etag").is_some_and(|tag| tag.contains('-')),
    };
    let kinds = [
        ("x-amz-checksum-sha256", Algorithm::Sha256),
        ("x-amz-checksum-sha1", Algorithm::Sha1),
        ("x-amz-checksum-md5", Algorithm::Md5),
        ("x-amz-checksum-crc32c", Algorithm::Crc32c),
    ];
    let found = kinds.into_iter().filter(|_| whole);
    found.filter_map(|(name, algorithm)| of_base64(algorithm, header(name)?.trim())).collect()
}

fn of_base64(algorithm: Algorithm, text: &str) -> Option<Digest> {
    Digest::from_bytes(algorithm, &base64::engine::general_purpose::STANDARD.decode(text).ok()?)
}

/// Threads that follow a part, one for each digest.
pub struct Followers(Vec<JoinHandle<Result<Option<Digest>, FsError>>>);

impl Followers {
    /// Starts a thread for each algorithm; SHA-256 comes first and always.
    pub fn start(part: &Arc<Part>, wanted: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut algorithms = vec![Algorithm::Sha256];
        for algorithm in wanted {
            if !algorithms.contains(&algorithm) {
                algorithms.push(algorithm);
            }
        }
        Self(
            algorithms
                .into_iter()
                .map(|algorithm| {
                    let part = part.clone();
                    std::thread::spawn(move || follow(&part, algorithm))
                })
                .collect(),
        )
    }

    /// Waits for all of them. `None` when the part did not become whole. Blocks.
    pub fn finish(self) -> Result<Option<Vec<Digest>>, FsError> {
        let mut digests = Vec::new();
        for thread in self.0 {
            let digest = thread.join().map_err(|_| {
                FsError::new("hash", std::path::Path::new("part"), std::io::Error::other("a hashing thread ended"))
            })??;
            let Some(digest) = digest else { return Ok(None) };
            digests.push(digest);
        }
        Ok(Some(digests))
    }
}

fn follow(part: &Arc<Part>, algorithm: Algorithm) -> Result<Option<Digest>, FsError> {
    let mut reader = part.reader();
    let mut buffer = vec![0; 512 << 10];
    'start: loop {
        // Only git puts the size before the bytes.
        let size = if algorithm == Algorithm::GitBlob { reader.total().map(ByteSize) } else { None };
        let mut digester = Digester::new(algorithm, size);
        loop {
            match reader.follow(&mut buffer)? {
                Ok(0) => return Ok(Some(digester.finish())),
                Ok(read) => digester.update(&buffer[..read]),
                Err(Follow::Failed) => return Ok(None),
                Err(Follow::Restarted) => {
                    reader.rewind();
                    continue 'start;
                }
            }
        }
    }
}

/// All digests of bytes in memory, SHA-256 first.
pub fn of_bytes(bytes: &[u8], wanted: impl IntoIterator<Item = Algorithm>) -> Vec<Digest> {
    let mut digests = vec![Digest::sha256(bytes)];
    for algorithm in wanted {
        if !digests.iter().any(|one| one.algorithm() == algorithm) {
            let mut digester = Digester::new(algorithm, Some(ByteSize(bytes.len() as u64)));
            digester.update(bytes);
            digests.push(digester.finish());
        }
    }
    digests
}

/// The first known digest that does not match, with what came instead.
pub fn mismatch(known: &[Digest], computed: &[Digest]) -> Option<(Digest, Digest)> {
    known.iter().find_map(|known| {
        let computed = computed.iter().find(|one| one.algorithm() == known.algorithm())?;
        (computed != known).then_some((*known, *computed))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Access;

    #[test]
    fn reads_what_hosts_state() {
        #[track_caller]
        fn check(name: &str, value: &str, expected: &[&str]) {
            let found = stated(|header| (header == name).then(|| value.to_owned()));
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{value}");
        }
        check(
            "x-goog-hash",
            "crc32c=ipE2qg==,md5=kAFQmDzST7DWlj99KOF/cg==",
            &["md5:900150983cd24fb0d6963f7d28e17f72", "crc32c:8a9136aa"],
        );
        let sha = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check("repr-digest", "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:", &[sha]);
        check("digest", "SHA-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", &[sha]);
        check("digest", "sha-256=short, unixsum=1", &[]);
        check("x-amz-checksum-sha256", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", &[sha]);
        check("x-amz-checksum-crc32c", "ipE2qg==", &["crc32c:8a9136aa"]);
        check("x-amz-checksum-crc32c", "ipE2qg==-3", &[]);
    }

    #[test]
    fn checksums_of_parts_are_none_of_the_whole() {
        #[track_caller]
        fn check(etag: &str, kind: Option<&str>, counts: bool) {
            let found = stated(|name| match name {
                "etag" => Some(etag.to_owned()),
                "x-amz-checksum-type" => kind.map(str::to_owned),
                "x-amz-checksum-crc32c" => Some("ipE2qg==".to_owned()),
                _ => None,
            });
            assert_eq!(!found.is_empty(), counts, "{etag} {kind:?}");
        }
        check("\"900150983cd24fb0d6963f7d28e17f72\"", None, true);
        check("\"900150983cd24fb0d6963f7d28e17f72-3\"", None, false);
        check("\"900150983cd24fb0d6963f7d28e17f72-3\"", Some("COMPOSITE"), false);
        check("\"900150983cd24fb0d6963f7d28e17f72-3\"", Some("FULL_OBJECT"), true);
    }

    #[test]
    fn followers_agree_with_memory_even_after_a_start_over() {
        let folder = tempfile::tempdir().unwrap();
        let part = Part::open(&folder.path().join("x.part"), Access::Private, true).unwrap();
        let followers = Followers::start(&part, [Algorithm::Md5, Algorithm::GitBlob, Algorithm::Sha256]);
        part.write(0, b"wrong", 0).unwrap();
        part.restart().unwrap();
        part.write(0, b"hello\n", 1).unwrap();
        assert!(part.finish(6));
        let expected = of_bytes(b"hello\n", [Algorithm::Md5, Algorithm::GitBlob]);
        assert_eq!(followers.finish().unwrap().unwrap(), expected);
    }
}
