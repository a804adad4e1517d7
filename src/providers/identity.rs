//! Whose account a credential opens, as its host says.

use serde::de::DeserializeOwned;

use crate::net::{HttpRequest, NetError};
use crate::values::ByteSize;

use super::account::Account;
use super::{
    Hosts, ProviderError, figshare, github, huggingface, isic, kaggle, osf, physionet, redivis, synapse, umls, zenodo,
};

/// What a host tells of the one who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account's name at the host; some hosts only say that the credential is good.
    pub name: Option<String>,
}

/// Asks a provider's host who the stored credential is. `None` where the host has no way to
/// be asked.
///
/// A credential that the host does not take is [`ProviderError::Refused`] with exit 21.
pub async fn identify(provider: &str, hosts: &Hosts) -> Result<Option<Identity>, ProviderError> {
    match provider {
        "figshare" => figshare::identify(hosts).await.map(Some),
        "github" => github::identify(hosts).await.map(Some),
        "huggingface" => huggingface::identify(hosts).await.map(Some),
        "isic" => isic::identify(hosts).await.map(Some),
        "kaggle" => kaggle::identify(hosts).await.map(Some),
        "osf" => osf::identify(hosts).await.map(Some),
        "physionet" => physionet::identify(hosts).await.map(Some),
        "redivis" => redivis::identify(hosts).await.map(Some),
        "synapse" => synapse::identify(hosts).await.map(Some),
        "umls" => umls::identify(hosts).await.map(Some),
        "zenodo" => zenodo::identify(hosts).await,
        _ => Ok(None),
    }
}

/// Asks an address that answers only those it knows.
pub(super) async fn ask<T: DeserializeOwned>(
    provider: &str,
    hosts: &Hosts,
    request: &HttpRequest,
) -> Result<T, ProviderError> {
    let answer = hosts.client.call(request, LARGEST).await?;
    match answer.error {
        Some(NetError::SignInNeeded { .. } | NetError::NotPermitted { .. }) => Err(refused(provider)),
        _ => Ok(answer.json()?),
    }
}

/// The host does not take the credential.
pub(super) fn refused(provider: &str) -> ProviderError {
    let account = Account::with(provider);
    let (title, word) = account.map_or((provider, "credential"), |account| (account.title, account.word));
    ProviderError::Refused { exit: 21, message: format!("{title} refuses the {word}"), help: Account::help(provider) }
}

/// An account's particulars are small.
const LARGEST: ByteSize = ByteSize(1 << 20);
