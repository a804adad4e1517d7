//! Where the bytes of a release are: one variant per kind of host.

use serde::Deserialize;

use crate::values::{DatasetId, SafeUrl};

/// A place that serves a release.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, unique in the release.
    pub channel: String,
    /// What it is called.
    pub title: Option<String>,
    /// Terms that hold when the bytes come from here.
    pub license: Option<String>,
    /// The variants it serves; all when empty.
    pub variants: Vec<String>,
    /// Whether the host lists the files at fetch time.
    pub lists: bool,
    /// More about it.
    pub note: Option<String>,
    /// The kind of host with what it needs to be told.
    pub host: Host,
}

/// The kinds of host an entry can name. Sizes and versions are as the host writes them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(tag = "provider", rename_all = "lowercase", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Host {
    /// Plain web addresses.
    Http {
        /// Prefix of all files, ending in `/`.
        #[schemars(with = "Option<String>")]
        base: Option<SafeUrl>,
        /// More prefixes, tried in order.
        #[serde(default)]
        #[schemars(with = "Vec<String>")]
        mirrors: Vec<SafeUrl>,
        /// How the host asks who it is.
        auth: Option<HttpAuth>,
    },
    /// A git repository on GitHub.
    Github {
        /// Owner.
        owner: String,
        /// Repository.
        repo: String,
        /// Pinned commit, 40 hexadecimal digits.
        commit: Option<String>,
        /// Git tree id of the commit's root.
        tree: Option<String>,
        /// Archive or single files.
        #[serde(default)]
        take: GithubTake,
        /// Release whose assets are taken.
        tag: Option<String>,
    },
    /// A shared folder or link on Box.
    Box {
        /// Sub-domain.
        tenant: String,
        /// Vanity name of the shared folder.
        vanity: Option<String>,
        /// Name of the shared link.
        shared_name: Option<String>,
    },
    /// Carried by the program.
    Embedded {
        /// Which set.
        set: String,
    },
    /// A person fetches it.
    Manual {
        /// Where.
        #[schemars(with = "Option<String>")]
        page: Option<SafeUrl>,
        /// How.
        #[serde(default)]
        steps: Vec<String>,
    },
    /// PhysioNet.
    Physionet {
        /// Project.
        slug: String,
        /// Its version.
        version: Option<String>,
        /// Whether no account is needed.
        #[serde(default)]
        open: bool,
        /// Bucket prefix of open projects.
        #[schemars(with = "Option<String>")]
        s3_mirror: Option<SafeUrl>,
        /// Files of the project that name files which its checksums leave out.
        #[serde(default)]
        record_lists: Vec<String>,
    },
    /// Kaggle.
    Kaggle {
        /// Competition.
        competition: Option<String>,
        /// Dataset as `owner/slug`.
        dataset: Option<String>,
        /// Its version.
        dataset_version: Option<u32>,
        /// Single files or one archive of all.
        #[serde(default)]
        take: KaggleTake,
    },
    /// Hugging Face.
    Huggingface {
        /// `org/name`.
        repo: String,
        /// `dataset` or `model`.
        repo_kind: Option<String>,
        /// Commit where known.
        revision: Option<String>,
    },
    /// figshare.
    Figshare {
        /// Article number.
        article: u64,
        /// Its version.
        article_version: Option<u32>,
    },
    /// Open Science Framework.
    Osf {
        /// Node.
        node: String,
    },
    /// Zenodo.
    Zenodo {
        /// Record number.
        record: u64,
    },
    /// Google Drive.
    Googledrive {
        /// Folder.
        folder: Option<String>,
    },
    /// Synapse.
    Synapse {
        /// Entity.
        entity: Option<String>,
        /// Project.
        project: Option<String>,
    },
    /// An object store with the S3 interface.
    S3 {
        /// Bucket.
        bucket: String,
        /// Region.
        region: Option<String>,
        /// Prefix of all keys.
        prefix: Option<String>,
        /// Whether the one who asks pays.
        #[serde(default)]
        requester_pays: bool,
    },
    /// Imaging Data Commons.
    Idc {
        /// Collection.
        collection: String,
        /// Release of IDC.
        idc_version: Option<u32>,
        /// Version of the index of that release.
        index: String,
        /// SHA-256 of the index.
        index_sha256: String,
        /// Folders of a series, in the form of IDC's own client.
        dir_template: Option<String>,
    },
    /// Azure Blob Storage.
    Azure {
        /// Storage account.
        account: String,
        /// Container.
        container: String,
        /// Prefix of all names.
        prefix: Option<String>,
        /// `from-user`: only the person has the link.
        link: Option<super::format::FromUser>,
    },
    /// UMLS Terminology Services.
    Umls {
        /// Product.
        product: String,
    },
    /// ISIC Archive.
    Isic {
        /// Collection.
        collection: Option<String>,
    },
    /// The Cancer Imaging Archive.
    Tcia {
        /// Collection.
        collection: String,
    },
    /// PubMed Central's open subset.
    Pmc {
        /// Bucket.
        bucket: Option<String>,
        /// Prefix.
        prefix: Option<String>,
    },
    /// Redivis.
    Redivis {
        /// Organisation.
        organization: String,
        /// Dataset, with its id and version where they are known: `name:id:v1_0`.
        dataset: String,
        /// Table; all that index files when absent.
        table: Option<String>,
    },
}

/// How a plain web host asks who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpAuth {
    /// RFC 7617.
    Basic,
    /// RFC 6750.
    Bearer,
}

/// What is taken from a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GithubTake {
    /// The generated archive of the commit.
    #[default]
    Archive,
    /// Single files of the commit.
    Raw,
}

