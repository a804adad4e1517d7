//! `fetch --members`: single members of a zip that stays at its host.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::support::archives::{encrypted_zip, gzip, tar_of};
use crate::support::home::{Home, Ran, tree};
use crate::support::server::{Answer, Length, Request, Server, Then};

/// Members of each archive below, and bytes of one.
const MEMBERS: usize = 20;
const SIZE: usize = 200_000;

/// A host with files of a dataset `made`, and a home that knows it.
struct Made {
    server: Server,
    home: Home,
    catalog: String,
}

/// What the host answers to a request for a file.
type Script = Box<dyn Fn(&Request, &Arc<Vec<u8>>) -> Answer + Send + Sync>;

impl Made {
    /// Files with their `unpack` tables; nothing more is known of them.
    fn new(files: &[(&str, Vec<u8>, &str)], script: Script) -> Self {
        Self::with(files, "", script)
    }

    fn with(files: &[(&str, Vec<u8>, &str)], more: &str, script: Script) -> Self {
        let mut entry = "id = \"made\"\ntitle = \"Made\"\nsummary = \"Made in a test.\"\n\
             maintainer = { name = \"test\" }\ntags = [\"made\"]\nmodality = [\"text\"]\nanatomy = [\"none\"]\n\
             task = [\"classification\"]\nformat = [\"text\"]\n\n\
             [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n\
             [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example.org/\"\n"
            .to_owned();
        let mut served = BTreeMap::new();
        for (name, bytes, unpack) in files {
            entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\n"));
            if !unpack.is_empty() {
                entry.push_str(&format!("unpack = {unpack}\n"));
            }
            served.insert(format!("/{name}"), Arc::new(bytes.clone()));
        }
        entry.push_str(more);
        let server = Server::start(move |request| match served.get(&request.path) {
            Some(bytes) => script(request, bytes),
            None => Answer::status(404),
        });
        let rewrite = format!("https://files.example.org/={}", server.url());
        let home = Home::new().with("MEDSETS_REWRITE", rewrite).with("MEDSETS_RETRIES", "2");
        let catalog = home.overlay("made.toml", &entry);
        Self { server, home, catalog }
    }

    /// One honest archive at an honest host.
    fn honest(bytes: Vec<u8>, unpack: &str) -> Self {
        Self::new(&[("a.zip", bytes, unpack)], good())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }

    fn dir(&self) -> PathBuf {
        self.home.data().join("made/1")
    }

    fn data(&self) -> BTreeMap<String, Vec<u8>> {
        tree(&self.dir().join("data"))
    }

    fn record(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir().join(".medsets").join(name)).unwrap()
    }

    fn receipt(&self) -> Value {
        serde_json::from_str(&self.record("receipt.json")).unwrap()
    }

    /// Bytes of bodies served by a run.
    fn served(&self, run: impl FnOnce(&Self)) -> u64 {
        let before = self.server.served();
        run(self);
        self.server.served() - before
    }
}

/// A host that gives ranges, and an entity tag.
fn good() -> Script {
    Box::new(|request, bytes| Answer::file(request, bytes, "\"v1\""))
}

/// Bytes that no packer makes smaller.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let word = move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..size.div_ceil(8)).flat_map(word).take(size).collect()
}

fn member(index: usize) -> (String, Vec<u8>) {
    (format!("set/m{index:02}.bin"), noise(index as u64 + 1, SIZE))
}

/// `set/m00.bin` and so on, between a table and a note.
fn archive() -> Vec<u8> {
    let mut members = vec![("set/table.csv".to_owned(), b"id,label\n1,0\n".to_vec())];
    members.extend((0..MEMBERS).map(member));
    members.push(("set/.DS_Store".to_owned(), b"junk".to_vec()));
    zip_with(&members)
}

