//! The part of a dataset that a project asks for: on clusters, when it is narrowed, and as it is told.

use serde_json::Value;

use crate::lock::{Machine, Publisher};

/// A machine whose project asks for `made` with these keys.
fn asking(publisher: &Publisher, keys: &str) -> Machine {
    let machine = Machine::new(publisher, &publisher.entry("Made", "data"));
    ask(&machine, keys);
    machine
}

fn ask(machine: &Machine, keys: &str) {
    let text = format!("[project]\nname = \"x\"\n\n[[dataset]]\nid = \"made\"\n{keys}\n");
    std::fs::write(machine.work().join("medsets.toml"), text).unwrap();
}

fn paths(machine: &Machine) -> Vec<String> {
    let tree = machine.tree("made/1");
    tree.into_keys().filter(|path| !path.starts_with(".medsets/")).collect()
}

#[test]
fn jobs_of_a_cluster_are_given_what_the_project_asks_for() {
    let publisher = Publisher::start();
    let machine = asking(&publisher, "include = [\"labels.csv\"]\nlicense = [\"CC0-1.0\"]");
    let line = "fetch made@1 --catalog";
    let script =
        machine.run(&["slurm", "made"]).expect(0).says(&["files labels.csv", "line 4 of `medsets.toml`"]).stdout;
    assert!(script.contains(line) && script.contains("--include=labels.csv --license=cc0-1.0 --shard"), "{script}");
    assert!(script.contains("# `made@1`: files labels.csv; under cc0-1.0, as line 4 of `medsets.toml` asks for it\n"));
    machine.run(&["lock"]).expect(0);
    let script = machine.run(&["slurm", "made"]).expect(0).stdout;
    assert!(script.contains("--license=cc0-1.0 --source=web --shard"), "{script}");
    assert!(script.contains("asks for it and `medsets.lock` pins it\n"), "{script}");
    let pods = machine.run(&["k8s", "made", "--image", "i", "--pvc", "p"]).expect(0).stdout;
    assert_eq!(pods.matches("- \"--include=labels.csv\"").count(), 2, "{pods}");
    assert!(pods.contains("# `made@1`: files labels.csv"), "{pods}");
    // Flags win, as a whole.
    let script = machine.run(&["slurm", "made", "--include", "*.zip"]).expect(0).says(&["by the flags"]).stdout;
    assert!(script.contains("'--include=*.zip' --shard") && !script.contains("--license"), "{script}");
    // A lock that does not answer any more is told.
    ask(&machine, "include = [\"pictures.zip\"]");
    let script = machine.run(&["slurm", "made"]).expect(0).says(&["does not pin that yet"]).stdout;
    assert!(script.contains("--include=pictures.zip --shard"), "{script}");
    machine.run(&["slurm", "made", "--subset", ""]).expect(2).says(&["`--subset`", "leave the flag away"]);
    // What the project does not name is fetched as the flags say.
    let script = machine.run(&["slurm", "demo"]).expect(0).stdout;
    assert!(script.contains("fetch demo@1.0") && !script.contains("medsets.toml"), "{script}");
}

#[test]
fn shards_in_a_project_bring_what_sync_would() {
    let publisher = Publisher::start();
    let single = asking(&publisher, "include = [\"labels.csv\"]");
    single.run(&["sync"]).expect(0);
    let split = asking(&publisher, "");
    split.clone_from(&single);
    for shard in ["1/2", "2/2"] {
        let ran = split.run(&["fetch", "made", "--shard", shard]).expect(0).says(&["files labels.csv, as line 4 of"]);
        assert!(ran.stdout.contains("of 1 file,"), "{ran:?}");
    }
    split.run(&["fetch", "made", "--finish"]).expect(0);
    split.run(&["sync", "--check"]).expect(0);
    assert_eq!(split.tree("made/1"), single.tree("made/1"));
    // The release of the lock, when the catalogue has another by now.
    let later = asking(&publisher, "");
    later.clone_from(&single);
    let entry = publisher.entry("Made", "data").replace("version = \"1\"", "version = \"2\"");
    later.home.overlay("made.toml", &entry);
    let script = later.run(&["slurm", "made"]).expect(0).stdout;
    assert!(script.contains("fetch made@1 --catalog"), "{script}");
    later.run(&["fetch", "made@1", "--finish"]).expect(0);
    later.run(&["sync", "--check"]).expect(0);
    later.run(&["fetch", "made@3", "--finish"]).expect(11);
}

