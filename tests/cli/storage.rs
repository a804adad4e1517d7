//! Disks that are full, folders that are closed, runs that are killed: a clear error, nothing
//! half shown, and the next run goes on.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::archives::{Served, gzip, serve, serve_with, tar_of, zip_of};
use crate::support::home::{Home, Waiting, tree, until};
use crate::support::host::{Host, Reply};

/// A small disk of memory; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a word about it, where this user may not mount.
    fn mount(at: PathBuf, options: &str) -> Option<Self> {
        std::fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: this user may not mount a small disk");
        None
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Bytes that do not compress.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..size).map(|_| next()).collect()
}

fn receipt(home: &Home, dataset: &str) -> PathBuf {
    home.data().join(dataset).join(".medsets/receipt.json")
}

#[test]
fn too_small_a_disk_is_refused_before_the_first_byte() {
    let served = serve(&[("big.bin", noise(700_000), "")]);
    let Some(disk) = SmallDisk::mount(served.home.path().join("disk"), "size=400k") else { return };
    served.run(&["fetch", "made", "--to", disk.path()]).expect(50).says(&["free", "needs", "--ignore-space"]);
    assert!(served.host.log().is_empty(), "nothing was asked for");
    served.run(&["fetch", "made", "--to", disk.path(), "--ignore-space"]).expect(50).says(&["big.bin"]);
    assert!(!disk.0.join("made").exists());
    // With more room the same command goes on.
    let grown = Command::new("mount").args(["-o", "remount,size=8m"]).arg(&disk.0).status().unwrap();
    assert!(grown.success());
    served.run(&["fetch", "made", "--to", disk.path()]).expect(0);
    assert_eq!(std::fs::read(disk.0.join("made/1/data/big.bin")).unwrap(), noise(700_000));
}

#[test]
fn a_disk_that_fills_while_unpacking_is_said_and_then_continued() {
    let members: Vec<(String, Vec<u8>)> = (0..6).map(|number| (format!("{number}.bin"), vec![0; 100_000])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let served = serve(&[("zeros.zip", zip_of(&members), "{ format = \"zip\" }")]);
    let Some(disk) = SmallDisk::mount(served.home.path().join("disk"), "size=400k") else { return };
    served.run(&["fetch", "made", "--to", disk.path(), "--ignore-space"]).expect(50);
    assert!(!disk.0.join("made").exists());
    assert!(Command::new("mount").args(["-o", "remount,size=8m"]).arg(&disk.0).status().unwrap().success());
    let asked = served.host.log().len();
    served.run(&["fetch", "made", "--to", disk.path()]).expect(0);
    assert_eq!(served.host.log().len(), asked, "the archive was kept");
}

#[test]
fn a_disk_without_inodes_is_told_from_one_without_bytes() {
    let members: Vec<(String, Vec<u8>)> = (0..80).map(|number| (format!("{number}.txt"), vec![b'x'])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let stated = "{ format = \"zip\", members = 80 }";
    let served = serve(&[("many.zip", zip_of(&members), stated)]);
    let Some(disk) = SmallDisk::mount(served.home.path().join("disk"), "size=8m,nr_inodes=40") else { return };
    served.run(&["fetch", "made", "--to", disk.path()]).expect(51).says(&["files"]);
    assert!(served.host.log().is_empty());
    let ran = served.run(&["fetch", "made", "--to", disk.path(), "--ignore-space"]).expect(51);
    assert!(ran.stderr.contains("inodes") || ran.stderr.contains("no more files"), "{}", ran.stderr);
    assert!(!disk.0.join("made").exists());
}

#[test]
fn a_disk_that_cannot_be_written_is_named() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path().join("disk"), "size=8m,ro") else { return };
    home.run(&["fetch", "demo", "--to", disk.path()]).expect(52).says(&["disk", "read-only", "`--data-dir DIR`"]);
}

