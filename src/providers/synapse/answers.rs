//! What Synapse answers, as far as it is read.

use serde::Deserialize;

use crate::values::{Algorithm, Digest};

use super::refusals::Blocked;

/// `POST /entity/children`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChildrenPage {
    #[serde(default)]
    pub page: Vec<Header>,
    pub next_page_token: Option<String>,
}

/// An entity in a list. It gives neither size nor digest.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub id: String,
    pub name: String,
    /// The full name of a Java class.
    #[serde(rename = "type")]
    kind: String,
}

/// `POST /entity/ID/bundle2`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bundle {
    pub entity: Entity,
    /// Empty where the one who asks may not see them.
    #[serde(default)]
    file_handles: Vec<FileHandle>,
    pub restriction_information: Option<Restriction>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entity {
    pub id: String,
    pub name: String,
    concrete_type: String,
    pub version_number: Option<u64>,
    pub data_file_handle_id: Option<String>,
    file_name_override: Option<String>,
}

/// The bytes of a version of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileHandle {
    id: String,
    concrete_type: String,
    file_name: Option<String>,
    pub content_size: Option<u64>,
    content_md5: Option<String>,
    #[serde(rename = "externalURL")]
    pub external_url: Option<String>,
}

/// What holds an entity back from the one who asks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restriction {
    #[serde(default)]
    has_unmet_access_requirement: bool,
    user_entity_permissions: Option<Permissions>,
    #[serde(default)]
    restriction_details: Vec<RestrictionDetail>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    #[serde(default)]
    can_download: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RestrictionDetail {
    access_requirement_id: u64,
    #[serde(default)]
    is_met: bool,
    #[serde(default)]
    is_exempt: bool,
}

/// `POST /fileHandle/batch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch {
    pub requested_files: Vec<RequestedFile>,
}

/// One of the files asked for: a link, or why there is none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestedFile {
    pub failure_code: Option<String>,
    pub file_handle: Option<FileHandle>,
    #[serde(rename = "preSignedURL")]
    pub pre_signed_url: Option<String>,
}

/// `GET /entity/ID/accessRequirement`.
#[derive(Debug, Deserialize)]
pub(super) struct Requirements {
    #[serde(default)]
    pub results: Vec<Requirement>,
}

/// Something that must be met before a download.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Requirement {
    pub id: u64,
    #[serde(default)]
    pub name: String,
    concrete_type: String,
    #[serde(default)]
    pub is_two_fa_required: bool,
}

/// `GET /accessRequirement/ID/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequirementStatus {
    pub current_submission_status: Option<Submission>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Submission {
    pub state: Option<String>,
}

/// `GET /userProfile`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub user_name: Option<String>,
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub error: String,
}

impl Header {
    pub fn is_file(&self) -> bool {
        self.kind.ends_with(".FileEntity")
    }

    pub fn is_folder(&self) -> bool {
        self.kind.ends_with(".Folder")
    }
}

impl Bundle {
    pub fn is_file(&self) -> bool {
        self.entity.concrete_type.ends_with(".FileEntity")
    }

    /// The handle of the data; previews stand beside it.
    pub fn handle(&self) -> Option<&FileHandle> {
        let id = self.entity.data_file_handle_id.as_ref()?;
        self.file_handles.iter().find(|handle| handle.id == *id)
    }

    /// What the file is called when it is downloaded.
    pub fn file_name(&self) -> Option<&str> {
        let handle = self.handle().and_then(|handle| handle.file_name.as_deref());
        self.entity.file_name_override.as_deref().or(handle).filter(|name| !name.is_empty())
    }

    /// Why the file cannot be downloaded by the one who asks, if it cannot.
    pub fn blocked(&self) -> Option<Blocked> {
        let restriction = self.restriction_information.as_ref()?;
        let permitted = restriction.user_entity_permissions.as_ref().is_none_or(|one| one.can_download);
        let blocked = restriction.has_unmet_access_requirement || (self.is_file() && !permitted);
        blocked.then(|| Blocked { entity: self.entity.id.clone(), unmet: restriction.unmet() })
    }
}

impl Restriction {
    /// The ids of what is not met; `None` where the answer does not tell them apart.
    pub fn unmet(&self) -> Option<Vec<u64>> {
        let unmet = self.restriction_details.iter().filter(|one| !one.is_met && !one.is_exempt);
        let ids: Vec<u64> = unmet.map(|one| one.access_requirement_id).collect();
        (!self.has_unmet_access_requirement || !ids.is_empty()).then_some(ids)
    }
}

impl FileHandle {
    /// Whether Synapse itself signs the link to the bytes.
    pub fn is_with_synapse(&self) -> bool {
        ["S3FileHandle", "GoogleCloudFileHandle"].iter().any(|kind| self.kind() == *kind)
    }

    /// The name of its class alone.
    pub fn kind(&self) -> &str {
        self.concrete_type.rsplit('.').next().unwrap_or_default()
    }

    pub fn md5(&self) -> Option<Digest> {
        Digest::from_hex(Algorithm::Md5, self.content_md5.as_deref()?).ok()
    }
}

impl Requirement {
    /// Whether a person meets it with a click, and nobody has to grant anything.
    pub fn is_self_signed(&self) -> bool {
        ["TermsOfUseAccessRequirement", "SelfSignAccessRequirement"]
            .iter()
            .any(|kind| self.concrete_type.ends_with(kind))
    }

    /// Whether it is a request with a state that can be asked for.
    pub fn is_managed(&self) -> bool {
        self.concrete_type.ends_with("ManagedACTAccessRequirement")
    }
}
