//! What becomes of the datasets of a project when they are resolved, one by one.
//!
//! A host that cannot be asked stands in the way of its own datasets alone. What the lock says of
//! one of these stays as it is, so that no pin is lost by a lock that is written without a network.

use crate::context::Context;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::project::lock::{Change, compare};
use crate::project::{self, Locked, LockedFile, Used};

use super::{Project, Resolved, names, resolve, spelling};

/// The datasets of a project.
#[derive(Debug, Default)]
pub struct Resolution {
    /// Those that are known, in the order of the project file.
    pub resolved: Vec<Resolved>,
    /// What the lock says of those that are asked for otherwise by now and could not be resolved.
    pub left: Vec<Resolved>,
    /// Why some could not be.
    pub failures: Vec<Failure>,
}

impl Resolution {
    /// All that goes into the lock.
    pub fn of_lock(&self) -> impl Iterator<Item = &Resolved> {
        self.resolved.iter().chain(&self.left)
    }

    /// The same as it would stand in a lock, with the files of each.
    fn listed(&self) -> Vec<(Locked, &[LockedFile])> {
        let listed = |one: &Resolved| {
            let mut locked = one.locked.clone();
            locked.set_files(&one.files);
            locked
        };
        self.of_lock().map(|one| (listed(one), one.files.as_slice())).collect()
    }
}