fn zip_with(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const AUTO: &str = "{ format = \"zip\", strip = \"auto\", into = \"data/images\" }";

#[test]
fn one_member_costs_its_own_bytes() {
    let made = Made::honest(archive(), AUTO);
    let whole = archive().len() as u64;
    let served = made.served(|made| {
        let ran = made.run(&["fetch", "made", "--members", "m07.bin", "--members", "*.csv"]).expect(0);
        ran.says(&["2 members pinned on first use", "nothing published proves it"]);
    });
    assert!(served < SIZE as u64 + 300_000 && served < whole / 4, "{served} of {whole}");
    // Stripped and placed as the whole archive would be.
    let data = made.data();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["images/m07.bin", "images/table.csv"]);
    assert_eq!(data["images/m07.bin"], member(7).1);
    let receipt = made.receipt();
    let partial = &receipt["partial"][0];
    assert_eq!(receipt["listed"]["files"], 0);
    assert_eq!(
        (&partial["path"], &partial["files"], &partial["verified"]),
        (&"a.zip".into(), &2.into(), &"first-use".into())
    );
    assert_eq!(partial["size"], whole);
    assert_eq!(receipt["selection"]["members"][0]["globs"], serde_json::json!(["m07.bin", "*.csv"]));
    for line in made.record("files.jsonl").lines() {
        let origin = serde_json::from_str::<Value>(line).unwrap()["origin"].clone();
        assert_eq!((&origin["file"], &origin["verified"]), (&"a.zip".into(), &"first-use".into()));
        assert!(origin["member"].as_str().unwrap().starts_with("set/"));
    }
    made.run(&["verify", "made"]).expect(0);
    // The same again asks nothing.
    let asked = made.server.log().len();
    let again: Value =
        serde_json::from_str(&made.run(&["fetch", "made", "--members", "m07.bin", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(again["data"]["datasets"][0]["members_pinned_on_first_use"], 2);
    assert_eq!(made.server.log().len(), asked);
}

#[test]
fn a_plan_names_the_members_and_what_is_read_of_how_much() {
    let made = Made::honest(archive(), AUTO);
    let ran = made.run(&["fetch", "made", "--members", "set/m0[12].bin", "--dry-run"]).expect(0);
    assert!(ran.stdout.contains("read members") && ran.stdout.contains("set/m01.bin  195"), "{}", ran.stdout);
    assert!(ran.stdout.contains("2 members") && ran.stdout.contains(" of 3.8 MiB"), "{}", ran.stdout);
    assert!(!made.home.data().exists(), "a plan writes nothing");
    let plan: Value = serde_json::from_str(
        &made.run(&["fetch", "made", "--members", "**/m01.bin", "--dry-run", "--json"]).expect(0).stdout,
    )
    .unwrap();
    let step = &plan["data"]["datasets"][0]["plan"]["steps"][0];
    assert_eq!((&step["action"], &step["members"][0]["size"]), (&"read-members".into(), &SIZE.into()));
    assert!(step["size"].as_u64().unwrap() < SIZE as u64 + 1000 && step["archive_size"] == archive().len());
}

#[test]
fn more_members_come_beside_and_then_all_of_them() {
    let made = Made::honest(archive(), AUTO);
    made.run(&["fetch", "made", "--members", "m0?.bin"]).expect(0);
    let served = made.served(|made| {
        made.run(&["fetch", "made", "--members", "m1[01].bin"]).expect(0);
    });
    assert!(served < 2 * SIZE as u64 + 300_000, "what is here is not read again: {served}");
    assert_eq!(made.data().len(), 12);
    assert_eq!(made.receipt()["partial"][0]["files"], 12);
    made.run(&["verify", "made"]).expect(0);
    // What was read before is known to be here.
    let asked = made.server.log().len();
    made.run(&["fetch", "made", "--members", "m0?.bin"]).expect(0);
    assert_eq!(made.server.log().len(), asked);
    made.run(&["fetch", "made"]).expect(0);
    assert_eq!(made.data().len(), MEMBERS + 1);
    let receipt = made.receipt();
    assert_eq!((&receipt["selection"]["whole"], receipt.get("partial")), (&true.into(), None));
    assert!(!made.record("files.jsonl").contains("first-use"));
    made.run(&["verify", "made"]).expect(0);
    // All of it holds each of them.
    let asked = made.server.log().len();
    made.run(&["fetch", "made", "--members", "m03.bin"]).expect(0);
    assert_eq!(made.server.log().len(), asked);
}

#[test]
fn a_damaged_member_is_had_again_alone() {
    let made = Made::honest(archive(), AUTO);
    made.run(&["fetch", "made", "--members", "m0?.bin"]).expect(0);
    std::fs::remove_file(made.dir().join("data/images/m04.bin")).unwrap();
    made.run(&["verify", "made"]).expect(62);
    let served = made.served(|made| {
        made.run(&["verify", "made", "--repair"]).expect(0);
    });
    assert!(served < SIZE as u64 + 300_000, "{served}");
    assert_eq!(made.data().len(), 10);
    assert_eq!(made.receipt()["partial"][0]["files"], 10);
}

#[test]
fn a_replaced_archive_replaces_the_members_that_differ() {
    let mut changed: Vec<_> = (0..MEMBERS).map(member).collect();
    changed[3].1 = noise(99, SIZE);
    changed.remove(5);
    let (old, new) = (archive(), Arc::new(zip_with(&changed)));
    let is_new = Arc::new(AtomicBool::new(false));
    let seen = is_new.clone();
    let made = Made::new(
        &[("a.zip", old, AUTO)],
        Box::new(move |request, bytes| match seen.load(Ordering::SeqCst) {
            false => Answer::file(request, bytes, "\"v1\""),
            true => Answer::file(request, &new, "\"v2\""),
        }),
    );
    made.run(&["fetch", "made", "--members", "m0?.bin"]).expect(0);
    is_new.store(true, Ordering::SeqCst);
    let served = made.served(|made| {
        made.run(&["fetch", "made", "--members", "m11.bin"]).expect(0);
    });
    assert!(served < 2 * SIZE as u64 + 600_000, "the same bytes are not read again: {served}");
    let data = made.data();
    assert_eq!(data["images/m03.bin"], changed[3].1);
    assert!(!data.contains_key("images/m05.bin"), "the publisher took it out");
    assert_eq!(data.len(), 10);
    made.run(&["verify", "made"]).expect(0);
}

#[test]
fn globs_name_the_archives_and_subsets_may_bring_members() {
    let files = [
        ("a.zip", archive(), AUTO),
        ("b.zip", zip_with(&[("notes/b.txt".to_owned(), b"b".to_vec())]), "{ format = \"zip\" }"),
        ("labels.csv", b"id\n".to_vec(), ""),
    ];
    let subset =
        "\n[[release.subset]]\nname = \"small\"\ninclude = [\"a.zip\", \"labels.csv\"]\nmembers = [\"*.csv\"]\n";
    let made = Made::with(&files, subset, good());
    made.run(&["fetch", "made", "--include", "b.zip", "--members", "**"]).expect(0);
    assert_eq!(made.data().keys().collect::<Vec<_>>(), ["notes/b.txt"]);
    assert!(made.server.log().iter().all(|asked| asked.path == "/b.zip"));
    made.run(&["fetch", "made", "--subset", "small"]).expect(0);
    assert_eq!(made.data().keys().collect::<Vec<_>>(), ["images/table.csv", "labels.csv", "notes/b.txt"]);
    made.run(&["verify", "made"]).expect(0);
    // Without other globs every archive is looked at, and no other file is taken.
    let all = Made::with(&files, subset, good());
    all.run(&["fetch", "made", "--members", "**/*.txt", "--members", "**/m00.bin"]).expect(0);
    assert_eq!(all.data().keys().collect::<Vec<_>>(), ["images/m00.bin", "notes/b.txt"]);
}

#[test]
fn what_matches_no_member_is_told_and_nothing_is_kept() {
    let made = Made::honest(archive(), AUTO);
    let ran = made.run(&["fetch", "made", "--members", "m00.bin", "--members", "*.dcm"]).expect(2);
    ran.says(&["`*.dcm` matches no member of `a.zip`", "--dry-run"]);
    made.run(&["fetch", "made", "--members", ".DS_Store"]).expect(2); // junk is no member
    made.run(&["fetch", "made", "--members", "a["]).expect(2).says(&["is no glob"]);
    made.run(&["fetch", "made", "--include", "b.zip", "--members", "*"]).expect(2).says(&["`b.zip` matches no file"]);
    made.run(&["fetch", "made", "--members", "*", "--no-unpack"]).expect(2);
    assert!(!made.dir().exists());
    assert_eq!(
        std::fs::read_dir(made.home.data().join(".medsets-store/parts")).unwrap().count(),
        0,
        "no wreck is left"
    );
}

#[test]
fn what_must_be_read_from_its_start_is_refused() {
    let tar = gzip(&tar_of(&[("a.txt", tar::EntryType::Regular, "", b"a")]));
    let made = Made::new(&[("a.tar.gz", tar, "{ format = \"tar.gz\" }")], good());
    made.run(&["fetch", "made", "--members", "*"]).expect(55).says(&["a.tar.gz", "read from its start"]);
    assert_eq!(made.server.log().len(), 0);
    let parts = "{ format = \"zip\", parts = [\"a.z01\"] }";
    let split = Made::honest(archive(), parts);
    split.run(&["fetch", "made", "--members", "*"]).expect(55).says(&["split into parts"]);
}

#[test]
fn a_host_without_ranges_is_told_with_the_size_of_the_whole() {
    let made = Made::new(&[("a.zip", archive(), AUTO)], Box::new(|_, bytes| Answer::whole(bytes)));
    let ran = made.run(&["fetch", "made", "--members", "m00.bin"]).expect(55);
    ran.says(&["only as a whole (3.8 MiB)", "without `--members`"]);
    assert!(made.server.served() < 1_500_000, "the whole is not downloaded for nothing");
    assert!(!made.dir().exists());
    let page = Made::new(&[("a.zip", archive(), AUTO)], Box::new(|_, _| Answer::text("<html><title>Sign in</title>")));
    page.run(&["fetch", "made", "--members", "m00.bin"]).expect(42).says(&["Sign in"]);
}

#[test]
fn bytes_of_two_versions_never_meet() {
    // The archive is replaced after its directory was read.
    let other: Vec<_> = (0..MEMBERS).map(|index| (member(index).0, noise(index as u64 + 500, SIZE))).collect();
    let new = Arc::new(zip_with(&other));
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(move |request, bytes| match request.nth {
            0 | 1 => Answer::file(request, bytes, "\"v1\""),
            _ => Answer::file(request, &new, "\"v2\""),
        }),
    );
    made.run(&["fetch", "made", "--members", "m0[123].bin"]).expect(0);
    assert_eq!(made.data()["images/m02.bin"], other[2].1);
    // A host that ignores `If-Range` shows the other version all the same.
    let new = Arc::new(zip_with(&other));
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(move |request, bytes| match request.nth {
            0 | 1 => Answer::ranged(request, bytes).with("etag", "\"v1\""),
            _ => Answer::ranged(request, &new).with("etag", "\"v2\""),
        }),
    );
    made.run(&["fetch", "made", "--members", "m0[123].bin"]).expect(0);
    assert_eq!(made.data()["images/m02.bin"], other[2].1);
    // One that has another version each time is given up.
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(|request, bytes| Answer::file(request, bytes, &format!("\"v{}\"", request.nth))),
    );
    made.run(&["fetch", "made", "--members", "m01.bin"]).expect(40).says(&["replaced it while it was read"]);
    assert!(!made.dir().exists());
}

