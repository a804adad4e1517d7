//! The bucket of PubMed Central's article datasets, `pmc-oa-opendata`, in the path.
//!
//! Two articles, one of them in two versions, another whose number begins with that of the
//! first, and what else lies in the bucket. Metadata in the form of its README, each address
//! with the MD5 of its object.

use medsets::values::Algorithm;
use serde_json::json;

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, hex, s3};

/// The bucket.
pub const BUCKET: &str = "pmc-oa-opendata";

/// An article that was retracted, and has no licence code.
pub const RETRACTED: &str = "PMC10009777";

/// Names, licence codes and media of the article versions.
const ARTICLES: [(&str, u32, Option<&str>, &[&str]); 5] = [
    ("PMC10009416", 1, Some("CC BY"), &["NPR2-43-85-g001.jpg"]),
    ("PMC10009416", 2, Some("CC BY"), &["NPR2-43-85-g001.jpg", "Supplement 1.docx"]),
    ("PMC100094160", 1, Some("TDM"), &[]),
    ("PMC10009402", 1, Some("CC0"), &[]),
    (RETRACTED, 1, None, &[]),
];

/// Every object of the bucket.
pub fn objects() -> Toy {
    let mut files = vec![
        ("README.txt".to_owned(), b"Terms of use\n".to_vec()),
        ("deprecated/oa_comm/xml/all/PMC10009416.xml".to_owned(), b"<article/>".to_vec()),
    ];
    for (id, version, license, media) in ARTICLES {
        let name = format!("{id}.{version}");
        let mut parts = Vec::new();
        for kind in ["xml", "txt", "pdf"] {
            if kind != "pdf" || license != Some("TDM") {
                parts.push((format!("{name}/{name}.{kind}"), format!("{kind} of {name}\n").into_bytes()));
            }
        }
        parts.extend(media.iter().map(|one| (format!("{name}/{one}"), format!("{one} of {name}\n").into_bytes())));
        let metadata = metadata(id, version, license, &parts).into_bytes();
        parts.push((format!("{name}/{name}.json"), metadata.clone()));
        parts.push((format!("metadata/{name}.json"), metadata));
        files.extend(parts);
    }
    Toy { files: files.into() }
}

fn metadata(id: &str, version: u32, license: Option<&str>, parts: &[(String, Vec<u8>)]) -> String {
    let urls = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let parts = parts.iter().filter(|(key, _)| wanted(key));
        parts.map(|(key, bytes)| format!("s3://{BUCKET}/{key}?md5={}", hex(Algorithm::Md5, bytes))).collect()
    };
    let one = |kind: &str| urls(&|key| key.ends_with(kind)).into_iter().next();
    let media = urls(&|key| [".xml", ".txt", ".pdf"].iter().all(|kind| !key.ends_with(kind)));
    json!({
        "pmcid": id, "version": version, "pmid": 36_000_000, "doi": "10.1002/npr2.12310", "mid": null,
        "title": "A title", "citation": "A citation", "is_pmc_openaccess": license != Some("TDM"),
        "is_manuscript": license == Some("TDM"), "is_historical_ocr": false, "is_retracted": id == RETRACTED,
        "license_code": license, "xml_url": one(".xml"), "text_url": one(".txt"), "pdf_url": one(".pdf"),
        "media_urls": media,
    })
    .to_string()
}

/// Answers for the bucket.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    s3::serve(setup, BUCKET, &setup.toy, asked)
}
