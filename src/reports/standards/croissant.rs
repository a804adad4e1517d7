//! Croissant 1.1 with RAI 1.0 and the Data Use Ontology, one document a dataset.
//!
//! Required by the specification (mlcommons/croissant, `croissant-spec-1.1.md`, 2026-01-29):
//! context, type, `conformsTo`, `name`, `description`, `license`, `url`, `creator`,
//! `datePublished`, `distribution`. A licence is an address or a work: one without an address stands
//! by its name. A file needs a digest; one without is left out and told.
//! Creators are the authors of the work that the dataset asks to be cited, else who keeps it.
//! A year or a month is an ISO 8601 date of reduced precision, which `Date` of schema.org is.

use serde_json::{Value, json};

use crate::audit::{Audit, Subject};
use crate::reports::citation::{bibtex, is_others, parted};
use crate::values::Algorithm;

use super::{Missing, ReleaseFile, license, license_ids, license_name, license_url, of_doi, page, relative};

/// Everything but the files, or all that is missing.
pub fn head(audit: &Audit, subject: &Subject) -> Result<Value, Vec<Missing>> {
    let creators = creators(subject);
    let fields = [
        ("description", subject.about.summary().is_some()),
        ("url", url(subject).is_some()),
        ("creator", !creators.is_empty()),
        ("datePublished", subject.about.date().is_some()),
    ];
    let missing: Vec<Missing> =
        fields.iter().filter(|(_, is_known)| !is_known).map(|(field, _)| Missing::of(subject, field)).collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let mut head = json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": subject.title,
        "description": subject.about.summary(),
        "url": url(subject),
        "license": one_or_many(licenses(audit, subject)),
        "version": subject.version,
        "datePublished": subject.about.date(),
        "creator": one_or_many(creators),
    });
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            head[key] = value;
        }
    };
    let maintainer = subject.about.maintainer().map(|one| json!({ "@type": "Organization", "name": one.name }));
    set("maintainer", maintainer);
    set("identifier", subject.doi.as_ref().and_then(|doi| of_doi(doi)).map(Value::from));
    let works = subject.about.works();
    set("citeAs", works.first().map(|work| json!(bibtex::entry(work).trim_end())));
    set("usageInfo", some(subject.duo.iter().filter_map(|code| term(code)).collect()));
    if let Some(ethics) = subject.about.ethics() {
        let personal: Vec<&str> = ethics.deidentification.iter().chain(&ethics.consent).map(String::as_str).collect();
        set("rai:personalSensitiveInformation", some(personal.into_iter().map(Value::from).collect()));
        set("rai:dataBiases", some(ethics.known_bias.iter().cloned().map(Value::from).collect()));
        set("rai:dataLimitations", some(ethics.known_issues.iter().cloned().map(Value::from).collect()));
    }
    set("rai:dataUseCases", some(subject.about.task().iter().cloned().map(Value::from).collect()));
    Ok(head)
}

/// The dataset's page. What is part of the program has none and is at no address: like its files it
/// lies beside the document, which a relative reference says.
fn url(subject: &Subject) -> Option<String> {
    page(subject).or_else(|| subject.is_built_in.then(|| "./".to_owned()))
}

/// A file; `None` where no digest is known that the format takes.
pub fn file(file: &ReleaseFile) -> Option<Value> {
    let digest = file.digest?;
    let key = match digest.algorithm() {
        Algorithm::Sha256 => "sha256",
        Algorithm::Md5 => "md5",
        _ => return None,
    };
    let mut object = json!({
        "@type": "cr:FileObject",
        "@id": relative(file.path.as_str()),
        "name": file.path,
        // What has no address of its own lies beside the document.
        "contentUrl": file.public_url().unwrap_or_else(|| relative(file.path.as_str())),
        "encodingFormat": media_type(file.path.as_str()),
    });
    object[key] = json!(digest.hex());
    if let Some(size) = file.size {
        object["contentSize"] = json!(format!("{} B", size.0));
    }
    Some(object)
}

/// What is said of a dataset without any file that has a digest.
pub fn no_files(subject: &Subject) -> Missing {
    Missing::of(subject, "distribution")
}

