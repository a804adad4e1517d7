//! Who asks a mirror, and where it is when not at its usual address. Values that come in.

use crate::credentials::CredentialSecret;
use crate::values::SafeUrl;

/// Who asks.
#[derive(Debug, Clone, Default)]
pub enum Who {
    /// Nobody in particular: only what is open to all can be read.
    #[default]
    Anybody,
    /// Somebody with this credential.
    Known(CredentialSecret),
}

/// Where a mirror is and how it is spoken to.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The address of the store, where it is not the usual one.
    pub endpoint: Option<SafeUrl>,
    /// The region of an S3 bucket.
    pub region: Option<String>,
    /// Who asks.
    pub who: Who,
}
