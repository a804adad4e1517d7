//! A fetch that several processes do a share of, and one finishes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::archives::zip_of;
use crate::support::home::{Home, Ran, tree, until};
use crate::support::server::{Answer, Server};

/// A dataset of archives and files, some in folders, that a host on loopback serves.
pub(crate) struct Scene {
    pub host: Server,
    pub catalog: String,
    pub home: Home,
    /// Milliseconds after which `slow.bin` comes.
    pub late: Arc<AtomicU64>,
    /// Bytes that the host gives in place of those of the catalogue, or none.
    pub others: Arc<Others>,
}

type Others = Mutex<BTreeMap<String, Option<Arc<Vec<u8>>>>>;

/// Small files beside the archives.
const SMALL: usize = 40;

/// Made once: an archive holds the time at which it was made.
static FILES: LazyLock<BTreeMap<String, Arc<Vec<u8>>>> =
    LazyLock::new(|| files().into_iter().map(|(name, bytes)| (name, Arc::new(bytes))).collect());

fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for at in 0..SMALL {
        files.insert(format!("tables/{}/t{at}.csv", at % 3), format!("row,{at}\n").repeat(at + 1).into_bytes());
    }
    for at in 0..5 {
        let names: Vec<String> = (0..8).map(|member| format!("scans/a{at}/d{}/{member}.png", member % 3)).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
        files.insert(format!("images/a{at}.zip"), zip_of(&members));
    }
    // A split archive: its parts and the archive must come to one shard.
    let names: Vec<String> = (0..30).map(|member| format!("split/{member}.txt")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let whole = zip_of(&members);
    let third = whole.len().div_ceil(3);
    for (at, part) in whole.chunks(third).enumerate() {
        files.insert(format!("images/split.zip.{:03}", at + 1), part.to_vec());
    }
    files.insert("slow.bin".to_owned(), vec![7; 3000]);
    files
}

pub(crate) fn scene() -> Scene {
    let mut entry =
        "id = \"parts\"\ntitle = \"Parts\"\nsummary = \"Made in a test.\"\nmaintainer = { name = \"test\" }\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC-BY-4.0\"\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://data.example.org/\"\n"
            .to_owned();
    for (name, bytes) in FILES.iter() {
        let digest = medsets::values::Digest::sha256(bytes).hex();
        entry.push_str(&format!(
            "\n[[release.file]]\npath = \"{name}\"\nsize = {}\nsha256 = \"{digest}\"\n",
            bytes.len()
        ));
        if name.ends_with(".zip") {
            entry.push_str("unpack = { format = \"zip\", strip = \"none\" }\n");
        }
        if name.ends_with(".zip.001") {
            entry.push_str("unpack = { format = \"zip\", parts = [\"split.zip.002\", \"split.zip.003\"] }\n");
        }
    }
    let late = Arc::new(AtomicU64::new(0));
    let slow = late.clone();
    let others = Arc::new(Others::default());
    let given = others.clone();
    let host = Server::start(move |asked| match file(asked.path.trim_start_matches('/'), &given) {
        Some(bytes) if asked.path == "/slow.bin" => {
            Answer::file(asked, &bytes, "\"1\"").late(Duration::from_millis(slow.load(Ordering::SeqCst)))
        }
        Some(bytes) => Answer::file(asked, &bytes, "\"1\""),
        None => Answer::status(404),
    });
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://data.example.org/={}", host.url()));
    let catalog = home.overlay("parts.toml", &entry);
    Scene { host, catalog, home, late, others }
}

/// What the host gives under a name.
fn file(name: &str, others: &Others) -> Option<Arc<Vec<u8>>> {
    others.lock().unwrap().get(name).cloned().unwrap_or_else(|| FILES.get(name).cloned())
}

