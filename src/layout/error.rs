//! What can go wrong with a dataset folder.

use std::path::PathBuf;

use crate::fs::{FsError, FsErrorKind};
use crate::remedy::Remedy;
use crate::values::{Digest, ShellWord};

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
    /// A file of ours is not the one that was written.
    #[error("`{}` is not the one that the receipt names: expected {expected}, found {found}", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// SHA-256 by the receipt.
        expected: Digest,
        /// SHA-256 of what is there.
        found: Digest,
    },
    /// A receipt is of a later version of medsets, which may mean what this one cannot know.
    #[error("`{}` is of a later medsets ({what})", path.display())]
    Newer {
        /// The receipt.
        path: PathBuf,
        /// What of it only a later version can have written.
        what: String,
    },
    /// A file of ours is not there, or holds nothing.
    #[error("`{}` is missing or empty", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
    },
    /// The folder, or one above it, is a link to where a rename cannot reach.
    #[error("`{}` is a link to another place: a dataset is put there by a rename, which cannot reach it", path.display())]
    Elsewhere {
        /// The link.
        path: PathBuf,
    },
    /// The files are a person's own, and lie where the person put them.
    #[error("the files of this dataset lie in `{place}`, where a person put them: medsets writes nothing there")]
    Adopted {
        /// The person's folder.
        place: String,
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
    /// A file is not what the records say, by its size or time.
    #[error("`{}` has another size or time than its record says", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// What is no folder lies where one for data belongs.
    #[error("`{}` is no folder but {found}: no data can be kept there", path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// The folder holds something that medsets did not put there.
    #[error("`{}` exists and is not a dataset folder of medsets", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
}

impl LayoutError {
    /// Whether a file of ours is missing or damaged.
    pub fn is_of_records(&self) -> bool {
        match self {
            Self::Record { .. } | Self::NoRecord { .. } | Self::Altered { .. } => true,
            // Bytes that are no text are as good as none.
            Self::Fs(error) => {
                let unreadable =
                    matches!(error.kind(), FsErrorKind::NotFound | FsErrorKind::NoFolder | FsErrorKind::Other);
                unreadable && error.path().parent().is_some_and(|folder| folder.ends_with(".medsets"))
            }
            _ => false,
        }
    }
}

impl Remedy for LayoutError {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::Fs(error) => error.remedy(),
            Self::Record { .. } | Self::NoRecord { .. } | Self::Altered { .. } => Some(
                "`medsets verify ID --repair` fetches the dataset again and writes new records; `medsets remove ID` deletes it"
                    .into(),
            ),
            Self::Newer { .. } => Some(
                "use that medsets for this dataset, or have a copy of its own in another place (`--data-dir DIR`)".into(),
            ),
            Self::Elsewhere { .. } => Some(
                "keep the whole data folder on that disk (`--to DIR`, `--data-dir DIR` or `medsets config set data-dir DIR`), or put a folder in the place of the link".into(),
            ),
            Self::Adopted { place } => Some(format!(
                "put the right files there and run `medsets adopt {}` again, or `medsets adopt DIR` where they lie by now; or `medsets remove ID`, which takes away the records alone, then `medsets fetch ID` for a copy of its own",
                ShellWord(place)
            )),
            Self::Held { .. } => Some("wait for it to finish; this run would do the same work".into()),
            Self::Conflict { .. } | Self::Collision { .. } => Some(
                "the dataset cannot be laid out as its entry says; report this to the catalogue's maintainers".into(),
            ),
            Self::Lost { .. } => {
                Some("another program removed it; run the same command again to have it afresh".into())
            }
            Self::Changed { .. } => Some("`medsets verify ID` reads it and says whether its bytes are right".into()),
            Self::InTheWay { .. } => Some(
                "move it away and run the same command again, or keep the data in another folder (`--data-dir DIR`)".into(),
            ),
            Self::Foreign { path } => Some(format!(
                "`medsets adopt {}` takes the dataset in where it lies, if it is one; otherwise move it away and run the same command again",
                ShellWord(&path.to_string_lossy())
            )),
        }
    }
}
