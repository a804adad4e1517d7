//! GitHub: repository `o/r`, its interface, and generated archives that differ in their bytes
//! from one request to the next.
//!
//! `/api` is `https://api.github.com/`, `/web` is `https://github.com/`, `/codeload` is
//! `https://codeload.github.com/`, which refuses a credential as signed storage does, and `/raw` is
//! `https://raw.githubusercontent.com/`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use medsets::values::Algorithm;
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, hex};

/// The commit at which `main` and the tag `v1` stand.
pub const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// Answers for the four.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    if place.starts_with("/api/") && asked.header("user-agent").is_none() {
        return Reply::status(403);
    }
    let parts: Vec<&str> = place.trim_start_matches('/').split('/').collect();
    let archive = format!("{COMMIT}.tar.gz");
    match parts.as_slice() {
        ["api", "repos", "o", "r"] => Reply::json(&repository()),
        ["api", "repos", "o", "r", "commits", "main" | "v1" | COMMIT] => Reply::json(&json!({ "sha": COMMIT,
            "commit": { "tree": { "sha": tree(&setup.toy) }, "committer": { "date": "2026-01-05T10:00:00Z" } } })),
        ["api", ..] => Reply::json(&json!({ "message": "Not Found", "status": "404" })).but(404),
        ["web", "o", "r", "archive", name] if *name == archive => {
            Reply::redirect(302, format!("https://codeload.github.com/o/r/tar.gz/{COMMIT}"))
        }
        ["codeload", "o", "r", "tar.gz", COMMIT] if asked.header("authorization").is_none() => {
            Reply::whole(packed(&setup.toy)).chunked()
        }
        ["codeload", ..] => Reply::status(400),
        ["raw", "o", "r", COMMIT, name @ ..] => match setup.toy.bytes(&name.join("/")) {
            Some(bytes) => Reply::file(asked, bytes.to_vec()),
            None => Reply::status(404),
        },
        _ => Reply::status(404),
    }
}

fn repository() -> Value {
    json!({ "full_name": "o/r", "description": "A toy", "default_branch": "main", "html_url": "https://github.com/o/r",
        "license": { "key": "mit", "name": "MIT License", "spdx_id": "MIT", "url": "https://api.github.com/licenses/mit" },
        "owner": { "login": "o" } })
}

/// The id of the toy's root tree, as git makes it.
pub fn tree(toy: &Toy) -> String {
    let files = toy.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    tree_of(&files.collect::<Vec<_>>())
}

fn tree_of(files: &[(&str, &[u8])]) -> String {
    let mut entries: BTreeMap<String, (&str, &str, String)> = BTreeMap::new();
    for (name, bytes) in files {
        match name.split_once('/') {
            None => {
                entries.insert((*name).to_owned(), ("100644", *name, hex(Algorithm::GitBlob, bytes)));
            }
            Some((folder, _)) => {
                let inside: Vec<_> = files
                    .iter()
                    .filter_map(|(name, bytes)| Some((name.strip_prefix(folder)?.strip_prefix('/')?, *bytes)))
                    .collect();
                // Folders are sorted as if a slash stood behind their names.
                entries.insert(format!("{folder}/"), ("40000", folder, tree_of(&inside)));
            }
        }
    }
    let mut body = Vec::new();
    for (mode, name, id) in entries.values() {
        body.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        body.extend((0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("it is hex")));
    }
    let mut object = format!("tree {}\0", body.len()).into_bytes();
    object.extend(body);
    hex(Algorithm::Sha1, &object)
}

fn packed(toy: &Toy) -> Vec<u8> {
    static SERVED: AtomicU32 = AtomicU32::new(0);
    let level = 1 + SERVED.fetch_add(1, Ordering::Relaxed) % 6;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in toy.files.iter() {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("r-{COMMIT}/{name}"), bytes.as_slice()).expect("memory takes it");
    }
    packed.write_all(&tar.into_inner().expect("memory takes it")).expect("memory takes it");
    packed.finish().expect("memory takes it")
}
