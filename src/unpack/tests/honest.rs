//! Honest oddities: a false alarm on real data is a failure too.

use std::time::{Duration, SystemTime};

use ::zip::CompressionMethod;
use ::zip::unstable::write::FileOptionsExt as _;
use ::zip::write::SimpleFileOptions;

use super::tar_maker::{Header, Tar, gzip};
use super::zip_maker::{Zip, by_crate, deflate, extra, member, unicode_path};
use super::*;

/// Bytes of hexadecimal digits on lines.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn table() -> Vec<u8> {
    (0..40_000).flat_map(|row| format!("{row},{},no finding\n", row % 90).into_bytes()).collect()
}

fn plain(bytes: &[u8]) -> Outcome {
    unpack_file("data.zip", bytes, &Rules::default(), None)
}

#[test]
fn every_method_of_zip_is_unpacked() {
    let data = table();
    let expected: [(&str, &[u8]); 1] = [("a/data.csv", &data)];
    for method in [
        CompressionMethod::Stored,
        CompressionMethod::Deflated,
        CompressionMethod::Bzip2,
        CompressionMethod::Zstd,
        CompressionMethod::Xz,
    ] {
        let options = SimpleFileOptions::default().compression_method(method);
        gives(&plain(&by_crate(options, &data)), &expected);
        gives(&plain(&by_crate(options.large_file(true), &data)), &expected);
        gives(&plain(&by_crate(options, b"")), &[("a/data.csv", b"")]);
        // A member of several MB takes another way.
        let large = data.repeat(5);
        gives(&plain(&by_crate(options, &large)), &[("a/data.csv", &large)]);
    }
}

/// The stream was put together by hand and read back with the Python package `inflate64`
/// 1.0: matches of 60,000 and 40,000 bytes, one over a distance of 55,000.
#[test]
fn deflate64_is_unpacked() {
    let packed = unhex("cb4cd1494c4fe532d03133d6c9cb5748cbcc4bc9cc4be71aed521718ede1fcd7566a5e0a1700");
    let mut data = b"id,age\n0,63,no finding\n".to_vec();
    for (length, distance) in [(60_000, 17), (40_000, 55_000)] {
        for _ in 0..length {
            data.push(data[data.len() - distance]);
        }
    }
    data.extend(b"end\n");
    let zip = Zip::of([member("a", &data).with(|one| (one.method, one.packed) = (9, Some(packed)))]);
    gives(&plain(&zip.bytes()), &[("a", &data)]);
}

#[test]
fn lzma_is_unpacked_with_and_without_the_flag_of_its_end_mark() {
    let data = table();
    let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut alone = Vec::new();
    std::io::Read::read_to_end(&mut liblzma::bufread::XzEncoder::new_stream(&data[..], stream), &mut alone).unwrap();
    // The older file header is properties, dictionary and size; zip keeps the first two.
    let packed = [&[9, 20, 5, 0], &alone[..5], &alone[13..]].concat();
    for flags in [2, 0] {
        let lzma = |one: &mut super::zip_maker::Member| {
            (one.method, one.packed, one.flags) = (14, Some(packed.clone()), flags);
        };
        gives(&plain(&Zip::of([member("a", &data).with(lzma)]).bytes()), &[("a", &data)]);
    }
}

#[test]
fn encrypted_members_need_their_password() {
    let data = table();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Zstd] {
        let options = SimpleFileOptions::default().compression_method(method);
        let ciphers = [
            options.with_aes_encryption(::zip::AesMode::Aes128, "geheim"),
            options.with_aes_encryption(::zip::AesMode::Aes256, "geheim"),
            options.with_deprecated_encryption(b"geheim").unwrap(),
        ];
        for (options, data) in
            ciphers.into_iter().flat_map(|options| [(options, data.clone()), (options, data.repeat(4))])
        {
            let bytes = by_crate(options, &data);
            let run = |password| unpack_file("x.zip", &bytes, &Rules::default(), password);
            gives(&run(Some("geheim")), &[("a/data.csv", &data)]);
            fails(&run(None), 20, "member `a/data.csv` needs a password");
            fails(&run(Some("falsch")), 21, "does not open member `a/data.csv`");
            let mut damaged = bytes.clone();
            damaged[bytes.len() / 2] ^= 1;
            let outcome = unpack_file("x.zip", &damaged, &Rules::default(), Some("geheim"));
            assert!(matches!(exit(&outcome), 40 | 21), "{}", message(&outcome));
        }
    }
}

