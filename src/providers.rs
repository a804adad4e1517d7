//! One file per host: list the files, locate one. Nothing else.
//!
//! A source of the catalogue says *where* and is plain data; its provider says *how*.
//! Providers do not download, retry, hash or report; `transfer` does that once for all.
//! Hosts that the catalogue names but that have no provider here are fetched by hand:
//! [`AnyProvider::of`] answers [`ProviderError::ByHand`] with the page to visit.

pub mod box_links;
pub mod embedded;
pub mod github;
pub mod http;
pub mod local;
pub mod manual;

use std::sync::Arc;

use crate::catalog::{FileEntry, Host, Locator, Selection, Source};
use crate::credentials::CredentialError;
use crate::net::{Client, NetError};
use crate::plan::Location;
use crate::remedy::Remedy;
use crate::values::{ByteSize, Digest, RelPath, SafeUrl};

/// What hosts can do.
pub trait Provider: Send + Sync {
    /// What a request needs before the host answers.
    fn needs(&self) -> Needs;

    /// The files of the release: names, sizes, digests. Downloads none of them. `known` are
    /// those that the entry names; a host that lists none of its own answers with them.
    fn list(&self, hosts: &Hosts, known: Listing) -> impl Future<Output = Result<Listing, ProviderError>> + Send;

    /// In how many ways a file can be had; they are tried in order.
    fn ways(&self, file: &ListedFile) -> usize;

    /// Where the bytes of a file are, valid now, by one of the ways.
    fn locate(
        &self,
        hosts: &Hosts,
        file: &ListedFile,
        way: usize,
    ) -> impl Future<Output = Result<Location, ProviderError>> + Send;
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// User and password.
    Login,
    /// A token.
    Token,
}

/// What providers are given to work with.
pub struct Hosts {
    /// The network.
    pub client: Client,
    /// The credential of the source's host, if one is needed and stored.
    pub credential: Option<crate::net::RequestCredential>,
    /// The server for what the program carries, once it is started.
    pub embedded: tokio::sync::OnceCell<embedded::EmbeddedServer>,
}

/// The files of a release, as the host or the entry lists them.
#[derive(Debug, Clone, Default)]
pub struct Listing(pub Vec<ListedFile>);

/// One of them.
#[derive(Debug, Clone)]
pub struct ListedFile {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Exact size, where known.
    pub size: Option<ByteSize>,
    /// What the entry says proves it.
    pub digests: Vec<Digest>,
    /// Where it is at this source.
    pub locator: Locator,
}

/// Why a provider cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The network refused.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A credential could not be read.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The source needs a credential, and none is stored.
    #[error("`{host}` wants to know who asks, and no credential is stored for `{provider}`")]
    NoCredential {
        /// The host.
        host: String,
        /// The provider's name.
        provider: String,
    },
    /// The entry does not say where the file is at this source.
    #[error("the entry does not say where `{path}` is at this source")]
    NoPlace {
        /// The file.
        path: RelPath,
    },
    /// No program can fetch it; a person does.
    #[error("no program can fetch this from `{provider}`")]
    ByHand {
        /// The provider's name.
        provider: &'static str,
        /// Where a person goes.
        page: Option<SafeUrl>,
        /// What a person does there.
        steps: Vec<String>,
    },
    /// The program carries no such file.
    #[error("the program carries no file `{path}`")]
    NotCarried {
        /// The file.
        path: RelPath,
    },
    /// The loopback server could not be started.
    #[error("no loopback port can be had")]
    Loopback(#[source] std::io::Error),
}

impl Remedy for ProviderError {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::Net(error) => error.remedy(),
            Self::Credential(error) => error.remedy(),
            Self::NoCredential { provider, .. } => {
                let name = provider.to_uppercase();
                Some(format!("set `MEDSETS_TOKEN_{name}`, or `MEDSETS_USER_{name}` and `MEDSETS_PASSWORD_{name}`"))
            }
            Self::ByHand { page, steps, .. } => {
                let page = page.as_ref().map(|page| format!("get the files from <{page}>"));
                let lines: Vec<String> = page.into_iter().chain(steps.iter().cloned()).collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
            Self::NoPlace { .. } => {
                Some("choose another source with `--source`, or get the file by hand and import it".into())
            }
            Self::NotCarried { .. } | Self::Loopback(_) => None,
        }
    }
}

