//! What an attack on split fetches found: work that was lost, lists that ended early, and runs
//! that waited or worked against each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::shards::{Scene, scene, single};
use crate::support::home::{Home, Ran, Waiting, tree};
use crate::support::server::{Answer, Server};

fn shards(scene: &Scene, of: u32, more: &[&str]) {
    for number in 1..=of {
        scene.fetch(&[&["--shard", &format!("{number}/{of}")], more].concat()).expect(0);
    }
}

fn entry(scene: &Scene) -> std::path::PathBuf {
    Path::new(&scene.catalog).join("parts.toml")
}

fn parts(home: &Home) -> Vec<String> {
    let parts = home.data().join(".medsets-store/parts");
    let mut names: Vec<String> = tree(&parts).into_keys().collect();
    names.sort();
    names
}

#[test]
fn a_finish_for_another_source_or_entry_touches_nothing() {
    let scene = scene();
    let text = std::fs::read_to_string(entry(&scene)).unwrap();
    let two = text.replacen(
        "[[release.source]]",
        "[[release.source]]\nchannel = \"first\"\nprovider = \"http\"\nbase = \"https://data.example.org/\"\n\
         [[release.source]]",
        1,
    );
    std::fs::write(entry(&scene), &two).unwrap();
    shards(&scene, 2, &["--source", "web"]);
    let (before, asked) = (parts(&scene.home), scene.asked());
    for more in [&["--finish"][..], &["--finish", "--dry-run"], &["--finish", "--offline"]] {
        scene.fetch(more).expect(2).says(&["from `web`", "`first`", "--source web"]);
    }
    scene.fetch(&["--shard", "1/2"]).expect(2).says(&["from `web`", "--source web"]);
    // A comment makes another entry.
    std::fs::write(entry(&scene), format!("{two}\n# a comment\n")).unwrap();
    let ran = scene.fetch(&["--finish", "--source", "web"]).expect(62).says(&["another one", " then, ", " now"]);
    assert!(ran.stderr.contains("parts@1+shards") && ran.stderr.contains("parts@1+shard-*"), "{ran:?}");
    // Without what they agreed on, the work itself tells.
    let agreed = scene.store().join("parts/parts@1+shards");
    let split = std::fs::read(agreed.join("split.json")).unwrap();
    std::fs::remove_dir_all(&agreed).unwrap();
    scene.fetch(&["--finish", "--source", "web"]).expect(62).says(&["shard 1/2", "+shard-1-of-2"]);
    std::fs::create_dir(&agreed).unwrap();
    std::fs::write(agreed.join("split.json"), split).unwrap();
    std::fs::write(entry(&scene), &two).unwrap();
    assert_eq!((parts(&scene.home), scene.asked()), (before, asked.clone()), "nothing was touched, nothing asked for");
    scene.fetch(&["--finish", "--source", "web"]).expect(0);
    assert_eq!(scene.asked(), asked);
}

#[test]
fn a_finish_of_a_whole_dataset_leaves_work_for_another_part() {
    let scene = scene();
    scene.fetch(&["--include", "tables/**"]).expect(0);
    shards(&scene, 2, &["--include", "images/**"]);
    let before = parts(&scene.home);
    scene.fetch(&["--finish", "--include", "tables/**"]).expect(0).says(&["stays", "another part"]);
    assert_eq!(parts(&scene.home), before);
    scene.fetch(&["--finish", "--include", "images/**"]).expect(0);
    assert!(parts(&scene.home).is_empty(), "{:?}", parts(&scene.home));
}

/// The receipt and the ledger have the reason.
#[track_caller]
fn is_recorded(scene: &Scene, reason: &str) {
    let receipt = std::fs::read_to_string(scene.dir().join(".medsets/receipt.json")).unwrap();
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["reason"], reason);
    let ledger = std::fs::read_to_string(scene.home.state().join("ledger.jsonl")).unwrap();
    assert!(ledger.contains(reason), "{ledger}");
}

const CHANGED: &str = "tables/0/t0.csv";

/// The host has other bytes of one file.
fn changed() -> Scene {
    let scene = scene();
    scene.others.lock().unwrap().insert(CHANGED.into(), Some(Arc::new(b"other bytes".to_vec())));
    scene
}

