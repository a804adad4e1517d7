//! What can be wrong with a mirror.

use std::path::PathBuf;

use crate::fs::FsError;
use crate::net::NetError;
use crate::remedy::{self, Held, Remedy};
use crate::values::{ByteSize, Digest};

use super::address::{MirrorUrl, NotAMirror, Place};

/// A mirror could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] NotAMirror),
    /// This program was built without the feature `cloud`.
    #[error("`{0}` cannot be used: this medsets was built without mirrors")]
    NotBuilt(MirrorUrl),
    /// The settings for it cannot be used.
    #[error("the mirror `{mirror}` cannot be used: {reason}")]
    Settings {
        /// Which mirror.
        mirror: MirrorUrl,
        /// What is wrong.
        reason: String,
    },
    /// It wants to know who asks, and no credential is stored.
    #[error("the mirror `{mirror}` wants a credential, and none is stored")]
    NoCredential {
        /// Which mirror.
        mirror: MirrorUrl,
    },
    /// It does not take the credential.
    #[error("the mirror `{mirror}` does not take the credential ({code})")]
    Refused {
        /// Which mirror.
        mirror: MirrorUrl,
        /// The store's own word.
        code: String,
    },
    /// Whoever asks may not do that.
    #[error("the mirror `{mirror}` does not permit it ({code}), for `{name}`")]
    NotPermitted {
        /// Which mirror.
        mirror: MirrorUrl,
        /// The object.
        name: String,
        /// The store's own word.
        code: String,
    },
    /// There is no such bucket, container or folder.
    #[error("the mirror `{mirror}` is not there: the store knows no such {what}")]
    Absent {
        /// Which mirror.
        mirror: MirrorUrl,
        /// What was looked for.
        what: &'static str,
    },
    /// A file is where the folder should be.
    #[error("the mirror `{mirror}` is a file, and should be a folder")]
    NoFolder {
        /// Which mirror.
        mirror: MirrorUrl,
    },
    /// An object is not there.
    #[error("the mirror `{mirror}` has no `{name}`")]
    Lacks {
        /// Which mirror.
        mirror: MirrorUrl,
        /// The object.
        name: String,
    },
    /// The network.
    #[error("the mirror `{mirror}` cannot be reached: {source}")]
    Net {
        /// Which mirror.
        mirror: MirrorUrl,
        /// What happened.
        source: NetError,
    },
    /// The store answered with an error, or with what makes no sense.
    #[error("the mirror `{mirror}` answers `{reason}` for `{name}`")]
    Answer {
        /// Which mirror.
        mirror: MirrorUrl,
        /// The object.
        name: String,
        /// The store's own word, or what is wrong.
        reason: String,
    },
    /// A record of the mirror cannot be read.
    #[error("`{name}` in the mirror `{mirror}` cannot be read: {reason}")]
    Record {
        /// Which mirror.
        mirror: MirrorUrl,
        /// The object.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A folder is where an object should be.
    #[error("`{name}` in the mirror `{mirror}` is a folder, and should be a file")]
    Occupied {
        /// Which mirror.
        mirror: MirrorUrl,
        /// The object.
        name: String,
    },
    /// A file that is to be sent is not the one that the records name.
    #[error("`{}` is damaged: its records name {expected} of {size}, it is {found} of {read}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the records name.
        expected: Digest,
        /// Its size by the records.
        size: ByteSize,
        /// What it is.
        found: Digest,
        /// How much of it was read.
        read: ByteSize,
    },
    /// A file here.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The person stopped the run.
    #[error("the run was stopped")]
    Cancelled,
    /// A fault of medsets itself.
    #[error("a thread that worked on a mirror has failed")]
    Thread,
}

impl MirrorError {
    /// The exit code (command line contract, section 3).
    pub fn exit(&self) -> u8 {
        match self {
            Self::Address(_) | Self::NotBuilt(_) | Self::Settings { .. } => 10,
            Self::NoCredential { .. } => 20,
            Self::Refused { .. } => 21,
            Self::NotPermitted { .. } => 22,
            Self::Absent { .. } | Self::Lacks { .. } => 35,
            Self::Net { source, .. } => source.exit(),
            Self::Answer { .. } => 34,
            Self::Record { .. } => 42,
            Self::NoFolder { .. } | Self::Occupied { .. } => 52,
            Self::Damaged { .. } => 40,
            Self::Fs(error) => error.exit(),
            Self::Cancelled => 130,
            Self::Thread => 70,
        }
    }

    /// What the network said, where it was that.
    pub fn net(&self) -> Option<&NetError> {
        match self {
            Self::Net { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the mirror as a whole is of no use now.
    pub fn is_of_all(&self) -> bool {
        !matches!(
            self,
            Self::Lacks { .. }
                | Self::Record { .. }
                | Self::Occupied { .. }
                | Self::Damaged { .. }
                | Self::Fs(_)
                | Self::Cancelled
                | Self::Thread
        )
    }
}

impl Remedy for MirrorError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Address(_) => {
                "write `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://ACCOUNT/CONTAINER/PREFIX` or `file:///FOLDER`"
                    .into()
            }
            Self::NotBuilt(_) => "use a build with the feature `cloud`, which is the usual one".into(),
            Self::Settings { .. } => {
                "check `mirror.endpoint` and `mirror.region` (`medsets config list`), or `AWS_ENDPOINT_URL` and `AWS_REGION`"
                    .into()
            }
            Self::NoCredential { mirror } | Self::Refused { mirror, .. } => match credential(&mirror.place) {
                Some((provider, held)) => remedy::hand_over(provider, held),
                None => return None,
            },
            Self::NotPermitted { mirror, .. } => format!("ask whoever keeps `{mirror}` for the right to read or write it"),
            Self::Absent { .. } => {
                "check the address of the mirror; a bucket, container or folder is made by whoever keeps it".into()
            }
            Self::NoFolder { .. } => "name the folder that the mirror is; one file of it is no mirror".into(),
            Self::Lacks { .. } => "`medsets mirror check` tells what is there; `medsets mirror push ID` puts it there".into(),
            Self::Net { source, .. } => {
                let own = source.remedy().map(|help| format!("\n{help}")).unwrap_or_default();
                format!("check the address and `mirror.endpoint`; what was sent or had is kept, and the same command goes on{own}")
            }
            Self::Answer { .. } => "run the same command again later; what was sent or had is kept".into(),
            Self::Record { .. } => "push the dataset again, with the newest medsets of all who use the mirror".into(),
            Self::Occupied { .. } => "medsets makes no folder there: remove it, then run the same command again".into(),
            Self::Damaged { .. } => "`medsets verify ID --repair` mends it; nothing of it was shown to others".into(),
            Self::Fs(error) => return error.remedy(),
            Self::Cancelled => "run the same command again to go on; what was sent is kept".into(),
            Self::Thread => return None,
        })
    }
}

/// Under which name the credential for a place is kept, and of which kind it is.
pub fn credential(place: &Place) -> Option<(&'static str, Held)> {
    match place {
        Place::S3 { .. } => Some(("s3", Held::Keys)),
        Place::Gcs { .. } => Some(("gcs", Held::Token)),
        Place::Azure { .. } => Some(("azure-storage", Held::Token)),
        Place::File { .. } => None,
    }
}
