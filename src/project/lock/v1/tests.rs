use std::sync::Arc;

use super::*;
use crate::catalog::Locator;
use crate::project::lock::compare::{Change, differences};
use crate::project::lock::{
    Lock, Locked, LockedFile, LockedFiles, LockedPart, LockedText, MOST_WITHIN, PinnedBy, listing,
};
use crate::values::{Algorithm, ByteSize, Choice, Digest, RelPath, SafeUrl, WrittenChoice};

fn file(path: &str, content: &[u8], from: PinnedBy) -> LockedFile {
    let digests = match from {
        PinnedBy::Unpinned => vec![Digest::from_hex(Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72").unwrap()],
        _ => vec![Digest::sha256(content)],
    };
    LockedFile {
        path: RelPath::parse(path).unwrap(),
        size: Some(ByteSize(content.len() as u64)),
        digests,
        from,
        at: None,
        license: None,
        notice: None,
        members: None,
        part: None,
    }
}

fn locked(id: &str, mut files: Vec<LockedFile>) -> Locked {
    let mut locked = Locked {
        id: id.parse().unwrap(),
        version: "1.0".into(),
        variant: None,
        reference: None,
        channel: "site".into(),
        input: Digest::sha256(id.as_bytes()),
        choice: Choice { include: vec!["labels/**".into()], ..Choice::default() },
        entry: Digest::sha256(b"entry"),
        license: "CC-BY-4.0".into(),
        texts: vec![LockedText { license: "LicenseRef-x".into(), sha256: Digest::sha256(b"text") }],
        accepted: Vec::new(),
        tree: Some(Digest::sha256(b"tree")),
        bytes: ByteSize(0),
        is_located: true,
        files: LockedFiles::Within(Vec::new()),
    };
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(locked.set_files(&files).is_none());
    locked
}

fn sample() -> Lock {
    let mut placed = file("b \"odd\" name.csv", b"b", PinnedBy::Host);
    placed.at = Some(Arc::new(Locator {
        url: Some(SafeUrl::parse("https://host.example/b").unwrap()),
        file_id: Some("17".into()),
        ..Locator::default()
    }));
    placed.license = Some("CC0-1.0".into());
    placed.notice = Some("a \\ in\ntwo lines\u{7}".into());
    Lock::of(vec![
        locked("zeta", vec![file("z.zip", b"z", PinnedBy::Catalog)]),
        locked("alpha", vec![placed, file("a.zip", b"abc", PinnedBy::Unpinned)]),
    ])
}

#[test]
fn a_lock_is_read_as_it_was_written_and_written_the_same() {
    let lock = sample();
    let text = write(&lock);
    let again = read("medsets.lock", &text).unwrap();
    assert_eq!(again, lock);
    assert_eq!(write(&again), text);
    assert_eq!(lock.datasets[0].id.as_str(), "alpha", "datasets are in order");
    assert!(text.contains("    { path = \"a.zip\", size = 3, md5 = \"9001"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("    { path = \"z.zip\"") && line.ends_with("\"catalog\" },")));
}

#[test]
fn a_choice_stands_in_the_lock_by_the_keys_of_the_project_file() {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let mut archive = file("a.zip", b"abc", PinnedBy::Catalog);
    archive.part = Some(Box::new(LockedPart { globs: words(&["*.csv"]), directory: None }));
    let mut one = locked("alpha", vec![archive.clone()]);
    assert_eq!(one.unpinned(), 1, "the SHA-256 of all of it says nothing of its members");
    archive.part =
        Some(Box::new(LockedPart { globs: words(&["*.csv"]), directory: Some(Digest::sha256(b"directory")) }));
    one.set_files(&[archive]);
    assert_eq!(one.unpinned(), 0);
    let written = WrittenChoice {
        subset: words(&["labels"]),
        include: words(&["a.zip"]),
        members: words(&["*.csv"]),
        license: words(&["cc0-1.0", "mit"]),
        ..WrittenChoice::default()
    };
    one.choice = written.into();
    let lock = Lock::of(vec![one]);
    let text = write(&lock);
    assert!(
        text.contains(
            "\nsubset = [\"labels\"]\ninclude = [\"a.zip\"]\nmembers = [\"*.csv\"]\nonly-license = [\"cc0-1.0\", \"mit\"]\n"
        ),
        "{text}"
    );
    assert!(text.contains(", only = [\"*.csv\"], directory = \""), "{text}");
    assert_eq!(read("medsets.lock", &text).unwrap(), lock);
    assert_eq!(write(&read("medsets.lock", &text).unwrap()), text);
}

/// The order in which tables stand in the project file changes nothing.
#[test]
fn the_same_input_gives_the_same_bytes() {
    let lock = sample();
    let mut turned = lock.datasets.clone();
    turned.reverse();
    assert_eq!(write(&Lock::of(turned)), write(&lock));
}

#[test]
fn what_was_edited_by_hand_is_shown_with_its_line() {
    let text = write(&sample());
    #[track_caller]
    fn check(text: &str, from: &str, to: &str, message: &str) {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "`{from}` is not in it");
        let broken = read("medsets.lock", &edited).unwrap_err();
        assert!(broken.to_string().contains(message), "{broken}");
        let line = edited.lines().nth(broken.first.line - 1).unwrap();
        assert!(line.contains(to.lines().next().unwrap()) || to.is_empty(), "line {}: {line}", broken.first.line);
    }
    let sha = Digest::sha256(b"z").hex();
    check(&text, &sha, &sha[..20], "64 lower-case hexadecimal digits");
    check(&text, "bytes = ", "bites = ", "unknown field `bites`");
    check(&text, "\"z.zip\"", "\"../z.zip\"", "..");
    check(&text, "id = \"zeta\"", "id = \"alpha\"", "named twice or out of order");
    check(&text, "from = \"catalog\"", "from = \"unpinned\"", "`unpinned` where it has no `sha256`");
    check(&text, "https://host.example/b\"", "https://host.example/b?sig=x\"", "no query");
    let (input, other) = (sample().input.to_string(), Digest::sha256(b"other").to_string());
    check(&text, &input, &other, "not the digest");
}

/// A parsed text takes forty times its room, and a lock may come from anybody.
#[test]
fn a_million_bad_lines_are_not_parsed() {
    let text = write(&sample());
    let row = text.lines().find(|line| line.contains("z.zip")).unwrap();
    let bad = row.replace("from = \"catalog\"", "from = \"nobody\"") + "\n";
    let begun = std::time::Instant::now();
    for many in [
        text.replacen(&format!("{row}\n"), &bad.repeat(300_000), 1),
        text.replacen(&format!("{row}\n"), &bad.replace("path =", "path").repeat(300_000), 1),
        text.replacen("bytes = ", &format!("{}bytes = ", "x y z\n".repeat(1_000_000)), 1),
        "x y z\n".repeat(1_000_000),
    ] {
        let broken = read("medsets.lock", &many).unwrap_err();
        assert!(broken.rest.len() <= 21 && broken.shown.len() < 50_000, "{broken}");
    }
    // In many datasets at once: as many findings as a person reads, each with its own line.
    let table = text.split("[[dataset]]").nth(2).unwrap().replace("from = \"catalog\"", "from = \"nobody\"");
    let many = format!("{text}\n{}", format!("[[dataset]]{table}\n").repeat(2_000));
    let broken = read("medsets.lock", &many).unwrap_err();
    assert_eq!(broken.rest.len(), 20, "{broken}");
    for finding in broken.rest.iter().take(19).chain([&*broken.first]) {
        let line = many.lines().nth(finding.line - 1).unwrap();
        let is_told = ["nobody", "id = ", "checked = "].iter().any(|part| line.contains(part));
        assert!(is_told, "line {}: {line}", finding.line);
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_long_list_lies_beside_and_is_named_by_its_digest() {
    let files: Vec<LockedFile> =
        (0..=MOST_WITHIN).map(|number| file(&format!("{number:05}"), b"x", PinnedBy::Host)).collect();
    let mut long = locked("long", Vec::new());
    let bytes = long.set_files(&files).unwrap();
    let lock = Lock::of(vec![long]);
    let again = read("medsets.lock", &write(&lock)).unwrap();
    assert_eq!(again, lock);
    let LockedFiles::Beside(pin) = again.datasets[0].files else { panic!("it is long") };
    assert_eq!((pin.sha256, pin.files, pin.unpinned), (Digest::sha256(&bytes), 1001, 0));
    let listed: Result<Vec<LockedFile>, _> = listing::lines(bytes.as_slice()).collect();
    assert_eq!(listed.unwrap(), files);
}

#[test]
fn differences_are_told_in_words_files_and_bytes() {
    let was = locked("alpha", vec![file("a", b"a", PinnedBy::Catalog), file("b", b"b", PinnedBy::Unpinned)]);
    let mut now = locked("alpha", vec![file("b", b"b", PinnedBy::FirstUse), file("c", b"cc", PinnedBy::Catalog)]);
    now.license = "CC0-1.0".into();
    now.texts.clear();
    let within = |locked: &Locked| match &locked.files {
        LockedFiles::Within(files) => files.clone(),
        LockedFiles::Beside(_) => Vec::new(),
    };
    let (before, after) = (within(&was), within(&now));
    let found = differences(&[(&was, before.as_slice())], &[(&now, after.as_slice())]);
    let words: Vec<String> = found[0]
        .changes
        .iter()
        .map(|change| serde_json::to_value(change).unwrap()["what"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words, ["license", "text", "files-removed", "files-added", "pinned"]);
    assert!(matches!(&found[0].changes[3], Change::FilesAdded(files) if files.bytes == ByteSize(2)));
    assert!(differences(&[(&was, before.as_slice())], &[(&was, before.as_slice())]).is_empty());
    let gone = differences(&[(&was, before.as_slice())], &[]);
    assert!(matches!(gone[0].changes[..], [Change::Removed { files: 2, .. }]));
}
