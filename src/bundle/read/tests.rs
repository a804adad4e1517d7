use super::*;
use crate::bundle::write::BundleWriter;
use crate::values::RelPath;

/// The tar of a bundle with these members, and where each begins.
fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = IndexBuilder::new().unwrap();
    let lines: Vec<Line> = members.iter().map(|(path, bytes)| line(path, bytes)).collect();
    lines.iter().for_each(|line| builder.push(line).unwrap());
    let mut writer = BundleWriter::begin(Vec::new(), &builder.finish().unwrap()).unwrap();
    for (line, (_, bytes)) in lines.iter().zip(members) {
        writer.member(line, &mut &bytes[..]).unwrap();
    }
    writer.finish().unwrap()
}

fn line(path: &str, bytes: &[u8]) -> Line {
    Line { path: RelPath::parse(path).unwrap(), size: ByteSize(bytes.len() as u64), sha256: Digest::sha256(bytes) }
}

/// Reads a tar, compressed, to its end.
fn read_all(tar: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
    read_packed(&zstd::encode_all(tar, 1).unwrap())
}

fn read_packed(packed: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle");
    std::fs::write(&path, packed).unwrap();
    let mut reader = BundleReader::open(&path)?;
    let mut found = Vec::new();
    while let Some(line) = reader.next_member()? {
        let mut bytes = Vec::new();
        reader.take(&line, &mut bytes)?;
        found.push((line.path.to_string(), bytes));
    }
    Ok(found)
}

const LONG: &str = "datasets/demo/1.0/data/a-very-long-folder-name-that-does-not-fit/into-the-header-of-a-tar/so-that-gnu-tar-needs-another-member.png";

fn members() -> Vec<(&'static str, &'static [u8])> {
    vec![("about/contents.json", b"{}"), ("datasets/demo/1.0/.medsets/receipt.json", b"receipt"), (LONG, b"pixels")]
}

#[test]
fn what_is_written_is_read_and_the_same_input_gives_the_same_bytes() {
    let tar = tar_of(&members());
    assert_eq!(tar, tar_of(&members()));
    let read = read_all(&tar).unwrap();
    let expected: Vec<(String, Vec<u8>)> =
        members().iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    assert_eq!(read, expected);
    // Any tar reads it.
    let mut names = Vec::new();
    for entry in tar::Archive::new(tar.as_slice()).entries().unwrap() {
        names.push(entry.unwrap().path().unwrap().to_string_lossy().into_owned());
    }
    assert_eq!(names[..2], ["bundle.json", "index.jsonl"]);
    assert_eq!(names[4], LONG);
}

#[test]
fn every_flipped_byte_is_found() {
    let tar = tar_of(&members());
    for at in 0..tar.len() {
        let mut flipped = tar.clone();
        flipped[at] ^= 1;
        let outcome = read_all(&flipped);
        // The version of the program in the head is the one thing that nothing rests on.
        let is_tool =
            String::from_utf8_lossy(&tar[..1024]).find("medsets 0").is_some_and(|tool| (tool..tool + 20).contains(&at));
        assert!(outcome.is_err() || is_tool, "byte {at}: {:?}", outcome.map(|read| read.len()));
    }
}

#[test]
fn a_bundle_that_was_cut_is_told_as_such() {
    let packed = zstd::encode_all(tar_of(&members()).as_slice(), 1).unwrap();
    for length in 5..packed.len() {
        let error = read_packed(&packed[..length]).unwrap_err();
        assert!(matches!(error, BundleError::Truncated { .. }), "{length} of {}: {error}", packed.len());
    }
    let tar = tar_of(&members());
    let error = read_all(&tar[..tar.len() - 2048]).unwrap_err();
    assert!(matches!(error, BundleError::Truncated { .. }), "{error}");
}

#[test]
fn what_the_index_does_not_name_is_refused() {
    let tar = tar_of(&members());
    let end = tar.len() - 2 * BLOCK;
    let mut extra = tar[..end].to_vec();
    extra.extend(block::header("datasets/demo/1.0/data/extra", 0));
    extra.extend([0; 2 * BLOCK]);
    assert!(matches!(read_all(&extra).unwrap_err(), BundleError::Refused { .. }));
    let mut behind = tar.clone();
    behind.extend(b"more");
    assert!(matches!(read_all(&behind).unwrap_err(), BundleError::Refused { .. }));
    // The same member again.
    let mut twice = tar[..end].to_vec();
    twice.extend(&tar[end - 3 * BLOCK..end]);
    twice.extend([0; 2 * BLOCK]);
    assert!(matches!(read_all(&twice).unwrap_err(), BundleError::Refused { .. }));
}

#[test]
fn other_files_and_later_formats_are_named() {
    assert!(matches!(read_packed(b"PK\x03\x04").unwrap_err(), BundleError::NotABundle { .. }));
    assert!(matches!(read_packed(b"").unwrap_err(), BundleError::NotABundle { .. }));
    let other = zstd::encode_all(&[0_u8; 2048][..], 1).unwrap();
    assert!(matches!(read_packed(&other).unwrap_err(), BundleError::NotABundle { .. }));
    let head = br#"{"schema":"medsets/bundle/2","index":"elsewhere"}"#;
    let mut newer = block::header(HEAD, head.len() as u64);
    newer.extend(head);
    newer.resize(newer.len() + padding(head.len() as u64), 0);
    let error = read_all(&newer).unwrap_err();
    assert!(matches!(error, BundleError::Newer { .. }) && error.exit() == 10, "{error}");
}
