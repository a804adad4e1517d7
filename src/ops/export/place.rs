//! Files and folders that appear whole or not at all.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FsError};

use super::super::exit::Exit;
use super::super::failure::Failure;

/// Writes a file that a person named. One that is there is replaced at the end; a device or a
/// FIFO is written through.
pub fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let is_special = fs::metadata(path)?.is_some_and(|found| !found.is_file());
    if is_special {
        let mut out = BufWriter::new(fs::open_output(path, Access::Shared)?);
        write(&mut out)?;
        return Ok(out.flush().map_err(|error| FsError::new("write", path, error))?);
    }
    let aside = aside(path)?;
    fs::remove_file(&aside)?;
    let mut out = BufWriter::new(fs::create_new(&aside, Access::Shared)?);
    let written = write(&mut out).and_then(|()| {
        let file = out.into_inner().map_err(|error| FsError::new("write", path, error.into_error()))?;
        file.sync_all().map_err(|error| FsError::new("sync", path, error))?;
        Ok(fs::rename(&aside, path)?)
    });
    if written.is_err() {
        fs::remove_file(&aside)?;
    }
    written
}

/// Fills a folder that is not there yet, or is empty.
pub fn folder(path: &Path, access: Access, fill: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    let found = fs::metadata(path)?;
    if found.as_ref().is_some_and(|found| !found.is_dir()) || (found.is_some() && !fs::list_dir(path)?.is_empty()) {
        return Err(taken(path));
    }
    let aside = aside(path)?;
    if fs::metadata(&aside)?.is_some() {
        fs::remove_dir_all(&aside)?;
    }
    fs::create_dir_all(&aside, access)?;
    let filled = fill(&aside).and_then(|()| {
        fs::sync_all_below(&aside)?;
        if fs::rename_to_empty(&aside, path)? { Ok(()) } else { Err(taken(path)) }
    });
    if filled.is_err() {
        fs::remove_dir_all(&aside)?;
    }
    filled
}

/// Where something is made before it gets its name: beside it.
fn aside(path: &Path) -> Result<PathBuf, Failure> {
    let no_name = || Failure::new(Exit::USAGE, format!("`{}` names no file or folder", path.display()));
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or_else(no_name)?);
    name.push(".medsets-export");
    Ok(path.with_file_name(name))
}

fn taken(path: &Path) -> Failure {
    let failure = Failure::new(Exit::USAGE, format!("`{}` is there and not an empty folder", path.display()));
    failure.help("name another place, or remove it first")
}
