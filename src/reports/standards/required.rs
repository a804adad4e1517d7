//! What the standards require and their validators let through, for tests.

use serde_json::Value;

/// The required fields of Croissant 1.1 that a document lacks or states wrongly.
pub fn missing_of_croissant(document: &Value) -> Vec<String> {
    let mut missing: Vec<String> =
        ["@context", "@type", "conformsTo", "name", "description", "license", "url", "creator", "datePublished"]
            .into_iter()
            .filter(|key| is_empty(&document[*key]))
            .map(str::to_owned)
            .collect();
    let files = document["distribution"].as_array().cloned().unwrap_or_default();
    if files.is_empty() {
        missing.push("distribution".to_owned());
    }
    for file in &files {
        for key in ["@id", "name", "contentUrl", "encodingFormat"] {
            if is_empty(&file[key]) {
                missing.push(format!("{key} of {file}"));
            }
        }
        let is_hex = |key: &str, length| {
            file[key].as_str().is_some_and(|hex| hex.len() == length && hex.bytes().all(|one| one.is_ascii_hexdigit()))
        };
        if !is_hex("sha256", 64) && !is_hex("md5", 32) {
            missing.push(format!("digest of {file}"));
        }
    }
    let licenses = match &document["license"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    if !licenses
        .iter()
        .all(|one| one.as_str().is_some_and(|url| url.starts_with("https://") || url.starts_with("http://")))
    {
        missing.push("license as an address".to_owned());
    }
    missing
}

/// The required fields of the dataset profile of SPDX 3.0.1 that a document lacks.
pub fn missing_of_spdx(document: &Value) -> Vec<String> {
    let graph = document["@graph"].as_array().cloned().unwrap_or_default();
    let packages: Vec<&Value> = graph.iter().filter(|one| one["type"] == "dataset_DatasetPackage").collect();
    let mut missing = Vec::new();
    if packages.is_empty() {
        missing.push("dataset_DatasetPackage".to_owned());
    }
    for package in packages {
        for key in SPDX {
            if is_empty(&package[key]) {
                missing.push(format!("{key} of {}", package["spdxId"]));
            }
        }
        for key in ["builtTime", "releaseTime"] {
            if package[key].as_str().is_none_or(|time| time.parse::<jiff::Timestamp>().is_err()) {
                missing.push(format!("{key} as an instant of {}", package["spdxId"]));
            }
        }
        let is_licensed = graph.iter().any(|one| {
            one["relationshipType"] == "hasDeclaredLicense" && one["from"] == package["spdxId"] && !is_empty(&one["to"])
        });
        if !is_licensed {
            missing.push(format!("licence of {}", package["spdxId"]));
        }
    }
    missing
}

const SPDX: [&str; 8] = [
    "name",
    "creationInfo",
    "originatedBy",
    "builtTime",
    "releaseTime",
    "dataset_datasetType",
    "software_downloadLocation",
    "software_primaryPurpose",
];

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