#[test]
fn without_a_version_the_checksums_tell() {
    let other: Vec<_> = (0..MEMBERS).map(|index| (member(index).0, noise(index as u64 + 500, SIZE))).collect();
    let mut same_size = vec![("set/table.csv".to_owned(), b"id,label\n1,0\n".to_vec())];
    same_size.extend(other);
    same_size.push(("set/.DS_Store".to_owned(), b"junk".to_vec()));
    let new = Arc::new(zip_with(&same_size));
    assert_eq!(new.len(), archive().len());
    let expected = same_size[3].1.clone();
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(move |request, bytes| match request.nth {
            0 | 1 => Answer::ranged(request, bytes),
            _ => Answer::ranged(request, &new),
        }),
    );
    made.run(&["fetch", "made", "--members", "m02.bin"]).expect(0);
    assert_eq!(made.data()["images/m02.bin"], expected, "it was looked at anew");
}

#[test]
fn a_wrong_range_is_not_believed() {
    #[track_caller]
    fn check(script: Script) {
        let made = Made::new(&[("a.zip", archive(), AUTO)], script);
        let ran = made.run(&["fetch", "made", "--members", "m01.bin"]);
        assert!(!matches!(ran.code, None | Some(0 | 70 | 101)), "{ran:?}");
        assert!(!made.dir().exists());
    }
    let shifted = |request: &Request, bytes: &Arc<Vec<u8>>| {
        let answer = Answer::file(request, bytes, "\"v1\"");
        match request.range(bytes.len()) {
            Some((first, last)) if first > 0 => {
                answer.with("content-range", format!("bytes {}-{}/{}", first - 1, last - 1, bytes.len()))
            }
            _ => answer,
        }
    };
    check(Box::new(shifted));
    check(Box::new(|request, bytes| Answer::file(request, bytes, "\"v1\"").with("content-range", "bytes */10")));
    check(Box::new(|request, bytes| Answer::file(request, bytes, "\"v1\"").with("content-range", "bytes 0-0/*")));
    check(Box::new(|request, bytes| Answer::file(request, bytes, "\"v1\"").with("content-encoding", "gzip")));
    let endless = |request: &Request, bytes: &Arc<Vec<u8>>| {
        let answer = Answer::file(request, bytes, "\"v1\"");
        if request.header("range") == Some("bytes=0-0") {
            answer.with("content-range", format!("bytes 0-0/{}", u64::MAX))
        } else {
            answer
        }
    };
    check(Box::new(endless));
    // Ranges at first, and then no more.
    check(Box::new(|request, bytes| {
        if request.nth < 2 {
            Answer::file(request, bytes, "\"v1\"")
        } else {
            Answer::whole(bytes).with("etag", "\"v1\"")
        }
    }));
}