#[test]
fn odd_zips_are_unpacked() {
    let two = || Zip::of([member("a", b"1").deflated(), member("b/c", b"22")]);
    let expected: [(&str, &[u8]); 2] = [("a", b"1"), ("b/c", b"22")];
    #[track_caller]
    fn check(zip: Zip, expected: &[(&str, &[u8])]) {
        gives(&plain(&zip.bytes()), expected);
    }
    check(two(), &expected);
    check(two().with(|zip| zip.comment = b"made by hand".to_vec()), &expected);
    check(two().with(|zip| zip.prefix = b"MZ a program that unpacks itself PK\x03\x04".to_vec()), &expected);
    let absolute = |zip: &mut Zip| (zip.prefix, zip.absolute) = (b"#!/bin/sh\n".to_vec(), true);
    check(two().with(absolute), &expected);
    check(two().with(|zip| zip.zip64_count = Some(2)), &expected);
    check(two().with(|zip| (zip.zip64_count, zip.zip64_sentinels) = (Some(2), true)), &expected);
    let prefixed = |zip: &mut Zip| {
        (zip.zip64_count, zip.zip64_sentinels, zip.prefix) = (Some(2), true, b"MZ program".to_vec());
    };
    check(two().with(prefixed), &expected);
    let long_sizes = member("a", b"1").with(|one| one.zip64 = true);
    check(Zip::of([long_sizes.clone(), member("b/c", b"22").deflated().with(|one| one.zip64 = true)]), &expected);
    check(Zip::of([long_sizes.with(|one| one.descriptor = Some((true, true)))]), &[("a", b"1")]);
    let padded = member("a", b"1").with(|one| (one.local_extra, one.extra) = (vec![0; 3], vec![0; 2]));
    check(Zip::of([padded]), &[("a", b"1")]);
    let dos = member("a", b"1").with(|one| (one.host, one.attributes) = (0, 0x20));
    let dos_folder = member("d/", b"").with(|one| (one.host, one.attributes) = (0, 0x10));
    check(Zip::of([dos_folder, dos, member("./d/./", b"").with(|one| one.name = b"./d/".to_vec())]), &[("a", b"1")]);
    check(Zip::of([]), &[]);
    check(Zip::of([member("only/folders/", b"")]), &[]);
    check(
        Zip::of([member("empty", b"").deflated().with(|one| one.descriptor = Some((true, false)))]),
        &[("empty", b"")],
    );
    check(Zip::of([member("%41 b\u{e4}.txt", b"1").with(|one| one.flags = 0x800)]), &[("%41 b\u{e4}.txt", b"1")]);
    // A stored zip in a zip, and bytes that look like headers.
    let inner = two().bytes();
    check(
        Zip::of([member("inner.zip", &inner), member("z", b"PK\x05\x06PK\x01\x02")]),
        &[("inner.zip", &inner), ("z", b"PK\x05\x06PK\x01\x02")],
    );
}

#[test]
fn the_count_may_wrap() {
    let members = (0..65_539).map(|number| member(format!("{}/{number}.txt", number % 64), b"x"));
    let bytes = Zip::of(members).bytes();
    let outcome = plain(&bytes);
    assert_eq!(outcome.content.len(), 65_539, "{}", message(&outcome));
}