impl Scene {
    pub fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--catalog", self.catalog.as_str(), "fetch", "parts"], arguments].concat()
    }

    pub fn fetch(&self, arguments: &[&str]) -> Ran {
        self.home.run(&self.arguments(arguments))
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.home.command(&self.arguments(arguments)).spawn().expect("the program starts")
    }

    pub fn dir(&self) -> PathBuf {
        self.home.data().join("parts/1")
    }

    pub fn store(&self) -> PathBuf {
        self.home.data().join(".medsets-store")
    }

    /// How often each file was asked for.
    pub fn asked(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for asked in self.host.log().iter().filter(|asked| asked.method == "GET") {
            *counts.entry(asked.path.clone()).or_default() += 1;
        }
        counts
    }

    /// The records of the dataset are those of a fetch by one process, and nothing is left.
    #[track_caller]
    pub fn equals(&self, single: &Scene) {
        let of = |scene: &Self| {
            let mut files = tree(&scene.dir());
            files.retain(|name, _| name.starts_with("data/") || name.starts_with("docs/"));
            files.insert("manifest".into(), std::fs::read(scene.dir().join(".medsets/manifest.sha256")).unwrap());
            files.insert("listed".into(), std::fs::read(scene.dir().join(".medsets/listed.jsonl")).unwrap());
            files.insert("inventory".into(), inventory(scene).into_bytes());
            files
        };
        let (ours, theirs) = (of(self), of(single));
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        let differ: Vec<&String> =
            ours.iter().filter(|(name, bytes)| theirs[*name] != **bytes).map(|(name, _)| name).collect();
        assert!(differ.is_empty(), "other bytes in {differ:?}");
        let left: Vec<PathBuf> =
            std::fs::read_dir(self.store().join("parts")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        let entries = std::fs::read_to_string(self.home.state().join("ledger.jsonl")).unwrap();
        assert_eq!(entries.lines().count(), 1, "one entry in the ledger: {entries}");
        self.home.run(&["--catalog", &self.catalog, "verify", "parts"]).expect(0);
        self.home.run(&["--catalog", &self.catalog, "verify", "parts", "--quick"]).expect(0);
        self.home.run(&["ledger", "verify"]).expect(0);
    }
}

/// `files.jsonl` without times and the port of the host.
fn inventory(scene: &Scene) -> String {
    let text = std::fs::read_to_string(scene.dir().join(".medsets/files.jsonl")).unwrap();
    let mut out = String::new();
    for line in text.lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("mtime");
        out.push_str(&format!("{record}\n"));
    }
    out
}

