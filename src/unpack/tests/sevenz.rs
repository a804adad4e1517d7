//! 7z: honest and hostile.

use super::sevenz_maker::{archive, member};
use super::*;

fn plain(bytes: &[u8]) -> Outcome {
    unpack_file("data.7z", bytes, &Rules::default(), None)
}

#[cfg(not(feature = "sevenz"))]
#[test]
fn a_build_without_the_feature_names_it() {
    let outcome = plain(&archive(&[member("a", b"1")], false));
    fails(&outcome, 55, "feature `sevenz`");
}

#[cfg(feature = "sevenz")]
mod with_feature {
    use super::super::sevenz_maker::Member;
    use super::*;
    use crate::values::ByteSize;

    #[track_caller]
    fn check(members: &[Member], named: &str, words: &str) {
        refused(&plain(&archive(members, false)), named, words);
    }

    #[test]
    fn honest_ones_are_unpacked() {
        let large = vec![5; 400_000];
        let members = [
            member("top/a.csv", b"1"),
            member("top/dir", b"").with(|one| (one.data, one.attributes) = (None, 0x10)),
            member("top/empty", b""),
            member("top/large", &large),
            member("top/\u{80ba}", b"2"),
        ];
        let expected = [("a.csv", &b"1"[..]), ("empty", b""), ("large", &large), ("\u{80ba}", b"2")];
        let rules = Rules { strip: Strip::Auto, ..Rules::default() };
        for lzma2 in [false, true] {
            gives(&unpack_file("x.7z", &archive(&members, lzma2), &rules, None), &expected);
        }
        let skip = Rules { skip: Globs::new(["**/large"]).unwrap(), ..rules };
        gives(&unpack_file("x.7z", &archive(&members, true), &skip, None), &[expected[0], expected[1], expected[3]]);
        gives(&plain(&archive(&[], false)), &[]);
        let whole = archive(&members, true);
        let parts = unpack_parts(&[&whole[..50], &whole[50..]], &Rules::default());
        assert_eq!(exit(&parts), 0, "{}", message(&parts));
    }

    /// Made by py7zr 0.22 with `password="geheim"`: one file `a.txt` that holds `hello`.
    #[test]
    fn encrypted_ones_need_their_password() {
        const ENCRYPTED: &str = include_str!("fixtures/encrypted.7z.hex");
        let bytes = super::super::honest::unhex(ENCRYPTED);
        fails(&plain(&bytes), 20, "needs a password");
        gives(&unpack_file("x.7z", &bytes, &Rules::default(), Some("geheim")), &[("a.txt", b"hello")]);
        assert_ne!(exit(&unpack_file("x.7z", &bytes, &Rules::default(), Some("wrong"))), 0);
    }

    #[test]
    fn hostile_ones_are_refused() {
        check(&[member("good", b"1"), member("../evil", b"x")], "../evil", "`.` or `..`");
        check(&[member("/etc/passwd", b"x")], "/etc", "absolute");
        check(&[member("C:/x", b"x")], "C:/x", "drive");
        check(&[member("a\\b", b"x")], "a", "backslash");
        check(&[member("aux", b"x")], "aux", "reserved");
        check(&[member("x", b"1"), member("X", b"1")], "X", "case");
        check(&[member("x", b"1"), member("x", b"2")], "x", "different bytes");
        check(&[member("x", b"1"), member("x/y", b"2")], "x/y", "file and a folder");
        let unix = |mode: u32| 0x8000 | mode << 16;
        let kind = |mode: u32| [member("odd", b"/etc/passwd").with(|one| one.attributes = unix(mode))];
        check(&kind(0o120_777), "odd", "symbolic link");
        check(&kind(0o010_644), "odd", "a device, a pipe");
        check(&kind(0o040_755), "odd", "both a file and a folder");
        check(&[member("odd", b"x").with(|one| one.attributes = 0x420)], "odd", "of Windows");
        let bad_crc = archive(&[member("x", b"1").with(|one| one.crc32 = Some(1)), member("y", b"2")], false);
        fails(&plain(&bad_crc), 40, "CRC");
        let honest = archive(&[member("x", b"1")], false);
        refused(&plain(&[&honest[..], b"trailing"].concat()), "", "other bytes follow");
        fails(&plain(&honest[..honest.len() - 1]), 41, "end header");
        let mut unfinished = honest.clone();
        unfinished[8..32].fill(0);
        fails(&plain(&unfinished), 41, "never written");
        let limits = Limits { expected_bytes: Some(ByteSize(3)), ..Limits::default() };
        let rules = Rules { limits, ..Rules::default() };
        let outcome = unpack_file("x.7z", &archive(&[member("x", b"1234")], false), &rules, None);
        refused(&outcome, "x", "larger than the 3 B");
    }
}
