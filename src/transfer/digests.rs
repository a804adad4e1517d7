//! What hosts say of their files, and followers that compute digests of a growing part.

use std::sync::Arc;
use std::thread::JoinHandle;

use base64::Engine as _;

use crate::fs::FsError;
use crate::values::{Algorithm, ByteSize, Digest, Digester};

use super::part::{Follow, Part};

/// Digests that an answer's headers state of the whole file: `Repr-Digest` and `Content-Digest`
/// (RFC 9530), `Digest` (RFC 3230), `x-goog-hash`, `x-amz-checksum-*`, and the MD5 of Azure. What
/// is not understood is passed over.
///
/// Beside a range (status 206) `x-amz-checksum-*` may be those of a part of an upload, `Content-MD5`
/// is that of the range, and so is `Content-Digest` with most hosts (Redivis means the file).
pub fn stated(status: u16, header: impl Fn(&str) -> Option<String>) -> Vec<Digest> {
    let is_range = status == 206;
    let mut found = if is_range { Vec::new() } else { amazon(&header) };
    let azure = if is_range { "x-ms-blob-content-md5" } else { "content-md5" };
    // Only there it is known to be the MD5 of the stored bytes.
    if header("x-ms-blob-type").is_some() {
        found.extend(header(azure).and_then(|md5| of_base64(Algorithm::Md5, md5.trim())));
    }
    let whole: &[&str] = if is_range { &[] } else { &["content-digest"] };
    for name in ["repr-digest", "digest", "x-goog-hash"].iter().chain(whole) {
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
        ("x-amz-checksum-crc64nvme", Algorithm::Crc64Nvme),
        ("x-amz-checksum-crc32c", Algorithm::Crc32c),
        ("x-amz-checksum-crc32", Algorithm::Crc32),
    ];
    let found = kinds.into_iter().filter(|_| whole);
    found.filter_map(|(name, algorithm)| of_base64(algorithm, header(name)?.trim())).collect()
}

fn of_base64(algorithm: Algorithm, text: &str) -> Option<Digest> {
    Digest::from_bytes(algorithm, &base64::engine::general_purpose::STANDARD.decode(text).ok()?)
}

/// Threads that follow a part, one for each digest.
pub struct Followers(Vec<(Algorithm, Following)>);

type Following = JoinHandle<Result<Option<Digest>, FsError>>;

impl Followers {
    /// Starts a thread for each algorithm; SHA-256 comes first and always.
    pub fn start(part: &Arc<Part>, wanted: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut followers = Self(Vec::new());
        followers.add(part, [Algorithm::Sha256]);
        followers.add(part, wanted);
        followers
    }

    /// Starts threads for those algorithms that have none yet: a host may state a digest late.
    /// They read from the start of the part, too.
    pub fn add(&mut self, part: &Arc<Part>, wanted: impl IntoIterator<Item = Algorithm>) {
        for algorithm in wanted {
            if self.0.iter().all(|(known, _)| *known != algorithm) {
                let part = part.clone();
                self.0.push((algorithm, std::thread::spawn(move || follow(&part, algorithm))));
            }
        }
    }

    /// Waits for all of them. `None` when the part did not become whole. Blocks.
    pub fn finish(self) -> Result<Option<Vec<Digest>>, FsError> {
        let mut digests = Vec::new();
        for (_, thread) in self.0 {
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
            let found = stated(200, |header| (header == name).then(|| value.to_owned()));
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
        let redivis = "crc32c=:ipE2qg==:, md5=:kAFQmDzST7DWlj99KOF/cg==:";
        check("content-digest", redivis, &["md5:900150983cd24fb0d6963f7d28e17f72", "crc32c:8a9136aa"]);
        assert!(stated(206, |name| (name == "content-digest").then(|| redivis.to_owned())).is_empty());
        check("x-amz-checksum-sha256", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", &[sha]);
        check("x-amz-checksum-crc32c", "ipE2qg==", &["crc32c:8a9136aa"]);
        check("x-amz-checksum-crc32c", "ipE2qg==-3", &[]);
        check("x-amz-checksum-crc32", "y/Q5Jg==", &["crc32:cbf43926"]);
        check("x-amz-checksum-crc64nvme", "rosUhgp5mIg=", &["crc64nvme:ae8b14860a799888"]);
    }

    #[test]
    fn checksums_of_parts_are_none_of_the_whole() {
        #[track_caller]
        fn check(etag: &str, kind: Option<&str>, counts: bool) {
            let header = |name: &str| match name {
                "etag" => Some(etag.to_owned()),
                "x-amz-checksum-type" => kind.map(str::to_owned),
                "x-amz-checksum-crc32c" => Some("ipE2qg==".to_owned()),
                _ => None,
            };
            assert_eq!(!stated(200, header).is_empty(), counts, "{etag} {kind:?}");
            assert!(stated(206, header).is_empty(), "a range may be a part of an upload");
        }
        check("\"900150983cd24fb0d6963f7d28e17f72\"", None, true);
        check("\"900150983cd24fb0d6963f7d28e17f72-3\"", None, false);
        check("\"900150983cd24fb0d6963f7d28e17f72-3\"", Some("COMPOSITE"), false);
        check("\"900150983cd24fb0d6963f7d28e17f72-3\"", Some("FULL_OBJECT"), true);
    }

    #[test]
    fn azure_names_the_md5_of_a_range_and_that_of_the_file() {
        #[track_caller]
        fn check(status: u16, headers: &[(&str, &str)], expected: &[&str]) {
            let header = |name: &str| Some(headers.iter().find(|(one, _)| *one == name)?.1.to_owned());
            let found = stated(status, header);
            assert_eq!(found.iter().map(Digest::hex).collect::<Vec<_>>(), expected, "{status} {headers:?}");
        }
        let blob = ("x-ms-blob-type", "BlockBlob");
        let (whole, other) = ("kAFQmDzST7DWlj99KOF/cg==", "1B2M2Y8AsgTpgAmY7PhCfg==");
        let hex = "900150983cd24fb0d6963f7d28e17f72";
        check(200, &[blob, ("content-md5", whole)], &[hex]);
        check(206, &[blob, ("content-md5", other), ("x-ms-blob-content-md5", whole)], &[hex]);
        check(206, &[blob, ("content-md5", other)], &[]);
        check(200, &[("content-md5", whole)], &[]);
        check(206, &[("x-goog-hash", &format!("md5={whole}"))], &[hex]);
    }

    #[test]
    fn a_digest_that_is_stated_late_is_computed_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let part = Part::open(&folder.path().join("x.part"), Access::Private, true).unwrap();
        let mut followers = Followers::start(&part, []);
        part.write(0, b"hello\n", 0).unwrap();
        followers.add(&part, [Algorithm::Md5, Algorithm::Sha256]);
        assert!(part.finish(6));
        let expected = of_bytes(b"hello\n", [Algorithm::Md5]);
        assert_eq!(followers.finish().unwrap().unwrap(), expected);
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
