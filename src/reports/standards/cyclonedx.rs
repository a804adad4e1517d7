//! CycloneDX 1.6 as JSON: a component of type `data` for each dataset.
//!
//! A component without a licence that is known says so in a property. Names of people are left
//! out: the document travels, the audit does not.

use serde_json::{Value, json};

use crate::audit::{Audit, DutyKind, Subject};
use crate::policy::{Act, Word};

use super::{license_ids, license_name, license_url, made, of_doi, page, uuid};

/// The document.
pub fn document(audit: &Audit) -> Vec<u8> {
    let names: Vec<&str> = audit.subjects.iter().map(|subject| subject.name.as_str()).collect();
    let components: Vec<Value> = audit.subjects.iter().map(|subject| component(audit, subject)).collect();
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "serialNumber": format!("urn:uuid:{}", uuid(audit, "cyclonedx")),
        "metadata": {
            "timestamp": made(audit),
            "tools": { "components": [{ "type": "application", "name": "medsets", "version": audit.tool }] },
            "component": {
                "type": "application", "bom-ref": "project", "name": audit.project.as_deref().unwrap_or("datasets"),
            },
        },
        "components": components,
        "dependencies": [{ "ref": "project", "dependsOn": names }],
    });
    let mut bytes = serde_json::to_vec_pretty(&document).expect("it has string keys only");
    bytes.push(b'\n');
    bytes
}

fn component(audit: &Audit, subject: &Subject) -> Value {
    let mut component = json!({
        "type": "data",
        "bom-ref": subject.name,
        "name": subject.title,
        "version": subject.version,
        "data": [data(subject)],
    });
    let mut properties = vec![
        json!({ "name": "medsets:id", "value": subject.name }),
        json!({ "name": "medsets:license", "value": subject.license }),
    ];
    properties.extend(
        subject
            .uses
            .iter()
            .map(|(act, one)| json!({ "name": format!("medsets:{act}"), "value": one.word.to_string() })),
    );
    if let Some(copy) = &subject.copy {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": copy.tree.hex() }]);
        properties.push(json!({
            "name": "medsets:hash-of", "value": "the list of the copy's files, as sha256sum writes it, sorted by path",
        }));
    }
    component["properties"] = json!(properties);
    let licenses = licenses(audit, subject);
    if !licenses.is_empty() {
        component["licenses"] = json!(licenses);
    }
    if let Some(summary) = subject.about.summary() {
        component["description"] = json!(summary);
    }
    if let Some(keeper) = subject.about.maintainer() {
        component["supplier"] = json!({ "name": keeper.name });
    }
    let references = references(audit, subject);
    if !references.is_empty() {
        component["externalReferences"] = json!(references);
    }
    component
}

fn data(subject: &Subject) -> Value {
    let mut data = json!({ "type": "dataset", "name": subject.name });
    if let Some(url) = page(subject) {
        data["contents"] = json!({ "url": url });
    }
    if let Some(class) = classification(subject.word(Act::ShareRaw)) {
        data["classification"] = json!(class);
    }
    if let Some(method) = subject.about.ethics().and_then(|ethics| ethics.deidentification.as_ref()) {
        data["sensitiveData"] = json!([format!("health data; de-identification: {method}")]);
    }
    if let Some(keeper) = subject.about.maintainer() {
        data["governance"] = json!({ "custodians": [{ "organization": { "name": keeper.name } }] });
    }
    data
}

/// Who may have the bytes, by what the terms say about handing them on.
fn classification(share: Word) -> Option<&'static str> {
    match share {
        Word::Allowed | Word::AllowedWithDuty => Some("public"),
        Word::NotGranted | Word::Forbidden => Some("restricted"),
        _ => None,
    }
}

/// Each licence of its own, or the expression where it has a choice.
fn licenses(audit: &Audit, subject: &Subject) -> Vec<Value> {
    let ids = license_ids(subject);
    if ids.is_empty() {
        return Vec::new();
    }
    if subject.license.contains(" OR ") || subject.license.contains(" WITH ") {
        return vec![json!({ "expression": subject.license, "acknowledgement": "declared" })];
    }
    let renewals = audit.duties.iter().filter(|duty| duty.kind == DutyKind::Renewal && duty.dataset == subject.name);
    let expiration = renewals.filter_map(|duty| duty.due).min();
    let entry = |id: String| {
        let mut license = json!({ "acknowledgement": "declared" });
        if id.starts_with("LicenseRef-") {
            license["name"] = json!(format!("{id}: {}", license_name(audit, &id)));
        } else {
            license["id"] = json!(id);
        }
        if let Some(url) = license_url(audit, &id) {
            license["url"] = json!(url);
        }
        if let Some(day) = expiration {
            license["licensing"] = json!({ "licenseTypes": ["other"], "expiration": format!("{day}T00:00:00Z") });
        }
        json!({ "license": license })
    };
    ids.into_iter().map(entry).collect()
}

fn references(audit: &Audit, subject: &Subject) -> Vec<Value> {
    let mut references = Vec::new();
    let mut add = |kind: &str, url: String| references.push(json!({ "type": kind, "url": url }));
    if let Some(url) = page(subject) {
        add("website", url);
    }
    if let Some(url) = subject.doi.as_ref().and_then(|doi| of_doi(doi)) {
        add("distribution", url);
    }
    for url in license_ids(subject).iter().filter_map(|id| license_url(audit, id)) {
        add("license", url);
    }
    for url in subject.about.works().into_iter().filter_map(|work| of_doi(work.doi.as_ref()?)) {
        add("documentation", url);
    }
    references
}
