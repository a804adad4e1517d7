//! Hostile archives built byte by byte, and honest ones with every oddity that is allowed.
//!
//! Each hostile case says which error comes, which member it names and which words of the
//! rule; and that nothing is left in the folder. The classes are those of
//! `docs/reliability.md` section 4.3.

mod bombs;
mod elsewhere;
mod fuzz;
mod honest;
mod sevenz;
mod sevenz_maker;
mod tar_maker;
mod tars;
mod zip_maker;
mod zips;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::events::Silent;
use crate::values::Digest;

/// What is in a folder: paths and bytes; a link as `-> target`.
pub(super) type Content = BTreeMap<String, Vec<u8>>;

/// What came of an archive.
pub(super) struct Outcome {
    pub(super) result: Result<Unpacked, UnpackError>,
    pub(super) content: Content,
}

/// Unpacks bytes that are in a file of that name.
pub(super) fn unpack_file(name: &str, bytes: &[u8], rules: &Rules, password: Option<&str>) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    std::fs::write(&path, bytes).unwrap();
    unpack_from(Archive::File(&path), folder.path(), name, rules, password)
}

/// Unpacks bytes that come as a stream.
pub(super) fn unpack_stream(name: &str, bytes: &[u8], rules: &Rules) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    unpack_from(Archive::Stream(Box::new(bytes)), folder.path(), name, rules, None)
}

/// Unpacks parts in order.
pub(super) fn unpack_parts(parts: &[&[u8]], rules: &Rules) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..parts.len()).map(|part| folder.path().join(format!("data.z{part:02}"))).collect();
    for (path, part) in paths.iter().zip(parts) {
        std::fs::write(path, part).unwrap();
    }
    unpack_from(Archive::Parts(&paths), folder.path(), "data.zip", rules, None)
}

fn unpack_from(archive: Archive<'_>, folder: &Path, name: &str, rules: &Rules, password: Option<&str>) -> Outcome {
    let into = folder.join("into");
    std::fs::create_dir(&into).unwrap();
    let password = password.map(Secret::new);
    let report: Report = Arc::new(Silent);
    let request = Request {
        name: &RelPath::parse(name).unwrap(),
        rules,
        into: &into,
        access: Access::Shared,
        password: password.as_ref(),
        report: &report,
        jobs: 2,
        cancel: &AtomicBool::new(false),
    };
    let result = unpack(archive, &request);
    let content = content_of(&into);
    match &result {
        Ok(unpacked) => check_members(unpacked, &content),
        Err(error) => {
            assert!(std::fs::read_dir(&into).unwrap().next().is_none(), "left behind after `{error}`: {content:?}");
        }
    }
    Outcome { result, content }
}

/// The table says what is on disk, no more and no less.
#[track_caller]
fn check_members(unpacked: &Unpacked, content: &Content) {
    assert_eq!(unpacked.members.len() + unpacked.links.len(), content.len(), "{content:?}");
    for member in unpacked.members.iter() {
        let bytes = content.get(member.path.as_str()).unwrap_or_else(|| panic!("{} is missing", member.path));
        assert_eq!(member.size.0, bytes.len() as u64, "{}", member.path);
        assert_eq!(member.sha256, Digest::sha256(bytes), "{}", member.path);
    }
}

/// All files and links below a folder.
fn content_of(folder: &Path) -> Content {
    let mut content = Content::new();
    crate::fs::walk(folder, &mut |found| {
        let path = folder.join(&found.path);
        let bytes = match found.kind {
            crate::fs::FoundKind::File => std::fs::read(&path).unwrap(),
            crate::fs::FoundKind::Link => format!("-> {}", std::fs::read_link(&path).unwrap().display()).into_bytes(),
            crate::fs::FoundKind::Special => panic!("{} is neither file nor link", found.path),
        };
        content.insert(found.path, bytes);
    })
    .unwrap();
    content
}

/// The archive is unpacked to exactly these files.
#[track_caller]
pub(super) fn gives(outcome: &Outcome, expected: &[(&str, &[u8])]) {
    if let Err(error) = &outcome.result {
        panic!("{}", crate::remedy::chain(error));
    }
    let expected: Content = expected.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    assert_eq!(outcome.content, expected);
}

/// The archive is refused, and the message names the member and the rule.
#[track_caller]
pub(super) fn refused(outcome: &Outcome, named: &str, words: &str) {
    match &outcome.result {
        Err(error @ UnpackError::Refused { member, .. }) => {
            let text = error.to_string();
            assert!(member.as_deref().unwrap_or_default().contains(named), "{text}");
            assert!(text.contains(words), "{text}");
            assert!(text.len() < 1500 && !text.chars().any(char::is_control), "{text:?}");
        }
        Err(error) => panic!("not a refusal: {}", crate::remedy::chain(error)),
        Ok(unpacked) => panic!("accepted: {:?} {:?}", outcome.content.keys(), unpacked.warnings),
    }
}

/// The kind of error, as the exit code of the issue.
pub(super) fn exit(outcome: &Outcome) -> i32 {
    match &outcome.result {
        Ok(_) => 0,
        Err(UnpackError::Refused { .. }) => 54,
        Err(UnpackError::Unsupported { .. }) => 55,
        Err(UnpackError::Truncated { .. } | UnpackError::MissingPart { .. }) => 41,
        Err(UnpackError::Damaged { .. }) => 40,
        Err(UnpackError::NotAnArchive { .. }) => 42,
        Err(UnpackError::PasswordNeeded { .. }) => 20,
        Err(UnpackError::WrongPassword { .. }) => 21,
        Err(UnpackError::Source { .. }) => 1,
        Err(UnpackError::Fs(_)) => 50,
        Err(UnpackError::Cancelled { .. }) => 130,
    }
}

/// The error's kind and words.
#[track_caller]
pub(super) fn fails(outcome: &Outcome, code: i32, words: &str) {
    let text = outcome.result.as_ref().err().map(|error| crate::remedy::chain(error)).unwrap_or_default();
    assert_eq!(exit(outcome), code, "{text}");
    assert!(text.contains(words), "{text}");
}

/// The message of one that failed.
pub(super) fn message(outcome: &Outcome) -> String {
    outcome.result.as_ref().err().map(|error| crate::remedy::chain(error)).unwrap_or_default()
}
