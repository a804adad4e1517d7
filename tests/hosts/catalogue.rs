//! Entries of the built-in catalogue that share a host with others: each ends in the standard
//! layout, or in the instruction for a person and then in the layout.
//!
//! The entry is the built-in one, with the figures of made-up files in place of the
//! publisher's. The entries of hosts with traps of their own are tried beside those hosts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stand_ins::{Setup, Toy, figshare, huggingface, osf, storage, zenodo};
use crate::support::entry::{self, Files};
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Host, Reply};

use super::scene::{Answer, STORAGE};

/// An entry at its host.
struct Tried {
    /// What is fetched, and by which source.
    name: &'static str,
    source: &'static str,
    /// Addresses of the host, and the path of the stand-in that each becomes.
    addresses: &'static [(&'static str, &'static str)],
    answer: Answer,
    /// What the host has.
    files: &'static [&'static str],
    /// What is below the dataset's folder in the end, beside its papers and records.
    layout: &'static [&'static str],
}

/// The same stand-in under the names that the entry has for things.
fn renamed(asked: &Asked, names: &[(&str, &str)]) -> Asked {
    let mut asked = asked.clone();
    for (name, stands_for) in names {
        asked.path = asked.path.replace(name, stands_for);
    }
    asked
}

fn hub(setup: &Setup, asked: &Asked) -> Reply {
    let names = [
        ("zhengyun21/PMC-Patients", "org/toy"),
        ("flaviagiammarino/path-vqa", "org/toy"),
        ("flaviagiammarino/vqa-rad", "org/toy"),
        // What the entries pin.
        ("e5fbe0205e8fcc14332cc455539797c2853f88d3", huggingface::COMMIT),
        ("bcf91e7654fb9d51c8ab6a5b82cacf3fafd2fae9", huggingface::COMMIT),
    ];
    huggingface::answer(setup, &renamed(asked, &names))
}

fn record(setup: &Setup, asked: &Asked) -> Reply {
    zenodo::answer(setup, &renamed(asked, &[("records/10821435", "records/42"), ("records/10499039", "records/42")]))
}

fn article(setup: &Setup, asked: &Asked) -> Reply {
    figshare::answer(setup, &renamed(asked, &[("articles/22687585", "articles/77")]))
}

fn project(setup: &Setup, asked: &Asked) -> Reply {
    // The short links of two files, as the entry has them.
    let file = match asked.place().as_str() {
        "/site/download/6qdas/" => Some("VQA_RAD Dataset Public.json"),
        "/site/download/bd96f/" => Some("Readme.docx"),
        _ => None,
    };
    match file {
        Some(name) => Reply::redirect(302, storage::signed(&setup.storage, name)),
        None => osf::answer(setup, &renamed(asked, &[("/89kps/", "/abcde/")])),
    }
}

/// A plain web host: one folder.
fn plain(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    let name = place.rsplit('/').next().unwrap_or_default();
    match setup.toy.bytes(name) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()),
        None => Reply::status(404),
    }
}

/// Single files of a commit.
fn raw(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    let name = place.trim_start_matches('/').splitn(4, '/').nth(3).unwrap_or_default();
    match setup.toy.bytes(name) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()),
        None => Reply::status(404),
    }
}

const HUB: &[(&str, &str)] = &[("https://huggingface.co/", "")];
const ZENODO: &[(&str, &str)] = &[("https://zenodo.org/", "")];

