//! Synapse: project `syn1` with the toy's folders, children in pages of two.
//!
//! With a token it is held back from everybody else, as Synapse does it: metadata are there for
//! all, file handles and links are not. `restricted` has two requirements before every file.
//! A folder of the toy called `syn7` is the entity `syn7`, a file `syn8=NAME` the entity `syn8`.
//! A file called `external-...` is stored elsewhere.

use jiff::Timestamp;
use medsets::values::Algorithm;
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, hex, storage};

/// Children on a page.
const PAGE: usize = 2;

const MODEL: &str = "org.sagebionetworks.repo.model";

/// The requirements of [`restricted`]: one that a person grants, one that takes a click.
pub const REQUIREMENTS: [u64; 2] = [9_605_913, 9_605_914];

/// Answers for the repository service below `/repo/v1`, the file service below `/file/v1` and
/// the others that the client looks at.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    Synapse { setup, unmet: &[] }.answer(asked)
}

/// The same where nobody has met the requirements.
pub fn restricted(setup: &Setup, asked: &Asked) -> Reply {
    Synapse { setup, unmet: &REQUIREMENTS }.answer(asked)
}

/// The same where only the click is missing.
pub fn unclicked(setup: &Setup, asked: &Asked) -> Reply {
    Synapse { setup, unmet: &REQUIREMENTS[1..] }.answer(asked)
}

struct Synapse<'a> {
    setup: &'a Setup,
    unmet: &'a [u64],
}

/// A project, folder or file.
struct Entity {
    id: String,
    /// What it is called, which may differ from what its file is called.
    name: String,
    parent: String,
    /// The place among the toy's files.
    file: Option<usize>,
}

