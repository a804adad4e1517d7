//! Hostile tars, and compressed streams that lie.

use super::tar_maker::{Header, Tar, bzip2, gzip, record, sign, xz, zstd};
use super::*;

fn plain(bytes: &[u8]) -> Outcome {
    unpack_file("data.tar", bytes, &Rules::default(), None)
}

/// Refused as a file, as a compressed stream, and where everything waits to be stripped.
#[track_caller]
fn check(tar: Tar, named: &str, words: &str) {
    refused(&plain(&tar.bytes()), named, words);
    refused(&unpack_stream("data.tar.gz", &tar.gz(), &Rules::default()), named, words);
    let stripping = Rules { strip: Strip::Auto, ..Rules::default() };
    refused(&unpack_file("data.tar.gz", &tar.gz(), &stripping, None), named, words);
}

fn good() -> Tar {
    Tar::default().file("good.csv", b"1").file("large.bin", &[9; 300_000])
}

#[test]
fn names_that_lead_out_are_refused() {
    for (name, words) in [
        ("../evil", "`.` or `..`"),
        ("a/../../evil", "`.` or `..`"),
        ("/etc/passwd", "absolute"),
        ("//server/x", "absolute"),
        ("C:/evil", "drive"),
        ("a\\b", "backslash"),
        ("nul.txt", "reserved"),
        (".medsets/receipt.json", "ours"),
        ("a\nb", "control"),
    ] {
        check(good().file(name, b"x").end(), name.split('\n').next().unwrap(), words);
        check(good().pax(&[("path", name)]).file("x", b"x").end(), "", words);
        check(good().long(b'L', name).file("x", b"x").end(), "", words);
    }
    check(good().folder("../").end(), "../", "`.` or `..`");
    let mut header = Header::new("evil", b'0', 0);
    header.prefix = b"..".to_vec();
    check(good().entry(&header, b"").end(), "../evil", "`.` or `..`");
    check(good().file("", b"").end(), "", "empty");
}

#[test]
fn links_and_devices_are_refused() {
    check(good().link(b'2', "link", "/etc/passwd").end(), "link", "symbolic link");
    check(good().link(b'2', "link", "good.csv").end(), "link", "symbolic link");
    check(good().link(b'1', "hard", "good.csv").end(), "hard", "hard link");
    check(good().pax(&[("linkpath", "../../x")]).link(b'2', "link", "y").end(), "link", "symbolic link");
    for (kind, words) in [(b'3', "character device"), (b'4', "block device"), (b'6', "named pipe"), (b'Z', "type")] {
        check(good().link(kind, "odd", "").end(), "odd", words);
    }
}

#[test]
fn inner_links_are_made_where_allowed() {
    for strip in [Strip::None, Strip::Auto] {
        let rules = Rules { links: true, strip, ..Rules::default() };
        let run = |tar: Tar| unpack_file("d.tar", &tar.end().bytes(), &rules, None);
        let files = || Tar::default().file("d/x.csv", b"1").file("e/y", b"2");
        gives(
            &run(files().link(b'1', "e/hard", "d/x.csv").link(b'2', "e/soft", "../d/x.csv")),
            &[("d/x.csv", b"1"), ("e/hard", b"1"), ("e/soft", b"-> ../d/x.csv"), ("e/y", b"2")],
        );
        refused(&run(files().link(b'1', "e/hard", "../x")), "e/hard", "leads out");
        refused(&run(files().link(b'1', "e/hard", "e/hard")), "e/hard", "no file");
        refused(&run(files().link(b'1', "e/hard", "/etc/passwd")), "e/hard", "absolute");
        refused(&run(Tar::default().link(b'1', "hard", "later").file("later", b"1")), "hard", "no earlier file");
        refused(&run(files().link(b'2', "e/soft", "../../x")), "e/soft", "leads out");
        refused(&run(files().link(b'2', "s", "d").file("s/x", b"1")), "s/x", "file and a folder");
        refused(&run(files().link(b'2', "s", "d").link(b'2', "t", "s/x.csv")), "t", "no file");
        refused(&run(files().link(b'2', "s", "d").folder("s/")), "s", "file and a folder");
    }
}

