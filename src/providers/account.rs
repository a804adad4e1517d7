//! The hosts that know who asks: in which form they want it, and where a person gets it.
//!
//! Pages are those that the hosts' own programs or documentation name; where only the site is
//! known, the words say where on it. Read 2026-11-28.

use crate::credentials::Form;
use crate::remedy::{self, Held};
use crate::values::SafeUrl;

/// An account with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The provider's name, under which a credential is kept.
    pub provider: &'static str,
    /// The host's name.
    pub title: &'static str,
    /// What is asked for, the first choice first.
    pub forms: &'static [Form],
    /// What the host calls it.
    pub word: &'static str,
    /// Where a person gets it.
    pub page: &'static str,
    /// Where on the page, and what else to know.
    pub hint: &'static str,
    /// The address whose entry in `~/.netrc` counts, where the host's own programs use that.
    netrc: Option<&'static str>,
}

/// Every host with accounts of its own that medsets knows.
pub const ACCOUNTS: &[Account] = &[
    account(
        "azure-storage",
        "Azure Blob Storage",
        TOKEN,
        "access key or shared access signature",
        "https://portal.azure.com/",
        "for a mirror of your team, from whoever keeps it",
    ),
    account("figshare", "figshare", TOKEN, "personal token", "https://figshare.com/", "Applications in your profile"),
    account(
        "gcs",
        "Google Cloud Storage",
        TOKEN,
        "key of a service account, or access token",
        "https://console.cloud.google.com/iam-admin/serviceaccounts",
        "for a mirror of your team, from whoever keeps it",
    ),
    account("github", "GitHub", TOKEN, "token", "https://github.com/settings/tokens", "no scope is needed"),
    account("huggingface", "Hugging Face", TOKEN, "token", "https://huggingface.co/settings/tokens", "kind `read`"),
    account(
        "isic",
        "ISIC Archive",
        TOKEN,
        "access token",
        "https://www.isic-archive.com/",
        "sign in with `isic user login`, whose token is found",
    ),
    account(
        "kaggle",
        "Kaggle",
        &[Form::Token, Form::Login],
        "API token",
        "https://www.kaggle.com/settings/api",
        "with an older key give your user name with `--user`",
    ),
    account("ncbi", "NCBI", TOKEN, "API key", "https://www.ncbi.nlm.nih.gov/", "Account settings, API Key Management"),
    account("osf", "OSF", TOKEN, "personal access token", "https://osf.io/settings/tokens", "scope `osf.full_read`"),
    Account {
        netrc: Some("https://physionet.org/"),
        ..account(
            "physionet",
            "PhysioNet",
            &[Form::Login],
            "password",
            "https://physionet.org/login/",
            "the user name and password of the web site",
        )
    },
    account(
        "redivis",
        "Redivis",
        TOKEN,
        "API token",
        "https://redivis.com/",
        "the settings of your workspace; scope `data.data`",
    ),
    account(
        "s3",
        "Amazon S3",
        &[Form::Keys],
        "secret access key",
        "https://console.aws.amazon.com/iam/",
        "only for buckets that are not open, and for a mirror of your team",
    ),
    account(
        "synapse",
        "Synapse",
        TOKEN,
        "personal access token",
        "https://www.synapse.org/",
        "your account's settings; scopes `view` and `download`",
    ),
    account("umls", "UMLS (NLM)", TOKEN, "API key", "https://uts.nlm.nih.gov/uts/profile", "your UTS profile"),
    account(
        "zenodo",
        "Zenodo",
        TOKEN,
        "personal access token",
        "https://zenodo.org/account/settings/applications/tokens/new/",
        "no scope is needed for public records",
    ),
];

const TOKEN: &[Form] = &[Form::Token];

const fn account(
    provider: &'static str,
    title: &'static str,
    forms: &'static [Form],
    word: &'static str,
    page: &'static str,
    hint: &'static str,
) -> Account {
    Account { provider, title, forms, word, page, hint, netrc: None }
}

impl Account {
    /// The account with a provider.
    pub fn with(provider: &str) -> Option<&'static Self> {
        ACCOUNTS.iter().find(|account| account.provider == provider)
    }

    /// How a person comes by what the host wants, and how it is given to medsets: a line each.
    /// The same for everything that a provider says of a credential.
    pub fn help(provider: &str) -> Vec<String> {
        let account = Self::with(provider);
        let held = match account.map(|account| account.forms) {
            Some([Form::Token]) => Held::Token,
            Some([Form::Login]) => Held::Login,
            Some([Form::Keys]) => Held::Keys,
            _ => Held::Either,
        };
        let get = account.map(|one| format!("get the {} at <{}> ({})", one.word, one.page, one.hint));
        get.into_iter().chain([remedy::hand_over(provider, held)]).collect()
    }

    /// The address for which `~/.netrc` is asked.
    pub fn netrc(&self) -> Option<SafeUrl> {
        self.netrc.map(|text| SafeUrl::parse(text).expect("it is an address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_pages_are_addresses() {
        assert!(ACCOUNTS.is_sorted_by_key(|account| account.provider));
        for account in ACCOUNTS {
            assert!(SafeUrl::parse(account.page).is_ok_and(|page| page.is_https()), "{}", account.provider);
            assert!(account.netrc().is_none_or(|url| url.is_https()));
        }
    }
}
