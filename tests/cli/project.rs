//! The project file as people use it: `init`, `add`, `drop`; and what changed: `diff`, `outdated`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::home::{Home, Ran};

fn work(home: &Home) -> PathBuf {
    home.path().join("work")
}

fn file(home: &Home) -> PathBuf {
    work(home).join("medsets.toml")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn with_project(project: &str) -> Home {
    let home = Home::new();
    std::fs::write(file(&home), project).unwrap();
    home
}

/// Fails the test unless standard output holds each of these.
#[track_caller]
fn prints(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(ran.stdout.contains(part), "`{part}` is not in: {}\n{}", ran.stdout, ran.stderr);
    }
}

const BARE: &str = "[project]\nname = \"lung\"\n";

#[test]
fn init_makes_a_project_and_a_line_for_git() {
    let home = Home::new();
    let ran = home.run(&["init"]).expect(0).says(&["next:", "medsets add ID"]);
    assert_eq!(ran.stdout.trim(), file(&home).to_str().unwrap());
    assert_eq!(text(&file(&home)), "[project]\nname = \"work\"\ndata-dir = \"data\"\n");
    assert!(!work(&home).join(".gitignore").exists(), "there is no git here");
    // A project that is there stays as it is.
    std::fs::write(file(&home), "[broken").unwrap();
    home.run(&["init"]).expect(2).says(&["is there already", "help:", "medsets add ID"]);
    home.run(&["init", "--name", "x"]).expect(2);
    assert_eq!(text(&file(&home)), "[broken");
    std::fs::remove_file(file(&home)).unwrap();
    std::os::unix::fs::symlink("nowhere", file(&home)).unwrap();
    home.run(&["init"]).expect(2).says(&["is there already"]);

    let home = Home::new();
    std::fs::create_dir_all(work(&home).join("a/.git")).unwrap();
    let ran = home.run(&["init", "a", "--dry-run"]).expect(0).says(&["would be made"]);
    assert!(ran.stdout.starts_with("[project]\nname = \"a\"\n") && !work(&home).join("a/medsets.toml").exists());
    home.run(&["init", "a/sub folder"]).expect(0).says(&[".gitignore"]);
    assert_eq!(text(&work(&home).join("a/sub folder/.gitignore")), "/data\n");
    assert!(text(&work(&home).join("a/sub folder/medsets.toml")).contains("name = \"sub folder\""));
    let answer = home.json(&["init", "a", "--name", "it's \"mine\" \\"]);
    assert_eq!(answer["schema"], "medsets/init/1");
    assert_eq!((&answer["data"]["name"], &answer["data"]["written"]), (&"it's \"mine\" \\".into(), &true.into()));
    home.run(&["init", "a/c", "--name", " "]).expect(2).says(&["--name NAME"]);
    home.run(&["init", "a/c", "--name", "a\u{1b}[2J"]).expect(2);
    assert!(!work(&home).join("a/c").exists());
    home.run(&["init", "/", "--dry-run"]).expect(2).says(&["--name NAME"]);
    std::fs::write(work(&home).join("plain"), "").unwrap();
    assert_ne!(home.run(&["init", "plain"]).code, Some(0));
}

#[test]
fn a_gitignore_is_added_to_and_otherwise_left_alone() {
    #[track_caller]
    fn check(before: &[u8], after: &[u8]) {
        let home = Home::new();
        std::fs::create_dir(work(&home).join(".git")).unwrap();
        let path = work(&home).join(".gitignore");
        std::fs::write(&path, before).unwrap();
        home.run(&["init"]).expect(0);
        assert_eq!(std::fs::read(&path).unwrap(), after, "{}", String::from_utf8_lossy(before));
    }
    check(b"*.pyc", b"*.pyc\n/data\n");
    check(b"a\r\nb\r\n", b"a\r\nb\r\n/data\r\n");
    check(b"\xff\n", b"\xff\n/data\n");
    check(b"# data/\n!data/\n", b"# data/\n!data/\n/data\n");
    for there in ["data", "/data", "/data/\nx", "data/\nx", "/data/**"] {
        check(there.as_bytes(), there.as_bytes());
    }
    // One that cannot be written is told, and the project is made.
    let home = Home::new();
    std::fs::create_dir_all(work(&home).join(".git")).unwrap();
    std::fs::create_dir(work(&home).join(".gitignore")).unwrap();
    home.run(&["init"]).expect(0).says(&["warning:", "`/data`"]);
    assert!(file(&home).exists());
}

