//! Work of shards taken over, whole, in part and after kills.

use super::*;
use crate::fs::Patience;
use crate::layout::inventory;

fn open(store: &Store, name: &str, entry: &[u8]) -> Workspace {
    let patience = Patience { at_most: Duration::ZERO, is_enough: &|| false };
    Workspace::open(store, name, Digest::sha256(entry), "a", Access::Shared, patience, || ()).unwrap()
}

fn place(workspace: &mut Workspace, name: &str, bytes: &[u8]) {
    let at = RelPath::parse(&format!("data/{name}")).unwrap();
    std::fs::create_dir_all(at.under(&workspace.stage()).parent().unwrap()).unwrap();
    std::fs::write(at.under(&workspace.stage()), bytes).unwrap();
    workspace.finish(Finished::example(name, bytes, FinishedKind::Placed { at })).unwrap();
}

/// A shard with a placed file, an unpacked archive of two members and a waiting archive.
fn shard(store: &Store) -> PathBuf {
    let mut shard = open(store, "demo@1+shard-1-of-2", b"entry");
    place(&mut shard, "a/b.txt", b"bytes");
    let records = ["x", "y"].map(|name| {
        std::fs::write(shard.stage().join("data").join(name), name).unwrap();
        inventory::example(&format!("data/{name}"), name.as_bytes())
    });
    inventory::write_sorted(&shard.members("m.jsonl"), records.to_vec(), Access::Shared).unwrap();
    shard
        .finish(Finished::example("m.zip", b"zip", FinishedKind::Unpacked { members: "m.jsonl".into(), kept: true }))
        .unwrap();
    std::fs::write(shard.archive(&RelPath::parse("w.zip").unwrap()), b"waits").unwrap();
    shard.finish(Finished::example("w.zip", b"waits", FinishedKind::Fetched)).unwrap();
    std::fs::write(shard.root().join("parts/1-c.part"), b"par").unwrap();
    std::fs::write(shard.root().join("parts/1-c.part.json"), b"{}").unwrap();
    shard.root().to_path_buf()
}

fn whole(store: &Store) -> bool {
    let main = open(store, "demo@1", b"entry");
    let names: Vec<&str> = main.finished().keys().map(RelPath::as_str).collect();
    names == ["a/b.txt", "m.zip", "w.zip"]
}

#[test]
fn everything_that_a_shard_has_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let from = shard(&store);
    let mut main = open(&store, "demo@1", b"entry");
    assert_eq!(main.take_over(&from).unwrap(), Some(3));
    assert_eq!(std::fs::read(main.stage().join("data/a/b.txt")).unwrap(), b"bytes");
    assert!(main.root().join("parts/1-c.part").exists() && main.root().join("parts/1-c.part.json").exists());
    assert_eq!(main.take_over(&from).unwrap(), Some(0), "once");
    drop(main);
    assert!(whole(&store), "and it is believed when the workspace is opened again");
}

#[test]
fn a_kill_between_any_two_moves_loses_nothing() {
    // Moves that were made before the kill, the records of none of them written.
    let moves = ["stage/data/a/b.txt", "stage/data/x", "stage/data/y", "members/m.jsonl", "archives/w.zip"];
    for made in 0..=moves.len() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        let from = shard(&store);
        let mut main = open(&store, "demo@1", b"entry");
        for name in &moves[..made] {
            std::fs::create_dir_all(main.root().join(name).parent().unwrap()).unwrap();
            std::fs::rename(from.join(name), main.root().join(name)).unwrap();
        }
        assert_eq!(main.take_over(&from).unwrap(), Some(3), "{made} moves");
        drop(main);
        assert!(whole(&store), "{made} moves");
    }
}

#[test]
fn what_is_not_as_recorded_is_left_to_be_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let from = shard(&store);
    std::fs::remove_file(from.join("stage/data/y")).unwrap();
    std::fs::write(from.join("stage/data/a/b.txt"), b"shorter").unwrap();
    let mut main = open(&store, "demo@1", b"entry");
    assert_eq!(main.take_over(&from).unwrap(), Some(1));
    drop(main);
    let other = open(&store, "other-1", b"another entry");
    drop(other);
    let mut other = open(&store, "other-1", b"another entry");
    assert_eq!(other.take_over(&from).unwrap(), None, "begun with another entry");
}