#[test]
fn a_host_that_refuses_ranges_is_told_as_one_that_sends_the_whole_alone() {
    for from in [0, 2] {
        let refuses = move |request: &Request, bytes: &Arc<Vec<u8>>| match request.nth >= from {
            true => Answer::status(416),
            false => Answer::file(request, bytes, "\"v1\""),
        };
        let made = Made::new(&[("a.zip", archive(), AUTO)], Box::new(refuses));
        let ran = made.run(&["fetch", "made", "--members", "m01.bin"]).expect(55);
        ran.says(&["a.zip", "only as a whole", "without `--members`"]);
        assert!(!made.dir().exists());
    }
    // Whatever the refusal, and whatever it names: the whole is there.
    for refusal in [400, 403, 405, 416, 501] {
        for first in [false, true] {
            let refuses = move |request: &Request, bytes: &Arc<Vec<u8>>| match request.header("range") {
                Some(range) if !(first && range == "bytes=0-0") => Answer::status(refusal),
                _ => Answer::file(request, bytes, "\"v1\""),
            };
            let made = Made::new(&[("a.zip", archive(), AUTO)], Box::new(refuses));
            let ran = made.run(&["fetch", "made", "--members", "m01.bin"]).expect(55);
            ran.says(&["a.zip", "only as a whole", "without `--members`"]);
            assert!(!made.dir().exists());
        }
    }
    // One that refuses the whole too says why.
    let made = Made::new(&[("a.zip", archive(), AUTO)], Box::new(|_, _| Answer::status(403)));
    made.run(&["fetch", "made", "--members", "m01.bin"]).expect(22);
}