#[test]
fn init_takes_a_data_folder_in_the_project_and_no_other() {
    let home = Home::new();
    home.run(&["init", "--data-dir", "sets/raw"]).expect(0);
    assert!(text(&file(&home)).contains("data-dir = \"sets/raw\""));
    let home = Home::new();
    home.run(&["init", "--data-dir", "/elsewhere"]).expect(2).says(&["/elsewhere", "MEDSETS_DATA_DIR"]);
    assert!(!file(&home).exists());
    std::fs::write(file(&home), BARE).unwrap();
    home.run(&["init", "below"]).expect(0).says(&["warning:", "no longer counts"]);
}

#[test]
fn add_pins_the_release_and_keeps_everything_else() {
    let before = "# ours\r\n[project]\r\nname = \"lung\"   # short\r\n\r\n# what we plan\r\n[policy]\r\nacts = []\r\n";
    let home = with_project(before);
    std::fs::set_permissions(file(&home), std::fs::Permissions::from_mode(0o640)).unwrap();
    let ran = home.run(&["add", "chexpert:small", "demo"]).expect(0).says(&["asks for 2 steps", "medsets lock"]);
    assert_eq!(ran.stdout, "added chexpert@1.0:small (line 5)\nadded demo@1.0 (line 10)\n");
    let expected = "# ours\r\n[project]\r\nname = \"lung\"   # short\r\n\r\n[[dataset]]\r\nid = \"chexpert\"\r\n\
        version = \"1.0\"\r\nvariant = \"small\"\r\n\r\n[[dataset]]\r\nid = \"demo\"\r\nversion = \"1.0\"\r\n\r\n\
        # what we plan\r\n[policy]\r\nacts = []\r\n";
    assert_eq!(text(&file(&home)), expected);
    assert_eq!(std::fs::metadata(file(&home)).unwrap().permissions().mode() & 0o777, 0o640);
    home.run(&["drop", "chexpert", "demo"]).expect(0).says(&["on disk and the lock are as they were", "--prune"]);
    assert_eq!(text(&file(&home)), before);
    assert_eq!(std::fs::read_dir(work(&home)).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn add_again_changes_the_table_in_its_place() {
    let home = with_project(
        "[project]\nname = \"x\"\n\n# reports\n[[dataset]]\nid = \"mimic-cxr\" # big\nversion = \"2.0.0\" # as in the paper\n",
    );
    let before = text(&file(&home));
    // The release of the file stays unless another is named.
    let ran = home.run(&["add", "mimic-cxr"]).expect(0).says(&["says so already", "mimic-cxr@2.1.0"]);
    assert_eq!(ran.stdout, "unchanged mimic-cxr@2.0.0 (line 5)\n");
    assert_eq!(text(&file(&home)), before);
    assert_eq!(home.run(&["add", "MIMIC-CXR@2.1.0"]).expect(0).stdout, "changed mimic-cxr@2.1.0 (line 5)\n");
    assert_eq!(text(&file(&home)), before.replace("2.0.0", "2.1.0"));
    // Another variant is another dataset.
    assert_eq!(home.run(&["add", "mimic-cxr:jpg"]).expect(0).stdout, "added mimic-cxr@2.1.0:jpg (line 9)\n");
    home.run(&["add", "mimic-cxr@2.1.0:jpg", "--include", "*.csv.gz"]).expect(0);
    assert!(text(&file(&home)).ends_with("variant = \"jpg\"\ninclude = [\"*.csv.gz\"]\n"), "{}", text(&file(&home)));

    let home = with_project(BARE);
    home.run(&["add", "demo", "--include", "labels", "--exclude", "docs", "--include", "reports"]).expect(0);
    assert!(
        text(&file(&home)).ends_with("version = \"1.0\"\ninclude = [\"labels\", \"reports\"]\nexclude = [\"docs\"]\n")
    );
    // What is not named stays; `--whole` takes all choices away.
    home.run(&["add", "demo", "--source", "embedded"]).expect(0);
    assert!(
        text(&file(&home))
            .contains("source = \"embedded\"\ninclude = [\"labels\", \"reports\"]\nexclude = [\"docs\"]\n")
    );
    home.run(&["add", "demo", "--whole"]).expect(0);
    assert!(text(&file(&home)).ends_with("version = \"1.0\"\nsource = \"embedded\"\n"));
    home.run(&["add", "demo", "--whole", "--include", "*.csv"]).expect(2);
}

#[test]
fn add_takes_collections_and_references() {
    let home = with_project(BARE);
    let answer = home.json(&["add", "@starter", "zenodo:8333645", "https://physionet.org/content/mimic-cxr/2.0.0/"]);
    assert_eq!((&answer["schema"], &answer["ok"]), (&"medsets/add/1".into(), &true.into()));
    let datasets = answer["data"]["datasets"].as_array().unwrap();
    assert_eq!(datasets.len(), 7);
    assert!(datasets.iter().take(5).all(|one| one["version"].is_string() && one["change"] == "added"));
    assert_eq!((&datasets[5]["id"], &datasets[5]["version"]), (&"zenodo:8333645".into(), &serde_json::Value::Null));
    assert_eq!((&datasets[6]["id"], &datasets[6]["version"]), (&"mimic-cxr".into(), &"2.0.0".into()));
    let again = home.json(&["add", "@starter", "zenodo:8333645"]);
    assert_eq!(
        (&again["data"]["written"], &again["data"]["datasets"][5]["change"]),
        (&false.into(), &"unchanged".into())
    );
    home.run(&["add", "zenodo:8333645", "--source", "x"]).expect(2).says(&["not in the catalogue", "--source"]);
    home.run(&["add", "zenodo:8333645", "--include", "*.csv"]).expect(0);
    // Nobody was asked what it is, so nothing is granted.
    let answer = home.json(&["audit", "--for", "research"]);
    let subjects = answer["data"]["subjects"].as_array().unwrap();
    let outside = subjects.iter().find(|one| one["id"] == "zenodo-8333645").unwrap();
    assert_ne!(outside["verdict"], "allow", "{outside}");
    let output = "\n[[output]]\nname = \"w\"\nkind = \"weights\"\nfrom = [\"zenodo:8333645\"]\n";
    std::fs::write(file(&home), text(&file(&home)) + output).unwrap();
    let answer = home.json(&["audit", "--for", "release-weights"]);
    assert!(answer["data"]["outputs"].to_string().contains("zenodo-8333645"), "{}", answer["data"]["outputs"]);
    home.run(&["drop", "zenodo:8333645"]).expect(2).says(&["the output `w`"]);
    std::fs::write(file(&home), text(&file(&home)).replace(output, "")).unwrap();
    home.run(&["drop", "zenodo:8333645"]).expect(0);
    assert!(!text(&file(&home)).contains("zenodo"));
}

#[test]
fn what_cannot_be_added_is_told_at_once_and_nothing_is_written() {
    let home = with_project(BARE);
    let ran =
        home.run(&["add", "demo", "chexprt", "mimic-cxr@9", "chexpert:huge", "zenod:1", "demo-gated", "hf:a/b/c/d"]);
    ran.expect(11).says(&[
        "did you mean `chexpert`",
        "`2.1.0`, `2.0.0`",
        "no variant `huge`",
        "did you mean `zenodo:1`?",
        "hf:ORG/NAME",
    ]);
    home.run(&["add", "demo", "--source", "kaggle"]).expect(2).says(&["no source `kaggle`", "`embedded`"]);
    home.run(&["add", "demo", "--include", "*.dcm"]).expect(2).says(&["`*.dcm` matches no file"]);
    home.run(&["add", "demo", "--exclude", "a[b"]).expect(2).says(&["is no glob"]);
    home.run(&["add", "@nobody"]).expect(11).says(&["@starter"]);
    assert_eq!(text(&file(&home)), BARE);
    let ran = home.run(&["add", "demo", "--dry-run"]).expect(0);
    assert_eq!(ran.stdout, format!("{BARE}\n[[dataset]]\nid = \"demo\"\nversion = \"1.0\"\n"));
    assert_eq!(home.json(&["add", "demo", "--dry-run"])["data"]["text"], ran.stdout);
    assert_eq!(text(&file(&home)), BARE);
    let bare = Home::new();
    for command in ["add", "drop"] {
        bare.run(&[command, "demo"]).expect(10).says(&["there is no `medsets.toml`", "medsets init"]);
    }
}

#[test]
fn a_broken_project_file_is_shown_with_its_place_and_never_touched() {
    let broken = "[project]\nname = \"x\"\n\n[[dataset]\nid = \"demo\"\n";
    let home = with_project(broken);
    for arguments in [&["add", "demo"][..], &["drop", "demo"], &["audit"], &["list"], &["fetch", "demo"], &["outdated"]]
    {
        let ran = home.run(arguments).expect(10).says(&["medsets.toml", "line 4", "4 | [[dataset]", "^"]);
        assert!(!ran.stderr.contains("defaults"), "{}", ran.stderr);
    }
    assert_eq!(text(&file(&home)), broken);
    // What needs no project works beside it, with a warning.
    for arguments in [&["search", "chest"][..], &["info", "demo"], &["config", "list"], &["access", "demo"]] {
        home.run(arguments).expect(0).says(&["warning:", "medsets.toml", "line 4"]);
    }
    home.run(&["--data-dir", "there", "fetch", "demo"]).expect(0).says(&["warning:"]);
    assert!(work(&home).join("there/demo/1.0").exists() && !work(&home).join("data").exists());
    let ran = home.run(&["doctor"]).expect(1);
    assert!(ran.stdout.contains("line 4"), "{}", ran.stdout);
    for (text, line, says) in [
        ("[project]\nname = \"x\"\ndata-dir = 5\n", "line 3", "expected a string"),
        ("[project]\nname = \"x\"\ndata-dir = \"../x\"\n", "line 3", ".."),
        ("[[dataset]]\nid = \"demo\"\n", "line 1", "no table `[project]`"),
        ("dataset = [{ id = \"demo\" }]\nproject = { name = \"x\" }\n", "line 1", "`[[dataset]]` of its own"),
    ] {
        std::fs::write(file(&home), text).unwrap();
        home.run(&["add", "demo-gated"]).expect(10).says(&["medsets.toml", line, says]);
        assert_eq!(self::text(&file(&home)), text);
    }
    std::fs::write(file(&home), b"[project]\nname = \"\xff\"\n").unwrap();
    assert_ne!(home.run(&["add", "demo"]).says(&["medsets.toml"]).code, Some(0));
    std::fs::remove_file(file(&home)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(file(&home)).status().unwrap().success());
    assert_ne!(home.run(&["add", "demo"]).says(&["FIFO"]).code, Some(0));
    home.run(&["search", "chest"]).expect(0).says(&["warning:", "FIFO"]);
}

#[test]
fn a_linked_project_file_is_written_where_it_is() {
    let home = Home::new();
    let real = home.path().join("real.toml");
    std::fs::write(&real, BARE).unwrap();
    std::os::unix::fs::symlink("../real.toml", file(&home)).unwrap();
    home.run(&["add", "demo"]).expect(0);
    assert!(std::fs::symlink_metadata(file(&home)).unwrap().is_symlink());
    assert!(text(&real).contains("id = \"demo\""));
    // A file that must not be written is not. For root every file may be.
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o444)).unwrap();
    if std::fs::File::options().write(true).open(&real).is_err() {
        home.run(&["drop", "demo"]).expect(52).says(&["real.toml"]);
        assert!(text(&real).contains("id = \"demo\""));
    } else {
        eprintln!("skipped: this person may write every file");
    }
}

