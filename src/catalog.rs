//! The catalogue: what each dataset is, where it is, and what it asks of a person.
//!
//! ```text
//! format       an entry as it is written (docs/catalogue.md)
//! dataset      an entry as the program sees it: releases, sources, files, requirements
//! declared     the digest that an entry declares of itself
//! source       one variant per kind of host
//! resolve      what a person means by `ID[@VER][:VARIANT]` and the like
//! selection    what is meant by that, and the views on it
//! listed       what an entry says about files that only the host names
//! file_terms   which terms a single file carries
//! reference    what a person names outside the catalogue, as an entry
//! index        all entries: the embedded ones with overlays laid over
//! search       ranked hits
//! lint         what is wrong with an entry, with its place
//! schema       JSON Schemas
//! ```
//!
//! The catalogue is data: nothing in it is executed, and it knows nothing of the disk.

pub mod dataset;
pub mod declared;
pub mod file_terms;
pub mod format;
pub mod index;
pub mod lint;
pub mod listed;
pub mod reference;
pub mod resolve;
pub mod schema;
pub mod search;
pub mod selection;
pub mod source;

pub use dataset::{AccessClass, Dataset, FileEntry, HostError, HostRule, Locator, Release, UnpackRules, Variant};
pub use file_terms::FileTerms;
pub use format::{Citation, Claim, Correction, DistributionKind, Related, Requirement, RequirementKind, SubsetEntry};
pub use index::Catalog;
pub use listed::{HostRules, Treatment};
pub use reference::{Archives, Description, NotAReference, Place, RedivisPlace, Reference};
pub use resolve::SelectError;
pub use selection::Selection;
pub use source::{Host, Source};