#[test]
fn a_narrowed_choice_is_brought_to_the_lock_by_pruning_without_a_network() {
    let publisher = Publisher::start();
    let machine = asking(&publisher, "");
    machine.run(&["sync"]).expect(0);
    let own = machine.work().join("data/made/1/mine.txt");
    std::fs::write(&own, "my own").unwrap();
    ask(&machine, "include = [\"labels.csv\"]");
    machine.run(&["sync"]).expect(0).says(&["more of `made@1` is here", "`medsets sync --prune`"]);
    assert_eq!(paths(&machine).len(), 4, "a sync deletes nothing");
    machine.run(&["sync", "--check"]).expect(62).says(&["more than asked for", "`medsets sync --prune`"]);
    let asked = publisher.host.log().len();
    let planned = machine.run(&["--offline", "sync", "--prune", "--dry-run"]).expect(0);
    assert!(planned.stderr.contains("would remove 3 files of made@1"), "{planned:?}");
    assert_eq!(paths(&machine).len(), 4);
    let answer = machine.json(&["--offline", "sync", "--prune"]);
    assert_eq!(answer["exit"], 0, "{answer}");
    let reduced = &answer["data"]["reduced"][0];
    assert_eq!((&reduced["name"], &reduced["files"]), (&Value::from("made@1"), &Value::from(3)), "{answer}");
    assert_eq!(paths(&machine), ["data/labels.csv"]);
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "my own");
    machine.run(&["sync", "--check"]).expect(0);
    machine.run(&["verify", "made"]).expect(0);
    assert_eq!(publisher.host.log().len(), asked);
    // What was widened again is fetched again, and nothing more is to be pruned.
    ask(&machine, "");
    let answer = machine.json(&["sync", "--prune"]);
    assert_eq!(answer["data"]["reduced"], Value::Array(Vec::new()), "{answer}");
    machine.run(&["sync", "--check"]).expect(0);
    assert_eq!(paths(&machine).len(), 4);
}

#[test]
fn another_choice_takes_the_place_of_the_one_before() {
    let publisher = Publisher::start();
    let machine = asking(&publisher, "include = [\"labels.csv\"]");
    machine.run(&["sync"]).expect(0);
    ask(&machine, "include = [\"pictures.zip\"]");
    machine.run(&["sync", "--prune"]).expect(0).says(&["removed 1 file of made@1"]);
    machine.run(&["sync", "--check"]).expect(0);
    assert!(!paths(&machine).contains(&"data/labels.csv".to_owned()));
    // From an archive that was unpacked to some of its members, and to fewer of them.
    ask(&machine, "include = [\"pictures.zip\"]\nmembers = [\"**/*.png\"]");
    machine.run(&["sync", "--prune"]).expect(0).says(&["removed 1 file of made@1"]);
    machine.run(&["sync", "--check"]).expect(0);
    assert_eq!(paths(&machine).len(), 2);
    ask(&machine, "include = [\"pictures.zip\"]\nmembers = [\"**/one.png\"]");
    machine.run(&["sync"]).expect(0);
    machine.run(&["sync", "--check"]).expect(62);
    machine.run(&["sync", "--prune"]).expect(0).says(&["removed 1 file of made@1"]);
    machine.run(&["sync", "--check"]).expect(0);
    assert_eq!(paths(&machine).len(), 1);
    machine.run(&["verify", "made"]).expect(0);
}

