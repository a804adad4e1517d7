//! Whose account a credential opens, as its host says.

/// What a host tells of the one who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account's name at the host; some hosts only say that the credential is good.
    pub name: Option<String>,
}
