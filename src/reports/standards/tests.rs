//! The documents of one fixed project, and what must be in them.

use serde_json::Value;

use super::required::{missing_of_croissant, missing_of_spdx};
use super::*;
use crate::audit::tests::audit_of;

const PROJECT: [(&str, Option<&str>); 4] =
    [("chestxray14", None), ("rsna-pneumonia", None), ("mimic-cxr", None), ("umls", None)];

fn file(path: &str, url: Option<&str>) -> ReleaseFile {
    ReleaseFile {
        path: RelPath::parse(path).unwrap(),
        size: Some(ByteSize(3)),
        digest: Some(Digest::sha256(b"abc")),
        url: url.map(|url| SafeUrl::parse(url).unwrap()),
    }
}

fn croissant(subject: &Subject, audit: &Audit) -> Value {
    let head = croissant::head(audit, subject).unwrap();
    let files = [file("a b/images.zip", Some("https://data.example/images.zip")), file("c.csv", None)];
    let objects: Vec<Value> = files.iter().filter_map(croissant::file).collect();
    serde_json::from_slice(&List::whole(&head, "distribution", &objects)).unwrap()
}

#[test]
fn croissant_has_all_that_is_required() {
    let audit = audit_of(&PROJECT, "");
    for subject in &audit.subjects {
        let mut document = croissant(subject, &audit);
        assert_eq!(missing_of_croissant(&document), Vec::<String>::new(), "{}", subject.name);
        for key in ["license", "creator", "datePublished", "url", "distribution"] {
            let held = document.as_object_mut().unwrap().remove(key).unwrap();
            assert!(missing_of_croissant(&document).iter().any(|one| one.starts_with(key)), "{key} is looked for");
            document[key] = held;
        }
    }
}

#[test]
fn what_the_catalogue_does_not_know_is_named_and_not_made_up() {
    let mut audit = audit_of(&[("demo", None)], "");
    assert_eq!(croissant::head(&audit, &audit.subjects[0]).unwrap()["url"], "./", "it is part of the program");
    audit.subjects[0].is_built_in = false;
    let missing = croissant::head(&audit, &audit.subjects[0]).unwrap_err();
    assert_eq!(missing.iter().map(|one| one.field).collect::<Vec<_>>(), ["url"]);
    assert_eq!(missing[0].to_string(), "`demo@1.0` has no `url`, which Croissant 1.1 requires");
    let document: Value = serde_json::from_slice(&spdx::document(&audit)).unwrap();
    assert!(spdx::warnings(&audit)[0].contains("`software_downloadLocation`"), "{:?}", spdx::warnings(&audit));
    let graph = document["@graph"].as_array().unwrap();
    let package = graph.iter().find(|one| one["name"] == "medsets demonstration set").unwrap();
    assert_eq!(package["type"], "software_Package");
    let of_profile = package.as_object().unwrap().keys().filter(|key| key.starts_with("dataset_"));
    assert_eq!(of_profile.count(), 0, "{package:#}");
    let root = graph.iter().find(|one| one["type"] == "SpdxDocument").unwrap();
    assert!(!root["profileConformance"].to_string().contains("dataset"), "{root:#}");
}

#[test]
fn spdx_has_all_that_the_profile_requires_and_says_what_is_coarse() {
    let audit = audit_of(&PROJECT, "");
    let document: Value = serde_json::from_slice(&spdx::document(&audit)).unwrap();
    assert_eq!(missing_of_spdx(&document), Vec::<String>::new());
    let graph = document["@graph"].as_array().unwrap();
    let packages = graph.iter().filter(|one| one["type"] == "dataset_DatasetPackage");
    for (package, subject) in packages.zip(&audit.subjects) {
        let is_coarse = subject.about.date().unwrap().len() < 10;
        let says = package["comment"].as_str().unwrap().contains("first instant");
        assert_eq!(says, is_coarse, "{}", subject.name);
    }
    assert!(graph.iter().any(|one| one["type"] == "simplelicensing_SimpleLicensingText"));
}

