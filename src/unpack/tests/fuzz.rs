//! Every cut and every flipped byte of small archives: an error, or the very same files.

use super::sevenz_maker;
use super::tar_maker::{Tar, bzip2, xz, zstd};
use super::zip_maker::{Zip, member};
use super::*;

/// Small archives whose bytes are all under some checksum.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let tar =
        Tar::default().folder("d/").file("d/a.csv", b"id,age\n1,63\n").pax(&[("path", "d/b")]).file("b", b"two").end();
    let zip = Zip::of([
        member("d/", b""),
        member("d/a.csv", b"id,age\n1,63\n1,63\n1,63\n").deflated(),
        member("d/b", b"two").with(|one| one.descriptor = Some((true, false))),
    ]);
    let mut samples = vec![
        ("zip", zip.bytes()),
        ("zip64", zip.clone().with(|zip| zip.zip64_count = Some(3)).bytes()),
        ("tar.gz", tar.gz()),
        ("tar.bz2", bzip2(&tar.bytes())),
        ("tar.xz", xz(&tar.bytes())),
        ("tar.zst", zstd(&tar.bytes())),
    ];
    if cfg!(feature = "sevenz") {
        let members = [sevenz_maker::member("d/a.csv", b"id,age\n1,63\n"), sevenz_maker::member("d/b", b"two")];
        samples.push(("7z", sevenz_maker::archive(&members, false)));
        samples.push(("7z lzma2", sevenz_maker::archive(&members, true)));
    }
    samples
}

/// The same names and bytes, or an error. A flipped time or mode changes neither, and a
/// flipped letter of a name is seen where two headers hold it.
#[track_caller]
fn same_or_error(what: &str, outcome: &Outcome, whole: &Content) {
    if outcome.result.is_ok() {
        assert_eq!(&outcome.content, whole, "{what}");
    }
    let text = message(outcome);
    assert!(!text.chars().any(char::is_control), "{what}: {text:?}");
}

#[test]
fn a_cut_archive_is_never_taken_for_whole() {
    for (name, bytes) in samples() {
        let whole = unpack_file(name, &bytes, &Rules::default(), None);
        assert_eq!(exit(&whole), 0, "{name}: {}", message(&whole));
        for length in 0..bytes.len() {
            let cut = unpack_file(name, &bytes[..length], &Rules::default(), None);
            assert_ne!(exit(&cut), 0, "{name} cut to {length} bytes");
            same_or_error(&format!("{name} cut to {length}"), &cut, &whole.content);
        }
    }
}

#[test]
fn a_flipped_byte_is_an_error_or_means_nothing() {
    for (name, bytes) in samples() {
        let whole = unpack_file(name, &bytes, &Rules::default(), None);
        for place in 0..bytes.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut flipped = bytes.clone();
                flipped[place] ^= mask;
                let outcome = unpack_file(name, &flipped, &Rules::default(), None);
                same_or_error(&format!("{name}: byte {place} ^ {mask:#x}"), &outcome, &whole.content);
            }
        }
    }
}

#[test]
fn a_flipped_byte_in_a_tar_header_is_an_error() {
    let bytes = Tar::default().file("a.csv", b"1").end().bytes();
    let whole = unpack_file("x.tar", &bytes, &Rules::default(), None);
    for place in 0..512 {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x40;
        let outcome = unpack_file("x.tar", &flipped, &Rules::default(), None);
        same_or_error(&format!("tar: byte {place}"), &outcome, &whole.content);
    }
}
