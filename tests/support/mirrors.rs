//! A folder as a team's mirror, who put a dataset into it, and who takes it from there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use medsets::values::Digest;

use super::archives::{Served, gzip, serve, tar_of};
use super::home::{Ran, tree};

pub const TABLE: &[u8] = b"id,label\n1,a\n";
/// As long as the true one.
pub const EVIL: &[u8] = b"id,label\n1,X\n";

/// An archive of two equal files and another, a large file and a small one.
pub fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let file = tar::EntryType::Regular;
    let members: &[(&str, tar::EntryType, &str, &[u8])] =
        &[("a.txt", file, "", b"alpha"), ("twin.txt", file, "", b"alpha"), ("b.txt", file, "", b"beta")];
    let big: Vec<u8> = (0..3_000_000_u32).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    vec![
        ("set.tar.gz", gzip(&tar_of(members)), "{ format = \"tar.gz\" }"),
        ("big.bin", big, ""),
        ("table.csv", TABLE.to_vec(), ""),
    ]
}

/// A folder as a mirror, in the home of whoever pushed.
pub struct Share {
    pub served: Served,
    pub folder: PathBuf,
}

impl Share {
    /// With the dataset in it.
    pub fn pushed() -> Self {
        let served = serve(&files());
        served.run(&["fetch", "made"]).expect(0);
        let (folder, _) = served.home.share();
        let share = Self { served, folder };
        share.push(&[]).expect(0);
        share
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    pub fn push(&self, flags: &[&str]) -> Ran {
        self.served.run(&[&["mirror", "push", "made", "--mirror", &self.url()], flags].concat())
    }

    pub fn check(&self, flags: &[&str]) -> Ran {
        self.served.run(&[&["mirror", "check", "--mirror", &self.url()], flags].concat())
    }

    /// Somebody else, with the same catalogue and the same host.
    pub fn other(&self) -> Other {
        let other = serve(&files());
        // The very entry, not one like it.
        std::fs::copy(self.served.entry(), other.entry()).unwrap();
        Other { served: other, url: self.url() }
    }

    /// The folder of the one tree that is there.
    pub fn records(&self) -> PathBuf {
        let mut trees = std::fs::read_dir(self.folder.join("datasets/made/1")).unwrap();
        let tree = trees.next().expect("it was pushed").unwrap().path();
        assert!(trees.next().is_none());
        tree
    }

    pub fn object(&self, bytes: &[u8]) -> PathBuf {
        self.folder.join(object(bytes))
    }

    pub fn put(&self, bytes: &[u8]) {
        let path = self.object(bytes);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Changes the records as [`forge`] does.
    pub fn forge(&self, edit: impl FnOnce(&mut Value, &mut Vec<Value>, &mut Vec<Value>)) {
        forge(&self.records(), edit);
    }
}

/// Somebody who may take from a mirror, and whose host has everything.
pub struct Other {
    pub served: Served,
    pub url: String,
}

impl Other {
    pub fn pull(&self) -> Ran {
        self.served.run(&["mirror", "pull", "made", "--mirror", &self.url])
    }

    /// Fetches with the mirror named.
    pub fn fetch_by_mirror(&self, flags: &[&str]) -> Ran {
        self.end(&[&["fetch", "made"], flags].concat(), Some(&self.url))
    }

    /// Fetches from the host alone.
    pub fn fetch(&self, flags: &[&str]) -> Ran {
        self.end(&[&["fetch", "made"], flags].concat(), None)
    }

    /// Runs to the end, which must come.
    pub fn end(&self, arguments: &[&str], mirror: Option<&str>) -> Ran {
        let mut command = self.served.home.command(&[&["--catalog", self.served.catalog.as_str()], arguments].concat());
        command.envs(mirror.map(|url| ("MEDSETS_MIRRORS", url)));
        in_time(command)
    }

    pub fn dataset(&self) -> PathBuf {
        self.served.home.data().join("made/1")
    }

    pub fn data(&self) -> Vec<String> {
        tree(&self.dataset().join("data")).into_keys().collect()
    }

    pub fn receipt(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.dataset().join(".medsets/receipt.json")).unwrap()).unwrap()
    }

