//! Imaging Data Commons.

use std::collections::BTreeMap;

use medsets::values::Digest;

use crate::stand_ins::{Setup, Toy, idc, s3};
use crate::support::archives::zip_of;
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Answer, Case, Scene};

const ADDRESSES: &[(&str, &str)] = &[
    ("https://idc-open-data.s3.amazonaws.com/", "idc-open-data/"),
    ("https://idc-open-data-cr.s3.amazonaws.com/", "idc-open-data-cr/"),
    ("https://storage.googleapis.com/idc-index-data-artifacts/", "index/"),
    ("https://github.com/ImagingDataCommons/idc-index-data/releases/download/", "nowhere/"),
    ("https://www.cancerimagingarchive.net/wp-content/uploads/", "tcia/"),
];

fn case(keys: &'static str) -> Case {
    Case {
        provider: "idc",
        keys,
        addresses: ADDRESSES,
        answer: idc::answer,
        toy: idc::objects(None),
        listing: "list-type=2",
        token: None,
    }
}

fn keys(collection: &str, more: &str) -> &'static str {
    let sha256 = Digest::sha256(idc::INDEX).hex();
    format!("collection = \"{collection}\"\nindex = \"25.0.5\"\nindex-sha256 = \"{sha256}\"\n{more}").leak()
}

/// Where the files of these modalities go below `data/`, by the client's default template.
fn expected(collection: &str, patients: &str, modalities: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let objects = idc::objects(None);
    let mut files = BTreeMap::new();
    for (patient, study, modality, series, _, folder, _) in idc::SERIES {
        if !patient.starts_with(patients) || !modalities.contains(&modality) {
            continue;
        }
        for (key, bytes) in objects.files.iter().filter(|(key, _)| key.starts_with(folder)) {
            let name = key.rsplit('/').next().unwrap();
            files.insert(format!("{collection}{patient}/{study}/{modality}_{series}/{name}"), bytes.clone());
        }
    }
    files
}

#[test]
fn lays_series_out_as_the_client_does() {
    // The stand-in serves its own objects; these are where they belong.
    let files: Vec<_> = expected("lidc_idri/", "LIDC", &["CT", "DX", "SEG", "SR"]).into_iter().collect();
    let case = Case { toy: Toy { files: files.into() }, ..case(keys("lidc_idri", "")) };
    let scene = case.start();
    contract::fetches(&case, &scene);
    // The index came with the plan, and serves every later fetch. The contract empties the folder
    // of its project and locates the files anew: a second and a third time.
    assert_eq!(scene.asked("idc_index.parquet"), 3);
    contract::goes_on_at_the_host(&case, ".dcm");
}

#[test]
fn each_file_carries_the_licence_of_its_series() {
    let scene = case(keys("breast_cancer_screening_dbt", "dir-template = \"%PatientID/%Modality\"")).start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data().keys().next().unwrap().rsplit_once('/').unwrap().0, "DBT-P00001/MG");
    let inventory = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/files.jsonl")).unwrap();
    let data = inventory.lines().filter(|line| line.contains(".dcm"));
    assert_eq!(data.filter(|line| line.contains("\"CC-BY-NC-4.0\"")).count(), 2, "{inventory}");
    // What the channel asks for on top is not dropped for it.
    let policy =
        "license = \"CC-BY-4.0 AND LicenseRef-TCIA-Data-Usage-Policy\"\ndir-template = \"%PatientID/%Modality\"";
    let with_policy = case(keys("breast_cancer_screening_dbt", policy)).start();
    with_policy.run(&["fetch", "toy", "--license", "cc-by-nc-4.0"]).expect(0);
    let records = with_policy.home.data().join("toy/1/.medsets/files.jsonl");
    let both = "\"CC-BY-NC-4.0 AND LicenseRef-TCIA-Data-Usage-Policy\"";
    assert_eq!(std::fs::read_to_string(records).unwrap().matches(both).count(), 2);
    // Only what may be used commercially: nothing of it.
    scene.run(&["remove", "toy", "--yes"]).expect(0);
    scene.run(&["fetch", "toy", "--license", "cc-by-3.0"]).expect(2).says(&["under `cc-by-3.0`"]);
}

#[test]
fn a_series_that_is_not_whole_is_refused() {
    fn loses_one(setup: &Setup, asked: &Asked) -> Reply {
        if asked.parameter("prefix").is_some_and(|prefix| prefix.starts_with("6949b1e0")) {
            return s3::serve(setup, "idc-open-data", &crate::stand_ins::Toy { files: Vec::new().into() }, asked);
        }
        idc::answer(setup, asked)
    }
    let scene = Case { answer: loses_one, ..case(keys("lidc_idri", "")) }.start();
    scene.run(&["fetch", "toy"]).expect(34).says(&["has 0 files", "the index says 3"]);
    assert!(!scene.home.data().join("toy").exists());
}

