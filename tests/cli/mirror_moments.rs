//! What somebody who takes from a mirror finds while somebody else mends it, and mirrors of an
//! earlier medsets.

use medsets::values::Digest;

use crate::bucket::Bucket;
use crate::lock::{Machine, Publisher};
use crate::support::archives::{Served, serve_with};
use crate::support::mirrors::{Share, files, state};

/// The records of another copy of the same tree, and a push that ends before its mark: the earlier
/// mark still speaks of what is there.
#[test]
fn every_moment_of_a_push_that_mends_shows_one_whole_state() {
    let bucket = Bucket::start();
    let home = || bucket.home().with("MEDSETS_RETRIES", "0");
    let push = ["mirror", "push", "made", "--mirror", "s3://team/lab", "--verify"];
    let pull = ["mirror", "pull", "made", "--mirror", "s3://team/lab"];
    let first = serve_with(home(), &files(), "");
    first.run(&["fetch", "made"]).expect(0);
    first.run(&push).expect(0);
    // Somebody else's copy was fetched at another time, which its inventory says of each file.
    let second = serve_with(home().with("MEDSETS_CATALOG", first.catalog.clone()), &files(), "");
    std::fs::remove_file(second.entry()).unwrap();
    second.home.run(&["fetch", "made"]).expect(0);
    let manifest = bucket.objects().into_keys().find(|name| name.ends_with("manifest.sha256")).unwrap();
    bucket.remove(&manifest);
    bucket.fails_at("mirror.json", true);
    second.home.run(&push).expect(34);
    let inventories = |bucket: &Bucket| bucket.objects().keys().filter(|name| name.contains("/files-")).count();
    assert_eq!(inventories(&bucket), 2, "the new records are there, and the mark is the earlier one");
    let person = || home().with("MEDSETS_CATALOG", first.catalog.clone());
    let early = person();
    early.run(&pull).expect(0);
    early.run(&["verify", "made"]).expect(0);
    bucket.fails_at("mirror.json", false);
    second.home.run(&push).expect(0);
    let late = person();
    late.run(&pull).expect(0);
    late.run(&["verify", "made"]).expect(0);
    late.run(&["mirror", "check", "--mirror", "s3://team/lab", "--verify"]).expect(0);
}

#[test]
fn a_mirror_of_an_earlier_medsets_is_read_checked_and_mended() {
    let share = Share::pushed();
    let folder = share.records();
    for kind in ["files", "listed"] {
        std::fs::rename(state(&folder, kind), folder.join(format!("{kind}.jsonl"))).unwrap();
    }
    let mark = folder.join("mirror.json");
    let text = std::fs::read_to_string(&mark).unwrap();
    assert!(text.contains("medsets/mirrored/2"));
    std::fs::write(&mark, text.replace("medsets/mirrored/2", "medsets/mirrored/1")).unwrap();
    share.check(&["--verify"]).expect(0);
    share.push(&["--verify"]).expect(0);
    assert!(std::fs::read_to_string(&mark).unwrap().contains("mirrored/1"), "there was nothing to mend");
    let other = share.other();
    other.pull().expect(0);
    other.verify();
    share.other().fetch_by_mirror(&[]).expect(0).says(&["by the mirror"]);
    std::fs::write(folder.join("files.jsonl"), "garbage\n").unwrap();
    share.check(&[]).expect(40).says(&["files.jsonl"]);
    share.push(&[]).expect(0).says(&["are written again"]);
    assert!(std::fs::read_to_string(&mark).unwrap().contains("mirrored/2"));
    share.other().pull().expect(0);
    share.check(&["--verify"]).expect(0);
}

/// A lock without a tree pins every file by its digest: a mirror that has them is asked, and the
/// host need not be there.
#[test]
fn a_lock_without_a_tree_takes_the_dataset_from_a_mirror_that_has_what_it_pins() {
    let publisher = Publisher::start();
    let table = b"image,label\none.png,1\n";
    let line = "path = \"labels.csv\"\n";
    let pinned = format!("{line}size = {}\nsha256 = \"{}\"\n", table.len(), Digest::sha256(table).hex());
    let entry = publisher.entry("Made", "data").replace(line, &pinned);
    let sender = Machine::new(&publisher, &entry);
    sender.run(&["lock"]).expect(0);
    let lock = sender.lock();
    assert!(!lock.contains("\ntree = "), "{lock}");
    let person = Machine::new(&publisher, &entry);
    person.clone_from(&sender);
    sender.run(&["sync"]).expect(0);
    let (_, mirror) = sender.home.share();
    sender.run(&["mirror", "push", "made", "--mirror", &mirror]).expect(0);
    let before = publisher.host.log().len();
    let sync = |machine: &Machine| {
        let mut command = machine.home.command(&["--catalog", &machine.catalog, "sync", "--frozen"]);
        command.env("MEDSETS_MIRRORS", &mirror);
        crate::support::mirrors::in_time(command)
    };
    sync(&person).expect(0).says(&["by the mirror"]);
    assert_eq!(publisher.host.log().len(), before, "{:?}", publisher.host.log());
    assert_eq!(person.tree("made"), sender.tree("made"));
    person.run(&["sync", "--check"]).expect(0);

    // Other bytes than the lock's are not taken, and the host has the right ones.
    let other = Machine::new(&publisher, &entry);
    let forged = lock.replace(&Digest::sha256(table).hex(), &Digest::sha256(b"other").hex());
    assert_ne!(forged, lock);
    other.clone_from(&sender);
    other.forge_lock(&forged.replace("from = \"catalog\"", "from = \"accepted\""));
    let ran = sync(&other);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    ran.says(&["the lock pins", "the hosts are asked instead"]);
}

/// The ledger tells each time that data were handed on once, whatever became of the mirror and of the
/// push in between.
#[test]
fn what_is_pushed_again_is_entered_again_and_what_goes_on_is_not() {
    let bucket = Bucket::start();
    let served = serve_with(bucket.home().with("MEDSETS_RETRIES", "0"), &files(), "");
    served.run(&["fetch", "made"]).expect(0);
    #[track_caller]
    fn check(served: &Served, code: i32, shared: usize) {
        served.run(&["mirror", "push", "made", "--mirror", "s3://team/lab"]).expect(code);
        let ledger = std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap();
        assert_eq!(ledger.matches("\"kind\":\"share\"").count(), shared, "{ledger}");
    }
    let remove = |part: &str| {
        bucket.objects().keys().filter(|name| name.contains(part)).for_each(|name| bucket.remove(name));
    };
    check(&served, 0, 1);
    check(&served, 0, 1);
    remove("mirror.json");
    check(&served, 0, 2);
    // It ends between its records and its entry.
    remove("");
    bucket.fails_at("entry.toml", true);
    check(&served, 34, 2);
    bucket.fails_at("entry.toml", false);
    check(&served, 0, 3);
    // It ends between its entry and its mark.
    remove("");
    bucket.fails_at("mirror.json", true);
    check(&served, 34, 4);
    check(&served, 34, 4);
    bucket.fails_at("mirror.json", false);
    check(&served, 0, 4);
    let left = std::fs::read_dir(served.home.state()).unwrap().map(|one| one.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("push-")), "nothing is left of it");
}