#[test]
fn two_readings_are_refused() {
    check(good().pax(&[("size", "3")]).file("x", b"x").end(), "x", "different sizes");
    // TARmageddon: a header without bytes, an extension that gives it some.
    check(good().pax(&[("size", "512")]).file("x", b"").file("evil", b"").end(), "x", "different sizes");
    check(good().pax(&[("path", "a")]).long(b'L', "b").file("c", b"x").end(), "c", "PAX name and a GNU");
    check(good().long(b'L', "b").pax(&[("path", "a")]).file("c", b"x").end(), "c", "PAX name and a GNU");
    check(good().pax(&[("path", "a")]).pax(&[("mtime", "1")]).file("c", b"x").end(), "", "followed by another");
    check(good().long(b'L', "a").long(b'L', "b").file("c", b"x").end(), "", "followed by another");
    check(good().pax(&[("path", "a")]).global(&[("comment", "x")]).file("c", b"x").end(), "", "global header stands");
    check(good().pax(&[("path", "a"), ("path", "b")]).file("c", b"x").end(), "", "one thing twice");
    check(good().global(&[("path", "a")]).file("c", b"x").end(), "", "global header gives");
    check(good().pax(&[("path", "a")]).end(), "", "followed by no member");
    check(good().pax(&[("path", "a\0b")]).file("c", b"").end(), "", "NUL");
    let malformed = [record("mtime", "1"), b"99 path=evil\n".to_vec()].concat();
    let header = Header::new("x", b'x', malformed.len() as u64);
    check(good().entry(&header, &malformed).file("c", b"x").end(), "", "malformed");
    // Bytes behind a link or folder: some readers take them for headers.
    let smuggled = Tar::default().file("evil", b"x").bytes();
    for kind in [b'5', b'2', b'1', b'3'] {
        let header = Header::new("cover", kind, smuggled.len() as u64);
        refused(&plain(&good().entry(&header, &smuggled).end().bytes()), "cover", "");
    }
    check(good().pax(&[("size", "1024")]).folder("cover/").raw(&smuggled).end(), "cover", "different sizes");
    check(good().entry(&Header::new("cover/", b'0', 512), &[1; 512]).end(), "cover/", "bytes of its own");
    // Zero blocks.
    check(good().raw(&[0; 512]).file("x", b"x").end(), "", "other than zeros");
    check(good().end().file("x", b"x").end(), "", "other than zeros");
    check(good().end().raw(b"x"), "", "other than zeros");
    let second = [good().end().gz(), Tar::default().file("evil", b"x").end().gz()].concat();
    refused(&unpack_file("d.tar.gz", &second, &Rules::default(), None), "", "other than zeros");
}

#[test]
fn collisions_are_refused_and_equal_twins_pass() {
    check(good().file("x", b"1").file("x", b"2").end(), "x", "different bytes");
    check(good().file("x", b"1").file("./x", b"2").end(), "x", "different bytes");
    check(good().file("x", b"1").file("X", b"1").end(), "X", "case");
    check(good().file("\u{e9}", b"1").file("e\u{301}", b"1").end(), "e", "Unicode");
    check(good().file("x", b"1").file("x/y", b"1").end(), "x/y", "file and a folder");
    check(good().file("x", b"1").folder("x").end(), "x", "file and a folder");
    let twins = plain(&Tar::default().file("x", b"1").folder("d/").folder("d/").file("x", b"1").end().bytes());
    gives(&twins, &[("x", b"1")]);
    assert_eq!(twins.result.unwrap().warnings.len(), 1);
}