#[test]
fn the_reason_for_other_bytes_outlives_the_run_that_was_told_it() {
    let told = ["--accept-changed", CHANGED, "--reason", "the publisher mended it"];
    // A fetch that fails by another file, and goes on.
    let scene = changed();
    scene.others.lock().unwrap().insert("slow.bin".into(), None);
    let ran = scene.fetch(&told);
    assert_ne!(ran.code, Some(0));
    scene.others.lock().unwrap().remove("slow.bin");
    scene.fetch(&[]).expect(0);
    is_recorded(&scene, "the publisher mended it");
    // Shards that were told, and a finish that was not.
    let scene = changed();
    shards(&scene, 2, &told);
    scene.fetch(&["--finish"]).expect(0);
    is_recorded(&scene, "the publisher mended it");
    // A finish does by the word of the shards what a dead one has left.
    let scene = changed();
    let theirs: Vec<u32> = (1..=2)
        .filter(|number| {
            let shard = format!("{number}/2");
            let plan = scene.fetch(&[&["--shard", &shard, "--dry-run"], &told[..]].concat()).expect(0);
            plan.stdout.contains("t0.csv")
        })
        .collect();
    let other = if theirs == [1] { "2/2" } else { "1/2" };
    scene.fetch(&[&["--shard", other], &told[..]].concat()).expect(0);
    scene.fetch(&["--finish"]).expect(0);
    is_recorded(&scene, "the publisher mended it");
    // Another part that is added later keeps it.
    let scene = changed();
    scene.fetch(&[&["--include", CHANGED], &told[..]].concat()).expect(0);
    scene.fetch(&[]).expect(0);
    is_recorded(&scene, "the publisher mended it");
}

#[test]
fn a_change_that_shards_were_not_told_of_is_told_as_such() {
    let scene = changed();
    let mut failed = 0;
    for number in 1..=2 {
        let ran = scene.fetch(&["--shard", &format!("{number}/2")]);
        failed += usize::from(ran.code == Some(40));
    }
    assert_eq!(failed, 1);
    let told = ["--accept-changed", CHANGED, "--reason", "mended"];
    let ran = scene.fetch(&[&["--shard", "1/2"], &told[..]].concat()).expect(2);
    let ran = ran.says(&["no file, and this one of `tables/0/t0.csv`", "--finish --accept-changed FILE"]);
    assert!(!ran.stderr.contains("in list"), "{ran:?}");
    scene.fetch(&["--finish"]).expect(40);
    let before = scene.asked();
    scene.fetch(&[&["--finish"], &told[..]].concat()).expect(0);
    let again: Vec<String> =
        scene.asked().into_iter().filter(|(name, count)| before[name] < *count).map(|(name, _)| name).collect();
    assert_eq!(again, [format!("/{CHANGED}")], "only that file");
    is_recorded(&scene, "mended");
}

/// A record of Zenodo whose files may change between two runs.
struct Deposit {
    host: Server,
    home: Home,
    catalog: String,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// Files that the list has and the host does not give.
    gone: Arc<Mutex<Vec<String>>>,
}

fn deposit() -> Deposit {
    let files: BTreeMap<String, Vec<u8>> =
        (0..20).map(|at| (format!("f{at}.csv"), format!("{at},").repeat(at + 1).into_bytes())).collect();
    let files = Arc::new(Mutex::new(files));
    let gone = Arc::new(Mutex::new(Vec::<String>::new()));
    let (given, lost) = (files.clone(), gone.clone());
    let host = Server::start(move |asked| {
        let files = given.lock().unwrap();
        if asked.path == "/api/records/42" {
            let list: Vec<Value> = files
                .iter()
                .map(|(name, bytes)| {
                    let mut md5 = medsets::values::Digester::new(medsets::values::Algorithm::Md5, None);
                    md5.update(bytes);
                    json!({ "id": "0", "key": name, "size": bytes.len(),
                            "checksum": format!("md5:{}", md5.finish().hex()),
                            "links": { "self": format!("https://zenodo.org/api/records/42/files/{name}/content") } })
                })
                .collect();
            let about = json!({ "title": "Toy", "access_right": "open", "license": { "id": "cc-by-4.0" } });
            return Answer::text(&json!({ "id": 42, "metadata": about, "files": list }).to_string());
        }
        let name = asked.path.trim_start_matches("/api/records/42/files/").trim_end_matches("/content");
        match files.get(name) {
            Some(bytes) if !lost.lock().unwrap().iter().any(|one| one == name) => {
                Answer::file(asked, &Arc::new(bytes.clone()), &format!("\"{}\"", bytes.len()))
            }
            _ => Answer::status(404),
        }
    });
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://zenodo.org/={}", host.url()));
    let catalog = home.overlay(
        "zen.toml",
        "id = \"zen\"\ntitle = \"Z\"\nsummary = \"Made in a test.\"\nmaintainer = { name = \"test\" }\n[[release]]\n\
         version = \"1\"\nlicense = \"CC-BY-4.0\"\n[[release.source]]\nchannel = \"zenodo\"\nprovider = \"zenodo\"\n\
         record = 42\nlisting = \"host\"\n",
    );
    Deposit { host, home, catalog, files, gone }
}

