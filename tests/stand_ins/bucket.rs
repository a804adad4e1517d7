//! A bucket with the S3 interface that takes what it is given: objects, parts, lists.
//!
//! Every request must be signed with the key it knows, by header or in the address; the
//! signature itself is compared by the conformance checks, not here. What comes with
//! `x-amz-checksum-sha256` is compared with it, as by S3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;

use medsets::values::Digest;

use crate::support::home::Home;
use crate::support::host::{Asked, Host, Reply};

/// The id of the key it knows.
pub const KEY: &str = "mirrorkeyid";
/// Its secret.
pub const SECRET: &str = "mirror-secret-Kq7/d+P1";
/// The bucket's name.
pub const BUCKET: &str = "team";

/// A running bucket.
pub struct Bucket {
    /// Where it is asked; its log says what for.
    pub host: Host,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    open: bool,
    unlisted: bool,
    lists: Lists,
    failing: BTreeSet<String>,
}

/// How it lists.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// As it should.
    #[default]
    Well,
    /// New names for ever.
    WithoutEnd,
    /// Nothing, page after page.
    NothingForEver,
    /// Nothing, in pages that lead from one to another and back.
    InACircle,
}

impl Bucket {
    /// An empty one.
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let known = state.clone();
        let host = Host::start(move |asked| answer(&mut known.lock().expect("no test panics here"), asked));
        Self { host, state }
    }

    /// A home that it knows, for the mirror `s3://team/...`.
    pub fn home(&self) -> Home {
        Home::new()
            .with("AWS_ACCESS_KEY_ID", KEY)
            .with("AWS_SECRET_ACCESS_KEY", SECRET)
            .with("AWS_ENDPOINT_URL", self.host.url())
            .with("MEDSETS_RETRIES", "1")
    }

    /// Its objects.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().objects.clone()
    }

    /// Uploads in parts that were neither ended nor taken back.
    pub fn unfinished(&self) -> usize {
        self.state().uploads.len()
    }

    /// Changes an object.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.state().objects.get_mut(name).unwrap_or_else(|| panic!("no `{name}`")));
    }

    /// Removes an object.
    pub fn remove(&self, name: &str) {
        self.state().objects.remove(name).unwrap_or_else(|| panic!("no `{name}`"));
    }

    /// Lets anybody read.
    pub fn open_to_all(&self) {
        self.state().open = true;
    }

    /// Lets nobody list: whoever asks for what is not there is answered 403.
    pub fn lists_nothing(&self) {
        self.state().unlisted = true;
    }

    /// Lists so from now on.
    pub fn lists(&self, lists: Lists) {
        self.state().lists = lists;
    }

    /// Answers 503 to whoever writes an object whose name holds this, or no longer.
    pub fn fails_at(&self, part: &str, fails: bool) {
        let failing = &mut self.state().failing;
        if fails {
            failing.insert(part.to_owned())
        } else {
            failing.remove(part)
        };
    }

    /// How often such a request was sent for a name that holds `part`.
    pub fn asked(&self, method: &str, part: &str) -> usize {
        self.host.log().iter().filter(|asked| asked.method == method && asked.path.contains(part)).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics here")
    }
}

