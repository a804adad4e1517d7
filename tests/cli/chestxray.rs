//! `fetch chestxray14` from a stand-in for Box: the true shape, killed again and again.

use std::time::Duration;

use crate::support::chestxray::ChestXray;
use crate::support::home::{Home, tree};

const MEMBERS: usize = 12;

fn prepared(size: usize) -> (Home, ChestXray, crate::support::host::Host, String) {
    let home = Home::new();
    let made = ChestXray::make(&home, MEMBERS, size);
    let dir = home.overlay("chestxray14.toml", &made.entry);
    let host = made.serve();
    let home = home.with("MEDSETS_REWRITE", ChestXray::rewrite(&host)).with("MEDSETS_CATALOG", dir.clone());
    (home, made, host, dir)
}

#[test]
fn twelve_archives_become_one_folder_of_images_with_the_tables_beside_it() {
    let (home, made, host, _) = prepared(4096);
    home.run(&["fetch", "chestxray14"]).expect(0);
    let dir = home.run(&["path", "chestxray14"]).expect(0).stdout;
    let data = tree(&std::path::PathBuf::from(dir.trim()).join("data"));
    assert_eq!(data.keys().filter(|name| name.starts_with("images/")).count(), 12 * MEMBERS);
    assert_eq!(data["Data_Entry_2017_v2020.csv"], made.files["Data_Entry_2017_v2020.csv"]);
    let log = host.log();
    assert!(log.iter().all(|asked| asked.method == "GET"), "Box answers no HEAD");
    let clouds = log.iter().filter(|asked| asked.path.starts_with("/cloud/"));
    assert!(clouds.clone().all(|asked| asked.header("cookie").is_none()), "no cookie reaches the other host");
    home.run(&["verify", "chestxray14"]).expect(0);
}

/// The issue's own measure: killed 20 times at random moments, then finished, the same bytes.
#[test]
fn killed_twenty_times_and_finished_it_is_the_same() {
    let (whole, ..) = {
        let (home, made, host, dir) = prepared(60_000);
        home.run(&["fetch", "chestxray14"]).expect(0);
        (tree(&home.data().join("chestxray14")), home, made, host, dir)
    };
    let (home, _made, _host, _) = prepared(60_000);
    let mut state = std::process::id() as u64 | 1;
    let mut killed = 0;
    for _ in 0..200 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // A rate limit stretches the run so that kills hit every phase of it.
        let mut run = home.command(&["fetch", "chestxray14", "--limit-rate", "12MB"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + (state >> 33) % 300));
        if run.try_wait().unwrap().is_some() {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
        killed += 1;
        if killed == 20 {
            break;
        }
    }
    assert!(killed >= 5, "the run ended before it could be killed");
    home.run(&["fetch", "chestxray14"]).expect(0);
    let after = tree(&home.data().join("chestxray14"));
    let ours = |name: &&String| name.contains("/data/") || name.contains("/docs/") || name.ends_with("manifest.sha256");
    assert_eq!(after.keys().filter(ours).collect::<Vec<_>>(), whole.keys().filter(ours).collect::<Vec<_>>());
    for name in whole.keys().filter(ours) {
        assert!(after[name] == whole[name], "{name} differs");
    }
    home.run(&["verify", "chestxray14"]).expect(0);
    let store = home.data().join(".medsets-store/parts");
    assert_eq!(std::fs::read_dir(store).unwrap().count(), 0, "no wreck is left");
}

/// What the overlay changes beside digests and sizes would not be the published entry any more.
#[test]
fn the_overlaid_entry_is_the_embedded_one_but_for_digests_and_sizes() {
    let (home, made, ..) = prepared(512);
    let embedded = Home::new().run(&["info", "chestxray14", "--raw"]).expect(0).stdout;
    drop(home);
    let kept = |text: &str| -> Vec<String> {
        let figures = ["size = ", "size-about = ", "unpacked-about = ", "sha256 = ", "sha1 = ", "md5 = ", "unpack = "];
        text.lines().filter(|line| !figures.iter().any(|key| line.starts_with(key))).map(str::to_owned).collect()
    };
    assert_eq!(kept(&made.entry), kept(&embedded));
}