/// Nor does a body count that is longer than its part, whether it says so or not.
#[test]
fn a_part_that_is_refused_once_is_asked_for_again() {
    let longer = |request: &Request, bytes: &Arc<Vec<u8>>, length| {
        let (first, last) = request.range(bytes.len()).unwrap();
        let range = format!("bytes {first}-{last}/{}", bytes.len());
        Answer::whole(bytes).with_status(206).with("content-range", range).with("etag", "\"v1\"").length(length)
    };
    for refused in 1..3 {
        let scripts: [Script; 2] = [
            Box::new(move |request, bytes| match request.nth == refused {
                true => Answer::status(416),
                false => Answer::file(request, bytes, "\"v1\""),
            }),
            Box::new(move |request, bytes| match request.nth == refused {
                true => longer(request, bytes, Length::Chunked),
                false => Answer::file(request, bytes, "\"v1\""),
            }),
        ];
        for script in scripts {
            let made = Made::new(&[("a.zip", archive(), AUTO)], script);
            let ran = made.run(&["fetch", "made", "--members", "m01.bin"]);
            if ran.code == Some(34) {
                // It is given up for now, and nothing of the long body is kept.
                made.run(&["fetch", "made", "--members", "m01.bin"]).expect(0);
            }
            assert!(matches!(ran.code, Some(0 | 34)), "{ran:?}");
            assert!(made.server.log().len() > refused);
        }
    }
}

