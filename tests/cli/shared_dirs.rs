//! Data folders that somebody else has filled: used where they lie, by whoever may, and never
//! written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use crate::support::archives::{Served, serve_with};
use crate::support::home::{Home, Ran, tree};

const GATED: &str = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                     license = \"LicenseRef-medsets-demo\"\n";

/// Somebody who has fetched `made` for others, and a person with a home of their own.
struct Scene {
    served: Served,
    person: Home,
}

impl Scene {
    fn new(tables: &str) -> Self {
        let files =
            [("a.csv", b"a,b\n".to_vec(), ""), ("b.csv", b"b,c\n".to_vec(), ""), ("c.csv", b"c\n".to_vec(), "")];
        let served = serve_with(Home::new().with("MEDSETS_STORE", "all"), &files, tables);
        let person = Home::new()
            .with("MEDSETS_REWRITE", format!("https://files.example.org/={}", served.host.url()))
            .with("MEDSETS_SHARED_DIRS", served.home.data().to_str().unwrap());
        Self { served, person }
    }

    fn accepts(&self, home: &Home) {
        let shown = home.json(&["--catalog", &self.served.catalog, "access", "accept", "made", "--dry-run"]);
        let digest = shown["data"]["text_digest"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
        self.by(home, &["access", "accept", "made", "--text-digest", &digest]).expect(0);
    }

    fn by(&self, home: &Home, arguments: &[&str]) -> Ran {
        home.run(&[&["--catalog", self.served.catalog.as_str()], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.by(&self.person, arguments)
    }

    fn asked(&self) -> usize {
        self.served.host.log().len()
    }

    fn place(&self) -> std::path::PathBuf {
        self.person.data().join("made/1")
    }

    fn ledger(&self) -> String {
        std::fs::read_to_string(self.person.state().join("ledger.jsonl")).unwrap_or_default()
    }
}

/// Every file and folder below, with its bytes' length and its time.
fn snapshot(root: &Path) -> BTreeMap<std::path::PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            found.insert(path.clone(), (metadata.len(), metadata.modified().unwrap()));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

#[test]
fn a_shared_copy_is_for_those_whose_own_grant_covers_it() {
    let scene = Scene::new(GATED);
    scene.accepts(&scene.served.home);
    scene.served.run(&["fetch", "made"]).expect(0);
    let (before, asked) = (snapshot(&scene.served.home.data()), scene.asked());
    scene.run(&["fetch", "made"]).expect(23);
    assert!(std::fs::symlink_metadata(scene.place()).is_err() && scene.ledger().is_empty());
    scene.accepts(&scene.person);
    scene.run(&["fetch", "made", "--dry-run"]).expect(0);
    assert!(std::fs::symlink_metadata(scene.place()).is_err(), "nothing was changed");
    let ran = scene.run(&["fetch", "made"]).expect(0).says(&["shared: "]);
    assert_eq!(ran.stdout.trim(), scene.place().to_str().unwrap());
    assert_eq!(std::fs::read_link(scene.place()).unwrap(), scene.served.home.data().join("made/1"));
    let mark = std::fs::read_to_string(scene.person.data().join("made/.1.link.json")).unwrap();
    assert!(mark.contains("\"shared\"") && mark.contains(scene.served.home.data().to_str().unwrap()), "{mark}");
    assert_eq!(std::fs::read(scene.place().join("data/a.csv")).unwrap(), b"a,b\n");
    assert_eq!(scene.asked(), asked, "no request to the host");
    // The ledger is the person's own, and names no place.
    let last = scene.ledger().lines().last().unwrap().to_owned();
    assert!(last.contains("\"kind\":\"fetch\"") && last.contains("shared copy"), "{last}");
    assert!(!last.contains(scene.served.home.path().to_str().unwrap()), "{last}");
    scene.run(&["ledger", "verify"]).expect(0);
    // Again it is whole, and nothing is entered twice.
    let answer = scene.person.json(&["--catalog", &scene.served.catalog, "fetch", "made"]);
    assert_eq!(answer["data"]["datasets"][0]["shared"], scene.served.home.data().join("made/1").to_str().unwrap());
    assert_eq!(scene.ledger().lines().count(), 2);
    assert_eq!(snapshot(&scene.served.home.data()), before);
    // A grant that was taken back closes it.
    scene.run(&["access", "withdraw", "made"]).expect(0);
    scene.run(&["fetch", "made"]).expect(23);
}

#[test]
fn what_reads_datasets_reads_shared_ones_and_what_writes_refuses() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made", "--include", "[ab].csv"]).expect(0);
    scene.run(&["fetch", "made", "--include", "[ab].csv"]).expect(0);
    let shared = scene.served.home.data().join("made/1");
    let before = snapshot(&scene.served.home.data());
    for arguments in [&["list"][..], &["status", "--exit-code"], &["verify"], &["du"], &["audit", "made"]] {
        let ran = scene.run(arguments).expect(0);
        assert!(ran.stdout.contains("made"), "{arguments:?}: {ran:?}");
    }
    let path = scene.run(&["path", "made", "--must-exist"]).expect(0).stdout;
    assert_eq!(path.trim(), scene.place().to_str().unwrap());
    let why = scene.run(&["why", scene.place().join("data/a.csv").to_str().unwrap()]).expect(0);
    assert!(why.stdout.contains("made"), "{why:?}");
    let list = scene.person.json(&["list"]);
    assert_eq!(list["data"]["datasets"][0]["shared"], shared.to_str().unwrap());
    // More files are nothing that could be put there.
    scene.run(&["fetch", "made"]).expect(52).says(&["shared folder", "medsets remove made", "MEDSETS_SHARED_DIRS="]);
    let given = scene.person.path().join("c.csv");
    std::fs::write(&given, "c\n").unwrap();
    scene.run(&["import", "made", given.to_str().unwrap()]).expect(52).says(&["medsets remove made"]);
    scene.run(&["remove", "made", "--archives-only", "--yes"]).expect(52);
    assert_eq!(snapshot(&scene.served.home.data()), before);
    std::fs::write(shared.join("data/a.csv"), "x,y\n").unwrap();
    let before = snapshot(&scene.served.home.data());
    scene.run(&["verify", "made"]).expect(40);
    scene.run(&["verify", "made", "--repair"]).expect(52).says(&["medsets remove made"]);
    assert_eq!(snapshot(&scene.served.home.data()), before);
    // What is removed is the link.
    let removed = scene.run(&["remove", "made", "--yes"]).expect(0).stdout;
    assert!(removed.contains("stays"), "{removed}");
    assert!(std::fs::symlink_metadata(scene.place()).is_err() && !scene.person.data().join("made").exists());
    assert_eq!(snapshot(&scene.served.home.data()), before);
    scene.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_shared_copy_without_its_manifest_is_told_of_and_used() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made"]).expect(0);
    scene.run(&["fetch", "made"]).expect(0);
    let shared = scene.served.home.data().join("made/1");
    std::fs::remove_file(shared.join(".medsets/manifest.sha256")).unwrap();
    let (before, asked) = (snapshot(&scene.served.home.data()), scene.asked());
    let owner = format!("whoever keeps `{}` has it written anew by `medsets fetch made`", shared.display());
    scene.run(&["fetch", "made"]).expect(0).says(&["manifest.sha256", &owner]);
    assert_eq!(snapshot(&scene.served.home.data()), before);
    scene.served.run(&["fetch", "made"]).expect(0).says(&["was written anew"]);
    assert!(!scene.run(&["fetch", "made"]).expect(0).stderr.contains("manifest"));
    assert_eq!(scene.asked(), asked);
}

#[test]
fn of_a_copy_that_is_not_whole_single_files_are_taken() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made"]).expect(0);
    // One file is damaged behind the back of size and time, one is gone.
    let data = scene.served.home.data().join("made/1/data");
    std::fs::remove_file(data.join("b.csv")).unwrap();
    let modified = std::fs::metadata(data.join("c.csv")).unwrap().modified().unwrap();
    std::fs::remove_file(data.join("c.csv")).unwrap();
    std::fs::write(data.join("c.csv"), "C\n").unwrap();
    std::fs::File::open(data.join("c.csv")).unwrap().set_modified(modified).unwrap();
    std::fs::remove_dir_all(scene.served.home.data().join(".medsets-store/objects")).unwrap();
    let (before, asked) = (snapshot(&scene.served.home.data()), scene.asked());
    let planned = scene.run(&["fetch", "made", "--dry-run"]).expect(0).stdout;
    assert!(planned.contains("keep                 a.csv"), "{planned}");
    let ran = scene.run(&["fetch", "made"]).expect(0).says(&["warning", "is not used", "b.csv"]);
    assert!(!ran.stderr.contains("shared: "), "{}", ran.stderr);
    let asked: Vec<String> = scene.served.host.log()[asked..].iter().map(|asked| asked.path.clone()).collect();
    assert!(asked.contains(&"/made/b.csv".to_owned()) && asked.contains(&"/made/c.csv".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"/made/a.csv".to_owned()), "{asked:?}");
    assert!(std::fs::symlink_metadata(scene.place()).unwrap().is_dir(), "a copy of one's own");
    scene.run(&["verify", "made"]).expect(0);
    assert_eq!(snapshot(&scene.served.home.data()), before);
}

#[test]
fn more_than_the_copy_has_is_downloaded_beside_it() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made", "--include", "a.csv"]).expect(0);
    let asked = scene.asked();
    scene.run(&["fetch", "made", "--offline"]).expect(30).says(&["2 of 3 files not here"]);
    let answer = scene.person.json(&["--catalog", &scene.served.catalog, "fetch", "made"]);
    assert_eq!(answer["data"]["datasets"][0]["reused"], 4, "{answer}");
    assert_eq!(scene.asked(), asked + 2);
    assert_eq!(tree(&scene.place().join("data")).len(), 3);
    // A folder that is named is for a copy of one's own.
    let elsewhere = scene.person.path().join("elsewhere");
    scene.run(&["fetch", "made", "--include", "a.csv", "--to", elsewhere.to_str().unwrap()]).expect(0);
    assert!(std::fs::symlink_metadata(elsewhere.join("made/1")).unwrap().is_dir());
}

