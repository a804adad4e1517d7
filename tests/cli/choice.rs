//! Parts of datasets in a project: chosen in `medsets.toml`, pinned in the lock, the same bytes
//! elsewhere.

use std::path::PathBuf;

use crate::lock::{Machine, Publisher};
use crate::support::archives::zip_of;
use crate::support::home::{Home, Ran};

/// Bytes that no packer makes smaller, and that take long enough to be missed.
fn noise() -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..BIG).map(|_| next()).collect()
}

const BIG: usize = 2_000_000;

/// Two archives and two tables, one of them under other terms; `small` takes members.
fn publisher() -> Publisher {
    let publisher = Publisher::start();
    publisher.put("free.txt", b"free\n");
    publisher.put("more.zip", &more(b"id,age\n1,60\n"));
    publisher
}

fn more(table: &[u8]) -> Vec<u8> {
    zip_of(&[("set/table.csv", table), ("set/big.bin", &noise()), ("set/notes.txt", b"notes\n")])
}

fn entry(publisher: &Publisher, title: &str) -> String {
    publisher.entry(title, "data")
        + "\n[[release.file]]\npath = \"free.txt\"\nlicense = \"MIT\"\n\n\
           [[release.file]]\npath = \"more.zip\"\n\
           unpack = { format = \"zip\", strip = \"auto\", into = \"data/more\" }\n\n\
           [[release.subset]]\nname = \"labels\"\ninclude = [\"labels.csv\"]\n\n\
           [[release.subset]]\nname = \"small\"\ninclude = [\"more.zip\", \"free.txt\"]\nmembers = [\"*.csv\"]\n"
}

fn file(machine: &Machine) -> PathBuf {
    machine.work().join("medsets.toml")
}

fn text(machine: &Machine) -> String {
    std::fs::read_to_string(file(machine)).unwrap()
}

/// A machine with a project that has these keys in the table of `made`, from line 6 on.
fn machine(publisher: &Publisher, keys: &str) -> Machine {
    let machine = Machine::new(publisher, &entry(publisher, "Made"));
    let project = format!("[project]\nname = \"lung\"\n\n[[dataset]]\nid = \"made\"\n{keys}\n");
    std::fs::write(file(&machine), project).unwrap();
    machine
}

/// What of `made` is on the machine.
fn names(machine: &Machine) -> Vec<String> {
    let tree = machine.tree("made/1");
    tree.into_keys().filter(|name| !name.starts_with('.')).collect()
}

