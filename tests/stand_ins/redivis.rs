//! Redivis: dataset `toys.toy:5fja` in its version 1.0, whose table `files:8abc` indexes the toy.
//!
//! `scans of all` indexes the first file alone, `labels` has rows; a page holds one table. The list
//! of an index is an Arrow stream with two files in a batch. It has no MD5 of the first file, which
//! `Content-Digest` states. Every second file is answered with its bytes, the others lead to the
//! storage. After redivis 0.21.1 and Redivis's documentation; the words of refusals are made up
//! where those do not name them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_ipc::writer::StreamWriter;
use base64::Engine as _;
use medsets::values::{Algorithm, Digester};
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, storage};

/// Name, name in references, and whether it indexes files.
pub const TABLES: [(&str, &str, bool); 3] =
    [("labels", "labels:2xyz", false), ("files", "files:8abc", true), ("scans of all", "scans_of_all:9def", true)];

const PAGE: &str = "https://redivis.com/datasets/5fja-abcdefghj";

/// Answers for `https://redivis.com/`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let known = setup.token.as_ref().map(|token| format!("Bearer {token}"));
    let sent = asked.header("authorization");
    // Public data are for everybody; a token that is none is refused all the same.
    if known.as_deref() != sent && (known.is_some() || asked.path.contains("/users/me")) {
        let description = "The access token is missing, expired, or otherwise invalid.";
        return refused(401, "invalid_token", description);
    }
    let place = asked.place();
    let Some(path) = place.strip_prefix("/api/v1/") else { return not_found("page") };
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["users", "me"] => Reply::json(&json!({ "kind": "user", "name": "tester", "uri": "/users/tester" })),
        ["datasets", dataset] if names(dataset) == ["toys", "toy"] => Reply::json(&about()),
        ["datasets", dataset, "tables"] if names(dataset) == ["toys", "toy"] => tables(asked),
        ["tables", table] => match table_of(table) {
            Some((name, reference, is_index)) => Reply::json(&described(name, reference, is_index)),
            None => not_found("table"),
        },
        ["tables", table, "rawFiles"] => match table_of(table) {
            Some((_, _, true)) if asked.parameter("format").as_deref() == Some("arrow") => {
                let count = if names(table)[2] == "files" { setup.toy.files.len() } else { 1 };
                Reply::whole(index(&setup.toy.files[..count]))
                    .with("content-type", "application/octet-stream")
                    .chunked()
            }
            Some(_) => refused(400, "invalid_request_error", "The table is not a file index table."),
            None => not_found("table"),
        },
        ["rawFiles", id] => raw(setup, asked, id),
        _ => not_found("resource"),
    }
}

/// A refusal as Redivis words it.
pub fn refused(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(&json!({ "status": status, "error": error, "error_description": description })).but(status)
}

fn not_found(what: &str) -> Reply {
    refused(404, "not_found_error", &format!("The requested {what} was not found."))
}

/// The names in a reference, without ids and versions.
fn names(reference: &str) -> Vec<&str> {
    reference.split('.').map(|part| part.split(':').next().unwrap_or_default()).collect()
}

fn table_of(reference: &str) -> Option<(&'static str, &'static str, bool)> {
    let [owner, dataset, table] = names(reference)[..] else { return None };
    let mut known = TABLES.into_iter().filter(|_| (owner, dataset) == ("toys", "toy"));
    known.find(|(_, reference, _)| names(reference)[0] == table)
}

fn about() -> Value {
    json!({ "kind": "dataset", "id": "5fja-abcdefghj", "name": "Toy", "uri": "/datasets/toys.toy:5fja:v1_0", "url": PAGE,
        "qualifiedReference": "toys.toy:5fja:v1_0", "scopedReference": "toy:5fja:v1_0", "referenceId": "5fja",
        "doi": null, "owner": { "kind": "organization", "userName": "toys" }, "publicAccessLevel": "data",
        "tableCount": TABLES.len() })
}

fn described(name: &str, reference: &str, is_index: bool) -> Value {
    json!({ "kind": "table", "name": name, "isFileIndex": is_index, "isSample": false,
        "scopedReference": reference, "qualifiedReference": format!("toys.toy:5fja:v1_0.{reference}"),
        "uri": format!("/tables/toys.toy:5fja:v1_0.{reference}"), "numRows": 2 })
}

fn tables(asked: &Asked) -> Reply {
    let at: usize =
        asked.parameter("pageToken").and_then(|token| token.strip_prefix("after-")?.parse().ok()).unwrap_or(0);
    let (name, reference, is_index) = TABLES[at.min(TABLES.len() - 1)];
    let next = (at + 1 < TABLES.len()).then(|| format!("after-{}", at + 1));
    Reply::json(
        &json!({ "kind": "tableList", "results": [described(name, reference, is_index)], "nextPageToken": next }),
    )
}

/// The id of a file.
pub fn id(at: usize) -> String {
    format!("93qh-{at:09}.bc574P4o8ypzp8yKCnrgIw")
}

fn raw(setup: &Setup, asked: &Asked, wanted: &str) -> Reply {
    let Some((at, (name, bytes))) = setup.toy.files.iter().enumerate().find(|(at, _)| id(*at) == wanted) else {
        return not_found("file");
    };
    if at % 2 == 1 {
        return Reply::redirect(302, storage::signed_by_google(&setup.storage, &format!("files/{name}")));
    }
    // That of the whole file, also beside a part of it.
    let digest = format!("crc32c=:{}:, md5=:{}:", base64(Algorithm::Crc32c, bytes), base64(Algorithm::Md5, bytes));
    Reply::file(asked, bytes.clone()).with("content-digest", digest)
}

fn base64(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut digester = Digester::new(algorithm, None);
    digester.update(bytes);
    base64::engine::general_purpose::STANDARD.encode(digester.finish().bytes())
}

/// The list of an index table.
pub fn index(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let rows: Vec<(String, &str, usize, Option<String>)> = files
        .iter()
        .enumerate()
        .map(|(at, (name, bytes))| {
            (id(at), name.as_str(), bytes.len(), (at > 0).then(|| base64(Algorithm::Md5, bytes)))
        })
        .collect();
    let batches: Vec<RecordBatch> = rows.chunks(2).map(batch).collect();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch(&[]).schema()).expect("memory takes it");
    batches.iter().for_each(|batch| writer.write(batch).expect("memory takes it"));
    writer.into_inner().expect("memory takes it")
}

fn batch(rows: &[(String, &str, usize, Option<String>)]) -> RecordBatch {
    let texts =
        |column: &mut dyn Iterator<Item = Option<String>>| Arc::new(column.collect::<StringArray>()) as ArrayRef;
    let sizes: Int64Array =
        rows.iter().map(|(_, _, size, _)| Some(i64::try_from(*size).expect("a toy is small"))).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|_| Some(1_767_607_200_000_000)).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("file_id", texts(&mut rows.iter().map(|(id, ..)| Some(id.clone()))), true),
        ("file_name", texts(&mut rows.iter().map(|(_, name, ..)| Some((*name).to_owned()))), true),
        ("size", Arc::new(sizes) as ArrayRef, true),
        ("added_at", Arc::new(times) as ArrayRef, true),
        ("md5_hash", texts(&mut rows.iter().map(|(.., md5)| md5.clone())), true),
    ])
    .expect("the columns are equally long")
}