#[test]
fn a_shared_folder_that_is_away_is_a_warning() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made"]).expect(0);
    scene.run(&["fetch", "made"]).expect(0);
    let away = scene.served.home.path().join("away");
    std::fs::rename(scene.served.home.data(), &away).unwrap();
    scene.run(&["fetch", "made", "--dry-run"]).expect(0).says(&["not to be had any more"]);
    assert!(std::fs::symlink_metadata(scene.place()).unwrap().is_symlink());
    scene.run(&["fetch", "made"]).expect(0).says(&["warning", "not to be had any more", "not looked at"]);
    assert!(std::fs::symlink_metadata(scene.place()).unwrap().is_dir());
    scene.run(&["verify", "made"]).expect(0);
}

#[test]
fn a_kill_between_the_link_and_the_ledger_is_mended() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made"]).expect(0);
    std::fs::create_dir_all(scene.place().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(scene.served.home.data().join("made/1"), scene.place()).unwrap();
    assert!(scene.ledger().is_empty());
    scene.run(&["fetch", "made"]).expect(0).says(&["shared: "]);
    assert_eq!(scene.ledger().lines().count(), 1);
}

#[test]
fn doctor_says_what_can_be_had_of_each_folder() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made"]).expect(0);
    let person = &scene.person;
    let shared = |home: &Home| -> Vec<(String, String)> {
        let checks = home.json(&["doctor"])["data"]["checks"].clone();
        let of_folders = checks.as_array().unwrap().iter().filter(|one| one["name"] == "shared folder");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        of_folders.map(|one| (text(&one["state"]), text(&one["detail"]))).collect()
    };
    let folder = scene.served.home.data();
    let found = shared(person);
    assert_eq!(found.len(), 1, "{found:?}");
    let (state, detail) = &found[0];
    assert!(detail.contains(folder.to_str().unwrap()) && detail.contains("1 dataset"), "{detail}");
    assert!(detail.contains("hard links work") || detail.contains("without hard links"), "{detail}");
    // It is this very person's, who could change it.
    assert!(state == "note" && detail.contains("you may write there"), "{detail}");
    assert!(!person.data().exists(), "nothing is made");
    std::fs::write(folder.join("made/1/.medsets/receipt.json"), "garbage").unwrap();
    assert!(shared(person)[0].1.contains("1 of them cannot be used from here"), "{:?}", shared(person));
    let empty = person.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let other = Home::new().with("MEDSETS_SHARED_DIRS", format!("{}:/nowhere/at/all", empty.display()));
    let found = shared(&other);
    assert!(found[0].1.contains("no data folder of medsets"), "{found:?}");
    assert!(found[1].0 == "bad" && found[1].1.contains("no such folder"), "{found:?}");
}

