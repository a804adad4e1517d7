//! TCIA: collection `LIDC-IDRI`, whose series are made of the toy's folders.
//!
//! A file `PATIENT/STUDY/CT_1.2.3/1-001.dcm` is an image of series `1.2.3`. The zip of a series is
//! made while it is sent: in chunks, without a length, with the terms as its first member.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::sync::Arc;

use medsets::values::Algorithm;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, hex};

/// The terms that the host puts into every zip.
pub const LICENSE: &[u8] = b"Creative Commons Attribution 3.0 Unported License\n";

const API: &str = "/nbia-api/services/v4/";

/// Three series of two patients.
pub fn toy() -> Toy {
    let image = |seed: u32, size: u32| (0..size).flat_map(|at| (at * seed).to_le_bytes()).collect::<Vec<u8>>();
    let files = [
        ("LIDC-IDRI-0001/1.2.10/CT_1.2.11/1-001.dcm", image(3, 9_000)),
        ("LIDC-IDRI-0001/1.2.10/CT_1.2.11/1-002.dcm", image(5, 11_000)),
        ("LIDC-IDRI-0001/1.2.20/DX_1.2.21/1-1.dcm", image(7, 4_000)),
        ("LIDC-IDRI-0002/1.2.30/CT_1.2.31/1-001.dcm", image(11, 6_000)),
    ];
    Toy { files: Arc::new(files.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec()) }
}

/// The same as zips, as they arrive.
pub fn zips() -> Toy {
    let (toy, mut files) = (toy(), Vec::new());
    for (folder, images) in series(&toy) {
        files.push((format!("{folder}.zip"), zip_of(&images, true)));
    }
    Toy { files: Arc::new(files) }
}

/// Answers for `https://nbia.cancerimagingarchive.net/`.
pub fn answer(_setup: &Setup, asked: &Asked) -> Reply {
    serve(&toy(), "LIDC-IDRI", asked)
}

/// Answers for a toy of one's own.
pub fn serve(toy: &Toy, collection: &str, asked: &Asked) -> Reply {
    let place = asked.place();
    let Some(call) = place.strip_prefix(API) else { return Reply::status(404) };
    match call {
        "getSeries" if asked.parameter("Collection").as_deref() == Some(collection) => {
            let all = series(toy).into_iter().map(|(folder, images)| described(&folder, images.len(), collection));
            Reply::json(&Value::Array(all.collect()))
        }
        // Nothing found is an empty body, and no empty list.
        "getSeries" => Reply::whole("").with("content-type", "application/json"),
        "getImage" | "getImageWithMD5Hash" => image(toy, call, asked),
        _ => Reply::status(404),
    }
}

/// The images of each series by its folder.
fn series(toy: &Toy) -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let mut all: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (path, bytes) in toy.files.iter() {
        let (folder, name) = path.rsplit_once('/').unwrap_or_default();
        all.entry(folder.to_owned()).or_default().push((name.to_owned(), bytes.clone()));
    }
    all
}

fn described(folder: &str, images: usize, collection: &str) -> Value {
    let parts: Vec<&str> = folder.split('/').collect();
    let (modality, uid) = parts[2].split_once('_').unwrap_or_default();
    json!({ "SeriesInstanceUID": uid, "StudyInstanceUID": parts[1], "PatientID": parts[0], "Modality": modality,
        "Collection": collection, "ImageCount": images, "FileSize": 1, "TimeStamp": "2026-01-05",
        "LicenseName": "Creative Commons Attribution 3.0 Unported License",
        "LicenseURI": "http://creativecommons.org/licenses/by/3.0/", "ReleasedStatus": "Yes" })
}

/// Refusals are text whatever their header says.
fn refused(words: &str) -> Reply {
    Reply::whole(words.to_owned()).with("content-type", "application/json").but(400)
}

fn image(toy: &Toy, call: &str, asked: &Asked) -> Reply {
    let Some(uid) = asked.parameter("SeriesInstanceUID") else {
        return refused("A parameter, SeriesInstanceUID, is required for this API call.");
    };
    let found = series(toy).into_iter().find(|(folder, _)| folder.ends_with(&format!("_{uid}")));
    let Some((_, images)) = found else {
        return refused(&format!("Image with given SeriesInstanceUID,{uid}, is not in public domain."));
    };
    let with_sums = call == "getImageWithMD5Hash" || asked.parameter("IncludeMD5").as_deref() == Some("yes");
    Reply::whole(zip_of(&images, with_sums))
        .chunked()
        .with("content-type", "application/octet-stream")
        .with("content-disposition", format!("attachment; filename=\"{uid}.zip\""))
}

/// A zip as the host makes it, with the MD5s of the images if they are asked for.
pub fn zip_of(images: &[(String, Vec<u8>)], with_sums: bool) -> Vec<u8> {
    let mut members = vec![("LICENSE".to_owned(), LICENSE.to_vec())];
    members.extend(images.iter().cloned());
    if with_sums {
        let rows: String =
            images.iter().rev().map(|(name, bytes)| format!("{name},{}\n", hex(Algorithm::Md5, bytes))).collect();
        members.push(("md5hashes.csv".to_owned(), format!("Filename,MD5Hash\n{rows}").into_bytes()));
    }
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name, SimpleFileOptions::default()).expect("memory takes it");
        zip.write_all(&bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}