const TRIED: &[Tried] = &[
    Tried {
        name: "ddxplus",
        source: "figshare",
        addresses: &[
            ("https://api.figshare.com/", "api/"),
            ("https://ndownloader.figshare.com/", "bytes/"),
            ("https://figshare.com/", "site/"),
        ],
        answer: article,
        files: &[
            "README.md",
            "release_conditions.json",
            "release_evidences.json",
            "release_test_patients.zip",
            "release_train_patients.zip",
            "release_validate_patients.zip",
        ],
        layout: &[
            "data/release_conditions.json",
            "data/release_evidences.json",
            "data/release_test_patients/deeper/two.txt",
            "data/release_test_patients/one.txt",
            "data/release_train_patients/deeper/two.txt",
            "data/release_train_patients/one.txt",
            "data/release_validate_patients/deeper/two.txt",
            "data/release_validate_patients/one.txt",
            "docs/README.md",
        ],
    },
    Tried {
        name: "healthsearchqa",
        source: "springer",
        addresses: &[("https://static-content.springer.com/", "")],
        answer: plain,
        files: &["41586_2023_6291_MOESM6_ESM.xlsx"],
        layout: &["data/41586_2023_6291_MOESM6_ESM.xlsx"],
    },
    Tried {
        name: "pmc-patients",
        source: "huggingface",
        addresses: HUB,
        answer: hub,
        files: &[".gitattributes", "PMC-Patients.csv", "PMC-Patients_full.json", "README.md"],
        layout: &["data/PMC-Patients.csv", "docs/README.md"],
    },
    Tried {
        name: "pathvqa",
        source: "huggingface",
        addresses: HUB,
        answer: hub,
        files: &[
            ".gitattributes",
            "README.md",
            "data/test-00000-of-00003-made-up.parquet",
            "data/train-00000-of-00007-f2d0e9ef9f022d38.parquet",
            "data/train-00002-of-00007-7fb5037c4c5da7be.parquet",
            "data/train-00003-of-00007-74b9b7b81cc55f90.parquet",
            "data/train-00004-of-00007-77eea90af4a55dce.parquet",
            "data/train-00005-of-00007-5332ec423be520bd.parquet",
            "data/train-00006-of-00007-637a58c700b604af.parquet",
            "data/validation-00000-of-00003-90a5518d26493b67.parquet",
        ],
        layout: &[
            "data/data/test-00000-of-00003-made-up.parquet",
            "data/data/train-00000-of-00007-f2d0e9ef9f022d38.parquet",
            "data/data/train-00002-of-00007-7fb5037c4c5da7be.parquet",
            "data/data/train-00003-of-00007-74b9b7b81cc55f90.parquet",
            "data/data/train-00004-of-00007-77eea90af4a55dce.parquet",
            "data/data/train-00005-of-00007-5332ec423be520bd.parquet",
            "data/data/train-00006-of-00007-637a58c700b604af.parquet",
            "data/data/validation-00000-of-00003-90a5518d26493b67.parquet",
            "docs/README.md",
        ],
    },
    Tried {
        name: "vqa-rad:parquet",
        source: "huggingface",
        addresses: HUB,
        answer: hub,
        files: &[
            ".gitattributes",
            "README.md",
            "data/test-00000-of-00001-e5bc3d208bb4deeb.parquet",
            "data/train-00000-of-00001-eb8844602202be60.parquet",
        ],
        layout: &[
            "data/data/test-00000-of-00001-e5bc3d208bb4deeb.parquet",
            "data/data/train-00000-of-00001-eb8844602202be60.parquet",
            "docs/README.md",
        ],
    },
    Tried {
        name: "vqa-rad",
        source: "osf",
        addresses: &[("https://api.osf.io/", ""), ("https://files.osf.io/", "files/"), ("https://osf.io/", "site/")],
        answer: project,
        files: &[
            "Readme.docx",
            "VQA_RAD Dataset Public.json",
            "VQA_RAD Dataset Public.xlsx",
            "VQA_RAD Dataset Public.xml",
            "VQA_RAD Image Folder/synpic100132.jpg",
            "VQA_RAD Image Folder/synpic100176.jpg",
        ],
        layout: &[
            "data/VQA_RAD Dataset Public.json",
            "data/VQA_RAD Dataset Public.xlsx",
            "data/VQA_RAD Dataset Public.xml",
            "data/VQA_RAD Image Folder/synpic100132.jpg",
            "data/VQA_RAD Image Folder/synpic100176.jpg",
            "docs/Readme.docx",
        ],
    },
    Tried {
        name: "roco",
        source: "zenodo",
        addresses: ZENODO,
        answer: record,
        files: &[
            "cui_mapping.csv",
            "license_information.csv",
            "test_captions.csv",
            "test_concepts.csv",
            "test_concepts_manual.csv",
            "test_images.zip",
            "train_captions.csv",
            "train_concepts.csv",
            "train_concepts_manual.csv",
            "train_images.zip",
            "valid_captions.csv",
            "valid_concepts.csv",
            "valid_concepts_manual.csv",
            "valid_images.zip",
        ],
        layout: &[
            "data/cui_mapping.csv",
            "data/license_information.csv",
            "data/test/deeper/two.txt",
            "data/test/one.txt",
            "data/test_captions.csv",
            "data/test_concepts.csv",
            "data/test_concepts_manual.csv",
            "data/train/deeper/two.txt",
            "data/train/one.txt",
            "data/train_captions.csv",
            "data/train_concepts.csv",
            "data/train_concepts_manual.csv",
            "data/valid/deeper/two.txt",
            "data/valid/one.txt",
            "data/valid_captions.csv",
            "data/valid_concepts.csv",
            "data/valid_concepts_manual.csv",
        ],
    },
    Tried {
        name: "vqa-med",
        source: "zenodo",
        addresses: ZENODO,
        answer: record,
        files: &[
            "ImageClef-2019-VQA-Med-Training.zip",
            "ImageClef-2019-VQA-Med-Validation.zip",
            "README-VQA-Med-2019-Data.txt",
            "VQAMed2019Test.zip",
        ],
        layout: &[
            "data/ImageClef-2019-VQA-Med-Training/deeper/two.txt",
            "data/ImageClef-2019-VQA-Med-Training/one.txt",
            "data/ImageClef-2019-VQA-Med-Validation/deeper/two.txt",
            "data/ImageClef-2019-VQA-Med-Validation/one.txt",
            "data/VQAMed2019Test/deeper/two.txt",
            "data/VQAMed2019Test/one.txt",
            "docs/README-VQA-Med-2019-Data.txt",
        ],
    },
    Tried {
        name: "vqa-med:test",
        source: "github",
        addresses: &[("https://raw.githubusercontent.com/", "")],
        answer: raw,
        files: &[
            "VQAMed2019Test/README-VQA-Med-2019-TestSet.txt",
            "VQAMed2019Test/VQAMed2019_Test_Images.zip",
            "VQAMed2019Test/VQAMed2019_Test_Questions.txt",
            "VQAMed2019Test/VQAMed2019_Test_Questions_w_Ref_Answers.txt",
        ],
        layout: &[
            "data/VQAMed2019Test/VQAMed2019_Test_Images/deeper/two.txt",
            "data/VQAMed2019Test/VQAMed2019_Test_Images/one.txt",
            "data/VQAMed2019Test/VQAMed2019_Test_Questions.txt",
            "data/VQAMed2019Test/VQAMed2019_Test_Questions_w_Ref_Answers.txt",
            "docs/VQAMed2019Test/README-VQA-Med-2019-TestSet.txt",
        ],
    },
];

