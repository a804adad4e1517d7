//! Why Kaggle says no.
//!
//! The reason stands in the body alone, sometimes beside status 200. Its words decide which
//! refusal it is and are not repeated.

use serde::Deserialize;

use crate::net::Answer;
use crate::values::Printable;

use super::super::ProviderError;
use super::super::account::Account;
use super::KagglePlace;

/// The parts of a refusal in all the shapes that were seen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    code: Option<u16>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    error: Option<Inner>,
    #[serde(default, rename = "errorMessage")]
    error_message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Inner {
    code: Option<u16>,
    message: Option<String>,
}

impl Said {
    /// Whether it has nothing of what Kaggle says with a refusal.
    pub(super) fn is_silent(&self) -> bool {
        self.code().is_none() && self.words().is_empty()
    }

    fn code(&self) -> Option<u16> {
        self.code.or(self.error.as_ref().and_then(|inner| inner.code))
    }

    fn words(&self) -> &str {
        let inner = self.error.as_ref().and_then(|inner| inner.message.as_deref());
        let words = [self.message.as_deref(), inner, self.error_message.as_deref()];
        words.into_iter().flatten().find(|words| !words.is_empty()).unwrap_or_default()
    }
}

/// The answer, if it is no refusal.
pub(super) fn check(answer: Answer, place: &KagglePlace, credential_sent: bool) -> Result<Answer, ProviderError> {
    let said: Said = serde_json::from_slice(&answer.page.bytes).unwrap_or_default();
    let stated = said.code().filter(|code| *code >= 400);
    let refused =
        answer.error.is_some() || stated.is_some() || said.error_message.as_ref().is_some_and(|m| !m.is_empty());
    if !refused {
        return Ok(answer);
    }
    let status = if answer.status >= 400 { answer.status } else { stated.unwrap_or(answer.status) };
    match (meaning(status, said.words(), place, credential_sent), answer.error) {
        (Some(refusal), _) => Err(refusal),
        (None, Some(error)) => Err(error.into()),
        (None, None) => {
            Err(ProviderError::Answer { host: "Kaggle", reason: format!("it reports an error of its own ({status})") })
        }
    }
}

/// What a refusal means. `None` where Kaggle's status says it all.
fn meaning(status: u16, words: &str, place: &KagglePlace, credential_sent: bool) -> Option<ProviderError> {
    let name = place.shown();
    let page = place.page(None);
    let words = words.to_lowercase();
    let asks_for_rules = words.contains("accept") && words.contains("rules");
    let asks_for_person = words.contains("phone") || words.contains("verif");
    let token = || Account::help("kaggle");
    let verified =
        "see <https://www.kaggle.com/settings> whether Kaggle wants your phone or identity verified".to_owned();
    let (exit, message, help) = match (status, place) {
        (401, _) if credential_sent => (21, "Kaggle refuses the stored credential".to_owned(), token()),
        (401, _) => (20, format!("Kaggle wants to know who asks for {name}"), token()),
        (403, KagglePlace::Competition(_)) if asks_for_rules => {
            let message = format!("this account has not accepted the rules of {name}");
            (23, message, place.rules())
        }
        (403, _) if asks_for_person => {
            (22, format!("Kaggle wants this account verified before it gives {name}"), vec![verified])
        }
        (403, KagglePlace::Competition(_)) => {
            let message = format!("Kaggle does not permit {name} to this account");
            (22, message, place.rules().into_iter().chain([verified]).collect())
        }
        (403, KagglePlace::Dataset { .. }) if !credential_sent => {
            let message =
                format!("Kaggle does not give {name} to somebody unknown: it is private, or wants an account");
            (20, message, [token(), vec![format!("see <{page}>")]].concat())
        }
        (403, KagglePlace::Dataset { .. }) => {
            let message = format!("{name} is private, or not permitted to this account");
            (22, message, vec![format!("see <{page}> whether your account can open it")])
        }
        (404, _) => {
            let message = format!("Kaggle has no such file or no {name} (status 404)");
            (35, message, vec![format!("see <{page}> whether it is still there")])
        }
        (429, _) => {
            let message = "Kaggle limits what this account may download for now (status 429)".to_owned();
            (33, message, vec!["run the same command again in a while: what is finished is kept".to_owned()])
        }
        _ => return None,
    };
    Some(ProviderError::Refused { exit, message, help })
}

impl KagglePlace {
    fn shown(&self) -> String {
        match self {
            Self::Dataset { owner, slug, .. } => {
                format!("dataset `{}`", Printable::new(&format!("{owner}/{slug}")))
            }
            Self::Competition(name) => format!("competition `{}`", Printable::new(name)),
        }
    }

    fn rules(&self) -> Vec<String> {
        let page = self.page(None).at(&["rules"]);
        vec![
            format!("accept the rules at <{page}>, signed in as the account of the credential"),
            "after the end of a competition this goes by its button `Late Submission`".to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_by_their_words() {
        #[track_caller]
        fn check(status: u16, body: &str, place: &KagglePlace, credential_sent: bool, exit: u8, says: &str) {
            let said: Said = serde_json::from_str(body).unwrap();
            let status = said.code().unwrap_or(status);
            let Some(ProviderError::Refused { exit: found, message, help }) =
                meaning(status, said.words(), place, credential_sent)
            else {
                panic!("{body}")
            };
            assert_eq!(found, exit, "{body}");
            assert!(format!("{message} {}", help.join(" ")).contains(says), "{message} {help:?}");
        }
        let dataset = KagglePlace::Dataset { owner: "own".into(), slug: "toy".into(), version: None };
        let competition = KagglePlace::Competition("toy".into());
        let rules = r#"{"code":403,"message":"You must accept this competition\u0027s rules before you\u0027ll be able to download files."}"#;
        check(403, rules, &competition, true, 23, "https://www.kaggle.com/competitions/toy/rules");
        let denied = r#"{"code":403,"message":"Permission 'competitions.participate' was denied"}"#;
        check(403, denied, &competition, true, 22, "https://www.kaggle.com/competitions/toy/rules");
        let private = r#"{"code":403,"message":"Permission 'datasets.get' was denied"}"#;
        check(403, private, &dataset, true, 22, "private");
        check(403, private, &dataset, false, 20, "MEDSETS_TOKEN_KAGGLE");
        let token = r#"{"code":401,"message":"Unauthenticated"}"#;
        check(401, token, &dataset, true, 21, "settings/api");
        check(401, token, &dataset, false, 20, "who asks");
        let phone = r#"{"code":403,"message":"Phone verification is needed."}"#;
        check(403, phone, &competition, true, 22, "https://www.kaggle.com/settings");
        check(404, r#"{"code":404,"message":"Not found"}"#, &dataset, true, 35, "still there");
        check(429, r#"{"code":429,"message":"TooManyRequests"}"#, &dataset, true, 33, "429");
        let newer = r#"{"error":{"code":429,"message":"Too many requests","status":"RESOURCE_EXHAUSTED"}}"#;
        check(200, newer, &dataset, true, 33, "429");
    }
}
