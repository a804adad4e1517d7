//! `lock` and `sync`: the same bytes on another machine, or exactly what differs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use medsets::values::Digest;

use crate::support::archives::zip_of;
use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Host, Reply};

/// A publisher whose files can be replaced.
pub(crate) struct Publisher {
    pub(crate) host: Host,
    pub(crate) files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Publisher {
    pub(crate) fn start() -> Self {
        let files = Arc::new(Mutex::new(BTreeMap::from([
            (
                "pictures.zip".to_owned(),
                zip_of(&[("set/one.png", b"one".as_slice()), ("set/two.png", b"two"), ("set/notes.txt", b"notes")]),
            ),
            ("labels.csv".to_owned(), b"image,label\none.png,1\n".to_vec()),
        ])));
        let served = files.clone();
        let host = Host::start(move |asked| {
            let name = asked.path.trim_start_matches("/made/").to_owned();
            match served.lock().unwrap().get(&name) {
                Some(bytes) => Reply::file(asked, bytes.clone()),
                None => Reply::status(404),
            }
        });
        Self { host, files }
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        self.files.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
    }

    /// An entry of `made`: the archive with its digest, the table without any.
    pub(crate) fn entry(&self, title: &str, into: &str) -> String {
        let files = self.files.lock().unwrap();
        let zip = &files["pictures.zip"];
        format!(
            "id = \"made\"\ntitle = \"{title}\"\nsummary = \"Made in a test.\"\n\
             maintainer = {{ name = \"test\" }}\ntags = [\"made\"]\nmodality = [\"text\"]\nanatomy = [\"none\"]\n\
             task = [\"classification\"]\nformat = [\"text\"]\n\n\
             [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n\
             [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example.org/made/\"\n\n\
             [[release.file]]\npath = \"pictures.zip\"\nsize = {}\nsha256 = \"{}\"\n\
             unpack = {{ format = \"zip\", strip = \"auto\", into = \"{into}\" }}\n\n\
             [[release.file]]\npath = \"labels.csv\"\n",
            zip.len(),
            Digest::sha256(zip).hex()
        )
    }
}

/// A machine with a project that uses `made` and `demo`.
pub(crate) struct Machine {
    pub(crate) home: Home,
    pub(crate) catalog: String,
}

const PROJECT: &str = "# My project.\n[project]\nname = \"lung\"\n\n\
    [[dataset]] # with pictures\nid = \"made\"\n\n[[dataset]]\nid = \"demo\"\n";

impl Machine {
    pub(crate) fn new(publisher: &Publisher, entry: &str) -> Self {
        let home = Home::new().with("MEDSETS_REWRITE", format!("https://files.example.org/={}", publisher.host.url()));
        let catalog = home.overlay("made.toml", entry);
        std::fs::write(home.path().join("work/medsets.toml"), PROJECT).unwrap();
        Self { home, catalog }
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.home.json(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }

    pub(crate) fn lock(&self) -> String {
        std::fs::read_to_string(self.work().join("medsets.lock")).unwrap()
    }

    /// Writes a lock whose tables have the digests of what was made of them: as somebody who
    /// knows how would.
    pub(crate) fn forge_lock(&self, text: &str) {
        self.write_lock(&sealed(text));
    }

    pub(crate) fn write_lock(&self, text: &str) {
        std::fs::write(self.work().join("medsets.lock"), text).unwrap();
    }

    /// What must be the same everywhere.
    pub(crate) fn tree(&self, dataset: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = tree(&self.work().join("data").join(dataset));
        files.retain(|name, _| {
            name.starts_with("data/") || name.starts_with("docs/") || name == ".medsets/manifest.sha256"
        });
        files
    }

    /// Takes the project as a clone would.
    pub(crate) fn clone_from(&self, other: &Machine) {
        for name in ["medsets.toml", "medsets.lock"] {
            std::fs::copy(other.work().join(name), self.work().join(name)).unwrap();
        }
        copy(&other.work().join("medsets.lock.d"), &self.work().join("medsets.lock.d"));
    }
}

/// Writes the project file with these tables.
pub(crate) fn project(machine: &Machine, tables: &str) {
    std::fs::write(machine.work().join("medsets.toml"), format!("[project]\nname = \"x\"\n\n{tables}")).unwrap();
}

/// What lies beside the lock and ends so.
pub(crate) fn beside(machine: &Machine, end: &str) -> Vec<PathBuf> {
    let found = std::fs::read_dir(machine.work().join("medsets.lock.d")).unwrap().map(|entry| entry.unwrap().path());
    found.filter(|path| path.to_string_lossy().ends_with(end)).collect()
}

/// A lock with the digest of each table as it now is.
pub(crate) fn sealed(text: &str) -> String {
    let mut tables = text.split("[[dataset]]\n");
    let mut sealed = tables.next().unwrap().to_owned();
    for table in tables {
        let (above, below) = table.split_once("checked = ").expect("each table has its digest");
        let above = format!("[[dataset]]\n{above}");
        let rest = below.split_once('\n').unwrap().1;
        sealed.push_str(&format!("{above}checked = \"{}\"\n{rest}", Digest::sha256(above.as_bytes())));
    }
    sealed
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn two_empty_homes_get_the_same_bytes_although_the_catalogue_changed_in_between() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let ran = first.run(&["lock"]).expect(0);
    assert!(ran.stdout.contains("2 datasets, 6 files"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 file to be pinned by the first `medsets sync`"), "{}", ran.stdout);
    first.run(&["sync"]).expect(0).says(&["1 file pinned by SHA-256"]);
    first.run(&["sync", "--check"]).expect(0);

    // By then the entry has another title, and would lay the pictures out elsewhere.
    let second = Machine::new(&publisher, &publisher.entry("Made anew", "data/pictures"));
    second.clone_from(&first);
    second.run(&["sync", "--frozen"]).expect(0);
    for dataset in ["made/1", "demo/1.0"] {
        assert_eq!(second.tree(dataset), first.tree(dataset), "{dataset}");
        assert!(!first.tree(dataset).is_empty());
    }
    assert_eq!(second.lock(), first.lock());
    second.run(&["sync", "--check"]).expect(0);
    second.run(&["verify"]).expect(0);
    // What the lock pins holds for a fetch by name and for mending, too.
    second.run(&["fetch", "made", "--offline"]).expect(0);
    std::fs::remove_file(second.work().join("data/made/1/data/one.png")).unwrap();
    second.run(&["verify", "made", "--repair"]).expect(0);
    std::fs::remove_dir_all(second.work().join("data/made")).unwrap();
    second.run(&["fetch", "made"]).expect(0);
    assert_eq!(second.tree("made/1"), first.tree("made/1"));
    second
        .run(&["sync", "--locked", "--offline"])
        .expect(0)
        .says(&["the catalogue entry changed since the lock was made"]);
}

#[test]
fn two_locks_of_the_same_input_are_the_same_bytes_and_name_nobody() {
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data");
    let locks: Vec<String> = ["ada", "grace"]
        .iter()
        .map(|user| {
            let machine = Machine::new(&publisher, &entry);
            let mut command = machine.home.command(&["--catalog", machine.catalog.as_str(), "sync"]);
            assert!(command.env("USER", user).output().unwrap().status.success());
            let text = machine.lock();
            assert!(!text.contains(user) && !text.contains(machine.home.path().to_str().unwrap()), "{text}");
            text
        })
        .collect();
    assert_eq!(locks[0], locks[1]);
    assert!(!locks[0].contains("127.0.0.1"), "{}", locks[0]);
}

#[test]
fn what_the_lock_says_stays_until_an_upgrade() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let before = machine.lock();
    machine.home.overlay("made.toml", &publisher.entry("Made", "data").replace("version = \"1\"", "version = \"2\""));
    machine.run(&["lock"]).expect(0);
    assert_eq!(machine.lock(), before);
    machine.run(&["lock", "--check"]).expect(0);
    let audited = machine.json(&["audit"]);
    assert_eq!(audited["data"]["subjects"][0]["name"], "made@1", "{audited}");
    machine.run(&["lock", "--upgrade", "--check"]).expect(62).says(&["an upgrade would change the lock"]);
    machine.run(&["lock", "--upgrade="]).expect(2);
    machine.run(&["lock", "--upgrade=mura"]).expect(2).says(&["`mura` is no dataset of `medsets.toml`"]);
    let ran = machine.run(&["lock", "--upgrade=made", "--dry-run"]).expect(0);
    assert!(ran.stdout.contains("made@1  removed: 2 files") && ran.stdout.contains("made@2  added"), "{}", ran.stdout);
    assert_eq!(machine.lock(), before);
    machine.run(&["lock", "--upgrade=made"]).expect(0);
    assert!(machine.lock().contains("version = \"2\""));
    let beside = std::fs::read_dir(machine.work().join("medsets.lock.d")).unwrap().count();
    assert_eq!(beside, 2, "the entry of release 1 is swept");
}

#[test]
fn a_lock_that_cannot_hold_is_refused_before_anything_is_fetched() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync", "--frozen"]).expect(12).says(&["there is no lock", "`medsets lock` writes it"]);
    machine.run(&["sync", "--check"]).expect(12);
    machine.run(&["lock", "--check"]).expect(12).says(&["there is no lock yet"]);
    machine.run(&["lock"]).expect(0);
    machine.run(&["sync", "--frozen"]).expect(12).says(&["1 file of `made@1` has no SHA-256", "without `--frozen`"]);
    let good = machine.lock();

    #[track_caller]
    fn check(machine: &Machine, text: &str, parts: &[&str]) {
        machine.write_lock(text);
        machine.run(&["sync"]).expect(12).says(parts);
        assert_eq!(machine.lock(), text, "nothing is lost");
    }
    check(&machine, &good.replace("version = 1\n", "version = 7\n"), &["version 7", "a newer medsets"]);
    check(&machine, &good.replace("from = \"catalog\"", "form = \"catalog\""), &["line", "unknown field `form`", "^"]);
    let sha256 = Digest::sha256(&publisher.files.lock().unwrap()["pictures.zip"]).hex();
    check(&machine, &good.replace(&sha256, &sha256[1..]), &["64 lower-case hexadecimal digits", "version control"]);
    machine.run(&["lock"]).expect(12);
    machine.run(&["lock", "--upgrade"]).expect(0);
    assert_eq!(machine.lock(), good);

    std::fs::write(
        machine.work().join("medsets.toml"),
        PROJECT.replace("id = \"made\"", "id = \"made\"\ninclude = [\"*.csv\"]"),
    )
    .unwrap();
    machine
        .run(&["sync", "--locked"])
        .expect(12)
        .says(&["`made` in line 5 is not in it as it is asked for", "`made@1` is not asked for any more"]);
    machine.run(&["lock", "--check"]).expect(12);
    let asked = publisher.host.log().iter().filter(|asked| asked.path.contains("/made/")).count();
    assert_eq!(asked, 0, "the publisher was not asked for a byte");

    std::fs::remove_dir_all(machine.work().join("medsets.lock.d")).unwrap();
    std::fs::write(machine.work().join("medsets.toml"), PROJECT).unwrap();
    machine.home.overlay("made.toml", &publisher.entry("Other", "data"));
    machine.run(&["sync", "--locked"]).expect(12).says(&["which the lock names for `made@1`, is not there"]);
}

#[test]
fn an_unfinished_merge_is_resolved_by_locking_again() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let whole = machine.lock();
    // One branch has `made`, the other `demo`: both changed the digest over all datasets.
    let tables: Vec<&str> = whole.split("\n[[dataset]]\n").collect();
    let head = tables[0].lines().filter(|line| !line.starts_with("input")).collect::<Vec<_>>().join("\n");
    let conflict = format!(
        "{head}\n<<<<<<< HEAD\ninput = \"{}\"\n\n[[dataset]]\n{}=======\ninput = \"{}\"\n\n[[dataset]]\n{}>>>>>>> other\n",
        Digest::sha256(b"ours"),
        tables[2],
        Digest::sha256(b"theirs"),
        tables[1]
    );
    machine.write_lock(&conflict);
    machine.run(&["sync", "--locked"]).expect(12).says(&["unfinished merge", "run `medsets lock`"]);
    machine.run(&["lock", "--offline"]).expect(0);
    assert_eq!(machine.lock(), whole);
}

#[test]
fn bytes_that_changed_upstream_are_named_with_both_values_and_taken_only_with_a_reason() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    let (old, new) = (publisher.files.lock().unwrap()["labels.csv"].clone(), b"image,label\none.png,0\n".to_vec());
    publisher.put("labels.csv", &new);
    let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
    second.clone_from(&first);
    let before = second.lock();
    let (was, now) = (Digest::sha256(&old).to_string(), Digest::sha256(&new).to_string());
    second.run(&["sync"]).expect(40).says(&[
        "labels.csv",
        &was,
        &now,
        "--accept-changed 'made:labels.csv' --reason TEXT",
    ]);
    assert!(!second.work().join("data/made/1").exists());
    assert_eq!(second.lock(), before);
    second.run(&["sync", "--accept-changed", "labels.csv"]).expect(2);
    second.run(&["sync", "--frozen", "--accept-changed", "labels.csv", "--reason", "x"]).expect(2);
    second.run(&["sync", "--accept-changed", "labels.csv", "--reason", "x"]).expect(2).says(&["2 datasets"]);
    second.run(&["sync", "--accept-changed", "made:labels.csv", "--reason", "a label was wrong"]).expect(0);
    let receipt = std::fs::read_to_string(second.work().join("data/made/1/.medsets/receipt.json")).unwrap();
    assert!(receipt.contains("a label was wrong"), "{receipt}");
    assert!(
        second.lock().contains(&format!("sha256 = \"{}\", from = \"accepted\"", Digest::sha256(&new).hex())),
        "{}",
        second.lock()
    );
    second.run(&["sync", "--check"]).expect(0);
    let whoever = |ran: Ran| {
        ran.says(&[
            "`made`: the lock has other bytes of `labels.csv` than an earlier lock had",
            "word: a label was wrong",
        ])
    };
    // The first machine's disk is not what the new lock says, and is brought to it. It is told why.
    first.clone_from(&second);
    let other = Machine::new(&publisher, &publisher.entry("Made", "data"));
    other.clone_from(&second);
    whoever(other.run(&["sync"]).expect(0));
    other.run(&["lock", "--check"]).expect(0);
    other.run(&["lock", "--upgrade"]).expect(0);
    whoever(other.run(&["sync"]).expect(0));
    // By its records too it is what somebody took by their word, and an audit says so anywhere.
    let record = |machine: &Machine, name: &str| {
        std::fs::read_to_string(machine.work().join("data/made/1/.medsets").join(name)).unwrap()
    };
    assert!(record(&other, "listed.jsonl").contains("accepted-change"), "{}", record(&other, "listed.jsonl"));
    assert!(record(&other, "receipt.json").contains("a label was wrong"), "{}", record(&other, "receipt.json"));
    for machine in [&second, &other] {
        let audited = machine.run(&["audit", "made"]);
        assert!(!audited.stdout.contains("checksum-mismatch"), "nobody published another: {audited:?}");
        assert!(audited.stdout.contains("checksum-missing"), "{audited:?}");
        assert!(audited.stdout.contains("a label was wrong"), "{audited:?}");
    }
    first.run(&["sync", "--check"]).expect(62).says(&["`made@1` is not as the lock says: other bytes"]);
    let answer = first.json(&["sync", "--frozen"]);
    assert_eq!(answer["exit"], 0, "{answer}");
    assert_eq!(answer["data"]["datasets"][0]["id"], "demo");
    assert_eq!(answer["data"]["datasets"][1]["downloaded"], new.len(), "only the file that changed");
    assert_eq!(first.tree("made/1"), second.tree("made/1"));