#[test]
fn every_one_ends_in_the_standard_layout() {
    for tried in TRIED {
        let files: Files = tried.files.iter().map(|name| ((*name).to_owned(), entry::content(name))).collect();
        let id = tried.name.split(':').next().unwrap();
        let (home, _hosts) = at_its_host(tried, id, &files);
        // The entry knows how large the real one is.
        home.run(&["fetch", tried.name, "--source", tried.source, "--ignore-space"]).expect(0);
        assert_eq!(layout(&home, tried.name), tried.layout, "{}", tried.name);
        home.run(&["verify", tried.name]).expect(0);
    }
}

/// A home with the entry's overlay, in which the stand-ins are the real hosts.
fn at_its_host(tried: &Tried, id: &str, files: &Files) -> (Home, [Host; 2]) {
    let toy = Toy { files: Arc::new(files.clone().into_iter().collect()) };
    let setup =
        Setup { toy: toy.clone(), origin: tried.addresses[0].0.to_owned(), storage: STORAGE.to_owned(), token: None };
    let answer = tried.answer;
    let store = Host::start(move |asked| storage::answer(&toy, asked));
    let host = Host::start(move |asked| answer(&setup, asked));
    let mut rewrites = vec![format!("{STORAGE}={}", store.url())];
    rewrites.extend(tried.addresses.iter().map(|(address, path)| format!("{address}={}{path}", host.url())));
    let home = Home::new().with("MEDSETS_REWRITE", rewrites.join(";")).with("MEDSETS_KEYRING", "none");
    (overlaid(home, id, files), [host, store])
}