#[test]
fn runs_at_once_lose_nothing() {
    let home = with_project(BARE);
    let ids = ["demo", "demo-gated", "chexpert", "medquad", "ddxplus", "umls", "mtsamples", "mimic-cxr"];
    let runs: Vec<_> = ids.iter().map(|id| home.command(&["add", id]).spawn().unwrap()).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let text = text(&file(&home));
    for id in ids {
        assert!(text.contains(&format!("id = \"{id}\"")), "{id}: {text}");
    }
}

#[test]
fn drop_refuses_what_is_needed_or_not_there() {
    let project = "[project]\nname = \"x\"\n\n# ours\n[[dataset]]\nid = \"demo\" # kept\n\n[[dataset]]\nid = \"mimic-cxr\"\n\
        version = \"2.0.0\"\n\n[[dataset]]\nid = \"mimic-cxr\"\nversion = \"2.1.0\"\n\n[[output]]\nname = \"w\"\nkind = \"weights\"\n\
        from = [\"demo\", \"mimic-cxr\"]\n\n[[policy.exception]]\ndataset = \"mimic-cxr\"\nterm = \"redistribution\"\n\
        reason = \"a letter\"\nby = \"A. Person\"\nuntil = 2999-01-01\n";
    let home = with_project(project);
    home.run(&["drop", "demo"]).expect(2).says(&["the output `w` in line 16", "medsets.toml"]);
    home.run(&["drop", "mimic-cxr"]).expect(2).says(&["fits several", "`mimic-cxr@2.0.0`, `mimic-cxr@2.1.0`"]);
    home.run(&["drop", "mimic-cxr@2.0.0", "mimic-cxr@2.1.0"]).expect(2).says(&["the output `w`"]);
    home.run(&["drop", "dmeo"]).expect(11).says(&["did you mean `demo`?"]);
    home.run(&["drop", "chexpert"]).expect(11).says(&["is not in `medsets.toml`", "`mimic-cxr@2.1.0`"]);
    assert_eq!(text(&file(&home)), project);
    // The other release is enough for the output.
    let ran = home.run(&["drop", "mimic-cxr@2.0.0", "--dry-run"]).expect(0);
    assert_eq!(ran.stdout, project.replace("\n[[dataset]]\nid = \"mimic-cxr\"\nversion = \"2.0.0\"\n", ""));
    let answer = home.json(&["drop", "mimic-cxr@2.0.0"]);
    assert_eq!((&answer["schema"], &answer["data"]["datasets"][0]["line"]), (&"medsets/drop/1".into(), &8.into()));
    assert_eq!(text(&file(&home)), ran.stdout);
    let without = text(&file(&home)).replace("from = [\"demo\", \"mimic-cxr\"]", "from = [\"demo\"]");
    std::fs::write(file(&home), &without).unwrap();
    home.run(&["drop", "MIMIC-CXR"]).expect(0).says(&["warning:", "exception for `mimic-cxr`"]);
}

