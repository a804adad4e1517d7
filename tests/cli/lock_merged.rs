//! Locks that a merge left with conflict marks, of whatever style and however deep.

use std::process::Command;

use medsets::values::Digest;

use crate::lock::{Machine, Publisher};
use crate::support::entry::made_up;
use crate::support::home::Home;

/// A machine whose lock is whole, and the line of the lock that two branches changed.
fn scene() -> (Publisher, Machine, String, String) {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let whole = machine.lock();
    let line = whole.lines().find(|line| line.starts_with("input = ")).unwrap().to_owned();
    (publisher, machine, whole, line)
}

fn other(line: &str, seed: &str) -> String {
    let known = line.split('"').nth(1).unwrap();
    line.replace(known, &Digest::sha256(seed.as_bytes()).to_string())
}

#[test]
fn conflicts_of_every_style_are_resolved_by_locking_again() {
    let (_publisher, machine, whole, line) = scene();
    let (ours, theirs, base) = (other(&line, "ours"), other(&line, "theirs"), other(&line, "base"));
    let conflicts = [
        format!("<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> other"),
        format!("<<<<<<< HEAD\n{ours}\n||||||| 1234567\n{base}\n=======\n{theirs}\n>>>>>>> other"),
        // The ancestor was a merge itself.
        format!(
            "<<<<<<< HEAD\n{ours}\n||||||| merged common ancestors\n<<<<<<<<< Temporary merge branch 1\n{base}\n\
             =========\n{line}\n>>>>>>>>> Temporary merge branch 2\n=======\n{theirs}\n>>>>>>> other"
        ),
        // The marks were committed once, and merged again.
        format!("<<<<<<< HEAD\n<<<<<<< one\n{ours}\n=======\n{base}\n>>>>>>> two\n=======\n{theirs}\n>>>>>>> other"),
    ];
    for conflict in conflicts {
        machine.write_lock(&whole.replacen(&line, &conflict, 1));
        machine.run(&["sync", "--locked"]).expect(12).says(&["unfinished merge", "run `medsets lock`"]);
        machine.run(&["lock", "--offline"]).expect(0);
        assert_eq!(machine.lock(), whole, "{conflict}");
    }
}

#[test]
fn what_is_wrong_in_a_side_is_told_with_the_line_of_the_file() {
    let (_publisher, machine, whole, line) = scene();
    let conflict = format!("<<<<<<< HEAD\n{line}\n||||||| base\n{line}\n=======\n{line}\n>>>>>>> other");
    let merged = whole.replacen(&line, &conflict, 1).replacen("from = \"catalog\"", "form = \"catalog\"", 1);
    let number = merged.lines().position(|line| line.contains("form = ")).unwrap() + 1;
    machine.write_lock(&merged);
    let ran = machine.run(&["lock"]).expect(12).says(&["unknown field `form`", "git checkout --ours medsets.lock"]);
    assert!(ran.stderr.contains(&format!("at line {number},")), "line {number}: {}", ran.stderr);
    assert!(!ran.stderr.contains("edited by hand"), "{}", ran.stderr);
    assert_eq!(machine.lock(), merged, "nothing is lost");
}

#[test]
fn marks_that_do_not_fit_are_told_with_their_line() {
    let (_publisher, machine, whole, line) = scene();
    let number = whole.lines().position(|one| one == line).unwrap() + 1;
    #[track_caller]
    fn check(machine: &Machine, text: &str, line: usize, reason: &str) {
        machine.write_lock(text);
        machine.run(&["lock"]).expect(12).says(&[&format!("line {line}: "), reason, "git checkout --ours"]);
        assert_eq!(machine.lock(), text, "nothing is lost");
    }
    let with = |conflict: &str| whole.replacen(&line, conflict, 1);
    check(&machine, &with(&format!("<<<<<<< HEAD\n{line}\n=======\n{line}")), number, "does not end");
    check(
        &machine,
        &with(&format!("{line}\n=======\n{line}\n>>>>>>> other")),
        number + 1,
        "no conflict that has begun",
    );
    check(&machine, &with(&format!("<<<<<<< HEAD\n{line}\n>>>>>>> other")), number + 2, "does not follow");
    // A newer program's lock is not taken for one that may be written anew.
    let newer = with(&format!("<<<<<<< HEAD\n{line}\n=======\n{line}\n>>>>>>> other"));
    let newer = newer.replacen("version = 1\n", "<<<<<<< HEAD\nversion = 1\n=======\nversion = 9\n>>>>>>> other\n", 1);
    machine.write_lock(&newer);
    machine.run(&["lock", "--upgrade"]).expect(12).says(&["version 9", "a newer medsets"]);
    assert_eq!(machine.lock(), newer);
}

