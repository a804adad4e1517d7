//! Archives that mean harm or are broken: refused by name and rule, and nothing is shown or
//! left outside. Their digests are right, so that only the contents can give them away.

use std::io::Write as _;

use tar::EntryType;
use zip::write::SimpleFileOptions;

use crate::support::archives::{Served, encrypted_zip, gzip, serve, serve_with, tar_of, zip_of};
use crate::support::home::{Home, tree};

const PLAIN: &str = "{ format = \"zip\" }";
const TAR_GZ: &str = "{ format = \"tar.gz\" }";

/// A fetch of one archive is refused with these words, and nothing of it is anywhere but in
/// the store of unfinished work.
#[track_caller]
fn refused(name: &str, archive: Vec<u8>, unpack: &str, code: i32, says: &[&str]) {
    let served = serve(&[(name, archive, unpack)]);
    served.run(&["fetch", "made"]).expect(code).says(&[name]).says(says);
    nothing_is_shown(&served);
    served.run(&["fetch", "made"]).expect(code);
    nothing_is_shown(&served);
}

#[track_caller]
fn nothing_is_shown(served: &Served) {
    assert!(!served.home.data().join("made").exists());
    let known = [".local/share/medsets/datasets/", "overlay/"];
    let strange: Vec<String> = tree(served.home.path())
        .into_keys()
        .filter(|path| !known.iter().any(|start| path.starts_with(start)))
        .filter(|path| !path.starts_with(".local/state/") && !path.starts_with(".cache/"))
        .collect();
    assert!(strange.is_empty(), "outside of the data folder: {strange:?}");
    let inside: Vec<String> = tree(&served.home.data())
        .into_keys()
        .filter(|path| !path.starts_with(".medsets") || path.contains("/unpack/") || path.contains("/stage/"))
        .collect();
    assert!(inside.is_empty(), "in the data folder: {inside:?}");
}

#[test]
fn names_that_lead_out_are_refused() {
    let evil = b"evil".as_slice();
    refused("up.zip", zip_of(&[("good.txt", b"good"), ("../../evil.txt", evil)]), PLAIN, 54, &["../../evil.txt"]);
    refused("inner.zip", zip_of(&[("a/../../evil.txt", evil)]), PLAIN, 54, &["a/../../evil.txt"]);
    refused("root.zip", zip_of(&[("/tmp/medsets-evil", evil)]), PLAIN, 54, &["/tmp/medsets-evil"]);
    refused("drive.zip", zip_of(&[("C:\\evil.txt", evil)]), PLAIN, 54, &["C:"]);
    refused("back.zip", zip_of(&[("..\\evil.txt", evil)]), PLAIN, 54, &["evil.txt"]);
    let tar = tar_of(&[("../evil.txt", EntryType::Regular, "", evil)]);
    refused("up.tar.gz", gzip(&tar), TAR_GZ, 54, &["../evil.txt"]);
}

#[test]
fn links_and_devices_are_refused() {
    let tar = |kind, link| gzip(&tar_of(&[("good", EntryType::Regular, "", b"good"), ("odd", kind, link, b"")]));
    refused("link.tar.gz", tar(EntryType::Symlink, "/etc/passwd"), TAR_GZ, 54, &["odd"]);
    refused("up.tar.gz", tar(EntryType::Symlink, "../../../evil"), TAR_GZ, 54, &["odd"]);
    refused("hard.tar.gz", tar(EntryType::Link, "/etc/passwd"), TAR_GZ, 54, &["odd"]);
    refused("device.tar.gz", tar(EntryType::Char, ""), TAR_GZ, 54, &["odd"]);
    refused("pipe.tar.gz", tar(EntryType::Fifo, ""), TAR_GZ, 54, &["odd"]);
    // Allowed links must still stay inside.
    let allowed = "{ format = \"tar.gz\", links = true }";
    refused("out.tar.gz", tar(EntryType::Symlink, "../../../evil"), allowed, 54, &["odd"]);
    // A member written through a link of the same archive.
    let through =
        gzip(&tar_of(&[("dir", EntryType::Symlink, "../..", b""), ("dir/evil.txt", EntryType::Regular, "", b"evil")]));
    refused("through.tar.gz", through, allowed, 54, &["dir"]);
}

