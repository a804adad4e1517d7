//! The ISIC Archive: its API below `/api/v2/`, and its open bucket below `/s3/`.
//!
//! Files of the toy named `ISIC_*` are images; where a token is wanted the last of them is
//! private and lies behind a signed address, another one each time it is asked for. A page holds two images. A wrong token is ignored,
//! as the archive does, but for `users/me/`. The other files are what the archive makes.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, storage};

/// Images on a page; the real one has up to a hundred.
const PAGE: usize = 2;

/// The licences of the images, in turn.
const LICENSES: [&str; 3] = ["CC-0", "CC-BY", "CC-BY-NC"];

/// What stands for a selection.
const SELECTION: &str = "eyJxdWVyeSI6IiJ9:1vP0aB:Q4-x_T";

/// Four images with what goes with them.
pub fn toy() -> Toy {
    let image = |at: u32| {
        let bytes: Vec<u8> = (0..2_000 * at).map(|byte| (byte * at % 251) as u8).collect();
        (format!("ISIC_000000{at}.jpg"), [b"\xff\xd8\xff".to_vec(), bytes].concat())
    };
    let mut files: Vec<_> = (1..=4).map(image).collect();
    let table = "isic_id,attribution,copyright_license,image_type,sex\r\nISIC_0000001,Anonymous,CC-0,dermoscopic,female\r\n\
                 ISIC_0000002,\"Hospital, B\",CC-BY,dermoscopic,\r\nISIC_0000003,Hospital C,CC-BY-NC,dermoscopic,male\r\n\
                 ISIC_0000004,Anonymous,CC-0,dermoscopic,\r\n";
    files.push(("metadata.csv".to_owned(), table.into()));
    files.push(("attribution.txt".to_owned(), "Hospital C\n\nHospital, B\n\nAnonymous".into()));
    files.extend(LICENSES.map(|name| (format!("licenses/{name}.txt"), format!("The text of {name}.\n").into_bytes())));
    Toy { files: files.into() }
}

/// Answers for `https://api.isic-archive.com/` and, below `/s3/`, for the bucket.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    if let Some(key) = place.strip_prefix("/s3/images/") {
        return bucket(setup, asked, key);
    }
    let Some(path) = place.strip_prefix("/api/v2/") else { return not_found() };
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        ["images"] | ["images", "search"] => images(setup, asked, path),
        ["images", "search", "size"] => {
            let size: usize = seen(setup, asked).map(|(_, _, bytes)| bytes.len()).sum();
            Reply::json(&json!({ "size": size }))
        }
        ["images", id] => {
            let mut found = seen(setup, asked).filter(|(_, name, _)| name.starts_with(*id));
            found.next().map_or_else(not_found, |(at, name, bytes)| Reply::json(&image(setup, at, name, bytes)))
        }
        ["collections"] => Reply::json(&json!({ "count": 1, "next": null, "previous": null, "results": [
            { "id": 7, "name": "Toys", "description": "", "public": true, "pinned": true, "locked": true, "doi": null }] })),
        ["users", "me"] if is_known(setup, asked) => Reply::json(
            &json!({ "id": 1, "email": "tester@example.org", "full_name": "Test Er", "accepted_terms": null }),
        ),
        ["users", "me"] => Reply::json(&json!({ "detail": "Unauthorized" })).but(401),
        ["zip-download", "url"] if asked.method == "POST" => {
            Reply::json(&Value::String(format!("https://zip.isic-archive.com/download?zsid={SELECTION}")))
        }
        ["zip-download", made @ ("metadata-file" | "attribution-file")] => {
            if asked.parameter("token").as_deref() != Some(SELECTION) {
                return Reply::json(&json!({ "detail": "Unauthorized" })).but(401);
            }
            let name = if *made == "metadata-file" { "metadata.csv" } else { "attribution.txt" };
            Reply::whole(setup.toy.bytes(name).unwrap_or_default().to_vec()).with("content-type", "text/csv").chunked()
        }
        ["zip-download", "license-file", name] => match setup.toy.bytes(&format!("licenses/{name}.txt")) {
            Some(bytes) => Reply::whole(bytes.to_vec()).with("content-type", "text/plain"),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn not_found() -> Reply {
    Reply::json(&json!({ "detail": "Not Found" })).but(404)
}

fn is_known(setup: &Setup, asked: &Asked) -> bool {
    setup.token.as_ref().is_some_and(|token| asked.header("authorization") == Some(&format!("Bearer {token}")))
}

/// All images that the one who asks may see.
fn seen<'s>(setup: &'s Setup, asked: &Asked) -> impl Iterator<Item = (usize, &'s str, &'s [u8])> {
    let images = || setup.toy.files.iter().filter(|(name, _)| name.starts_with("ISIC_"));
    let hidden = usize::from(setup.token.is_some() && !is_known(setup, asked));
    let many = images().count() - hidden;
    images().enumerate().take(many).map(|(at, (name, bytes))| (at, name.as_str(), bytes.as_slice()))
}