#[test]
fn the_same_audit_gives_the_same_bytes_and_another_one_another_number() {
    let (audit, other) = (audit_of(&PROJECT, ""), audit_of(&PROJECT[..1], ""));
    for document in [cyclonedx::document, ro_crate::document] {
        assert_eq!(document(&audit), document(&audit));
    }
    assert_eq!(spdx::document(&audit), spdx::document(&audit));
    assert_ne!(uuid(&audit, "spdx"), uuid(&other, "spdx"));
    let number = uuid(&audit, "cyclonedx");
    assert_ne!(number, uuid(&audit, "spdx"));
    assert_eq!((number.len(), &number[14..15]), (36, "8"), "{number}");
}

#[test]
fn signed_links_local_servers_and_users_are_in_no_list() {
    for url in ["https://s.example/a?sig=abc", "https://me:pw@s.example/a", "http://127.0.0.1:80/a"] {
        let file = file("a", Some(url));
        assert_eq!(file.public_url(), None, "{url}");
        for program in [downloads::Program::Aria2, downloads::Program::Wget] {
            let lines = downloads::lines(program, &file, "x/1", None);
            assert!(lines.starts_with("# x/1/a: ") && lines.lines().count() == 1, "{lines}");
        }
    }
}

#[test]
fn names_cannot_leave_their_place_in_lists() {
    assert_eq!(
        bagit::manifest_line(&Digest::sha256(b""), "data/100%\r\n"),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  data/100%25%0D%0A\n"
    );
    assert_eq!(bagit::fetch_line("https://a.example/b c", None, "data/b c"), "https://a.example/b%20c - data/b c\n");
    let lines =
        downloads::lines(downloads::Program::Wget, &file("it's/$(x).zip", Some("https://a.example/it's")), "x/1", None);
    assert!(lines.starts_with("get 'x/1/it'\\''s/$(x).zip' 'https://a.example/it"), "{lines}");
    assert_eq!(relative("a b/c%d"), "a%20b/c%25d");
}

#[test]
fn a_crate_names_every_entity_that_it_points_to() {
    let audit = audit_of(&PROJECT, "");
    let document: Value = serde_json::from_slice(&ro_crate::document(&audit)).unwrap();
    let graph = document["@graph"].as_array().unwrap();
    let ids: Vec<&str> = graph.iter().map(|one| one["@id"].as_str().unwrap()).collect();
    let root = graph.iter().find(|one| one["@id"] == "./").unwrap();
    for key in ["name", "description", "datePublished", "license", "hasPart"] {
        assert!(!root[key].is_null(), "{key}");
    }
    for entity in graph {
        for value in entity.as_object().unwrap().values() {
            let many = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for pointed in many.iter().filter_map(|one| one["@id"].as_str()) {
                assert!(ids.contains(&pointed) || pointed.starts_with("https://w3id.org/ro/crate"), "{pointed}");
            }
        }
    }
}

