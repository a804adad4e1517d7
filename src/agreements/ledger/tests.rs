//! The file under failures and under many writers.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::agreements::chain::Wrong;
use crate::agreements::entry::EntryKind;
use crate::agreements::entry::tests::accepted;

struct Home {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

impl Home {
    fn with(entries: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("state"));
        for minutes in 0..entries {
            ledger.append(accepted("chexpert", minutes)).unwrap();
        }
        Self { folder, ledger }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.ledger.path(), 1 << 24).unwrap()
    }

    fn write(&self, bytes: &[u8]) {
        fs::atomic_write(&self.ledger.path(), bytes, Access::Private).unwrap();
    }
}

#[test]
fn entries_come_back_as_they_were_appended() {
    let home = Home::with(0);
    assert_eq!(home.ledger.read_all().unwrap(), Reading::default());
    assert_eq!(home.ledger.head().unwrap(), None);
    let first = home.ledger.append(accepted("chexpert", 0)).unwrap();
    let second = home.ledger.append(accepted("mimic-cxr", 1)).unwrap();
    assert_eq!((second.sequence, &second.prev, &second.ledger), (2, &first.hash, &first.ledger));
    assert_eq!(home.ledger.head().unwrap(), Some(second.head()));
    assert_eq!(home.ledger.read_all().unwrap().entries, [first, second]);
    assert!(home.ledger.verify(&[]).unwrap().is_whole());
}

#[test]
fn files_are_private() {
    let home = Home::with(1);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let state = home.folder.path().join("state");
    assert_eq!(mode(&state), 0o700);
    for name in ["ledger.jsonl", "ledger.lock", "heads.jsonl"] {
        assert_eq!(mode(&state.join(name)), 0o600, "{name}");
    }
}

#[test]
fn many_writers_make_one_chain() {
    let home = Home::with(0);
    std::thread::scope(|scope| {
        for writer in 0..64 {
            let ledger = Ledger::open(&home.folder.path().join("state"));
            scope.spawn(move || {
                for turn in 0..3 {
                    ledger.append(accepted(&format!("set-{writer}-{turn}"), turn)).unwrap();
                }
            });
        }
    });
    let found = home.ledger.verify(&[]).unwrap();
    assert!(found.is_whole(), "{found:?}");
    assert_eq!(found.entries, 64 * 3);
    let entries = home.ledger.read_all().unwrap().entries;
    let sets: std::collections::BTreeSet<_> = entries.iter().map(|entry| &entry.record.dataset).collect();
    assert_eq!(sets.len(), 64 * 3, "each is there once");
}