#[test]
fn several_at_once_use_one_shared_copy() {
    let lender = super::shards::single();
    let shared = lender.home.data().to_string_lossy().into_owned();
    let borrow = || {
        let home = Home::new().with("MEDSETS_SHARED_DIRS", shared.as_str());
        let text = std::fs::read_to_string(Path::new(&lender.catalog).join("parts.toml")).unwrap();
        let catalog = home.overlay("parts.toml", &text);
        (home, catalog)
    };
    let entries = |home: &Home| {
        let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap_or_default();
        ledger.lines().filter(|line| line.contains("\"kind\":\"fetch\"")).count()
    };
    for _ in 0..3 {
        let (home, catalog) = borrow();
        let children: Vec<std::process::Child> =
            (0..6).map(|_| home.command(&["--catalog", &catalog, "fetch", "parts"]).spawn().unwrap()).collect();
        for child in children {
            let ran: Ran = child.wait_with_output().unwrap().into();
            ran.expect(0);
        }
        assert_eq!(entries(&home), 1);
        assert!(home.data().join("parts/1").is_symlink());
        let left = std::fs::read_dir(home.data().join(".medsets-store/parts")).unwrap().count();
        assert_eq!(left, 0);
    }
    let (home, catalog) = borrow();
    for number in 1..=2 {
        let ran = home.run(&["--catalog", &catalog, "fetch", "parts", "--shard", &format!("{number}/2")]).expect(0);
        assert!(ran.stderr.contains("shared: "), "{ran:?}");
    }
    assert!(!home.data().join("parts").exists() && entries(&home) == 0, "a shard changes nothing");
    home.run(&["--catalog", &catalog, "fetch", "parts", "--finish"]).expect(0);
    assert!(home.data().join("parts/1").is_symlink() && entries(&home) == 1);
    home.run(&["--catalog", &catalog, "fetch", "parts", "--shard", "1/2"]).expect(0);
    assert_eq!(entries(&home), 1);
}

