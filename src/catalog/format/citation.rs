//! `[citation]`: the work to cite, with further ones.

use schemars::JsonSchema;
use serde::Deserialize;

/// The work to cite, with further ones.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct MainCitation {
    /// The work itself.
    #[serde(flatten)]
    pub work: Citation,
    /// Works that must be cited too.
    #[serde(default)]
    pub also: Vec<Citation>,
    /// A sentence the terms require, in our words.
    pub acknowledgement: Option<String>,
}

/// A work.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
pub struct Citation {
    /// Citation key.
    pub key: String,
    /// BibTeX entry type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `Family, Given`, or an organisation; `others` where the source cuts the list short.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Title.
    pub title: String,
    /// Year.
    pub year: Option<u16>,
    /// Journal.
    pub journal: Option<String>,
    /// Proceedings.
    pub booktitle: Option<String>,
    /// Volume.
    pub volume: Option<String>,
    /// Number.
    pub number: Option<String>,
    /// Pages.
    pub pages: Option<String>,
    /// Publisher.
    pub publisher: Option<String>,
    /// DOI without address.
    pub doi: Option<String>,
    /// arXiv id.
    pub arxiv: Option<String>,
    /// Address.
    pub url: Option<String>,
}
