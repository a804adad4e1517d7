//! What a job script for a cluster is made of: the datasets with the state of their gates, the
//! places and settings in use, and the names of credentials, never a secret.

use std::path::Path;

use crate::access::Purpose;
use crate::catalog::Selection;
use crate::context::keys::Kind;
use crate::context::{Context, KEYS, SettingOrigin};
use crate::credentials::Form;
use crate::fs::{self, FoundKind};
use crate::project;
use crate::project::lock::{LOCK_FILE, LOCK_FOLDER};
use crate::providers::{AnyProvider, Needs};
use crate::remedy::in_variables;
use crate::reports::cluster::kubernetes::{self, Mounted};
use crate::reports::cluster::{Credential, Fetch, Jobs, Unwritable};
use crate::values::Choice;

use super::choice;
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{FetchOptions, ProjectLock, Wish, of_project};
use super::gate::{self, Compare};

/// Which datasets are fetched, and how they are split.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Names as people write them.
    pub datasets: Vec<String>,
    /// Among how many jobs each is split.
    pub shards: u32,
    /// Which source of the entries.
    pub source: Option<String>,
    /// Which of their files.
    pub choice: Choice,
    /// What becomes of a dataset whose gate is closed.
    pub closed: Closed,
}

/// What becomes of a dataset whose gate is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Closed {
    /// The checklist is the failure: its jobs would all end so.
    #[default]
    Refused,
    /// It is said, and the jobs are written all the same.
    Told,
}