#[test]
fn of_a_copy_of_all_a_licence_takes_its_own_files_alone() {
    let scene = Scene::new("");
    let entry = Path::new(&scene.served.catalog).join("made.toml");
    let text = std::fs::read_to_string(&entry).unwrap();
    let of_b = "path = \"b.csv\"\n";
    std::fs::write(&entry, text.replace(of_b, &format!("{of_b}license = \"CC-BY-NC-4.0\"\n"))).unwrap();
    scene.served.run(&["fetch", "made"]).expect(0);
    let asked = scene.asked();
    scene.run(&["fetch", "made", "--license", "CC0-1.0"]).expect(0);
    assert!(std::fs::symlink_metadata(scene.place()).unwrap().is_dir(), "a copy of one's own");
    let files: Vec<String> = tree(&scene.place().join("data")).into_keys().collect();
    assert_eq!(files, ["a.csv", "c.csv"]);
    assert_eq!(scene.asked(), asked, "they came from the shared folder");
}

#[test]
fn a_copy_that_was_only_touched_is_told_from_one_with_a_file_missing() {
    let scene = Scene::new("");
    scene.served.run(&["fetch", "made"]).expect(0);
    let file = scene.served.home.data().join("made/1/data/a.csv");
    std::fs::File::open(&file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    scene.run(&["fetch", "made"]).expect(0).says(&["is not used", "has another size or time than its record"]);
}

#[test]
fn whoever_has_no_ledger_beside_the_data_of_others_is_told_so() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let verify = |user: &str, arguments: &[&str]| -> Ran {
        let mut run = home.command(&[&["ledger", "verify"], arguments].concat());
        run.env("USER", user).env("XDG_STATE_HOME", home.path().join("none")).output().unwrap().into()
    };
    let ran = verify("somebody-else", &[]).expect(0);
    for part in ["there is no ledger at", "there is nothing to check", "1 dataset here"] {
        assert!(ran.stdout.contains(part), "{ran:?}");
    }
    let told: serde_json::Value = serde_json::from_str(&verify("somebody-else", &["--json"]).expect(0).stdout).unwrap();
    assert!(told["data"]["is_there"] == false && told["data"]["heads_of_others"] == 1, "{told}");
    // One's own that is gone is missed.
    let ran = verify("tester", &[]).expect(14).says(&["is gone", "restore the file from a backup"]);
    assert!(ran.stdout.contains("missing, up to entry 1, which was noted"), "{ran:?}");
    let empty = Home::new().run(&["ledger", "verify"]).expect(0);
    assert!(empty.stdout.contains("there is nothing to check"), "{empty:?}");
}

