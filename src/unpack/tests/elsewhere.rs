//! Members of a zip of which only what was asked for is here: the same as out of the whole.

use super::super::elsewhere::{Look, Stretches, look, unpack_members};
use super::zip_maker::{Zip, member};
use super::*;

/// Reads what is asked for out of `bytes` until the members are known and here, and unpacks
/// them.
fn unpack_elsewhere(bytes: &[u8], globs: &[&str], rules: &Rules) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("into");
    std::fs::create_dir(&into).unwrap();
    let report: Report = Arc::new(Silent);
    let request = Request {
        name: &RelPath::parse("x.zip").unwrap(),
        rules,
        into: &into,
        access: Access::Shared,
        password: None,
        report: &report,
        jobs: 2,
        cancel: &AtomicBool::new(false),
    };
    let globs = Globs::new(globs.iter().copied()).unwrap();
    let mut stretches = Stretches { length: bytes.len() as u64, held: Vec::new() };
    let result = read_and_unpack(bytes, &globs, &mut stretches, folder.path(), &request);
    Outcome { result, content: content_of(&into) }
}

fn read_and_unpack(
    bytes: &[u8],
    globs: &Globs,
    stretches: &mut Stretches,
    folder: &Path,
    request: &Request<'_>,
) -> Result<Unpacked, UnpackError> {
    let hold = |stretches: &mut Stretches, ranges: Vec<(u64, u64)>| {
        let path = folder.join(format!("part-{}", stretches.held.len()));
        let part = ranges.iter().flat_map(|(from, until)| &bytes[*from as usize..*until as usize]);
        std::fs::write(&path, part.copied().collect::<Vec<u8>>()).unwrap();
        stretches.held.push((path, ranges));
    };
    for _ in 0..8 {
        match look(stretches, globs, request)? {
            Look::Needs(range) => {
                let missing = stretches.missing(range);
                assert!(!missing.is_empty(), "it asks for what is here: {range:?}");
                hold(stretches, missing);
            }
            Look::Known(contents) => {
                for member in &contents.members {
                    let missing = stretches.missing(member.range);
                    hold(stretches, missing);
                }
                let ids: Vec<u32> = contents.members.iter().map(|member| member.id).collect();
                return unpack_members(stretches, &ids, request);
            }
        }
    }
    panic!("it never knows");
}

fn sample() -> Zip {
    Zip::of([
        member("set/", b""),
        member("set/a.csv", b"id,age\n1,63\n1,63\n1,63\n").deflated(),
        member("set/b", b"two").with(|one| one.descriptor = Some((true, false))),
        member("set/c.txt", b"three").deflated(),
    ])
}

#[test]
fn the_same_members_as_out_of_the_whole() {
    let rules = Rules { strip: Strip::Auto, ..Rules::default() };
    for bytes in [sample().bytes(), sample().with(|zip| zip.zip64_count = Some(4)).bytes()] {
        let whole = unpack_file("x.zip", &bytes, &rules, None);
        let all = unpack_elsewhere(&bytes, &["**"], &rules);
        assert_eq!(exit(&all), 0, "{}", message(&all));
        assert_eq!(all.content, whole.content);
        check_members(all.result.as_ref().unwrap(), &all.content);
        gives(&unpack_elsewhere(&bytes, &["b", "set/c.*"], &rules), &[("b", b"two"), ("c.txt", b"three")]);
        gives(&unpack_elsewhere(&bytes, &["d"], &rules), &[]);
    }
}

/// Members far apart, so that what lies between them is not here.
#[test]
fn what_was_not_chosen_is_not_looked_at() {
    let large = vec![7; 400_000];
    let zip = Zip::of([member("a", &large), member("b", b"two"), member("c", &large), member("d", b"four").deflated()]);
    let mut bytes = zip.bytes();
    let local = bytes.windows(5).position(|window| window == [1, 0, 0, 0, b'c'] || window == b"\x01\0\0\0c").unwrap();
    // The local header of `c`, and its bytes, are wrong.
    bytes[local + 4] = b'x';
    bytes[local + 1000] ^= 1;
    gives(&unpack_elsewhere(&bytes, &["b", "d"], &Rules::default()), &[("b", b"two"), ("d", b"four")]);
    refused(&unpack_elsewhere(&bytes, &["c"], &Rules::default()), "c", "another name");
    assert_ne!(exit(&unpack_file("x.zip", &bytes, &Rules::default(), None)), 0);
}

#[test]
fn a_flipped_byte_is_an_error_or_changes_no_member() {
    let bytes = sample().bytes();
    let good = unpack_elsewhere(&bytes, &["**"], &Rules::default());
    for place in 0..bytes.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[place] ^= mask;
            let outcome = unpack_elsewhere(&flipped, &["**"], &Rules::default());
            match &outcome.result {
                Ok(_) => assert_eq!(outcome.content, good.content, "byte {place} ^ {mask:#x}"),
                Err(_) => assert!(outcome.content.is_empty(), "byte {place} ^ {mask:#x}"),
            }
        }
    }
}

#[test]
fn a_cut_archive_is_never_taken_for_whole() {
    let bytes = sample().bytes();
    for length in 0..bytes.len() {
        let outcome = unpack_elsewhere(&bytes[..length], &["set/b"], &Rules::default());
        assert_ne!(exit(&outcome), 0, "cut to {length} bytes");
    }
}
