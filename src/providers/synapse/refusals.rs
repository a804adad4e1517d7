//! Why Synapse holds something back, and where a person goes about it.
//!
//! What the host writes as its reason is recognised, never repeated.

use std::collections::BTreeSet;

use serde_json::json;

use crate::net::NetError;
use crate::values::{ByteSize, Printable, RelPath, SafeUrl};

use super::super::account::Account;
use super::super::{Hosts, ProviderError};
use super::answers::{FileHandle, Refusal, Requirement, RequirementStatus, Requirements, Restriction};
use super::{EntityId, asked, posted, repository};

/// An entity that the one who asks may not download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocked {
    /// Its id.
    pub entity: String,
    /// The requirements that are not met; `None` where they must be asked for.
    pub unmet: Option<Vec<u64>>,
}

/// An entity that is not there.
pub(super) struct Subject<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whether its owner threw it away.
    pub trashed: bool,
}

/// A requirement with the entity it stands before.
struct Unmet {
    requirement: Requirement,
    entity: String,
    /// Where a request for it stands.
    state: Option<String>,
}

impl Blocked {
    /// One of which only that it is blocked is known.
    pub fn unknown(entity: &str) -> Self {
        Self { entity: entity.to_owned(), unmet: None }
    }
}

/// What a refusal of the interface means.
pub(super) async fn meaning(hosts: &Hosts, error: &NetError, body: Option<Refusal>, entity: &str) -> ProviderError {
    let body = body.unwrap_or_default();
    if matches!(error, NetError::NotPermitted { .. }) && body.reason.contains("unmet access requirements") {
        return held_back(hosts, &[Blocked::unknown(entity)]).await;
    }
    plain_meaning(error, &body, entity).unwrap_or_else(|| error.clone().into())
}

/// The same where the host need not be asked again. Pure.
pub(super) fn plain_meaning(error: &NetError, body: &Refusal, entity: &str) -> Option<ProviderError> {
    let says = |words: &str| body.reason.to_lowercase().contains(words);
    let with_token =
        |exit, message: &str| ProviderError::Refused { exit, message: message.into(), help: Account::help("synapse") };
    let refused = |exit, message: &str, help: &str| ProviderError::Refused {
        exit,
        message: message.into(),
        help: vec![help.into()],
    };
    Some(match error {
        NetError::SignInNeeded { credential_sent: true, .. } => {
            with_token(21, "Synapse refuses the stored token: it is wrong, or has expired")
        }
        NetError::SignInNeeded { .. } => with_token(20, "Synapse wants to know who asks"),
        NetError::NotPermitted { .. } if body.error == "insufficient_scope" || says("insufficient_scope") => {
            with_token(21, "the stored token may not do this: it lacks a scope")
        }
        NetError::NotPermitted { .. } if says("terms of use") => {
            let help = "sign in at <https://www.synapse.org/> and accept them there";
            refused(23, "this account has not accepted the terms of Synapse itself", help)
        }
        NetError::NotPermitted { .. } if says("two factor") || says("two-factor") => {
            let message = format!("`{entity}` is for accounts with two-factor authentication only");
            refused(22, &message, "switch it on in the settings of your account at <https://www.synapse.org/>")
        }
        NetError::NotPermitted { credential_sent: false, .. } => with_token(20, "Synapse wants to know who asks"),
        NetError::NotPermitted { .. } => not_permitted(entity),
        NetError::Gone { .. } => gone(Subject { id: entity, trashed: says("trash can") }),
        _ => return None,
    })
}

/// Names all that must be met before these can be downloaded, with the pages to visit.
pub(super) async fn held_back(hosts: &Hosts, blocked: &[Blocked]) -> ProviderError {
    let mut unmet: Vec<Unmet> = Vec::new();
    let mut told = BTreeSet::new();
    for one in blocked {
        if one.unmet.as_ref().is_some_and(|ids| ids.iter().all(|id| told.contains(id))) {
            continue;
        }
        match unmet_of(hosts, one).await {
            Ok(found) => unmet.extend(found.into_iter().filter(|unmet| told.insert(unmet.requirement.id))),
            Err(error) => return error,
        }
        // Those that the host does not describe are not asked about again.
        told.extend(one.unmet.iter().flatten());
    }
    let first = blocked.first().map(|one| one.entity.as_str()).unwrap_or_default();
    explained(&unmet, first, hosts.secret.is_some())
}