/// An open key has nothing of the image's name.
fn key(at: usize) -> String {
    format!("0a1b2c3d-0000-4000-8000-00000000000{at}.jpg")
}

fn bucket(setup: &Setup, asked: &Asked, asked_key: &str) -> Reply {
    if asked.header("authorization").is_some() {
        return Reply::page("<Error><Code>InvalidArgument</Code></Error>").but(400);
    }
    let all = setup.toy.files.iter().filter(|(name, _)| name.starts_with("ISIC_")).enumerate();
    let found = all.into_iter().find(|(at, _)| key(*at) == asked_key);
    found.map_or_else(|| Reply::status(404), |(_, (_, bytes))| Reply::file(asked, bytes.clone()))
}

/// As CloudFront signs for a short time.
fn signed(base: &str, name: &str) -> String {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let (number, signed) = (GIVEN.fetch_add(1, Ordering::Relaxed), storage::signed(base, name));
    let until = jiff::Timestamp::now().as_second() + 60;
    signed.replace('?', &format!("?Expires={until}&Key-Pair-Id=K{number}&"))
}

fn image(setup: &Setup, at: usize, name: &str, bytes: &[u8]) -> Value {
    let last = setup.toy.files.iter().filter(|(name, _)| name.starts_with("ISIC_")).count() - 1;
    let is_private = setup.token.is_some() && at == last;
    let url = match is_private {
        true => signed(&setup.storage, name),
        false => format!("https://isic-archive.s3.amazonaws.com/images/{}", key(at)),
    };
    let attribution = ["Anonymous", "Hospital, B", "Hospital C", "Anonymous"][at % 4];
    let sex = [("female", true), ("", false), ("male", true), ("", false)][at % 4];
    let clinical = if sex.1 { json!({ "sex": sex.0 }) } else { json!({}) };
    json!({ "public": !is_private, "isic_id": name.trim_end_matches(".jpg"),
        "copyright_license": LICENSES[at % 3], "attribution": attribution,
        "files": { "full": { "url": url, "size": bytes.len() },
            "thumbnail_256": { "url": "https://isic-archive.s3.amazonaws.com/thumbnails/t.jpg", "size": 10 } },
        "metadata": { "acquisition": { "image_type": "dermoscopic" }, "clinical": clinical } })
}

fn images(setup: &Setup, asked: &Asked, path: &str) -> Reply {
    let known = ["query", "collections", "limit", "cursor"];
    let query = asked.path.split_once('?').map_or("", |(_, query)| query);
    if url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| !known.contains(&name.as_ref())) {
        return Reply::json(&json!({ "detail": [{ "type": "extra_forbidden", "loc": ["query"] }] })).but(422);
    }
    let all: Vec<Value> = seen(setup, asked).map(|(at, name, bytes)| image(setup, at, name, bytes)).collect();
    // The cursor is the text `o=N` in base64; readers take it as it is.
    let from = match asked.parameter("cursor").as_deref() {
        None => 0,
        Some("bz0y") => 2,
        Some("bz00") => 4,
        Some(_) => {
            let refused = json!({ "detail": [{ "loc": ["query", "cursor"], "msg": "Value error, Invalid cursor." }] });
            return Reply::json(&refused).but(422);
        }
    };
    let wanted: usize = asked.parameter("limit").and_then(|text| text.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let page: Vec<&Value> = all.iter().skip(from).take(wanted).collect();
    let next = (wanted == PAGE && from + PAGE < all.len()).then(|| {
        let collections = asked.parameter("collections").map_or(String::new(), |one| format!("&collections={one}"));
        let cursor = if from == 0 { "bz0y" } else { "bz00" };
        format!("{}api/v2/{path}?cursor={cursor}{collections}&limit={PAGE}", setup.origin)
    });
    let count = if from == 0 { json!(all.len()) } else { Value::Null };
    Reply::json(&json!({ "count": count, "next": next, "previous": null, "results": page }))
}
