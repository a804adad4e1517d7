//! Archives in data outside the catalogue: they stay as they came, or unpack where it is asked.

use std::collections::BTreeMap;

use crate::stand_ins::{Setup, Toy, kaggle, storage, zenodo};
use crate::support::archives::{gzip, tar_of, zip_of};
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Host, Reply};

use super::entries::toy;
use super::scene::STORAGE;

/// A zip with a folder around everything and what macOS adds, one without, a tar, and what only
/// looks like an archive.
fn packed() -> Toy {
    let zip = zip_of(&[("set/images/1.txt", b"one"), ("set/labels.csv", b"id\n"), ("__MACOSX/set/._x", b"junk")]);
    let bare = zip_of(&[("a.txt", b"a"), ("b/c.txt", b"c")]);
    let tar = gzip(&tar_of(&[("notes/read.txt", tar::EntryType::Regular, "", b"notes")]));
    let scan = gzip(b"a scan");
    toy(&[
        ("README.md", b"# Toy\n"),
        ("set.zip", &zip),
        ("bare.zip", &bare),
        ("more.tar.gz", &tar),
        ("scan.nii.gz", &scan),
    ])
}

/// Zenodo, Kaggle with its store, and a plain web host behind one door.
fn world() -> (Host, Home) {
    let host = Host::start(|asked| {
        let (door, rest) = asked.path[1..].split_once('/').unwrap_or((&asked.path[1..], ""));
        let inner = Asked { path: format!("/{rest}"), ..asked.clone() };
        let setup = |origin: &str, toy| Setup { toy, origin: origin.into(), storage: STORAGE.into(), token: None };
        let inside = zip_of(&[("x.txt", b"x")]);
        let many: Vec<(String, Vec<u8>)> = (0..40).map(|number| (format!("f/{number}.txt"), b"f".to_vec())).collect();
        let many = Toy { files: [many, vec![("inside.zip".to_owned(), inside)]].concat().into() };
        match door {
            "zenodo" => zenodo::answer(&setup("https://zenodo.org/", packed()), &inner),
            "kaggle" => kaggle::answer(&setup("https://www.kaggle.com/", many), &inner),
            "store" => storage::answer(&many, &inner),
            "files" => match packed().bytes(rest) {
                Some(bytes) => Reply::file(asked, bytes.to_vec()),
                None => Reply::status(404),
            },
            _ => Reply::status(404),
        }
    });
    let doors = [
        ("https://zenodo.org/", "zenodo/"),
        ("https://api.kaggle.com/", "kaggle/api/"),
        ("https://www.kaggle.com/", "kaggle/"),
        ("https://files.example.org/", "files/"),
        (STORAGE, "store/"),
    ];
    let rewrites: Vec<String> = doors.iter().map(|(from, to)| format!("{from}={}{to}", host.url())).collect();
    let home = Home::new().with("MEDSETS_REWRITE", rewrites.join(";")).with("MEDSETS_KEYRING", "none");
    (host, home)
}

fn data(home: &Home, folder: &str) -> BTreeMap<String, Vec<u8>> {
    tree(&home.data().join(folder).join("data"))
}

const UNPACKED: [&str; 7] =
    ["README.md", "bare/a.txt", "bare/b/c.txt", "more/read.txt", "scan.nii.gz", "set/images/1.txt", "set/labels.csv"];

