//! Waiting for other runs: one at a time works on a thing.

use std::path::Path;
use std::time::Duration;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access, FileLock, Patience};

use super::exit::Exit;
use super::failure::Failure;

/// Takes a lock, waiting for another run as long as the settings say, or until the person has
/// enough of it. `held` says who holds it, such as "another medsets run works on `demo@1.0`".
pub(super) fn lease(context: &Context, path: &Path, access: Access, held: &str) -> Result<FileLock, Failure> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")), access)?;
    let at_most = context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
    let patience = Patience { at_most, is_enough: &|| context.cancel.is_set() };
    let waiting = || context.report.report(Event::Waiting { reason: held.to_owned() });
    let lease = FileLock::wait_patiently(path, patience, waiting)?;
    match (lease, context.cancel.code()) {
        (Some(lease), _) => Ok(lease),
        (None, Some(code)) => Err(Failure::new(Exit(code), "stopped while waiting; nothing was done")),
        (None, None) => Err(Failure::new(Exit::HELD, held).help("wait for it to finish, and run again")),
    }
}