impl Synapse<'_> {
    fn answer(&self, asked: &Asked) -> Reply {
        let bearer = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let signed_in = match (&self.setup.token, bearer) {
            (Some(token), Some(sent)) if sent != token => {
                return refused(401, "Invalid access token")
                    .with("www-authenticate", "Bearer realm=\"Synapse Repository Services\"");
            }
            (_, sent) => sent.is_some(),
        };
        let may = signed_in || self.setup.token.is_none();
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let place = asked.place();
        let parts: Vec<&str> = place.trim_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", [] | [""] | ["repo" | "file" | "auth", "v1"]) => Reply::json(&json!({})),
            ("GET", ["repo", "v1", "userProfile"]) => Reply::json(&profile(signed_in)),
            ("POST", ["repo", "v1", "entity", "children"]) => self.children(&body),
            ("POST", ["repo", "v1", "entity", id, "bundle2"]) => self.of(id, |entity| self.bundle(entity, may)),
            ("POST", ["repo", "v1", "entity", id, "version", "1", "bundle2"]) => {
                self.of(id, |entity| self.bundle(entity, may))
            }
            ("GET", ["repo", "v1", "entity", id]) => self.of(id, |entity| self.entity(entity)),
            ("GET", ["repo", "v1", "entity", id, "accessRequirement"]) => self.of(id, |_| self.requirements()),
            ("POST", ["repo", "v1", "restrictionInformation"]) => {
                self.of(body["objectId"].as_str().unwrap_or_default(), |_| self.restriction(may))
            }
            ("GET", ["repo", "v1", "accessRequirement", id, "status"]) => Reply::json(&json!({
                "accessRequirementId": id, "concreteType": format!("{MODEL}.dataaccess.ManagedACTAccessRequirementStatus"),
                "isApproved": false, "currentSubmissionStatus": { "state": "SUBMITTED" },
            })),
            ("POST", ["file", "v1", "fileHandle", "batch"]) => self.batch(&body, may),
            _ => refused(404, "The resource you are attempting to access cannot be found"),
        }
    }

    fn entities(&self) -> Vec<Entity> {
        let root = Entity { id: "syn1".to_owned(), name: "Toy".to_owned(), parent: String::new(), file: None };
        let mut entities = vec![root];
        for (at, (path, _)) in self.setup.toy.files.iter().enumerate() {
            let mut parent = "syn1".to_owned();
            let names: Vec<&str> = path.split('/').collect();
            for (depth, name) in names.iter().enumerate() {
                let file = (depth + 1 == names.len()).then_some(at);
                let known = entities.iter().find(|one| one.parent == parent && one.name == *name && one.file.is_none());
                if let (Some(known), None) = (known, file) {
                    parent.clone_from(&known.id);
                    continue;
                }
                let id = match name.split('=').next() {
                    Some(id) if id.starts_with("syn") => id.to_owned(),
                    _ => format!("syn{}", 100 + entities.len()),
                };
                let name = if file.is_some() { entity_name(file_name(name)) } else { (*name).to_owned() };
                entities.push(Entity { id: id.clone(), name, parent, file });
                parent = id;
            }
        }
        entities
    }

    fn of(&self, id: &str, answer: impl FnOnce(&Entity) -> Value) -> Reply {
        match self.entities().iter().find(|entity| entity.id == id) {
            Some(entity) => Reply::json(&answer(entity)),
            None => refused(404, &format!("Resource: '{id}' does not exist")),
        }
    }

    fn children(&self, body: &Value) -> Reply {
        let parent = body["parentId"].as_str().unwrap_or_default();
        let entities = self.entities();
        if !entities.iter().any(|entity| entity.id == parent && entity.file.is_none()) {
            return refused(404, &format!("Resource: '{parent}' does not exist"));
        }
        let types: Vec<&str> =
            body["includeTypes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if types.is_empty() {
            return refused(400, "EntityChildrenRequest.includeTypes must include at least one type");
        }
        let from = match body["nextPageToken"].as_str() {
            None => 0,
            Some(token) => match token.split_once('a').and_then(|(_, from)| from.parse().ok()) {
                Some(from) => from,
                None => return refused(400, &format!("Unknow token format: {token}")),
            },
        };
        let is_meant = |entity: &&Entity| entity.parent == parent && types.contains(&kind(entity).0);
        let mut all: Vec<&Entity> = entities.iter().filter(is_meant).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        let headers = all.iter().skip(from).take(PAGE).map(|entity| {
            json!({ "id": entity.id, "name": entity.name, "type": format!("{MODEL}.{}", kind(entity).1),
                "versionNumber": 1, "versionLabel": "1", "isLatestVersion": true, "benefactorId": 1,
                "createdOn": CREATED, "modifiedOn": CREATED, "createdBy": "1", "modifiedBy": "1" })
        });
        let mut answer = json!({ "page": headers.collect::<Vec<_>>() });
        if from + PAGE < all.len() {
            answer["nextPageToken"] = json!(format!("{PAGE}a{}", from + PAGE));
        }
        Reply::json(&answer)
    }

    fn entity(&self, entity: &Entity) -> Value {
        let (_, class) = kind(entity);
        let mut answer = json!({ "id": entity.id, "name": entity.name, "parentId": entity.parent, "etag": "e",
            "createdOn": CREATED, "modifiedOn": CREATED, "createdBy": "1", "modifiedBy": "1",
            "concreteType": format!("{MODEL}.{class}") });
        if let Some(at) = entity.file {
            answer["versionNumber"] = json!(1);
            answer["versionLabel"] = json!("1");
            answer["isLatestVersion"] = json!(true);
            answer["dataFileHandleId"] = json!(handle_id(at));
        }
        answer
    }

    fn bundle(&self, entity: &Entity, may: bool) -> Value {
        let handles: Vec<Value> = entity.file.filter(|_| may).map(|at| self.handle(at)).into_iter().collect();
        json!({ "entity": self.entity(entity), "entityType": kind(entity).0,
            "annotations": { "id": entity.id, "etag": "e", "annotations": {} },
            "fileHandles": handles, "restrictionInformation": self.restriction(may) })
    }

    fn restriction(&self, may: bool) -> Value {
        let unmet = !self.unmet.is_empty();
        let details = REQUIREMENTS.iter().map(|id| {
            let met = !self.unmet.contains(id);
            json!({ "accessRequirementId": id, "isApproved": met, "isMet": met, "isExempt": false })
        });
        let details: Vec<Value> = if unmet { details.collect() } else { Vec::new() };
        json!({ "objectId": 1, "restrictionLevel": if unmet { "CONTROLLED_BY_ACT" } else { "OPEN" },
            "hasUnmetAccessRequirement": unmet, "restrictionDetails": details,
            "userEntityPermissions": { "canView": true, "canDownload": may && !unmet,
                "isEntityOpenData": self.setup.token.is_none() } })
    }

    fn requirements(&self) -> Value {
        json!({ "totalNumberOfResults": 2, "results": [
            { "id": REQUIREMENTS[0], "name": "Data use of the toy", "versionNumber": 1, "accessType": "DOWNLOAD",
              "concreteType": format!("{MODEL}.ManagedACTAccessRequirement"), "isTwoFaRequired": true },
            { "id": REQUIREMENTS[1], "name": "Terms of the toy", "versionNumber": 1, "accessType": "DOWNLOAD",
              "concreteType": format!("{MODEL}.TermsOfUseAccessRequirement"), "termsOfUse": "Be kind." }] })
    }

    fn handle(&self, at: usize) -> Value {
        let (path, bytes) = &self.setup.toy.files[at];
        let name = file_name(path.rsplit('/').next().unwrap_or_default());
        let mut handle = json!({ "id": handle_id(at), "etag": "e", "createdBy": "1", "createdOn": CREATED, "modifiedOn": CREATED,
            "concreteType": format!("{MODEL}.file.S3FileHandle"), "contentType": "application/octet-stream",
            "contentMd5": hex(Algorithm::Md5, bytes), "fileName": name, "storageLocationId": 1,
            "contentSize": bytes.len(), "status": "AVAILABLE", "bucketName": "proddata.sagebase.org",
            "key": format!("1/uuid/{name}"), "isPreview": false });
        if name.starts_with("external-") {
            handle["concreteType"] = json!(format!("{MODEL}.file.ExternalFileHandle"));
            handle["externalURL"] = json!(format!("https://elsewhere.example.org/{name}?key=not-ours"));
        }
        handle
    }

    /// Status 201 whatever becomes of the single files.
    fn batch(&self, body: &Value, may: bool) -> Reply {
        let entities = self.entities();
        let files = body["requestedFiles"].as_array().into_iter().flatten().map(|wanted| {
            let handle = wanted["fileHandleId"].as_str().unwrap_or_default();
            let failed = |code: &str| json!({ "fileHandleId": handle, "failureCode": code });
            let Some(at) = (0..self.setup.toy.files.len()).find(|at| handle_id(*at) == handle) else {
                return failed("NOT_FOUND");
            };
            let of_entity =
                |entity: &Entity| entity.file == Some(at) && wanted["associateObjectId"] == entity.id.as_str();
            if !may || !self.unmet.is_empty() || !entities.iter().any(of_entity) {
                return failed("UNAUTHORIZED");
            }
            let found = self.handle(at);
            let url = match found["externalURL"].as_str() {
                Some(url) => url.to_owned(),
                None => link(&self.setup.storage, &self.setup.toy, at),
            };
            json!({ "fileHandleId": handle, "fileHandle": found, "preSignedURL": url })
        });
        Reply::json(&json!({ "requestedFiles": files.collect::<Vec<_>>() })).but(201)
    }
}