#[test]
fn old_names_are_decoded_and_kept() {
    let raw = b"M\x81ller.txt";
    let outcome = plain(&Zip::of([member(raw, b"1")]).bytes());
    gives(&outcome, &[("M\u{fc}ller.txt", b"1")]);
    let unpacked = outcome.result.unwrap();
    assert_eq!(unpacked.members.iter().next().unwrap().raw_name.as_deref(), Some(&raw[..]));
    let rules = Rules { encoding: Some("gbk".into()), ..Rules::default() };
    let chinese = Zip::of([member(b"\xb7\xce.png", b"1")]).bytes();
    gives(&unpack_file("x.zip", &chinese, &rules, None), &[("\u{80ba}.png", b"1")]);
    // The second name settles what the code page was.
    let cyrillic = b"\xaf\xe0\xa8\xa2\xa5\xe2.txt";
    let both = member(cyrillic, b"1")
        .with(|one| one.extra = unicode_path(cyrillic, "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}.txt"));
    gives(&plain(&Zip::of([both]).bytes()), &[("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}.txt", b"1")]);
    let same = member("a\u{e4}", b"1").with(|one| one.extra = unicode_path("a\u{e4}".as_bytes(), "a\u{e4}"));
    gives(&plain(&Zip::of([same]).bytes()), &[("a\u{e4}", b"1")]);
    let tar = Tar::default().file(raw, b"1").end();
    gives(&plain(&tar.bytes()), &[("M\u{fc}ller.txt", b"1")]);
}

#[test]
fn times_are_kept_where_they_make_sense() {
    let dos = |date, time| member("x", b"1").with(|one| one.time = (time, date));
    let modified = |zip: Zip| plain(&zip.bytes()).result.unwrap().members.iter().next().unwrap().modified;
    let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    // 2024-01-01 00:00:00
    assert_eq!(modified(Zip::of([dos(0x5821, 0)])), at(1_704_067_200));
    assert_eq!(modified(Zip::of([dos(0, 0)])), None);
    assert_eq!(modified(Zip::of([dos(0xffff, 0xffff)])), None);
    let unix = [&[1], &1_700_000_000u32.to_le_bytes()[..]].concat();
    assert_eq!(modified(Zip::of([dos(0x5821, 0).with(|one| one.extra = extra(0x5455, &unix))])), at(1_700_000_000));
    let tar = Tar::default().pax(&[("mtime", "1600000000.75")]).file("x", b"1").end();
    let outcome = plain(&tar.bytes());
    assert_eq!(outcome.result.unwrap().members.iter().next().unwrap().modified, at(1_600_000_000));
}

