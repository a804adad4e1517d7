//! What an attack on the project file, on empty choices and on jobs for Kubernetes found.

use std::path::PathBuf;
use std::process::Command;

use crate::support::home::{Home, Ran};

fn file(home: &Home) -> PathBuf {
    home.path().join("work/medsets.toml")
}

fn text(home: &Home) -> String {
    std::fs::read_to_string(file(home)).unwrap()
}

const BARE: &str = "[project]\nname = \"lung\"\n";

/// A home with a project, and an entry of two releases with another name.
fn project() -> (Home, String) {
    let home = Home::new();
    std::fs::write(file(&home), BARE).unwrap();
    let mut entry = "id = \"alpha\"\ntitle = \"Alpha\"\naliases = [\"Al Pha\"]\nsummary = \"Made in a test.\"\n\
                     maintainer = { name = \"test\" }\n"
        .to_owned();
    for version in ["2", "1"] {
        entry.push_str(&format!(
            "[[release]]\nversion = \"{version}\"\nlicense = \"CC-BY-4.0\"\n[[release.source]]\nchannel = \"web\"\n\
             provider = \"http\"\nbase = \"https://data.example.org/\"\n[[release.file]]\npath = \"a.csv\"\nsize = 1\n"
        ));
    }
    let catalog = home.overlay("alpha.toml", &entry);
    (home, catalog)
}

fn run(home: &Home, catalog: &str, arguments: &[&str]) -> Ran {
    home.run(&[&["--catalog", catalog], arguments].concat())
}

#[test]
fn a_choice_that_is_empty_is_refused() {
    let home = Home::new();
    for flag in ["--include", "--exclude", "--subset", "--members", "--license"] {
        for value in ["", " "] {
            for command in [&["fetch", "demo"][..], &["slurm", "demo"], &["k8s", "demo", "--image=i", "--pvc=p"]] {
                let ran = home.run(&[command, &[flag, value]].concat()).expect(2);
                assert!(ran.stdout.is_empty() && ran.stderr.contains("is empty"), "{flag} {command:?}: {ran:?}");
            }
        }
    }
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["fetch", "demo", "--license", ""]).expect(2).says(&["`--license` is empty", "may be unset"]);
    std::fs::write(file(&home), BARE).unwrap();
    home.run(&["add", "demo", "--include", ""]).expect(2).says(&["`--include`", "nothing"]);
    assert_eq!(text(&home), BARE);
    for key in ["include", "exclude"] {
        std::fs::write(file(&home), format!("{BARE}[[dataset]]\nid = \"demo\"\n{key} = [\"*\", \"\"]\n")).unwrap();
        for command in [&["lock"][..], &["sync"], &["status"], &["add", "mednist"]] {
            home.run(command).expect(10).says(&["is empty", "medsets.toml", "5"]);
        }
    }
}

#[test]
fn a_project_file_that_is_none_is_told_as_such() {
    let home = Home::new();
    let make: [(&str, &dyn Fn()); 4] = [
        ("utf-8", &|| std::fs::write(file(&home), b"# \xe9\n[project]\nname = \"x\"\n").unwrap()),
        ("a FIFO", &|| assert!(Command::new("mkfifo").arg(file(&home)).status().unwrap().success())),
        ("a folder", &|| std::fs::create_dir(file(&home)).unwrap()),
        ("no such file", &|| std::os::unix::fs::symlink("nowhere", file(&home)).unwrap()),
    ];
    for (reason, make) in make {
        make();
        for command in [&["lock"][..], &["sync"], &["status"], &["add", "demo"], &["drop", "demo"], &["outdated"]] {
            let ran = home.run(command).expect(10).says(&["medsets.toml", reason, "help:", "medsets init"]);
            assert!(ran.stdout.is_empty(), "{command:?}: {ran:?}");
        }
        let found = std::fs::symlink_metadata(file(&home)).unwrap();
        if found.is_dir() { std::fs::remove_dir(file(&home)) } else { std::fs::remove_file(file(&home)) }.unwrap();
    }
}