/// The requirements that stand before one entity.
async fn unmet_of(hosts: &Hosts, blocked: &Blocked) -> Result<Vec<Unmet>, ProviderError> {
    let id = EntityId::of(&blocked.entity).id;
    let ids = match &blocked.unmet {
        Some(ids) => Some(ids.clone()),
        None => {
            let document = json!({ "restrictableObjectType": "ENTITY", "objectId": id });
            let request = posted(hosts, repository(&["restrictionInformation"]), &document);
            plainly::<Restriction>(hosts, &request, id).await?.unmet()
        }
    };
    if ids.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let url = repository(&["entity", id, "accessRequirement"]).join("?limit=50&offset=0");
    let url = url.map_err(|error| super::unusable(error.to_string()))?;
    let all: Requirements = plainly(hosts, &asked(hosts, url), id).await?;
    let is_unmet = |requirement: &Requirement| ids.as_ref().is_none_or(|ids| ids.contains(&requirement.id));
    let mut unmet = Vec::new();
    for requirement in all.results.into_iter().filter(is_unmet) {
        let state = match requirement.is_managed() {
            true => state_of(hosts, requirement.id).await,
            false => None,
        };
        unmet.push(Unmet { requirement, entity: id.to_owned(), state });
    }
    Ok(unmet)
}

/// Where a request stands; nothing where the host does not say.
async fn state_of(hosts: &Hosts, requirement: u64) -> Option<String> {
    let request = asked(hosts, repository(&["accessRequirement", &requirement.to_string(), "status"]));
    let status: RequirementStatus = plainly(hosts, &request, "").await.ok()?;
    status.current_submission_status?.state
}

/// As [`super::ask`], but a refusal is not looked into any further.
async fn plainly<T: serde::de::DeserializeOwned>(
    hosts: &Hosts,
    request: &crate::net::HttpRequest,
    entity: &str,
) -> Result<T, ProviderError> {
    let answer = hosts.client.call(request, ByteSize(16 << 20)).await?;
    match &answer.error {
        None => Ok(answer.json()?),
        Some(error) => {
            let body = answer.refusal().unwrap_or_default();
            Err(plain_meaning(error, &body, entity).unwrap_or_else(|| error.clone().into()))
        }
    }
}

/// The failure with a line for each requirement. Pure.
fn explained(unmet: &[Unmet], first: &str, signed_in: bool) -> ProviderError {
    let steps: Vec<String> = unmet.iter().map(Unmet::step).collect();
    let count = match steps.len() {
        1 => "a requirement".to_owned(),
        many => format!("{many} requirements"),
    };
    if !signed_in {
        let message = match steps.is_empty() {
            true => format!("Synapse wants to know who asks for `{first}`"),
            false => format!("Synapse wants to know who asks for `{first}`, which has {count}"),
        };
        return ProviderError::Refused {
            exit: 20,
            message,
            help: Account::help("synapse").into_iter().chain(steps).collect(),
        };
    }
    let Some(one) = unmet.first() else { return not_permitted(first) };
    let exit = if one.requirement.is_self_signed() { 23 } else { 22 };
    let message = format!("Synapse holds back `{first}`: this account has not met {count} of it");
    ProviderError::Refused { exit, message, help: steps }
}

impl Unmet {
    /// What a person does about it.
    fn step(&self) -> String {
        let Requirement { id, name, .. } = &self.requirement;
        let page = page_of(&self.entity);
        let name = match name.as_str() {
            "" => format!("requirement {id}"),
            name => format!("\"{}\" (requirement {id})", Printable::cut(name, 120)),
        };
        if self.requirement.is_self_signed() {
            return format!("accept {name} at <{page}>");
        }
        let state = match self.state.as_deref() {
            Some("SUBMITTED") => ": your request is being reviewed",
            Some("REJECTED") => ": your request was rejected, see the reason there",
            Some("CANCELLED") => ": your request was cancelled",
            _ => "",
        };
        let second =
            if self.requirement.is_two_fa_required { ", with two-factor authentication switched on" } else { "" };
        format!("ask for {name} at <{page}>{second}{state}")
    }
}

pub(super) fn gone(subject: Subject<'_>) -> ProviderError {
    let Subject { id, trashed } = subject;
    let message = match trashed {
        true => format!("`{id}` was taken back by its owner: it lies in the trash can of Synapse"),
        false => format!("`{id}` is not on Synapse, or no longer"),
    };
    ProviderError::Refused { exit: 35, message, help: vec![format!("see <{}>", page_of(id))] }
}

/// The entry names a file that its folder does not hold.
pub(super) fn not_held(path: &RelPath, folder: Option<&str>) -> ProviderError {
    let Some(folder) = folder else { return ProviderError::NoPlace { path: path.clone() } };
    let message = format!("`{path}` is not in `{folder}` on Synapse, or no longer");
    let help = format!("see <{}>; `--exclude '{path}'` fetches the rest", page_of(folder));
    ProviderError::Refused { exit: 35, message, help: vec![help] }
}

