//! SPDX 3.0.1 with the dataset profile, as JSON-LD: one document for a whole audit.
//!
//! The profile requires `originatedBy`, `builtTime`, `releaseTime`, `dataset_datasetType`,
//! `software_downloadLocation` and `software_primaryPurpose` (spdx/spdx-3-model, `DatasetPackage`).
//! A dataset for which these are not known is a package of purpose `data`, which the software
//! profile takes without them. Times are full instants in SPDX (`DateTime` has seconds); a release of which only a month or a year is known gets the
//! first instant of it, and a comment that says so. When a dataset was built nobody tells: the
//! time of its release stands as the latest it can have been, with the same comment. Licences
//! are relationships; a `LicenseRef` leads to a text of ours about it, never to the text itself.

use serde_json::{Value, json};

use crate::audit::{Audit, Subject};
use crate::catalog::AccessClass;
use crate::policy::{Act, Word};

use super::{List, license, license_ids, license_name, license_url, made, name_of, page, uuid};

/// The document.
pub fn document(audit: &Audit) -> Vec<u8> {
    let base = format!("urn:uuid:{}", uuid(audit, "spdx"));
    let mut graph = vec![
        json!({
            "type": "CreationInfo", "@id": "_:made", "specVersion": "3.0.1", "created": made(audit),
            "createdBy": [format!("{base}#medsets")],
        }),
        json!({
            "type": "SoftwareAgent", "spdxId": format!("{base}#medsets"), "creationInfo": "_:made",
            "name": format!("medsets {}", audit.tool),
        }),
    ];
    let ids: Vec<String> = audit.subjects.iter().map(|subject| id(&base, subject)).collect();
    graph.push(json!({
        "type": "SpdxDocument", "spdxId": format!("{base}#document"), "creationInfo": "_:made",
        "name": audit.project.as_deref().unwrap_or("datasets"),
        "profileConformance": profiles(audit), "rootElement": ids,
    }));
    let mut keepers: Vec<&str> = Vec::new();
    for subject in &audit.subjects {
        let keeper = subject.about.maintainer().map(|one| {
            let number = keepers.iter().position(|known| *known == one.name).unwrap_or_else(|| {
                keepers.push(&one.name);
                graph.push(json!({
                    "type": "Organization", "spdxId": format!("{base}#keeper-{}", keepers.len()),
                    "creationInfo": "_:made", "name": one.name,
                }));
                keepers.len() - 1
            });
            format!("{base}#keeper-{}", number + 1)
        });
        graph.push(package(subject, &base, keeper));
        graph.extend(licensing(audit, subject, &base));
    }
    graph.extend(texts(audit, &base));
    let head = json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld" });
    List::whole(&head, "@graph", &graph)
}

/// Sentences about what the profile requires and nobody knows, and about releases whose day is
/// not known.
pub fn warnings(audit: &Audit) -> Vec<String> {
    let plain = audit.subjects.iter().filter(|subject| !missing_of(subject).is_empty()).map(|subject| {
        format!(
            "`{}` is a package of purpose `data` and no dataset package: the dataset profile of SPDX 3.0.1 requires {}, which the entry does not state",
            subject.name,
            missing_of(subject).join(", ")
        )
    });
    let reduced = audit.subjects.iter().filter_map(|subject| {
        let date = subject.about.date().filter(|date| date.len() < DAY)?;
        Some(format!(
            "of the release of `{}` only {date} is known: `releaseTime` and `builtTime` are its first instant, and say so",
            subject.name
        ))
    });
    plain.chain(reduced).collect()
}

/// The profiles that all of the document conforms to.
fn profiles(audit: &Audit) -> Vec<&'static str> {
    let has_all = |subject: &Subject| missing_of(subject).is_empty();
    match audit.subjects.iter().all(has_all) {
        true => vec!["core", "software", "dataset", "simpleLicensing"],
        false => vec!["core", "software", "simpleLicensing"],
    }
}

/// Length of `2026-11-28`.
const DAY: usize = 10;

/// The fields that the dataset profile requires and nobody states.
fn missing_of(subject: &Subject) -> Vec<&'static str> {
    let fields = [
        ("`originatedBy`", subject.about.maintainer().is_some()),
        ("`releaseTime`", subject.about.first_day().is_some()),
        ("`software_downloadLocation`", page(subject).is_some()),
    ];
    fields.iter().filter(|(_, is_known)| !is_known).map(|(field, _)| *field).collect()
}

fn id(base: &str, subject: &Subject) -> String {
    format!("{base}#{}", name_of(&subject.name))
}

/// A dataset package, or a package of purpose `data` where the profile's requirements are not met:
/// then nothing of the profile is in it.
fn package(subject: &Subject, base: &str, keeper: Option<String>) -> Value {
    let is_dataset = missing_of(subject).is_empty();
    let mut package = json!({
        "type": if is_dataset { "dataset_DatasetPackage" } else { "software_Package" },
        "spdxId": id(base, subject),
        "creationInfo": "_:made",
        "name": subject.title,
        "software_packageVersion": subject.version,
        "software_primaryPurpose": "data",
    });
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            package[key] = value;
        }
    };
    set("comment", comment(subject).map(Value::from));
    set("software_downloadLocation", page(subject).map(Value::from));
    set("originatedBy", keeper.map(|keeper| json!([keeper])));
    let time = subject.about.first_day().map(|day| json!(format!("{day}T00:00:00Z")));
    set("builtTime", time.clone());
    set("releaseTime", time);
    set("summary", subject.about.summary().map(Value::from));
    if let Some(copy) = &subject.copy {
        let hash = json!([{
            "type": "Hash", "algorithm": "sha256", "hashValue": copy.tree.hex(),
            "comment": "SHA-256 of the list of the copy's files, as `sha256sum` writes it, sorted by path",
        }]);
        set("verifiedUsing", Some(hash));
    }
    if is_dataset {
        of_profile(subject, &mut set);
    }
    package
}

