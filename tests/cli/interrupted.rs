//! A fetch of one part that ended half way, and another part asked for after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::archives::zip_of;
use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Host, Reply};

/// A dataset of a zip and three files, of which `late.txt` is not there at first.
struct Scene {
    host: Host,
    home: Home,
    catalog: String,
    is_late: Arc<AtomicBool>,
}

const FILES: &str = "[[release.file]]\npath = \"first.zip\"\ngroup = \"one\"\nunpack = { format = \"zip\" }\n\
    [[release.file]]\npath = \"first.txt\"\ngroup = \"one\"\nlicense = \"CC0-1.0\"\n\
    [[release.file]]\npath = \"late.txt\"\ngroup = \"one\"\n\
    [[release.file]]\npath = \"second.txt\"\ngroup = \"two\"\n";

fn scene() -> Scene {
    let is_late = Arc::new(AtomicBool::new(true));
    let late = is_late.clone();
    let host = Host::start(move |asked| match asked.place().as_str() {
        "/late.txt" if late.load(Ordering::SeqCst) => Reply::status(404),
        "/first.zip" => Reply::file(asked, zip_of(&[("inner/a.txt", b"a"), ("inner/b.txt", b"b")])),
        place => Reply::file(asked, place.to_owned().into_bytes()),
    });
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://data.example.org/={}", host.url()));
    let entry = format!(
        "id = \"parts\"\ntitle = \"Parts\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC-BY-4.0\"\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://data.example.org/\"\n{FILES}"
    );
    let catalog = home.overlay("parts.toml", &entry);
    Scene { host, home, catalog, is_late }
}

impl Scene {
    fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }

    fn names(&self) -> Vec<String> {
        tree(&self.home.data().join("parts/1/data")).into_keys().collect()
    }

    fn asked(&self, place: &str) -> usize {
        self.host.log().iter().filter(|asked| asked.place() == place).count()
    }

    /// A fetch of the first part, which does not come to its end.
    fn interrupted() -> Self {
        let scene = scene();
        scene.run(&["fetch", "parts", "--include", "one"]).expect(35).says(&["late.txt"]);
        assert!(!scene.home.data().join("parts").exists());
        scene
    }
}

#[test]
fn only_what_is_asked_for_is_committed() {
    let scene = Scene::interrupted();
    scene.run(&["fetch", "parts", "--include", "two"]).expect(0);
    assert_eq!(scene.names(), ["second.txt"]);
    let records = scene.home.data().join("parts/1/.medsets");
    let read = |name: &str| std::fs::read_to_string(records.join(name)).unwrap();
    for name in ["receipt.json", "listed.jsonl", "files.jsonl", "manifest.sha256"] {
        assert!(!read(name).contains("first."), "{name}: {}", read(name));
    }
    scene.run(&["verify", "parts"]).expect(0);
    // What was finished before waits, and is asked for no more.
    scene.is_late.store(false, Ordering::SeqCst);
    let before = (scene.asked("/first.zip"), scene.asked("/first.txt"));
    scene.run(&["fetch", "parts", "--include", "one"]).expect(0);
    assert_eq!((scene.asked("/first.zip"), scene.asked("/first.txt")), before);
    assert_eq!(scene.names(), ["first.txt", "inner/a.txt", "inner/b.txt", "late.txt", "second.txt"]);
    let first = read("files.jsonl").lines().find(|line| line.contains("data/first.txt")).unwrap().to_owned();
    assert!(first.contains("\"license\":\"CC0-1.0\""), "{first}");
    scene.run(&["verify", "parts"]).expect(0);
}

#[test]
fn the_whole_takes_what_was_finished_and_leaves_nothing() {
    let scene = Scene::interrupted();
    scene.is_late.store(false, Ordering::SeqCst);
    scene.run(&["fetch", "parts", "--include", "two"]).expect(0);
    let before = scene.asked("/first.zip");
    scene.run(&["fetch", "parts"]).expect(0);
    assert_eq!((scene.asked("/first.zip"), scene.names().len()), (before, 5));
    let parts = scene.home.data().join(".medsets-store/parts");
    assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 0, "{}", parts.display());
    scene.run(&["verify", "parts"]).expect(0);
}
