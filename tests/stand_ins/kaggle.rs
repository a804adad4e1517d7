//! Kaggle: dataset `own/toy`, whose current version is 3, and competition `toy`, by both of
//! Kaggle's interfaces.
//!
//! Files over a megabyte are served inside a zip, everything as `toy.zip`. Listings come in
//! pages of two. Competitions want an account always: `locked` one that accepted its rules. The
//! dataset `own/private` belongs to somebody else, `own/busy` was asked for too often.

use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, storage};

/// The dataset's current version.
pub const VERSION: u64 = 3;

/// The account that the token opens.
pub const USER: &str = "alice";

/// What entries of the catalogue are about; here they have the files of the toy.
const OF_THE_CATALOGUE: [&str; 7] = [
    "aptos2019-blindness-detection",
    "diabetic-retinopathy-detection",
    "rsna-pneumonia-detection-challenge",
    "rsna-miccai-brain-tumor-radiogenomic-classification",
    "prashant268/chest-xray-covid19-pneumonia",
    "tboyle10/medicaltranscriptions",
    "google-brain/messidor2-dr-grades",
];

const PAGE: usize = 2;
const LARGE: usize = 1_000_000;

/// Answers for `https://api.kaggle.com/` and for `https://www.kaggle.com/`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    let parts: Vec<&str> = place.trim_start_matches("/api").trim_start_matches('/').split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("POST", ["v1", service, method]) => {
            let body = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
            rpc(setup, asked, service, method, &body)
        }
        ("GET", ["v1", "datasets", word, owner, slug, rest @ ..]) => {
            let (what, file) = (Place::dataset(owner, slug), rest.join("/"));
            let version = asked.parameter("datasetVersionNumber").and_then(|text| text.parse().ok());
            match *word {
                "list" => files(setup, asked, &what, &asked.parameter("pageToken").unwrap_or_default()),
                "view" => view(setup, asked, &what),
                "metadata" => metadata(setup, asked, &what),
                "download" => download(setup, asked, &what, version, &file),
                _ => refusal(404, "Not found"),
            }
        }
        ("GET", ["v1", "competitions", "data", word, name, rest @ ..]) => {
            let (what, file) = (Place::competition(name), rest.join("/"));
            match *word {
                "list" => files(setup, asked, &what, &asked.parameter("pageToken").unwrap_or_default()),
                "download" | "download-all" => download(setup, asked, &what, None, &file),
                _ => refusal(404, "Not found"),
            }
        }
        ("GET", ["competitions", name, "rules"]) => rules(name),
        _ => Reply::page("<!doctype html><title>Kaggle - 404</title>").but(404),
    }
}

/// The same for a network, or a time, in which there is the older interface only.
pub fn answer_rest_alone(setup: &Setup, asked: &Asked) -> Reply {
    if asked.method == "POST" {
        return Reply::page("<!doctype html><title>404</title>").but(404);
    }
    answer(setup, asked)
}

/// What is asked about.
struct Place {
    /// `own/toy`, or the name of a competition.
    name: String,
    is_competition: bool,
}

impl Place {
    fn dataset(owner: &str, slug: &str) -> Self {
        Self { name: format!("{owner}/{slug}"), is_competition: false }
    }

    fn competition(name: &str) -> Self {
        Self { name: name.to_owned(), is_competition: true }
    }
}

fn rpc(setup: &Setup, asked: &Asked, service: &str, method: &str, body: &Value) -> Reply {
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let dataset = Place::dataset(&text("ownerSlug"), &text("datasetSlug"));
    let competition = Place::competition(&text("competitionName"));
    match (service, method) {
        ("api.v1.DiagnosticsService", "Hello") => match account(setup, asked) {
            Account::Right => Reply::json(&json!({ "userName": USER })),
            _ => refusal(401, "Unauthenticated"),
        },
        ("security.OAuthService", "IntrospectToken") => {
            let right = setup.token.as_deref().is_none_or(|token| text("token") == token);
            Reply::json(&if right { json!({ "active": true, "username": USER }) } else { json!({ "active": false }) })
        }
        ("datasets.DatasetApiService", "GetDataset") => view(setup, asked, &dataset),
        ("datasets.DatasetApiService", "GetDatasetMetadata") => metadata(setup, asked, &dataset),
        ("datasets.DatasetApiService", "ListDatasetFiles") => files(setup, asked, &dataset, &text("pageToken")),
        ("datasets.DatasetApiService", "DownloadDataset") => {
            download(setup, asked, &dataset, body["datasetVersionNumber"].as_u64(), &text("fileName"))
        }
        ("competitions.CompetitionApiService", "ListDataFiles") => {
            files(setup, asked, &competition, &text("pageToken"))
        }
        ("competitions.CompetitionApiService", "DownloadDataFiles" | "DownloadDataFile") => {
            download(setup, asked, &competition, None, &text("fileName"))
        }
        _ => refusal(404, "Not found"),
    }
}