/// How files are taken from Kaggle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KaggleTake {
    /// Single files, or one archive where the host lists many and the entry names none.
    #[default]
    Auto,
    /// Single files, however many.
    Files,
    /// The archive of everything, `<slug>.zip`.
    Bundle,
}

impl Host {
    /// The provider's name, as in the entry.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Github { .. } => "github",
            Self::Box { .. } => "box",
            Self::Embedded { .. } => "embedded",
            Self::Manual { .. } => "manual",
            Self::Physionet { .. } => "physionet",
            Self::Kaggle { .. } => "kaggle",
            Self::Huggingface { .. } => "huggingface",
            Self::Figshare { .. } => "figshare",
            Self::Osf { .. } => "osf",
            Self::Zenodo { .. } => "zenodo",
            Self::Googledrive { .. } => "googledrive",
            Self::Synapse { .. } => "synapse",
            Self::S3 { .. } => "s3",
            Self::Idc { .. } => "idc",
            Self::Azure { .. } => "azure",
            Self::Umls { .. } => "umls",
            Self::Isic { .. } => "isic",
            Self::Tcia { .. } => "tcia",
            Self::Pmc { .. } => "pmc",
            Self::Redivis { .. } => "redivis",
        }
    }
}

impl Host {
    /// Name of the archive of all files, for hosts that make one.
    pub fn bundle_name(&self) -> Option<String> {
        match self {
            Self::Kaggle { competition: Some(name), .. } => Some(format!("{name}.zip")),
            Self::Kaggle { dataset: Some(dataset), .. } => Some(format!("{}.zip", dataset.split_once('/')?.1)),
            _ => None,
        }
    }

    /// Whether a list holds only what a person asked for by name, and so serves no other wish.
    pub fn lists_only_what_is_asked(&self) -> bool {
        matches!(self, Self::Pmc { .. })
    }

    /// Whether the program fetches from such hosts; a person does from the others.
    pub fn is_for_programs(&self) -> bool {
        !matches!(self, Self::Manual { .. })
    }

    /// The name under which a credential for it is kept: the provider's, one for the dataset
    /// where each dataset has a link of its own, or one for the origin of a plain web host: what
    /// one host is told is no business of another.
    pub fn credential(&self, dataset: &DatasetId) -> String {
        match self {
            Self::Azure { link: Some(_), .. } => format!("{}-{dataset}", self.name()),
            Self::Http { base: Some(base), auth: Some(_), .. } => format!("{}-{}", self.name(), origin_in_name(base)),
            Self::Http { base: None, auth: Some(_), .. } => format!("{}-{dataset}", self.name()),
            _ => self.name().to_owned(),
        }
    }
}

/// A host as a part of a name: `files.example.org` is `files-example-org`, and a dash is two, so
/// that no two hosts have the same. The port follows where it is not the usual one.
fn origin_in_name(url: &SafeUrl) -> String {
    let host =
        url.host().replace('-', "--").replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "-");
    let scheme = if url.is_https() { "" } else { "plain-" };
    let port = url.expose().port().map_or(String::new(), |port| format!("-{port}"));
    format!("{scheme}{host}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plain_web_host_has_a_credential_of_its_own() {
        #[track_caller]
        fn check(base: Option<&str>, auth: Option<HttpAuth>, expected: &str) {
            let base = base.map(|base| SafeUrl::parse(base).unwrap());
            let host = Host::Http { base, mirrors: Vec::new(), auth };
            assert_eq!(host.credential(&"toy".parse().unwrap()), expected);
        }
        let auth = Some(HttpAuth::Basic);
        check(Some("https://files.example.org/a/"), auth, "http-files-example-org");
        check(Some("https://files.example.org/b/"), auth, "http-files-example-org");
        check(Some("https://files-example.org/"), auth, "http-files--example-org");
        check(Some("https://files.example.org:8443/"), auth, "http-files-example-org-8443");
        check(Some("http://files.example.org/"), auth, "http-plain-files-example-org");
        check(None, auth, "http-toy");
        check(Some("https://files.example.org/"), None, "http");
    }
}

/// Keys of a source that do not depend on the kind of host.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct CommonKeys {
    pub channel: String,
    pub title: Option<String>,
    pub license: Option<String>,
    #[serde(default)]
    pub variants: Vec<String>,
    pub listing: Option<Listing>,
    pub note: Option<String>,
}

/// A source table as the schema describes it: the common keys and those of one host.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "it only carries the schema")]
pub(super) struct SourceSchema {
    #[schemars(flatten)]
    common: CommonKeys,
    #[schemars(flatten)]
    host: Host,
}

/// Who lists the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Listing {
    /// The host, at fetch time.
    Host,
}

/// Their names.
pub(super) const COMMON_KEYS: [&str; 6] = ["channel", "title", "license", "variants", "listing", "note"];

impl Source {
    /// Reads a source table: the common keys here, the rest by the kind of host.
    pub(super) fn read(mut table: toml::Table) -> Result<Self, toml::de::Error> {
        let mut common = toml::Table::new();
        for key in COMMON_KEYS {
            if let Some(value) = table.remove(key) {
                common.insert(key.to_owned(), value);
            }
        }
        let common: CommonKeys = common.try_into()?;
        Ok(Self {
            channel: common.channel,
            title: common.title,
            license: common.license,
            variants: common.variants,
            lists: common.listing == Some(Listing::Host),
            note: common.note,
            host: table.try_into()?,
        })
    }

    /// Whether it serves a variant.
    pub fn serves(&self, variant: Option<&str>) -> bool {
        self.variants.is_empty() || variant.is_some_and(|variant| self.variants.iter().any(|one| one == variant))
    }
}
