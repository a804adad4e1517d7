//! Bundles made to harm, and accidents on the way of honest ones.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::bundles::{
    accept, change, change_receipt, entry_of, forge, inside, of, of_demo, receipt_in, there,
};
use crate::support::home::{Home, while_it_waits};

/// What lies in a home, without what medsets keeps for itself.
fn names_in(home: &Home) -> Vec<String> {
    let names = std::fs::read_dir(home.path()).unwrap().map(|one| one.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn no_chain_of_links_leads_out_of_the_dataset() {
    let whole = of_demo();
    let link = |path: &str, target: &str| {
        let sha256 = medsets::values::Digest::sha256(target.as_bytes());
        format!(
            "{{\"path\":\"{path}\",\"kind\":\"link\",\"target\":\"{target}\",\"size\":0,\"mtime\":\"1980-01-01T00:00:00Z\",\
             \"sha256\":\"{sha256}\",\"origin\":{{\"file\":\"x\"}},\"role\":\"other\"}}\n"
        )
    };
    let check = |links: &[(&str, &str)], says: &str| {
        let mut members = whole.clone();
        change(&mut members, "files.jsonl", |text| {
            let mut lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
            lines.extend(links.iter().map(|(path, target)| link(path, target)));
            let path_of = |line: &String| line.split('"').nth(3).unwrap_or_default().to_owned();
            lines.sort_by_key(path_of);
            lines.concat()
        });
        let (home, file) = there(&members);
        for command in [&["bundle", "--check"][..], &["unbundle"]] {
            home.run(&[command, &[file.to_str().unwrap()]].concat()).expect(54).says(&[says, "made-up.tar.zst"]);
        }
        assert!(!home.data().join("demo").exists(), "{links:?}");
        assert_eq!(names_in(&home), [".local", "work"], "{links:?}: something was planted");
    };
    check(&[("data/zlink", "../../../../../..")], "`data/zlink` leads out");
    check(&[("data/a/b/l1", "../.."), ("data/l2", "a/b/l1/../../../../../../../../..")], "leads out");
    check(&[("data/l2", "images"), ("data/l2/.profile", "../images/case0001.png")], "`data/l2` stands where");
    check(&[("data/images", "reports")], "`data/images` stands where");
    check(&[("data/zlink", "/etc/passwd")], "leads out");
}

#[test]
fn what_a_bundle_claims_to_be_large_is_not_held() {
    let whole = of_demo();
    let check = |name: &str, bytes: Vec<u8>, code: i32, says: &str| {
        let mut members = whole.clone();
        match members.iter().position(|(path, _)| path.ends_with(name)) {
            Some(at) => members[at].1 = bytes,
            None => members.push((name.to_owned(), bytes)),
        }
        members.sort();
        let (home, file) = there(&members);
        home.run(&["unbundle", file.to_str().unwrap()]).expect(code).says(&[says, "made-up.tar.zst"]);
        assert!(!home.data().join("demo").exists(), "{name}");
    };
    let many = |size: usize| vec![b'a'; size];
    check(".medsets/files.jsonl", many(2 << 20), 40, "longer than 1.0 MiB");
    check(".medsets/receipt.json", many((64 << 20) + 1), 54, "larger than 64.0 MiB");
    check("datasets/demo/1.0/.medsets/entry.toml", many((64 << 20) + 1), 54, "larger than 64.0 MiB");
    check("datasets/demo/1.0/.medsets/entry.toml", many(1 << 20), 40, "no entry");
    check("about/contents.json", many((16 << 20) + 1), 54, "larger than 16.0 MiB");
    check("about/.envrc", many(3), 54, "no bundle has");
    check("about/project/.git/hooks/post-checkout", many(3), 54, "no bundle has");
    // An index of one line.
    let (home, file) = there(&whole);
    let index = many(2 << 20);
    let head = serde_json::json!({
        "schema": "medsets/bundle/1", "tool": "medsets test",
        "index": { "sha256": medsets::values::Digest::sha256(&index).to_string(), "size": index.len(),
            "members": 1, "bytes": 1 },
    });
    let tar = crate::support::archives::tar_of(&[
        ("bundle.json", tar::EntryType::Regular, "", head.to_string().as_bytes()),
        ("index.jsonl", tar::EntryType::Regular, "", &index),
        ("about/contents.json", tar::EntryType::Regular, "", b"{}"),
    ]);
    std::fs::write(&file, zstd::encode_all(tar.as_slice(), 1).unwrap()).unwrap();
    home.run(&["unbundle", file.to_str().unwrap()]).expect(40).says(&["longer than 1.0 MiB"]);
}

#[test]
fn a_channel_that_the_entry_does_not_have_asks_for_no_less() {
    let home = Home::new();
    accept(&home);
    let mut members = of(&home, &[], "demo-gated");
    change_receipt(&mut members, "\"channel\": \"embedded\"", "\"channel\": \"bogus\"");
    let (home, file) = there(&members);
    accept(&home);
    let file = file.to_str().unwrap();
    home.run(&["unbundle", file]).expect(11).says(&["has no source `bogus`", "--about", "--catalog about/catalog"]);
    assert!(!home.data().join("demo-gated").exists());
}

#[test]
fn records_that_agree_with_each_other_do_not_stand_against_the_catalogue() {
    let mut members = of_demo();
    let labels = members.iter().find(|(path, _)| path.ends_with("data/labels.csv")).unwrap().1.clone();
    forge(&mut members, "data/labels.csv", String::from_utf8(labels).unwrap().replace('0', "1").into_bytes());
    let (home, file) = there(&members);
    let file = file.to_str().unwrap();
    home.run(&["bundle", "--check", file]).expect(0);
    for rest in [&[][..], &["--dry-run"]] {
        home.run(&[&["unbundle", file], rest].concat()).expect(40).says(&[
            "is not what the catalogue means",
            "labels.csv",
            "made-up.tar.zst",
        ]);
    }
    assert!(!home.data().join("demo").exists());
    // An honest one: what the entry names is proven by it, members of archives by the records.
    let (home, file) = there(&of_demo());
    home.run(&["unbundle", file.to_str().unwrap()]).expect(0);
    let listed = std::fs::read_to_string(home.data().join("demo/1.0/.medsets/listed.jsonl")).unwrap();
    let verified = |name: &str| {
        let line = listed.lines().find(|line| line.contains(name)).unwrap();
        serde_json::from_str::<serde_json::Value>(line).unwrap()["verified"].as_str().unwrap().to_owned()
    };
    assert_eq!((verified("labels.csv").as_str(), verified("demo-images.zip").as_str()), ("catalog", "records"));
    home.run(&["verify", "demo", "--full"]).expect(0);
}

#[test]
fn a_release_that_the_own_entry_does_not_have_asks_for_all_that_the_others_do() {
    let maker = Home::new();
    let overlay = maker.overlay("made.toml", &entry_of("made", "1.5"));
    let members = of(&maker, &["--catalog", &overlay], "made");
    let (home, file) = there(&members);
    let file = file.to_str().unwrap();
    // The default release asks for nothing, an older one for an agreement.
    let own = entry_of("made", "2.0");
    let (head, rest) = own.split_at(own.find("[[release]]").unwrap());
    let (release, rest) = rest.split_at(rest.find("\n[layout]").unwrap());
    let older = release.replace("default = true\n", "").replace("\"2.0\"", "\"1.0\"");
    let requires = "[[requires]]\nkind = \"agreement\"\nid = \"demo-agreement\"\n\
                    license = \"LicenseRef-medsets-demo\"\nversions = [\"1.0\"]\n\n";
    let overlay = home.overlay("made.toml", &format!("{head}{requires}{release}\n\n{older}\n{rest}"));
    home.run(&["--catalog", &overlay, "unbundle", file]).expect(23).says(&["LicenseRef-medsets-demo"]);
    // An entry that cannot be used might ask for as much.
    let broken = home.overlay("made.toml", "id = \"made\"\ntitle = \n");
    home.run(&["--catalog", &broken, "unbundle", file]).expect(11).says(&["`made` cannot be used"]);
    assert!(!home.data().join("made").exists());
    // Where nobody knows it, the entry that travels with it counts.
    let (home, file) = there(&members);
    home.run(&["unbundle", file.to_str().unwrap()]).expect(0);
}

#[test]
fn another_name_of_a_known_dataset_is_no_dataset_of_its_own() {
    let maker = Home::new();
    let overlay = maker.overlay("made.toml", &entry_of("made", "1.0"));
    let mut members = of(&maker, &["--catalog", &overlay], "made");
    change_receipt(&mut members, "\"made\"", "\"aptos\"");
    for (path, bytes) in &mut members {
        *path = path.replace("/made/", "/aptos/").replace("/made.toml", "/aptos.toml");
        if path.ends_with("aptos.toml") {
            *bytes = String::from_utf8(bytes.clone()).unwrap().replace("id = \"made\"", "id = \"aptos\"").into_bytes();
        }
    }
    members.sort();
    let (home, file) = there(&members);
    home.run(&["unbundle", file.to_str().unwrap()]).expect(54).says(&["`aptos` is another name of"]);
    assert!(!home.data().join("aptos").exists());
}

#[test]
fn a_text_that_only_the_bundle_calls_the_licence_is_marked_or_left_out() {
    let home = Home::new();
    accept(&home);
    let mut members = of(&home, &[], "demo-gated");
    let (path, own) = members.iter().find(|(path, _)| path.starts_with("about/texts/")).unwrap().clone();
    let other = b"You may do anything.\n".to_vec();
    let (old, new) =
        (medsets::values::Digest::sha256(&own).to_string(), medsets::values::Digest::sha256(&other).to_string());
    members.retain(|(one, _)| *one != path);
    members.push((format!("about/texts/{}", new.strip_prefix("sha256:").unwrap()), other));
    change(&mut members, "contents.json", |text| text.replace(&old, &new));
    members.sort();
    let (home, file) = there(&members);
    let refused = home.run(&["unbundle", file.to_str().unwrap()]).expect(23);
    assert!(!refused.stderr.contains("--text-file"), "another text would open nothing: {}", refused.stderr);
}

#[test]
fn what_another_run_put_there_meanwhile_is_not_replaced() {
    let members = of_demo();
    let (home, file) = there(&members);
    let file = file.to_str().unwrap();
    let dir = home.data().join("demo/1.0");
    let ran = while_it_waits(&home, &["unbundle", file], || {
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("thesis.tex"), "years of work").unwrap();
    });
    ran.expect(62).says(&["there already"]);
    assert_eq!(std::fs::read_to_string(dir.join("thesis.tex")).unwrap(), "years of work");
    std::fs::remove_dir_all(&dir).unwrap();
    // The same tree, by another run.
    let other = Home::new();
    other.run(&["fetch", "demo"]).expect(0);
    let ran = while_it_waits(&home, &["unbundle", file], || {
        std::fs::create_dir_all(dir.parent().unwrap()).unwrap();
        std::fs::rename(other.data().join("demo/1.0"), &dir).unwrap();
        std::fs::write(dir.join("mine.txt"), "mine").unwrap();
    });
    assert!(ran.expect(0).stderr.contains("was here already"));
    assert!(dir.join("mine.txt").exists());
    assert!(!home.state().join("ledger.jsonl").exists(), "nothing was entered");
}

#[test]
fn a_file_that_became_a_pipe_is_not_waited_for() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let file = home.data().join("demo/1.0/data/labels.csv");
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let mut child = home.command(&["bundle", "-o", "demo.tar.zst"]).spawn().unwrap();
    let since = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if since.elapsed() > Duration::from_secs(60) => {
                child.kill().unwrap();
                panic!("it waits for a writer");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    assert!(!ended.success());
    assert!(!home.path().join("work/demo.tar.zst").exists());
}

#[test]
fn a_bundle_takes_the_place_of_a_bundle_alone() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let file = home.data().join("demo/1.0/data/labels.csv");
    let before = std::fs::read(&file).unwrap();
    home.run(&["bundle", "demo", "-o", file.to_str().unwrap()]).expect(62).says(&["is no bundle", "-o"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    home.run(&["bundle", "demo", "-o", "demo.tar.zst"]).expect(0);
    home.run(&["bundle", "demo", "-o", "demo.tar.zst"]).expect(0);
    home.run(&["unbundle", "nowhere.tar.zst"]).expect(2).says(&["does not exist"]);
}

#[test]
fn a_bundle_names_nobody_unless_it_is_told_to() {
    let home = Home::new();
    let members = of(&home, &[], "demo");
    for (path, bytes) in &members {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("tester") && !text.contains(home.path().to_str().unwrap()), "{path} names the person");
    }
    let by = receipt_in(&members)["by"]["os_user"].as_str().unwrap().to_owned();
    let extract = members.iter().find(|(path, _)| path == "about/ledger.json").unwrap();
    assert!(String::from_utf8_lossy(&extract.1).contains(&by), "the same mark as in the extract: {by}");
    let (there, file) = there(&members);
    there.run(&["unbundle", file.to_str().unwrap()]).expect(0);
    let receipt = std::fs::read_to_string(there.data().join("demo/1.0/.medsets/receipt.json")).unwrap();
    assert!(receipt.contains(&by), "whose copy it was: {receipt}");
    home.run(&["bundle", "demo", "-o", "named.tar.zst", "--with-ledger"]).expect(0);
    let named = inside(Path::new(&home.path().join("work/named.tar.zst")));
    assert_eq!(receipt_in(&named)["by"]["os_user"], "tester");
}

#[test]
fn a_withdrawn_acceptance_stands_where_the_entry_is_gone() {
    let home = Home::new();
    let entry = home.run(&["info", "demo-gated", "--raw"]).expect(0).stdout;
    let overlay = home.overlay("made.toml", &entry.replace("id = \"demo-gated\"", "id = \"made\""));
    let run = |rest: &[&str]| home.run(&[&["--catalog", &overlay], rest].concat());
    let text = home.json(&["--catalog", &overlay, "access", "accept", "made", "--dry-run"]);
    run(&["access", "accept", "made", "--text-digest", text["data"]["text_digest"].as_str().unwrap()]).expect(0);
    run(&["fetch", "made"]).expect(0);
    home.run(&["bundle", "made", "-o", "one.tar.zst"]).expect(0).says(&["the catalogue has no entry of `made@1.0`"]);
    run(&["access", "withdraw", "made"]).expect(0);
    home.run(&["bundle", "made", "-o", "two.tar.zst"]).expect(23).says(&["LicenseRef-medsets-demo", "--catalog"]);
    assert!(!home.path().join("work/two.tar.zst").exists());
}

#[test]
fn a_bundle_that_nobody_could_open_is_not_made() {
    let home = Home::new();
    let entry = entry_of("made", "1.0");
    let head = entry.split_once("[[release]]").unwrap().0;
    let head = &head[..head.find("[counts]").unwrap()];
    let mut text = format!(
        "{head}\n[[release]]\nversion = \"1.0\"\ndefault = true\nlicense = \"CC0-1.0\"\n\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"http://127.0.0.1:1/\"\n"
    );
    let folder = home.path().join("old/data");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["A.txt", "a.txt"] {
        std::fs::write(folder.join(name), name).unwrap();
        let sha256 = medsets::values::Digest::sha256(name.as_bytes()).hex();
        text.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\nsize = 5\nsha256 = \"{sha256}\"\n"));
    }
    let overlay = home.overlay("made.toml", &text);
    home.run(&["--catalog", &overlay, "adopt", home.path().join("old").to_str().unwrap()]).expect(0);
    home.run(&["--catalog", &overlay, "bundle", "made", "-o", "made.tar.zst"]).expect(54).says(&[
        "data/A.txt",
        "data/a.txt",
        "no bundle can hold",
    ]);
    assert!(!home.path().join("work/made.tar.zst").exists());
}
