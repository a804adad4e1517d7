//! figshare: article 77, version 2, with a page of files cut at two so that paging is needed.
//!
//! `/ndownloader/files/N` below the site's own name answers the challenge for browsers.

use medsets::values::Algorithm;
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, hex, storage};

/// Files on a page at most, whatever the reader asks for. Real pages are larger; the shape of
/// the end of the list is the same.
pub const PAGE: usize = 100;

/// Answers for `https://api.figshare.com/`, `https://ndownloader.figshare.com/` and
/// `https://figshare.com/`, told apart by the path in front: `/api`, `/bytes`, `/site`.
/// `/doi` is `https://doi.org/`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    if let Some(token) = &setup.token {
        let right = asked.header("authorization") == Some(&format!("token {token}"));
        if place.starts_with("/api/") && !right {
            return Reply::json(&json!({ "message": "Access denied", "code": "AccessDenied" })).but(401);
        }
    }
    let parts: Vec<&str> = place.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "v2", "articles", "77", "files"] | ["api", "v2", "articles", "77", "versions", "2", "files"] => {
            Reply::json(&page(setup, asked))
        }
        ["api", "v2", "articles", "77"] | ["api", "v2", "articles", "77", "versions", "2"] => {
            Reply::json(&json!({ "id": 77, "title": "Toy", "version": 2, "doi": "10.6084/m9.figshare.77.v2",
                "published_date": "2026-01-05T10:00:00Z", "authors": [{ "id": 1, "full_name": "Jane Doe" }],
                "license": { "value": 1, "name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/" },
                "files": all(setup) }))
        }
        ["api", "v2", "account"] if setup.token.is_some() => {
            Reply::json(&json!({ "id": 1, "email": "tester@example.org", "first_name": "Tess", "last_name": "Ter" }))
        }
        ["api", "v2", "articles"] => Reply::json(&json!([{ "id": 77, "doi": "10.6084/m9.figshare.77.v2" }])),
        ["api", "v2", "articles", "78", "files"] => Reply::json(&json!([])),
        ["api", "v2", "file", "download", id] | ["bytes", "files", id] => bytes(setup, id),
        ["doi", ..] => Reply::redirect(302, "https://figshare.com/articles/dataset/Toy/77/2"),
        ["site", "articles", ..] => Reply::page("<title>Toy</title>"),
        ["site", "ndownloader", ..] => Reply::status(202).with("x-amzn-waf-action", "challenge"),
        _ => Reply::json(&json!({ "message": "Entity not found", "code": "EntityNotFound" })).but(404),
    }
}

fn bytes(setup: &Setup, id: &str) -> Reply {
    let file = id.parse::<usize>().ok().and_then(|id| id.checked_sub(3_000_000)).and_then(|at| setup.toy.files.get(at));
    match file {
        Some((name, _)) => Reply::redirect(302, storage::signed(&setup.storage, name)),
        None => Reply::status(404),
    }
}

/// A page of the list of files.
pub fn page(setup: &Setup, asked: &Asked) -> Value {
    let number = |name: &str, usual: usize| asked.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (page, size) = (number("page", 1), number("page_size", 10).min(PAGE));
    Value::Array(all(setup).into_iter().skip((page - 1) * size).take(size).collect())
}

fn all(setup: &Setup) -> Vec<Value> {
    let one = |(at, (name, bytes)): (usize, &(String, Vec<u8>))| {
        let md5 = hex(Algorithm::Md5, bytes);
        json!({ "id": 3_000_000 + at, "name": name, "size": bytes.len(), "is_link_only": false,
            "download_url": format!("https://ndownloader.figshare.com/files/{}", 3_000_000 + at),
            "supplied_md5": "", "computed_md5": md5, "mimetype": "application/octet-stream" })
    };
    setup.toy.files.iter().enumerate().map(one).collect()
}
