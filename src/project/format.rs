//! The project file as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::values::WrittenChoice;

/// `medsets.toml`, or a file with its `[policy]` table alone.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectFile {
    /// The project.
    pub project: Option<ProjectTable>,
    /// Datasets that it uses.
    #[serde(default)]
    pub dataset: Vec<DatasetTable>,
    /// What is made of them.
    #[serde(default)]
    pub output: Vec<OutputTable>,
    /// Mirrors of the team.
    #[serde(default)]
    pub mirror: Vec<MirrorTable>,
    /// What is planned, and what is allowed beyond the terms.
    pub policy: Option<PolicyTable>,
}

/// The project.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProjectTable {
    /// Its name.
    pub name: String,
    /// Where its datasets lie, from the folder of the file; `data` when absent.
    pub data_dir: Option<String>,
}

/// A dataset that the project uses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatasetTable {
    /// Its id, or a reference outside the catalogue.
    pub id: String,
    /// Release; the default one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Variant; the default one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// By which channel it comes; the entry's first when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Parts of the release, by the names that the entry gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subset: Vec<String>,
    /// Globs of files that are wanted, beside those of the subsets; with `members`, of the
    /// archives that these are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Globs of files that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Globs of members of zip archives that are wanted without the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Licences under one of which every file has to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub license: Vec<String>,
}

/// Something that is made of datasets.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutputTable {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutputKind,
    /// Datasets, or other outputs, that it is made of.
    pub from: Vec<String>,
}

/// A mirror of the team, asked before the hosts.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MirrorTable {
    /// Its address: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://ACCOUNT/CONTAINER/PREFIX`
    /// or `file:///FOLDER`. Never a credential.
    pub url: String,
    /// Ids of the datasets that it is for; all when absent.
    #[serde(rename = "for", default)]
    pub datasets: Option<Vec<String>>,
    /// On which ground data lie in it, for the record.
    pub ground: Option<String>,
}

/// What is made of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// A trained model.
    Weights,
    /// Data made from data.
    DerivedData,
    /// A paper, a talk, a thesis.
    Publication,
}

/// What is planned, and what is allowed beyond the terms.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyTable {
    /// Planned acts.
    #[serde(default)]
    pub acts: Vec<String>,
    /// What is allowed against the terms, each with its ground.
    #[serde(default)]
    pub exception: Vec<ExceptionTable>,
    /// What is allowed although the terms do not tell.
    #[serde(default)]
    pub allow_unknown: Vec<ExceptionTable>,
    /// How bad a finding is to this project, by its code.
    #[serde(default)]
    pub severity: BTreeMap<String, String>,
}

/// One exception.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExceptionTable {
    /// The dataset: its id, or `ID@VERSION`.
    pub dataset: String,
    /// The term that it is an exception from, such as `commercial-use`; `license` where nothing
    /// is licensed, `items` where items carry their own.
    pub term: String,
    /// On which ground.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day it holds.
    #[schemars(with = "String")]
    pub until: toml::value::Datetime,
    /// Digest of the text that it was made for.
    #[serde(rename = "text-sha256")]
    pub text_sha256: Option<String>,
}

impl DatasetTable {
    /// Which of its files are wanted, as it is written.
    pub fn choice(&self) -> WrittenChoice {
        WrittenChoice {
            subset: self.subset.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            members: self.members.clone(),
            license: self.license.clone(),
        }
    }
}

impl OutputKind {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::DerivedData => "derived-data",
            Self::Publication => "publication",
        }
    }
}