#[test]
fn sparse_and_split_tars_are_not_supported() {
    let sparse = Header::new("hole", b'S', 0);
    fails(&plain(&good().entry(&sparse, b"").end().bytes()), 55, "sparse");
    let pax = good().pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "hole")]);
    fails(&plain(&pax.file("GNUSparseFile.0/hole", b"map").end().bytes()), 55, "sparse");
    fails(&plain(&good().entry(&Header::new("part", b'M', 0), b"").end().bytes()), 55, "several volumes");
}

#[test]
fn headers_are_read_to_the_letter() {
    let mut wrong = Header::new("x", b'0', 0).block();
    wrong[3] ^= 1;
    fails(&plain(&good().raw(&wrong).end().bytes()), 40, "checksum");
    let mut negative = Header::new("x", b'0', 0).block();
    negative[124..136].fill(0xff);
    sign(&mut negative);
    fails(&plain(&good().raw(&negative).end().bytes()), 40, "not a number");
    let mut garbage = Header::new("x", b'0', 0).block();
    garbage[124..136].copy_from_slice(b"12monkeys99\0");
    sign(&mut garbage);
    fails(&plain(&good().raw(&garbage).end().bytes()), 40, "not a number");
    fails(&plain(&good().raw(&Header::new("x", b'0', 1 << 62).block()).end().bytes()), 54, "larger than");
    fails(&plain(&good().raw(&Header::new("x", b'0', 99_999).block()).end().bytes()), 41, "cut");
    let huge = Header::new("././@LongLink", b'L', 256 << 20);
    fails(&plain(&good().raw(&huge.block()).raw(&[b'a'; 4096]).bytes()), 54, "1 MiB");
    let huge = Header::new("x", b'x', 256 << 20);
    fails(&plain(&good().raw(&huge.block()).raw(&[b'a'; 4096]).bytes()), 54, "1 MiB");
}

#[test]
fn a_cut_tar_is_cut() {
    let whole = good().end().bytes();
    fails(&plain(&whole[..whole.len() - 1024]), 41, "end blocks");
    fails(&plain(&whole[..whole.len() - 1100]), 41, "cut");
    fails(&plain(&whole[..700]), 41, "cut");
    let packed = good().end().gz();
    for cut in [1, 4, 8, 20] {
        assert_eq!(exit(&plain(&packed[..packed.len() - cut])), 41, "{cut} bytes less");
    }
}

#[test]
fn every_checksum_is_read() {
    let tar = good().end();
    let mut crc = tar.gz();
    let place = crc.len() - 6;
    crc[place] ^= 1;
    assert_eq!(exit(&plain(&crc)), 40);
    for (name, packed) in
        [("gz", tar.gz()), ("bz2", bzip2(&tar.bytes())), ("xz", xz(&tar.bytes())), ("zst", zstd(&tar.bytes()))]
    {
        gives(&plain(&packed), &[("good.csv", b"1"), ("large.bin", &[9; 300_000])]);
        gives(&unpack_stream("x", &packed, &Rules::default()), &[("good.csv", b"1"), ("large.bin", &[9; 300_000])]);
        let trailing = [&packed[..], b"trailing"].concat();
        assert_ne!(exit(&plain(&trailing)), 0, "{name}");
        assert_eq!(exit(&plain(&packed[..packed.len() - 3])), 41, "{name}");
    }
}

#[test]
fn memory_is_not_given_by_claim() {
    // An xz stream whose dictionary is 1.5 GiB: the property byte in its block header.
    let mut options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    options.dict_size(1536 << 20).nice_len(32).match_finder(liblzma::stream::MatchFinder::HashChain3);
    let mut large = xz(&good().end().bytes());
    // Stream header 12, block header: size, flags, filter id 0x21, properties size 1, dictionary.
    assert_eq!(large[14..16], [0x21, 1]);
    large[16] = 37 + 1;
    let header_length = (usize::from(large[12]) + 1) * 4;
    let crc32 = crc32fast::hash(&large[12..12 + header_length - 4]);
    large[12 + header_length - 4..12 + header_length].copy_from_slice(&crc32.to_le_bytes());
    fails(&plain(&large), 54, "more memory");
    // A zstd frame with a window of 2 GiB.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x01, 0x00, 0x00];
    let rules = Rules { format: Some(Format::Tar(Packing::Zstd)), ..Rules::default() };
    fails(&unpack_file("x.tar.zst", &frame, &rules, None), 54, "more memory");
}

