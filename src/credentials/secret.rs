//! Secrets by their form, and the texts that they are made of.

use crate::values::Secret;

/// A secret by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSecret {
    /// One text: a token, a key, a signed link.
    Token(Secret),
    /// A name and a password.
    Login {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Keys that sign requests (AWS Signature Version 4).
    Keys {
        /// The access key's id, which is sent.
        access_key: String,
        /// The secret key, which is not.
        secret_key: Secret,
        /// The token of keys that hold for a session, which is sent.
        session_token: Option<Secret>,
    },
}

/// The form of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One text.
    Token,
    /// A name and a password.
    Login,
    /// Keys that sign requests.
    Keys,
}

/// One text of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Token,
    User,
    Password,
    AccessKey,
    SecretKey,
    SessionToken,
}

impl Part {
    /// The key in `credentials.toml`; with `_` for `-`, and in capitals, a part of the variable.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::User => "user",
            Self::Password => "password",
            Self::AccessKey => "access-key",
            Self::SecretKey => "secret-key",
            Self::SessionToken => "session-token",
        }
    }

    /// Whether its form is nothing without it.
    pub(super) fn is_needed(self) -> bool {
        self != Self::SessionToken
    }
}

impl Form {
    pub(super) fn parts(self) -> impl Iterator<Item = Part> {
        let parts: &[Part] = match self {
            Self::Token => &[Part::Token],
            Self::Login => &[Part::User, Part::Password],
            Self::Keys => &[Part::AccessKey, Part::SecretKey, Part::SessionToken],
        };
        parts.iter().copied()
    }

    /// Puts a credential together from its texts. `Err` names the part that is missing beside
    /// another that is there.
    pub(super) fn assemble(
        self,
        mut get: impl FnMut(Part) -> Option<Secret>,
    ) -> Result<Option<CredentialSecret>, Part> {
        let (first, second) = match self {
            Self::Token => return Ok(get(Part::Token).map(CredentialSecret::Token)),
            Self::Login => (Part::User, Part::Password),
            Self::Keys => (Part::AccessKey, Part::SecretKey),
        };
        let (open, hidden) = match (get(first), get(second)) {
            (Some(open), Some(hidden)) => (open.expose().to_owned(), hidden),
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(first),
            (Some(_), None) => return Err(second),
        };
        Ok(Some(match self {
            Self::Keys => {
                let session_token = get(Part::SessionToken);
                CredentialSecret::Keys { access_key: open, secret_key: hidden, session_token }
            }
            Self::Token | Self::Login => CredentialSecret::Login { user: open, password: hidden },
        }))
    }
}

impl CredentialSecret {
    /// Its form.
    pub fn form(&self) -> Form {
        match self {
            Self::Token(_) => Form::Token,
            Self::Login { .. } => Form::Login,
            Self::Keys { .. } => Form::Keys,
        }
    }

    /// The name in it that is no secret.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Login { user, .. } => Some(user),
            Self::Token(_) | Self::Keys { .. } => None,
        }
    }

    /// Its texts, to be stored.
    pub(super) fn texts(&self) -> Vec<(Part, &str)> {
        match self {
            Self::Token(token) => vec![(Part::Token, token.expose())],
            Self::Login { user, password } => vec![(Part::User, user), (Part::Password, password.expose())],
            Self::Keys { access_key, secret_key, session_token } => {
                let session = session_token.iter().map(|token| (Part::SessionToken, token.expose()));
                [(Part::AccessKey, access_key.as_str()), (Part::SecretKey, secret_key.expose())]
                    .into_iter()
                    .chain(session)
                    .collect()
            }
        }
    }
}