#[test]
fn a_copy_that_nobody_needs_takes_no_room_from_the_dataset() {
    let served = serve_with(Home::new().with("MEDSETS_LINK_MODE", "copy"), &[("big.bin", noise(3_000_000), "")], "");
    let Some(disk) = SmallDisk::mount(served.home.path().join("disk"), "size=4500k") else { return };
    for command in [&["fetch", "made"][..], &["verify", "made"], &["prune"]] {
        served.run(&[command, &["--data-dir", disk.path()]].concat()).expect(0);
    }
    let left = tree(&disk.0.join(".medsets-store"));
    assert!(left.values().all(Vec::is_empty), "{:?}", left.keys());
}

#[test]
fn what_would_be_pruned_is_told_where_nothing_can_be_written() {
    let served = serve(&[("a.csv", b"a\n".to_vec(), "")]);
    let Some(disk) = SmallDisk::mount(served.home.path().join("disk"), "size=8m") else { return };
    served.run(&["fetch", "made", "--data-dir", disk.path()]).expect(0);
    for left in ["tmp/left", "parts/old-1"] {
        std::fs::create_dir_all(disk.0.join(".medsets-store").join(left)).unwrap();
    }
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status().unwrap().success());
    let prune = ["prune", "--parts", "--older", "0", "--data-dir", disk.path()];
    let answer = served.home.json(&[&prune[..], &["--dry-run"]].concat());
    assert_eq!(answer["data"]["items"].as_array().map(Vec::len), Some(2), "{answer}");
    served.run(&prune).expect(52).says(&["read-only"]);
}

#[test]
fn a_state_folder_that_cannot_be_written_loses_no_data() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path().join("state"), "size=1m,ro") else { return };
    let home = home.with("MEDSETS_STATE_DIR", disk.path());
    home.run(&["fetch", "demo"]).expect(52).says(&["state", "`MEDSETS_STATE_DIR`"]);
    drop(disk);
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_run_killed_at_any_moment_is_continued() {
    let members: Vec<(String, Vec<u8>)> =
        (0..120).map(|number| (format!("pictures/{number:03}.bin"), noise(2_000 + number))).collect();
    let zip: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let tar: Vec<_> =
        members.iter().map(|(name, bytes)| (name.replace("pictures", "texts"), bytes)).collect::<Vec<_>>();
    let tar: Vec<_> =
        tar.iter().map(|(name, bytes)| (name.as_str(), tar::EntryType::Regular, "", bytes.as_slice())).collect();
    let served = serve(&[
        ("pictures.zip", zip_of(&zip), "{ format = \"zip\" }"),
        ("texts.tar.gz", gzip(&tar_of(&tar)), "{ format = \"tar.gz\" }"),
        ("plain.bin", noise(300_000), ""),
    ]);
    // How long a run takes here, so that the kills fall into it.
    let begun = std::time::Instant::now();
    served.run(&["fetch", "made"]).expect(0);
    let whole = begun.elapsed();
    let expected = tree(&served.home.data().join("made/1/data"));
    for round in 0..15_u32 {
        std::fs::remove_dir_all(served.home.data().join("made")).unwrap();
        let _ = std::fs::remove_dir_all(served.home.data().join(".medsets-store"));
        for part in [round * 2, round * 14 % 30] {
            let mut run = served.home.command(&["--catalog", &served.catalog, "fetch", "made"]);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * part / 30);
            let _ = run.kill();
            let _ = run.wait();
        }
        served.run(&["fetch", "made"]).expect(0);
        assert_eq!(tree(&served.home.data().join("made/1/data")), expected, "round {round}");
        served.run(&["verify", "made"]).expect(0);
        served.run(&["ledger", "verify"]).expect(0);
        let receipt: Value = serde_json::from_slice(&std::fs::read(receipt(&served.home, "made/1")).unwrap()).unwrap();
        assert!(receipt["ledger"]["hash"].is_string(), "round {round}: {receipt}");
    }
}

