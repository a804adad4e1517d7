//! One file per host: list the files, locate one. Nothing else.
//!
//! A source of the catalogue says *where* and is plain data; its provider says *how*.
//! Providers do not download, retry, hash or report; `transfer` does that once for all.
//! What no program can fetch is fetched by hand: its provider answers
//! [`ProviderError::ByHand`] with the page to visit.

pub mod account;
pub mod azure;
pub mod box_links;
pub mod describe;
pub mod embedded;
mod error;
pub mod figshare;
pub mod github;
pub mod googledrive;
pub mod http;
pub mod huggingface;
pub mod idc;
pub mod identity;
pub mod isic;
pub mod kaggle;
mod listing;
pub mod local;
pub mod manual;
mod one_tree;
pub mod osf;
pub mod physionet;
pub mod pmc;
pub mod redivis;
pub mod s3;
pub mod synapse;
pub mod tcia;
pub mod umls;
mod xml;
pub mod zenodo;

use std::sync::{Arc, Mutex, PoisonError};

use crate::catalog::{Host, Selection, Source};
use crate::credentials::{CredentialSecret, Form};
use crate::net::{Client, HttpRequest, NetError, RequestCredential};
use crate::plan::Location;
use crate::values::{Digest, SafeUrl};

pub use error::ProviderError;
pub use listing::{ListedFile, Listing, Stated};

/// What hosts can do.
pub trait Provider: Send + Sync {
    /// What a request needs before the host answers.
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    /// The files of the release: names, sizes, digests. Downloads none of them. `known` are
    /// those that the entry names. With [`Extent::Known`] the host need not be asked for more
    /// than it takes to locate them, and a host that has nothing to add answers with them.
    fn list(
        &self,
        hosts: &Hosts,
        known: Listing,
        extent: Extent,
    ) -> impl Future<Output = Result<Listing, ProviderError>> + Send;

    /// In how many ways a file can be had; they are tried in order.
    fn ways(&self, _file: &ListedFile) -> usize {
        1
    }

    /// Where the bytes of a file are, valid now, by one of the ways.
    fn locate(
        &self,
        hosts: &Hosts,
        file: &ListedFile,
        way: usize,
    ) -> impl Future<Output = Result<Location, ProviderError>> + Send;

    /// When what the person was given stops working, where that is known.
    fn ends(&self, _hosts: &Hosts) -> Option<jiff::Timestamp> {
        None
    }

    /// What a refusal of the host means, where the host can be asked or is known to mean
    /// something. `None` leaves the plain words.
    fn explain(&self, _hosts: &Hosts, _error: &NetError) -> impl Future<Output = Option<ProviderError>> + Send {
        std::future::ready(None)
    }

    /// What a web page means that the host sends in the place of a file, where it is known to
    /// mean something. `None` leaves the plain words.
    fn explain_page(&self, _title: Option<&str>) -> Option<ProviderError> {
        None
    }
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A credential in one of these forms is used if there is one: it raises limits, or opens
    /// what the host holds back.
    May(&'static [Form]),
    /// A credential in one of these forms.
    Must(&'static [Form]),
}

/// How much of what a host has is to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What the entry names.
    Known,
    /// All there is.
    All,
}

/// What providers are given to work with.
pub struct Hosts {
    /// The network.
    pub client: Client,
    /// The credential of the source's host, if one is used and stored.
    pub secret: Option<CredentialSecret>,
    /// What the person decided about single hosts.
    pub choices: HostChoices,
    /// The server for what the program carries, once it is started.
    pub embedded: tokio::sync::OnceCell<embedded::EmbeddedServer>,
    /// Where large files that lists are made of are kept from one run to the next.
    pub shelf: Arc<dyn Shelf>,
    /// What the person should know of what was listed.
    pub warnings: Mutex<Vec<String>>,
}

/// Keeps files that lists are made of, by their digest. What cannot be kept is had again.
pub trait Shelf: Send + Sync {
    /// The bytes of this digest, if they are here.
    fn take(&self, digest: &Digest) -> Option<Vec<u8>>;

    /// Keeps bytes that have this digest.
    fn keep(&self, digest: &Digest, bytes: &[u8]);
}

/// Keeps nothing.
struct NoShelf;

impl Shelf for NoShelf {
    fn take(&self, _digest: &Digest) -> Option<Vec<u8>> {
        None
    }