/// The demonstration set with a later release that leaves the labels out, under other terms.
fn two_releases(home: &Home, default: &str) -> String {
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let (head, rest) = demo.split_at(demo.find("[[release]]").unwrap());
    let (release, tail) = rest.split_at(rest.find("[layout]").unwrap());
    let labels = release.find("[[release.file]]\npath = \"labels.csv\"").unwrap();
    let readme = release.find("[[release.file]]\npath = \"README.txt\"").unwrap();
    let subsets = release.find("[[release.subset]]").unwrap();
    let second = format!("{}{}\n", &release[..labels], &release[readme..subsets])
        .replace("version = \"1.0\"", "version = \"2.0\"")
        .replace("date = \"2026-11-24\"", "date = \"2027-01\"")
        .replace("license = \"CC0-1.0\"", "license = \"CC-BY-NC-4.0\"");
    let only = |text: &str, version: &str| {
        if version == default { text.to_owned() } else { text.replace("default = true\n", "") }
    };
    let text = format!("{head}{}{}{tail}", only(&second, "2.0"), only(release, "1.0"));
    home.overlay("demo.toml", &text)
}

#[test]
fn diff_tells_what_changed_in_words_files_and_bytes() {
    let home = Home::new();
    let catalog = two_releases(&home, "2.0");
    let diff = |arguments: &[&str]| home.run(&[&["--catalog", catalog.as_str(), "diff", "demo"], arguments].concat());
    let ran = diff(&["1.0", "2.0"]).expect(0);
    prints(&ran, &["demo@1.0 by embedded -> demo@2.0", "CC0-1.0 -> CC-BY-NC-4.0", "2026-11-24 -> 2027-01"]);
    prints(
        &ran,
        &[
            "use-commercially",
            "allowed",
            "forbidden",
            "3 files the same",
            "removed          1 file, 1.1 KiB",
            "- labels.csv",
        ],
    );
    assert!(!ran.stdout.contains("not known"), "{}", ran.stdout);
    diff(&["1.0", "2.0", "--exit-code"]).expect(62);
    let ran = diff(&["2.0", "2.0", "--exit-code"]).expect(0);
    prints(&ran, &["nothing differs"]);
    diff(&["1.0", "3.0"]).expect(11).says(&["no release `3.0`", "`2.0`, `1.0`", "a side is a release"]);
    diff(&["1.0", "2.0", "--source", "kaggle"]).expect(2).says(&["no source `kaggle`"]);
    // Copies that are here are compared file by file.
    for release in ["demo@1.0", "demo@2.0"] {
        home.run(&["--catalog", &catalog, "fetch", release]).expect(0);
    }
    let answer = home.json(&["--catalog", &catalog, "diff", "demo", "1.0", "2.0", "--exit-code"]);
    assert_eq!((&answer["schema"], &answer["exit"]), (&"medsets/diff/1".into(), &62.into()));
    let tree = &answer["data"]["files"][0];
    assert_eq!((&tree["of"], &tree["before_from"]), (&"tree".into(), &"disk".into()));
    assert_eq!(tree["removed"], serde_json::json!([{ "path": "data/labels.csv", "bytes": 1137 }]));
    assert_eq!((&tree["same"], tree["added"].as_array().unwrap().len()), (&97.into(), 0));
    // The copy is known when the catalogue has lost the release.
    let ran = home.run(&["diff", "demo", "1.0", "2.0"]).expect(0);
    prints(&ran, &["- data/labels.csv", "`demo@2.0` is not in the catalogue any more"]);
}