#[test]
fn two_releases_of_one_command_are_both_added() {
    for names in [["alpha@2", "alpha@1"], ["alpha@1", "alpha@2"]] {
        let (home, catalog) = project();
        run(&home, &catalog, &[&["add"], &names[..]].concat()).expect(0);
        let project = text(&home);
        assert!(project.contains("version = \"1\"") && project.contains("version = \"2\""), "{project}");
        // Each can be changed by its name, and named twice it is one.
        run(&home, &catalog, &["add", "alpha@1", "alpha@1", "--include", "a.csv"]).expect(0);
        assert_eq!(text(&home).matches("[[dataset]]").count(), 2);
    }
    let (home, catalog) = project();
    run(&home, &catalog, &["add", "alpha@1"]).expect(0);
    run(&home, &catalog, &["add", "alpha@2"]).expect(0);
    assert_eq!(text(&home).matches("[[dataset]]").count(), 1, "another command changes the release");
}

#[test]
fn a_dataset_is_dropped_by_whichever_of_its_names() {
    let (home, catalog) = project();
    let named = format!("{BARE}\n[[dataset]]\nid = \"Al Pha\"\n");
    for name in ["alpha", "Al Pha"] {
        std::fs::write(file(&home), &named).unwrap();
        run(&home, &catalog, &["drop", name]).expect(0);
        assert_eq!(text(&home), BARE);
    }
}

#[test]
fn init_takes_no_nonsense() {
    let work = |home: &Home| home.path().join("work");
    let home = Home::new();
    std::fs::create_dir(work(&home).join(".git")).unwrap();
    for taken in ["medsets.toml", "medsets.lock", "medsets.lock.d/x", ".git/x", ".gitignore"] {
        home.run(&["init", "--data-dir", taken]).expect(2).says(&["is no place for data"]);
        assert!(!file(&home).exists());
    }
    home.run(&["init", "--data-dir", "[ab]*/c?"]).expect(0);
    assert_eq!(std::fs::read_to_string(work(&home).join(".gitignore")).unwrap(), "/\\[ab\\]\\*/c\\?\n");
    // A FIFO is not waited for, and a link that leads nowhere not written through.
    let make: [&dyn Fn(&std::path::Path); 2] =
        [&|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()), &|path| {
            std::os::unix::fs::symlink("/nowhere/x", path).unwrap()
        }];
    for make in make {
        let home = Home::new();
        std::fs::create_dir(work(&home).join(".git")).unwrap();
        make(&work(&home).join(".gitignore"));
        home.run(&["init"]).expect(0).says(&["has no line for the data", "`/data`"]);
        assert!(file(&home).exists());
    }
}

#[test]
fn pods_are_given_the_project_and_the_settings() {
    let home = Home::new();
    std::fs::write(file(&home), format!("{BARE}\n[[dataset]]\nid = \"demo\"\n")).unwrap();
    home.run(&["lock"]).expect(0);
    std::fs::create_dir_all(home.config()).unwrap();
    std::fs::write(
        home.config().join("config.toml"),
        "access = \"group\"\nproxy = \"http://me:hidden@proxy.example:3128\"\nshared-dirs = [\"/srv\"]\njobs = 4\n\
         [identity]\nname = \"A \\\"B\\\"\"\n",
    )
    .unwrap();
    let ask = ["k8s", "demo", "--image", "i", "--pvc", "p"];
    let ran = home.run(&ask).expect(0).says(&["`shared-dirs`", "`proxy` holds a secret"]);
    assert!(!ran.stdout.contains("hidden") && !ran.stderr.contains("hidden"), "{ran:?}");
    let lock = std::fs::read_to_string(home.path().join("work/medsets.lock")).unwrap();
    let quoted = lock.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    for part in [
        format!("\"{quoted}\""),
        "path: \"project/medsets.lock\"".to_owned(),
        "workingDir: \"/etc/medsets/project\"".to_owned(),
        "value: \"/etc/medsets/config.toml\"".to_owned(),
        "access = \\\"group\\\"\\n".to_owned(),
        "jobs = \\\"4\\\"\\n".to_owned(),
        "identity.name = ".to_owned(),
    ] {
        assert!(ran.stdout.contains(&part), "{part}: {}", ran.stdout);
    }
    // What a pod would read is what it means.
    let begin = ran.stdout.lines().find(|line| line.contains(".config.toml\": ")).unwrap();
    let settings: String = serde_json::from_str(begin.split_once(": ").unwrap().1).unwrap();
    let there = home.path().join("pod.toml");
    std::fs::write(&there, settings).unwrap();
    let ran =
        Home::new().with("MEDSETS_CONFIG", there.to_str().unwrap()).run(&["config", "get", "identity.name"]).expect(0);
    assert_eq!(ran.stdout.trim(), "A \"B\"");
    // Nothing of a project elsewhere.
    let elsewhere = Home::new().run(&ask).expect(0);
    assert!(!elsewhere.stdout.contains("ConfigMap") && !elsewhere.stdout.contains("workingDir"), "{elsewhere:?}");
}