impl Deposit {
    fn fetch(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str(), "fetch", "zen"], arguments].concat())
    }

    fn parts(&self) -> std::path::PathBuf {
        self.home.data().join(".medsets-store/parts")
    }

    /// The names in the dataset folder.
    fn here(&self) -> Vec<String> {
        let files = tree(&self.home.data().join("zen/1/data"));
        let mut names: Vec<String> = files.into_keys().collect();
        names.sort();
        names
    }

    fn listed(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().cloned().collect()
    }

    fn lists(&self) -> usize {
        self.host.log().iter().filter(|asked| asked.path == "/api/records/42").count()
    }

    /// Another version of the record: one file less, one more, one with other bytes.
    fn change(&self) {
        let mut files = self.files.lock().unwrap();
        files.remove("f3.csv");
        files.insert("new.csv".into(), b"new".to_vec());
        files.insert("f5.csv".into(), b"other!!!!!!!".to_vec());
    }
}

/// Cuts a list at the end of a line.
fn cut(list: &Path, lines: usize) {
    let text = std::fs::read_to_string(list).unwrap();
    let cut: String = text.split_inclusive('\n').take(lines).collect();
    std::fs::write(list, cut).unwrap();
}

#[test]
fn a_list_that_ends_early_is_not_believed() {
    // By shards: it is made anew for all of them.
    let scene = deposit();
    scene.fetch(&["--shard", "1/3"]).expect(0);
    let list = scene.parts().join("zen@1+shards/listing.jsonl");
    cut(&list, 12);
    scene.fetch(&["--shard", "2/3"]).expect(0);
    assert_eq!(scene.lists(), 2);
    scene.fetch(&["--shard", "3/3"]).expect(0);
    assert_eq!(scene.lists(), 2, "the new list is kept");
    cut(&list, 5);
    scene.fetch(&["--finish"]).expect(0);
    assert_eq!(scene.here(), scene.listed());
    // By one process that was interrupted.
    let scene = deposit();
    scene.gone.lock().unwrap().push("f3.csv".into());
    scene.fetch(&[]).expect(35);
    let list = scene.parts().join("zen@1/listing.jsonl");
    cut(&list, 3);
    scene.gone.lock().unwrap().clear();
    scene.fetch(&[]).expect(0);
    assert_eq!(scene.here(), scene.listed());
}

#[test]
fn shards_are_not_finished_by_another_list_than_theirs() {
    let scene = deposit();
    for number in 1..=2 {
        scene.fetch(&["--shard", &format!("{number}/2")]).expect(0);
    }
    let agreed = scene.parts().join("zen@1+shards");
    std::fs::remove_file(agreed.join("listing.jsonl")).unwrap();
    scene.change();
    let ran = scene.fetch(&["--finish"]).expect(62).says(&["20 in list", "then", "now", "zen@1+shards"]);
    assert!(scene.parts().join("zen@1+shard-1-of-2").exists(), "{ran:?}");
    // As the advice says: what is the same is taken, the rest fetched.
    std::fs::remove_dir_all(&agreed).unwrap();
    let before = scene.host.log().len();
    scene.fetch(&["--finish"]).expect(0);
    assert_eq!(scene.here(), scene.listed());
    let asked: Vec<String> = scene.host.log()[before..].iter().map(|asked| asked.path.clone()).collect();
    assert!(
        asked.iter().all(|path| path.ends_with("42") || path.contains("new.csv") || path.contains("f5.csv")),
        "{asked:?}"
    );
    scene.home.run(&["--catalog", &scene.catalog, "verify", "zen"]).expect(0);
}

#[test]
fn a_kept_list_that_is_out_of_date_is_let_go_of() {
    let scene = deposit();
    scene.gone.lock().unwrap().push("f5.csv".into());
    scene.fetch(&[]).expect(35);
    scene.gone.lock().unwrap().clear();
    scene.change();
    let ran = scene.fetch(&[]);
    assert!(matches!(ran.code, Some(35 | 40)), "{ran:?}");
    ran.says(&["an earlier run kept at 20", "lists its files anew"]);
    scene.fetch(&[]).expect(0);
    assert_eq!(scene.here(), scene.listed());
    assert_eq!(std::fs::read(scene.home.data().join("zen/1/data/f5.csv")).unwrap(), b"other!!!!!!!");
    // Shards have one list for all: it is said since when, and what ends it.
    let scene = deposit();
    scene.fetch(&["--shard", "1/2"]).expect(0);
    let asked: Vec<String> = scene.host.log().iter().map(|asked| asked.path.clone()).collect();
    let is_left = |name: &String| !asked.iter().any(|path| path.ends_with(&format!("/{name}/content")));
    scene.gone.lock().unwrap().extend(scene.listed().into_iter().filter(is_left));
    for more in [&["--shard", "2/2"][..], &["--finish"]] {
        scene.fetch(more).expect(35).says(&["the shards began with at 20", "zen@1+shards"]);
    }
    scene.gone.lock().unwrap().clear();
    scene.change();
    std::fs::remove_dir_all(scene.parts().join("zen@1+shards")).unwrap();
    scene.fetch(&["--finish"]).expect(0);
    assert_eq!(scene.here(), scene.listed());
}