    publisher.files.lock().unwrap().remove("labels.csv");
    let third = Machine::new(&publisher, &publisher.entry("Made", "data"));
    third.clone_from(&second);
    third.run(&["sync"]).expect(35).says(&["labels.csv"]);
}

#[test]
fn the_check_sees_what_differs_and_asks_nobody() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["lock"]).expect(0);
    machine
        .run(&["sync", "--check"])
        .expect(62)
        .says(&["`made@1` is not as the lock says: missing", "`medsets sync` brings it"]);
    machine.run(&["sync"]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
    let asked = publisher.host.log().len();
    let dir = machine.work().join("data/made/1");
    std::fs::write(dir.join("data/mine.txt"), "x").unwrap();
    machine.run(&["sync", "--check"]).expect(62).says(&["extra files"]);
    std::fs::remove_file(dir.join("data/mine.txt")).unwrap();
    std::fs::remove_file(dir.join("data/one.png")).unwrap();
    let answer = machine.json(&["sync", "--check"]);
    assert_eq!((&answer["exit"], &answer["data"]["datasets"][1]["state"]), (&62.into(), &"damaged".into()), "{answer}");
    assert_eq!(answer["data"]["datasets"][1]["missing"][0], "data/one.png");
    assert_eq!(publisher.host.log().len(), asked);
    machine.run(&["status", "--exit-code"]).expect(62);
    machine.run(&["verify", "made", "--repair"]).expect(0);
    std::fs::remove_dir_all(machine.work().join("data/demo")).unwrap();
    let status = machine.run(&["status"]).expect(0);
    assert!(status.stdout.contains("demo@1.0: missing"), "{}", status.stdout);
    machine.run(&["sync", "--offline"]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
}

#[test]
fn only_the_projects_own_folder_is_pruned() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    std::fs::write(machine.work().join("medsets.toml"), "[project]\nname = \"lung\"\n[[dataset]]\nid = \"demo\"\n")
        .unwrap();
    machine.run(&["sync", "--locked", "--prune"]).expect(12);
    assert!(machine.work().join("data/made/1").exists());
    machine.run(&["sync", "--prune", "--dry-run"]).expect(0).says(&["would remove made@1"]);
    machine.run(&["sync", "--prune"]).expect(0).says(&["removed made@1"]);
    assert!(!machine.work().join("data/made/1").exists() && machine.work().join("data/demo/1.0").exists());
    let ledger = machine.run(&["ledger", "show", "--json"]).expect(0).stdout;
    assert!(ledger.contains("\"delete\""), "{ledger}");
    let elsewhere = machine.home.path().join("elsewhere");
    let dir = elsewhere.to_str().unwrap();
    machine.run(&["--data-dir", dir, "sync", "--prune"]).expect(2).says(&["is not the project's own data folder"]);
}

