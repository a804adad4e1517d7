//! What a person is told where bytes cannot be had, and what may then be typed as it stands.

use std::os::unix::fs::PermissionsExt as _;

use medsets::values::Digest;

use crate::lock::{Machine, Publisher, beside};
use crate::support::home::{Home, Ran};
use crate::support::host::{Asked, Host, Reply};
use crate::support::mirrors::{EVIL, Share, TABLE};

const BYTES: &[u8] = b"these bytes";

/// A project that uses `made`, whose one file is at a host.
struct Scene {
    home: Home,
    catalog: String,
    _host: Host,
}

fn scene(file: &str, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Scene {
    let host = Host::start(answer);
    let rewrite = format!("https://files.example.org/={}", host.url());
    let home = Home::new().with("MEDSETS_REWRITE", rewrite).with("MEDSETS_RETRIES", "0");
    let (size, sha256) = (BYTES.len(), Digest::sha256(BYTES).hex());
    let entry = format!(
        "id = \"made\"\ntitle = \"Made\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example.org/made/\"\n\
         [[release.file]]\npath = \"{file}\"\nsize = {size}\nsha256 = \"{sha256}\"\n"
    );
    let catalog = home.overlay("made.toml", &entry);
    std::fs::write(home.path().join("work/medsets.toml"), "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"made\"\n")
        .unwrap();
    Scene { home, catalog, _host: host }
}

impl Scene {
    fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }
}

#[test]
fn a_command_with_the_name_of_a_file_can_be_typed() {
    let scene = scene("d/it's a b#c?.txt", |asked| Reply::file(asked, b"other bytes".to_vec()));
    let refused = scene.run(&["sync"]).expect(40);
    let start = refused.stderr.find("`medsets sync --accept-changed").expect(&refused.stderr) + "`medsets ".len();
    let command = &refused.stderr[start..];
    let command = &command[..command.find('`').unwrap()];
    let script = format!("for word in {command}; do printf '%s\\n' \"$word\"; done");
    let words = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let words = String::from_utf8(words.stdout).unwrap();
    scene.run(&words.lines().collect::<Vec<_>>()).expect(0);
    let file = scene.home.path().join("work/data/made/1/data/d/it's a b#c?.txt");
    assert_eq!(std::fs::read(file).unwrap(), b"other bytes");
}

/// The publisher has no part in a wrong byte of the mirror, whatever the publisher's host answers.
#[test]
fn a_wrong_byte_of_a_mirror_is_not_the_publishers() {
    for status in [404, 503] {
        let share = Share::pushed();
        std::fs::write(share.object(TABLE), EVIL).unwrap();
        let host = Host::start(move |_| Reply::status(status));
        let mut other = share.other();
        let rewrite = format!("https://files.example.org/={}", host.url());
        other.served.home = other.served.home.with("MEDSETS_REWRITE", rewrite).with("MEDSETS_RETRIES", "0");
        let work = other.served.home.path().join("work");
        std::fs::write(work.join("medsets.toml"), "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"made\"\n").unwrap();
        let ran = other.end(&["sync"], Some(&other.url)).expect(40);
        let ran = ran.says(&["checksum mismatch for `table.csv`", "mirror push made --verify"]);
        assert!(!ran.stderr.contains("--accept-changed"), "{status}: {}", ran.stderr);
    }
}

#[test]
fn a_host_that_refuses_leaves_a_person_with_something_to_do() {
    for (status, exit) in [(401, 20), (403, 22)] {
        let scene = scene("a.csv", move |_| Reply::status(status));
        scene.run(&["sync"]).expect(exit).says(&["help: open the address in a browser", "medsets import"]);
    }
}

#[test]
fn a_file_that_is_gone_is_told_with_what_finds_it_elsewhere() {
    let digest = Digest::sha256(BYTES).to_string();
    for status in [404, 410] {
        let scene = scene("a.csv", move |_| Reply::status(status));
        for command in [&["sync"][..], &["fetch", "made"]] {
            let ran = scene.run(command).expect(35);
            let ran = ran.says(&["`medsets info made --sources`", &digest, "11 bytes", "medsets import"]);
            assert!(!ran.stderr.contains("info ID"), "{}", ran.stderr);
        }
    }
    // What was got elsewhere is taken in.
    let scene = scene("a.csv", |_| Reply::status(404));
    scene.run(&["lock"]).expect(0);
    let found = scene.home.path().join("a.csv");
    std::fs::write(&found, BYTES).unwrap();
    scene.run(&["import", "made", found.to_str().unwrap()]).expect(0);
    scene.run(&["sync", "--frozen"]).expect(0);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_what_names_another() {
    let closed = |home: &Home, name: &str, mode: u32| {
        let folder = home.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
        folder.to_str().unwrap().to_owned()
    };
    let home = Home::new();
    let data = closed(&home, "closed", 0o555);
    home.run_unprivileged(&["fetch", "demo", "--data-dir", &data]).expect(52).says(&["closed", "`--data-dir DIR`"]);
    let home = home.with("MEDSETS_STATE_DIR", format!("{data}/state"));
    home.run_unprivileged(&["fetch", "demo"]).expect(52).says(&["closed/state", "`MEDSETS_STATE_DIR`"]);
    // A folder of settings of somebody else, as with `HOME=/root` in a container.
    let home = Home::new();
    let theirs = closed(&home, "theirs", 0o000);
    let home = home.with("XDG_CONFIG_HOME", &theirs);
    home.run_unprivileged(&["list"]).expect(52).says(&["theirs", "`MEDSETS_CONFIG`", "`HOME`"]);
}

#[test]
fn a_file_in_the_place_of_a_mirror_is_one() {
    let home = Home::new();
    let file = home.path().join("share");
    std::fs::write(&file, "x").unwrap();
    let mirror = format!("file://{}", file.display());
    home.run(&["mirror", "pull", "demo", "--mirror", &mirror]).expect(52).says(&["is a file", "should be a folder"]);
}

#[test]
fn a_pointer_of_git_lfs_beside_the_lock_is_known() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["lock"]).expect(0);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n";
    for entry in beside(&machine, ".toml") {
        std::fs::write(entry, pointer).unwrap();
    }
    // The catalogue's own entry is another by now, so that the one beside the lock is needed.
    machine.home.overlay("made.toml", &publisher.entry("Made again", "data"));
    machine.run(&["sync", "--locked"]).expect(12).says(&["a pointer of Git LFS", "`git lfs pull`"]);
    std::fs::write(machine.work().join("medsets.lock"), pointer).unwrap();
    for command in [&["sync"][..], &["lock"], &["lock", "--check"]] {
        machine.run(command).expect(12).says(&["`medsets.lock` is a pointer of Git LFS", "`git lfs pull`"]);
    }
}
