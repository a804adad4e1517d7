//! Archives that would fill the disk or the memory.

use super::tar_maker::{Header, Tar, gzip};
use super::zip_maker::{Zip, member};
use super::*;
use crate::values::ByteSize;

fn limited(limits: Limits) -> Rules {
    Rules { limits, ..Rules::default() }
}

#[test]
fn members_that_share_bytes_are_refused() {
    let kernel = vec![0; 1 << 20];
    // One stream under many names.
    let shared = |name: &str| {
        member(name, &kernel).deflated().with(|one| {
            one.virtual_only = true;
            one.local_name = Some(b"a".to_vec());
            one.offset = Some(0);
        })
    };
    let full = Zip::of([member("a", &kernel).deflated(), shared("b"), shared("c")]).bytes();
    refused(&unpack_file("x.zip", &full, &Rules::default(), None), "", "overlaps");
    // Each stream begins with a stored block that quotes the header of the next.
    let last = Zip::of([member("b", &kernel).deflated()]).bytes();
    let local = &last[..last.windows(4).position(|window| window == b"PK\x01\x02").unwrap()];
    let quoting = member("a", local);
    let mut quoted = Zip::of([
        quoting,
        member("b", &kernel).deflated().with(|one| {
            one.virtual_only = true;
            one.offset = Some(31);
        }),
    ]);
    refused(&unpack_file("x.zip", &quoted.bytes(), &Rules::default(), None), "a", "overlaps");
    quoted.members[1].offset = Some(5000);
    assert_eq!(exit(&unpack_file("x.zip", &quoted.bytes(), &Rules::default(), None)), 54);
}

#[test]
fn counts_and_sizes_are_those_of_the_entry() {
    let zip = Zip::of([member("d/", b""), member("d/a", b"123"), member("d/b", b"456")]).bytes();
    let tar = Tar::default().folder("d/").file("d/a", b"123").file("d/b", b"456").end().gz();
    for bytes in [zip, tar] {
        let run = |limits| unpack_file("x", &bytes, &limited(limits), None);
        let stated = Limits { expected_members: Some(2), expected_bytes: Some(ByteSize(6)), ..Limits::default() };
        gives(&run(stated), &[("d/a", b"123"), ("d/b", b"456")]);
        refused(&run(Limits { expected_members: Some(1), ..stated }), "d/b", "more than the 1 files");
        refused(&run(Limits { expected_bytes: Some(ByteSize(5)), ..stated }), "d/b", "larger than the 5 B");
        refused(&run(Limits { members: 2, ..Limits::default() }), "d/b", "more than 2 members");
        refused(&run(Limits { bytes: ByteSize(5), ..Limits::default() }), "d/b", "larger than 5 B");
    }
    let folders = (0..2000).fold(Tar::default(), |tar, number| tar.folder(&format!("{number}/")));
    let stated = Limits { members: 9, expected_members: Some(2), ..Limits::default() };
    refused(&unpack_file("x", &folders.end().gz(), &limited(stated), None), "9", "more than 9 members");
}

#[test]
fn output_out_of_proportion_is_refused() {
    // Far more than a stream could be read of in a test; the proportion ends it early.
    struct Zeros;
    impl std::io::Read for Zeros {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(0);
            Ok(buffer.len())
        }
    }
    let header = Header::new("zeros", b'0', 1 << 39).block();
    let endless = std::io::Read::chain(&header[..], Zeros);
    let packed = flate2::read::GzEncoder::new(endless, flate2::Compression::fast());
    let folder = tempfile::tempdir().unwrap();
    let rules = Rules {
        format: Some(Format::Tar(Packing::Gzip)),
        skip: Globs::new(["zeros"]).unwrap(),
        ..limited(Limits { ratio: 50, ..Limits::default() })
    };
    let outcome = unpack_from(Archive::Stream(Box::new(packed)), folder.path(), "x.tar.gz", &rules, None);
    refused(&outcome, "", "more than 50 times as much");
}

#[test]
fn a_bomb_in_a_gzip_is_not_followed_inside() {
    let inner = gzip(&vec![0; 1 << 20]);
    let outcome = unpack_stream("x.gz", &gzip(&inner), &Rules::default());
    gives(&outcome, &[("x", &inner)]);
}
