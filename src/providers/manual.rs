//! Datasets that a person fetches.
//!
//! The entry says so because the host has no interface for programs or forbids them. Nothing is listed or located: the answer
//! is where to go and what to do, and `import` takes the files from there.

use crate::catalog::{Selection, Source};
use crate::plan::Location;
use crate::values::SafeUrl;

use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError};

/// Where a person goes and what they do there.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// The provider's name in the entry.
    pub provider: &'static str,
    /// The page.
    pub page: Option<SafeUrl>,
    /// The steps, as sentences.
    pub steps: Vec<String>,
}

impl ByHand {
    /// For a source that names no place at its host: the page of the first step that has one, else the home
    /// page, and the names of the files to get.
    pub fn at(provider: &'static str, selection: &Selection, source: &Source) -> Self {
        let mut steps = selection.requirements(Some(&source.channel));
        let page = steps.find_map(|step| step.page.clone()).or(selection.dataset().entry.homepage.clone());
        let note = format!(
            "this version of medsets has no provider for `{provider}`: download the files in a browser or with the host's own client"
        );
        Self { provider, page: page.and_then(|page| SafeUrl::parse(&page).ok()), steps: vec![note] }
    }

    fn refused(&self) -> ProviderError {
        ProviderError::ByHand { provider: self.provider, page: self.page.clone(), steps: self.steps.clone() }
    }
}

impl Provider for ByHand {
    async fn list(&self, _hosts: &Hosts, _known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        Err(self.refused())
    }

    async fn locate(&self, _hosts: &Hosts, _file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        Err(self.refused())
    }
}
