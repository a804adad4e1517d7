//! Files whose bytes are right and whose times are others than their records say.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;

use jiff::Timestamp;

use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::inventory::InventoryReader;
use crate::layout::lines::LineWriter;
use crate::layout::{DatasetDir, Store};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::hands_off::{self, HandsOff};
use crate::ops::settle::lease_of;
use crate::ops::shared;
use crate::values::RelPath;

/// Notes the times of files that were read and found right. Nothing else of the records changes:
/// neither tree nor receipt speak of times.
///
/// # Errors
/// The folder is somebody else's, another run works on it, or it cannot be written: the records are
/// as they were.
pub(super) fn restamp(
    context: &Context,
    name: &str,
    dir: &DatasetDir,
    touched: &[(RelPath, Timestamp)],
) -> Result<(), Failure> {
    if let Some(at) = shared::leads_to(dir) {
        let message = format!("`{name}` is used from a shared folder, where nothing is written: `{}`", at.display());
        return Err(Failure::new(Exit::DENIED, message)
            .help(HandsOff::Shared.advice(name, hands_off::is_locked(context, name))));
    }
    let store = Store::of(&context.data_dir()?);
    let _lease = lease_of(context, &store, dir, name, Access::Private)?;
    let path = dir.inventory_path();
    let mode = fs::metadata(&path)?.map_or(0o644, |found| found.mode() & 0o777);
    let fresh = dir.records().join(fs::fresh_name(fs::RECORD));
    write(dir, &fresh, touched)
        .and_then(|()| {
            fs::set_mode(&fresh, mode)?;
            Ok(fs::rename(&fresh, &path)?)
        })
        .inspect_err(|_| drop(fs::remove_file(&fresh)))
}

fn write(dir: &DatasetDir, fresh: &std::path::Path, touched: &[(RelPath, Timestamp)]) -> Result<(), Failure> {
    let times: HashMap<&RelPath, Timestamp> = touched.iter().map(|(path, time)| (path, *time)).collect();
    let mut lines = LineWriter::create(fresh, Access::Private)?;
    for record in InventoryReader::open(&dir.inventory_path())? {
        let mut record = record?;
        if let (Some(time), true) = (times.get(&record.path), record.kind.is_file()) {
            record.mtime = *time;
        }
        lines.write_json(&record)?;
    }
    lines.finish()?;
    Ok(())
}