#[test]
fn another_index_than_the_pinned_one_is_refused() {
    let wrong = "collection = \"lidc_idri\"\nindex = \"25.0.5\"\n\
                 index-sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\"";
    let scene = case(wrong).start();
    scene.run(&["fetch", "toy"]).expect(40).says(&["idc_index.parquet", "sha256:0000"]);
    let unknown = case(keys("no_such_collection", "")).start();
    unknown.run(&["fetch", "toy"]).expect(34).says(&["has no collection `no_such_collection`"]);
    let template = case(keys("lidc_idri", "dir-template = \"%PatientName\"")).start();
    template.run(&["fetch", "toy"]).expect(11).says(&["no template of folders"]);
}

/// `medsets fetch lidc-idri` with the entry as it is, but for the digests of what the stand-in
/// serves in place of the real index and the real annotations.
#[test]
fn lidc_idri_ends_in_its_layout() {
    let scene = lidc();
    // The entry knows that the whole takes 124 GiB.
    scene.run(&["fetch", "lidc-idri", "--ignore-space"]).expect(0);
    let data = crate::support::home::tree(&scene.home.data().join("lidc-idri/4-original/data"));
    let mut expected = expected("", "LIDC", &["CT", "DX"]);
    expected.insert("tcia-lidc-xml/157/158.xml".to_owned(), XML.to_vec());
    assert_eq!(data, expected);
    scene.run(&["verify", "lidc-idri"]).expect(0);
    // Each series is under the same licence as the whole, and the policy of TCIA holds for it too.
    let files = std::fs::read_to_string(scene.home.data().join("lidc-idri/4-original/.medsets/files.jsonl")).unwrap();
    assert!(!files.contains("\"license\""), "{files}");
    // Series that the variant does not want are not even listed.
    assert_eq!(scene.asked("prefix=a1e77e5c"), 0);

    scene.run(&["fetch", "lidc-idri:ct", "--include", "images", "--ignore-space"]).expect(0);
    let ct = crate::support::home::tree(&scene.home.data().join("lidc-idri/4-ct/data"));
    assert_eq!(ct, self::expected("", "LIDC", &["CT"]));
}

/// Nodules as DICOM beside the scans they were marked in.
#[test]
fn lidc_idri_comes_with_what_was_derived_from_it() {
    let scene = lidc();
    scene.run(&["fetch", "lidc-idri:with-derived", "--ignore-space"]).expect(0);
    let dir = scene.home.data().join("lidc-idri/4-with-derived");
    let mut expected = expected("", "LIDC", &["CT", "DX", "SEG", "SR"]);
    assert!(expected.keys().any(|path| path.contains("/SEG_")) && expected.keys().any(|path| path.contains("/SR_")));
    expected.insert("tcia-lidc-xml/157/158.xml".to_owned(), XML.to_vec());
    assert_eq!(crate::support::home::tree(&dir.join("data")), expected);
    let records = std::fs::read_to_string(dir.join(".medsets/files.jsonl")).unwrap();
    for line in records.lines().filter(|line| line.contains(".dcm")) {
        let is_derived = line.contains("/SEG_") || line.contains("/SR_");
        assert_eq!(line.contains("\"annotation\""), is_derived, "{line}");
    }
    scene.run(&["verify", "lidc-idri:with-derived"]).expect(0);
    // TCIA has no derived series.
    scene.run(&["fetch", "lidc-idri:with-derived", "--source", "tcia"]).expect(2).says(&["tcia"]);
}

const XML: &[u8] = b"<LidcReadMessage/>";

fn archive() -> Vec<u8> {
    zip_of(&[("tcia-lidc-xml/157/158.xml", XML)])
}

fn lidc() -> Scene {
    let answer: Answer = |setup, asked| match asked.place().as_str() {
        "/tcia/LIDC-XML-only.zip" => Reply::file(asked, archive()),
        _ => idc::answer(setup, asked),
    };
    let scene = Case { answer, ..case(keys("lidc_idri", "")) }.start();
    let entry = include_str!("../../catalog/lidc-idri.toml");
    let archive = archive();
    let changes = [
        (
            "559808236662799938cec1da99778164fd15bbf1f6ca8dea607f6ca791d7b54c\"\ndir",
            format!("{}\"\ndir", Digest::sha256(idc::INDEX).hex()),
        ),
        ("size = 9034311", format!("size = {}", archive.len())),
        (
            "sha256 = \"644557a3aa305602609c718b0cae33a93be762e8901a80bcd9df735b0ec6ab90\"",
            format!("sha256 = \"{}\"", Digest::sha256(&archive).hex()),
        ),
        ("members = 1319", "members = 1".to_owned()),
    ];
    let entry = changes.iter().fold(entry.to_owned(), |entry, (from, to)| {
        assert_eq!(entry.matches(from).count(), 1, "{from}");
        entry.replace(from, to)
    });
    scene.home.overlay("lidc-idri.toml", &entry);
    scene
}
