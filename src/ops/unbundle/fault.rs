//! What stops an unbundling: something wrong with the bundle, or anything else.

use std::path::Path;

use crate::agreements::AgreementError;
use crate::bundle::BundleError;
use crate::context::ContextError;
use crate::fs::FsError;
use crate::layout::LayoutError;

use super::super::failure::Failure;

/// A failure, with whether the file that is read is to blame.
#[derive(Debug)]
pub(in crate::ops) enum Fault {
    /// The bundle is. The message does not name it yet.
    OfBundle(Box<Failure>),
    /// It is not, and the message is whole.
    Other(Box<Failure>),
}

impl Fault {
    /// Something is wrong with the bundle.
    pub fn of_bundle(failure: Failure) -> Self {
        Self::OfBundle(Box::new(failure))
    }

    /// With the name of the bundle before what is wrong with it.
    pub fn named(self, path: &Path) -> Failure {
        match self {
            Self::OfBundle(failure) => {
                let name = match path == Path::new("-") {
                    true => "standard input".to_owned(),
                    false => format!("`{}`", path.display()),
                };
                Failure { message: format!("{name}: {}", failure.message), ..*failure }
            }
            Self::Other(failure) => *failure,
        }
    }
}

impl From<BundleError> for Fault {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Fs(error) => error.into(),
            error => Self::OfBundle(Box::new(error.into())),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Other(Box::new(failure))
    }
}

macro_rules! others {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Failure::from(error).into()
            }
        })*
    };
}

others!(FsError, LayoutError, AgreementError, ContextError);