/// Fails the test unless standard output holds each of these.
#[track_caller]
fn prints(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(ran.stdout.contains(part), "`{part}` is not in: {}\n{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn each_choice_gives_the_same_bytes_in_another_empty_home() {
    #[track_caller]
    fn check(keys: &str, flags: &[&str], expected: &[&str], in_lock: &str) {
        let publisher = publisher();
        let first = machine(&publisher, keys);
        first.run(&["lock"]).expect(0);
        first.run(&["sync", "--frozen"]).expect(12).says(&["made@1", "in the lock", "without `--frozen`"]);
        first.run(&["sync"]).expect(0);
        assert_eq!(names(&first), expected, "{keys}");
        assert!(first.lock().contains(in_lock), "{in_lock}: {}", first.lock());
        let settled = first.lock();
        first.run(&["lock", "--check"]).expect(0);

        // By then `labels` and `small` are something else, and the table has other terms.
        let second = machine(&publisher, keys);
        let other = entry(&publisher, "Made anew").replace("license = \"MIT\"", "license = \"CC0-1.0\"");
        let other =
            other.replace("include = [\"labels.csv\"]", "include = [\"*.txt\"]").replace("[\"*.csv\"]", "[\"*\"]");
        second.home.overlay("made.toml", &other);
        second.clone_from(&first);
        second.run(&["sync", "--frozen"]).expect(0);
        assert_eq!(second.tree("made/1"), first.tree("made/1"), "{keys}");
        assert_eq!(second.lock(), settled);
        for machine in [&first, &second] {
            machine.run(&["sync", "--check"]).expect(0);
            machine.run(&["verify"]).expect(0);
            // The flags of the same meaning ask for the same part, which is here.
            machine.run(&[&["fetch", "made", "--offline"], flags].concat()).expect(0);
            machine.run(&["status", "--exit-code"]).expect(0);
        }
        std::fs::remove_dir_all(second.work().join("data/made")).unwrap();
        second.run(&[&["fetch", "made"], flags].concat()).expect(0);
        assert_eq!(second.tree("made/1"), first.tree("made/1"), "{keys}");
        // A copy that is here makes the same lock, and asks nobody.
        std::fs::remove_file(first.work().join("medsets.lock")).unwrap();
        first.run(&["lock", "--offline"]).expect(0);
        assert_eq!(first.lock(), settled, "{keys}");
    }
    check("subset = [\"labels\"]", &["--subset", "Labels"], &["data/labels.csv"], "\nsubset = [\"labels\"]\n");
    check(
        "subset = [\"small\"]",
        &["--subset", "small"],
        &["data/free.txt", "data/more/table.csv"],
        ", only = [\"*.csv\"], directory = \"",
    );
    check(
        "members = [\"*.txt\"]",
        &["--members", "*.txt"],
        &["data/more/notes.txt", "data/notes.txt"],
        "\nmembers = [\"*.txt\"]\n",
    );
    check(
        "include = [\"more.zip\", \"labels.csv\"]\nmembers = [\"*.txt\", \"*.csv\"]\nexclude = [\"pictures.zip\"]",
        &[
            "--include",
            "labels.csv",
            "--include",
            "more.zip",
            "--members",
            "*.csv",
            "--members",
            "*.txt",
            "--exclude",
            "pictures.zip",
        ],
        &["data/labels.csv", "data/more/notes.txt", "data/more/table.csv"],
        "\ninclude = [\"labels.csv\", \"more.zip\"]\nexclude = [\"pictures.zip\"]\nmembers = [\"*.csv\", \"*.txt\"]\n",
    );
    check("license = [\"mit\"]", &["--license", "MIT"], &["data/free.txt"], "\nonly-license = [\"mit\"]\n");
    check(
        "subset = [\"labels\", \"small\"]\nlicense = [\"CC0-1.0\"]",
        &["--subset", "small", "--subset", "labels", "--license", "cc0-1.0"],
        &["data/labels.csv", "data/more/table.csv"],
        "\nsubset = [\"labels\", \"small\"]\nonly-license = [\"cc0-1.0\"]\n",
    );
}

#[test]
fn members_come_by_ranges_and_are_those_of_the_lock() {
    let publisher = publisher();
    let first = machine(&publisher, "include = [\"more.zip\"]\nmembers = [\"*.csv\"]");
    let ran = first.run(&["lock"]).expect(0);
    prints(&ran, &["1 file to be pinned by the first `medsets sync`"]);
    first.run(&["sync"]).expect(0).says(&["1 file pinned by SHA-256"]);
    let second = machine(&publisher, "");
    second.clone_from(&first);
    let answer = second.json(&["sync", "--frozen"]);
    assert_eq!(answer["exit"], 0, "{answer}");
    let downloaded = answer["data"]["datasets"][0]["downloaded"].as_u64().unwrap();
    assert!(downloaded < BIG as u64 / 2, "{downloaded} of {BIG}");
    let asked = publisher.host.log();
    assert!(asked.iter().filter(|asked| asked.path.contains("more.zip")).all(|asked| asked.header("range").is_some()));
    // A damaged one is had again, by itself.
    std::fs::write(second.work().join("data/made/1/data/more/table.csv"), "x").unwrap();
    second.run(&["sync", "--check"]).expect(62);
    second.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(second.tree("made/1"), first.tree("made/1"));

    // The publisher replaces the archive by one of the same length.
    publisher.put("more.zip", &more(b"id,age\n1,61\n"));
    let third = machine(&publisher, "");
    third.clone_from(&first);
    let directory = third.lock().split("directory = \"").nth(1).unwrap()[..64].to_owned();
    third.run(&["sync", "--frozen"]).expect(40).says(&[
        "the directory of `more.zip` is not that of the lock",
        &directory,
        "--accept-changed 'made:more.zip' --reason TEXT",
    ]);
    assert!(!third.work().join("data/made/1").exists());
    third.run(&["sync", "--accept-changed", "made:more.zip", "--reason", "an age was wrong"]).expect(0);
    assert!(!third.lock().contains(&directory) && third.lock().contains("directory = \""), "{}", third.lock());
    third.run(&["sync", "--check"]).expect(0);
    // The first machine has the old members, and is brought to the new lock.
    first.clone_from(&third);
    first.run(&["sync", "--check"]).expect(62);
    first.run(&["sync", "--frozen"]).expect(0);
    assert_eq!(first.tree("made/1"), third.tree("made/1"));
}

#[test]
fn what_cannot_be_chosen_is_shown_where_it_stands() {
    #[track_caller]
    fn check(keys: &str, code: i32, says: &[&str]) {
        let publisher = publisher();
        let machine = machine(&publisher, keys);
        let before = text(&machine);
        for arguments in [&["lock"][..], &["sync"]] {
            machine.run(arguments).expect(code).says(says);
        }
        let left: Vec<_> = std::fs::read_dir(machine.work()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert!(!machine.work().join("medsets.lock").exists(), "{left:?}");
        assert!(!machine.work().join("data/made").exists(), "{left:?}");
        assert_eq!(text(&machine), before);
    }
    check(
        "subset = [\"small\", \"lables\"]",
        11,
        &[
            "no subset `lables`",
            "`labels`, `small`",
            "medsets.toml:6:20",
            "6 | subset = [\"small\", \"lables\"]",
            "^^^^^^^^",
        ],
    );
    check("members = [\"a[\"]", 2, &["is no glob", "medsets.toml:6:12", "^^^^"]);
    check("include = [\"*.dcm\"]\nmembers = [\"*\"]", 2, &["`*.dcm` matches no file", "line 4"]);
    check("include = [\"*.zip\"]\nlicense = [\"CC-BY-4.0\"]", 2, &["cc-by-4.0", "line 4"]);
    check("subset = [\"labels\"]\nexclude = [\"nowhere\"]", 2, &["`nowhere` matches no file", "line 4"]);
    for (keys, place, says) in [
        ("subset = \"labels\"", "line 6", "expected a sequence"),
        ("members = [\"\"]", "line 6", "a value of `members` is empty"),
        ("include = [\"*\"]\nlicense = [\"MIT\", \" \"]", "line 7", "a value of `license` is empty"),
        ("subsets = [\"labels\"]", "line 6", "unknown field `subsets`"),
    ] {
        check(keys, 10, &["medsets.toml", place, says, "^"]);
    }
}

#[test]
fn members_that_are_not_there_are_told_and_nothing_is_laid_out() {
    let publisher = publisher();
    let machine = machine(&publisher, "include = [\"more.zip\"]\nmembers = [\"*.dcm\"]");
    machine.run(&["lock"]).expect(0);
    machine.run(&["sync"]).expect(2).says(&["`*.dcm` matches no member of `more.zip`"]);
    assert!(!machine.work().join("data/made").exists());
    let text = text(&machine).replace("more.zip", "labels.csv");
    std::fs::write(file(&machine), text).unwrap();
    // A file that is no archive is taken whole.
    machine.run(&["sync"]).expect(0);
    assert_eq!(names(&machine), ["data/labels.csv"]);
}

#[test]
fn a_choice_that_was_edited_in_the_lock_is_refused() {
    let publisher = publisher();
    let made = machine(&publisher, "include = [\"more.zip\"]\nmembers = [\"*.csv\"]");
    made.run(&["sync"]).expect(0);
    let good = made.lock();
    let second = machine(&publisher, "");
    #[track_caller]
    fn check(second: &Machine, first: &Machine, edited: &str, says: &[&str]) {
        second.clone_from(first);
        assert_ne!(edited, first.lock());
        let edited = &crate::lock::sealed(edited);
        second.write_lock(edited);
        second.run(&["sync", "--frozen"]).expect(12).says(says);
        assert_eq!(second.lock(), *edited, "nothing is lost");
        assert!(!second.work().join("data/made").exists());
    }
    let anew = "medsets lock --upgrade";
    check(
        &second,
        &made,
        &good.replace("only = [\"*.csv\"]", "only = [\"*\"]"),
        &["other members of `more.zip`", anew],
    );
    let wider = good.replace("members = [\"*.csv\"]", "members = [\"*\"]");
    check(&second, &made, &wider, &["is not what line 4 of `medsets.toml` asks for", anew]);
    let none = good.replace("only = [\"*.csv\"], ", "");
    check(&second, &made, &none, &["`directory` stands beside `only`", "^", "version control"]);
    let digest = good.split("directory = ").nth(1).unwrap()[..66].to_owned();
    check(&second, &made, &good.replace(&digest, "\"abc\""), &["64 lower-case hexadecimal digits"]);
    let unpinned = good.replace(&format!(", directory = {digest}"), "");
    check(&second, &made, &unpinned, &["the members of 1 archive of `made@1` are not pinned"]);
    let tree = good.lines().find(|line| line.starts_with("tree = ")).unwrap().to_owned();
    check(&second, &made, &good.replace(&format!("{tree}\n"), ""), &["are not pinned in the lock"]);
    // Another tree is another set of bytes.
    second.forge_lock(&good.replace(&tree, &format!("tree = \"sha256:{}\"", "0".repeat(64))));
    second.run(&["sync", "--frozen"]).expect(40).says(&["came out as tree"]);
    assert!(!second.work().join("data/made").exists());
}

#[test]
fn add_writes_the_keys_and_changes_them_in_their_place() {
    let publisher = publisher();
    let machine = machine(&publisher, "# why these\n# and no others\n");
    std::fs::write(file(&machine), "[project]\nname = \"lung\"\n").unwrap();
    let ran = machine.run(&["add", "made", "--subset", "labels", "--members", "*.csv", "--license", "MIT,CC0-1.0"]);
    prints(&ran.expect(0), &["added made@1 (line 4)"]);
    let keys = "version = \"1\"\nsubset = [\"labels\"]\nmembers = [\"*.csv\"]\nlicense = [\"MIT\", \"CC0-1.0\"]\n";
    assert!(text(&machine).ends_with(keys), "{}", text(&machine));
    machine.run(&["sync"]).expect(0);
    // Comments stay, and what is not named stays.
    let commented = text(&machine)
        .replace("subset = [\"labels\"]", "# the table\nsubset = [\"labels\"] # small")
        .replace("members = [\"*.csv\"]", "members = [\n    \"*.csv\", # tables\n]");
    std::fs::write(file(&machine), &commented).unwrap();
    let ran = machine.run(&["add", "made", "--subset", "small", "--include", "more.zip", "--include", "labels.csv"]);
    prints(&ran.expect(0), &["changed made@1"]);
    let expected = commented.replace(
        "subset = [\"labels\"] # small",
        "subset = [\"small\"] # small\ninclude = [\"more.zip\", \"labels.csv\"]",
    );
    assert_eq!(text(&machine), expected);
    let ran = machine.run(&["lock"]).expect(0);
    prints(
        &ran,
        &["choice: subset labels; members *.csv; under cc0-1.0, mit -> subset small; files labels.csv, more.zip"],
    );
    let answer = machine.json(&["add", "made", "--members", "*.txt", "--license", "cc0-1.0", "--dry-run"]);
    let table = &answer["data"]["datasets"][0];
    assert_eq!(
        (&table["change"], &table["members"][0], &table["license"][0]),
        (&"changed".into(), &"*.txt".into(), &"cc0-1.0".into())
    );
    assert_eq!(text(&machine), expected, "a dry run writes nothing");
    machine.run(&["add", "made", "--members", "*.txt"]).expect(0);
    assert!(text(&machine).contains("# tables\nmembers = [\"*.txt\"]\n"), "{}", text(&machine));
    machine.run(&["add", "made", "--whole"]).expect(0);
    assert!(text(&machine).ends_with("version = \"1\"\n# the table\n# small\n# tables\n"), "{}", text(&machine));

    let before = text(&machine);
    machine.run(&["add", "made", "--subset", "lables"]).expect(11).says(&["no subset `lables`", "`labels`, `small`"]);
    machine.run(&["add", "made", "--members", "a["]).expect(2).says(&["is no glob"]);
    machine
        .run(&["add", "made", "--license", "CC-BY-4.0"])
        .expect(2)
        .says(&["there is `CC0-1.0` (3 files), `MIT` (1 file)"]);
    machine.run(&["add", "made", "--license", ""]).expect(2).says(&["`--license` says nothing"]);
    machine.run(&["add", "made", "--whole", "--members", "*"]).expect(2);
    machine.run(&["add", "zenodo:1", "--subset", "labels"]).expect(2).says(&["not in the catalogue", "--include GLOB"]);
    assert_eq!(text(&machine), before);
    machine.run(&["add", "zenodo:1", "--members", "*.csv", "--license", "CC-BY-4.0"]).expect(0);
    assert!(text(&machine).ends_with("id = \"zenodo:1\"\nmembers = [\"*.csv\"]\nlicense = [\"CC-BY-4.0\"]\n"));
}

/// A lock from before these keys goes on answering its project file.
#[test]
fn tables_without_the_keys_ask_for_what_they_always_did() {
    let home = Home::new();
    let work = home.path().join("work");
    let table = "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"demo\"\ninclude = [\"labels\", \"images\"]\nexclude = [\"docs\"]\n";
    std::fs::write(work.join("medsets.toml"), table).unwrap();
    home.run(&["lock"]).expect(0);
    let lock = std::fs::read_to_string(work.join("medsets.lock")).unwrap();
    // SHA-256 of `["demo",null,["images","labels"],["docs"]]`.
    assert!(
        lock.contains("input = \"sha256:99748de02f242d59d412325981deb007b3797c632712042d8a27ba7df6c7880c\""),
        "{lock}"
    );
    assert!(
        lock.contains("\nsource = \"embedded\"\ninclude = [\"images\", \"labels\"]\nexclude = [\"docs\"]\ninput"),
        "{lock}"
    );
    for key in ["subset", "members", "only"] {
        assert!(!lock.contains(key), "{lock}");
    }
    // The order in which a list is written changes nothing; what it asks for does.
    std::fs::write(work.join("medsets.toml"), table.replace("\"labels\", \"images\"", "\"images\", \"labels\""))
        .unwrap();
    home.run(&["lock", "--check"]).expect(0);
    std::fs::write(work.join("medsets.toml"), format!("{table}subset = [\"texts\"]\n")).unwrap();
    home.run(&["lock", "--check"]).expect(12);
    home.run(&["sync", "--locked"]).expect(12).says(&["`demo` in line 4 is not in it as it is asked for"]);
}