/// Who asks.
enum Account {
    Nobody,
    Right,
    Wrong,
}

/// By token or, as before, by user name and key.
fn account(setup: &Setup, asked: &Asked) -> Account {
    use base64::Engine as _;
    let Some(sent) = asked.header("authorization") else { return Account::Nobody };
    let Some(token) = &setup.token else { return Account::Right };
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{token}"));
    let right = sent == format!("Bearer {token}") || sent == format!("Basic {pair}");
    if right { Account::Right } else { Account::Wrong }
}

/// Why nothing of a place is given; `None` where it is.
fn refused(setup: &Setup, asked: &Asked, place: &Place) -> Option<Reply> {
    let wants_account = place.is_competition || setup.token.is_some();
    match account(setup, asked) {
        Account::Wrong => return Some(refusal(401, "Unauthenticated")),
        Account::Nobody if wants_account => return Some(refusal(401, "Unauthenticated")),
        _ => {}
    }
    match place.name.as_str() {
        "own/toy" | "toy" => None,
        name if OF_THE_CATALOGUE.contains(&name) => None,
        "own/private" => Some(refusal(403, "Permission 'datasets.get' was denied")),
        "own/busy" => Some(
            Reply::json(
                &json!({ "error": { "code": 429, "message": "Too many requests", "status": "RESOURCE_EXHAUSTED" } }),
            )
            .but(429),
        ),
        "locked" => {
            let message = "You must accept this competition's rules before you'll be able to download files.";
            Some(refusal(403, message))
        }
        "closed" => Some(refusal(403, "Permission 'competitions.participate' was denied")),
        // The clients know refusals by the body, whatever the status says.
        "own/odd" => Some(refusal(404, "Dataset not found").but(200)),
        _ => Some(refusal(404, "Not found")),
    }
}

fn refusal(status: u16, message: &str) -> Reply {
    Reply::json(&json!({ "code": status, "message": message })).but(status)
}

fn view(setup: &Setup, asked: &Asked, place: &Place) -> Reply {
    refused(setup, asked, place).unwrap_or_else(|| {
        let bytes: usize = setup.toy.files.iter().map(|(_, bytes)| bytes.len()).sum();
        Reply::json(&json!({ "id": 7, "ref": place.name, "ownerRef": "own", "title": "Toy", "licenseName": "CC0-1.0",
            "totalBytes": bytes, "lastUpdated": "2026-01-05T10:00:00.000Z", "currentVersionNumber": VERSION }))
    })
}

fn metadata(setup: &Setup, asked: &Asked, place: &Place) -> Reply {
    refused(setup, asked, place).unwrap_or_else(|| {
        let info = json!({ "datasetId": 7, "datasetSlug": "toy", "ownerUser": "own", "title": "Toy",
            "licenses": [{ "name": "CC0-1.0" }], "isPrivate": false });
        Reply::json(&json!({ "info": info, "errorMessage": "" }))
    })
}

fn files(setup: &Setup, asked: &Asked, place: &Place, token: &str) -> Reply {
    if let Some(refusal) = refused(setup, asked, place) {
        return refusal;
    }
    let from: usize = token.strip_prefix('T').and_then(|text| text.parse().ok()).unwrap_or(0);
    let file = |(name, bytes): &(String, Vec<u8>)| json!({ "ref": "", "name": name, "totalBytes": bytes.len(), "creationDate": "2026-01-05T10:00:00.000Z" });
    let page: Vec<Value> = setup.toy.files.iter().skip(from).take(PAGE).map(file).collect();
    let more = from + PAGE < setup.toy.files.len();
    let next = if more { format!("T{}", from + PAGE) } else { String::new() };
    Reply::json(&if place.is_competition {
        json!({ "files": page, "nextPageToken": next, "childrenFetchTimeMs": 0 })
    } else {
        json!({ "datasetFiles": page, "errorMessage": "", "nextPageToken": next })
    })
}

fn download(setup: &Setup, asked: &Asked, place: &Place, version: Option<u64>, file: &str) -> Reply {
    if let Some(refusal) = refused(setup, asked, place) {
        return refusal;
    }
    if version.is_some_and(|version| version > VERSION) {
        return refusal(404, "Not found");
    }
    let name = match (file, setup.toy.bytes(file)) {
        ("", _) => format!("bundle/{}.zip", place.name.rsplit('/').next().unwrap_or_default()),
        (_, None) => return refusal(404, "Not found"),
        (_, Some(bytes)) if bytes.len() > LARGE => format!("zipped/{file}.zip"),
        (_, Some(_)) => format!("files/{file}"),
    };
    Reply::redirect(302, storage::signed_by_google(&setup.storage, &name))
}

fn rules(name: &str) -> Reply {
    Reply::page(&format!(
        "<!doctype html><html><head><title>Rules</title></head><body><h1>Rules of {name}</h1>\
         <p>Made up for a test. The data may be looked at.</p></body></html>"
    ))
}