#[test]
fn files_that_are_not_known_are_no_difference_and_no_sameness() {
    let home = Home::new();
    let ran = home.run(&["diff", "mimic-cxr", "2.0.0", "2.1.0"]).expect(0);
    prints(&ran, &["mimic-cxr@2.0.0:dicom", "2019-09-19 -> 2024-07-23"]);
    assert!(!ran.stdout.contains("nothing differs"), "{}", ran.stdout);
    let one = "id = \"listed\"\ntitle = \"L\"\nsummary = \"s\"\nmaintainer = { name = \"n\" }\n";
    let release = |version: &str, more: &str| {
        format!(
            "[[release]]\nversion = \"{version}\"\nlicense = \"CC0-1.0\"\n[[release.source]]\nchannel = \"z\"\nprovider = \"zenodo\"\nrecord = 1\n{more}"
        )
    };
    let catalog = home.overlay("listed.toml", &format!("{one}{}{}", release("2", ""), release("1", "")));
    let ran = home.run(&["--catalog", &catalog, "diff", "listed", "1", "2", "--exit-code"]).expect(61);
    prints(&ran, &["not known", "`listed@1`", "`listed@2`", "no copy is here"]);
    assert!(!ran.stdout.contains("nothing differs"), "{}", ran.stdout);
    let data = &home.json(&["--catalog", &catalog, "diff", "listed", "1", "2"])["data"];
    assert_eq!((&data["different"], data["unknown"].as_array().unwrap().len()), (&false.into(), 2));
    home.run(&["diff", "@starter", "1", "2"]).expect(2).says(&["collection"]);
    home.run(&["diff", "chexprt", "1", "2"]).expect(11).says(&["did you mean `chexpert`"]);
}

