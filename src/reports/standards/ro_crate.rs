//! RO-Crate 1.2: `ro-crate-metadata.json` for a folder that describes data which lie elsewhere.
//!
//! A dataset with a page is named by it; two with the same page, and one with none, by a name
//! inside the document. The crate itself holds descriptions only. Where all datasets are under
//! one licence it is the crate's; else the crate points to an entity that says so.

use serde_json::{Value, json};

use crate::audit::{Audit, Subject};
use crate::reports::citation::{is_others, one_line, parted};

use super::{List, license, license_ids, license_name, license_url, made, name_of, of_doi, page, public};

/// The name of the document in its folder.
pub const FILE: &str = "ro-crate-metadata.json";

/// The document.
pub fn document(audit: &Audit) -> Vec<u8> {
    let mut crated = Crated { graph: Vec::new() };
    let name = audit.project.as_deref().unwrap_or("datasets");
    let ids = ids(&audit.subjects);
    let parts: Vec<Value> = ids.iter().map(|id| json!({ "@id": id })).collect();
    crated.add(json!({
        "@id": FILE, "@type": "CreativeWork", "about": { "@id": "./" },
        "conformsTo": { "@id": "https://w3id.org/ro/crate/1.2" },
    }));
    let summary = audit.subjects.iter().map(|subject| subject.name.as_str()).collect::<Vec<_>>().join(", ");
    let license = crated.license_of_all(audit);
    crated.add(json!({
        "@id": "./", "@type": "Dataset", "name": format!("Data set-up of {name}"),
        "description": format!("Descriptions of the datasets in use: {summary}. The data themselves are not in it."),
        "datePublished": made(audit)[..10], "license": { "@id": license }, "hasPart": parts,
    }));
    for (subject, id) in audit.subjects.iter().zip(&ids) {
        crated.dataset(audit, subject, id);
    }
    List::whole(&json!({ "@context": "https://w3id.org/ro/crate/1.2/context" }), "@graph", &crated.graph)
}

fn ids(subjects: &[Subject]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for subject in subjects {
        let of_page = page(subject).filter(|page| !ids.contains(page));
        ids.push(of_page.unwrap_or_else(|| format!("#{}", name_of(&subject.name))));
    }
    ids
}

/// The graph, with each entity once.
struct Crated {
    graph: Vec<Value>,
}

impl Crated {
    fn add(&mut self, entity: Value) {
        if !self.graph.iter().any(|one| one["@id"] == entity["@id"]) {
            self.graph.push(entity);
        }
    }

    fn dataset(&mut self, audit: &Audit, subject: &Subject, id: &str) {
        let mut entity = json!({
            "@id": id, "@type": "Dataset", "name": subject.title, "version": subject.version, "identifier": subject.name,
        });
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                entity[key] = value;
            }
        };
        set("description", subject.about.summary().map(Value::from));
        set("datePublished", subject.about.date().map(Value::from));
        set("sameAs", subject.doi.as_ref().and_then(|doi| of_doi(doi)).map(Value::from));
        set("url", page(subject).map(Value::from));
        let licenses: Vec<Value> =
            license_ids(subject).iter().map(|one| json!({ "@id": self.license(audit, one) })).collect();
        set("license", (!licenses.is_empty()).then(|| json!(licenses)));
        let rights = (subject.license == "NOASSERTION").then(|| json!("not known"));
        set("conditionsOfAccess", rights);
        set("creditText", subject.about.acknowledgement().map(Value::from));
        let keeper = subject.about.maintainer().map(|one| {
            let id = format!("#{}", name_of(&one.name));
            self.add(json!({ "@id": id, "@type": "Organization", "name": one.name }));
            json!({ "@id": id })
        });
        set("maintainer", keeper);
        // The format takes works with an address only.
        let works = subject.about.works().into_iter().filter_map(|work| {
            let own = || public(work.url.as_ref()?);
            Some((work, work.doi.as_ref().and_then(|doi| of_doi(doi)).or_else(own)?))
        });
        let works: Vec<Value> = works.map(|(work, id)| json!({ "@id": self.work(work, id) })).collect();
        set("citation", (!works.is_empty()).then(|| json!(works)));
        if let Some(copy) = &subject.copy {
            set("contentSize", Some(json!(copy.bytes.0.to_string())));
            set("sdDatePublished", Some(json!(copy.completed.to_string())));
        }
        self.add(entity);
    }

    fn work(&mut self, work: &crate::catalog::Citation, id: String) -> String {
        let authors: Vec<Value> = work
            .authors
            .iter()
            .filter(|name| !is_others(name))
            .map(|name| {
                let author = format!("#{}", name_of(name));
                let kind = if parted(name).1.is_some() { "Person" } else { "Organization" };
                self.add(json!({ "@id": author, "@type": kind, "name": name }));
                json!({ "@id": author })
            })
            .collect();
        let mut entity =
            json!({ "@id": id, "@type": "ScholarlyArticle", "name": work.title, "description": one_line(work) });
        if !authors.is_empty() {
            entity["author"] = json!(authors);
        }
        self.add(entity);
        id
    }

    fn license(&mut self, audit: &Audit, id: &str) -> String {
        let entity = license_url(audit, id).unwrap_or_else(|| format!("#{}", name_of(id)));
        let summary = license(audit, id).map_or_else(|| "nothing is known of it".to_owned(), |one| one.summary.clone());
        self.add(json!({
            "@id": entity, "@type": "CreativeWork", "name": license_name(audit, id), "identifier": id,
            "description": summary,
        }));
        entity
    }

    /// The licence of the crate.
    fn license_of_all(&mut self, audit: &Audit) -> String {
        let mut all: Vec<String> = audit.subjects.iter().flat_map(license_ids).collect();
        all.sort();
        all.dedup();
        let is_known = audit.subjects.iter().all(|subject| !license_ids(subject).is_empty());
        if let ([one], true) = (all.as_slice(), is_known) {
            return self.license(audit, one);
        }
        let names = if all.is_empty() { "none is known".to_owned() } else { all.join(", ") };
        self.add(json!({
            "@id": "#terms", "@type": "CreativeWork", "name": "Each dataset under its own terms",
            "description": format!("What is described here carries different terms: {names}. Each dataset names its own."),
        }));
        "#terms".to_owned()
    }
}
