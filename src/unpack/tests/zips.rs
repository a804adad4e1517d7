//! Hostile zips.

use super::zip_maker::{Zip, extra, member, unicode_path};
use super::*;

fn plain(bytes: &[u8]) -> Outcome {
    unpack_file("data.zip", bytes, &Rules::default(), None)
}

#[track_caller]
fn check(zip: Zip, named: &str, words: &str) {
    refused(&plain(&zip.bytes()), named, words);
}

#[test]
fn names_that_lead_out_are_refused() {
    let good = || member("good.csv", b"1");
    for (name, shown, words) in [
        ("../evil", "../evil", "`.` or `..`"),
        ("a/../../evil", "a/../../evil", "`.` or `..`"),
        ("./../evil", "./../evil", "`.` or `..`"),
        ("..", "..", "`.` or `..`"),
        ("../", "../", "`.` or `..`"),
        ("a/./b", "a/./b", "`.` or `..`"),
        ("/etc/passwd", "/etc/passwd", "absolute"),
        ("//server/share", "//server/share", "absolute"),
        ("C:/evil", "C:/evil", "drive"),
        ("C:evil", "C:evil", "drive"),
        ("a\\..\\evil", "evil", "backslash"),
        ("\\\\server\\share", "server", "backslash"),
        ("a//b", "a//b", "empty name"),
        ("", "", "empty"),
        ("a\0.csv", "\\u{0}", "NUL"),
        ("a\x1b[31m", "\\u{1b}", "control"),
        ("a\nb", "\\u{a}", "control"),
        ("\u{202e}gpj.exe", "\\u{202e}", "control"),
        ("aux.txt", "aux.txt", "reserved"),
        ("a/nul", "a/nul", "reserved"),
        ("x.", "x.", "reserved"),
        (".medsets/manifest.sha256", ".medsets", "ours"),
        (".MedSets", ".MedSets", "ours"),
        (".medsets-unpack/x", ".medsets", "ours"),
    ] {
        let data: &[u8] = if name.ends_with('/') { b"" } else { b"x" };
        check(Zip::of([good(), member(name, data).with(|one| one.flags = 0x800)]), shown, words);
    }
    let long = "x".repeat(300);
    check(Zip::of([good(), member(&long, b"x")]), "xxx", "255");
    check(Zip::of([member("a/".repeat(2500) + "b", b"x")]), "a/a", "3,900");
    check(Zip::of([member("a/".repeat(120) + "b", b"x")]), "a/a", "folders deep");
    check(Zip::of([member(b"\xc0\xae\xc0\xae/x", b"x").with(|one| one.flags = 0x800)]), "", "UTF-8");
    // Not decoded: a percent sign is a letter.
    gives(&plain(&Zip::of([member("%2e%2e%2fx", b"x")]).bytes()), &[("%2e%2e%2fx", b"x")]);
}

#[test]
fn links_and_devices_are_refused() {
    let kind = |name: &str, data: &[u8], mode: u32| member(name, data).with(|one| one.attributes = mode << 16);
    check(Zip::of([kind("link", b"/etc/passwd", 0o120_777)]), "link", "symbolic link");
    check(Zip::of([kind("link", b"x", 0o120_777).with(|one| one.host = 0)]), "link", "symbolic link");
    check(Zip::of([kind("pipe", b"", 0o010_644)]), "pipe", "named pipe");
    check(Zip::of([kind("null", b"", 0o020_666)]), "null", "character device");
    check(Zip::of([kind("sda", b"", 0o060_660)]), "sda", "block device");
    check(Zip::of([kind("sock", b"", 0o140_777)]), "sock", "socket");
    check(Zip::of([kind("odd", b"", 0o070_777)]), "odd", "kind is not known");
    check(Zip::of([kind("folder/", b"bytes", 0o040_755)]), "folder/", "bytes of its own");
    check(Zip::of([kind("folder", b"", 0o040_755)]), "folder", "name says file");
}

