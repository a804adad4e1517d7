//! `medsets du` and `list`: how much is here.

use std::collections::HashSet;

use serde::Serialize;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Found, FsError};
use crate::layout::Store;
use crate::values::{ByteSize, DatasetId};

use super::failure::Failure;
use super::here;
use super::shared;

/// Room taken, by dataset.
#[derive(Debug, Serialize)]
pub struct DuReport {
    /// One per dataset on disk.
    pub datasets: Vec<Taken>,
    /// Unfinished downloads and other things of medsets' own, without the objects.
    pub store: Room,
    /// Bytes that datasets share with each other.
    pub objects: Objects,
    /// What of all this is counted more than once: files that several datasets have.
    pub counted_twice: Room,
    /// About records that are damaged.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Room of the bytes that are kept once.
#[derive(Debug, Default, Serialize)]
pub struct Objects {
    /// All of them.
    #[serde(flatten)]
    pub all: Room,
    /// Those that no dataset is linked to; `prune` says which of them are of no use.
    pub unlinked: Room,
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
    /// The copy of somebody else that the folder is a link to: it takes no room here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<std::path::PathBuf>,
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
    let mut seen = Seen::default();
    for one in found {
        let shared = shared::leads_to(&one.dir);
        // Of a copy of somebody else nothing is counted.
        let seen = if shared.is_some() { &mut Seen::default() } else { &mut seen };
        let (mut data, mut archives) = (Room::default(), Room::default());
        let root = one.dir.root();
        let mut measure = |found: Found| {
            let room = if found.path.starts_with("archives/") { &mut archives } else { &mut data };
            room.add(&found);
            seen.note(&found);
        };
        if one.away().is_none() {
            fs::walk(root, &mut measure)?;
        }
        let path = root.to_path_buf();
        datasets.push(Taken { id: one.id, version: one.version, variant: one.variant, path, shared, data, archives });
    }
    let (mut store, mut objects) = (Room::default(), Objects::default());
    let mut measure = |found: Found| {
        if !found.path.starts_with("objects/") {
            store.add(&found);
            seen.note(&found);
            return;
        }
        objects.all.add(&found);
        if found.names < 2 {
            objects.unlinked.add(&found);
        }
    };
    let mut closed = |error: FsError| {
        let message = format!("of the store not all is counted: {error}");
        context.report.report(Event::Warning { message });
        Ok(())
    };
    fs::walk_on(Store::of(&context.data_dir()?).root(), &mut measure, &mut closed)?;
    Ok(DuReport { datasets, store, objects, counted_twice: seen.twice, warnings })
}

impl Room {
    fn add(&mut self, found: &Found) {
        self.bytes += ByteSize(found.size);
        self.inodes += 1;
    }
}

/// Files with several names, each by its first.
#[derive(Default)]
struct Seen {
    files: HashSet<(u64, u64)>,
    twice: Room,
}

impl Seen {
    fn note(&mut self, found: &Found) {
        if found.names > 1 && !self.files.insert(found.identity) {
            self.twice.add(found);
        }
    }
}
