//! What an audit sees around the copies; `why` and `duties`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::support::archives::{Served, serve_with, zip_of};
use crate::support::home::Home;

/// A dataset whose terms let nobody hand it on, behind an agreement of our own, fetched into
/// the data folder of a project.
fn restricted() -> Served {
    let home = Home::new();
    let step = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\nlicense = \"LicenseRef-medsets-demo\"\n";
    let zip = zip_of(&[("a/one.txt", b"one"), ("a/two.txt", b"two")]);
    let served =
        serve_with(home, &[("made.zip", zip, "{ format = \"zip\", strip = \"auto\", into = \"data\" }")], step);
    let entry = Path::new(&served.catalog).join("made.toml");
    let text = std::fs::read_to_string(&entry).unwrap();
    std::fs::write(&entry, text.replace("license = \"CC0-1.0\"", "license = \"LicenseRef-n2c2-DUA\"")).unwrap();
    let refusal = served.run(&["fetch", "made"]).expect(23).stderr;
    let start = refusal.find("sha256:").expect("the help names the digest");
    served.run(&["access", "accept", "made", "--text-digest", &refusal[start..start + 71]]).expect(0);
    served.run(&["fetch", "made"]).expect(0);
    served
}

/// The messages of the findings of one code.
fn findings(answer: &Value, code: &str) -> Vec<String> {
    let all = answer["data"]["findings"].as_array().unwrap();
    let mine = all.iter().filter(|finding| finding["code"] == code);
    mine.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect()
}

fn audit(served: &Served) -> Value {
    let ran = served.run(&["audit", "--json"]);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The index of a git repository, version 2, with these paths.
fn index(paths: &[&str]) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02".to_vec();
    bytes.extend((paths.len() as u32).to_be_bytes());
    for path in paths {
        let start = bytes.len();
        bytes.extend([0; 60]);
        bytes.extend((path.len() as u16).to_be_bytes());
        bytes.extend(path.as_bytes());
        bytes.extend(vec![0; 8 - (bytes.len() - start) % 8]);
    }
    bytes.extend([0; 20]);
    bytes
}