pub(crate) fn single() -> Scene {
    let single = scene();
    single.fetch(&[]).expect(0);
    single
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn four_shards_at_once_and_a_finish_make_what_one_fetch_makes() {
    let scene = scene();
    let shards: Vec<Child> =
        (1..=4).map(|number| scene.start(&["--shard", &format!("{number}/4"), "--json"])).collect();
    let mut files = 0;
    for (at, shard) in shards.into_iter().enumerate() {
        let ran: Ran = shard.wait_with_output().unwrap().into();
        let ran = ran.expect(0);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        let share = &answer["data"]["datasets"][0]["shard"];
        assert_eq!(
            (&share["number"], &share["of"], &share["left"]),
            (&(at + 1).into(), &4.into(), &0.into()),
            "{answer}"
        );
        files += share["files"].as_u64().unwrap();
        assert_eq!(share["of_files"], 49);
    }
    assert_eq!(files, 49, "every file falls to one shard");
    assert!(!scene.dir().exists() && !scene.home.state().join("ledger.jsonl").exists(), "nothing is to be seen yet");
    let before = scene.asked();
    assert!(before.values().all(|count| *count == 1), "{before:?}");
    let ran = scene.fetch(&["--finish"]).expect(0);
    assert!(ran.stdout.trim_end().ends_with("parts/1"), "{ran:?}");
    assert_eq!(scene.asked(), before, "the finish asked for nothing");
    scene.equals(&single());
    // Again, all of it says that it is done.
    scene.fetch(&["--finish"]).expect(0);
    let ran = scene.fetch(&["--shard", "2/4"]).expect(0);
    assert!(ran.stderr.contains("is whole here"), "{ran:?}");
    assert_eq!(scene.asked(), before);
    scene.equals(&single());
}

#[test]
fn a_shard_that_was_killed_goes_on_where_it_was() {
    let scene = scene();
    scene.late.store(60_000, Ordering::SeqCst);
    // Whichever shard has the slow file does not end.
    let mut killed = 0;
    for number in 1..=3 {
        let shard = format!("{number}/3");
        let mut child = scene.start(&["--shard", &shard]);
        let ended = (0..600).find_map(|_| {
            std::thread::sleep(Duration::from_millis(25));
            let waits = scene.asked().contains_key("/slow.bin") && killed == 0;
            child.try_wait().unwrap().map(Some).or_else(|| waits.then_some(None))
        });
        match ended.expect("it ends, or waits for the slow file") {
            Some(status) => assert!(status.success()),
            None => {
                // The others of its shard are there: nothing has come for a while.
                let done = scene.store().join(format!("parts/parts@1+shard-{number}-of-3/done.jsonl"));
                let (mut seen, mut since) = (0, Instant::now());
                until(|| {
                    let now = std::fs::metadata(&done).map_or(0, |found| found.len());
                    if now != seen {
                        (seen, since) = (now, Instant::now());
                    }
                    since.elapsed() > Duration::from_millis(1500)
                });
                kill(child);
                killed = number;
            }
        }
    }
    assert!(killed > 0);
    scene.late.store(0, Ordering::SeqCst);
    let before = scene.asked();
    let ran = scene.fetch(&["--shard", &format!("{killed}/3")]).expect(0);
    assert!(ran.stdout.contains("nothing left"), "{ran:?}");
    let again: Vec<String> = scene
        .asked()
        .into_iter()
        .filter(|(name, count)| before.get(name).unwrap_or(&0) < count)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(again, ["/slow.bin"], "only what was not finished is asked for again");
    let done = scene.fetch(&["--shard", &format!("{killed}/3")]).expect(0);
    assert!(done.stdout.contains(", 0 B downloaded, "), "{done:?}");
    scene.fetch(&["--finish"]).expect(0);
    scene.equals(&single());
}

#[test]
fn a_finish_does_the_work_of_a_dead_shard() {
    let scene = scene();
    scene.fetch(&["--shard", "1/3"]).expect(0);
    scene.fetch(&["--shard", "3/3"]).expect(0);
    let before = scene.asked();
    let plan = scene.fetch(&["--finish", "--dry-run", "--json"]).expect(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let steps = plan["data"]["datasets"][0]["plan"]["steps"].as_array().unwrap().clone();
    let to_do = steps.iter().filter(|step| step["action"] != "keep").count();
    assert_eq!(steps.len() - to_do, before.len(), "the plan keeps what shards have");
    let ran = scene.fetch(&["--finish"]).expect(0);
    assert!(!ran.stderr.contains("no shard"), "{ran:?}");
    assert!(scene.asked().values().all(|count| *count == 1), "{:?}", scene.asked());
    scene.equals(&single());
}

#[test]
fn a_finish_without_shards_is_a_fetch_that_says_so() {
    let scene = scene();
    scene.fetch(&["--finish"]).expect(0).says(&["no shard of `parts@1` has left anything"]);
    scene.equals(&single());
}

#[test]
fn a_finish_waits_for_no_shard_and_names_those_at_work() {
    let scene = scene();
    scene.home.run(&["config", "set", "lock-wait", "0s"]).expect(0);
    scene.late.store(5_000, Ordering::SeqCst);
    let shards: Vec<Child> = (1..=2).map(|number| scene.start(&["--shard", &format!("{number}/2")])).collect();
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(25));
        if scene.asked().contains_key("/slow.bin") {
            break;
        }
    }
    let ran = scene.fetch(&["--finish"]).expect(53).says(&["of `parts@1`", "still at work: "]);
    assert!(ran.stderr.contains("1/2") || ran.stderr.contains("2/2"), "{ran:?}");
    assert!(!scene.dir().exists());
    scene.late.store(0, Ordering::SeqCst);
    for shard in shards {
        let ran: Ran = shard.wait_with_output().unwrap().into();
        ran.expect(0);
    }
    scene.fetch(&["--finish"]).expect(0);
    scene.equals(&single());
}