#[test]
fn the_wrapper_is_found_at_the_end() {
    let rules = Rules { strip: Strip::Auto, ..Rules::default() };
    let run = |tar: Tar, rules: &Rules| unpack_stream("d.tar.gz", &tar.end().gz(), rules);
    let wrapped = || Tar::default().folder("top/").file("top/a", b"1").file("./top/b/c", b"2");
    gives(&run(wrapped(), &rules), &[("a", b"1"), ("b/c", b"2")]);
    gives(&run(wrapped().file("other", b"3"), &rules), &[("other", b"3"), ("top/a", b"1"), ("top/b/c", b"2")]);
    gives(&run(Tar::default().file("a", b"1"), &rules), &[("a", b"1")]);
    gives(&run(Tar::default().file("top/top", b"1"), &rules), &[("top", b"1")]);
    let levels = |levels| Rules { strip: Strip::Levels(levels), ..Rules::default() };
    gives(&run(wrapped(), &levels(1)), &[("a", b"1"), ("b/c", b"2")]);
    refused(&run(wrapped(), &levels(2)), "top/a", "fewer than the 2 folders");
    // What is stripped must not uncover a name that is not safe.
    refused(&run(Tar::default().file("top/C:/x", b"1"), &levels(1)), "top/C:/x", "drive");
    refused(&run(Tar::default().file("top/.medsets/x", b"1"), &rules), "top/.medsets/x", "ours");
    let under = Rules {
        under: vec![Under { members: Globs::new(["**/c"]).unwrap(), folder: RelPath::parse("tables").unwrap() }],
        ..rules
    };
    gives(&run(wrapped(), &under), &[("a", b"1"), ("tables/b/c", b"2")]);
    let clash = wrapped().file("top/tables/b/c2", b"4").file("top/Tables", b"5");
    refused(&run(clash, &under), "", "");
}

#[test]
fn gzip_of_one_file_takes_the_archives_name() {
    let mut named = gzip(b"id,age\n");
    // The file name inside says something else.
    named[3] = 8;
    named.splice(10..10, *b"../../evil\0");
    let outcome = unpack_stream("tables/patients.csv.gz", &named, &Rules::default());
    gives(&outcome, &[("patients.csv", b"id,age\n")]);
    assert_eq!(outcome.result.unwrap().format, Format::Single(Packing::Gzip));
    let two = [gzip(b"one\n"), gzip(b"two\n")].concat();
    gives(&unpack_stream("x.gz", &two, &Rules::default()), &[("x", b"one\ntwo\n")]);
    let tar = Rules { format: Some(Format::Tar(Packing::Gzip)), ..Rules::default() };
    assert_ne!(exit(&unpack_stream("x.tar.gz", &two, &tar)), 0);
    let limits = Limits { bytes: crate::values::ByteSize(5), ..Limits::default() };
    let small = Rules { limits, ..Rules::default() };
    fails(&unpack_stream("x.gz", &two, &small), 54, "larger than");
}

#[test]
fn a_failing_stream_is_not_called_damage() {
    struct Cut<'a>(&'a [u8]);
    impl std::io::Read for Cut<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match std::io::Read::read(&mut self.0, buffer)? {
                0 => Err(std::io::Error::other("connection reset")),
                read => Ok(read),
            }
        }
    }
    let packed = good().end().gz();
    let folder = tempfile::tempdir().unwrap();
    let stream = Archive::Stream(Box::new(Cut(&packed[..packed.len() / 2])));
    let rules = Rules { format: Some(Format::Tar(Packing::Gzip)), ..Rules::default() };
    let outcome = unpack_from(stream, folder.path(), "x.tar.gz", &rules, None);
    fails(&outcome, 1, "connection reset");
}