    fn keep(&self, _digest: &Digest, _bytes: &[u8]) {}
}

/// What the settings say about single hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostChoices {
    /// The `User-Agent` for PhysioNet, which reads passwords from few programs only.
    pub physionet_user_agent: Option<String>,
    /// Whether the person pays for what is read from S3 buckets whose readers pay.
    pub s3_requester_pays: bool,
    /// Which files are wanted, as globs: hosts of millions of files list only those.
    pub include: Vec<String>,
}

impl Hosts {
    /// For hosts that are asked without a credential.
    pub fn anonymous(client: Client) -> Self {
        let (choices, embedded) = (HostChoices::default(), tokio::sync::OnceCell::new());
        Self { client, secret: None, choices, embedded, shelf: Arc::new(NoShelf), warnings: Mutex::default() }
    }

    /// The same for a person who wants only what these globs match.
    #[must_use]
    pub fn asked_for(mut self, include: &[String]) -> Self {
        self.choices.include = include.to_vec();
        self
    }

    /// Notes a sentence for the person, once; listing goes on.
    pub fn warn(&self, sentence: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&sentence) {
            warnings.push(sentence);
        }
    }

    /// What was noted for the person since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The stored secret as a header: a login as Basic, a token as Bearer. Keys sign a request
    /// and are no header.
    pub fn credential(&self) -> Option<RequestCredential> {
        match self.secret.clone()? {
            CredentialSecret::Token(token) => Some(RequestCredential::Bearer(token)),
            CredentialSecret::Login { user, password } => Some(RequestCredential::Basic { user, password }),
            CredentialSecret::Keys { .. } => None,
        }
    }

    /// A GET with the stored credential, if there is one.
    pub fn get(&self, url: SafeUrl) -> HttpRequest {
        HttpRequest { credential: self.credential(), ..HttpRequest::get(url) }
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
    /// figshare.
    Figshare(figshare::FigshareArticle),
    /// Hugging Face.
    Huggingface(huggingface::HubRepository),
    /// Google Drive.
    Googledrive(googledrive::DriveFiles),
    /// Kaggle.
    Kaggle(kaggle::KaggleFiles),
    /// Open Science Framework.
    Osf(osf::OsfNode),
    /// PhysioNet.
    Physionet(physionet::PhysionetProject),
    /// Synapse.
    Synapse(synapse::SynapseEntity),
    /// Imaging Data Commons.
    Idc(idc::IdcCollection),
    /// PubMed Central.
    Pmc(pmc::PmcArticles),
    /// Redivis.
    Redivis(redivis::RedivisFiles),
    /// Object stores with the S3 interface.
    S3(s3::S3Objects),
    /// The Cancer Imaging Archive.
    Tcia(tcia::TciaCollection),
    /// UMLS Terminology Services.
    Umls(umls::UmlsProduct),
    /// Zenodo.
    Zenodo(zenodo::ZenodoRecord),
    /// Azure Blob Storage.
    Azure(azure::AzureContainer),
    /// The ISIC Archive.
    Isic(isic::IsicImages),
}

/// The same call to whichever provider it is.
macro_rules! each {
    ($any:expr, $one:ident => $call:expr) => {
        match $any {
            AnyProvider::Http($one) => $call,
            AnyProvider::Github($one) => $call,
            AnyProvider::Box($one) => $call,
            AnyProvider::Embedded($one) => $call,
            AnyProvider::Local($one) => $call,
            AnyProvider::Manual($one) => $call,
            AnyProvider::Figshare($one) => $call,
            AnyProvider::Huggingface($one) => $call,
            AnyProvider::Googledrive($one) => $call,
            AnyProvider::Kaggle($one) => $call,
            AnyProvider::Osf($one) => $call,
            AnyProvider::Physionet($one) => $call,
            AnyProvider::Synapse($one) => $call,
            AnyProvider::Idc($one) => $call,
            AnyProvider::Pmc($one) => $call,
            AnyProvider::Redivis($one) => $call,
            AnyProvider::S3($one) => $call,
            AnyProvider::Tcia($one) => $call,
            AnyProvider::Umls($one) => $call,
            AnyProvider::Zenodo($one) => $call,
            AnyProvider::Azure($one) => $call,
            AnyProvider::Isic($one) => $call,
        }
    };
}