#[test]
fn what_the_sides_say_differently_is_named_with_both_values() {
    let (_publisher, machine, whole, _) = scene();
    let (before, ours) = whole.split_once("[[dataset]]\nid = \"made\"").unwrap();
    let ours = format!("[[dataset]]\nid = \"made\"{ours}");
    let pinned = ours.lines().filter_map(|line| line.split("sha256 = \"").nth(1)).next_back().unwrap();
    let pinned = pinned.split('"').next().unwrap();
    let (license, digest) = ("CC-BY-NC-4.0", Digest::sha256(b"other bytes").hex());
    let theirs = ours.replace("CC0-1.0", license).replace(pinned, &digest);
    assert_ne!(theirs, ours);
    let merged = format!("{before}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> other\n");
    machine.write_lock(&merged);
    machine.run(&["lock"]).expect(0).says(&[
        "the two sides of the merge differ on `made@1`",
        "licence `CC0-1.0` and `CC-BY-NC-4.0`",
        pinned,
        &digest,
        "medsets lock --upgrade=made",
    ]);
    assert_eq!(machine.lock(), whole, "the first stands");
}

/// A project in a repository of git, with a set of which the list lies beside the lock.
struct Repository {
    home: Home,
}

impl Repository {
    /// `None` where there is no git.
    fn new(style: &str) -> Option<Self> {
        Command::new("git").arg("--version").output().ok()?;
        let home = Home::new();
        let files: String = (0..1200)
            .map(|number| {
                let digest = Digest::sha256(number.to_string().as_bytes()).hex();
                format!("[[release.file]]\npath = \"{number:04}.csv\"\nsize = 4\nsha256 = \"{digest}\"\n\n")
            })
            .collect();
        let catalog = home.overlay("long.toml", &made_up("long", &format!("{SOURCE}{files}")));
        let repository = Self { home: home.with("MEDSETS_CATALOG", catalog).with("MEDSETS_OFFLINE", "1") };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (key, value) in [("user.name", "Tester"), ("user.email", "t@example.org"), ("merge.conflictStyle", style)] {
            repository.git(&["config", key, value]);
        }
        repository.home.run(&["init"]).expect(0);
        repository.home.run(&["add", "demo", "isic", "medquad", "umls"]).expect(0);
        repository.commit();
        Some(repository)
    }

    /// Whether it went well.
    fn git(&self, arguments: &[&str]) -> bool {
        let mut git = Command::new("git");
        git.current_dir(self.home.path().join("work")).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        git.env("HOME", self.home.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(arguments).output().unwrap().status.success()
    }

    /// Locks, and commits all of it.
    fn commit(&self) {
        self.home.run(&["lock"]).expect(0);
        assert!(self.git(&["add", "--all"]) && self.git(&["commit", "--quiet", "--message", "x"]));
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join("work").join(name)).unwrap()
    }
}

#[test]
fn merges_that_git_made_are_resolved_by_locking_again() {
    let scenes = [
        ("merge", ["add", "aptos2019"], ["add", "rsna-pneumonia"]),
        ("diff3", ["add", "long"], ["drop", "demo"]),
        ("zdiff3", ["drop", "demo"], ["drop", "umls"]),
        ("zdiff3", ["add", "covid19-cxr"], ["add", "long"]),
    ];
    for (style, ours, theirs) in scenes {
        let Some(repository) = Repository::new(style) else {
            eprintln!("skipped: there is no git");
            return;
        };
        for (branch, change) in [("theirs", theirs), ("ours", ours)] {
            assert!(repository.git(&["checkout", "--quiet", "-b", branch, "main"]));
            repository.home.run(&change).expect(0);
            repository.commit();
        }
        assert!(!repository.git(&["merge", "--quiet", "theirs"]), "{style}: the locks differ in the same line");
        let project = repository.file("medsets.toml");
        assert!(!project.contains("<<<<<<<"), "the tables stand in order, so that git joins them:\n{project}");
        assert!(repository.file("medsets.lock").contains("<<<<<<<"));
        repository.commit();
        repository.home.run(&["lock", "--check"]).expect(0);
        let merged = repository.file("medsets.lock");
        std::fs::remove_file(repository.home.path().join("work/medsets.lock")).unwrap();
        repository.home.run(&["lock"]).expect(0);
        assert_eq!(repository.file("medsets.lock"), merged, "{style}");
        assert!(repository.git(&["diff", "--exit-code"]), "{style}: what lies beside it is as it was");
    }
}

const SOURCE: &str = r#"[[release.source]]
channel = "page"
provider = "http"
base = "https://files.example.org/long/"

"#;
