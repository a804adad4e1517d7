//! What can go wrong with an archive, by what a caller can do about it.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::fs::FsError;
use crate::remedy::Remedy;
use crate::values::{Printable, RelPath};

/// An archive was not unpacked. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It breaks a rule of safety, or two readers would understand it differently.
    #[error("`{archive}` is refused: {}{rule}", Member(member))]
    Refused {
        /// The archive.
        archive: RelPath,
        /// The member, escaped and cut; none where the rule is about the whole archive.
        member: Option<String>,
        /// The rule it breaks.
        rule: String,
    },
    /// It uses something that this program cannot unpack.
    #[error("`{archive}` cannot be unpacked: {}{method} is not supported", Member(member))]
    Unsupported {
        /// The archive.
        archive: RelPath,
        /// The member, escaped and cut.
        member: Option<String>,
        /// What it uses.
        method: String,
    },
    /// It ends too early.
    #[error("`{archive}` is cut short: {reason}")]
    Truncated {
        /// The archive.
        archive: RelPath,
        /// What is missing.
        reason: String,
    },
    /// A part of a split archive is not there.
    #[error("`{archive}` is split, and {part} is missing")]
    MissingPart {
        /// The archive.
        archive: RelPath,
        /// Which part.
        part: String,
    },
    /// Its bytes contradict its checksums or its format.
    #[error("`{archive}` is damaged: {}{reason}", Member(member))]
    Damaged {
        /// The archive.
        archive: RelPath,
        /// The member, escaped and cut.
        member: Option<String>,
        /// What does not fit.
        reason: String,
    },
    /// It is something else.
    #[error("`{archive}` is not the archive that was expected: it is {found}")]
    NotAnArchive {
        /// The archive.
        archive: RelPath,
        /// What it is, such as `a web page`.
        found: String,
    },
    /// A member is encrypted and no password was given.
    #[error("`{archive}` is encrypted: member `{member}` needs a password")]
    PasswordNeeded {
        /// The archive.
        archive: RelPath,
        /// The first such member, escaped and cut.
        member: String,
    },
    /// The password does not open a member.
    #[error("the password given does not open member `{member}` of `{archive}`")]
    WrongPassword {
        /// The archive.
        archive: RelPath,
        /// The member, escaped and cut.
        member: String,
    },
    /// The stream that the archive comes from failed.
    #[error("cannot read on in `{archive}`")]
    Source {
        /// The archive.
        archive: RelPath,
        /// What the stream said.
        #[source]
        source: io::Error,
    },
    /// The disk failed.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Somebody asked for it to stop.
    #[error("unpacking `{archive}` was cancelled")]
    Cancelled {
        /// The archive.
        archive: RelPath,
    },
}

/// The member of a message, with what follows it; nothing where there is none.
struct Member<'a>(&'a Option<String>);

impl fmt::Display for Member<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(out, "member `{name}`: "),
            None => Ok(()),
        }
    }
}

impl Remedy for UnpackError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Refused { .. } => {
                "nothing of it was kept; tell the publisher, and do not unpack it by other means unless you know why it is so".into()
            }
            Self::Unsupported { method, .. } if method.contains("feature `sevenz`") => {
                "install medsets with its default features".into()
            }
            Self::Unsupported { .. } => "unpack it with the program that made it, and import the result".into(),
            Self::Truncated { .. } => "fetch it again; a download may have ended early".into(),
            Self::MissingPart { .. } => "fetch all parts of the archive into one folder".into(),
            Self::Damaged { .. } => "fetch it again; if it stays damaged, tell the publisher".into(),
            Self::NotAnArchive { .. } => "check that you are signed in where the data set needs it, then fetch again".into(),
            Self::PasswordNeeded { .. } | Self::WrongPassword { .. } => {
                "give the password that the publisher sent you".into()
            }
            Self::Fs(error) => return error.remedy(),
            Self::Source { .. } | Self::Cancelled { .. } => return None,
        })
    }
}

/// What went wrong, before the archive's name is known.
#[derive(Debug)]
pub(super) enum Fault {
    Refused {
        member: Option<String>,
        rule: Cow<'static, str>,
    },
    Unsupported {
        member: Option<String>,
        method: Cow<'static, str>,
    },
    Truncated(Cow<'static, str>),
    MissingPart(String),
    Damaged {
        member: Option<String>,
        reason: Cow<'static, str>,
    },
    NotAnArchive(String),
    PasswordNeeded(String),
    WrongPassword(String),
    Source(io::Error),
    Fs(FsError),
    Cancelled,
    /// These bytes of an archive that is elsewhere are not here.
    NotHeld {
        from: u64,
        until: u64,
    },
}

impl Fault {
    /// A rule about the whole archive.
    pub(super) fn refused(rule: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { member: None, rule: rule.into() }
    }