#[test]
fn other_bytes_in_one_place_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let from = shard(&store);
    let mut main = open(&store, "demo@1", b"entry");
    place(&mut main, "x", b"other");
    let error = main.take_over(&from).unwrap_err();
    assert!(matches!(error, LayoutError::Conflict { .. }), "{error}");
}

#[test]
fn what_a_killed_run_was_writing_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let from = shard(&store);
    let mut main = open(&store, "demo@1", b"entry");
    for name in ["stage/data/a/b.txt", "stage/data/x", "archives/w.zip"] {
        std::fs::create_dir_all(main.root().join(name).parent().unwrap()).unwrap();
        std::fs::write(main.root().join(name), b"").unwrap();
    }
    assert_eq!(main.take_over(&from).unwrap(), Some(3));
    assert_eq!(std::fs::read(main.stage().join("data/a/b.txt")).unwrap(), b"bytes");
    assert_eq!(std::fs::read(main.stage().join("data/x")).unwrap(), b"x");
    drop(main);
    assert!(whole(&store));
}

#[test]
fn what_was_taken_before_a_kill_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let from = shard(&store);
    let mut main = open(&store, "demo@1", b"entry");
    // The last of the files cannot be taken: as far as a kill would have let it come.
    place(&mut main, "other", b"other");
    let at = RelPath::parse("data/other").unwrap();
    std::fs::remove_file(from.join("archives/w.zip")).unwrap();
    std::fs::create_dir(from.join("archives/w.zip")).unwrap();
    std::fs::create_dir(main.archive(&RelPath::parse("w.zip").unwrap())).unwrap();
    assert!(main.take_over(&from).is_err());
    assert!(at.under(&main.stage()).exists());
    drop(main);
    let main = open(&store, "demo@1", b"entry");
    let names: Vec<&str> = main.finished().keys().map(RelPath::as_str).collect();
    assert_eq!(names, ["a/b.txt", "m.zip", "other"]);
}

#[test]
fn after_a_restart_only_what_is_sealed_is_believed() {
    for is_sealed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        let mut shard = open(&store, "demo@1+shard-1-of-2", b"entry");
        place(&mut shard, "a.txt", b"bytes");
        place(&mut shard, "b.txt", b"bytes");
        if is_sealed {
            shard.seal().unwrap();
        }
        let root = shard.root().to_path_buf();
        drop(shard);
        // The same size and other bytes, as a power cut may leave them.
        std::fs::write(root.join("stage/data/a.txt"), [0; 5]).unwrap();
        let text = std::fs::read_to_string(root.join("source.json")).unwrap();
        let mut begun: serde_json::Value = serde_json::from_str(&text).unwrap();
        begun["boot"] = "another machine".into();
        std::fs::write(root.join("source.json"), begun.to_string()).unwrap();
        let mut main = open(&store, "demo@1", b"entry");
        assert_eq!(main.take_over(&root).unwrap(), Some(if is_sealed { 2 } else { 1 }));
    }
}

#[test]
fn a_seal_holds_for_what_was_finished_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut shard = open(&store, "demo@1+shard-1-of-2", b"entry");
    place(&mut shard, "a.txt", b"bytes");
    shard.seal().unwrap();
    assert!(is_sealed(shard.root()).unwrap());
    place(&mut shard, "b.txt", b"bytes");
    assert!(!is_sealed(shard.root()).unwrap());
}

#[test]
fn looking_changes_nothing_and_needs_no_lease() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut shard = open(&store, "demo@1", b"entry");
    place(&mut shard, "a.txt", b"bytes");
    let look = |entry: &[u8]| Workspace::look(shard.root(), Digest::sha256(entry), "a").unwrap().len();
    assert_eq!((look(b"entry"), look(b"another")), (1, 0));
    std::fs::remove_file(shard.stage().join("data/a.txt")).unwrap();
    assert_eq!(look(b"entry"), 0);
}
