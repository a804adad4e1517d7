//! What Kaggle is asked, in the two ways it understands.
//!
//! The newer one posts JSON to `api.kaggle.com`, a method each; Kaggle's own clients speak it.
//! The older one gets addresses of the site, which the clients before 2025 used. Both answer
//! with the same documents and redirects.

use serde_json::{Map, Value, json};

use crate::net::HttpRequest;
use crate::values::SafeUrl;

use super::super::Hosts;
use super::KagglePlace;

/// One question.
pub(super) struct Call {
    service: &'static str,
    method: &'static str,
    body: Value,
    /// Path of the older way, below `api/v1`.
    route: Vec<String>,
    query: Vec<(&'static str, String)>,
}

impl Call {
    /// What Kaggle says of a dataset.
    pub(super) fn dataset(place: &KagglePlace) -> Self {
        Self::new(place, "GetDataset", "", "view")
    }

    /// A page of the files of a place.
    pub(super) fn files(place: &KagglePlace, version: Option<u32>, token: &str) -> Self {
        let mut call = Self::new(place, "ListDatasetFiles", "ListDataFiles", "list");
        call.say("pageSize", json!(PAGE));
        if !token.is_empty() {
            call.say("pageToken", json!(token));
        }
        call.of_version(version)
    }

    /// The bytes of one file, or of all in one archive.
    pub(super) fn download(place: &KagglePlace, version: Option<u32>, file: Option<&str>) -> Self {
        let Some(file) = file else {
            return Self::new(place, "DownloadDataset", "DownloadDataFiles", "download-all").of_version(version);
        };
        let mut call = Self::new(place, "DownloadDataset", "DownloadDataFile", "download");
        call.body["fileName"] = json!(file);
        call.route.push(file.to_owned());
        call.of_version(version)
    }

    /// Who asks.
    pub(super) fn hello() -> Self {
        Self {
            service: "api.v1.DiagnosticsService",
            method: "Hello",
            body: Value::Object(Map::new()),
            route: Vec::new(),
            query: Vec::new(),
        }
    }

    fn new(place: &KagglePlace, of_dataset: &'static str, of_competition: &'static str, word: &str) -> Self {
        let (service, method, body, route): (_, _, _, Vec<&str>) = match place {
            KagglePlace::Dataset { owner, slug, .. } => {
                // One route serves a file and, without one, all.
                let word = if word == "download-all" { "download" } else { word };
                let body = json!({ "ownerSlug": owner, "datasetSlug": slug });
                ("datasets.DatasetApiService", of_dataset, body, vec!["datasets", word, owner, slug])
            }
            KagglePlace::Competition(name) => {
                let body = json!({ "competitionName": name });
                let route = vec!["competitions", "data", word, name];
                ("competitions.CompetitionApiService", of_competition, body, route)
            }
        };
        let route = route.into_iter().map(str::to_owned).collect();
        Self { service, method, body, route, query: Vec::new() }
    }

    fn of_version(mut self, version: Option<u32>) -> Self {
        if let Some(version) = version {
            self.say("datasetVersionNumber", json!(version));
        }
        self
    }

    /// A parameter that both ways name alike.
    fn say(&mut self, name: &'static str, value: Value) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.query.push((name, text));
        self.body[name] = value;
    }

    /// As the newer interface wants it.
    pub(super) fn rpc(&self, hosts: &Hosts) -> HttpRequest {
        let url = SafeUrl::parse("https://api.kaggle.com/v1").expect("it is an address");
        let request = HttpRequest::post_json(url.at(&[self.service, self.method]), &self.body);
        HttpRequest { credential: hosts.credential(), connections: Some(CONNECTIONS), ..request }
    }

    /// As the older interface wants it.
    pub(super) fn rest(&self, hosts: &Hosts) -> HttpRequest {
        let url = SafeUrl::parse("https://www.kaggle.com/api/v1").expect("it is an address");
        let route: Vec<&str> = self.route.iter().map(String::as_str).collect();
        let mut url = url.at(&route).expose().clone();
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let url = SafeUrl::from_url(url).expect("it stays an address");
        HttpRequest { connections: Some(CONNECTIONS), ..hosts.get(url) }
    }
}

/// Files on a page: the most that Kaggle documents.
const PAGE: u32 = 200;

/// Kaggle limits requests and does not say to how many: one at a time.
const CONNECTIONS: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Client, Clock, NetSettings};

    #[test]
    fn says_the_same_in_both_ways() {
        #[track_caller]
        fn check(call: &Call, rpc: &str, body: &str, rest: &str) {
            let hosts = Hosts::anonymous(Client::new(NetSettings::new(Clock::fixed(jiff::Timestamp::UNIX_EPOCH))));
            let request = call.rpc(&hosts);
            assert_eq!(request.url.expose().as_str(), format!("https://api.kaggle.com/v1/{rpc}"));
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&request.body.unwrap().bytes).unwrap(), body);
            assert_eq!(call.rest(&hosts).url.expose().as_str(), format!("https://www.kaggle.com/api/v1/{rest}"));
        }
        let dataset = KagglePlace::Dataset { owner: "own".into(), slug: "toy".into(), version: None };
        let competition = KagglePlace::Competition("toy".into());
        check(
            &Call::files(&dataset, Some(3), "T2"),
            "datasets.DatasetApiService/ListDatasetFiles",
            r#"{"ownerSlug":"own","datasetSlug":"toy","datasetVersionNumber":3,"pageToken":"T2","pageSize":200}"#,
            "datasets/list/own/toy?pageSize=200&pageToken=T2&datasetVersionNumber=3",
        );
        check(
            &Call::download(&dataset, None, Some("train/a b.csv")),
            "datasets.DatasetApiService/DownloadDataset",
            r#"{"ownerSlug":"own","datasetSlug":"toy","fileName":"train/a b.csv"}"#,
            "datasets/download/own/toy/train%2Fa%20b.csv",
        );
        check(
            &Call::download(&dataset, Some(3), None),
            "datasets.DatasetApiService/DownloadDataset",
            r#"{"ownerSlug":"own","datasetSlug":"toy","datasetVersionNumber":3}"#,
            "datasets/download/own/toy?datasetVersionNumber=3",
        );
        check(
            &Call::download(&competition, None, None),
            "competitions.CompetitionApiService/DownloadDataFiles",
            r#"{"competitionName":"toy"}"#,
            "competitions/data/download-all/toy",
        );
        check(
            &Call::download(&competition, None, Some("train.csv")),
            "competitions.CompetitionApiService/DownloadDataFile",
            r#"{"competitionName":"toy","fileName":"train.csv"}"#,
            "competitions/data/download/toy/train.csv",
        );
    }
}