fn with_files<'l>(listed: &'l [(Locked, &'l [LockedFile])]) -> Vec<compare::WithFiles<'l>> {
    listed.iter().map(|(locked, files)| (locked, *files)).collect()
}

impl Project {
    /// Resolves every dataset of the project file. Where nobody can be asked about one, what the
    /// lock says of it stays, and a failure says so.
    ///
    /// # Errors
    /// A dataset is asked for that there cannot be, or twice; what lies beside the lock cannot be
    /// used; or nothing at all could be resolved.
    pub async fn resolve(&self, context: &Context, warnings: &mut Vec<String>) -> Result<Resolution, Failure> {
        let mut all = Resolution::default();
        for (place, used) in self.manifest.datasets.iter().enumerate() {
            let resolved = match self.resolve_one(context, place, used, warnings).await {
                Ok(resolved) => resolved,
                Err(failure) if is_of_host(&failure) && !context.cancel.is_set() => {
                    let stays = self.as_it_was(context, used)?;
                    all.failures.push(told(failure, used, stays.is_some()));
                    match stays {
                        Some((Question::Same, resolved)) => resolved,
                        Some((Question::Other, resolved)) => {
                            all.left.push(resolved);
                            continue;
                        }
                        None => continue,
                    }
                }
                Err(failure) => return Err(failure),
            };
            if let Some(twin) = all.resolved.iter().find(|one| one.locked.name() == resolved.locked.name()) {
                let message = format!("`{}` is asked for twice by `{}`", twin.locked.name(), self.manifest.file);
                return Err(Failure::new(Exit::CONFIG, message)
                    .help(format!("put both selections into one table; the second is in line {}", used.line)));
            }
            all.resolved.push(resolved);
        }
        all.left.retain(|left| all.resolved.iter().all(|one| one.locked.name() != left.locked.name()));
        match all.failures.first() {
            Some(failure) if all.of_lock().next().is_none() => Err(failure.clone()),
            _ => Ok(all),
        }
    }

    /// What the lock on disk says by now, with what is known of the datasets here: where another
    /// run wrote it meanwhile. `None` where it does not answer the project file, or says anything
    /// else than `ours` but pins that this has not.
    ///
    /// # Errors
    /// That lock cannot be used.
    pub fn with_more(&self, context: &Context, ours: &Resolution) -> Result<Option<Resolution>, Failure> {
        let Some(lock) = self.folder.read()?.filter(|lock| lock.input == self.manifest.input()) else {
            return Ok(None);
        };
        let mut theirs = Resolution::default();
        for used in &self.manifest.datasets {
            let Some(locked) = lock.of_input(used.input()) else { return Ok(None) };
            theirs.resolved.push(self.kept(context, used, locked)?);
        }
        let (was, now) = (ours.listed(), theirs.listed());
        let differences = compare::differences(&with_files(&was), &with_files(&now));
        let is_more = differences.iter().flat_map(|one| &one.changes).all(Change::is_more);
        Ok(is_more.then_some(theirs))
    }

    async fn resolve_one(
        &self,
        context: &Context,
        place: usize,
        used: &Used,
        warnings: &mut Vec<String>,
    ) -> Result<Resolved, Failure> {
        if let Some(locked) = self.earlier(used) {
            return self.kept(context, used, locked);
        }
        if let Some(failure) = self.unreached.get(&used.input()) {
            return Err(failure.clone());
        }
        let name = self.names.get(&used.input()).unwrap_or(&used.name);
        spelling::check(context, self, place, name)?;
        let before = self.lock.iter().flat_map(|lock| &lock.datasets);
        let mut before = before.filter(|locked| names(used, locked.id.as_str()));
        let resolved = resolve::afresh(context, used, name, &self.folder, before.clone(), self.trees(), warnings).await;
        let mut resolved = resolved.map_err(|failure| of_table(failure, used))?;
        let earlier = before.find(|one| resolve::is_of_same(one, &resolved.locked));
        let texts = earlier.map_or(&[][..], |earlier| &earlier.texts);
        // The first text of an agreement stays: who upgrades begins with the one that they accepted.
        if !self.upgrades(used) {
            resolve::add_texts(&mut resolved.locked, texts);
        }
        self.pin(context, &mut resolved)?;
        resolve::add_texts(&mut resolved.locked, texts);
        Ok(resolved)
    }

    /// What the lock says of a dataset that could not be resolved: as it is asked for, or as it
    /// was before its table in the project file changed.
    fn as_it_was(&self, context: &Context, used: &Used) -> Result<Option<(Question, Resolved)>, Failure> {
        let Some(lock) = &self.lock else { return Ok(None) };
        if let Some(locked) = lock.of_input(used.input()) {
            return Ok(Some((Question::Same, self.kept(context, used, locked)?)));
        }
        let is_claimed = |locked: &Locked| self.manifest.datasets.iter().any(|used| used.input() == locked.input);
        let is_it = |locked: &&Locked| names(used, locked.id.as_str()) && !is_claimed(locked);
        let Some(locked) = lock.datasets.iter().find(is_it) else { return Ok(None) };
        let selection = self.folder.selection(context, locked)?;
        let resolved = Resolved { files: self.folder.files(locked)?, locked: locked.clone(), selection };
        Ok(Some((Question::Other, resolved)))
    }
}

/// Whether the lock answers what is asked now.
enum Question {
    Same,
    Other,
}

/// Whether a host, or what it asks of a person, stands in the way: other datasets are none the
/// worse for it.
pub(super) fn is_of_host(failure: &Failure) -> bool {
    const ACCESS: u8 = 1;
    const NETWORK: u8 = 4;
    matches!(failure.exit.class(), ACCESS | NETWORK)
}

fn told(failure: Failure, used: &Used, is_kept: bool) -> Failure {
    let (name, exit) = (used.id(), failure.exit);
    failure.help(match is_kept {
        true => format!("what the lock says of `{name}` stays as it was"),
        false if exit == Exit::NOT_DISTRIBUTED => {
            format!("no lock can have `{name}`: `medsets drop {name}` takes it out of the project")
        }
        false => format!("`{name}` is not in the lock; run `medsets lock` again when it can be asked"),
    })
}

/// With the line of the project file that asked for it.
fn of_table(failure: Failure, used: &project::Used) -> Failure {
    if failure.exit != Exit::CATALOG && failure.exit != Exit::USAGE {
        return failure;
    }
    failure.help(format!("asked for in line {} of `{}`", used.line, project::FILE))
}