#[test]
fn a_finish_killed_at_any_moment_is_done_again() {
    let single = single();
    let mut interrupted = 0;
    for round in 0..20 {
        let scene = scene();
        for number in 1..=2 {
            scene.fetch(&["--shard", &format!("{number}/2")]).expect(0);
        }
        let child = scene.start(&["--finish"]);
        std::thread::sleep(Duration::from_millis(2 + round * 7));
        interrupted += usize::from(!scene.home.data().join("parts/1/.medsets/receipt.json").exists());
        kill(child);
        scene.fetch(&["--finish"]).expect(0);
        assert!(scene.asked().values().all(|count| *count == 1), "round {round}: {:?}", scene.asked());
        scene.equals(&single);
    }
    assert!(interrupted > 0, "no round was killed before the commit");
}

#[test]
fn another_number_of_shards_is_refused_with_both_numbers() {
    let scene = scene();
    scene.fetch(&["--shard", "1/2"]).expect(0);
    scene.fetch(&["--shard", "1/3"]).expect(2).says(&["among 2 shards", "one of 3", "--shard I/2", "--finish"]);
    scene.fetch(&["--shard", "2/2", "--include", "tables/**"]).expect(2).says(&["another part"]);
    scene.fetch(&["--finish", "--include", "tables/**"]).expect(2).says(&["another part"]);
    assert!(
        scene.fetch(&["--shard", "1/3", "--dry-run"]).expect(0).stdout.contains("download"),
        "a plan agrees on nothing"
    );
    // Another catalogue means other files.
    let entry = PathBuf::from(&scene.catalog).join("parts.toml");
    let text = std::fs::read_to_string(&entry).unwrap();
    std::fs::write(&entry, text.replace("CC-BY-4.0", "CC0-1.0")).unwrap();
    scene.fetch(&["--shard", "2/2"]).expect(62).says(&["another one", "then", "now", "--finish"]);
    std::fs::write(&entry, text).unwrap();
    scene.fetch(&["--shard", "2/2"]).expect(0);
    scene.fetch(&["--finish"]).expect(0);
    scene.equals(&single());
}

#[test]
fn numbers_that_name_no_shard_are_refused() {
    let home = Home::new();
    for value in ["0/4", "5/4", "1/0", "4", "a/b", "1/4/2", ""] {
        let ran = home.run(&["fetch", "demo", "--shard", value]).expect(2);
        assert!(ran.stderr.contains("--shard"), "{ran:?}");
    }
    home.run(&["fetch", "demo", "--shard", "1/2", "--finish"]).expect(2);
}

#[test]
fn a_plan_of_a_shard_shows_its_share_and_writes_nothing() {
    let scene = scene();
    let mut shown = Vec::new();
    for number in 1..=3 {
        let ran = scene.fetch(&["--shard", &format!("{number}/3"), "--dry-run", "--json"]).expect(0);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        let steps = answer["data"]["datasets"][0]["plan"]["steps"].as_array().unwrap().clone();
        let names: Vec<String> = steps.iter().map(|step| step["path"].as_str().unwrap().to_owned()).collect();
        let parts = names.iter().filter(|name| name.contains("split.zip")).count();
        assert!(parts == 0 || parts == 3, "a split archive stays together: {names:?}");
        shown.extend(names);
    }
    shown.sort();
    assert_eq!(shown, FILES.keys().cloned().collect::<Vec<_>>());
    assert!(!scene.store().join("parts").exists() && scene.asked().is_empty());
}

#[test]
fn more_shards_than_files_leave_some_without_work() {
    let scene = scene();
    let ran = scene.fetch(&["--shard", "200/200"]).expect(0);
    assert!(ran.stdout.contains("shard 200/200 of parts 1: 0 of 49 files"), "{ran:?}");
}

#[test]
fn shards_add_a_part_to_what_is_here() {
    let scene = scene();
    scene.fetch(&["--include", "tables/**"]).expect(0);
    let before = scene.asked();
    for number in 1..=2 {
        scene.fetch(&["--shard", &format!("{number}/2")]).expect(0);
    }
    scene.fetch(&["--finish"]).expect(0);
    assert!(scene.asked().values().all(|count| *count == 1), "what was here is not asked for again");
    assert_eq!((before.len(), scene.asked().len()), (SMALL, 49));
    scene.home.run(&["--catalog", &scene.catalog, "verify", "parts"]).expect(0);
}