#[test]
fn a_broken_connection_is_continued_where_it_broke() {
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(|request, bytes| {
            let answer = Answer::file(request, bytes, "\"v1\"");
            if request.nth % 2 == 0 { answer.cut(900_000, Then::Close) } else { answer }
        }),
    );
    let served = made.served(|made| {
        made.run(&["fetch", "made", "--members", "**/*.bin"]).expect(0);
    });
    assert_eq!(made.data().len(), MEMBERS);
    assert!(served < archive().len() as u64 + 1_300_000, "{served}");
    made.run(&["verify", "made"]).expect(0);
}

#[test]
fn what_came_before_a_kill_is_not_read_again() {
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(|request, bytes| Answer::file(request, bytes, "\"v1\"").paced(100_000, Duration::from_millis(100))),
    );
    let arguments = ["--catalog", made.catalog.as_str(), "fetch", "made", "--members", "**"];
    let mut run = made.home.command(&arguments).spawn().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while made.server.served() < 2_400_000 {
        assert!(std::time::Instant::now() < deadline, "the run reads what it is asked for");
        std::thread::sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(!made.dir().exists(), "nothing is seen before it is whole");
    let served = made.served(|made| {
        made.run(&["fetch", "made", "--members", "**"]).expect(0);
    });
    assert!(served < archive().len() as u64 - 1_000_000, "{served}");
    assert_eq!(made.data().len(), MEMBERS + 1);
    made.run(&["verify", "made"]).expect(0);
    assert_eq!(std::fs::read_dir(made.home.data().join(".medsets-store/parts")).unwrap().count(), 0);
}

#[test]
fn a_link_that_expires_is_asked_for_again() {
    let made = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(|request, bytes| match request.nth {
            2 | 4 => Answer::status(403),
            _ => Answer::file(request, bytes, "\"v1\""),
        }),
    );
    made.run(&["fetch", "made", "--members", "m01.bin", "--members", "m19.bin"]).expect(0);
    assert_eq!(made.data().len(), 2);
    let gone = Made::new(
        &[("a.zip", archive(), AUTO)],
        Box::new(|request, bytes| match request.nth {
            0..=2 => Answer::file(request, bytes, "\"v1\""),
            _ => Answer::status(403),
        }),
    );
    gone.run(&["fetch", "made", "--members", "m01.bin", "--members", "m19.bin"]).expect(36);
}