fn answer(state: &mut State, asked: &Asked) -> Reply {
    let place = asked.place();
    let Some(name) = place.strip_prefix(&format!("/{BUCKET}")).map(|rest| rest.trim_start_matches('/').to_owned())
    else {
        return error(404, "NoSuchBucket");
    };
    let reads = matches!(asked.method.as_str(), "GET" | "HEAD");
    match who(asked) {
        Some(id) if id == KEY => {}
        Some(_) => return error(403, "InvalidAccessKeyId"),
        None if state.open && reads => {}
        None => return error(403, "AccessDenied"),
    }
    if !reads && state.failing.iter().any(|part| name.contains(part.as_str())) {
        return error(503, "SlowDown");
    }
    match (asked.method.as_str(), asked.parameter("uploadId"), name.as_str()) {
        ("GET", _, "") if state.unlisted => error(403, "AccessDenied"),
        ("GET", _, "") => list(state, asked),
        ("GET" | "HEAD", _, _) => match state.objects.get(&name) {
            Some(bytes) => {
                let reply = Reply::file(asked, bytes.clone()).with("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT");
                // Of an empty body hyper tells no length.
                if asked.method == "HEAD" { reply.with("content-length", bytes.len().to_string()) } else { reply }
            }
            None if state.unlisted => error(403, "AccessDenied"),
            None => error(404, "NoSuchKey"),
        },
        ("PUT", None, _) => put(asked, |bytes| drop(state.objects.insert(name.clone(), bytes))),
        ("PUT", Some(upload), _) => match (state.uploads.get_mut(&upload), part_number(asked)) {
            (Some(parts), Some(number)) => put(asked, |bytes| drop(parts.insert(number, bytes))),
            _ => error(404, "NoSuchUpload"),
        },
        ("POST", None, _) => {
            let upload = format!("upload-{}", state.uploads.len() + 1);
            state.uploads.insert(upload.clone(), BTreeMap::new());
            xml(&format!(
                "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{name}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        ("POST", Some(upload), _) => match state.uploads.remove(&upload) {
            Some(parts) => {
                state.objects.insert(name.clone(), parts.into_values().flatten().collect());
                xml(&format!(
                    "<CompleteMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{name}</Key><ETag>\"parts-2\"</ETag></CompleteMultipartUploadResult>"
                ))
            }
            None => error(404, "NoSuchUpload"),
        },
        ("DELETE", Some(upload), _) => {
            state.uploads.remove(&upload);
            Reply::status(204)
        }
        _ => error(405, "MethodNotAllowed"),
    }
}

/// The id of the key by which a request is signed.
fn who(asked: &Asked) -> Option<String> {
    let in_header = asked.header("authorization").and_then(|text| text.split_once("Credential="));
    let in_header = in_header.map(|(_, rest)| rest.to_owned());
    let credential = in_header.or_else(|| asked.parameter("X-Amz-Credential"))?;
    credential.split('/').next().map(str::to_owned)
}

fn part_number(asked: &Asked) -> Option<u32> {
    asked.parameter("partNumber")?.parse().ok()
}

fn put(asked: &Asked, keep: impl FnOnce(Vec<u8>)) -> Reply {
    let ours = base64::engine::general_purpose::STANDARD.encode(Digest::sha256(&asked.body).bytes());
    match asked.header("x-amz-checksum-sha256") {
        Some(theirs) if theirs == ours => {}
        Some(_) => return error(400, "BadDigest"),
        None => return error(400, "MissingChecksum"),
    }
    keep(asked.body.to_vec());
    Reply::status(200).with("etag", format!("\"{}\"", &ours[..16])).with("x-amz-checksum-sha256", ours)
}

fn list(state: &State, asked: &Asked) -> Reply {
    let cursor = asked.parameter("continuation-token").unwrap_or_default();
    let prefix = asked.parameter("prefix").unwrap_or_default();
    let at: usize = cursor.parse().unwrap_or_default();
    match state.lists {
        Lists::Well => {}
        Lists::WithoutEnd => {
            let names: Vec<String> = (at..at + PAGE).map(|at| format!("{prefix}made{at}/")).collect();
            return page(&prefix, &names, &(at + PAGE).to_string());
        }
        Lists::NothingForEver => return page(&prefix, &[], &(at + 1).to_string()),
        Lists::InACircle => return page(&prefix, &[], if cursor == "a" { "b" } else { "a" }),
    }
    let mut folders = BTreeSet::new();
    let mut contents = String::new();
    for (name, bytes) in state.objects.iter().filter(|(name, _)| name.starts_with(&prefix)) {
        match name[prefix.len()..].split_once('/') {
            Some((folder, _)) => drop(folders.insert(format!("{prefix}{folder}/"))),
            None => contents.push_str(&format!(
                "<Contents><Key>{name}</Key><LastModified>2026-11-23T19:20:30.000Z</LastModified><ETag>\"x\"</ETag><Size>{}</Size></Contents>",
                bytes.len()
            )),
        }
    }
    let folders: String =
        folders.iter().map(|name| format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")).collect();
    xml(&format!(
        "<ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>{contents}{folders}</ListBucketResult>"
    ))
}

/// Folders on a page.
const PAGE: usize = 5_000;

/// A page of folders that leads to another.
fn page(prefix: &str, folders: &[String], next: &str) -> Reply {
    let folders: String =
        folders.iter().map(|name| format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")).collect();
    xml(&format!(
        "<ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>{next}</NextContinuationToken>{folders}</ListBucketResult>"
    ))
}

fn xml(text: &str) -> Reply {
    Reply::whole(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}")).with("content-type", "application/xml")
}

fn error(status: u16, code: &str) -> Reply {
    xml(&format!("<Error><Code>{code}</Code><Message>told</Message></Error>")).but(status)
}