#[test]
fn the_demonstration_set_in_two_shards() {
    let (home, whole) = (Home::new(), Home::new());
    for number in 1..=2 {
        home.run(&["fetch", "demo", "--offline", "--shard", &format!("{number}/2")]).expect(0);
    }
    home.run(&["fetch", "demo", "--offline", "--finish"]).expect(0);
    whole.run(&["fetch", "demo"]).expect(0);
    let manifest = |home: &Home| std::fs::read(home.data().join("demo/1.0/.medsets/manifest.sha256")).unwrap();
    assert_eq!(manifest(&home), manifest(&whole));
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn without_the_network_each_share_names_what_is_missing() {
    let scene = scene();
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&scene.fetch(&[arguments, &["--offline", "--json"]].concat()).stdout).unwrap()
    };
    let answer = json(&["--shard", "1/2"]);
    assert_eq!(answer["exit"], 30, "{answer}");
    let (share, failed) = (&answer["data"]["datasets"][0]["shard"], &answer["data"]["datasets"][0]["failed"]);
    assert!(share["files"].as_u64() > Some(0) && share["left"] == share["files"], "{share}");
    assert_eq!(failed.as_array().unwrap().len() as u64, share["files"].as_u64().unwrap());
    assert!(failed.as_array().unwrap().iter().all(|one| one["size"].as_u64() > Some(0)), "{failed}");
    scene.fetch(&["--shard", "1/2"]).expect(0);
    scene.fetch(&["--shard", "1/2", "--offline"]).expect(0);
    // The end names what the other shard did not bring, and no more.
    let answer = json(&["--finish"]);
    assert_eq!(answer["exit"], 30, "{answer}");
    let missing = answer["data"]["datasets"][0]["failed"].as_array().unwrap().len() as u64;
    assert_eq!(missing + share["files"].as_u64().unwrap(), share["of_files"].as_u64().unwrap(), "{answer}");
    scene.fetch(&["--finish"]).expect(0);
}

#[test]
fn every_shard_asks_the_gate() {
    let home = Home::new();
    home.run(&["fetch", "demo-gated", "--shard", "1/2"]).expect(23).says(&["demo-gated"]);
    home.run(&["fetch", "demo-gated", "--finish"]).expect(23);
    assert!(!home.data().join(".medsets-store/parts").exists());
}

#[test]
fn a_shard_on_another_disk_is_copied_with_its_times() {
    use std::os::unix::fs::MetadataExt as _;
    let scene = scene();
    let device = |path: &std::path::Path| std::fs::metadata(path).map(|found| found.dev()).ok();
    let memory = std::path::Path::new("/dev/shm");
    if device(memory).is_none_or(|one| Some(one) == device(scene.home.path())) {
        eprintln!("skipped: there is no second file system here");
        return;
    }
    for number in 1..=2 {
        scene.fetch(&["--shard", &format!("{number}/2")]).expect(0);
    }
    let elsewhere = tempfile::tempdir_in(memory).unwrap();
    let shard = scene.store().join("parts/parts@1+shard-1-of-2");
    let moved = elsewhere.path().join("shard");
    let copied = std::process::Command::new("cp").arg("-a").arg(&shard).arg(&moved).status().unwrap();
    assert!(copied.success());
    std::fs::remove_dir_all(&shard).unwrap();
    std::os::unix::fs::symlink(&moved, &shard).unwrap();
    let before = scene.asked();
    scene.fetch(&["--finish"]).expect(0);
    assert_eq!(scene.asked(), before);
    scene.equals(&single());
}