/// The places of a member's directory record and local header, by its name.
fn places(zip: &[u8], name: &str) -> (usize, usize) {
    let finds: Vec<usize> =
        zip.windows(name.len()).enumerate().filter(|(_, w)| *w == name.as_bytes()).map(|(at, _)| at).collect();
    (finds[finds.len() - 1] - 46, finds[0] - 30)
}

fn put(zip: &mut [u8], at: usize, bytes: &[u8]) {
    zip[at..at + bytes.len()].copy_from_slice(bytes);
}

#[test]
fn a_lying_archive_is_refused_and_leaves_nothing() {
    #[track_caller]
    fn check(code: i32, says: &str, lie: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = archive();
        lie(&mut bytes);
        let made = Made::honest(bytes, AUTO);
        made.run(&["fetch", "made", "--members", "m01.bin"]).expect(code).says(&[says]);
        assert!(!made.dir().exists());
        let wreck = tree(&made.home.data().join(".medsets-store"));
        assert!(!wreck.keys().any(|name| name.contains("stage/")), "{:?}", wreck.keys());
    }
    let record = |zip: &[u8]| places(zip, "set/m01.bin").0;
    let local = |zip: &[u8]| places(zip, "set/m01.bin").1;
    // The directory and the header agree, and the bytes are others.
    check(40, "CRC", |zip| {
        let (record, local) = (record(zip), local(zip));
        put(zip, record + 16, &[1, 2, 3, 4]);
        put(zip, local + 14, &[1, 2, 3, 4]);
    });
    check(54, "other sizes or another CRC", |zip| {
        let record = record(zip);
        put(zip, record + 16, &[1, 2, 3, 4]);
    });
    check(40, "before its declared size", |zip| {
        let (record, local) = (record(zip), local(zip));
        put(zip, record + 24, &(SIZE as u32 + 10).to_le_bytes());
        put(zip, local + 22, &(SIZE as u32 + 10).to_le_bytes());
    });
    check(54, "more bytes than it declares", |zip| {
        let (record, local) = (record(zip), local(zip));
        put(zip, record + 24, &(SIZE as u32 - 10).to_le_bytes());
        put(zip, local + 22, &(SIZE as u32 - 10).to_le_bytes());
    });
    check(54, "overlaps", |zip| {
        let record = record(zip);
        put(zip, record + 42, &0xf000_0000_u32.to_le_bytes());
    });
    check(54, "overlaps", |zip| {
        let (one, other) = (record(zip), places(zip, "set/m02.bin").1 as u32);
        put(zip, one + 42, &other.to_le_bytes());
    });
    check(54, "overlaps", |zip| {
        let record = record(zip);
        put(zip, record + 20, &0x7fff_ffff_u32.to_le_bytes());
    });
    // A bomb among honest members: 200 kB would become more than 256 MiB.
    check(54, "times as much", |zip| {
        let record = record(zip);
        put(zip, record + 24, &0x7000_0000_u32.to_le_bytes());
    });
    check(54, "another name", |zip| {
        let local = local(zip);
        put(zip, local + 30, b"set/mXX.bin");
    });
    check(54, "", |zip| {
        let record = record(zip);
        put(zip, record + 46, b"../../m.bin");
    });
    check(54, "more than once", |zip| {
        let (one, other) = (places(zip, "set/m02.bin"), b"set/m01.bin");
        put(zip, one.0 + 46, other);
        put(zip, one.1 + 30, other);
    });
    check(54, "no local header", |zip| {
        let local = local(zip);
        put(zip, local, b"PKPK");
    });
    check(41, "cut", |zip| {
        zip.pop();
    });
    check(41, "missing", |zip| zip.truncate(2_000_000));
    check(54, "follow its end", |zip| zip.extend([0; 100]));
    check(54, "two places could be its directory", |zip| {
        // Prepended bytes with a directory where the figures lead.
        let end = zip.len() - 22;
        let offset = u32::from_le_bytes(zip[end + 16..end + 20].try_into().unwrap()) as usize;
        let mut front = vec![0; 100];
        front.extend_from_slice(&zip[..]);
        put(&mut front, offset, b"PK\x01\x02");
        *zip = front;
    });
    check(54, "reach past its own end record", |zip| {
        // A zip64 record that speaks of a directory of 2 GiB in a file of 4 MiB.
        let end = zip.len() - 22;
        put(zip, end + 12, &0xffff_ffff_u32.to_le_bytes());
        let at = end as u64;
        let mut long = b"PK\x06\x06".to_vec();
        long.extend(44_u64.to_le_bytes());
        long.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [22_u64, 22, 1 << 31, u64::from(u32::from_le_bytes(zip[end + 16..end + 20].try_into().unwrap()))]
        {
            long.extend(number.to_le_bytes());
        }
        long.extend(b"PK\x06\x07");
        long.extend([0; 4]);
        long.extend(at.to_le_bytes());
        long.extend([1, 0, 0, 0]);
        zip.splice(end..end, long);
    });
}