#[test]
fn modes_are_not_taken_over() {
    use std::os::unix::fs::PermissionsExt as _;
    let zip = Zip::of([
        member("suid", b"x").with(|one| one.attributes = 0o104_777 << 16),
        member("none", b"y").with(|one| one.attributes = 0o100_000 << 16),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.zip");
    std::fs::write(&path, zip.bytes()).unwrap();
    let outcome = unpack_from(Archive::File(&path), folder.path(), "data.zip", &Rules::default(), None);
    gives(&outcome, &[("none", b"y"), ("suid", b"x")]);
    for name in ["suid", "none"] {
        let mode = std::fs::metadata(folder.path().join("into").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777 & !0o022, 0o644 & !0o022, "{name}");
    }
}

#[test]
fn collisions_are_refused_and_equal_twins_pass() {
    let two =
        |one: &str, first: &[u8], other: &str, second: &[u8]| Zip::of([member(one, first), member(other, second)]);
    check(two("x", b"1", "x", b"2"), "x", "different bytes");
    check(two("x", b"1", "x", b"22"), "x", "different bytes");
    check(two("x", b"1", "./x", b"2"), "x", "different bytes");
    check(two("x", b"1", "X", b"1"), "X", "case");
    check(two("Data/x", b"1", "data/y", b"1"), "data/y", "case");
    check(two("\u{e9}", b"1", "e\u{301}", b"1"), "e", "Unicode");
    check(two("stra\u{df}e", b"1", "STRASSE", b"1"), "STRASSE", "case");
    check(two("a", b"1", "a/b", b"1"), "a/b", "file and a folder");
    check(two("a/b", b"1", "a", b"1"), "a", "file and a folder");
    check(Zip::of([member("a", b"1"), member("a/", b"")]), "a", "file and a folder");

    let twins = plain(&two("x", b"1", "./x", b"1").bytes());
    gives(&twins, &[("x", b"1")]);
    assert!(twins.result.unwrap().warnings[0].contains("more than once"));
    let many = plain(&Zip::of((0..100).map(|_| member("x", b"1"))).bytes());
    assert_eq!(many.result.unwrap().warnings.len(), 21);
    let large = vec![7; 2 << 20];
    gives(&plain(&two("x", &large, "x", &large).bytes()), &[("x", &large)]);
    let mut other = large.clone();
    other[99] = 8;
    check(two("x", &large, "x", &other), "x", "different bytes");
}

#[test]
fn two_readings_are_refused() {
    let a = || member("a.csv", b"first");
    let b = || member("b.csv", b"second");
    check(Zip::of([a().with(|one| one.local_name = Some(b"../evil".to_vec()))]), "a.csv", "another name");
    check(Zip::of([a().with(|one| one.local_method = Some(8))]), "a.csv", "another method");
    check(Zip::of([a().with(|one| one.local_size = Some(3))]), "a.csv", "other sizes");
    check(Zip::of([a(), b().with(|one| one.hidden = true)]), "a.csv", "directory does not name");
    check(Zip::of([a(), b()]).with(|zip| zip.count = Some(1)), "", "counts other");
    check(Zip::of([a()]).with(|zip| zip.count = Some(2)), "", "counts other");
    check(Zip::of([a(), b()]).with(|zip| zip.zip64_count = Some(1)), "", "different figures");
    check(
        Zip::of([a(), b()]).with(|zip| {
            zip.zip64_count = Some(1);
            zip.zip64_sentinels = true;
        }),
        "",
        "counts other",
    );
    let zip64_lies = extra(1, &[&9u64.to_le_bytes()[..], &9u64.to_le_bytes()].concat());
    check(Zip::of([a().with(|one| one.extra = zip64_lies)]), "a.csv", "zip64 field contradicts");
    check(Zip::of([a().with(|one| one.extra = [extra(1, &[0; 8]), extra(1, &[0; 8])].concat())]), "a.csv", "two zip64");
    check(Zip::of([a().with(|one| one.extra = unicode_path(b"a.csv", "../evil"))]), "a.csv", "two names");
    check(Zip::of([a().with(|one| one.extra = unicode_path(b"other", "b.csv"))]), "a.csv", "two names");
    check(Zip::of([a().with(|one| one.extra = extra(0x7075, b"\x01"))]), "a.csv", "malformed");
    check(Zip::of([a().with(|one| one.extra = vec![9, 9, 200, 0, 1])]), "a.csv", "extra field is malformed");

    // Two archives in one file.
    let (one, other) = (Zip::of([a()]).bytes(), Zip::of([b()]).bytes());
    refused(&plain(&[one.clone(), other.clone()].concat()), "", "begins as a zip");
    let inside = Zip::of([b()]).with(|zip| zip.comment = one).bytes();
    refused(&plain(&inside), "", "two end records");
    // A tar in front of a zip.
    let tar = tar_maker::Tar::default().file("t.csv", b"t").end().bytes();
    let polyglot = Zip::of([b()]).with(|zip| zip.prefix = tar).bytes();
    let rules = Rules { format: Some(Format::Zip), ..Rules::default() };
    fails(&unpack_file("data.zip", &polyglot, &rules, None), 42, "a tar archive");
    refused(&plain(&polyglot), "", "zeros");
    // The directory could be in two places.
    let moved = Zip::of([a()]).with(|zip| zip.prefix = b"MZ program".to_vec()).bytes();
    gives(&plain(&moved), &[("a.csv", b"first")]);
}

#[test]
fn descriptors_must_agree() {
    let described =
        |signature, wide| member("a", b"data").deflated().with(|one| one.descriptor = Some((signature, wide)));
    for form in [(true, true), (true, false), (false, true), (false, false)] {
        let zip = Zip::of([described(form.0, form.1), member("b", b"x")]);
        gives(&plain(&zip.bytes()), &[("a", b"data"), ("b", b"x")]);
    }
    let mut bytes = Zip::of([described(true, false)]).bytes();
    let place = bytes.windows(4).position(|window| window == b"PK\x07\x08").unwrap();
    bytes[place + 12] ^= 1;
    refused(&plain(&bytes), "a", "descriptor");
}

#[test]
fn damage_leaves_nothing() {
    let good = || member("good.csv", b"1");
    let bad_crc = Zip::of([good(), member("bad.csv", b"2").with(|one| one.crc32 = Some(1))]);
    fails(&plain(&bad_crc.bytes()), 40, "member `bad.csv`: its bytes do not have the CRC");
    let zero_crc = Zip::of([good(), member("bad.csv", b"2").with(|one| one.crc32 = Some(0))]);
    fails(&plain(&zero_crc.bytes()), 40, "CRC");
    let large = vec![3; 3 << 20];
    let large = Zip::of([good(), member("bad.csv", &large).deflated().with(|one| one.crc32 = Some(1))]);
    fails(&plain(&large.bytes()), 40, "CRC");
    let after = Zip::of([good()]).with(|zip| zip.after = b"\n".to_vec());
    refused(&plain(&after.bytes()), "", "other bytes follow");
    let offset = Zip::of([good()]).with(|zip| zip.directory_offset = Some(3));
    assert_eq!(exit(&plain(&offset.bytes())), 54);
    let size = Zip::of([good()]).with(|zip| zip.directory_size = Some(9));
    assert_eq!(exit(&plain(&size.bytes())), 54);
    let whole = Zip::of([good(), member("b", b"2")]).bytes();
    fails(&plain(&whole[..whole.len() - 1]), 41, "cut");
    fails(&plain(&whole[..whole.len() / 2]), 41, "missing");
    let trailing = member("t", b"data").with(|one| {
        one.method = 8;
        one.packed = Some([zip_maker::deflate(b"data"), vec![0; 9]].concat());
    });
    fails(&plain(&Zip::of([trailing]).bytes()), 40, "go on after their end");
}

#[test]
fn lies_about_sizes_cost_nothing() {
    let lie = |size: u64| member("lie", b"12345").deflated().with(|one| one.size = Some(size));
    check(Zip::of([lie(1 << 62)]), "lie", "would be larger than");
    check(Zip::of([lie(4)]), "lie", "more bytes than it declares");
    fails(&plain(&Zip::of([lie(6)]).bytes()), 40, "ends 1 bytes before");
    fails(&plain(&Zip::of([lie(300 << 20)]).bytes()), 54, "times as much");
    let mostly = lie(200 << 20);
    fails(&plain(&Zip::of([mostly]).bytes()), 40, "before its declared size");
    check(Zip::of([member("s", b"12345").with(|one| one.size = Some(9))]), "s", "two sizes differ");
}

#[test]
fn unsupported_methods_are_named() {
    for (method, words) in [(98, "PPMd"), (6, "Implode"), (1, "Shrink"), (97, "WavPack"), (77, "method 77")] {
        let zip = Zip::of([member("a", b"1"), member("b", b"2").with(|one| one.method = method)]);
        let outcome = plain(&zip.bytes());
        fails(&outcome, 55, words);
        assert!(message(&outcome).contains("member `b`"));
    }
    let strong = Zip::of([member("a", b"1").with(|one| one.flags = 0x41)]);
    fails(&plain(&strong.bytes()), 55, "strong encryption");
    let skipped = Rules { skip: Globs::new(["b"]).unwrap(), ..Rules::default() };
    let zip = Zip::of([member("a", b"1"), member("b", b"2").with(|one| one.method = 98)]);
    gives(&unpack_file("x.zip", &zip.bytes(), &skipped, None), &[("a", b"1")]);
    fails(&plain(b"Rar!\x1a\x07\x01\0rest"), 55, "RAR");
}

#[test]
fn a_missing_part_is_said_to_be_missing() {
    let (first, second) = Zip::of([member("a", b"1"), member("b", b"2")]).in_two_parts();
    gives(&unpack_parts(&[&first, &second], &Rules::default()), &[("a", b"1"), ("b", b"2")]);
    fails(&unpack_parts(&[&second], &Rules::default()), 41, ".z01");
    // Cut afterwards, as `split` does.
    let whole = Zip::of([member("a", b"1"), member("b", b"2")]).bytes();
    gives(&unpack_parts(&[&whole[..40], &whole[40..]], &Rules::default()), &[("a", b"1"), ("b", b"2")]);
}

#[test]
fn links_are_made_only_where_allowed_and_inside() {
    let link = |name: &str, target: &str| member(name, target.as_bytes()).with(|one| one.attributes = 0o120_777 << 16);
    let rules = Rules { links: true, strip: Strip::Auto, ..Rules::default() };
    let run = |members: Vec<zip_maker::Member>| unpack_file("d.zip", &Zip::of(members).bytes(), &rules, None);
    let file = || member("top/data/x.csv", b"1");
    gives(
        &run(vec![
            file(),
            link("top/latest.csv", "data/x.csv"),
            link("top/data/up", "../data"),
            link("top/d", "./data/"),
        ]),
        &[("data/x.csv", b"1"), ("latest.csv", b"-> data/x.csv"), ("data/up", b"-> ../data"), ("d", b"-> data")],
    );
    for (target, words) in [
        ("/etc/passwd", "absolute"),
        ("../../../etc/passwd", "out of the archive"),
        ("missing", "no file"),
        ("self", "no file"),
        ("", "empty"),
        ("../..", "out of the archive"),
        ("..", "not safe"),
        ("a\\b", "not safe"),
    ] {
        refused(&run(vec![file(), link("top/self", target)]), "top/self", words);
    }
    let huge = "a/".repeat(3000);
    refused(&run(vec![file(), link("top/l", &huge)]), "top/l", "too long");
    // Through another link, over one, below one.
    refused(&run(vec![file(), link("top/a", "data"), link("top/b", "a/x.csv")]), "top/b", "no file");
    refused(&run(vec![file(), link("top/a", "data"), member("top/a/y", b"2")]), "top/a/y", "file and a folder");
    refused(&run(vec![file(), link("top/a", "data"), member("top/a", b"2")]), "top/a", "more than once");
    refused(&run(vec![file(), link("top/a", "b"), link("top/b", "a")]), "top/a", "no file");
}
