//! Zenodo: record 42 is open and the newest of concept 41, 43 is restricted; bytes come from Zenodo itself, without `Range`.

use medsets::values::Algorithm;
use serde_json::json;

use crate::support::host::{Asked, Reply};

use super::{Setup, hex};

/// Answers for `https://zenodo.org/`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let agent = asked.header("user-agent").unwrap_or_default();
    if agent.starts_with("python-requests") || agent.starts_with("aria2") {
        return Reply::page("Access to this resource has been blocked due to unusual traffic").but(403);
    }
    let place = asked.place();
    let parts: Vec<&str> = place.trim_start_matches('/').splitn(5, '/').collect();
    match parts.as_slice() {
        ["api", "deposit", "depositions"] => deposits(setup, asked),
        ["records" | "record", "42"] => Reply::page("<title>Toy</title>"),
        ["api", "records", "42"] => Reply::json(&record(setup)),
        // A concept leads to its newest version.
        ["api", "records", "41"] => Reply::redirect(302, format!("{}api/records/42", setup.origin)),
        ["api", "records", "43"] => Reply::json(&json!({
            "id": 43, "metadata": { "title": "Held back", "access_right": "restricted" },
        })),
        ["api", "records", "42", "files", rest] => {
            let name = rest.strip_suffix("/content").unwrap_or(rest);
            match setup.toy.bytes(name) {
                Some(bytes) => {
                    Reply::whole(bytes.to_vec()).with("etag", format!("\"md5:{}\"", hex(Algorithm::Md5, bytes)))
                }
                None => missing(),
            }
        }
        _ => missing(),
    }
}

/// The same for a token without the scope `deposit:write`.
pub fn without_scope(setup: &Setup, asked: &Asked) -> Reply {
    match asked.place().as_str() {
        "/api/deposit/depositions" if is_known(setup, asked) => denied(403, "Permission denied."),
        _ => answer(setup, asked),
    }
}

fn is_known(setup: &Setup, asked: &Asked) -> bool {
    let sent = asked.header("authorization");
    setup.token.as_ref().is_some_and(|token| sent == Some(&format!("Bearer {token}")))
}

fn denied(status: u16, message: &str) -> Reply {
    Reply::json(&json!({ "status": status, "message": message })).but(status)
}

/// What only a known token with the scope `deposit:write` may see.
fn deposits(setup: &Setup, asked: &Asked) -> Reply {
    match is_known(setup, asked) {
        true => Reply::json(&json!([])),
        false => denied(401, "The server could not verify that you are authorized to access the URL requested."),
    }
}

fn missing() -> Reply {
    Reply::json(&json!({ "status": 404, "message": "The persistent identifier does not exist." })).but(404)
}

fn record(setup: &Setup) -> serde_json::Value {
    let files: Vec<_> = setup
        .toy
        .files
        .iter()
        .map(|(name, bytes)| {
            let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
            json!({
                "id": "00000000-0000-0000-0000-000000000000", "key": name, "size": bytes.len(),
                "checksum": format!("md5:{}", hex(Algorithm::Md5, bytes)),
                "links": { "self": format!("{}api/records/42/files/{encoded}/content", setup.origin) },
            })
        })
        .collect();
    json!({
        "id": 42, "conceptrecid": "41", "doi": "10.5281/zenodo.42", "conceptdoi": "10.5281/zenodo.41",
        "metadata": { "title": "Toy", "license": { "id": "cc-by-4.0" }, "access_right": "open",
                      "publication_date": "2026-01-05", "version": "1.0",
                      "creators": [{ "name": "Doe, Jane", "affiliation": null }] },
        "files": files,
        "links": { "self": format!("{}api/records/42", setup.origin), "self_html": format!("{}records/42", setup.origin) },
    })
}
