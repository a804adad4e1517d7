//! Searching, showing, citing and checking the catalogue.

use crate::support::home::Home;

/// Every id that must be there.
const IDS: [&str; 29] = [
    "chestxray14",
    "chexpert",
    "mimic-cxr",
    "rsna-pneumonia",
    "covid19-cxr",
    "mura",
    "brats",
    "lidc-idri",
    "aptos2019",
    "messidor",
    "eyepacs",
    "isic",
    "pmc-oa",
    "meddialog",
    "medquad",
    "healthsearchqa",
    "n2c2",
    "mimic-iii",
    "umls",
    "mtsamples",
    "pmc-patients",
    "ddxplus",
    "roco",
    "vqa-rad",
    "vqa-med",
    "pathvqa",
    "openpath",
    "demo",
    "demo-gated",
];

#[test]
fn every_dataset_can_be_shown_and_cited_without_a_home() {
    let home = Home::new();
    for id in IDS {
        let ran = home.run(&["info", id]).expect(0);
        assert!(ran.stdout.contains(id), "{id}: {}", ran.stdout);
        for format in ["bibtex", "cff", "ris", "csl-json"] {
            let ran = home.run(&["cite", id, "--format", format]).expect(0);
            assert!(!ran.stdout.trim().is_empty(), "{id} {format}");
        }
    }
    assert_eq!(home.json(&["list", "--available"])["data"]["datasets"].as_array().unwrap().len(), IDS.len());
}

#[test]
fn the_whole_catalogue_passes_its_own_lint() {
    let ran = Home::new().run(&["catalog", "lint"]).expect(0);
    assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
}

#[test]
fn search_ranks_what_was_meant_first() {
    let home = Home::new();
    #[track_caller]
    fn check(home: &Home, arguments: &[&str], first: &str) {
        let answer = home.json(&[&["search"], arguments].concat());
        assert_eq!(answer["data"]["hits"][0]["id"], first, "{arguments:?}: {answer}");
    }
    check(&home, &["chexpert"], "chexpert");
    check(&home, &["chexprt"], "chexpert");
    check(&home, &["question", "answering", "medquad"], "medquad");
    check(&home, &["brain", "tumor"], "brats");
    check(&home, &["chest", "reports", "credentialed"], "mimic-cxr");
    let commercial = home.json(&["search", "--modality", "xray", "--commercial"]);
    let ids: Vec<&str> =
        commercial["data"]["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"chestxray14") && !ids.contains(&"chexpert") && !ids.contains(&"mura"), "{ids:?}");
}

#[test]
fn a_near_miss_is_named() {
    let home = Home::new();
    home.run(&["fetch", "chexprt"]).expect(11).says(&["did you mean", "chexpert"]);
    home.run(&["info", "mimic-cxr@9.9"]).expect(11).says(&["2.1.0"]);
    home.run(&["info", "chexpert:ful"]).expect(11).says(&["full"]);
    home.run(&["fetch", "@startr"]).expect(11).says(&["@starter"]);
}

#[test]
fn addresses_of_the_usual_lists_are_understood() {
    let ran = Home::new().run(&["info", "https://physionet.org/content/mimic-cxr/2.0.0/"]).expect(0);
    assert!(ran.stdout.contains("mimic-cxr"), "{}", ran.stdout);
}

#[test]
fn a_name_with_a_colon_is_a_name_and_a_shared_one_is_refused() {
    let home = Home::new();
    let ran = home.run(&["info", "CheXpert: Chest X-rays"]).expect(0);
    assert!(ran.stdout.contains("chexpert"), "{}", ran.stdout);
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let demo: String =
        demo.lines().filter(|line| !line.starts_with("aliases")).map(|line| format!("{line}\n")).collect();
    let entry = |id: &str| demo.replacen("id = \"demo\"\n", &format!("id = \"{id}\"\naliases = [\"Our set\"]\n"), 1);
    let dir = home.overlay("one.toml", &entry("one"));
    home.overlay("other.toml", &entry("other"));
    home.run(&["--catalog", &dir, "fetch", "our set"]).expect(11).says(&["several datasets", "`one`, `other`"]);
    home.run(&["--catalog", &dir, "fetch", "one"]).expect(0);
}

#[test]
fn a_file_of_a_part_carries_the_terms_of_the_part() {
    let home = Home::new();
    let answer = home.json(&["info", "mtsamples"]);
    let file = &answer["data"]["files"][0];
    assert_eq!(file["license"], "NOASSERTION", "{file}");
}

#[test]
fn completions_manual_and_schemas_are_made() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.run(&["completions", shell]).expect(0).stdout.contains("medsets"), "{shell}");
    }
    home.run(&["man", "pages"]).expect(0);
    assert!(home.path().join("work/pages/medsets-fetch.1").exists());
    let schema: serde_json::Value = serde_json::from_str(&home.run(&["schema", "catalog"]).expect(0).stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn a_facet_value_that_no_entry_has_is_named_with_those_there_are() {
    let home = Home::new();
    home.run(&["search", "--modality", "xrya"]).expect(2).says(&["xrya", "did you mean `xray`?", "fundus"]);
    home.run(&["search", "--task", "nonsense"]).expect(2).says(&["nonsense", "classification"]);
    home.run(&["search", "--anatomy", "chst"]).expect(2).says(&["did you mean `chest`?"]);
    home.run(&["search", "--license", "CC-BY-4"]).expect(2).says(&["did you mean `CC-BY-4.0`?"]);
    home.run(&["search", "--modality", "XRay", "--license", "cc0-1.0"]).expect(0);
}

#[test]
fn the_largest_size_needs_its_unit() {
    let home = Home::new();
    home.run(&["search", "--max-size", "5"]).expect(2).says(&["no unit", "5GB", "5B"]);
    home.run(&["search", "--max-size", "5 parsecs"]).expect(2).says(&["5 parsecs"]);
    let hits = |size: &str| home.json(&["search", "--max-size", size])["data"]["hits"].as_array().unwrap().len();
    assert_eq!(hits("5B"), 0);
    assert!(hits("5GB") > 0);
}

#[test]
fn sizes_that_the_entry_states_are_shown() {
    let home = Home::new();
    let page = home.run(&["info", "demo"]).expect(0).stdout;
    assert!(page.contains("unpacked 208.7 KiB"), "{page}");
    let data = home.json(&["info", "demo"]);
    assert_eq!(data["data"]["unpacked_size"], 202_944 + 8_993 + 1_137 + 620);
}

#[test]
fn citations_hold_nothing_that_a_terminal_obeys() {
    let home = Home::new();
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let hostile = demo
        .replace("id = \"demo\"", "id = \"hostile\"")
        .replace("title = \"medsets demonstration set, version 1.0\"", "title = \"Nice\\u009b2J\\u202eset\\ufeff\"");
    let dir = home.overlay("hostile.toml", &hostile);
    let cff = home.run(&["--catalog", &dir, "cite", "hostile", "--format", "cff"]).expect(0).stdout;
    assert!(cff.contains(r"Nice\u009b2J\u202eset\ufeff"), "{cff}");
    assert!(!cff.contains(['\u{9b}', '\u{202e}', '\u{feff}']), "{cff:?}");
}
