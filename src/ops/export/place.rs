//! Files and folders that appear whole or not at all.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FolderLock};

use super::super::exit::Exit;
use super::super::failure::Failure;

/// Writes a file that a person named, in one step: after a failure what was there is as it was.
/// A device, a FIFO or a link is written through.
pub fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut stopped = None;
    let written = fs::write_output_by(path, Access::Shared, |out| {
        let mut noting = Noting { out, error: None };
        match (write(&mut noting), noting.error) {
            (_, Some(error)) => Err(error),
            (Ok(()), None) => Ok(()),
            (Err(failure), None) => {
                stopped = Some(failure);
                Err(io::Error::other("what was to be written is not known"))
            }
        }
    });
    match stopped {
        Some(failure) => Err(failure),
        None => Ok(written?),
    }
}

/// A writer that keeps its own error, so that it is told with the path of the file.
struct Noting<'w> {
    out: &'w mut dyn Write,
    error: Option<io::Error>,
}

impl Noting<'_> {
    fn noted<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.map_err(|error| {
            let same = io::Error::from(error.kind());
            self.error = Some(error);
            same
        })
    }
}

impl Write for Noting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.out.write(bytes);
        if matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
            return outcome;
        }
        self.noted(outcome)
    }
    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.out.flush();
        self.noted(outcome)
    }
}

/// Fills a folder that is not there yet, or is empty. It is filled under another name, beside
/// it: what a killed run left there is removed, what another run is filling is not touched.
pub fn folder(path: &Path, access: Access, fill: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    let found = fs::metadata(path)?;
    if found.as_ref().is_some_and(|found| !found.is_dir()) || (found.is_some() && !fs::list_dir(path)?.is_empty()) {
        return Err(taken(path));
    }
    let aside = aside(path)?;
    if fs::metadata(&aside)?.is_some() {
        if !fs::is_dir(&aside) || FolderLock::try_take(&aside)?.is_none() {
            let message =
                format!("`{}` is being filled by another run: `{}` is there", path.display(), aside.display());
            return Err(Failure::new(Exit::HELD, message).help("wait for it, or name another place"));
        }
        fs::remove_dir_all(&aside)?;
    }
    fs::create_dir_all(&aside, access)?;
    let _lock = FolderLock::try_take(&aside)?;
    let filled = fill(&aside).and_then(|()| {
        fs::sync_all_below(&aside)?;
        if fs::rename_to_empty(&aside, path)? { Ok(()) } else { Err(taken(path)) }
    });
    if filled.is_err() {
        fs::remove_dir_all(&aside)?;
    }
    filled
}

/// Where a folder is filled before it gets its name: beside it.
fn aside(path: &Path) -> Result<PathBuf, Failure> {
    let no_name = || Failure::new(Exit::USAGE, format!("`{}` names no folder", path.display()));
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or_else(no_name)?);
    name.push(".medsets-export");
    Ok(path.with_file_name(name))
}

fn taken(path: &Path) -> Failure {
    let failure = Failure::new(Exit::USAGE, format!("`{}` is there and not an empty folder", path.display()));
    failure.help("name another place, or remove it first")
}