    pub fn verify(&self) {
        self.served.run(&["verify", "made"]).expect(0);
    }
}

pub const WHOLE: [&str; 5] = ["a.txt", "b.txt", "big.bin", "table.csv", "twin.txt"];

pub fn in_time(mut command: std::process::Command) -> Ran {
    ended(command.spawn().unwrap())
}

/// Waits for the end of a run, which must come.
pub fn ended(mut child: std::process::Child) -> Ran {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("it hangs: {:?}", Ran::from(child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap().into()
}

pub fn record<'v>(records: &'v mut [Value], path: &str) -> &'v mut Value {
    records.iter_mut().find(|one| one["path"] == path).unwrap_or_else(|| panic!("no `{path}`"))
}

/// The name of the object of these bytes in a mirror.
pub fn object(bytes: &[u8]) -> String {
    let hex = Digest::sha256(bytes).hex();
    format!("objects/sha256/{}/{hex}", &hex[..2])
}

pub fn digest(bytes: &[u8]) -> Value {
    Digest::sha256(bytes).to_string().into()
}

/// The one record of this kind in the folder of a mirrored tree, `files` or `listed`.
pub fn state(folder: &Path, kind: &str) -> PathBuf {
    let all = std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().path());
    let mut found = all.filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(&format!("{kind}-")) && name.ends_with(".jsonl")
    });
    let one = found.next().unwrap_or_else(|| panic!("no `{kind}` in `{}`", folder.display()));
    assert!(found.next().is_none(), "several states of `{kind}` in `{}`", folder.display());
    one
}

/// Changes the records of a mirrored tree (mark, inventory, list) and makes all digests of them fit
/// again, as whoever may write to the mirror can.
pub fn forge(old: &Path, edit: impl FnOnce(&mut Value, &mut Vec<Value>, &mut Vec<Value>)) {
    let lines = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(state(old, name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let text = std::fs::read_to_string(old.join("mirror.json")).unwrap();
    let (mut mark, mut inventory, mut listed) =
        (serde_json::from_str::<Value>(&text).unwrap(), lines("files"), lines("listed"));
    edit(&mut mark, &mut inventory, &mut listed);
    inventory.sort_by_key(|record| record["path"].as_str().unwrap().to_owned());
    let is_file = |record: &&Value| record["kind"].is_null();
    let hex = |record: &Value| record["sha256"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let manifest: String = inventory
        .iter()
        .filter(is_file)
        .map(|record| format!("{}  {}\n", hex(record), record["path"].as_str().unwrap()))
        .collect();
    let text_of = |records: &[Value]| records.iter().map(|one| format!("{one}\n")).collect::<String>();
    let (inventory_text, listed_text) = (text_of(&inventory), text_of(&listed));
    let digest = |text: &str| Value::from(Digest::sha256(text.as_bytes()).to_string());
    let files = inventory.iter().filter(is_file);
    mark["files"] = files.clone().count().into();
    mark["bytes"] = files.fold(0_u64, |sum, one| sum.saturating_add(one["size"].as_u64().unwrap())).into();
    mark["tree"] = digest(&manifest);
    mark["manifest_size"] = manifest.len().into();
    mark["inventory"] = serde_json::json!({ "size": inventory_text.len(), "sha256": digest(&inventory_text) });
    mark["listed"]["sha256"] = digest(&listed_text);
    mark["listed"]["files"] = listed.len().into();
    mark["listed_size"] = listed_text.len().into();
    let new = old.parent().unwrap().join(Digest::sha256(manifest.as_bytes()).hex());
    std::fs::remove_dir_all(old).unwrap();
    std::fs::create_dir(&new).unwrap();
    std::fs::write(new.join("manifest.sha256"), manifest).unwrap();
    let named = |kind: &str, text: &str| new.join(format!("{kind}-{}.jsonl", Digest::sha256(text.as_bytes()).hex()));
    std::fs::write(named("files", &inventory_text), &inventory_text).unwrap();
    std::fs::write(named("listed", &listed_text), &listed_text).unwrap();
    std::fs::write(new.join("mirror.json"), mark.to_string()).unwrap();
}