#[test]
fn odd_tars_are_unpacked() {
    #[track_caller]
    fn check(tar: Tar, expected: &[(&str, &[u8])]) {
        gives(&plain(&tar.bytes()), expected);
        gives(&unpack_stream("x.tar.gz", &tar.gz(), &Rules::default()), expected);
    }
    let file = || Tar::default().folder("./").file("./a", b"1");
    check(file().end(), &[("a", b"1")]);
    check(file().raw(&[0; 512]), &[("a", b"1")]);
    check(file().end().raw(&[0; 9000]), &[("a", b"1")]);
    let mut v7 = Header::new("old", b'\0', 1);
    v7.magic = [0; 8];
    check(file().entry(&v7, b"x").end(), &[("a", b"1"), ("old", b"x")]);
    let mut v7_folder = Header::new("folder/", b'\0', 0);
    v7_folder.magic = [0; 8];
    check(file().entry(&v7_folder, b"").end(), &[("a", b"1")]);
    let long = format!("{}/x.dcm", "long-name".repeat(25));
    check(file().pax(&[("path", &long), ("mtime", "1.5")]).file("cut", b"2").end(), &[("a", b"1"), (&long, b"2")]);
    check(file().long(b'L', &long).file("cut", b"2").end(), &[("a", b"1"), (&long, b"2")]);
    let mut split = Header::new("x.dcm", b'0', 1);
    split.prefix = b"study/series".to_vec();
    check(file().entry(&split, b"3").end(), &[("a", b"1"), ("study/series/x.dcm", b"3")]);
    // GNU keeps times where POSIX keeps the prefix.
    let mut gnu = Header::new("gnu", b'0', 1);
    (gnu.magic, gnu.prefix) = (*b"ustar  \0", b"13371337133".to_vec());
    check(file().entry(&gnu, b"4").end(), &[("a", b"1"), ("gnu", b"4")]);
    check(Tar::default().global(&[("comment", "52f0")]).file("a", b"1").end(), &[("a", b"1")]);
    check(file().pax(&[("size", "1")]).file("b", b"x").end(), &[("a", b"1"), ("b", b"x")]);
    check(file().entry(&Header::new("label", b'V', 0), b"").end(), &[("a", b"1")]);
    // Several gzip members, cut anywhere.
    let bytes = file().file("large", &[6; 400_000]).end().bytes();
    let pieces: Vec<u8> = bytes.chunks(70_000).flat_map(gzip).collect();
    gives(&unpack_stream("x.tgz", &pieces, &Rules::default()), &[("a", b"1"), ("large", &[6; 400_000])]);
    let empty = Rules { format: Some(Format::Tar(Packing::Plain)), ..Rules::default() };
    gives(&unpack_file("x.tar", &[0; 10_240], &empty, None), &[]);
}

#[test]
fn rules_choose_and_place() {
    let zip = Zip::of([
        member("__MACOSX/top/._a", b"junk"),
        member("top/.DS_Store", b"junk"),
        member("top/images/1.png", b"1"),
        member("top/labels.csv", b"2"),
        member("top/aux.txt", b"3"),
    ])
    .bytes();
    let junk = Globs::new(["__MACOSX/**", "**/.DS_Store"]).unwrap();
    let rules = Rules { strip: Strip::Auto, skip: junk, names: vec!["aux.txt".into()], ..Rules::default() };
    let all: [(&str, &[u8]); 3] = [("aux.txt", b"3"), ("images/1.png", b"1"), ("labels.csv", b"2")];
    gives(&unpack_file("x.zip", &zip, &rules, None), &all);
    let only = Rules { only: Globs::new(["**/*.png"]).unwrap(), ..rules.clone() };
    gives(&unpack_file("x.zip", &zip, &only, None), &[("images/1.png", b"1")]);
    let tables = Under { members: Globs::new(["**/*.csv"]).unwrap(), folder: RelPath::parse("tables").unwrap() };
    let under = Rules { under: vec![tables], ..rules };
    gives(&unpack_file("x.zip", &zip, &under, None), &[all[0], all[1], ("tables/labels.csv", b"2")]);
}