    /// A rule about one member.
    pub(super) fn refused_member(member: &str, rule: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(rule).of(member)
    }

    /// Something this program cannot do.
    pub(super) fn unsupported(member: Option<&str>, method: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported { member: member.map(printable), method: method.into() }
    }

    /// Bytes that do not fit.
    pub(super) fn damaged(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Damaged { member: None, reason: reason.into() }
    }

    /// Bytes that end too early.
    pub(super) fn truncated(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Truncated(reason.into())
    }

    /// The same about a member, where none is named yet.
    #[must_use]
    pub(super) fn of(mut self, name: &str) -> Self {
        match &mut self {
            Self::Refused { member, .. } | Self::Unsupported { member, .. } | Self::Damaged { member, .. }
                if member.is_none() =>
            {
                *member = Some(printable(name));
            }
            Self::PasswordNeeded(member) | Self::WrongPassword(member) if member.is_empty() => {
                *member = printable(name);
            }
            _ => {}
        }
        self
    }

    /// The same about an archive that is a member of another one.
    #[must_use]
    pub(super) fn inside(self, archive: &str) -> Self {
        let archive = printable(archive);
        let join = |member: Option<String>| match member {
            Some(member) => Some(format!("{archive}!{member}")),
            None => Some(archive.clone()),
        };
        match self {
            Self::Refused { member, rule } => Self::Refused { member: join(member), rule },
            Self::Unsupported { member, method } => Self::Unsupported { member: join(member), method },
            Self::Damaged { member, reason } => Self::Damaged { member: join(member), reason },
            Self::Truncated(reason) => {
                Self::Damaged { member: join(None), reason: format!("it is cut short, {reason}").into() }
            }
            Self::MissingPart(part) => {
                Self::Damaged { member: join(None), reason: format!("it is split, and {part} is missing").into() }
            }
            Self::NotAnArchive(found) => Self::Damaged { member: join(None), reason: format!("it is {found}").into() },
            Self::PasswordNeeded(member) => Self::PasswordNeeded(format!("{archive}!{member}")),
            Self::WrongPassword(member) => Self::WrongPassword(format!("{archive}!{member}")),
            Self::Source(_) | Self::Fs(_) | Self::Cancelled | Self::NotHeld { .. } => self,
        }
    }

    /// The same as a caller sees it.
    pub(super) fn in_archive(self, archive: &RelPath) -> UnpackError {
        let archive = archive.clone();
        match self {
            Self::Refused { member, rule } => UnpackError::Refused { archive, member, rule: rule.into() },
            Self::Unsupported { member, method } => UnpackError::Unsupported { archive, member, method: method.into() },
            Self::Truncated(reason) => UnpackError::Truncated { archive, reason: reason.into() },
            Self::MissingPart(part) => UnpackError::MissingPart { archive, part },
            Self::Damaged { member, reason } => UnpackError::Damaged { archive, member, reason: reason.into() },
            Self::NotAnArchive(found) => UnpackError::NotAnArchive { archive, found },
            Self::PasswordNeeded(member) => UnpackError::PasswordNeeded { archive, member },
            Self::WrongPassword(member) => UnpackError::WrongPassword { archive, member },
            Self::Source(source) => UnpackError::Source { archive, source },
            Self::Fs(error) => UnpackError::Fs(error),
            Self::Cancelled => UnpackError::Cancelled { archive },
            Self::NotHeld { from, until } => {
                UnpackError::Truncated { archive, reason: format!("its bytes from {from} to {until} are not here") }
            }
        }
    }

    /// What a decoder's error means: the disk below it, bytes missing, too much memory asked
    /// for, or damage.
    pub(super) fn from_decoder(error: io::Error, what: &'static str) -> Self {
        let error = match error.downcast::<FsError>() {
            Ok(error) => return Self::Fs(error),
            Err(error) => error,
        };
        let text = error.to_string();
        let lower = text.to_ascii_lowercase();
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::truncated(format!("the {what} stream ends too early"))
        } else if lower.contains("memory") || lower.contains("window") {
            Self::refused(format!("its {what} stream asks for more memory than is granted to it"))
        } else {
            Self::damaged(format!("the {what} stream is broken ({})", Printable::cut(&text, 80)))
        }
    }
}

impl From<FsError> for Fault {
    fn from(error: FsError) -> Self {
        Self::Fs(error)
    }
}

/// A name from an archive as it may be shown.
pub(super) fn printable(name: &str) -> String {
    Printable::new(name).to_string()
}