#[test]
fn many_processes_make_one_chain() {
    // Each process is this test program again, told by a variable to append and leave.
    const FOLDER: &str = "MEDSETS_TEST_LEDGER";
    #[allow(clippy::disallowed_methods, reason = "how the child processes are told what they are")]
    if let Ok(folder) = std::env::var(FOLDER) {
        for turn in 0..5 {
            let set = format!("set-{}-{turn}", std::process::id());
            Ledger::open(Path::new(&folder)).append(accepted(&set, turn)).unwrap();
        }
        return;
    }
    let home = Home::with(1);
    let program = std::env::current_exe().unwrap();
    let start = || {
        std::process::Command::new(&program)
            .args(["--exact", "agreements::ledger::tests::many_processes_make_one_chain"])
            .env(FOLDER, home.folder.path().join("state"))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..12).map(|_| start()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let found = home.ledger.verify(&[]).unwrap();
    assert!(found.is_whole(), "{found:?}");
    assert_eq!(found.entries, 1 + 12 * 5);
}

#[test]
fn nothing_is_written_behind_a_torn_line() {
    let whole = Home::with(3).bytes();
    let start = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for end in start + 1..whole.len() {
        let home = Home::with(0);
        fs::create_dir_all(&home.folder.path().join("state"), Access::Private).unwrap();
        home.write(&whole[..end]);
        assert!(matches!(home.ledger.append(accepted("a", 9)), Err(AgreementError::Torn { .. })), "{end}");
        assert_eq!(home.bytes(), &whole[..end], "nothing is repaired unasked");
        let reading = home.ledger.read_all().unwrap();
        assert!(reading.torn.is_some());
        assert_eq!(reading.entries.len(), 2, "the entries before stay valid");

        let repair = home.ledger.repair().unwrap();
        if end == whole.len() - 1 {
            assert_eq!(repair, Repair::Completed { sequence: 3 });
            assert_eq!(home.bytes(), whole);
        } else {
            let Repair::SetAside { path, bytes } = repair else { panic!("{repair:?}") };
            assert_eq!((bytes as usize, home.bytes()), (end - start, whole[..start].to_vec()));
            assert_eq!(fs::read(&path, 1 << 20).unwrap(), &whole[start..end]);
        }
        assert_eq!(home.ledger.repair().unwrap(), Repair::NothingTorn);
        home.ledger.append(accepted("a", 9)).unwrap();
        assert!(home.ledger.verify(&[]).unwrap().is_whole());
    }
}

#[test]
fn pieces_that_are_set_aside_do_not_replace_each_other() {
    let home = Home::with(1);
    for name in ["ledger.torn-1", "ledger.torn-2"] {
        home.write(&[home.bytes(), b"{\"torn".to_vec()].concat());
        let Repair::SetAside { path, .. } = home.ledger.repair().unwrap() else { panic!() };
        assert!(path.ends_with(name), "{}", path.display());
    }
}

#[test]
fn nothing_is_written_behind_damage_that_can_be_seen() {
    #[track_caller]
    fn check(damage: impl Fn(&str) -> String, expected: Wrong) {
        let home = Home::with(3);
        let damaged = damage(&String::from_utf8(home.bytes()).unwrap());
        home.write(damaged.as_bytes());
        let Err(AgreementError::Broken { first, .. }) = home.ledger.append(accepted("a", 9)) else { panic!() };
        assert_eq!(first.what, expected);
        assert!(matches!(home.ledger.read_all(), Err(AgreementError::Broken { .. })));
        assert!(!home.ledger.verify(&[]).unwrap().is_whole());
        assert_eq!(home.bytes(), damaged.as_bytes());
    }
    let without_last = |text: &str| text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    check(without_last, Wrong::CutTail { noted: 3 });
    check(|_| String::new(), Wrong::CutTail { noted: 3 });
    check(|text| text.replacen("09:02", "09:03", 1), Wrong::Altered);
    check(|text| text.replace('\n', "\r\n"), Wrong::CarriageReturn);
    check(|text| format!("{text}\n"), Wrong::BlankLine);
    check(|text| format!("{text}echo\n"), Wrong::Unreadable);
    check(|text| format!("\u{feff}{text}"), Wrong::ByteOrderMark);
}

#[test]
fn heads_noted_elsewhere_are_compared() {
    let home = Home::with(3);
    let mut head = home.ledger.head().unwrap().unwrap();
    assert!(home.ledger.verify(&[head.clone()]).unwrap().is_whole());
    head.sequence = 4;
    let faults = home.ledger.verify(&[head]).unwrap().faults;
    assert_eq!(faults[0].what, Wrong::CutTail { noted: 4 });
}

#[test]
fn a_torn_note_of_a_head_costs_nothing() {
    let home = Home::with(2);
    let path = home.folder.path().join("state/heads.jsonl");
    let text = fs::read_text(&path).unwrap();
    fs::atomic_write(&path, &text.as_bytes()[..text.len() - 9], Access::Private).unwrap();
    home.ledger.append(accepted("a", 9)).unwrap();
    home.ledger.append(accepted("b", 9)).unwrap();
    assert_eq!(home.ledger.heads().all().unwrap().len(), 3);
    assert!(home.ledger.verify(&[]).unwrap().is_whole());
}

#[test]
fn what_a_later_version_wrote_is_not_written_to() {
    let home = Home::with(1);
    let mut later = accepted("chexpert", 1);
    later.kind = EntryKind::Other("notarise".into());
    later.tool = "0.9.0".into();
    assert!(matches!(home.ledger.append(later.clone()), Err(AgreementError::KindNotWritten { .. })));
    let last = home.ledger.read_all().unwrap().entries.pop().unwrap();
    fs::append_line(&home.ledger.path(), &last.followed_by(later).line(), Access::Private).unwrap();
    let error = home.ledger.append(accepted("a", 9)).unwrap_err();
    assert!(matches!(&error, AgreementError::Newer { sequence: 2, tool, .. } if tool == "0.9.0"), "{error}");
    let reading = home.ledger.read_all().unwrap();
    assert_eq!((reading.entries.len(), reading.later.len()), (2, 1));
}

#[test]
fn long_entries_and_long_ledgers_are_appended_to() {
    let home = Home::with(0);
    for turn in 0..40 {
        let mut record = accepted("chexpert", turn);
        record.purpose = Some("x".repeat(3000 * turn as usize));
        home.ledger.append(record).unwrap();
    }
    assert!(home.ledger.verify(&[]).unwrap().is_whole());
    let mut record = accepted("chexpert", 99);
    record.note = Some("x".repeat(2 << 20));
    assert!(matches!(home.ledger.append(record), Err(AgreementError::TooLarge { .. })));
}