const CREATED: &str = "2026-01-05T10:00:00.000Z";

/// The short name of a kind of entity and the name of its class.
fn kind(entity: &Entity) -> (&'static str, &'static str) {
    match (entity.file, entity.id.as_str()) {
        (Some(_), _) => ("file", "FileEntity"),
        (None, "syn1") => ("project", "Project"),
        (None, _) => ("folder", "Folder"),
    }
}

/// The name behind an id that is written in front of it.
fn file_name(name: &str) -> &str {
    name.split_once('=').map_or(name, |(_, name)| name)
}

/// Entities have plainer names than files.
fn entity_name(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.+'() ".contains(letter);
    name.chars()
        .map(|letter| if plain(letter) { letter } else { '_' })
        .collect::<String>()
        .replace("README.md", "About")
}

fn handle_id(at: usize) -> String {
    format!("{}", 129_000_001 + at)
}

/// A link as S3 signs it, for 30 seconds from now.
fn link(storage: &str, toy: &Toy, at: usize) -> String {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let signed = storage::signed(storage, &toy.files[at].0);
    signed.replacen('?', &format!("?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={now}&X-Amz-Expires=30&"), 1)
}

fn profile(signed_in: bool) -> Value {
    match signed_in {
        true => json!({ "ownerId": "123", "userName": "tester", "displayName": "Tester", "emails": ["t@example.org"] }),
        false => json!({ "ownerId": "273950", "userName": "anonymous" }),
    }
}

fn refused(status: u16, reason: &str) -> Reply {
    Reply::json(&json!({ "concreteType": format!("{MODEL}.ErrorResponse"), "reason": reason })).but(status)
}