/// Changes the receipt of `demo`.
fn edit_receipt(home: &Home, edit: impl FnOnce(&str) -> String) {
    let receipt = home.data().join("demo/1.0/.medsets/receipt.json");
    let text = std::fs::read_to_string(&receipt).unwrap();
    let edited = edit(&text);
    assert_ne!(edited, text);
    std::fs::write(&receipt, edited).unwrap();
}

#[test]
fn an_account_of_the_same_name_on_another_machine_misses_no_ledger() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    std::fs::remove_dir_all(home.state()).unwrap();
    home.run(&["ledger", "verify"]).expect(14).says(&["is gone"]);
    edit_receipt(&home, |text| text.replace("\"host\": \"", "\"host\": \"not-"));
    let ran = home.run(&["ledger", "verify"]).expect(0);
    assert!(ran.stdout.contains("other machines tell of 1 dataset"), "{ran:?}");
}

#[test]
fn a_ledger_that_was_lost_is_told_of_once_another_is_begun() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    std::fs::remove_dir_all(home.state()).unwrap();
    home.run(&["ledger", "verify"]).expect(14).says(&["before you go on", "may begin a new ledger"]);
    let steps = home.json(&["access", "mimic-cxr"]);
    let training = steps["data"]["datasets"][0]["steps"][1]["id"].as_str().unwrap().to_owned();
    home.run(&["access", "grant", "mimic-cxr", &training, "--expires", "2999-01-01"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0).says(&["`demo@1.0` is noted in another ledger of yours", "backup"]);
}

#[test]
fn receipts_that_cannot_be_read_leave_it_open_whether_there_was_a_ledger() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    edit_receipt(&home, |text| text[..text.len() / 2].to_owned());
    home.run(&["ledger", "verify"]).expect(0).says(&["not compared", "`demo@1.0`"]);
    std::fs::remove_dir_all(home.state()).unwrap();
    home.run(&["ledger", "verify"]).expect(62).says(&["nobody can say", "`demo@1.0`", "verify ID --repair"]);
    use std::os::unix::fs::PermissionsExt as _;
    for closed in [home.data().join("demo"), home.data()] {
        let mode = |mode| std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0);
        let ran = home.run_unprivileged(&["ledger", "verify"]);
        mode(0o755);
        ran.expect(62).says(&["nobody can say", closed.to_str().unwrap()]);
    }
}
