//! Two datasets whose names are one when id and version are joined: `x-y@1` and `x@y-1`.

use std::sync::Arc;
use std::time::Duration;

use crate::support::home::{Home, Ran};
use crate::support::host::{Host, Reply};
use crate::support::server::{Answer, Server};

const NAMES: [(&str, &str); 2] = [("x-y", "1"), ("x", "y-1")];

struct Scene {
    home: Home,
    host: Server,
    catalog: String,
}

/// Both datasets have files of the same names with other bytes, which come late.
fn scene() -> Scene {
    let host = Server::start(|asked| {
        let bytes = asked.path.trim_start_matches('/').repeat(100);
        Answer::file(asked, &Arc::new(bytes.into_bytes()), "\"1\"").late(Duration::from_millis(150))
    });
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://data.example.org/={}", host.url()));
    let mut catalog = String::new();
    for (id, version) in NAMES {
        let mut entry = format!(
            "id = \"{id}\"\ntitle = \"Like\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\
             [[release]]\nversion = \"{version}\"\nlicense = \"CC-BY-4.0\"\n\
             [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://data.example.org/{id}/\"\n"
        );
        for file in ["a.bin", "b.bin", "c.bin", "d.bin"] {
            let bytes = format!("{id}/{file}").repeat(100);
            let digest = medsets::values::Digest::sha256(bytes.as_bytes()).hex();
            let size = bytes.len();
            entry.push_str(&format!("\n[[release.file]]\npath = \"{file}\"\nsize = {size}\nsha256 = \"{digest}\"\n"));
        }
        catalog = home.overlay(&format!("{id}.toml"), &entry);
    }
    Scene { home, host, catalog }
}

impl Scene {
    fn arguments<'a>(&'a self, id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
        [&["--catalog", self.catalog.as_str(), "fetch", id], rest].concat()
    }

    fn fetch(&self, id: &str, rest: &[&str]) -> Ran {
        self.home.run(&self.arguments(id, rest))
    }

    /// How many files of a dataset were asked for.
    fn asked(&self, id: &str) -> usize {
        self.host.log().iter().filter(|asked| asked.path.starts_with(&format!("/{id}/"))).count()
    }

    #[track_caller]
    fn both_are_whole(&self) {
        for (id, version) in NAMES {
            let file = self.home.data().join(id).join(version).join("data/a.bin");
            assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{id}/a.bin").repeat(100));
        }
        self.home.run(&["--catalog", &self.catalog, "verify"]).expect(0);
    }
}

#[test]
fn neither_waits_for_the_other_nor_takes_its_work() {
    let scene = scene();
    let run = |rest: &[&str]| {
        let children: Vec<_> =
            NAMES.iter().map(|(id, _)| scene.home.command(&scene.arguments(id, rest)).spawn().unwrap()).collect();
        for child in children {
            let ran = Ran::from(child.wait_with_output().unwrap()).expect(0);
            assert!(!ran.stderr.contains("another medsets run"), "{ran:?}");
        }
    };
    run(&["--shard", "1/2"]);
    scene.fetch("x-y", &["--finish"]).expect(0);
    let before = scene.asked("x");
    assert!(before > 0);
    scene.fetch("x", &["--finish"]).expect(0);
    assert_eq!(scene.asked("x"), 4, "what its shard had, {before} files, was there still");
    scene.both_are_whole();
    for (id, _) in NAMES {
        scene.home.run(&["--catalog", &scene.catalog, "remove", id, "--yes"]).expect(0);
    }
    run(&[]);
    scene.both_are_whole();
}