/// Every provider there is, joined with the sources they serve.
pub enum AnyProvider {
    /// Plain web addresses.
    Http(http::HttpFiles),
    /// GitHub.
    Github(github::GithubRepository),
    /// Box.
    Box(box_links::BoxLinks),
    /// Carried by the program.
    Embedded(embedded::EmbeddedSet),
    /// Files a person already has.
    Local(local::LocalFiles),
    /// A person.
    Manual(manual::ByHand),
}

impl AnyProvider {
    /// The provider of a source. Hosts without one are fetched by hand from the page of the
    /// selection's first step, or its home page.
    pub fn of(source: &Source, selection: &Selection) -> Self {
        match &source.host {
            Host::Http { base, mirrors, auth } => {
                Self::Http(http::HttpFiles { base: base.clone(), mirrors: mirrors.clone(), auth: *auth })
            }
            Host::Github { owner, repo, commit, take, tag, .. } => Self::Github(github::GithubRepository {
                owner: owner.clone(),
                repo: repo.clone(),
                commit: commit.clone(),
                tag: tag.clone(),
                take: *take,
            }),
            Host::Box { tenant, vanity, shared_name } => Self::Box(box_links::BoxLinks {
                tenant: tenant.clone(),
                vanity: vanity.clone(),
                shared_name: shared_name.clone(),
            }),
            Host::Embedded { set } => Self::Embedded(embedded::EmbeddedSet { set: set.clone() }),
            Host::Manual { page, steps } => {
                Self::Manual(manual::ByHand { provider: "manual", page: page.clone(), steps: steps.clone() })
            }
            other => Self::Manual(manual::ByHand::at(other.name(), selection, source)),
        }
    }

    /// See [`Provider::needs`].
    pub fn needs(&self) -> Needs {
        match self {
            Self::Http(one) => one.needs(),
            Self::Github(one) => one.needs(),
            Self::Box(one) => one.needs(),
            Self::Embedded(one) => one.needs(),
            Self::Local(one) => one.needs(),
            Self::Manual(one) => one.needs(),
        }
    }

    /// See [`Provider::list`].
    pub async fn list(&self, hosts: &Hosts, known: Listing) -> Result<Listing, ProviderError> {
        match self {
            Self::Http(one) => one.list(hosts, known).await,
            Self::Github(one) => one.list(hosts, known).await,
            Self::Box(one) => one.list(hosts, known).await,
            Self::Embedded(one) => one.list(hosts, known).await,
            Self::Local(one) => one.list(hosts, known).await,
            Self::Manual(one) => one.list(hosts, known).await,
        }
    }

    /// See [`Provider::ways`].
    pub fn ways(&self, file: &ListedFile) -> usize {
        match self {
            Self::Http(one) => one.ways(file),
            Self::Github(one) => one.ways(file),
            Self::Box(one) => one.ways(file),
            Self::Embedded(one) => one.ways(file),
            Self::Local(one) => one.ways(file),
            Self::Manual(one) => one.ways(file),
        }
    }

    /// See [`Provider::locate`].
    pub async fn locate(&self, hosts: &Hosts, file: &ListedFile, way: usize) -> Result<Location, ProviderError> {
        match self {
            Self::Http(one) => one.locate(hosts, file, way).await,
            Self::Github(one) => one.locate(hosts, file, way).await,
            Self::Box(one) => one.locate(hosts, file, way).await,
            Self::Embedded(one) => one.locate(hosts, file, way).await,
            Self::Local(one) => one.locate(hosts, file, way).await,
            Self::Manual(one) => one.locate(hosts, file, way).await,
        }
    }
}

impl Listing {
    /// The files an entry names, as one source serves them.
    pub fn of_entry<'f>(known: impl IntoIterator<Item = &'f FileEntry>, channel: &str) -> Self {
        let listed = known.into_iter().map(|file| ListedFile {
            path: file.path.clone(),
            size: file.size,
            digests: file.digests.clone(),
            locator: file.at.get(channel).cloned().unwrap_or_default(),
        });
        Self(listed.collect())
    }
}

/// What locates one file by one way, whenever it is asked.
pub struct Way {
    /// The provider.
    pub provider: Arc<AnyProvider>,
    /// What it works with.
    pub hosts: Arc<Hosts>,
    /// The file.
    pub file: ListedFile,
    /// Which way.
    pub way: usize,
}

impl Way {
    /// Where the bytes are now.
    pub async fn locate(&self) -> Result<Location, ProviderError> {
        self.provider.locate(&self.hosts, &self.file, self.way).await
    }
}