#[test]
fn a_lock_opens_no_gate() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    std::fs::write(
        machine.work().join("medsets.toml"),
        "[project]\nname = \"lung\"\n[[dataset]]\nid = \"demo-gated\"\n",
    )
    .unwrap();
    machine.run(&["lock"]).expect(0);
    let lock = machine.lock();
    assert!(lock.contains("license = \"LicenseRef-medsets-demo\", sha256 = "), "the text is named: {lock}");
    let refused = machine.run(&["sync", "--locked"]).expect(23);
    assert!(!machine.work().join("data/demo-gated").exists());
    let digest = refused.stderr.split("--text-digest ").nth(1).unwrap().split('`').next().unwrap().trim().to_owned();
    machine.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    machine.run(&["sync", "--locked"]).expect(0);
    // The lock of somebody who read another text.
    let hex = digest.trim_start_matches("sha256:");
    machine.forge_lock(&lock.replace(hex, &Digest::sha256(b"another text").hex()));
    machine.run(&["sync", "--locked"]).expect(24).says(&["the lock names the text", "you accepted", &digest]);
    machine.run(&["sync"]).expect(0).says(&["the lock names the text"]);
    machine.run(&["lock", "--upgrade=demo-gated"]).expect(0);
    assert!(machine.lock().contains(hex));
    machine.run(&["sync", "--locked"]).expect(0);
}

