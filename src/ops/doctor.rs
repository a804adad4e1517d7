//! `medsets doctor`: whether medsets can work here.

mod shared_dirs;

use std::path::Path;

use serde::Serialize;

use crate::catalog::Host;
use crate::context::Context;
use crate::credentials::{Form, PlaceState, Wanted};
use crate::fs::{self, Access};
use crate::layout::places::refuse_in_the_way;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// More about it.
    pub detail: String,
}

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// As it should be.
    Good,
    /// Works, with something to know.
    Note,
    /// Does not work.
    Bad,
}

/// Looks at folders, ledger, catalogue, credentials and settings. Asks no host.
pub fn examine(context: &Context) -> Vec<Check> {
    let mut checks = settings(context);
    checks.extend([
        folder("data folder", context.data_dir().map_err(|error| error.to_string()), Room::Told),
        folder("state folder", context.state_dir().map_err(|error| error.to_string()), Room::NotTold),
        ledger(context),
        catalog(context),
        network(context),
    ]);
    checks.extend(shared_dirs::examine(context));
    checks.extend(credentials(context));
    checks
}

fn check(name: &str, state: CheckState, detail: impl Into<String>) -> Check {
    Check { name: name.to_owned(), state, detail: detail.into() }
}

/// One line for each setting that does not fit.
fn settings(context: &Context) -> Vec<Check> {
    let project = context.project().err().map(|fault| check("project", CheckState::Bad, fault.to_string()));
    if context.faults.is_empty() {
        return std::iter::once(check("settings", CheckState::Good, "every value fits")).chain(project).collect();
    }
    let faults = context.faults.iter().map(|fault| check("settings", CheckState::Bad, fault.to_string()));
    faults.chain(project).collect()
}

/// Whether the free space of a folder's file system is of interest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Told,
    NotTold,
}

/// Tries to write a file where the folder is, or would be.
fn folder(name: &str, path: Result<std::path::PathBuf, String>, room: Room) -> Check {
    let path = match path {
        Ok(path) => path,
        Err(reason) => return check(name, CheckState::Bad, reason),
    };
    if let Err(error) = refuse_in_the_way(&path) {
        return check(name, CheckState::Bad, error.to_string());
    }
    let existing = path.ancestors().find(|one| fs::is_dir(one)).unwrap_or(Path::new("/"));
    let probe = existing.join(format!(".medsets-doctor-{}", std::process::id()));
    if let Err(error) = fs::atomic_write(&probe, b"", Access::Private).and_then(|()| fs::remove_file(&probe)) {
        return check(name, CheckState::Bad, error.to_string());
    }
    let free = match fs::space(existing) {
        Ok(found) if room == Room::Told => format!(", {} free", found.bytes),
        _ => String::new(),
    };
    check(name, CheckState::Good, format!("{}{free}", path.display()))
}

fn ledger(context: &Context) -> Check {
    let verified = context
        .ledger()
        .map_err(|error| error.to_string())
        .and_then(|ledger| ledger.verify(&[]).map_err(|error| error.to_string()));
    match verified {
        Ok(found) if found.is_whole() => {
            check("ledger", CheckState::Good, format!("{} entries, the chain holds", found.entries))
        }
        Ok(found) => {
            let first = found.faults.first().map_or("its last line is torn".to_owned(), ToString::to_string);
            check("ledger", CheckState::Bad, first)
        }
        Err(reason) => check("ledger", CheckState::Bad, reason),
    }
}

fn catalog(context: &Context) -> Check {
    let catalog = match (context.catalog(), context.shelf()) {
        (Ok(catalog), Ok(_)) => catalog,
        (Err(error), _) | (_, Err(error)) => return check("catalogue", CheckState::Bad, error.to_string()),
    };
    let broken = context.overlay_warnings();
    if !broken.is_empty() {
        return check("catalogue", CheckState::Bad, broken.join("; "));
    }
    let overlays = catalog.datasets().filter(|dataset| dataset.origin != "embedded").count();
    let detail = format!("{} datasets, {overlays} of them laid over", catalog.datasets().count());
    check("catalogue", CheckState::Good, detail)
}

fn network(context: &Context) -> Check {
    match context.client() {
        Ok(client) if client.settings().offline => check("network", CheckState::Note, "switched off by the settings"),
        Ok(client) => {
            let proxies = &client.settings().proxies;
            let named: Vec<String> =
                [&proxies.https, &proxies.http, &proxies.all].into_iter().flatten().map(ToString::to_string).collect();
            let through =
                if named.is_empty() { "no proxy".to_owned() } else { format!("through {}", named.join(", ")) };
            check("network", CheckState::Good, through)
        }
        Err(error) => check("network", CheckState::Bad, error.to_string()),
    }
}

/// Where a credential would come from, for each host that asks for one. Never the value.
fn credentials(context: &Context) -> Vec<Check> {
    let Ok(catalog) = context.catalog() else { return Vec::new() };
    let Ok(sources) = context.credentials() else { return Vec::new() };
    let mut providers: Vec<String> = catalog
        .datasets()
        .flat_map(|dataset| dataset.entry.requires.iter().filter_map(|one| one.provider.clone()))
        .collect();
    for dataset in catalog.datasets() {
        let sources = dataset.releases.iter().flat_map(|release| &release.sources);
        let with_login = sources.filter(|source| matches!(source.host, Host::Http { auth: Some(_), .. }));
        providers.extend(with_login.map(|source| source.host.credential(&dataset.id)));
    }
    providers.sort();
    providers.dedup();
    let look = |provider: &String| {
        let mut note = None;
        for form in [Form::Token, Form::Login] {
            for place in sources.describe(&Wanted { provider, form, url: None }) {
                match place.state {
                    PlaceState::Holds { origin, .. } => {
                        return check(&format!("credential for {provider}"), CheckState::Good, origin.to_string());
                    }
                    PlaceState::Faulty(reason) => note = Some(reason),
                    PlaceState::Empty | PlaceState::NotAsked(_) => {}
                }
            }
        }
        match note {
            Some(reason) => check(&format!("credential for {provider}"), CheckState::Bad, reason),
            None => check(
                &format!("credential for {provider}"),
                CheckState::Note,
                format!("none stored; `medsets auth login {provider}` stores one"),
            ),
        }
    };
    providers.iter().map(look).collect()
}
