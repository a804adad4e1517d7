//! A workspace through runs, kills and restarts.

use super::*;

fn open(store: &Store, entry: &[u8]) -> Result<Workspace, LayoutError> {
    let patience = Patience { at_most: std::time::Duration::from_millis(1), is_enough: &|| false };
    Workspace::open(store, "demo@1", Digest::sha256(entry), "a", Access::Shared, patience, || ())
}

fn placed(name: &str, bytes: &[u8]) -> Finished {
    Finished::example(name, bytes, FinishedKind::Placed { at: RelPath::parse(name).unwrap() })
}

#[test]
fn keeps_finished_files_for_the_same_entry_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut first = open(&store, b"entry").unwrap();
    std::fs::create_dir_all(first.stage().join("data")).unwrap();
    std::fs::write(first.stage().join("data/a"), b"bytes").unwrap();
    first.finish(placed("data/a", b"bytes")).unwrap();
    first.finish(placed("data/never-written", b"x")).unwrap();
    assert!(matches!(open(&store, b"entry"), Err(LayoutError::Held { .. })), "one run at a time");
    drop(first);
    let again = open(&store, b"entry").unwrap();
    assert_eq!(again.finished().keys().map(RelPath::as_str).collect::<Vec<_>>(), ["data/a"]);
    drop(again);
    assert!(open(&store, b"other entry").unwrap().finished().is_empty());
}

#[test]
fn records_of_a_committed_stage_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut first = open(&store, b"entry").unwrap();
    std::fs::write(first.members("m.jsonl"), "").unwrap();
    let unpacked = FinishedKind::Unpacked { members: "m.jsonl".into(), kept: true };
    first.finish(Finished { kind: unpacked, ..placed("a.zip", b"bytes") }).unwrap();
    std::fs::rename(first.stage(), folder.path().join("committed")).unwrap();
    drop(first);
    assert!(open(&store, b"entry").unwrap().finished().is_empty());
}

#[test]
fn an_archive_whose_members_are_gone_is_unpacked_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut first = open(&store, b"entry").unwrap();
    let line = serde_json::json!({
        "path": "data/m.png", "size": 5, "mtime": "2026-01-01T00:00:00Z",
        "sha256": Digest::sha256(b"bytes").to_string(), "origin": { "file": "a.zip" }, "role": "image",
    });
    std::fs::write(first.members("m.jsonl"), format!("{line}\n")).unwrap();
    std::fs::create_dir_all(first.stage().join("data")).unwrap();
    std::fs::write(first.stage().join("data/m.png"), b"bytes").unwrap();
    let unpacked = FinishedKind::Unpacked { members: "m.jsonl".into(), kept: true };
    first.finish(Finished { kind: unpacked, ..placed("a.zip", b"bytes") }).unwrap();
    drop(first);
    let again = open(&store, b"entry").unwrap();
    assert_eq!(again.finished().len(), 1);
    std::fs::remove_file(again.stage().join("data/m.png")).unwrap();
    drop(again);
    assert!(open(&store, b"entry").unwrap().finished().is_empty());
}

/// A workspace with `data/a` and `data/other/b` finished, of which `data/a` alone is meant.
fn set_apart(store: &Store) -> Workspace {
    let mut first = open(store, b"entry").unwrap();
    std::fs::create_dir_all(first.stage().join("data/other")).unwrap();
    for name in ["data/a", "data/other/b"] {
        std::fs::write(first.stage().join(name), b"bytes").unwrap();
        first.finish(placed(name, b"bytes")).unwrap();
    }
    first.set_aside(|path| path.as_str() == "data/a").unwrap();
    assert_eq!(names(&first), ["data/a"]);
    assert!(!first.stage().join("data/other").exists(), "no empty folder is committed");
    first
}

fn names(workspace: &Workspace) -> Vec<&str> {
    workspace.finished().keys().map(RelPath::as_str).collect()
}

#[test]
fn what_is_not_asked_for_is_not_committed_and_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let first = set_apart(&store);
    std::fs::rename(first.stage(), folder.path().join("committed")).unwrap();
    first.settle(&crate::layout::receipt::Selection::default()).unwrap();
    let again = open(&store, b"entry").unwrap();
    assert_eq!(names(&again), ["data/other/b"]);
    assert_eq!(std::fs::read(again.stage().join("data/other/b")).unwrap(), b"bytes");
    assert!(!again.stage().join("data/a").exists());
}

#[test]
fn what_was_set_aside_comes_back_after_a_kill() {
    for is_committed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        let first = set_apart(&store);
        if is_committed {
            std::fs::rename(first.stage(), folder.path().join("committed")).unwrap();
        }
        drop(first);
        let again = open(&store, b"entry").unwrap();
        let expected: &[&str] = if is_committed { &["data/other/b"] } else { &["data/a", "data/other/b"] };
        assert_eq!(names(&again), expected);
        drop(again);
        assert_eq!(names(&open(&store, b"entry").unwrap()), expected, "and stays");
    }
}

#[test]
fn of_a_whole_dataset_nothing_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let first = set_apart(&store);
    let root = first.root().to_path_buf();
    first.settle(&crate::layout::receipt::Selection { whole: true, ..Default::default() }).unwrap();
    assert!(!root.exists());
}

#[test]
fn a_torn_record_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut first = open(&store, b"entry").unwrap();
    std::fs::create_dir_all(first.stage().join("data")).unwrap();
    for name in ["data/a", "data/b"] {
        std::fs::write(first.stage().join(name), b"bytes").unwrap();
        first.finish(placed(name, b"bytes")).unwrap();
    }
    let done = first.root().join("done.jsonl");
    drop(first);
    let text = std::fs::read(&done).unwrap();
    std::fs::write(&done, &text[..text.len() - 5]).unwrap();
    let mut again = open(&store, b"entry").unwrap();
    assert_eq!(again.finished().len(), 1);
    again.finish(placed("data/b", b"bytes")).unwrap();
    drop(again);
    assert_eq!(open(&store, b"entry").unwrap().finished().len(), 2);
}

#[test]
fn after_a_restart_only_bytes_are_believed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::of(folder.path());
    let mut first = open(&store, b"entry").unwrap();
    std::fs::create_dir_all(first.stage().join("data")).unwrap();
    for name in ["data/a", "data/b"] {
        std::fs::write(first.stage().join(name), b"bytes").unwrap();
        first.finish(placed(name, b"bytes")).unwrap();
    }
    // A power cut can leave a file of the right size that holds zeros.
    std::fs::write(first.stage().join("data/b"), [0; 5]).unwrap();
    let begun = first.root().join("source.json");
    drop(first);
    let text = std::fs::read_to_string(&begun).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&text).unwrap();
    other["boot"] = "an earlier boot".into();
    std::fs::write(&begun, other.to_string()).unwrap();
    let again = open(&store, b"entry").unwrap();
    assert_eq!(again.finished().keys().map(RelPath::as_str).collect::<Vec<_>>(), ["data/a"]);
}
