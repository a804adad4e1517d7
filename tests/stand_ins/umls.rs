//! UMLS Terminology Services: every product is the toy.
//!
//! The release list is open. The gateway for downloads takes the address and the key in its
//! query and, as documented, answers with the bytes; `redirected` sends readers to the storage,
//! `with_sign_in` sends those with a wrong key to the sign-in page, as such services do.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, storage};

/// Where the files lie, as the release list has it.
pub const FILES: &str = "https://download.nlm.nih.gov/umls/kss/";

/// The sign-in service.
pub const SIGN_IN: &str = "https://utslogin.nlm.nih.gov/";

/// The toy without its empty file: where no size is known, nothing is taken for a failure.
pub fn toy() -> Toy {
    let files = Toy::flat().files.iter().filter(|(_, bytes)| !bytes.is_empty()).cloned().collect();
    Toy { files: Arc::new(files) }
}

/// Answers for `https://uts-ws.nlm.nih.gov/` and, below `/login`, for the sign-in service.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    answered(setup, asked, |name| file(setup, asked, name), Reply::status(401))
}

/// The same with a redirect to another origin.
pub fn redirected(setup: &Setup, asked: &Asked) -> Reply {
    let found = |name: &str| Reply::redirect(302, storage::signed(&setup.storage, name));
    answered(setup, asked, found, Reply::status(401))
}

/// The same with a redirect that takes the query along, key and all.
pub fn repeating(setup: &Setup, asked: &Asked) -> Reply {
    let query = asked.path.split_once('?').map_or("", |(_, query)| query).to_owned();
    let found = |name: &str| Reply::redirect(302, format!("{}{name}?{query}", setup.storage));
    answered(setup, asked, found, Reply::status(401))
}

/// The same with a sign-in page for wrong keys.
pub fn with_sign_in(setup: &Setup, asked: &Asked) -> Reply {
    let sign_in = Reply::redirect(302, format!("{SIGN_IN}cas/login?service=download"));
    answered(setup, asked, |name| file(setup, asked, name), sign_in)
}

fn answered(setup: &Setup, asked: &Asked, found: impl Fn(&str) -> Reply, stranger: Reply) -> Reply {
    let knows = |name: &str| setup.token.is_some() && asked.parameter(name) == setup.token;
    match asked.place().as_str() {
        "/releases" => Reply::json(&releases(setup, asked)),
        "/download" if knows("apiKey") => match asked.parameter("url").and_then(|url| name_at(&url)) {
            Some(name) if setup.toy.bytes(&name).is_some() => found(&name),
            _ => Reply::status(404),
        },
        "/download" => stranger,
        "/login/validateUser" if knows("validatorApiKey") => Reply::json(&json!(knows("apiKey"))),
        "/login/validateUser" => Reply::status(401),
        "/login/cas/login" => Reply::page("<!DOCTYPE html><html><head><title>UTS Sign In</title></head></html>"),
        _ => Reply::status(404),
    }
}

fn releases(setup: &Setup, asked: &Asked) -> Value {
    let Some(product) = asked.parameter("releaseType") else {
        let endpoint = format!("{}releases?releaseType=umls-full-release", setup.origin);
        let kind = json!({ "product": "UMLS", "releaseType": "UMLS Full Release", "endpoint": endpoint });
        return json!({ "releaseTypes": [kind] });
    };
    let release = |(name, _): &(String, Vec<u8>)| {
        let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        json!({ "fileName": name, "releaseVersion": "toy", "releaseDate": "2026-01-05",
            "downloadUrl": format!("{FILES}toy/{encoded}"), "releaseType": product, "product": "UMLS", "current": true })
    };
    Value::Array(setup.toy.files.iter().map(release).collect())
}

/// The name of the file at an address.
fn name_at(url: &str) -> Option<String> {
    let name = url.strip_prefix(FILES)?.rsplit('/').next()?;
    Some(percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned())
}

fn file(setup: &Setup, asked: &Asked, name: &str) -> Reply {
    match setup.toy.bytes(name) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()).with("content-type", "application/zip"),
        None => Reply::status(404),
    }
}
