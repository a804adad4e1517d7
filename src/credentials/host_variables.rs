//! The variables of the hosts' own programs.
//!
//! zenodo and figshare name none; those that other people's programs use are not asked.
//! Sources: kaggle 2.2.5, huggingface_hub 2.4.0, physionet 0.2.0, synapseclient, osfclient
//! 0.0.5, redivis 0.21.1, the gh and AWS command lines, read 2026-11-23.

use std::collections::BTreeMap;
use std::path::Path;

use crate::values::Secret;

use super::variables::{self, secret_in};
use super::{Answer, CredentialError, CredentialOrigin, Part, Wanted};

/// The variables for a part of a credential, the first choice first.
pub(super) fn names(provider: &str, part: Part) -> &'static [&'static str] {
    match (provider, part) {
        ("kaggle", Part::Token) => &["KAGGLE_API_TOKEN"],
        ("kaggle", Part::User) => &["KAGGLE_USERNAME"],
        ("kaggle", Part::Password) => &["KAGGLE_KEY"],
        ("huggingface", Part::Token) => &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"],
        ("physionet", Part::User) => &["PHYSIONET_USERNAME"],
        ("physionet", Part::Password) => &["PHYSIONET_PASSWORD"],
        ("synapse", Part::Token) => &["SYNAPSE_AUTH_TOKEN"],
        ("osf", Part::Token) => &["OSF_TOKEN"],
        ("redivis", Part::Token) => &["REDIVIS_API_TOKEN"],
        ("github", Part::Token) => &["GH_TOKEN", "GITHUB_TOKEN"],
        ("ncbi", Part::Token) => &["NCBI_API_KEY"],
        ("umls", Part::Token) => &["UMLS_API_KEY"],
        ("gcs", Part::Token) => &["CLOUDSDK_AUTH_ACCESS_TOKEN"],
        ("azure-storage", Part::Token) => &["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_KEY"],
        ("s3", Part::AccessKey) => &["AWS_ACCESS_KEY_ID"],
        ("s3", Part::SecretKey) => &["AWS_SECRET_ACCESS_KEY"],
        ("s3", Part::SessionToken) => &["AWS_SESSION_TOKEN"],
        _ => &[],
    }
}

/// The credential that they hold. An empty variable counts as absent.
pub(super) fn find(variables: &BTreeMap<String, String>, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
    if is_switched_off(variables, wanted.provider) {
        return Ok(Answer::NotThere("`HF_HUB_DISABLE_IMPLICIT_TOKEN` leaves it out".to_owned()));
    }
    variables::assemble(
        wanted,
        |part| {
            let named = names(wanted.provider, part).iter();
            let held = named.filter_map(|name| Some((*name, variables.get(*name).filter(|value| !value.is_empty())?)));
            held.map(|(name, value)| in_variable(wanted.provider, name, value)).next().transpose()
        },
        |missing| names(wanted.provider, missing).first().map_or(String::new(), |name| (*name).to_owned()),
    )
}

/// Whether the person told the Hub's programs not to send what they find.
pub(super) fn is_switched_off(variables: &BTreeMap<String, String>, provider: &str) -> bool {
    let value = variables.get("HF_HUB_DISABLE_IMPLICIT_TOKEN").map(|value| value.to_ascii_lowercase());
    provider == "huggingface" && matches!(value.as_deref(), Some("1" | "on" | "yes" | "true"))
}

/// Kaggle's variable holds the token, or the path of a file that holds it.
fn in_variable(provider: &str, name: &str, value: &str) -> Result<(Secret, CredentialOrigin), CredentialError> {
    let path = Path::new(value);
    if provider == "kaggle" && path.is_absolute() {
        return Ok((secret_in(path, name)?, CredentialOrigin::VariableFile(name.to_owned())));
    }
    Ok((Secret::new(value), CredentialOrigin::Variable(name.to_owned())))
}