#[test]
fn bytes_in_front_a_comment_and_long_figures_are_read() {
    let mut front = b"#!/bin/sh\nexit 0\n".to_vec();
    front.extend(archive());
    let end = front.len() - 2;
    put(&mut front, end, &7_u16.to_le_bytes());
    front.extend(b"comment");
    let made = Made::honest(front, AUTO);
    made.run(&["fetch", "made", "--members", "m01.bin"]).expect(0);
    assert_eq!(made.data()["images/m01.bin"], member(1).1);
    // Every number of a member in its zip64 field.
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..3 {
        zip.start_file(member(index).0, SimpleFileOptions::default().large_file(true)).unwrap();
        zip.write_all(&member(index).1).unwrap();
    }
    let made = Made::honest(zip.finish().unwrap().into_inner(), AUTO);
    made.run(&["fetch", "made", "--members", "m02.bin"]).expect(0);
    assert_eq!(made.data()["images/m02.bin"], member(2).1);
}

#[test]
fn encrypted_members_want_their_password() {
    let bytes = encrypted_zip(&[("a.txt", b"secret words"), ("b.txt", b"others")], "open sesame");
    let unpack = "{ format = \"zip\", password = \"from-user\" }";
    let made = Made::honest(bytes.clone(), unpack);
    made.run(&["fetch", "made", "--members", "a.txt"]).expect(20).says(&["MEDSETS_TOKEN_MADE"]);
    let mut made = Made::honest(bytes, unpack);
    made.home = made.home.with("MEDSETS_TOKEN_MADE", "open sesame").with("MEDSETS_KEYRING", "none");
    made.run(&["fetch", "made", "--members", "a.txt"]).expect(0);
    assert_eq!(made.data()["a.txt"], b"secret words");
    assert_eq!(made.data().len(), 1);
}

#[test]
fn the_known_size_of_an_archive_is_compared() {
    let more = "\n[[release.file]]\npath = \"b.zip\"\nsize = 17\nunpack = { format = \"zip\" }\n";
    let made = Made::with(&[("a.zip", archive(), AUTO)], more, good());
    let other = Made::with(&[("b.zip", archive(), "")], "", good());
    let rewrite = format!("https://files.example.org/={}", other.server.url());
    let ran = made
        .home
        .command(&["--catalog", &made.catalog, "fetch", "made", "--include", "b.zip", "--members", "**"])
        .env("MEDSETS_REWRITE", rewrite)
        .output()
        .unwrap();
    let ran = Ran::from(ran).expect(40);
    ran.says(&["it should have 17", "--accept-changed"]);
}
