//! The tables of datasets in README.md and docs/datasets.md say what the catalogue says.

use std::collections::BTreeMap;

use medsets::catalog::{Catalog, Dataset, Host, RequirementKind, Source};

/// Where a row of each dataset stands.
const PAGES: [&str; 2] = ["README.md", "docs/datasets.md"];

#[test]
fn every_dataset_has_its_row() {
    let catalog = Catalog::embedded();
    let rows: Vec<String> = catalog
        .datasets()
        .filter(|dataset| !dataset.id.as_str().starts_with("demo"))
        .map(|dataset| row(dataset))
        .collect();
    assert_eq!(rows.len(), 27);
    for page in PAGES {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = std::fs::read_to_string(path).unwrap();
        let missing: Vec<&str> =
            rows.iter().map(String::as_str).filter(|row| !text.lines().any(|line| line == *row)).collect();
        assert!(missing.is_empty(), "{page} lacks these rows:\n{}", missing.join("\n"));
    }
}

fn row(dataset: &Dataset) -> String {
    let mut proofs: BTreeMap<usize, (&str, &str)> = BTreeMap::new();
    let mut from: Vec<String> = Vec::new();
    for source in dataset.releases.iter().flat_map(|release| &release.sources) {
        let name = format!("`{}`", source.host.name());
        if !from.contains(&name) {
            proofs.insert(from.len(), proof(source));
            from.push(name);
        }
    }
    let joined = |words: Vec<&str>| {
        let mut said: Vec<&str> = Vec::new();
        words.into_iter().for_each(|word| {
            if !said.contains(&word) {
                said.push(word);
            }
        });
        if said.is_empty() { "-".to_owned() } else { said.join("; ") }
    };
    let proven = joined(proofs.values().map(|(proof, _)| *proof).collect());
    let tried = joined(proofs.values().map(|(_, tried)| *tried).collect());
    let from = if from.is_empty() { "not distributed".to_owned() } else { from.join(", ") };
    format!("| `{}` | {from} | {} | {proven} | {tried} |", dataset.id, needs(dataset))
}

/// What the entry asks for, by any of its releases and sources.
fn needs(dataset: &Dataset) -> String {
    let mut words: Vec<&str> = Vec::new();
    for step in &dataset.entry.requires {
        let word = match step.kind {
            RequirementKind::Account => "account",
            RequirementKind::Agreement => "agreement",
            RequirementKind::Training => "training",
            RequirementKind::Application => "application",
            RequirementKind::Approval => "approval",
            RequirementKind::Fee => "fee",
            RequirementKind::Manual => "steps by hand",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// What proves the bytes that come by a source, and the programs it was tried with beside the
/// stand-in of the tests.
fn proof(source: &Source) -> (&'static str, &'static str) {
    match source.host {
        Host::Http { .. } => ("the entry's digests, else pinned on first use", "nginx, curl"),
        Host::Github { .. } => ("git tree or the entry's digests", "git"),
        Host::Box { .. } => ("the entry's digests", "stand-in"),
        Host::Embedded { .. } => ("the entry's digests", "stand-in"),
        Host::Manual { .. } => ("what the entry knows, at `import`", "by hand"),
        Host::Physionet { .. } => ("the host's SHA-256 where it has one", "`physionet`, `wget`"),
        Host::Kaggle { .. } => ("`x-goog-hash`", "`kaggle`, `kagglehub`"),
        Host::Huggingface { .. } => ("the host's SHA-256 and git blobs", "`huggingface_hub`"),
        Host::Figshare { .. } => ("the host's MD5", "`pooch`"),
        Host::Osf { .. } => ("the host's SHA-256", "`osfclient`"),
        Host::Zenodo { .. } => ("the host's MD5", "`zenodo_get`"),
        Host::Googledrive { .. } => ("the entry's digests, `x-goog-hash`", "`gdown`"),
        Host::Synapse { .. } => ("the host's MD5", "`synapseclient`"),
        Host::S3 { .. } => ("entity tags and checksums", "moto, `s5cmd`"),
        Host::Idc { .. } => ("entity tags", "`idc-index`, `s5cmd`"),
        Host::Azure { .. } => ("MD5 where stored", "Azurite, `azcopy`"),
        Host::Umls { .. } => ("the entry's digests, else pinned on first use", "`curl`"),
        Host::Isic { .. } => ("pinned on first use", "`isic-cli`"),
        Host::Tcia { .. } => ("MD5 list in each zip", "`tcia_utils`"),
        Host::Pmc { .. } => ("the host's MD5", "`pmc-toolkit`"),
        Host::Redivis { .. } => ("the host's MD5", "`redivis`"),
    }
}