/// The bytes are not with Synapse: it can neither sign a link to them nor vouch for them.
pub(super) fn stored_elsewhere(path: &RelPath, handle: &FileHandle) -> ProviderError {
    let kind = Printable::cut(handle.kind(), 60).to_string();
    let place = handle.external_url.as_deref().and_then(|url| SafeUrl::parse(url).ok());
    let message = format!("`{path}` is not stored by Synapse (`{kind}`)");
    let help = match place {
        Some(place) => format!("get it by hand from <{place}>, then `medsets import` it"),
        None => {
            "get it by hand with the Synapse client and your own access to the storage, then `medsets import` it".into()
        }
    };
    ProviderError::Refused { exit: 26, message, help: vec![help] }
}

fn not_permitted(entity: &str) -> ProviderError {
    ProviderError::Refused {
        exit: 22,
        message: format!("Synapse does not let this account download `{entity}`"),
        help: vec![format!("ask for access at <{}>", page_of(entity))],
    }
}

fn page_of(entity: &str) -> String {
    format!("https://www.synapse.org/Synapse:{}", EntityId::of(entity).id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, credential_sent: bool) -> NetError {
        let url = repository(&["entity", "syn1"]);
        match status {
            401 => NetError::SignInNeeded { url, credential_sent, hint: None },
            403 => NetError::NotPermitted { url, credential_sent, hint: None },
            _ => NetError::Gone { url, status },
        }
    }

    #[test]
    fn reasons_become_exits() {
        #[track_caller]
        fn check(status: u16, sent: bool, reason: &str, expected: u8) {
            let body = Refusal { reason: reason.to_owned(), error: String::new() };
            let Some(ProviderError::Refused { exit, message, help }) =
                plain_meaning(&error(status, sent), &body, "syn1")
            else {
                panic!("{status} {reason}")
            };
            assert_eq!(exit, expected, "{status} {reason}: {message}");
            assert!(help[0].contains("https://www.synapse.org/"), "{help:?}");
        }
        check(401, true, "Invalid access token", 21);
        check(401, false, "", 20);
        check(403, true, "insufficient_scope. Request lacks scope(s) required by this service: download", 21);
        check(403, true, "You have not yet agreed to the Synapse Terms of Use.", 23);
        check(403, true, "Terms of use have not been signed.", 23);
        check(403, true, "You need to enable two factor authentication to access the requested entity.", 22);
        check(403, true, "You lack DOWNLOAD access to the requested entity.", 22);
        check(403, false, "Anonymous users have only READ access permission.", 20);
        check(404, true, "Resource: 'syn1' does not exist", 35);
        check(404, true, "Entity syn1 is in trash can.", 35);
    }

    fn unmet(id: u64, kind: &str, state: Option<&str>) -> Unmet {
        let text = format!(
            r#"{{"id":{id},"name":"Terms \u001b[2J{id}","concreteType":"org.sagebionetworks.repo.model.{kind}"}}"#
        );
        let requirement = serde_json::from_str(&text).unwrap();
        Unmet { requirement, entity: "syn7".to_owned(), state: state.map(str::to_owned) }
    }

    #[test]
    fn every_requirement_is_named_and_the_first_one_decides() {
        #[track_caller]
        fn check(unmet: &[Unmet], signed_in: bool, expected: u8, says: &[&str]) {
            let ProviderError::Refused { exit, message, help } = explained(unmet, "syn7", signed_in) else { panic!() };
            assert_eq!(exit, expected, "{message}");
            let help = help.join("\n");
            assert!(!help.contains('\u{1b}'), "{help}");
            for words in says {
                assert!(help.contains(words), "{words} is not in {help}");
            }
        }
        let click = || unmet(1, "TermsOfUseAccessRequirement", None);
        let sign = || unmet(2, "SelfSignAccessRequirement", None);
        let managed = |state| unmet(3, "ManagedACTAccessRequirement", state);
        check(&[click(), managed(None)], true, 23, &["requirement 1", "ask for", "requirement 3", "Synapse:syn7"]);
        check(&[sign()], true, 23, &["accept"]);
        check(&[managed(Some("SUBMITTED")), click()], true, 22, &["being reviewed", "requirement 1"]);
        check(&[unmet(4, "LockAccessRequirement", None)], true, 22, &["requirement 4"]);
        check(&[], true, 22, &["ask for access at <https://www.synapse.org/Synapse:syn7>"]);
        check(&[click()], false, 20, &["MEDSETS_TOKEN_SYNAPSE", "requirement 1"]);
    }
}
