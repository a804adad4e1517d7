//! A dataset, a release of it and a variant, and the views on them.

use std::fmt;
use std::sync::Arc;

use crate::values::{ByteSize, DatasetId, DatasetName, Printable};

use super::dataset::{Dataset, FileEntry, HostError, HostRule, Release, Variant};
use super::file_terms::FileTerms;
use super::format::{Requirement, SubsetEntry};
use super::resolve::SelectError;
use super::source::Source;

/// A dataset, one release of it, and one variant where there are any.
#[derive(Debug, Clone)]
pub struct Selection {
    dataset: Arc<Dataset>,
    release: usize,
    variant: Option<usize>,
}

impl Selection {
    /// A release and variant of a dataset; the defaults where none is named.
    ///
    /// # Errors
    /// The dataset has no such release, or the release no such variant.
    pub fn of(dataset: Arc<Dataset>, version: Option<&str>, variant: Option<&str>) -> Result<Self, SelectError> {
        let release = match version {
            Some(version) => dataset
                .releases
                .iter()
                .position(|release| release.version.eq_ignore_ascii_case(version))
                .ok_or_else(|| {
                    let known = dataset.releases.iter().map(|release| release.version.clone()).collect();
                    SelectError::Release { id: dataset.id.clone(), version: Printable::new(version).to_string(), known }
                })?,
            None => {
                let default = &dataset.default_release().version;
                dataset.releases.iter().position(|release| release.version == *default).unwrap_or(0)
            }
        };
        let variants = &dataset.releases[release].variants;
        let variant = match variant {
            Some(name) => {
                Some(variants.iter().position(|one| one.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
                    SelectError::Variant {
                        id: dataset.id.clone(),
                        version: dataset.releases[release].version.clone(),
                        variant: Printable::new(name).to_string(),
                        known: variants.iter().map(|one| one.name.clone()).collect(),
                    }
                })?)
            }
            None if variants.is_empty() => None,
            None => Some(variants.iter().position(|one| one.default).unwrap_or(0)),
        };
        Ok(Self { dataset, release, variant })
    }

    /// The dataset.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Its id.
    pub fn id(&self) -> &DatasetId {
        &self.dataset.id
    }

    /// The reference that it is made of, where it is not in the catalogue.
    pub fn reference(&self) -> Option<String> {
        self.dataset.reference()
    }

    /// The release.
    pub fn release(&self) -> &Release {
        &self.dataset.releases[self.release]
    }

    /// The variant, where the release has any.
    pub fn variant(&self) -> Option<&Variant> {
        self.variant.map(|index| &self.release().variants[index])
    }

    /// The variant's name.
    pub fn variant_name(&self) -> Option<&str> {
        self.variant().map(|variant| variant.name.as_str())
    }

    /// `<version>[-<variant>]` as a folder name: what is no letter, digit, dot, hyphen or
    /// underscore becomes a hyphen.
    pub fn slug(&self) -> String {
        slug(&self.release().version, self.variant_name())
    }

    /// The sources that serve it, the default first.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.release().sources.iter().filter(|source| source.serves(self.variant_name()))
    }

    /// The source of this name, or the default one.
    pub fn source(&self, channel: Option<&str>) -> Option<&Source> {
        match channel {
            Some(channel) => self.sources().find(|source| source.channel == channel),
            None => self.sources().next(),
        }
    }

    /// The files that belong to it and come by a source.
    pub fn files<'s>(&'s self, channel: Option<&'s str>) -> impl Iterator<Item = &'s FileEntry> {
        let of_variant = |file: &&FileEntry| match self.variant_name() {
            Some(variant) => file.variants.has(variant),
            None => true,
        };
        self.release()
            .files
            .iter()
            .filter(of_variant)
            .filter(move |file| channel.is_none_or(|channel| file.channels.has(channel)))
    }

    /// The parts of it that have a name.
    pub fn subsets(&self) -> impl Iterator<Item = &SubsetEntry> {
        let is_ours = |subset: &&SubsetEntry| self.variant_name().is_none_or(|name| subset.variant.has(name));
        self.release().subsets.iter().filter(is_ours)
    }

    /// The part of this name, in any case.
    pub fn subset(&self, name: &str) -> Result<&SubsetEntry, SelectError> {
        let found = self.subsets().find(|subset| subset.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| SelectError::Subset {
            selection: self.to_string(),
            subset: Printable::new(name).to_string(),
            known: self.subsets().map(|subset| subset.name.clone()).collect(),
        })
    }

    /// What a person must do, in order, to get it by a source.
    pub fn requirements<'s>(&'s self, channel: Option<&'s str>) -> impl Iterator<Item = &'s Requirement> {
        let (version, variant) = (self.release().version.as_str(), self.variant_name());
        self.dataset.entry.requires.iter().filter(move |one| one.applies(version, variant, channel))
    }

    /// The terms of the whole when it comes by a source: the source's, else the variant's,
    /// else the release's, else `NOASSERTION`.
    pub fn license(&self, channel: Option<&str>) -> &str {
        let source = self.source(channel).and_then(|source| source.license.as_deref());
        let variant = || self.variant().and_then(|variant| variant.license.as_deref());
        source.or_else(variant).or(self.release().license.as_deref()).unwrap_or("NOASSERTION")
    }

    /// The terms of each file when it comes by a source.
    pub fn file_terms<'s>(&'s self, channel: Option<&'s str>) -> FileTerms<'s> {
        FileTerms::of(self, channel)
    }

    /// The rules that hold for it and leave nothing out.
    pub fn rules(&self) -> impl Iterator<Item = &HostRule> {
        let is_ours = |rule: &&HostRule| self.variant_name().is_none_or(|variant| rule.variants.has(variant));
        self.release().rules.iter().filter(|rule| !rule.skip).filter(is_ours)
    }

    /// What a source is known to state wrongly of its files.
    pub fn host_errors<'s>(&'s self, channel: &'s str) -> impl Iterator<Item = &'s HostError> {
        let is_ours = |error: &&HostError| self.variant_name().is_none_or(|variant| error.variants.has(variant));
        self.release().host_errors.iter().filter(is_ours).filter(move |error| error.channels.has(channel))
    }

    /// Bytes to download by a source: the sum of the files where all are known, else the
    /// entry's rough figure.
    pub fn download_size(&self, channel: Option<&str>) -> Option<ByteSize> {
        let sizes: Option<Vec<ByteSize>> = self.files(channel).map(|file| file.size.or(file.size_about)).collect();
        let lists = self.source(channel).is_some_and(|source| source.lists);
        match sizes {
            Some(sizes) if !sizes.is_empty() && !lists => Some(sizes.into_iter().sum()),
            _ => self.variant().and_then(|variant| variant.size_about).or(self.release().size_about),
        }
    }

    /// Rough size on disk.
    pub fn unpacked_about(&self) -> Option<ByteSize> {
        self.variant().and_then(|variant| variant.unpacked_about).or(self.release().unpacked_about)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        DatasetName::of(self.id(), &self.release().version, self.variant_name()).fmt(out)
    }
}
/// The folder name of a release or a variant of it.
pub fn slug(version: &str, variant: Option<&str>) -> String {
    let variant = variant.map_or(String::new(), |name| format!("-{name}"));
    let safe: String = format!("{version}{variant}")
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' })
        .collect();
    let safe = safe.trim_start_matches('.');
    if safe.is_empty() { "release".to_owned() } else { safe.to_owned() }
}