#[test]
fn work_under_the_name_of_an_earlier_version_is_gone_on_with_by_its_own_dataset() {
    let scene = scene();
    scene.fetch("x-y", &["--shard", "1/1"]).expect(0);
    let parts = scene.home.data().join(".medsets-store/parts");
    let earlier = parts.join("x-y-1.shard-1-of-1");
    std::fs::rename(parts.join("x-y@1+shard-1-of-1"), &earlier).unwrap();
    scene.fetch("x", &["--shard", "1/1"]).expect(0);
    assert!(earlier.exists(), "it is another dataset's");
    scene.fetch("x-y", &["--shard", "1/1"]).expect(0);
    assert!(!earlier.exists());
    assert_eq!((scene.asked("x-y"), scene.asked("x")), (4, 4));
    for (id, _) in NAMES {
        scene.fetch(id, &["--finish"]).expect(0);
    }
    scene.both_are_whole();
    // What nobody goes on with is for `prune`.
    std::fs::create_dir_all(earlier.join("stage")).unwrap();
    scene.home.run(&["prune", "--parts", "--older", "0"]).expect(0);
    assert!(!earlier.exists());
}

#[test]
fn shards_under_the_names_of_an_earlier_version_are_finished() {
    let scene = scene();
    for shard in ["1/2", "2/2"] {
        scene.fetch("x-y", &["--shard", shard]).expect(0);
    }
    let parts = scene.home.data().join(".medsets-store/parts");
    for shard in 1..=2 {
        let earlier = parts.join(format!("x-y-1.shard-{shard}-of-2"));
        std::fs::rename(parts.join(format!("x-y@1+shard-{shard}-of-2")), earlier).unwrap();
    }
    std::fs::rename(parts.join("x-y@1+shards"), parts.join("x-y-1.shards")).unwrap();
    let ran = scene.fetch("x", &["--finish"]).expect(0).says(&["no shard of `x@y-1` has left anything"]);
    assert!(parts.join("x-y-1.shard-1-of-2").exists(), "it is another dataset's: {ran:?}");
    scene.fetch("x-y", &["--finish"]).expect(0);
    assert_eq!((scene.asked("x-y"), scene.asked("x")), (4, 4), "each file was asked for once");
    assert!(!parts.join("x-y-1.shard-1-of-2").exists() && !parts.join("x-y-1.shards").exists());
    scene.both_are_whole();
}

/// What is not to be laid out everywhere is refused before anything of it is had.
#[test]
fn names_that_differ_in_case_alone_are_refused_before_the_first_byte() {
    let files = [("d/A.txt", "upper"), ("d/a.txt", "lower")];
    let sums: String = files
        .iter()
        .map(|(path, text)| format!("{}  {path}\n", medsets::values::Digest::sha256(text.as_bytes()).hex()))
        .collect();
    let host = Host::start(move |asked| match asked.place().strip_prefix("/files/clash/1/") {
        Some("SHA256SUMS.txt") => Reply::whole(sums.clone()),
        Some(path) if files.iter().any(|(known, _)| *known == path) => Reply::whole("read in vain"),
        _ => Reply::status(404),
    });
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://physionet.org/={}", host.url()));
    let catalog = home.overlay(
        "clash.toml",
        "id = \"clash\"\ntitle = \"Clash\"\nsummary = \"Made in a test.\"\nmaintainer = { name = \"test\" }\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\
         [[release.source]]\nchannel = \"host\"\nprovider = \"physionet\"\nslug = \"clash\"\nversion = \"1\"\n\
         open = true\nlisting = \"host\"\n",
    );
    let project = home.path().join("work/medsets.toml");
    let head = "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"clash\"\n";
    std::fs::write(&project, head).unwrap();
    for command in [&["lock"][..], &["sync"], &["fetch", "clash"]] {
        let ran = home.run(&[&["--catalog", catalog.as_str()], command].concat()).expect(54);
        ran.says(&["`data/d/A.txt` and `data/d/a.txt`", "tell the publisher", "--exclude 'd/a.txt'"]);
    }
    assert!(host.log().iter().all(|asked| !asked.place().contains("/d/")), "no file was asked for");
    assert!(!project.with_file_name("medsets.lock").exists());
    std::fs::write(&project, format!("{head}exclude = [\"d/a.txt\"]\n")).unwrap();
    home.run(&["--catalog", &catalog, "lock"]).expect(0);
}