#[test]
fn nested_archives_are_unpacked_in_their_place() {
    let inner_zip = Zip::of([member("wrap/x.png", b"1"), member("wrap/y.png", b"2")]).bytes();
    let inner_tar = Tar::default().file("deep/more.zip", &inner_zip).end().gz();
    let outer = Zip::of([
        member("set/images.zip", &inner_zip),
        member("set/b/rest.tar.gz", &inner_tar),
        member("set/keep.zip", &inner_zip),
    ]);
    let nested = Globs::new(["set/images.zip", "**/*.tar.gz"]).unwrap();
    let rules = Rules { nested, ..Rules::default() };
    let outcome = unpack_file("outer.zip", &outer.bytes(), &rules, None);
    gives(
        &outcome,
        &[("set/b/more.zip", &inner_zip), ("set/keep.zip", &inner_zip), ("set/x.png", b"1"), ("set/y.png", b"2")],
    );
    let names: Vec<String> = outcome.result.unwrap().members.iter().map(|member| member.name).collect();
    assert!(names.contains(&"set/images.zip!wrap/x.png".to_owned()), "{names:?}");

    let clash = Zip::of([member("set/images.zip", &inner_zip), member("set/X.png", b"other")]);
    refused(&unpack_file("outer.zip", &clash.bytes(), &rules, None), "set/", "case");
    let same = Zip::of([member("set/images.zip", &inner_zip), member("set/x.png", b"other")]);
    refused(&unpack_file("outer.zip", &same.bytes(), &rules, None), "set/images.zip!wrap/x.png", "there already");
    let evil = Zip::of([member("../evil", b"x")]).bytes();
    let hidden = Zip::of([member("good", b"1"), member("set/images.zip", &evil)]);
    refused(&unpack_file("outer.zip", &hidden.bytes(), &rules, None), "set/images.zip!../evil", "`.` or `..`");
    let page = Zip::of([member("set/images.zip", b"<html>")]);
    fails(&unpack_file("outer.zip", &page.bytes(), &rules, None), 40, "member `set/images.zip`: it is a web page");
    let cut = Zip::of([member("set/images.zip", &inner_zip[..inner_zip.len() - 4])]);
    fails(&unpack_file("outer.zip", &cut.bytes(), &rules, None), 40, "member `set/images.zip`: it is cut short");
    // Not named by the entry: stays what it is.
    gives(&plain(&Zip::of([member("in.zip", &evil)]).bytes()), &[("in.zip", &evil)]);
}

#[test]
fn what_is_no_archive_is_called_what_it_is() {
    let zip = Rules { format: Some(Format::Zip), ..Rules::default() };
    for rules in [Rules::default(), zip] {
        let run = |bytes: &[u8]| unpack_file("data.zip", bytes, &rules, None);
        fails(&run(b"<!DOCTYPE html><title>Sign in</title>"), 42, "a web page (`Sign in`)");
        fails(&run(b"{\"error\": \"expired\"}"), 42, "a JSON document");
        fails(&run(b""), 42, "an empty file");
        fails(&run(&[0; 4096]), 42, "nothing but zeros");
        fails(&run(b"id,age\n1,2\n"), 42, "no kind of file");
        fails(&run(b"%PDF-1.7"), 42, "a PDF");
    }
    let rules = Rules { format: Some(Format::Zip), ..Rules::default() };
    fails(&unpack_file("data.zip", &gzip(b"x"), &rules, None), 42, "a gzip file");
    let tar = Rules { format: Some(Format::Tar(Packing::Gzip)), ..Rules::default() };
    assert_ne!(exit(&unpack_file("x.tar.gz", &gzip(b"<html>Sign in"), &tar, None)), 0);
    fails(&unpack_stream("x.zip", &Zip::of([member("a", b"1")]).bytes(), &Rules::default()), 55, "zip as a stream");
}

#[test]
fn cancelling_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let report: Report = Arc::new(Silent);
    let rules = Rules::default();
    for bytes in [Zip::of([member("a", b"1")]).bytes(), Tar::default().file("a", b"1").end().gz()] {
        let request = Request {
            name: &RelPath::parse("x").unwrap(),
            rules: &rules,
            into: folder.path(),
            access: Access::Shared,
            password: None,
            report: &report,
            jobs: 1,
            cancel: &AtomicBool::new(true),
        };
        let path = folder.path().with_extension("archive");
        std::fs::write(&path, bytes).unwrap();
        let result = unpack(Archive::File(&path), &request);
        assert!(matches!(result, Err(UnpackError::Cancelled { .. })), "{result:?}");
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn deflated_members_of_all_small_sizes() {
    let members = (0..600usize).map(|size| {
        member(format!("{size:03}"), &vec![b'a'; size]).with(|one| {
            one.packed = Some(deflate(&one.data));
            one.method = 8;
        })
    });
    let outcome = plain(&Zip::of(members).bytes());
    assert_eq!(outcome.content.len(), 600, "{}", message(&outcome));
}