#[test]
fn what_no_cluster_takes_is_refused_or_told() {
    let home = Home::new();
    for bad in [["--image", ""], ["--namespace", "Upper_Case"], ["--cpu", "0"], ["--memory", "x"], ["--secret", ""]] {
        let ran = home.run(&[&["k8s", "demo", "--image", "i", "--pvc", "p"], &bad[..]].concat());
        // `--image` twice is the parser's to refuse.
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{bad:?}: {ran:?}");
    }
    home.run(&["k8s", "demo", "--image", "", "--pvc", "p"]).expect(2).says(&["--image"]);
    let mut entry = "id = \"big\"\ntitle = \"Big\"\nsummary = \"Made in a test.\"\nmaintainer = { name = \"test\" }\n\
                     [[release]]\nversion = \"1\"\nlicense = \"CC-BY-4.0\"\n[[release.source]]\nchannel = \"web\"\n\
                     provider = \"http\"\nbase = \"https://data.example.org/\"\n"
        .to_owned();
    for at in 0..30_000 {
        entry.push_str(&format!("[[release.file]]\npath = \"f{at}.csv\"\nsize = {at}\n"));
    }
    let catalog = home.overlay("big.toml", &entry);
    let ran = run(&home, &catalog, &["k8s", "big", "--image", "i", "--pvc", "p"]).expect(2);
    let ran = ran.says(&["MiB` do not fit into a ConfigMap", "MEDSETS_CATALOG"]);
    assert!(ran.stdout.is_empty());
    home.run(&["slurm", "demo", "--shards", "5000"]).expect(0).says(&["MaxArraySize"]);
    let ran = home.run(&["slurm", "demo", "--shards", "1000"]).expect(0);
    assert!(!ran.stderr.contains("MaxArraySize"), "{ran:?}");
}

#[test]
fn a_sync_says_that_more_is_here_than_the_lock_asks_for() {
    let home = Home::new();
    std::fs::write(file(&home), format!("{BARE}\n[[dataset]]\nid = \"demo\"\n")).unwrap();
    home.run(&["sync"]).expect(0);
    home.run(&["add", "demo", "--include", "demo-images.zip"]).expect(0);
    home.run(&["lock"]).expect(0);
    for more in [&[][..], &["--frozen"], &["--locked"]] {
        home.run(&[&["sync"], more].concat()).expect(0).says(&["more of `demo@1.0` is here", "medsets sync --prune"]);
    }
    home.run(&["sync", "--check"]).expect(62);
    home.run(&["remove", "demo@1.0", "--yes"]).expect(0);
    let ran = home.run(&["sync"]).expect(0);
    assert!(!ran.stderr.contains("more of"), "{ran:?}");
    home.run(&["sync", "--check"]).expect(0);
}