/// A program in the place of `sbatch` that keeps what it is given and answers with a number.
fn sbatch(home: &Home) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let text =
        "#!/bin/sh\nn=$(ls \"$JOBS\" | wc -l)\n{ echo \"# sbatch $*\"; cat; } >\"$JOBS/$n\"\necho $((n + 100))\n";
    for (name, text) in [("sbatch", text), ("medsets", "#!/bin/sh\nprintf '<%s>' \"$@\"\n")] {
        std::fs::write(bin.join(name), text).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

#[test]
fn a_script_for_slurm_gives_each_job_what_was_meant() {
    let home = Home::new().with("MEDSETS_JOBS", "3").with("MEDSETS_PROXY", "http://me:hidden@proxy.example:3128");
    let (bin, jobs) = (sbatch(&home), home.path().join("jobs"));
    std::fs::create_dir(&jobs).unwrap();
    let data = home.path().join("it's my \"data\" $HOME");
    let overlay = home.overlay("none.txt", "");
    let asked = ["slurm", "demo", "--shards", "5", "--catalog", &overlay, "--data-dir", data.to_str().unwrap()];
    let more = ["--include", "it's *$(id)*", "--output", "my logs", "--time", "1:00", "--mem", "2G"];
    let ran = home.run(&[&asked[..], &more].concat()).expect(0).says(&["`MEDSETS_PROXY` holds a secret"]);
    assert!(!ran.stdout.contains("hidden") && !ran.stderr.contains("hidden"), "{ran:?}");
    let script = home.path().join("submit.sh");
    std::fs::write(&script, &ran.stdout).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let run = |command: &mut std::process::Command| -> Ran {
        command.env("PATH", &path).env("JOBS", &jobs).env("SLURM_ARRAY_TASK_ID", "4").output().unwrap().into()
    };
    for shell in ["sh", "bash"] {
        let submitted = run(std::process::Command::new(shell).arg(&script)).expect(0);
        assert!(submitted.stdout.starts_with("demo-1.0: array 10"), "{submitted:?}");
    }
    assert!(home.path().join("work/my logs").is_dir());
    let array = std::fs::read_to_string(jobs.join("0")).unwrap();
    for line in ["#SBATCH --array=1-5", "#SBATCH --requeue", "#SBATCH --time=1:00", "#SBATCH --mem=2G"] {
        assert!(array.lines().any(|one| one == line), "{line}: {array}");
    }
    let finish = std::fs::read_to_string(jobs.join("1")).unwrap();
    assert!(finish.starts_with("# sbatch --parsable --dependency=afterany:100\n"), "{finish}");
    // What a job runs, and with which variables.
    let checked = array.replace("exec medsets", "printf '%s|' \"$MEDSETS_DATA_DIR\" \"$MEDSETS_JOBS\"; exec medsets");
    std::fs::write(jobs.join("0"), checked).unwrap();
    let ran = run(std::process::Command::new("sh").arg(jobs.join("0"))).expect(0);
    let overlay = overlay.as_str();
    let expected =
        format!("{}|3|<fetch><demo@1.0><--catalog><{overlay}><--include=it's *$(id)*><--shard><4/5>", data.display());
    assert_eq!(ran.stdout, expected);
    let ran = run(std::process::Command::new("sh").arg(jobs.join("1"))).expect(0);
    assert!(ran.stdout.ends_with("<--finish>"), "{ran:?}");
}

#[test]
fn jobs_are_not_written_for_a_closed_gate_nor_with_names_that_break_out() {
    let home = Home::new();
    let closed = home.run(&["slurm", "demo-gated"]).expect(23).says(&["demo-gated", "--anyway"]);
    assert!(closed.stdout.is_empty());
    home.run(&["k8s", "demo-gated", "--image", "i", "--pvc", "p"]).expect(23);
    let ran = home.run(&["slurm", "demo-gated", "--anyway"]).expect(0).says(&["will end at once"]);
    assert!(ran.stdout.contains("# NOT READY: demo-gated"), "{ran:?}");
    for bad in [
        &["slurm", "demo", "--partition", "a b"][..],
        &["slurm", "demo", "--time", "$(x)"],
        &["slurm", "demo", "--include", "a\nMEDSETS_JOB\nid"],
        &["slurm", "demo", "--output", "a\nb"],
        &["slurm", "demo", "--shards", "0"],
        &["slurm", "demo", "--source", "nowhere"],
        &["k8s", "demo", "--image", "i", "--pvc", "p: q"],
        &["k8s", "demo", "--pvc", "p"],
        &["k8s", "demo", "--image", "i", "--pvc", "p", "--memory", "lots\"of"],
    ] {
        let ran = home.run(bad).expect(2);
        assert!(ran.stdout.is_empty(), "{bad:?}: {ran:?}");
    }
    home.run(&["slurm", "no-such-dataset"]).expect(11);
}