#[test]
fn bytes_of_a_lock_are_those_of_files_that_are_wanted_whole() {
    let publisher = Publisher::start();
    let machine = asking(&publisher, "include = [\"pictures.zip\"]\nmembers = [\"**/*.png\"]");
    let ran = machine.run(&["lock"]).expect(0);
    assert!(ran.stdout.contains("1 file, 0 B without the members of 1 archive"), "{}", ran.stdout);
    let lock = machine.lock();
    assert!(lock.contains("bytes = 0\n"), "{lock}");
    machine.run(&["lock", "--check"]).expect(0);
    // An earlier medsets counted the archive; its locks are read, and written anew.
    let size = publisher.files.lock().unwrap()["pictures.zip"].len();
    machine.forge_lock(&lock.replace("bytes = 0\n", &format!("bytes = {size}\n")));
    machine.run(&["sync", "--locked"]).expect(0);
    machine.forge_lock(&lock.replace("bytes = 0\n", "bytes = 7\n"));
    machine.run(&["sync", "--locked"]).expect(12).says(&["another number of `bytes`"]);
}

#[test]
fn a_choice_that_says_nothing_is_refused_with_a_remedy() {
    let publisher = Publisher::start();
    let machine = asking(&publisher, "license = [\"\"]");
    for flag in ["", " ", ",", "CC0-1.0,"] {
        for command in [&["fetch", "demo"][..], &["slurm", "demo"], &["k8s", "demo", "--image", "i", "--pvc", "p"]] {
            machine.home.run(&[command, &["--license", flag]].concat()).expect(2).says(&["`--license`", "help: leave"]);
        }
    }
    let ran = machine.run(&["sync"]).expect(10).says(&["line 6, column 12: a value of `license` is empty"]);
    // The lines of the file belong to the message; only what helps is called help.
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[1].contains("medsets.toml:6:12"), "{ran:?}");
    assert!(lines.iter().any(|line| line.ends_with("license = [\"\"]")), "{ran:?}");
    assert!(!ran.stderr.contains("error[empty-value]"), "{ran:?}");
    let helps: Vec<&&str> = lines.iter().filter(|line| line.starts_with("help: ")).collect();
    assert_eq!(helps, [&"help: leave it out"]);
    let answer = machine.json(&["sync"]);
    assert_eq!(answer["errors"][0]["help"], "leave it out");
    assert!(answer["errors"][0]["excerpt"].as_str().unwrap().contains("license = [\"\"]"), "{answer}");
}

#[test]
fn a_plain_sync_deletes_nothing_whatever_became_of_files_that_nobody_asks_for() {
    #[track_caller]
    fn check(change: impl Fn(&std::path::Path), is_kept: bool) {
        let publisher = Publisher::start();
        let machine = asking(&publisher, "");
        machine.run(&["sync"]).expect(0);
        let before = paths(&machine);
        let dir = machine.work().join("data/made/1");
        std::fs::create_dir_all(dir.join("archives")).unwrap();
        std::fs::write(dir.join("archives/mine.zip"), "mine").unwrap();
        change(&dir);
        ask(&machine, "include = [\"labels.csv\"]");
        machine.run(&["sync"]).expect(0);
        machine.run(&["sync", "--offline"]).expect(0);
        let mut after = paths(&machine);
        if !is_kept {
            after.push("data/notes.txt".to_owned());
            after.sort();
        }
        assert_eq!(after, before);
        machine.run(&["sync", "--prune"]).expect(0);
        assert_eq!(std::fs::read_to_string(dir.join("archives/mine.zip")).unwrap(), "mine", "it is the person's");
        machine.run(&["sync", "--check"]).expect(0);
    }
    let edit = |dir: &std::path::Path, name: &str| std::fs::write(dir.join(name), "edited").unwrap();
    check(|_| (), true);
    check(|dir| edit(dir, "data/notes.txt"), true);
    check(|dir| std::fs::remove_file(dir.join("data/notes.txt")).unwrap(), false);
    check(|dir| edit(dir, "data/labels.csv"), true);
}
