//! What can go wrong with a dataset folder.

use std::path::{Path, PathBuf};

use crate::fs::FsError;
use crate::remedy::Remedy;
use crate::values::Digest;

/// A dataset folder or workspace is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The file system refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A file of ours holds what we never wrote.
    #[error("`{}` line {line}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Another run works on the same dataset.
    #[error("another medsets run is working on `{}`", path.display())]
    Held {
        /// The workspace.
        path: PathBuf,
    },
    /// Two sources bring different bytes for one place.
    #[error(
        "`{path}` comes twice with different bytes: {first} from `{first_origin}`, {second} from `{second_origin}`"
    )]
    Conflict {
        /// The place below the dataset folder.
        path: String,
        /// Digest of the first.
        first: Digest,
        /// Where the first came from.
        first_origin: String,
        /// Digest of the second.
        second: Digest,
        /// Where the second came from.
        second_origin: String,
    },
    /// Two names that some systems take for one.
    #[error("`{first}` and `{second}` are the same name on systems that fold case or compose characters")]
    Collision {
        /// The one name.
        first: String,
        /// The other.
        second: String,
    },
    /// A file that the records call finished is not where it was put.
    #[error("`{}` was finished and is gone", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds something that medsets did not put there.
    #[error("`{}` exists and is not a dataset folder of medsets", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
}

/// The dataset folder that a record below `.medsets` belongs to.
fn dataset_folder(record: &Path) -> &Path {
    let records = record.parent().filter(|parent| parent.ends_with(".medsets"));
    records.and_then(Path::parent).unwrap_or(record)
}

impl Remedy for LayoutError {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::Fs(error) => error.remedy(),
            Self::Record { path, .. } => Some(format!(
                "the record was changed by another program; move `{}` away and fetch again",
                dataset_folder(path).display()
            )),
            Self::Held { .. } => Some("wait for it to finish; this run would do the same work".into()),
            Self::Conflict { .. } | Self::Collision { .. } => Some(
                "the dataset cannot be laid out as its entry says; report this to the catalogue's maintainers".into(),
            ),
            Self::Lost { .. } => {
                Some("another program removed it; run the same command again to have it afresh".into())
            }
            Self::Foreign { .. } => Some("move it away, or choose another folder with `--to`".into()),
        }
    }
}