/// The documents of the project, byte for byte. A change of an entry changes them too: then the
/// failing test prints the new document.
#[test]
fn the_documents_are_as_they_were() {
    let audit = audit_of(&PROJECT, "");
    let changed = std::cell::RefCell::new(String::new());
    let check = |name: &str, document: &[u8], expected: &str| {
        // The numbers are made of the whole audit, of which these documents show a part.
        let document = String::from_utf8_lossy(document);
        let document = document.replace(&uuid(&audit, "spdx"), "UUID").replace(&uuid(&audit, "cyclonedx"), "UUID");
        if document != expected {
            changed.borrow_mut().push_str(&format!("<<<{name}\n{document}>>>\n"));
        }
    };
    let head = croissant::head(&audit, &audit.subjects[1]).unwrap();
    let files = [file("a b/images.zip", Some("https://data.example/images.zip")), file("c.csv", None)];
    let objects: Vec<Value> = files.iter().filter_map(croissant::file).collect();
    check("croissant.json", &List::whole(&head, "distribution", &objects), include_str!("tests/croissant.json"));
    check("spdx.json", &spdx::document(&audit), include_str!("tests/spdx.json"));
    check("cyclonedx.json", &cyclonedx::document(&audit), include_str!("tests/cyclonedx.json"));
    check("ro-crate.json", &ro_crate::document(&audit), include_str!("tests/ro-crate.json"));
    for (format, name, expected) in [
        (CitationFormat::Bibtex, "citations.bib", include_str!("tests/citations.bib")),
        (CitationFormat::Cff, "CITATION.cff", include_str!("tests/CITATION.cff")),
        (CitationFormat::Ris, "citations.ris", include_str!("tests/citations.ris")),
        (CitationFormat::CslJson, "citations.json", include_str!("tests/citations.json")),
    ] {
        check(name, citations(&audit, format).as_bytes(), expected);
    }
    let paths = ["data/demo/1.0/a b.txt", "data/demo/1.0/100%.txt"];
    let line = |path: &&str| bagit::manifest_line(&Digest::sha256(b"abc"), path);
    check(
        "manifest-sha256.txt",
        paths.iter().map(line).collect::<String>().as_bytes(),
        include_str!("tests/manifest-sha256.txt"),
    );
    let line = |path: &&str| bagit::fetch_line("https://data.example/a b", Some(ByteSize(3)), path);
    check("fetch.txt", paths.iter().map(line).collect::<String>().as_bytes(), include_str!("tests/fetch.txt"));
    let info = bagit::info(&audit, Some((3, 1)), &["a note".to_owned()]);
    check("bag-info.txt", info.as_bytes(), include_str!("tests/bag-info.txt"));
    for (program, name, expected) in [
        (downloads::Program::Aria2, "aria2.txt", include_str!("tests/aria2.txt")),
        (downloads::Program::Wget, "wget.sh", include_str!("tests/wget.sh")),
    ] {
        let lines: String = files.iter().map(|file| downloads::lines(program, file, "ddxplus/1", None)).collect();
        let closed = downloads::lines(program, &files[0], "mimic-cxr/2.1.0", Some("it asks for steps of your own"));
        check(name, format!("{}{lines}{closed}", downloads::head(program)).as_bytes(), expected);
    }
    assert!(changed.borrow().is_empty(), "these are now:\n{}", changed.borrow());
}

#[test]
fn hostile_addresses_and_dates_are_in_no_document() {
    let mut audit = audit_of(&PROJECT[..1], "");
    let subject = &mut audit.subjects[0];
    for (homepage, doi) in
        [("javascript:alert(1)", "10.1/x\ny"), ("data:text/html,x", "x"), ("https://me:pw@h.example/", "10.1/a b")]
    {
        (subject.homepage, subject.doi) = (Some(homepage.to_owned()), Some(doi.to_owned()));
        assert_eq!(page(subject), None, "{homepage} {doi:?}");
    }
    subject.doi = Some("10.1002/(SICI)1097<1661::AID>3.0.CO;2-2#x".to_owned());
    assert_eq!(page(subject).unwrap(), "https://doi.org/10.1002/(SICI)1097%3C1661::AID%3E3.0.CO;2-2%23x");
    subject.homepage = Some("https://h.example/set?id=5#top".to_owned());
    assert_eq!(page(subject).unwrap(), "https://h.example/set?id=5#top");
}

#[test]
fn a_licence_without_an_address_stands_by_its_name() {
    let mut audit = audit_of(&PROJECT[..1], "");
    audit.subjects[0].license = "LicenseRef-n2c2-DUA AND LicenseRef-lost".to_owned();
    let head = croissant::head(&audit, &audit.subjects[0]).unwrap();
    assert_eq!(head["license"][1]["@type"], "CreativeWork");
    assert_eq!(head["license"][1]["name"], "LicenseRef-lost: LicenseRef-lost");
    audit.subjects[0].license = "NOASSERTION".to_owned();
    assert_eq!(croissant::head(&audit, &audit.subjects[0]).unwrap()["license"]["name"], "NOASSERTION");
}