/// With the entry's overlay, which says what the built-in one says but for figures.
fn overlaid(home: Home, id: &str, files: &Files) -> Home {
    let built_in = entry::built_in(id);
    let overlay = entry::with_figures_of(&built_in, files);
    assert_eq!(entry::beside_figures(&overlay), entry::beside_figures(&built_in), "{id}");
    let catalog = home.overlay(&format!("{id}.toml"), &overlay);
    home.with("MEDSETS_CATALOG", catalog)
}

/// The files below a dataset's folder, without its papers and records.
fn layout(home: &Home, name: &str) -> Vec<String> {
    let dir = home.run(&["path", name]).expect(0).stdout;
    let tree: BTreeMap<String, Vec<u8>> = tree(std::path::Path::new(dir.trim()));
    tree.into_keys().filter(|name| ["data/", "docs/", "archives/"].iter().any(|top| name.starts_with(top))).collect()
}

/// Does what `access` lists, as a person would who has been through it: records approvals and
/// trainings, and accepts each text that was read.
fn meets_every_step(home: &Home, name: &str) {
    let letter = home.path().join("letter.txt");
    std::fs::write(&letter, "Approved. Made up for a test.\n").unwrap();
    let letter = letter.to_str().unwrap();
    let access = home.json(&["access", name]);
    let steps = access["data"]["datasets"][0]["steps"].as_array().unwrap_or_else(|| panic!("{access}"));
    for step in steps {
        let id = step["id"].as_str().unwrap();
        match step["kind"].as_str().unwrap() {
            "agreement" => {
                let accept = ["access", "accept", name, id, "--text-file", letter];
                let shown = home.json(&[&accept[..], &["--dry-run"]].concat());
                let digest = shown["data"]["text_digest"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
                home.run(&[&accept[..], &["--text-digest", &digest]].concat()).expect(0);
            }
            "account" | "manual" => {}
            _ => {
                home.run(&["access", "grant", name, id, "--file", letter, "--expires", "2999-01-31"]).expect(0);
            }
        }
    }
}

#[test]
fn what_a_person_gets_by_hand_is_told_and_then_taken_in() {
    /// An entry, what its refusal says, the files a person gets, and where they end.
    struct ByHand {
        id: &'static str,
        says: [&'static str; 2],
        files: [&'static str; 2],
        layout: [&'static str; 4],
    }
    let cases = [
        ByHand {
            id: "n2c2",
            says: ["portal.dbmi.hms.harvard.edu", "medsets import n2c2"],
            files: ["train.zip", "n2c2-t1_gold_standard_test_data.zip"],
            layout: [
                "data/test/deeper/two.txt",
                "data/test/one.txt",
                "data/train/deeper/two.txt",
                "data/train/one.txt",
            ],
        },
        ByHand {
            id: "messidor",
            says: ["www.adcis.net", "medsets import messidor"],
            files: ["Base11.zip", "Base12.zip"],
            layout: [
                "data/Base11/deeper/two.txt",
                "data/Base11/one.txt",
                "data/Base12/deeper/two.txt",
                "data/Base12/one.txt",
            ],
        },
    ];
    for ByHand { id, says, files, layout: expected } in cases {
        let home = Home::new().with("MEDSETS_OFFLINE", "1").with("MEDSETS_KEYRING", "none");
        let ran = home.run(&["fetch", id]);
        assert!(matches!(ran.code, Some(20..=26)), "{ran:?}");
        ran.says(&says[..1]);
        meets_every_step(&home, id);
        home.run(&["fetch", id]).expect(26).says(&says);
        let downloads = home.path().join("Downloads");
        std::fs::create_dir_all(&downloads).unwrap();
        for name in files {
            std::fs::write(downloads.join(name), entry::content("same.zip")).unwrap();
        }
        home.run(&["import", id, downloads.to_str().unwrap()]).expect(0);
        let found = layout(&home, id);
        assert_eq!(found, expected, "{id}");
        home.run(&["verify", id]).expect(0);
    }
}

#[test]
fn what_nobody_distributes_says_what_there_is_instead() {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    home.run(&["fetch", "openpath"]).expect(27).says(&["Tweet ids", "github.com/PathologyFoundation/plip"]);
}
