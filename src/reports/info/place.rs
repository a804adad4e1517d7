//! Where a source is, in words, and whether the program can fetch from it.

use crate::catalog::{Host, Selection, Source};

/// Who can get the bytes from a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The program.
    Program,
    /// A person, who then imports them.
    Hand,
}

impl Means {
    /// By the kind of host, unless the dataset as a whole is handed out to people only.
    pub fn of(source: &Source, selection: &Selection) -> Self {
        let built_in = source.host.is_for_programs();
        let to_programs = selection.dataset().entry.distribution.is_none();
        if built_in && to_programs { Self::Program } else { Self::Hand }
    }

    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Hand => "hand",
        }
    }
}

/// Every address or name under which the source, and files with a place of their own, are found.
/// Secrets in addresses are blotted out.
pub fn endpoints(source: &Source, selection: &Selection) -> Vec<String> {
    let mut all = host_endpoints(&source.host);
    for file in selection.files(Some(&source.channel)) {
        let Some(place) = file.at.get(&source.channel) else { continue };
        let addresses = place.url.iter().chain(&place.mirrors).map(ToString::to_string);
        let names = [
            ("path", place.path.as_ref().map(|path| path.as_str().to_owned())),
            ("static link", place.static_link.clone()),
            ("file", place.file_id.clone()),
            ("entity", place.entity.clone()),
            ("key", place.key.clone()),
        ];
        let names = names.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
        all.extend(addresses.chain(names).map(|place| format!("{}: {place}", file.path)));
    }
    all
}

fn host_endpoints(host: &Host) -> Vec<String> {
    let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    let one = |text: String| vec![text];
    match host {
        Host::Http { base, mirrors, .. } => base.iter().chain(mirrors).map(ToString::to_string).collect(),
        Host::Github { owner, repo, commit, tree, tag, .. } => {
            let pin = [named("commit", commit), named("tree", tree), named("tag", tag)];
            let repository = format!("https://github.com/{owner}/{repo}");
            std::iter::once(repository).chain(pin.into_iter().flatten()).collect()
        }
        Host::Box { tenant, vanity, shared_name } => {
            let names = [Some(format!("tenant {tenant}")), named("folder", vanity), named("link", shared_name)];
            names.into_iter().flatten().collect()
        }
        Host::Embedded { set } => one(format!("set {set} in the program")),
        Host::Manual { page, .. } => page.iter().map(ToString::to_string).collect(),
        Host::Physionet { slug, version, s3_mirror, .. } => {
            let version = version.as_ref().map(|version| format!("/{version}")).unwrap_or_default();
            let project = format!("https://physionet.org/content/{slug}{version}/");
            std::iter::once(project).chain(s3_mirror.iter().map(|mirror| format!("mirror {mirror}"))).collect()
        }
        Host::Kaggle { competition, dataset, dataset_version, .. } => {
            let version = dataset_version.map(|version| format!("version {version}"));
            let pages = [
                competition.as_ref().map(|name| format!("https://www.kaggle.com/competitions/{name}")),
                dataset.as_ref().map(|name| format!("https://www.kaggle.com/datasets/{name}")),
                version,
            ];
            pages.into_iter().flatten().collect()
        }
        Host::Huggingface { repo, repo_kind, revision } => {
            let folder = if repo_kind.as_deref() == Some("model") { "" } else { "datasets/" };
            let page = format!("https://huggingface.co/{folder}{repo}");
            std::iter::once(page).chain(named("revision", revision)).collect()
        }
        Host::Figshare { article, article_version } => {
            let version = article_version.map(|version| format!(" version {version}")).unwrap_or_default();
            one(format!("article {article}{version}"))
        }
        Host::Osf { node } => one(format!("https://osf.io/{node}/")),
        Host::Zenodo { record } => one(format!("https://zenodo.org/records/{record}")),
        Host::Googledrive { folder } => named("folder", folder).into_iter().collect(),
        Host::Synapse { entity, project } => {
            [named("entity", entity), named("project", project)].into_iter().flatten().collect()
        }
        Host::S3 { bucket, region, prefix, .. } => {
            let place = format!("s3://{bucket}/{}", prefix.as_deref().unwrap_or_default());
            std::iter::once(place).chain(named("region", region)).collect()
        }
        Host::Idc { collection, idc_version, .. } => {
            let version = idc_version.map(|version| format!(" in version {version}")).unwrap_or_default();
            one(format!("collection {collection}{version}"))
        }
        Host::Azure { account, container, prefix, .. } => {
            one(format!("account {account}, container {container}/{}", prefix.as_deref().unwrap_or_default()))
        }
        Host::Umls { product } => one(format!("product {product}")),
        Host::Isic { collection } => named("collection", collection).into_iter().collect(),
        Host::Tcia { collection } => one(format!("collection {collection}")),
        Host::Pmc { bucket, prefix } => {
            [named("bucket", bucket), named("prefix", prefix)].into_iter().flatten().collect()
        }
        Host::Redivis { organization, dataset, table } => {
            let table = table.as_ref().map(|table| format!(".{table}")).unwrap_or_default();
            one(format!("{organization}.{dataset}{table}"))
        }
    }
}