#[test]
fn restricted_files_in_git_and_open_folders_are_found() {
    let served = restricted();
    let dir = served.home.data().join("made/1");
    let quiet = audit(&served);
    assert!(findings(&quiet, "world-readable").is_empty(), "restricted data is laid down private: {quiet}");
    assert!(findings(&quiet, "redistribution-forbidden-but-tracked").is_empty());

    let top = served.home.data().parent().unwrap().to_path_buf();
    let below = dir.strip_prefix(&top).unwrap().to_str().unwrap().to_owned();
    std::fs::create_dir(top.join(".git")).unwrap();
    let tracked = format!("{below}/data/one.txt");
    std::fs::write(top.join(".git/index"), index(&[&format!("{below}/README.md"), &tracked])).unwrap();
    // Everybody may enter from the top of the file system down to it.
    for folder in dir.ancestors() {
        if folder.starts_with(served.home.path()) {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let found = audit(&served);
    let tracked_files = findings(&found, "redistribution-forbidden-but-tracked");
    assert!(
        tracked_files[0].contains("1 file of `made@1`") && tracked_files[0].contains(&tracked),
        "{tracked_files:?}"
    );
    assert_eq!(found["data"]["subjects"][0]["verdict"], "review");
    // The home of a test may lie below a folder that only its owner can enter.
    let is_enterable = |folder: &Path| std::fs::metadata(folder).unwrap().permissions().mode() & 0o001 != 0;
    if dir.ancestors().skip(1).all(is_enterable) {
        assert!(findings(&found, "world-readable")[0].contains("0755"), "{found}");
    }

    std::fs::write(top.join(".git/index"), b"DIRC\0\0\0\x02\0\0").unwrap();
    let ran = served.run(&["audit"]);
    assert!(ran.stderr.contains("could not be looked at") && ran.stderr.contains("cut short"), "{}", ran.stderr);
}

#[test]
fn a_signed_link_in_a_tracked_file_is_found_and_not_repeated() {
    let home = Home::new();
    let project = home.path().join("project");
    std::fs::create_dir_all(project.join(".git")).unwrap();
    std::fs::write(project.join("medsets.toml"), "[project]\nname = \"p\"\n[[dataset]]\nid = \"demo\"\n").unwrap();
    let signature = "bm90LWEtcmVhbC1zaWduYXR1cmUtYXQtYWxs";
    let script = format!("#!/bin/sh\ncurl 'https://store.blob.core.windows.net/c/a.zip?sv=1&sig={signature}'\n");
    std::fs::write(project.join("get.sh"), script).unwrap();
    std::fs::write(project.join(".git/index"), index(&["get.sh", "medsets.toml"])).unwrap();
    let mut command = home.command(&["audit", "--json"]);
    let ran = command.current_dir(&project).output().unwrap();
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(findings(&answer, "link-shared")[0].contains("`get.sh` line 2"), "{answer}");
    assert!(!String::from_utf8_lossy(&ran.stdout).contains(signature), "the link itself is not repeated");
}

#[test]
fn why_leads_from_a_file_back_to_its_archive_terms_and_acceptance() {
    let served = restricted();
    let file = served.home.data().join("made/1/data/one.txt");
    let why = |path: &str| served.run(&["why", path]);
    let text = why(file.to_str().unwrap()).expect(0).stdout;
    for part in
        ["made@1", "made.zip, member a/one.txt", "web (http)", "catalog", "LicenseRef-n2c2-DUA", "ledger entry 1"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let answer = served.run(&["why", file.to_str().unwrap(), "--json"]).expect(0).stdout;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["data"]["state"], "unchanged");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "other bytes").unwrap();
    why(file.to_str().unwrap()).expect(0).says(&["not as it was laid down", "medsets verify made@1"]);
    let mine = served.home.data().join("made/1/data/mine.txt");
    std::fs::write(&mine, "x").unwrap();
    why(mine.to_str().unwrap()).expect(62).says(&["medsets did not put it there"]);
    let receipt = served.home.data().join("made/1/.medsets/receipt.json");
    why(receipt.to_str().unwrap()).expect(2).says(&["what medsets itself wrote"]);
    // A link from elsewhere is asked about what it leads to.
    let link = served.home.path().join("link.txt");
    std::os::unix::fs::symlink(served.home.data().join("made/1/data/two.txt"), &link).unwrap();
    assert!(why(link.to_str().unwrap()).expect(0).stdout.contains("member a/two.txt"));
    let elsewhere = served.home.path().join("elsewhere.txt");
    std::fs::write(&elsewhere, "x").unwrap();
    why(elsewhere.to_str().unwrap()).expect(11).says(&["medsets import ID PATH"]);
    why(served.home.data().join("made/1").to_str().unwrap()).expect(2).says(&["is a folder"]);
    why("/nothing/here").expect(2).says(&["does not exist"]);
}

#[test]
fn duties_are_told_and_dated_ones_go_into_a_calendar() {
    let home = Home::new();
    let text = home.run(&["duties", "chestxray14", "mimic-cxr"]).expect(0).stdout;
    for part in ["credit", "citation", "share-code", "incident", "PHI-report@physionet.org", "same-host"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let calendar = home.run(&["duties", "chestxray14", "--ics"]).expect(0).stdout;
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n") && calendar.ends_with("END:VCALENDAR\r\n"), "{calendar}");
    home.run(&["duties"]).expect(0).says(&["no duties"]);
}

#[test]
fn a_report_that_was_sent_is_recorded_and_no_longer_due() {
    let home = Home::new();
    let ran = home.run(&["access", "grant", "umls", "annual-report"]).expect(0);
    assert!(ran.stdout.contains("annual-report"), "{ran:?}");
    home.run(&["access", "grant", "chexpert", "annual-report"]).expect(2);
    let entries = home.json(&["ledger", "show"]);
    assert_eq!(entries["data"]["entries"][0]["requirement"], "annual-report");
}