/// The licences by their addresses; one without an address, and what nobody licensed, as a work
/// with a name, which the specification takes too.
fn licenses(audit: &Audit, subject: &Subject) -> Vec<Value> {
    let work = |name: &str, said: &str| json!({ "@type": "CreativeWork", "name": name, "description": said });
    let ids = license_ids(subject);
    if ids.is_empty() {
        return vec![work("NOASSERTION", "No licence is known, so nothing is granted that anybody knows of.")];
    }
    let of = |id: &String| match license_url(audit, id) {
        Some(url) => json!(url),
        None => {
            let summary = license(audit, id).map_or("Nothing is known of it.", |license| &license.summary);
            work(&format!("{id}: {}", license_name(audit, id)), summary)
        }
    };
    ids.iter().map(of).collect()
}

fn creators(subject: &Subject) -> Vec<Value> {
    let works = subject.about.works();
    let authors: Vec<Value> = works
        .first()
        .map(|work| &work.authors)
        .into_iter()
        .flatten()
        .filter(|name| !is_others(name))
        .map(|name| match parted(name) {
            (family, Some(given)) => {
                json!({ "@type": "Person", "name": format!("{given} {family}"), "familyName": family, "givenName": given })
            }
            (whole, None) => json!({ "@type": "Organization", "name": whole }),
        })
        .collect();
    if !authors.is_empty() {
        return authors;
    }
    let keeper = subject.about.maintainer().map(|one| json!({ "@type": "Organization", "name": one.name }));
    keeper.into_iter().collect()
}

fn one_or_many(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

fn some(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

/// A code of the Data Use Ontology as a defined term; codes that are not in the table stay out.
fn term(code: &str) -> Option<Value> {
    let number = code.strip_prefix("DUO:")?;
    let (_, label) = DUO.iter().find(|(known, _)| *known == number)?;
    let url = format!("http://purl.obolibrary.org/obo/DUO_{number}");
    Some(json!({ "@type": "DefinedTerm", "name": label, "termCode": format!("DUO_{number}"), "url": url }))
}

/// Labels of the codes in use (EBISPOT/DUO `duo.csv`, snapshot 2022-09).
const DUO: [(&str, &str); 16] = [
    ("0000004", "no restriction"),
    ("0000006", "health or medical or biomedical research"),
    ("0000007", "disease specific research"),
    ("0000011", "population origins or ancestry research only"),
    ("0000012", "research specific restrictions"),
    ("0000018", "not for profit, non commercial use only"),
    ("0000019", "publication required"),
    ("0000020", "collaboration required"),
    ("0000021", "ethics approval required"),
    ("0000022", "geographical restriction"),
    ("0000026", "user specific restriction"),
    ("0000027", "project specific restriction"),
    ("0000028", "institution specific restriction"),
    ("0000029", "return to database or resource"),
    ("0000042", "general research use"),
    ("0000046", "non-commercial use only"),
];

/// Media types by the ending of a name (IANA's registry; `application/octet-stream` else).
fn media_type(path: &str) -> &'static str {
    let lower = path.to_lowercase();
    let known = MEDIA.iter().find(|(ending, _)| lower.ends_with(ending));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

const MEDIA: [(&str, &str); 18] = [
    (".zip", "application/zip"),
    (".tar.gz", "application/gzip"),
    (".gz", "application/gzip"),
    (".tgz", "application/gzip"),
    (".tar", "application/x-tar"),
    (".csv", "text/csv"),
    (".tsv", "text/tab-separated-values"),
    (".json", "application/json"),
    (".jsonl", "application/jsonl"),
    (".xml", "application/xml"),
    (".txt", "text/plain"),
    (".md", "text/markdown"),
    (".pdf", "application/pdf"),
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".dcm", "application/dicom"),
    (".parquet", "application/vnd.apache.parquet"),
];

/// The context of the specification, with the two keys that `mlcroissant` 1.1.1 expects too.
fn context() -> Value {
    let mut context = json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "sc": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
    });
    for key in CROISSANT_KEYS {
        context[key] = json!(format!("cr:{key}"));
    }
    context
}

const CROISSANT_KEYS: [&str; 28] = [
    "citeAs",
    "column",
    "containedIn",
    "equivalentProperty",
    "excludes",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
];