/// Jobs, and what a person should know.
#[derive(Debug)]
pub struct Gathered {
    /// The jobs.
    pub jobs: Jobs,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Asks the gates and gathers everything that the jobs are told: of each dataset what the flags
/// choose, else what the project around the working folder asks for.
///
/// # Errors
/// A gate is closed, unless that is to be told only; the failure is the whole checklist.
pub async fn gather(context: &Context, options: &ClusterOptions) -> Result<Gathered, Failure> {
    choice::refuse_empty(&options.choice)?;
    let mut warnings = Vec::new();
    let mut datasets: Vec<Fetch> = Vec::new();
    let lock = ProjectLock::find(context, &mut warnings);
    let (choice, source) = (options.choice.clone(), options.source.clone());
    let asked = FetchOptions { choice, source, unpack: true, ..FetchOptions::default() };
    for name in &options.datasets {
        for wish in of_project(context, lock.as_ref(), name, &asked)? {
            let fetch = fetch(context, &wish, options.closed, &mut warnings).await?;
            if !datasets.iter().any(|one| one.name == fetch.name) {
                datasets.push(fetch);
            }
        }
    }
    let Variables { told: variables, secret: secret_variables } = variables(context);
    for name in &secret_variables {
        warnings.push(format!("`{name}` holds a secret and is not written: set it where the jobs run"));
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let shards = options.shards;
    Ok(Gathered { jobs: Jobs { datasets, shards, flags: Vec::new(), variables, secret_variables, version }, warnings })
}

async fn fetch(
    context: &Context,
    wish: &Wish,
    if_closed: Closed,
    warnings: &mut Vec<String>,
) -> Result<Fetch, Failure> {
    let Wish { selection, options, origin } = wish;
    let channel = options.source.as_deref();
    let source = selection.source(channel);
    if let (None, Some(channel)) = (source, channel) {
        let shown = crate::values::Printable::new(channel).to_string();
        return Err(Failure::new(Exit::USAGE, format!("`{selection}` has no source `{shown}`")).of(selection.id()));
    }
    let channel = source.map(|source| source.channel.as_str());
    let gate = gate::gate(context, selection, channel, Purpose::Fetch, Compare::Pages).await?;
    warnings.extend(gate.warnings().map(str::to_owned));
    let closed = match gate.is_open() {
        true => None,
        false => {
            let refusal = gate::refusal(context, selection, gate).await;
            if if_closed == Closed::Refused {
                return Err(
                    refusal.help("`--anyway` writes the jobs all the same; each of them ends like this until then")
                );
            }
            warnings.push(format!("the jobs of `{selection}` will end at once: {}", first_line(&refusal.message)));
            Some(first_line(&refusal.message).to_owned())
        }
    };
    Ok(Fetch {
        name: selection.reference().unwrap_or_else(|| selection.to_string()),
        label: format!("{}-{}", selection.id(), selection.slug()),
        title: selection.dataset().entry.title.clone(),
        flags: flags(options),
        origin: origin.clone(),
        credentials: credentials(selection, channel),
        closed,
    })
}

/// The flags of `fetch` that choose the same. A value that begins with a dash would be read as a
/// flag of its own.
fn flags(options: &FetchOptions) -> Vec<String> {
    let written = options.choice.written();
    let lists = written.lists().into_iter();
    let chosen = lists.flat_map(|(key, values)| values.iter().map(move |value| format!("--{key}={value}")));
    chosen.chain(options.source.iter().map(|source| format!("--source={source}"))).collect()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What a job may need a credential for, by the entry: the source, and encrypted archives.
fn credentials(selection: &Selection, channel: Option<&str>) -> Vec<Credential> {
    let Some(source) = selection.source(channel) else { return Vec::new() };
    let (forms, is_needed): (&[Form], bool) = match AnyProvider::of(source, selection).needs() {
        Needs::Nothing => (&[], false),
        Needs::May(forms) => (forms, false),
        Needs::Must(forms) => (forms, true),
    };
    let name = source.host.credential(selection.id());
    let of_form = |form: &Form| match form {
        Form::Token => vec![format!("MEDSETS_TOKEN_{}", in_variables(&name))],
        Form::Login => ["USER", "PASSWORD"].map(|part| format!("MEDSETS_{part}_{}", in_variables(&name))).to_vec(),
        Form::Keys => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(str::to_owned).to_vec(),
    };
    let mut credentials = Vec::new();
    if !forms.is_empty() {
        let variables = forms.iter().map(of_form).collect();
        credentials.push(Credential { of: name.clone(), is_needed, variables });
    }
    let is_encrypted =
        selection.files(channel).any(|file| file.unpack.as_ref().is_some_and(|rules| rules.table.password.is_some()));
    if is_encrypted {
        let of = format!("the password of archives of {}", selection.id());
        let variable = format!("MEDSETS_TOKEN_{}", in_variables(selection.id().as_str()));
        credentials.push(Credential { of, is_needed: true, variables: vec![vec![variable]] });
    }
    credentials
}

/// The settings of this run that are not in a file: what the jobs are given by variables, and the
/// names of those that hold a secret. Places are given apart, since they differ by cluster.
fn variables(context: &Context) -> Variables {
    let (mut told, mut secret) = (vec![("MEDSETS_NO_INPUT".to_owned(), "1".to_owned())], Vec::new());
    for key in KEYS {
        // The jobs are never asked, and have a network.
        if matches!(key.name, "no-input" | "offline") {
            continue;
        }
        let Some(variable) = key.variable else { continue };
        let Some(setting) = context.settings.get(key.name) else { continue };
        let is_of_run = matches!(setting.origin, SettingOrigin::Flag | SettingOrigin::Variable(_));
        if !is_of_run || matches!(key.kind, Kind::Path | Kind::Paths) {
            continue;
        }
        match key.shown(&setting.value) == setting.value {
            true => told.push((variable.to_owned(), setting.value.clone())),
            false => secret.push(variable.to_owned()),
        }
    }
    Variables { told, secret }
}

/// Settings as variables.
struct Variables {
    /// With their values.
    told: Vec<(String, String)>,
    /// Those that hold a secret.
    secret: Vec<String>,
}

/// The places in use on this machine, for jobs on nodes that see the same: data, state and
/// settings, the overlays of the catalogue, and further files that settings name.
pub fn places(context: &Context) -> Result<Vec<(String, String)>, Failure> {
    let mut places = vec![
        ("MEDSETS_DATA_DIR".to_owned(), text(&context.data_dir()?)?),
        ("MEDSETS_STATE_DIR".to_owned(), text(&context.state_dir()?)?),
    ];
    if let Some(config) = context.settings.config_path() {
        places.push(("MEDSETS_CONFIG".to_owned(), text(config)?));
    }
    for (key, variable) in [("policy", "MEDSETS_POLICY"), ("ca-cert", "MEDSETS_CA_CERT")] {
        if let Some(path) = context.settings.path(&context.environment, key)? {
            places.push((variable.to_owned(), text(&path)?));
        }
    }
    Ok(places)
}

/// The overlays of the catalogue as flags, since a path may hold a `:`.
pub fn overlays(context: &Context) -> Result<Vec<String>, Failure> {
    let mut flags = Vec::new();
    for folder in context.settings.overlays() {
        flags.extend(["--catalog".to_owned(), text(&context.environment.absolute(folder)?)?]);
    }
    Ok(flags)
}

/// What pods, which see none of this machine's files, are given of them: the overlays of the
/// catalogue, the project with its lock, and the settings of the settings file. Places and secrets
/// among these are left out, and told as warnings.
pub fn files_of_pods(context: &Context) -> Result<(Vec<Mounted>, Vec<String>), Failure> {
    let mut files = Vec::new();
    for file in context.overlay()? {
        let text = file
            .text
            .clone()
            .map_err(|reason| Failure::new(Exit::CATALOG, format!("`{}` cannot be read: {reason}", file.path)))?;
        let path = format!("{}/{}/{}", kubernetes::CATALOG, file.folder, file.name);
        files.push(Mounted { path, bytes: text.into_bytes() });
    }
    if let Some(project) = context.settings.project() {
        files.extend(files_of_project(project)?);
    }
    let (settings, untold) = settings_of_file(context);
    if !settings.is_empty() {
        files.push(Mounted { path: kubernetes::SETTINGS.to_owned(), bytes: settings.into_bytes() });
    }
    Ok((files, untold))
}

/// The project file, the lock, and what lies beside that.
fn files_of_project(project: &Path) -> Result<Vec<Mounted>, Failure> {
    let mut names = vec![project::FILE.to_owned(), LOCK_FILE.to_owned()];
    let beside = project.join(LOCK_FOLDER);
    if fs::is_dir(&beside) {
        fs::walk(&beside, &mut |found| {
            if found.kind == FoundKind::File {
                names.push(format!("{LOCK_FOLDER}/{}", found.path));
            }
        })?;
    }
    let mut files = Vec::new();
    for name in names {
        let path = project.join(&name);
        if fs::metadata(&path)?.is_some() {
            let bytes = fs::read_regular(&path, LARGEST)?;
            files.push(Mounted { path: format!("{}/{name}", kubernetes::PROJECT), bytes });
        }
    }
    Ok(files)
}

/// More than a ConfigMap holds in any case.
const LARGEST: u64 = 64 << 20;

/// The settings of the person's settings file as such a file, without places and secrets; and
/// which settings the pods do without.
fn settings_of_file(context: &Context) -> (String, Vec<String>) {
    let (mut text, mut untold) = (String::new(), Vec::new());
    for key in KEYS {
        let Some(setting) = context.settings.get(key.name) else { continue };
        // Pods have places of their own, and the overlays are given to them.
        if matches!(key.name, "no-input" | "offline" | "data-dir" | "state-dir" | "catalog") {
            continue;
        }
        let is_of_file = matches!(setting.origin, SettingOrigin::User(_));
        if matches!(key.kind, Kind::Path | Kind::Paths) {
            if !matches!(setting.origin, SettingOrigin::Default) {
                untold.push(format!(
                    "what the setting `{}` names is not in the pods: put it into the image or the volume",
                    key.name
                ));
            }
        } else if is_of_file && key.shown(&setting.value) != setting.value {
            untold.push(format!(
                "the setting `{}` holds a secret and is not written: set it where the jobs run",
                key.name
            ));
        } else if is_of_file {
            text.push_str(&format!("{} = {}\n", key.name, toml_edit::Value::from(setting.value.as_str())));
        }
    }
    (text, untold)
}

/// The folder of the project that holds here.
pub fn project(context: &Context) -> Result<Option<String>, Failure> {
    context.settings.project().map(text).transpose()
}

/// A folder that a person named for what jobs print, absolute.
pub fn folder(context: &Context, flag: &str, path: &std::path::Path) -> Result<String, Failure> {
    let path = context.environment.folder(flag, path)?;
    if fs::metadata(&path)?.is_some_and(|found| found.is_file()) {
        return Err(Failure::new(Exit::USAGE, format!("`{}` is a file, not a folder", path.display())));
    }
    text(&path)
}

fn text(path: &std::path::Path) -> Result<String, Failure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::new(Exit::USAGE, format!("the path `{}` is not UTF-8, and a script cannot name it", path.display()))
    })
}

impl From<Unwritable> for Failure {
    fn from(error: Unwritable) -> Self {
        Self::new(Exit::USAGE, error.to_string())
    }
}
