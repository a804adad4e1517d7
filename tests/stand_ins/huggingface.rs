//! The Hugging Face Hub: dataset `org/toy`, open unless a token is wanted, then gated.
//!
//! Files over 1,000 bytes are large files of LFS: listed with their SHA-256 and served by a
//! redirect to the storage. The tree comes in pages of two.

use medsets::values::Algorithm;
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, hex, storage};

/// The commit at which `main` stands.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const PAGE: usize = 2;
const LARGE: usize = 1_000;

/// Answers for `https://huggingface.co/`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    let parts: Vec<&str> = place.trim_start_matches('/').splitn(6, '/').collect();
    match parts.as_slice() {
        ["api", "datasets", "org", "toy"] => Reply::json(&info(setup)),
        ["api", "datasets", "org", "toy", "revision", revision] if is_known(revision) => Reply::json(&info(setup)),
        ["api", "datasets", "org", "toy", "revision", revision] => {
            let message = format!("Invalid rev id: {revision}");
            error(404, "RevisionNotFound", &message)
        }
        ["api", "datasets", "org", "toy", "tree", revision] if is_known(revision) => tree(setup, asked),
        ["api", "datasets", "org", "toy", "xet-read-token", ..] => error(404, "EntryNotFound", "Entry not found"),
        ["api", "whoami-v2"] => whoami(setup, asked),
        ["api", ..] => error(404, "RepoNotFound", "Repository not found"),
        ["datasets", "org", "toy", "resolve", rest @ ..] => {
            let rest = rest.join("/");
            match rest.split_once('/') {
                Some((revision, name)) if is_known(revision) => file(setup, asked, name),
                _ => error(404, "RevisionNotFound", "Invalid rev id"),
            }
        }
        _ => error(404, "RepoNotFound", "Repository not found"),
    }
}

fn is_known(revision: &str) -> bool {
    matches!(revision, "main" | COMMIT)
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(&json!({ "error": message })).but(status).with("x-error-code", code).with("x-error-message", message)
}

fn whoami(setup: &Setup, asked: &Asked) -> Reply {
    let right =
        setup.token.as_ref().is_some_and(|token| asked.header("authorization") == Some(&format!("Bearer {token}")));
    if right {
        Reply::json(&json!({ "type": "user", "name": "tester" }))
    } else {
        Reply::json(&json!({ "error": "Invalid credentials in Authorization header" })).but(401)
    }
}

fn info(setup: &Setup) -> Value {
    let gated = setup.token.as_ref().map_or(json!(false), |_| json!("manual"));
    json!({ "_id": "6", "id": "org/toy", "sha": COMMIT, "lastModified": "2026-01-05T10:00:00.000Z", "private": false,
        "gated": gated, "disabled": false, "tags": ["license:mit"], "cardData": { "license": "mit" }, "siblings": [] })
}

fn tree(setup: &Setup, asked: &Asked) -> Reply {
    let mut items = vec![json!({ "type": "directory", "oid": "0".repeat(40), "size": 0, "path": "data" })];
    for (name, bytes) in setup.toy.files.iter() {
        let mut item =
            json!({ "type": "file", "oid": hex(Algorithm::GitBlob, bytes), "size": bytes.len(), "path": name });
        if bytes.len() > LARGE {
            item["oid"] = json!("1".repeat(40));
            item["lfs"] = json!({ "oid": hex(Algorithm::Sha256, bytes), "size": bytes.len(), "pointerSize": 132 });
        }
        items.push(item);
    }
    let from: usize = asked.parameter("cursor").and_then(|text| text.parse().ok()).unwrap_or(0);
    let page: Vec<Value> = items.iter().skip(from).take(PAGE).cloned().collect();
    let reply = Reply::json(&Value::Array(page));
    if from + PAGE < items.len() {
        let next = format!(
            "{}api/datasets/org/toy/tree/{COMMIT}?recursive=true&expand=false&cursor={}",
            setup.origin,
            from + PAGE
        );
        return reply.with("link", format!("<{next}>; rel=\"next\""));
    }
    reply
}

fn file(setup: &Setup, asked: &Asked, name: &str) -> Reply {
    if let Some(token) = &setup.token {
        match asked.header("authorization") {
            Some(sent) if sent == format!("Bearer {token}") => {}
            Some(_) => {
                let message = "Access to dataset org/toy is restricted and you are not in the authorized list.";
                return error(403, "GatedRepo", message);
            }
            None => return error(401, "GatedRepo", "Access to dataset org/toy is restricted."),
        }
    }
    let Some(bytes) = setup.toy.bytes(name) else { return error(404, "EntryNotFound", "Entry not found") };
    if bytes.len() <= LARGE {
        let reply = Reply::file(asked, bytes.to_vec());
        return reply.with("x-repo-commit", COMMIT).with("x-linked-size", bytes.len().to_string());
    }
    Reply::redirect(302, storage::signed(&setup.storage, name))
        .with("x-repo-commit", COMMIT)
        .with("etag", format!("\"{}\"", "1".repeat(40)))
        .with("x-linked-etag", format!("\"{}\"", hex(Algorithm::Sha256, bytes)))
        .with("x-linked-size", bytes.len().to_string())
}
