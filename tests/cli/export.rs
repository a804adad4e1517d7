//! `export`: documents in the standards of others, bags, lists.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use serde_json::Value;

use crate::support::home::{Home, tree};

fn demo() -> Home {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home
}

fn at(home: &Home, name: &str) -> String {
    home.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_bag_holds_the_data_and_digests_of_all() {
    let home = demo();
    let (bag, linked) = (at(&home, "bag"), at(&home, "linked"));
    home.run(&["export", "demo", "--format", "bagit", "-o", &bag]).expect(0);
    home.run(&["export", "demo", "--format", "bagit", "--link", "-o", &linked]).expect(0);
    for (bag, names) in [(&bag, 1), (&linked, 2)] {
        let files = tree(bag.as_ref());
        let manifest = String::from_utf8(files["manifest-sha256.txt"].clone()).unwrap();
        let mut named = Vec::new();
        for line in manifest.lines() {
            let (hex, path) = line.split_once("  ").unwrap();
            assert_eq!(medsets::values::Digest::sha256(&files[path]).hex(), hex, "{path}");
            named.push(path.to_owned());
        }
        let expected: Vec<String> = files.keys().filter(|name| name.starts_with("data/")).cloned().collect();
        assert_eq!((named.len(), named), (98, expected));
        let info = String::from_utf8(files["bag-info.txt"].clone()).unwrap();
        let bytes: usize =
            files.iter().filter(|(name, _)| name.starts_with("data/")).map(|(_, bytes)| bytes.len()).sum();
        assert!(info.contains(&format!("Payload-Oxum: {bytes}.98\n")), "{info}");
        let labels = std::fs::metadata(format!("{bag}/data/demo/1.0/data/labels.csv")).unwrap();
        assert_eq!(labels.nlink(), names);
    }
}

#[test]
fn nothing_is_written_over_and_nothing_half_written_stays() {
    let home = demo();
    let bag = at(&home, "bag");
    std::fs::create_dir(&bag).unwrap();
    std::fs::write(format!("{bag}/mine"), "mine").unwrap();
    home.run(&["export", "--format", "bagit", "-o", &bag]).expect(2).says(&["not an empty folder"]);
    assert_eq!(tree(bag.as_ref()).len(), 1);
    // A file that changed since ends the work, and the bag with it.
    let labels = home.data().join("demo/1.0/data/labels.csv");
    let mut held = std::fs::read(&labels).unwrap();
    held[0] ^= 1;
    std::fs::write(&labels, held).unwrap();
    let other = at(&home, "other");
    home.run(&["export", "--format", "bagit", "-o", &other]).expect(40).says(&["data/labels.csv", "--repair"]);
    let left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("other"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_bag_of_what_may_not_be_handed_on_is_for_its_owner() {
    let home = Home::new();
    let entry = include_str!("../../catalog/demo.toml").replacen("id = \"demo\"", "id = \"demo-closed\"", 1);
    let overlay =
        home.overlay("demo-closed.toml", &entry.replace("license = \"CC0-1.0\"", "license = \"NOASSERTION\""));
    home.run(&["fetch", "demo-closed", "--catalog", &overlay]).expect(0);
    let bag = at(&home, "bag");
    let ran = home.run(&["export", "demo-closed", "--format", "bagit", "-o", &bag, "--catalog", &overlay]).expect(0);
    assert!(ran.stderr.contains("do not plainly allow to hand the data on"), "{}", ran.stderr);
    assert_eq!(std::fs::metadata(&bag).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_a_standard_requires_and_nobody_knows_is_an_error_with_its_remedy() {
    let home = demo();
    let file = at(&home, "document.json");
    let entry = include_str!("../../catalog/demo.toml").replacen("id = \"demo\"", "id = \"pageless\"", 1);
    let host = "provider = \"http\"\nbase = \"https://data.example/\"";
    let overlay =
        home.overlay("pageless.toml", &entry.replace("provider = \"embedded\"", host).replace("set = \"demo\"\n", ""));
    let ran = home.run(&["export", "pageless", "--format", "croissant", "-o", &file, "--catalog", &overlay]).expect(11);
    ran.says(&["`pageless@1.0` has no `url`", "homepage", "`doi`", "--catalog"]);
    assert!(!std::path::Path::new(&file).exists());
    // SPDX has a class for what its dataset profile would not take.
    let ran = home.run(&["export", "demo", "--format", "spdx"]).expect(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(ran.stderr.contains("requires `software_downloadLocation`"), "{}", ran.stderr);
    let graph = document["@graph"].as_array().unwrap();
    assert!(graph.iter().any(|one| one["type"] == "software_Package" && one["software_primaryPurpose"] == "data"));
}

#[test]
fn a_set_inside_the_program_lies_beside_its_croissant_document() {
    let home = Home::new();
    for is_here in [false, true] {
        if is_here {
            home.run(&["fetch", "demo"]).expect(0);
        }
        let ran = home.run(&["export", "demo", "--format", "croissant"]).expect(0);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let files = document["distribution"].as_array().unwrap();
        assert_eq!((&document["url"], files.len()), (&"./".into(), 4));
        assert!(files.iter().all(|file| file["contentUrl"] == file["@id"]), "{files:?}");
        assert!(!ran.stdout.contains(home.path().to_str().unwrap()), "{}", ran.stdout);
    }
}

#[test]
fn a_list_that_the_receipt_does_not_name_is_not_handed_on() {
    let home = demo();
    let manifest = home.data().join("demo/1.0/.medsets/manifest.sha256");
    let whole = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, whole.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    for format in ["sha256sums", "cyclonedx", "spdx", "bagit"] {
        let place = at(&home, format);
        let ran = home.run(&["export", "demo", "--format", format, "-o", &place]).expect(62);
        ran.says(&["manifest.sha256", "is not the one that the receipt names", "medsets verify demo@1.0"]);
        assert!(!std::path::Path::new(&place).exists());
    }
}

#[test]
fn standard_output_can_be_named_and_a_file_appears_in_one_step() {
    let home = demo();
    let printed = home.run(&["export", "demo", "--format", "sha256sums"]).expect(0).stdout;
    assert_eq!(home.run(&["export", "demo", "--format", "sha256sums", "-o", "-"]).expect(0).stdout, printed);
    let report = home.run(&["audit", "demo", "-o", "-"]).expect(0).stdout;
    assert!(report.starts_with("verdict: allow"), "{report}");
    assert!(!home.path().join("work/-").exists());
    // A full disk leaves what was there, and the error names the place.
    let ran = home.run(&["export", "demo", "--format", "sha256sums", "-o", "/dev/full"]).expect(50);
    ran.says(&["`/dev/full`", "no space left"]);
    let missing = at(&home, "no/such/list");
    home.run(&["export", "demo", "--format", "sha256sums", "-o", &missing]).expect(1).says(&["no/such"]);
    // What a run that was killed left does not stand in the way; what another is filling does.
    let bag = at(&home, "bag");
    let aside = home.path().join(".bag.medsets-export");
    std::fs::create_dir(&aside).unwrap();
    std::fs::write(aside.join("half"), "half").unwrap();
    let other = std::fs::File::open(&aside).unwrap();
    other.lock().unwrap();
    home.run(&["export", "demo", "--format", "bagit", "-o", &bag]).expect(53).says(&["another run"]);
    drop(other);
    home.run(&["export", "demo", "--format", "bagit", "-o", &bag]).expect(0);
    assert!(!aside.exists() && !std::path::Path::new(&bag).join("half").exists());
}

#[test]
fn several_datasets_become_several_documents_of_croissant() {
    let home = Home::new();
    let entry = |id: &str, page: &str| {
        format!(
            "id = \"{id}\"\ntitle = \"Made\"\nsummary = \"Made for a test.\"\n{page}maintainer = {{ name = \"nobody\" }}\n\n\
             [[release]]\nversion = \"1\"\ndate = \"2026\"\nlicense = \"CC0-1.0\"\n\n[[release.source]]\nchannel = \"web\"\n\
             provider = \"http\"\nbase = \"https://data.example/\"\n\n[[release.file]]\npath = \"a b.csv\"\nsize = 3\nsha256 = \
             \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n\n[[release.file]]\npath = \"c.csv\"\n"
        )
    };
    let page = "homepage = \"https://data.example/\"\n";
    home.overlay("one.toml", &entry("one", page));
    let overlay = home.overlay("two.toml", &entry("two", page));
    let folder = at(&home, "documents");
    let arguments = ["export", "one", "two", "--format", "croissant", "--catalog", &overlay];
    home.run(&arguments).expect(2).says(&["-o DIR"]);
    let ran = home.run(&[&arguments[..], &["-o", &folder]].concat()).expect(0);
    assert!(ran.stderr.contains("1 file of `one@1` left out: no digest is known"), "{}", ran.stderr);
    let files = tree(folder.as_ref());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["one-1.croissant.json", "two-1.croissant.json"]);
    let document: Value = serde_json::from_slice(&files["one-1.croissant.json"]).unwrap();
    let object = &document["distribution"][0];
    assert_eq!(object["contentUrl"], "https://data.example/a%20b.csv");
    assert_eq!(document["datePublished"], "2026");
    // The same entries as lists and as a bag of addresses.
    let aria2 = home.run(&["export", "one", "--format", "aria2", "--catalog", &overlay]).expect(0).stdout;
    assert!(
        aria2.contains("https://data.example/a%20b.csv\n  out=one/1/a b.csv\n  checksum=sha-256=ba7816bf"),
        "{aria2}"
    );
    let bag = at(&home, "bag");
    home.run(&["export", "one", "--format", "bagit", "--catalog", &overlay, "-o", &bag]).expect(2).says(&["--no-data"]);
    home.run(&["export", "one", "--format", "bagit", "--no-data", "--catalog", &overlay, "-o", &bag]).expect(0);
    let files = tree(bag.as_ref());
    assert_eq!(files["fetch.txt"], b"https://data.example/a%20b.csv 3 data/one/1/a b.csv\n");
    assert!(!files.keys().any(|name| name.starts_with("data/")));
}

#[test]
fn lists_name_what_asks_for_a_credential_in_a_comment() {
    let home = Home::new();
    for format in ["aria2", "wget"] {
        let ran = home.run(&["export", "mimic-cxr", "--format", format]).expect(0);
        assert!(ran.stdout.contains("# mimic-cxr@"), "{}", ran.stdout);
        assert!(!ran.stdout.lines().any(|line| line.starts_with("get ") || line.starts_with("http")), "{}", ran.stdout);
    }
}

#[test]
fn documents_of_the_whole_name_every_dataset() {
    let home = demo();
    for format in ["cyclonedx", "ro-crate"] {
        let answer = home.json(&["export", "demo", "chestxray14", "--format", format]);
        assert_eq!(answer["exit"], 0, "{answer}");
        let text = answer["data"]["text"].as_str().unwrap();
        assert!(text.contains("demo@1.0") && text.contains("chestxray14@"), "{text}");
        serde_json::from_str::<Value>(text).unwrap();
    }
    let sums = home.run(&["export", "demo", "--format", "sha256sums"]).expect(0).stdout;
    assert_eq!(sums.lines().filter(|line| line.contains("  demo/1.0/")).count(), 98);
    let works = home.run(&["export", "chestxray14", "ddxplus", "--format", "bibtex"]).expect(0).stdout;
    assert!(works.matches("\n}").count() >= 2, "{works}");
}
