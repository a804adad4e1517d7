//! `medsets du` and `list`: how much is here.

use serde::Serialize;

use crate::context::Context;
use crate::fs;
use crate::layout::Store;
use crate::values::{ByteSize, DatasetId};

use super::failure::Failure;
use super::here;

/// Room taken, by dataset.
#[derive(Debug, Serialize)]
pub struct DuReport {
    /// One per dataset on disk.
    pub datasets: Vec<Taken>,
    /// Unfinished downloads and other things of medsets' own.
    pub store: Room,
    /// About records that are damaged.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Room a dataset takes.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its folder.
    pub path: std::path::PathBuf,
    /// Data, documents and records.
    pub data: Room,
    /// Kept archives.
    pub archives: Room,
}

/// Bytes and inodes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Bytes of the files.
    pub bytes: ByteSize,
    /// How many files.
    pub inodes: u64,
}

/// Measures the named dataset, or all that are here.
pub fn du(context: &Context, name: Option<&str>) -> Result<DuReport, Failure> {
    let found = here::named(context, name)?;
    let warnings = here::warnings(&found);
    let mut datasets = Vec::new();
    for one in found {
        let archives = measure(&one.dir.archives())?;
        let all = measure(one.dir.root())?;
        let data = Room { bytes: all.bytes.saturating_sub(archives.bytes), inodes: all.inodes - archives.inodes };
        let path = one.dir.root().to_path_buf();
        datasets.push(Taken { id: one.id, version: one.version, variant: one.variant, path, data, archives });
    }
    Ok(DuReport { datasets, store: measure(Store::of(&context.data_dir()?).root())?, warnings })
}

fn measure(root: &std::path::Path) -> Result<Room, Failure> {
    let mut room = Room::default();
    fs::walk(root, &mut |found| {
        room.bytes += ByteSize(found.size);
        room.inodes += 1;
    })?;
    Ok(room)
}