#[test]
fn long_lists_are_cut_and_renames_are_told() {
    let home = Home::new();
    let head = "id = \"many\"\ntitle = \"M\"\nsummary = \"s\"\nmaintainer = { name = \"n\" }\n";
    let release = |version: &str, files: &str| {
        format!(
            "[[release]]\nversion = \"{version}\"\nlicense = \"CC0-1.0\"\n[[release.source]]\nchannel = \"w\"\nprovider = \"http\"\nbase = \"https://files.example.org/\"\n{files}"
        )
    };
    let file = |path: &str, size: u64, digit: u64| {
        format!("[[release.file]]\npath = \"{path}\"\nsize = {size}\nsha256 = \"{digit:064x}\"\n")
    };
    let many: String = (0..25).map(|number| file(&format!("new/{number:02}.png"), 10, 1000 + number)).collect();
    let before = file("old.csv", 5, 1) + &file("kept.csv", 6, 2) + &file("edited.csv", 7, 3);
    let after = file("renamed.csv", 5, 1) + &file("kept.csv", 6, 2) + &file("edited.csv", 9, 4) + &many;
    let catalog = home.overlay("many.toml", &format!("{head}{}{}", release("2", &after), release("1", &before)));
    let ran = home.run(&["--catalog", &catalog, "diff", "many", "1", "2"]).expect(0);
    prints(
        &ran,
        &[
            "> old.csv -> renamed.csv  5 B",
            "~ edited.csv  7 B -> 9 B",
            "added            25 files, 250 B",
            "... and 15 more",
        ],
    );
    assert!(!ran.stdout.contains("new/24.png"), "{}", ran.stdout);
    let ran = home.run(&["--catalog", &catalog, "diff", "many", "1", "2", "--all"]).expect(0);
    prints(&ran, &["new/24.png"]);
}