#[test]
fn a_record_that_contradicts_the_entry_is_not_believed() {
    for by_shards in [true, false] {
        let scene = scene();
        if by_shards {
            shards(&scene, 1, &[]);
        } else {
            scene.others.lock().unwrap().insert("slow.bin".into(), None);
            scene.fetch(&[]);
            scene.others.lock().unwrap().remove("slow.bin");
        }
        let name = if by_shards { "parts@1+shard-1-of-1" } else { "parts@1" };
        let root = scene.store().join("parts").join(name);
        let tampered = "row,X\n";
        std::fs::write(root.join("stage/data").join(CHANGED), tampered).unwrap();
        let done = std::fs::read_to_string(root.join("done.jsonl")).unwrap();
        let lines: Vec<String> = done
            .lines()
            .map(|line| {
                let mut record: Value = serde_json::from_str(line).unwrap();
                if record["path"] == CHANGED {
                    record["sha256"] = medsets::values::Digest::sha256(tampered.as_bytes()).to_string().into();
                }
                record.to_string() + "\n"
            })
            .collect();
        std::fs::write(root.join("done.jsonl"), lines.concat()).unwrap();
        if by_shards {
            std::fs::write(root.join("sealed"), lines.concat().len().to_string()).unwrap();
        }
        scene.fetch(if by_shards { &["--finish"] } else { &[] }).expect(0);
        assert_eq!(std::fs::read(scene.dir().join("data").join(CHANGED)).unwrap(), b"row,0\n");
        assert_eq!(scene.asked()[&format!("/{CHANGED}")], 2);
        scene.equals(&single());
    }
}

#[test]
fn what_shards_agreed_on_is_read_with_care() {
    let scene = scene();
    shards(&scene, 2, &[]);
    let path = scene.store().join("parts/parts@1+shards/split.json");
    let good = std::fs::read_to_string(&path).unwrap();
    for bad in [good.replace("split/1", "split/9"), "{".to_owned(), String::new()] {
        std::fs::write(&path, bad).unwrap();
        for more in [&["--finish"][..], &["--shard", "1/2"]] {
            scene.fetch(more).expect(1).says(&["split.json", "to begin anew"]);
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    for more in [&["--finish"][..], &["--shard", "1/2"]] {
        ended(scene.start(more), 20).expect(1).says(&["a FIFO"]);
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, good).unwrap();
    let before = scene.asked();
    scene.fetch(&["--finish", "--keep-archives"]).expect(0).says(&["not told `--keep-archives`"]);
    assert_eq!(scene.asked(), before);
}

/// Waits for a run that must end in so many seconds.
#[track_caller]
fn ended(mut child: Child, seconds: u64) -> Ran {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(seconds) {
            child.kill().unwrap();
            panic!("it did not end: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap().into()
}

fn stop(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_finish_that_waits_hears_that_it_is_to_stop() {
    let scene = scene();
    scene.late.store(60_000, Ordering::SeqCst);
    let shards: Vec<Child> = (1..=2).map(|number| scene.start(&["--shard", &format!("{number}/2")])).collect();
    while !scene.asked().contains_key("/slow.bin") {
        std::thread::sleep(Duration::from_millis(20));
    }
    let finish = Waiting::until(scene.home.command(&scene.arguments(&["--finish"])), "may be at work");
    stop(&finish.child);
    let ran = finish.end().expect(143);
    assert!(ran.stdout.is_empty() && !ran.stderr.contains("is whole here"), "{ran:?}");
    for mut shard in shards {
        let _ = shard.kill();
        shard.wait().unwrap();
    }
    // One that fetches, stopped before any file has come.
    let scene = super::shards::scene();
    scene.late.store(60_000, Ordering::SeqCst);
    for arguments in [&["--include", "slow.bin"][..], &["--include", "slow.bin", "--finish"]] {
        let before = scene.host.log().len();
        let fetch = scene.start(arguments);
        while scene.host.log().len() == before {
            std::thread::sleep(Duration::from_millis(20));
        }
        stop(&fetch);
        let ran = ended(fetch, 60).expect(143);
        assert!(ran.stdout.is_empty() && !ran.stderr.contains("is whole here"), "{ran:?}");
    }
}
