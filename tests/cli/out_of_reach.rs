//! Datasets that are named in a data folder and cannot be had there: links that lead nowhere, and
//! folders of others.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::support::archives::{Served, serve};
use crate::support::home::{Home, Ran};

/// Somebody who has fetched `made`, and a person who uses that copy.
struct Scene {
    served: Served,
    person: Home,
}

impl Scene {
    fn new() -> Self {
        let served = serve(&[("a.csv", b"a,b\n".to_vec(), ""), ("b.csv", b"b\n".to_vec(), "")]);
        served.run(&["fetch", "made"]).expect(0);
        let person = Home::new()
            .with("MEDSETS_REWRITE", format!("https://files.example.org/={}", served.host.url()))
            .with("MEDSETS_SHARED_DIRS", served.home.data().to_str().unwrap());
        Self { served, person }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.person.run(&[&["--catalog", self.served.catalog.as_str()], arguments].concat())
    }

    fn place(&self) -> PathBuf {
        self.person.data().join("made/1")
    }

    fn is_link(&self) -> bool {
        std::fs::symlink_metadata(self.place()).is_ok_and(|found| found.is_symlink())
    }
}

#[test]
fn a_link_to_a_copy_that_is_away_is_told_wherever_datasets_are() {
    let scene = Scene::new();
    scene.run(&["fetch", "made"]).expect(0);
    std::fs::rename(scene.served.home.data(), scene.served.home.path().join("away")).unwrap();
    let told = "where no dataset is to be had";
    let listed = scene.run(&["list"]).expect(0).says(&["warning", told]);
    assert!(listed.stdout.contains("made@1"), "{}", listed.stdout);
    scene.run(&["status", "--exit-code"]).expect(62).says(&[told, "medsets remove made@1"]);
    scene.run(&["status"]).expect(0).says(&[told]);
    scene.run(&["verify"]).expect(62).says(&[told]);
    scene.run(&["verify", "made", "--repair"]).expect(62).says(&[told, "medsets fetch made@1"]);
    scene.run(&["path", "made", "--must-exist"]).expect(62).says(&[told]);
    assert!(scene.run(&["du"]).expect(0).stdout.contains("made@1"));
    let audit = scene.run(&["audit", "made", "--format", "json"]);
    assert!(audit.stdout.contains(told), "{audit:?}");
    assert!(scene.is_link(), "nothing was changed");
    scene.run(&["remove", "made", "--yes"]).expect(0);
    assert!(!scene.is_link());
    scene.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_fetch_that_finds_no_other_copy_leaves_the_link() {
    let scene = Scene::new();
    scene.run(&["fetch", "made"]).expect(0);
    let away = scene.served.home.path().join("away");
    std::fs::rename(scene.served.home.data(), &away).unwrap();
    scene.run(&["fetch", "made", "--offline"]).expect(30);
    assert!(scene.is_link());
    std::fs::rename(&away, scene.served.home.data()).unwrap();
    scene.run(&["status", "--exit-code"]).expect(0);
    scene.run(&["fetch", "made", "--offline"]).expect(0);
}

#[test]
fn a_link_that_a_person_made_is_never_replaced() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    let disk = served.home.path().join("disk");
    std::fs::create_dir_all(disk.join("made")).unwrap();
    std::fs::rename(served.home.data().join("made/1"), disk.join("made/1")).unwrap();
    std::os::unix::fs::symlink(disk.join("made/1"), served.home.data().join("made/1")).unwrap();
    let away = served.home.path().join("unmounted");
    std::fs::rename(&disk, &away).unwrap();
    let asked = served.host.log().len();
    served.run(&["fetch", "made"]).expect(52).says(&["is a link to", "bring back", "medsets remove made"]);
    assert_eq!(served.host.log().len(), asked);
    std::fs::rename(&away, &disk).unwrap();
    served.run(&["status", "--exit-code"]).expect(0);
}

/// The program as somebody else than the owner of the data folder; `None` where there is nobody else.
fn by_another(scene: &Scene, arguments: &[&str]) -> Option<Ran> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("skipped: this user cannot be somebody else");
        return None;
    }
    for home in [&scene.served.home, &scene.person] {
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let owned = Command::new("chown").arg("-R").arg("12345:12345").arg(scene.person.path()).status().unwrap();
    assert!(owned.success());
    let data = scene.served.home.data();
    let given = ["--catalog", &scene.served.catalog, "--data-dir", data.to_str().unwrap()];
    let mut command = scene.person.command(&[&given, arguments].concat());
    Some(command.uid(12345).gid(12345).output().unwrap().into())
}

#[test]
fn what_another_person_closed_is_passed_over_and_the_rest_is_told() {
    let scene = Scene::new();
    scene.served.run(&["fetch", "demo"]).expect(0);
    let data = scene.served.home.data();
    for folder in [".local", ".local/share", ".local/share/medsets"] {
        let folder = scene.served.home.path().join(folder);
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let close = |path: &str, mode| {
        std::fs::set_permissions(data.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for closed in ["made/1", "made", "made/1/.medsets"] {
        close(closed, 0o700);
        for command in [&["list"][..], &["status"], &["verify"], &["du"], &["audit"], &["status", "--exit-code"]] {
            let Some(ran) = by_another(&scene, command) else { return };
            let ran = ran.expect(0);
            // An audit finds it; the others warn.
            let told = if command == ["audit"] { &ran.stdout } else { &ran.stderr };
            for part in ["warning", "made", "is passed over", "permission denied"] {
                assert!(told.contains(part), "{command:?}: `{part}` is not in {ran:?}");
            }
            assert!(ran.stdout.contains("demo"), "{command:?}: {ran:?}");
            let both = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(both.matches("is passed over").count(), 1, "{command:?}: {both}");
        }
        for command in [&["path", "demo", "--must-exist"][..], &["verify", "demo"], &["du", "demo"]] {
            by_another(&scene, command).unwrap().expect(0);
        }
        by_another(&scene, &["verify", "made"]).unwrap().expect(52).says(&["permission denied"]);
        // A folder that is named is audited as far as it is open, and says what is not.
        let folder = data.to_str().unwrap();
        let ran = by_another(&scene, &["audit", folder]).unwrap().expect(0);
        for part in ["demo", "closed-folder", "is passed over, and what it holds is unknown"] {
            assert!(ran.stdout.contains(part), "{closed}: {}", ran.stdout);
        }
        by_another(&scene, &["audit", "demo", "--strict"]).unwrap().expect(0);
        by_another(&scene, &["audit", folder, "--strict"]).unwrap().expect(61);
        close(closed, 0o755);
    }
    by_another(&scene, &["verify", "made"]).unwrap().expect(0);
}