#[test]
fn outdated_compares_what_is_used_with_the_catalogue() {
    let home = Home::new();
    home.run(&["outdated", "--exit-code"]).expect(0).says(&["nothing is here"]);
    home.run(&["fetch", "demo"]).expect(0);
    let ran = home.run(&["outdated", "--exit-code", "--offline"]).expect(0);
    assert_eq!(ran.stdout, "current   demo@1.0\n");
    let catalog = two_releases(&home, "2.0");
    let ran = home.run(&["--catalog", &catalog, "outdated", "--exit-code"]).expect(62);
    prints(
        &ran,
        &["outdated  demo@1.0", "there is release 2.0 of 2027-01", "medsets diff demo 1.0 2.0", "entry was edited"],
    );
    home.run(&["--catalog", &catalog, "outdated"]).expect(0);
    // Terms, sources, and what is not handed out any more.
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let other = demo
        .replace("license = \"CC0-1.0\"", "license = \"CC-BY-4.0\"\nwithdrawn = true")
        .replace("channel = \"embedded\"", "channel = \"inside\"")
        .replacen("[counts]", "[distribution]\nkind = \"none\"\nreason = \"its makers took it back\"\n\n[counts]", 1);
    let catalog = home.overlay("demo.toml", &other);
    let answer = home.json(&["--catalog", &catalog, "outdated", "--exit-code"]);
    assert_eq!((&answer["schema"], &answer["exit"]), (&"medsets/outdated/1".into(), &62.into()));
    let kinds: Vec<&str> = answer["data"]["datasets"][0]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["withdrawn", "not-distributed", "source-gone", "license-changed", "entry-changed"]);
}

#[test]
fn outdated_looks_at_the_project_first_and_asks_no_host() {
    let home = with_project(
        "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"mimic-cxr\"\nversion = \"2.0.0\"\n\n[[dataset]]\nid = \"demo\"\n\
         source = \"kaggle\"\n\n[[dataset]]\nid = \"gone-from-here\"\n\n[[dataset]]\nid = \"demo-gated\"\nversion = \"0.1\"\n\n\
         [[dataset]]\nid = \"zenodo:8333645\"\n",
    );
    let answer = home.json(&["outdated"]);
    let datasets = answer["data"]["datasets"].as_array().unwrap();
    let states: Vec<&str> = datasets.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["outdated", "outdated", "outdated", "outdated", "unknown"]);
    let kinds: Vec<&str> = datasets[..4].iter().map(|one| one["changes"][0]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["newer-release", "source-gone", "dataset-gone", "release-gone"]);
    assert_eq!((&datasets[0]["line"], &datasets[0]["changes"][0]["after"]), (&4.into(), &"2.1.0".into()));
    assert!(datasets[4]["reason"].as_str().unwrap().contains("not known without asking the host"));
    let ran = home.run(&["outdated", "--exit-code"]).expect(62);
    prints(&ran, &["unknown   zenodo:8333645"]);
}

#[test]
fn what_the_lock_pins_is_compared_although_nothing_is_here() {
    let home = with_project("[project]\nname = \"x\"\n\n[[dataset]]\nid = \"demo\"\n");
    home.run(&["lock"]).expect(0);
    home.run(&["outdated", "--exit-code"]).expect(0);
    // The lock keeps to its release, and knows its files, when the catalogue has another one.
    let catalog = two_releases(&home, "2.0");
    let ran = home.run(&["--catalog", &catalog, "outdated", "--exit-code"]).expect(62);
    prints(&ran, &["outdated  demo", "there is release 2.0", "entry was edited"]);
    let text = text(&home.path().join("overlay/demo.toml"));
    home.overlay("demo.toml", &text.replace("license = \"CC0-1.0\"", "license = \"CC-BY-4.0\""));
    let ran = home.run(&["--catalog", &catalog, "outdated"]).expect(0);
    prints(&ran, &["its terms were CC0-1.0 and are CC-BY-4.0 now"]);
    std::fs::write(work(&home).join("medsets.lock"), "version = 1\n").unwrap();
    home.run(&["outdated"]).expect(0).says(&["warning:", "the lock is passed over"]);
}