#[test]
fn a_kill_between_the_files_and_the_record_is_mended() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let path = receipt(&home, "demo/1.0");
    let mut torn: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    torn.as_object_mut().unwrap().remove("ledger");
    std::fs::write(&path, serde_json::to_vec_pretty(&torn).unwrap()).unwrap();
    home.run(&["fetch", "demo"]).expect(0);
    let mended: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    let last: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    assert_eq!(mended["ledger"]["hash"], last["hash"]);
    home.run(&["ledger", "verify"]).expect(0);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_part_killed_at_its_commit_is_completed_and_loses_nothing() {
    let whole = Home::new();
    whole.run(&["fetch", "demo"]).expect(0);
    let expected = tree(&whole.data().join("demo/1.0/data"));
    for round in 0..12 {
        let home = Home::new();
        let path = receipt(&home, "demo/1.0");
        let mut run = home.command(&["fetch", "demo", "--exclude", "labels*"]);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The kill falls between the commit and the end of the run, or just behind it.
        while !path.exists() && run.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        let _ = run.kill();
        let _ = run.wait();
        home.run(&["fetch", "demo"]).expect(0);
        assert_eq!(tree(&home.data().join("demo/1.0/data")), expected, "round {round}");
        home.run(&["verify", "demo"]).expect(0);
    }
}

#[test]
fn nothing_is_downloaded_for_a_ledger_that_takes_no_entry() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["remove", "demo", "--yes"]).expect(0);
    let ledger = home.state().join("ledger.jsonl");
    let text = std::fs::read_to_string(&ledger).unwrap();
    std::fs::write(&ledger, &text[..text.len() - 20]).unwrap();
    let ran = home.run(&["--events", "-", "fetch", "demo"]).expect(14).says(&["medsets ledger verify --repair"]);
    assert!(!ran.stdout.contains("file-done"), "{}", ran.stdout);
    assert!(!home.data().join("demo/1.0").exists());
}

#[test]
fn without_a_place_for_the_ledger_nothing_is_fetched_or_removed() {
    let home = Home::new();
    let mut run = home.command(&["fetch", "demo", "--to", "here"]);
    let ran: crate::support::home::Ran = run.env_remove("HOME").output().unwrap().into();
    ran.expect(10).says(&["MEDSETS_STATE_DIR"]);
    assert!(!home.path().join("work/here/demo").exists());
    home.run(&["fetch", "demo"]).expect(0);
    let elsewhere = home.path().join("file");
    std::fs::write(&elsewhere, "a file where a folder should be").unwrap();
    let mut run = home.command(&["remove", "demo", "--yes"]);
    let ran: crate::support::home::Ran = run.env("MEDSETS_STATE_DIR", &elsewhere).output().unwrap().into();
    assert_ne!(ran.code, Some(0));
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn an_emptied_folder_is_not_called_whole() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let data = home.data().join("demo/1.0/data");
    let expected = tree(&data);
    std::fs::remove_dir_all(&data).unwrap();
    home.run(&["fetch", "demo"]).expect(0);
    assert_eq!(tree(&data), expected);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_foreign_folder_is_refused_before_the_download() {
    let home = Home::new();
    let place = home.data().join("demo/1.0");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("thesis.tex"), "years of work").unwrap();
    let ran = home.run(&["--events", "-", "fetch", "demo"]).expect(52).says(&["not a dataset folder"]);
    assert!(!ran.stdout.contains("file-done"), "{}", ran.stdout);
    assert!(place.join("thesis.tex").exists());
}