#[test]
fn archives_unpack_into_folders_of_their_names_where_it_is_asked() {
    let (host, home) = world();
    let plan = home.json(&["fetch", "zenodo:42", "--unpack", "--dry-run"]);
    let steps = plan["data"]["datasets"][0]["plan"]["steps"].as_array().unwrap().clone();
    assert_eq!(steps.iter().filter(|step| step["action"] == "download-and-unpack").count(), 3, "{plan}");
    home.run(&["fetch", "zenodo:42", "--unpack"]).expect(0).says(&["not in the catalogue"]);
    let files = data(&home, "zenodo-42/42");
    assert_eq!(files.keys().collect::<Vec<_>>(), UNPACKED);
    assert_eq!(files["set/images/1.txt"], b"one");
    // What came out is in the manifest, and which archive it came out of in the inventory.
    let records = |name: &str| std::fs::read_to_string(home.data().join("zenodo-42/42/.medsets").join(name)).unwrap();
    assert!(records("manifest.sha256").contains("data/set/labels.csv"));
    assert!(records("files.jsonl").contains("\"set.zip\""));
    home.run(&["verify", "zenodo:42", "--offline"]).expect(0);
    // The entry beside the data knows it: asked for in any way, it is here and whole.
    let asked = host.log().len();
    for more in [&["--unpack"][..], &[]] {
        home.run(&[&["fetch", "zenodo:42", "--offline"], more].concat()).expect(0).says(&["is whole here"]);
    }
    assert_eq!(host.log().len(), asked);
    // And a damaged member is had again out of its archive.
    std::fs::write(home.data().join("zenodo-42/42/data/set/labels.csv"), b"bad").unwrap();
    home.run(&["verify", "zenodo:42", "--repair"]).expect(0);
    assert_eq!(data(&home, "zenodo-42/42"), files);
}

#[test]
fn what_is_here_packed_stays_so_until_it_is_removed() {
    let (_host, home) = world();
    home.run(&["fetch", "zenodo:42"]).expect(0);
    assert!(data(&home, "zenodo-42/42").contains_key("set.zip"));
    let refused = home.run(&["fetch", "zenodo:42", "--unpack"]).expect(2);
    refused.says(&["with its archives as they came", "medsets remove zenodo-42@42"]);
    home.run(&["remove", "zenodo-42@42", "--yes"]).expect(0);
    home.run(&["fetch", "zenodo:42", "--unpack"]).expect(0);
    assert_eq!(data(&home, "zenodo-42/42").keys().collect::<Vec<_>>(), UNPACKED);
    home.run(&["fetch", "zenodo:42", "--unpack", "--no-unpack"]).expect(2);
}

/// A fetch that did not end had the archives as they came; the next one is asked to unpack.
#[test]
fn an_unfinished_fetch_does_not_keep_it_packed() {
    let (host, home) = world();
    // Everything is there but one file, so that a part of it waits in the workspace.
    let broken = format!(
        "https://zenodo.org/api/records/42/files/set.zip/=http://127.0.0.1:9/;https://zenodo.org/={}zenodo/",
        host.url()
    );
    let home = home.with("MEDSETS_RETRIES", "0");
    let half = home.command(&["fetch", "zenodo:42"]).env("MEDSETS_REWRITE", broken).output().unwrap();
    assert!(!half.status.success());
    assert!(tree(&home.data().join(".medsets-store/parts")).keys().any(|name| name.ends_with("entry.toml")));
    home.run(&["fetch", "zenodo:42", "--unpack"]).expect(0);
    assert_eq!(data(&home, "zenodo-42/42").keys().collect::<Vec<_>>(), UNPACKED);
}

#[test]
fn a_single_archive_unpacks_and_a_bundle_is_no_folder_of_its_own() {
    let (_host, home) = world();
    let fetched = |reference: &str| {
        home.run(&["fetch", reference, "--unpack"]).expect(0);
        let dir = home.run(&["path", reference]).expect(0).stdout;
        tree(&std::path::Path::new(dir.trim()).join("data")).into_keys().collect::<Vec<_>>()
    };
    assert_eq!(fetched("https://files.example.org/set.zip"), ["set/images/1.txt", "set/labels.csv"]);
    assert_eq!(fetched("https://files.example.org/scan.nii.gz"), ["scan.nii.gz"]);
    // Kaggle's archive of all files; the archives that it holds are left as they are.
    let all = fetched("kaggle:own/toy");
    assert_eq!((all.len(), all[0].as_str(), all[40].as_str()), (41, "f/0.txt", "inside.zip"));
}
