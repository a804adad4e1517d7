//! Entries of the catalogue that have what a reference means.

use crate::catalog::dataset::Release;
use crate::catalog::{Catalog, Dataset, Host};

use super::Place;

impl Catalog {
    /// The entry that has this place among its sources, whatever the version.
    pub fn with_source_at(&self, place: &Place) -> Option<&Dataset> {
        let has = |release: &Release| release.sources.iter().any(|source| place.is_at(&source.host, release));
        self.datasets().map(AsRef::as_ref).find(|dataset: &&Dataset| dataset.releases.iter().any(has))
    }
}

impl Place {
    /// Whether a source of a release is this place.
    pub fn is_at(&self, host: &Host, release: &Release) -> bool {
        match (self, host) {
            (Self::Zenodo(one), Host::Zenodo { record }) => one == record,
            (Self::Figshare(one), Host::Figshare { article, .. }) => one == article,
            (Self::Osf(one), Host::Osf { node }) => one.eq_ignore_ascii_case(node),
            (Self::HubDataset(one), Host::Huggingface { repo, repo_kind, .. }) => {
                one.eq_ignore_ascii_case(repo) && repo_kind.as_deref() != Some("model")
            }
            (Self::HubModel(one), Host::Huggingface { repo, repo_kind, .. }) => {
                one.eq_ignore_ascii_case(repo) && repo_kind.as_deref() == Some("model")
            }
            (Self::KaggleDataset(one), Host::Kaggle { dataset: Some(dataset), .. }) => one == dataset,
            (Self::KaggleCompetition(one), Host::Kaggle { competition: Some(competition), .. }) => one == competition,
            (Self::Physionet(one), Host::Physionet { slug, .. }) => one == slug,
            (Self::Redivis(one), Host::Redivis { organization, dataset, table }) => {
                one.is_at(organization, dataset, table.as_deref())
            }
            (Self::Github(one), Host::Github { owner, repo, .. }) => {
                one.split_once('/').is_some_and(|(o, r)| o.eq_ignore_ascii_case(owner) && r.eq_ignore_ascii_case(repo))
            }
            (Self::S3 { bucket: one, prefix: begin }, Host::S3 { bucket, prefix, .. }) => {
                one == bucket && begin.starts_with(prefix.as_deref().unwrap_or_default())
            }
            (Self::File(url), Host::Http { base, .. }) => {
                let below = base.as_ref().is_some_and(|base| url.expose().as_str().starts_with(base.expose().as_str()));
                let named =
                    release.files.iter().flat_map(|file| file.at.values()).any(|at| at.url.as_ref() == Some(url));
                below || named
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::reference::Reference;

    #[test]
    fn finds_the_entry_that_has_the_same_source() {
        #[track_caller]
        fn check(reference: &str, expected: Option<&str>) {
            let reference: Reference = reference.parse().unwrap();
            let catalog = Catalog::embedded();
            let found = catalog.with_source_at(&reference.place).map(|dataset| dataset.id.to_string());
            assert_eq!(found.as_deref(), expected, "{reference}");
        }
        check("zenodo:10821435", Some("roco"));
        check("figshare:20043374", Some("ddxplus"));
        check("github:ABACHAA/medquad", Some("medquad"));
        check("physionet:mimic-cxr@2.0.0", Some("mimic-cxr"));
        check("zenodo:1", None);
        check("https://example.org/x.csv", None);
    }
}