#[test]
fn without_a_project_there_is_nothing_to_lock() {
    let home = Home::new();
    home.run(&["lock"]).expect(10).says(&["there is no `medsets.toml`", "medsets init"]);
    home.run(&["sync"]).expect(10);
    let work = home.path().join("work/medsets.toml");
    std::fs::write(&work, "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"nonesuch\"\n").unwrap();
    home.run(&["lock"]).expect(11).says(&["`nonesuch`", "line 4 of `medsets.toml`"]);
    std::fs::write(&work, "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"demo\"\ninclude = [\"nothing/**\"]\n")
        .unwrap();
    home.run(&["lock"]).expect(2).says(&["nothing/**", "line 4"]);
    std::fs::write(
        &work,
        "[project]\nname = \"x\"\n[[dataset]]\nid = \"demo\"\n[[dataset]]\nid = \"demo\"\nversion = \"1.0\"\n",
    )
    .unwrap();
    home.run(&["lock"]).expect(10).says(&["`demo@1.0` is asked for twice", "line 5"]);
    assert!(!home.path().join("work/medsets.lock").exists());
}

/// Whatever the moment of the kill: what `verify` and `sync --check` call whole is whole, and the
/// next sync goes on.
#[test]
fn a_sync_killed_at_any_moment_leaves_nothing_that_only_looks_whole() {
    const KILLS: u32 = 100;
    let publisher = Publisher::start();
    publisher.put("labels.csv", &vec![b'x'; 200_000]);
    let entry = publisher.entry("Made", "data");
    let first = Machine::new(&publisher, &entry);
    first.run(&["sync"]).expect(0);
    let whole = (first.tree("made/1"), first.tree("demo/1.0"));
    let machine = Machine::new(&publisher, &entry);
    machine.clone_from(&first);
    let begun = std::time::Instant::now();
    machine.run(&["sync", "--frozen"]).expect(0);
    let usual = begun.elapsed().max(std::time::Duration::from_millis(100));
    let (mut seen, mut left) = (0_u32, 0_u32);
    for kill in 0..KILLS {
        if kill % 4 == 0 {
            // A kill may have come before the folder was made.
            let _ = std::fs::remove_dir_all(machine.work().join("data"));
        }
        let arguments = ["--catalog", machine.catalog.as_str(), "sync", "--frozen"];
        let mut run = machine.home.command(&arguments).spawn().unwrap();
        // Spread evenly over a run, in an order that jumps.
        std::thread::sleep(usual.mul_f64(f64::from(kill * 37 % KILLS) / f64::from(KILLS)));
        let _ = run.kill();
        run.wait().unwrap();
        for (dataset, expected) in [("made/1", &whole.0), ("demo/1.0", &whole.1)] {
            if !machine.work().join("data").join(dataset).exists() {
                left += 1;
                continue;
            }
            let name = dataset.split('/').next().unwrap();
            let is_whole = machine.run(&["verify", name]).code == Some(0);
            assert!(is_whole, "kill {kill}: {dataset} is there and not whole");
            assert_eq!(&machine.tree(dataset), expected, "kill {kill}");
            seen += 1;
        }
    }
    assert!(seen > 0 && left > 0, "the kills fell on both sides of the commits: {seen} there, {left} not");
    machine.run(&["sync", "--frozen"]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
    machine.run(&["ledger", "verify"]).expect(0);
}