impl AnyProvider {
    /// The provider of a source. A source that names no place is fetched by hand from the page of
    /// the selection's first step, or its home page.
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
            Host::Figshare { article, article_version } => {
                Self::Figshare(figshare::FigshareArticle { article: *article, version: *article_version })
            }
            Host::Huggingface { repo, repo_kind, revision } => Self::Huggingface(huggingface::HubRepository {
                repo: repo.clone(),
                kind: huggingface::HubKind::of(repo_kind.as_deref()),
                revision: revision.clone(),
            }),
            Host::Googledrive { folder } => Self::Googledrive(googledrive::DriveFiles { folder: folder.clone() }),
            Host::Kaggle { .. } => match kaggle::KaggleFiles::of(&source.host) {
                Some(files) => Self::Kaggle(files),
                None => Self::Manual(manual::ByHand::at("kaggle", selection, source)),
            },
            Host::Osf { node } => Self::Osf(osf::OsfNode { node: node.clone() }),
            Host::Physionet { slug, version, open, s3_mirror, record_lists } => {
                Self::Physionet(physionet::PhysionetProject {
                    slug: slug.clone(),
                    version: version.clone(),
                    open: *open,
                    mirror: s3_mirror.clone(),
                    record_lists: record_lists.clone(),
                    asked: Box::default(),
                })
            }
            Host::Synapse { entity, project } => {
                Self::Synapse(synapse::SynapseEntity { entity: entity.clone().or_else(|| project.clone()) })
            }
            Host::Idc { collection, index, index_sha256, dir_template, .. } => Self::Idc(idc::IdcCollection {
                collection: collection.clone(),
                index: index.clone(),
                index_sha256: index_sha256.clone(),
                dir_template: dir_template.clone(),
                selection: selection.clone(),
                host: source.host.clone(),
            }),
            Host::Pmc { bucket, prefix } => Self::Pmc(pmc::PmcArticles::of(bucket.as_deref(), prefix.as_deref())),
            Host::Redivis { organization, dataset, table } => Self::Redivis(redivis::RedivisFiles {
                owner: organization.clone(),
                dataset: dataset.clone(),
                table: table.clone(),
                page: access_page(selection, source),
            }),
            Host::S3 { bucket, region, prefix, requester_pays } => {
                Self::S3(s3::S3Objects::of(bucket, region.as_deref(), prefix.as_deref(), *requester_pays))
            }
            Host::Tcia { collection } => Self::Tcia(tcia::TciaCollection { collection: collection.clone() }),
            Host::Umls { product } => Self::Umls(umls::UmlsProduct { product: product.clone() }),
            Host::Zenodo { record } => Self::Zenodo(zenodo::ZenodoRecord { record: *record }),
            Host::Isic { collection } => Self::Isic(isic::IsicImages { collection: collection.clone() }),
            Host::Azure { account, container, prefix, link } => Self::Azure(azure::AzureContainer {
                account: account.clone(),
                container: container.clone(),
                prefix: prefix.clone(),
                link: link.map(|_| azure::LinkFromUser::of(source, selection)),
            }),
        }
    }

    /// See [`Provider::needs`].
    pub fn needs(&self) -> Needs {
        each!(self, one => one.needs())
    }

    /// See [`Provider::list`].
    pub async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        each!(self, one => one.list(hosts, known, extent).await)
    }

    /// See [`Provider::ways`].
    pub fn ways(&self, file: &ListedFile) -> usize {
        each!(self, one => one.ways(file))
    }

    /// See [`Provider::locate`].
    pub async fn locate(&self, hosts: &Hosts, file: &ListedFile, way: usize) -> Result<Location, ProviderError> {
        each!(self, one => one.locate(hosts, file, way).await)
    }

    /// See [`Provider::ends`].
    pub fn ends(&self, hosts: &Hosts) -> Option<jiff::Timestamp> {
        each!(self, one => one.ends(hosts))
    }

    /// See [`Provider::explain`].
    pub async fn explain(&self, hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        each!(self, one => one.explain(hosts, error).await)
    }

    /// See [`Provider::explain_page`].
    pub fn explain_page(&self, title: Option<&str>) -> Option<ProviderError> {
        each!(self, one => one.explain_page(title))
    }
}

/// The page of the first step that has one.
fn access_page(selection: &Selection, source: &Source) -> Option<SafeUrl> {
    let mut steps = selection.requirements(Some(&source.channel));
    steps.find_map(|one| one.page.as_deref().and_then(|page| SafeUrl::parse(page).ok()))
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

    /// What a refusal of the host means.
    pub async fn explain(&self, error: &NetError) -> Option<ProviderError> {
        self.provider.explain(&self.hosts, error).await
    }

    /// What a web page in the place of the file means.
    pub fn explain_page(&self, title: Option<&str>) -> Option<ProviderError> {
        self.provider.explain_page(title)
    }
}