#[test]
fn a_closed_reader_ends_the_output_and_nothing_else() {
    let home = Home::new();
    for arguments in [&["list", "--available"][..], &["man"], &["schema", "catalog"], &["fetch", "demo"]] {
        let mut run = home.command(arguments).spawn().unwrap();
        drop(run.stdout.take());
        let output = run.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_torn_ledger_is_said_and_repaired() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let path = home.state().join("ledger.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
    let digest = home.run(&["access", "accept", "demo-gated", "--dry-run"]).expect(0);
    let digest = digest
        .stdout
        .lines()
        .chain(digest.stderr.lines())
        .find_map(|line| line.find("sha256:").map(|at| line[at..at + 71].to_owned()));
    let accept = ["access", "accept", "demo-gated", "--text-digest", &digest.expect("the digest is shown")];
    home.run(&accept).expect(14).says(&["medsets ledger verify --repair"]);
    home.run(&["remove", "demo", "--yes"]).expect(14).says(&["medsets ledger verify --repair"]);
    home.run(&["ledger", "verify"]).expect(14);
    home.run(&["ledger", "verify", "--repair"]).expect(0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    home.run(&["ledger", "verify"]).expect(0);
    home.run(&accept).expect(0);
}

#[test]
fn a_changed_ledger_is_never_built_upon() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let path = home.state().join("ledger.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"demo\"", "\"dema\"", 1)).unwrap();
    home.run(&["ledger", "verify"]).expect(14).says(&["ledger.jsonl"]);
    home.run(&["ledger", "verify", "--repair"]).expect(14);
    home.run(&["fetch", "demo-gated"]).expect(14);
    assert_ne!(std::fs::read_to_string(&path).unwrap(), text, "a broken ledger is left as it is");
}

/// A dataset behind an agreement whose page the test may change or take away.
struct Agreement {
    served: crate::support::archives::Served,
    page: Arc<Mutex<Reply>>,
    _terms: Host,
}

impl Agreement {
    fn of(kind: &str) -> Self {
        let page = Arc::new(Mutex::new(text("Be kind to the data.")));
        let terms = {
            let page = page.clone();
            Host::start(move |_| page.lock().unwrap().clone())
        };
        let requires = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                        license = \"LicenseRef-made\"\n";
        let home = Home::new().with("MEDSETS_RETRIES", "0");
        let files = [("table.csv", b"a,b\n".to_vec(), "")];
        let rewrite = format!("https://terms.example.org/={}", terms.url());
        let served = serve_with(home, &files, requires);
        let both = format!("https://files.example.org/={};{rewrite}", served.host.url());
        let served = crate::support::archives::Served { home: served.home.with("MEDSETS_REWRITE", both), ..served };
        let license = format!(
            "id = \"LicenseRef-made\"\nname = \"Made-up terms\"\nversion = \"1\"\nkind = \"{kind}\"\n\
             url = \"https://terms.example.org/terms\"\ntext = \"page\"\nsummary = \"Be kind.\"\n\n[terms]\n"
        );
        let dir = Path::new(&served.catalog).join("licenses");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("LicenseRef-made.toml"), license).unwrap();
        let shown = served.home.json(&["--catalog", &served.catalog, "access", "accept", "made", "--dry-run"]);
        let digest = shown["data"]["text_digest"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
        served.run(&["access", "accept", "made", "--text-digest", &digest]).expect(0);
        Self { served, page, _terms: terms }
    }

    fn change(&self, reply: Reply) {
        *self.page.lock().unwrap() = reply;
    }
}

fn text(words: &str) -> Reply {
    Reply::page(&format!("<html><body><h1>Terms</h1><p>{words}</p></body></html>"))
}

#[test]
fn a_changed_agreement_must_be_read_again() {
    let agreement = Agreement::of("click-through");
    agreement.change(text("Be kind to the data, and pay."));
    agreement.served.run(&["fetch", "made"]).expect(24).says(&["LicenseRef-made", "medsets access accept made"]);
    assert!(agreement.served.host.log().is_empty(), "nothing was downloaded");
    // Other markup around the same words is no other text.
    agreement.change(Reply::page("<html><body class=new><h1>Terms</h1>\n<p>Be kind to   the data.</p></body></html>"));
    agreement.served.run(&["fetch", "made"]).expect(0);
}

#[test]
fn changed_terms_of_a_provider_are_said_and_stop_nothing() {
    let agreement = Agreement::of("provider-terms");
    agreement.change(text("Be kind to the data, and pay."));
    agreement.served.run(&["fetch", "made"]).expect(0).says(&["warning", "LicenseRef-made"]);
}

#[test]
fn an_agreement_page_that_is_down_is_said_and_stops_nothing() {
    let agreement = Agreement::of("click-through");
    agreement.change(Reply::status(404));
    agreement.served.run(&["fetch", "made"]).expect(0).says(&["warning", "LicenseRef-made"]);
}

#[test]
fn a_folder_of_somebody_else_is_never_replaced() {
    let home = Home::new();
    let taken = home.data().join("demo/1.0");
    std::fs::create_dir_all(&taken).unwrap();
    std::fs::write(taken.join("thesis.tex"), "years").unwrap();
    home.run(&["fetch", "demo"]).expect(52).says(&["demo/1.0"]);
    assert_eq!(tree(&taken).len(), 1);
    std::fs::set_permissions(&taken, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_run_waits_for_another_one_only_as_long_as_told() {
    let served = serve(&[("big.bin", noise(3_000_000), "")]);
    served.run(&["config", "set", "lock-wait", "1s"]).expect(0);
    let mut slow = served.home.command(&["--catalog", &served.catalog, "fetch", "made", "--limit-rate", "100KB"]);
    let mut first = slow.spawn().unwrap();
    until(|| claim(&served).exists());
    let second = served.run(&["fetch", "made"]);
    let _ = first.kill();
    let _ = first.wait();
    second.expect(53).says(&["another medsets run"]);
    served.run(&["fetch", "made"]).expect(0);
}

#[test]
fn asking_for_a_part_of_what_is_whole_changes_nothing() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let before = tree(&home.data().join("demo"));
    home.run(&["fetch", "demo", "--include", "labels"]).expect(0).says(&["whole"]);
    home.run(&["fetch", "demo", "--exclude", "images"]).expect(0);
    home.run(&["fetch", "demo", "--no-unpack"]).expect(2).says(&["unpacked", "--to"]);
    home.run(&["fetch", "demo", "demo", "demo@1.0"]).expect(0);
    assert_eq!(tree(&home.data().join("demo")), before);
}

#[test]
fn parts_add_up_and_packed_files_can_be_unpacked_later() {
    let home = Home::new();
    home.run(&["fetch", "demo", "--include", "labels"]).expect(0);
    home.run(&["fetch", "demo", "--include", "docs"]).expect(0);
    let receipt_of =
        || -> Value { serde_json::from_slice(&std::fs::read(receipt(&home, "demo/1.0")).unwrap()).unwrap() };
    assert_eq!(receipt_of()["selection"]["include"], serde_json::json!(["docs", "labels"]));
    assert!(home.data().join("demo/1.0/data/labels.csv").exists());
    home.run(&["fetch", "demo"]).expect(0);
    assert_eq!(receipt_of()["selection"], serde_json::json!({ "whole": true }));
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["remove", "demo", "--yes"]).expect(0);
    home.run(&["fetch", "demo", "--no-unpack"]).expect(0);
    assert!(home.data().join("demo/1.0/archives/demo-images.zip").exists());
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["fetch", "demo"]).expect(0);
    assert_eq!(tree(&home.data().join("demo/1.0/data/images")).len(), 48);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_waiting_run_ends_when_it_is_told_to() {
    let served = serve(&[("big.bin", noise(3_000_000), "")]);
    let mut slow = served.home.command(&["--catalog", &served.catalog, "fetch", "made", "--limit-rate", "100KB"]);
    let mut first = slow.spawn().unwrap();
    until(|| claim(&served).exists());
    let second = served.home.command(&["--catalog", &served.catalog, "fetch", "made"]);
    let second = Waiting::until(second, "another medsets run works on");
    assert!(Command::new("kill").args(["-INT", &second.child.id().to_string()]).status().unwrap().success());
    let ended = second.end();
    assert!(first.try_wait().unwrap().is_none(), "it did not wait for the other to end");
    let _ = first.kill();
    let _ = first.wait();
    ended.expect(130);
}

/// What tells that a run works on the dataset.
fn claim(served: &Served) -> PathBuf {
    served.home.data().join(".medsets-store/leases/made@1.claim")
}

#[test]
fn a_repair_never_writes_through_a_link() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let images = home.data().join("demo/1.0/data/images");
    let elsewhere = home.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::remove_dir_all(&images).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &images).unwrap();
    home.run(&["verify", "demo"]).expect(62);
    home.run(&["verify", "demo", "--repair"]).expect(0);
    assert!(tree(&elsewhere).is_empty(), "nothing outside was touched");
    assert!(std::fs::symlink_metadata(&images).unwrap().is_dir());
    assert_eq!(tree(&images).len(), 48);
}

#[test]
fn verify_does_not_pass_over_a_record_that_cannot_be_read() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    std::fs::write(receipt(&home, "demo/1.0"), "garbage").unwrap();
    home.run(&["verify"]).expect(62).says(&["receipt.json"]);
    home.run(&["status", "--exit-code"]).expect(62);
}