/// What the dataset profile has words for.
fn of_profile(subject: &Subject, set: &mut dyn FnMut(&str, Option<Value>)) {
    set("dataset_datasetType", Some(json!(dataset_types(subject.about.modality()))));
    set("dataset_datasetAvailability", subject.about.access().map(|access| json!(availability(access))));
    set("dataset_confidentialityLevel", confidentiality(subject.word(Act::ShareRaw)).map(Value::from));
    let tasks = subject.about.task();
    set("dataset_intendedUse", (!tasks.is_empty()).then(|| json!(tasks.join(", "))));
    if let Some(ethics) = subject.about.ethics() {
        set("dataset_anonymizationMethodUsed", ethics.deidentification.as_ref().map(|method| json!([method])));
        set("dataset_knownBias", (!ethics.known_bias.is_empty()).then(|| json!(ethics.known_bias)));
    }
    let size = subject.copy.as_ref().filter(|copy| copy.whole).map(|copy| json!(copy.bytes.0));
    set("dataset_datasetSize", size);
}

/// What the times and words stand for, where they say more than is known.
fn comment(subject: &Subject) -> Option<String> {
    let mut sentences = Vec::new();
    if let Some(date) = subject.about.date() {
        let coarse = if date.len() < DAY { ", of which the first instant stands here" } else { "" };
        sentences.push(format!("Built no later than its release; that was {date}{coarse}."));
    }
    if let Some(AccessClass::Application) = subject.about.access() {
        sentences.push("It is had by application, which the list of availabilities has no word for.".to_owned());
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn licensing(audit: &Audit, subject: &Subject, base: &str) -> Vec<Value> {
    let (this, expression) = (id(base, subject), format!("{}-license", id(base, subject)));
    let refs = license_ids(subject).into_iter().filter(|one| one.starts_with("LicenseRef-"));
    let refs = refs.filter(|one| license(audit, one).is_some());
    let map: Vec<Value> = refs
        .map(|one| json!({ "type": "DictionaryEntry", "key": one, "value": format!("{base}#{}", name_of(&one)) }))
        .collect();
    let mut license = json!({
        "type": "simplelicensing_LicenseExpression", "spdxId": expression, "creationInfo": "_:made",
        "simplelicensing_licenseExpression": subject.license,
    });
    if !map.is_empty() {
        license["simplelicensing_customIdToUri"] = json!(map);
    }
    let relationship = json!({
        "type": "Relationship", "spdxId": format!("{this}-licensed"), "creationInfo": "_:made", "from": this,
        "relationshipType": "hasDeclaredLicense", "to": [expression],
    });
    vec![license, relationship]
}

/// For each licence of its own making a text: its name, what it says in our words, its page.
fn texts<'a>(audit: &'a Audit, base: &'a str) -> impl Iterator<Item = Value> + 'a {
    audit.texts.iter().filter(|license| license.id.starts_with("LicenseRef-")).map(move |license| {
        let page = license_url(audit, &license.id).map_or(String::new(), |url| format!("\n\nThe text itself: {url}"));
        json!({
            "type": "simplelicensing_SimpleLicensingText", "spdxId": format!("{base}#{}", name_of(&license.id)),
            "creationInfo": "_:made", "name": license_name(audit, &license.id),
            "simplelicensing_licenseText": format!("A summary in the words of medsets, not the text: {}{page}", license.summary),
        })
    })
}

fn dataset_types(modality: &[String]) -> Vec<&'static str> {
    let mut types: Vec<&'static str> = Vec::new();
    for kind in modality.iter().filter(|kind| *kind != "multimodal") {
        let known = TYPES.iter().find(|(word, _)| word == kind).map_or("other", |(_, kind)| kind);
        if !types.contains(&known) {
            types.push(known);
        }
    }
    if types.is_empty() { vec!["noAssertion"] } else { types }
}

/// `datasetType` (spdx/spdx-3-model, vocabulary `DatasetType`, 3.0.1) for our words. `multimodal`
/// stands beside the kinds it is made of.
const TYPES: [(&str, &str); 15] = [
    ("xray", "image"),
    ("ct", "image"),
    ("mri", "image"),
    ("pet", "image"),
    ("ultrasound", "image"),
    ("fundus", "image"),
    ("oct", "image"),
    ("pathology", "image"),
    ("dermoscopy", "image"),
    ("photo", "image"),
    ("video", "video"),
    ("text", "text"),
    ("table", "structured"),
    ("signal", "timeseries"),
    ("audio", "audio"),
];

/// `datasetAvailability` (vocabulary `DatasetAvailabilityType`, 3.0.1). It has no word for
/// checked people and signed agreements; the nearest is the one for accepted terms.
fn availability(access: AccessClass) -> &'static str {
    match access {
        AccessClass::Open => "directDownload",
        AccessClass::Registered => "registration",
        AccessClass::Agreement | AccessClass::Application => "clickthrough",
    }
}

/// `confidentialityLevel` (vocabulary `ConfidentialityLevelType`, 3.0.1, after the traffic light
/// protocol): `clear` may go to everybody, `amber` to those who have the right.
fn confidentiality(share: Word) -> Option<&'static str> {
    match share {
        Word::Allowed | Word::AllowedWithDuty => Some("clear"),
        Word::NotGranted | Word::Forbidden => Some("amber"),
        _ => None,
    }
}