#[test]
fn names_that_collide_are_refused() {
    refused("case.zip", zip_of(&[("a/Scan.png", b"1"), ("a/scan.PNG", b"2")]), PLAIN, 54, &["Scan.png", "scan.PNG"]);
    let differing = gzip(&tar_of(&[("a", EntryType::Regular, "", b"1"), ("a", EntryType::Regular, "", b"2")]));
    refused("twice.tar.gz", differing, TAR_GZ, 54, &["`a`", "different bytes"]);
    let below = zip_of(&[("a", b"a file"), ("a/b", b"and a folder")]);
    refused("below.zip", below, PLAIN, 54, &["`a"]);
    refused("own.zip", zip_of(&[(".medsets/receipt.json", b"{}")]), PLAIN, 54, &[".medsets/receipt.json"]);
    refused("reserved.zip", zip_of(&[("aux.txt", b"x")]), PLAIN, 54, &["aux.txt"]);
}

#[test]
fn a_bomb_is_stopped_before_the_disk_is_full() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("zeros.bin", SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..400 {
        zip.write_all(&zeros).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    refused("bomb.zip", bomb.clone(), PLAIN, 54, &["300 times"]);
    refused(
        "stated.zip",
        bomb.clone(),
        "{ format = \"zip\", unpacked-size = 1000 }",
        54,
        &["1000 B", "the entry states"],
    );
    let many: Vec<(String, &[u8])> = (0..20).map(|number| (format!("{number}.txt"), b"x".as_slice())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    refused("many.zip", zip_of(&many), "{ format = \"zip\", members = 10 }", 54, &["the 10 files"]);
}

#[test]
fn what_is_no_whole_archive_is_said_so() {
    let whole = zip_of(&[("a.txt", b"some text"), ("b.txt", b"more")]);
    refused("cut.zip", whole[..whole.len() - 40].to_vec(), PLAIN, 41, &["cut short"]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("a.txt", SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
    zip.write_all(b"some text").unwrap();
    let mut spoiled = zip.finish().unwrap().into_inner();
    let place = spoiled.windows(4).position(|window| window == b"text").unwrap();
    spoiled[place] = b'T';
    refused("spoiled.zip", spoiled, PLAIN, 40, &["a.txt", "damaged"]);
    let page = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>".to_vec();
    refused("page.zip", page, PLAIN, 42, &["page", "Sign in"]);
    refused("text.zip", b"just some text, nothing packed".to_vec(), PLAIN, 42, &["not the archive"]);
    let tar_gz = gzip(&tar_of(&[("a", EntryType::Regular, "", b"bytes")]));
    let mut bad_sum = tar_gz.clone();
    let at = bad_sum.len() - 7;
    bad_sum[at] ^= 1;
    refused("sum.tar.gz", bad_sum, TAR_GZ, 40, &["damaged"]);
    refused("cut.tar.gz", tar_gz[..tar_gz.len() - 12].to_vec(), TAR_GZ, 41, &["cut short"]);
}

#[test]
fn an_empty_file_is_no_archive() {
    let served = serve(&[("empty.zip", Vec::new(), PLAIN)]);
    let ran = served.run(&["fetch", "made"]).says(&["empty.zip"]);
    assert!(matches!(ran.code, Some(41 | 42)), "{ran:?}");
    nothing_is_shown(&served);
}

#[test]
fn encrypted_members_open_with_the_password_and_not_without() {
    let archive = || encrypted_zip(&[("secret.csv", b"a,b\n")], "correct horse");
    let unpack = "{ format = \"zip\", password = \"from-user\" }";
    let none = serve(&[("locked.zip", archive(), unpack)]);
    none.run(&["fetch", "made"]).expect(20).says(&["locked.zip", "secret.csv", "MEDSETS_TOKEN_MADE"]);
    nothing_is_shown(&none);
    let wrong = serve_with(Home::new().with("MEDSETS_TOKEN_MADE", "battery"), &[("locked.zip", archive(), unpack)], "");
    wrong.run(&["fetch", "made"]).expect(21).says(&["locked.zip", "secret.csv"]);
    nothing_is_shown(&wrong);
    let right =
        serve_with(Home::new().with("MEDSETS_TOKEN_MADE", "correct horse"), &[("locked.zip", archive(), unpack)], "");
    let ran = right.run(&["fetch", "made"]).expect(0);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("correct horse"));
    assert_eq!(std::fs::read(right.home.data().join("made/1/data/secret.csv")).unwrap(), b"a,b\n");
    let kept = tree(right.home.path());
    assert!(!kept.values().any(|bytes| String::from_utf8_lossy(bytes).contains("correct horse")), "written nowhere");
}

#[test]
fn archives_inside_archives_follow_the_same_rules() {
    let unpack = "{ format = \"zip\", nested = [\"**/*.zip\"] }";
    let good = zip_of(&[("a/b.txt", b"deep"), ("c.txt", b"beside")]);
    let outer = zip_of(&[("x/inner.zip", good.as_slice()), ("y.txt", b"flat")]);
    let served = serve(&[("outer.zip", outer, unpack)]);
    served.run(&["fetch", "made"]).expect(0);
    let files: Vec<String> = tree(&served.home.data().join("made/1/data")).into_keys().collect();
    assert_eq!(files, ["x/a/b.txt", "x/c.txt", "y.txt"]);
    served.run(&["verify", "made"]).expect(0);
    let bad = zip_of(&[("../../evil.txt", b"evil")]);
    refused("outer.zip", zip_of(&[("x/inner.zip", bad.as_slice())]), unpack, 54, &["inner.zip", "../../evil.txt"]);
}

#[test]
fn parts_of_a_split_archive_are_put_together() {
    let body: Vec<u8> = (0..300_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (first, last) = split_zip("big.bin", &body, 100_000);
    let unpack = "{ format = \"zip\", parts = [\"set.z01\"] }";
    let served = serve(&[("set.zip", last.clone(), unpack), ("set.z01", first, "")]);
    served.run(&["fetch", "made"]).expect(0);
    let dir = served.home.data().join("made/1");
    let files = tree(&dir);
    assert_eq!(files["data/big.bin"], body);
    assert!(!files.keys().any(|name| name.ends_with(".z01") || name.ends_with(".zip")), "{:?}", files.keys());
    served.run(&["verify", "made"]).expect(0);
    let asked = served.host.log().len();
    served.run(&["fetch", "made"]).expect(0);
    assert_eq!(served.host.log().len(), asked, "nothing is fetched again");
    refused("set.zip", last, unpack, 41, &["set.z01"]);
}

/// A stored zip in two parts, the first of `size` bytes (APPNOTE 8.5).
fn split_zip(name: &str, body: &[u8], size: usize) -> (Vec<u8>, Vec<u8>) {
    let mut crc = flate2::Crc::new();
    crc.update(body);
    let field = |out: &mut Vec<u8>, value: u32, bytes: usize| out.extend_from_slice(&value.to_le_bytes()[..bytes]);
    let mut all = b"PK\x07\x08".to_vec();
    all.extend_from_slice(b"PK\x03\x04");
    for (value, bytes) in [(20, 2), (0, 2), (0, 2), (0, 2), (0x21, 2), (crc.sum(), 4)] {
        field(&mut all, value, bytes);
    }
    field(&mut all, body.len() as u32, 4);
    field(&mut all, body.len() as u32, 4);
    field(&mut all, name.len() as u32, 2);
    field(&mut all, 0, 2);
    all.extend_from_slice(name.as_bytes());
    all.extend_from_slice(body);
    let mut last = all.split_off(size);
    let at = last.len() as u32;
    last.extend_from_slice(b"PK\x01\x02");
    for (value, bytes) in [(20, 2), (20, 2), (0, 2), (0, 2), (0, 2), (0x21, 2), (crc.sum(), 4)] {
        field(&mut last, value, bytes);
    }
    field(&mut last, body.len() as u32, 4);
    field(&mut last, body.len() as u32, 4);
    // Name, extra, comment, disk 0, attributes, offset 4 behind the mark of a split archive.
    for (value, bytes) in [(name.len() as u32, 2), (0, 2), (0, 2), (0, 2), (0, 2), (0, 4), (4, 4)] {
        field(&mut last, value, bytes);
    }
    last.extend_from_slice(name.as_bytes());
    let length = last.len() as u32 - at;
    last.extend_from_slice(b"PK\x05\x06");
    for (value, bytes) in [(1, 2), (1, 2), (1, 2), (1, 2), (length, 4), (at, 4), (0, 2)] {
        field(&mut last, value, bytes);
    }
    (all, last)
}

#[test]
fn two_archives_with_one_path_must_agree() {
    let one = zip_of(&[("labels.csv", b"a"), ("one.txt", b"1")]);
    let two = |bytes: &[u8]| zip_of(&[("labels.csv", bytes), ("two.txt", b"2")]);
    let differ = serve(&[("one.zip", one.clone(), PLAIN), ("two.zip", two(b"b"), PLAIN)]);
    differ.run(&["fetch", "made"]).expect(54).says(&["labels.csv"]);
    assert!(!differ.home.data().join("made").exists());
    let agree = serve(&[("one.zip", one, PLAIN), ("two.zip", two(b"a"), PLAIN)]);
    agree.run(&["fetch", "made"]).expect(0);
    let dir = agree.home.data().join("made/1");
    let files: Vec<String> = tree(&dir.join("data")).into_keys().collect();
    assert_eq!(files, ["labels.csv", "one.txt", "two.txt"]);
    agree.run(&["verify", "made"]).expect(0);
    let inventory = std::fs::read_to_string(dir.join(".medsets/files.jsonl")).unwrap();
    assert_eq!(inventory.lines().count(), 3, "each path once: {inventory}");
    let receipt = std::fs::read_to_string(dir.join(".medsets/receipt.json")).unwrap();
    assert!(receipt.contains("`data/labels.csv` is in `one.zip` and in `two.zip`, with the same bytes"), "{receipt}");
}

#[test]
fn files_that_fail_for_different_reasons_are_part_failed() {
    let page = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>".to_vec();
    let cut = {
        let whole = zip_of(&[("a.txt", b"some text"), ("b.txt", b"more")]);
        whole[..whole.len() - 40].to_vec()
    };
    let good = ("good.txt", b"good".to_vec(), "");
    let both = serve(&[("page.zip", page.clone(), PLAIN), ("cut.zip", cut, PLAIN), good.clone()]);
    let answer = both.home.json(&["--catalog", &both.catalog, "fetch", "made"]);
    assert_eq!(answer["exit"], 43, "{answer}");
    let codes: Vec<&str> =
        answer["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"verify.truncated") && codes.contains(&"verify.wrong-content"), "{codes:?}");
    assert_eq!(answer["data"]["datasets"][0]["failed"].as_array().unwrap().len(), 2);
    assert!(!both.home.data().join("made").exists());
    // One reason is told by itself.
    let one = serve(&[("page.zip", page, PLAIN), good]);
    one.run(&["fetch", "made"]).expect(42);
}

#[test]
fn an_unknown_way_of_packing_is_named() {
    // Method 97 (WavPack) in both headers of a stored member.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("a.wv", SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
    zip.write_all(b"sound").unwrap();
    let mut archive = zip.finish().unwrap().into_inner();
    archive[8] = 97;
    let central = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    archive[central + 10] = 97;
    refused("odd.zip", archive, PLAIN, 55, &["a.wv"]);
    refused("x.7z", b"Rar!\x1a\x07\x01\x00 and so on and on and on".to_vec(), PLAIN, 55, &["x.7z"]);
}
