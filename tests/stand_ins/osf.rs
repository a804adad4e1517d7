//! OSF: node `abcde`, whose storage has folders and pages of two items.

use medsets::values::Algorithm;
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, hex, storage};

/// Items on a page.
const PAGE: usize = 2;

/// Answers for `https://api.osf.io/` and, below `/files`, for `https://files.osf.io/`. The
/// answers name both by `setup.origin`, the latter with `files/` behind it.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    if let Some(token) = &setup.token
        && asked.header("authorization") != Some(&format!("Bearer {token}"))
    {
        return Reply::json(&json!({ "errors": [{ "detail": "Authentication credentials were not provided." }] }))
            .but(401);
    }
    let place = asked.place().replace("//", "/");
    let parts: Vec<&str> = place.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v2", "users", "me"] if setup.token.is_some() => {
            Reply::json(&json!({ "data": { "id": "u1234", "type": "users",
            "attributes": { "full_name": "Tess Ter", "given_name": "Tess", "family_name": "Ter" } } }))
        }
        ["v2", "guids", "abcde"] => Reply::redirect(302, format!("{}v2/nodes/abcde/", setup.origin)),
        ["v2", "nodes", "abcde"] => Reply::json(&node(setup, asked)),
        ["v2", "nodes", "abcde", "files"] => Reply::json(&storages(setup)),
        ["v2", "nodes", "abcde", "files", "osfstorage"] => Reply::json(&folder(setup, asked, "")),
        ["v2", "nodes", "abcde", "files", "osfstorage", id] => {
            Reply::json(&folder(setup, asked, &format!("{}/", folder_of(id))))
        }
        ["files", "v1", "resources", "abcde", "providers", "osfstorage", id] => {
            match setup.toy.files.iter().enumerate().find(|(at, _)| file_id(*at) == *id) {
                Some((_, (name, _))) => Reply::redirect(302, storage::signed(&setup.storage, name)),
                None => Reply::json(&json!({ "code": 404, "message": "Could not retrieve file" })).but(404),
            }
        }
        _ => Reply::json(&json!({ "errors": [{ "detail": "Not found." }] })).but(404),
    }
}

fn file_id(at: usize) -> String {
    format!("5f{at:022}")
}

/// The folder's id is its name, which is enough for one level.
fn folder_of(id: &str) -> String {
    id.to_owned()
}

fn node(setup: &Setup, asked: &Asked) -> Value {
    let mut node = json!({ "data": { "id": "abcde", "type": "nodes",
        "attributes": { "title": "Toy", "description": "", "date_created": "2026-01-05T10:00:00", "date_modified": "2026-01-05T10:00:00" },
        "links": { "self": format!("{}v2/nodes/abcde/", setup.origin) },
        "relationships": { "files": { "links": { "related": { "href": format!("{}v2/nodes/abcde/files/", setup.origin) } } } } } });
    if asked.parameter("embed").as_deref() == Some("license") {
        node["data"]["embeds"] =
            json!({ "license": { "data": { "type": "licenses", "attributes": { "name": "CC0 1.0 Universal" } } } });
    }
    node
}

fn storages(setup: &Setup) -> Value {
    json!({ "data": [{ "id": "abcde:osfstorage", "type": "files",
        "attributes": { "kind": "folder", "path": "/", "name": "osfstorage", "node": "abcde", "provider": "osfstorage" },
        "links": { "new_folder": "", "upload": format!("{}files/v1/resources/abcde/providers/osfstorage/", setup.origin) },
        "relationships": { "files": { "links": { "related": { "href": format!("{}v2/nodes/abcde/files/osfstorage/", setup.origin) } } } } }],
      "links": { "next": null } })
}

/// The files and folders right below a folder, a page of them.
fn folder(setup: &Setup, asked: &Asked, prefix: &str) -> Value {
    let mut items = Vec::new();
    let mut folders = Vec::new();
    for (at, (name, bytes)) in setup.toy.files.iter().enumerate() {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        match rest.split_once('/') {
            Some((folder, _)) if !folders.contains(&folder.to_owned()) => {
                folders.push(folder.to_owned());
                items.push(folder_item(setup, folder));
            }
            Some(_) => {}
            None => items.push(file_item(setup, at, name, bytes)),
        }
    }
    let page: usize = asked.parameter("page").and_then(|text| text.parse().ok()).unwrap_or(1);
    let more = items.len() > page * PAGE;
    let path = asked.path.split('?').next().unwrap_or_default().trim_start_matches('/').to_owned();
    let next = more.then(|| format!("{}{path}?page={}", setup.origin, page + 1));
    let data: Vec<Value> = items.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
    json!({ "data": data, "links": { "first": null, "last": null, "prev": null, "next": next } })
}

fn folder_item(setup: &Setup, folder: &str) -> Value {
    json!({ "id": folder, "type": "files",
        "attributes": { "kind": "folder", "name": folder, "path": format!("/{folder}/"), "materialized_path": format!("/{folder}/"),
                        "provider": "osfstorage", "date_created": "2026-01-05T10:00:00", "date_modified": "2026-01-05T10:00:00" },
        "links": { "new_folder": "", "upload": "" },
        "relationships": { "files": { "links": { "related": { "href": format!("{}v2/nodes/abcde/files/osfstorage/{folder}/", setup.origin) } } } } })
}

fn file_item(setup: &Setup, at: usize, name: &str, bytes: &[u8]) -> Value {
    let id = file_id(at);
    let place = format!("{}files/v1/resources/abcde/providers/osfstorage/{id}", setup.origin);
    json!({ "id": id, "type": "files",
        "attributes": { "kind": "file", "name": name.rsplit('/').next(), "path": format!("/{id}"), "materialized_path": format!("/{name}"),
            "size": bytes.len(), "provider": "osfstorage", "date_created": "2026-01-05T10:00:00", "date_modified": "2026-01-05T10:00:00",
            "current_version": 1,
            "extra": { "hashes": { "md5": hex(Algorithm::Md5, bytes), "sha256": hex(Algorithm::Sha256, bytes) }, "downloads": 0 } },
        "links": { "self": place, "info": place, "upload": place, "download": place, "delete": place, "html": place } })
}
