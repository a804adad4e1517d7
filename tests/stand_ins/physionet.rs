//! PhysioNet: the file server, the interface, and the public bucket beside it.
//!
//! Beneath `/` answers `https://physionet.org/`, beneath `/s3/` the bucket of open projects. A
//! project that is not open wants name and password as `NAME:PASSWORD` in the token of the
//! setup. The password is read from programs named `Wget/...` and `libwfdb/...` only; others get
//! the same 403 with and without one, a wrong one gets the same 401 as none, and no refusal of a
//! file has a reason in it. Files come with `Range`, as from nginx behind the application.
//!
//! What the account lacks is said by its name: `jdoe` may read everything, `unsigned` has not
//! signed, `elsewhere` may read by the cloud only.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use medsets::values::Algorithm;
use serde_json::{Value, json};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, hex};

/// What `Setup.origin` is for projects that this stand-in serves: `SLUG VERSION POLICY`.
#[derive(Debug, Clone, Copy)]
pub struct Project {
    /// Short name.
    pub slug: &'static str,
    /// Version.
    pub version: &'static str,
    /// As the interface writes it.
    pub policy: &'static str,
    /// Whether folders have pages.
    pub has_pages: bool,
    /// Whether it lies in the bucket too.
    pub is_mirrored: bool,
}

/// The toy of the contract, open.
pub const OPEN: Project =
    Project { slug: "toy-ecg", version: "1.1.0", policy: "Open", has_pages: true, is_mirrored: false };

/// The same behind an account.
pub const GATED: Project = Project { policy: "Credentialed", ..OPEN };

/// The sums of a toy as PhysioNet makes them when a project is published: sorted, one blank,
/// every file but the list itself.
pub fn with_sums(toy: Toy) -> Toy {
    let mut files: Vec<(String, Vec<u8>)> = toy.files.to_vec();
    files.sort();
    let lines: String =
        files.iter().map(|(name, bytes)| format!("{} {name}\n", hex(Algorithm::Sha256, bytes))).collect();
    files.push(("SHA256SUMS.txt".to_owned(), lines.into_bytes()));
    Toy { files: files.into() }
}

/// A toy whose names are as plain as PhysioNet's client takes them: it puts them into addresses
/// as they are.
pub fn plain() -> Toy {
    let files = Toy::new().files.iter().filter(|(name, _)| name.is_ascii()).cloned().collect::<Vec<_>>();
    with_sums(Toy { files: files.into() })
}

/// Answers as the toy: open, or behind an account where one is wanted.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    serve(if setup.token.is_some() { &GATED } else { &OPEN }, setup, asked)
}

/// Answers as the open toy, which lies in the bucket too.
pub fn mirrored(setup: &Setup, asked: &Asked) -> Reply {
    serve(&Project { is_mirrored: true, ..OPEN }, setup, asked)
}

/// Answers for one project.
pub fn serve(project: &Project, setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    let (slug, version) = (project.slug, project.version);
    if let Some(rest) = place.strip_prefix("/s3/") {
        return bucket(project, setup, asked, rest);
    }
    if let Some(rest) = place.strip_prefix("/api/v1/") {
        return interface(project, setup, asked, rest);
    }
    if place == format!("/content/{slug}/get-zip/{version}/") {
        return guarded(project, setup, asked, || match setup.toy.bytes(ZIP) {
            Some(bytes) => file(asked, bytes),
            None => not_found(),
        });
    }
    match place.strip_prefix(&format!("/files/{slug}/{version}/")) {
        Some(path) => guarded(project, setup, asked, || published(project, setup, asked, path)),
        None => not_found(),
    }
}

/// The name under which a toy holds the zip of its project, which is no file of it.
pub const ZIP: &str = "(the zip)";

fn published(project: &Project, setup: &Setup, asked: &Asked, path: &str) -> Reply {
    if path.is_empty() || path.ends_with('/') {
        return if project.has_pages { page(setup, project, path) } else { not_found() };
    }
    let is_folder = |path: &str| setup.toy.files.iter().any(|(name, _)| name.starts_with(&format!("{path}/")));
    match setup.toy.bytes(path) {
        Some(bytes) => file(asked, bytes),
        None if is_folder(path) => Reply::redirect(301, format!("{}/", asked.path)),
        None => not_found(),
    }
}

/// A file as nginx serves it for the application.
fn file(asked: &Asked, bytes: &[u8]) -> Reply {
    let name = asked.place().rsplit('/').next().unwrap_or_default().to_owned();
    let unchanged = asked.header("if-modified-since").is_some() && asked.header("if-range").is_none();
    let reply = if unchanged { Reply::status(304) } else { Reply::file(asked, bytes.to_vec()) };
    reply
        .with("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")
        .with("content-security-policy", "sandbox; default-src 'self'")
        .with("content-disposition", format!("inline; filename={name}"))
}

/// What the application decides before nginx serves anything.
fn guarded(project: &Project, setup: &Setup, asked: &Asked, serve: impl Fn() -> Reply) -> Reply {
    if project.policy == "Open" {
        return serve();
    }
    let program = asked.header("user-agent").unwrap_or_default();
    if !["Wget/", "libwfdb/"].iter().any(|name| program.starts_with(name)) {
        return forbidden();
    }
    match account(setup, asked) {
        Account::None | Account::Wrong => Reply::status(401)
            .with("www-authenticate", "Basic realm=\"PhysioNet\", charset=\"UTF-8\"")
            .with("set-cookie", "testcookie=1; HttpOnly; Path=/; SameSite=Lax; Secure"),
        Account::Known { name } if matches!(name.as_str(), "unsigned" | "elsewhere") => forbidden(),
        Account::Known { .. } => serve(),
    }
}

enum Account {
    None,
    Wrong,
    Known { name: String },
}

fn account(setup: &Setup, asked: &Asked) -> Account {
    let Some(sent) = asked.header("authorization") else { return Account::None };
    let pair = sent.strip_prefix("Basic ").and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    match (pair.split_once(':'), &setup.token) {
        (Some((name, _)), Some(token)) if *token == pair => Account::Known { name: name.to_owned() },
        _ => Account::Wrong,
    }
}

/// The REST interface: it reads a password from any program.
fn interface(project: &Project, setup: &Setup, asked: &Asked, rest: &str) -> Reply {
    let detail = || detail(project);
    match rest.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["projects", slug, "versions"] if *slug == project.slug => {
            let older =
                json!({ "slug": slug, "title": "Toy ECG", "version": "1.10.0", "abstract": "", "citation": "" });
            let last =
                json!({ "slug": slug, "title": "Toy ECG", "version": project.version, "abstract": "", "citation": "" });
            Reply::json(&json!([older, last]))
        }
        ["projects", _, "versions"] => Reply::json(&json!([])),
        ["projects", slug, "versions", version] if is_it(project, slug, version) => Reply::json(&detail()),
        ["projects", "published", slug, version, "sha256sums"] => match account(setup, asked) {
            Account::None => {
                Reply::json(&json!({ "detail": "Authentication credentials were not provided." })).but(401)
            }
            Account::Wrong => Reply::json(&json!({ "detail": "Invalid username/password." })).but(401),
            Account::Known { .. } if !is_it(project, slug, version) => {
                Reply::json(&json!({ "detail": "Not found." })).but(404)
            }
            Account::Known { name } if name == "unsigned" => {
                Reply::json(&json!({ "error": "You do not have permission to access this project" })).but(403)
            }
            Account::Known { .. } => match setup.toy.bytes("SHA256SUMS.txt") {
                Some(bytes) => Reply::whole(bytes.to_vec()).with("content-type", "text/plain"),
                None => Reply::json(&json!({ "error": "SHA256SUMS.txt not found for this project" })).but(404),
            },
        },
        _ => not_found(),
    }
}

fn is_it(project: &Project, slug: &str, version: &str) -> bool {
    slug == project.slug && version == project.version
}

fn detail(project: &Project) -> Value {
    json!({ "slug": project.slug, "title": "Toy ECG", "version": project.version, "abstract": "<p>..</p>",
        "license": { "name": "PhysioNet Credentialed Health Data License 1.5.0" }, "short_description": "..",
        "project_home_page": null, "publish_datetime": "2026-01-05T10:00:00-05:00", "doi": null,
        "main_storage_size": 2800013, "compressed_storage_size": 0, "resource_type": "Database",
        "access_policy": project.policy, "topics": ["ecg"],
        "source_url": format!("https://physionet.org/content/{}/{}/", project.slug, project.version) })
}

/// The bucket: open projects only, and it hates credentials.
fn bucket(project: &Project, setup: &Setup, asked: &Asked, rest: &str) -> Reply {
    if asked.header("authorization").is_some() {
        return Reply::page("<Error><Code>InvalidArgument</Code></Error>").but(400);
    }
    let name = rest.strip_prefix(&format!("{}/{}/", project.slug, project.version)).filter(|_| project.is_mirrored);
    match name.and_then(|name| setup.toy.bytes(name)) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()),
        None => Reply::page("<Error><Code>AccessDenied</Code></Error>").but(403),
    }
}

/// A folder as nginx lists it.
fn page(setup: &Setup, project: &Project, folder: &str) -> Reply {
    let (mut folders, mut files) = (BTreeSet::new(), BTreeMap::new());
    for (name, bytes) in setup.toy.files.iter().filter(|(name, _)| name != ZIP) {
        match name.strip_prefix(folder).map(|rest| rest.split_once('/').ok_or(rest)) {
            Some(Ok((inner, _))) => drop(folders.insert(inner.to_owned())),
            Some(Err(name)) => drop(files.insert(name.to_owned(), bytes.len())),
            None => {}
        }
    }
    if folders.is_empty() && files.is_empty() {
        return not_found();
    }
    let title = format!("Index of /files/{}/{}/{folder}", project.slug, project.version);
    let mut lines = String::new();
    for name in folders {
        lines.push_str(&line(&format!("{name}/"), "-"));
    }
    for (name, size) in files {
        lines.push_str(&line(&name, &size.to_string()));
    }
    Reply::page(&format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<h1>{title}</h1><hr><pre><a href=\"../\">../</a>\r\n\
         {lines}</pre><hr></body>\r\n</html>\r\n"
    ))
}

fn line(name: &str, size: &str) -> String {
    let target = percent_encoding::utf8_percent_encode(name, NAME);
    let shown: String = if name.chars().count() > 50 {
        format!("{}..&gt;", name.chars().take(47).collect::<String>())
    } else {
        name.to_owned()
    };
    let blanks = " ".repeat(51_usize.saturating_sub(name.chars().count()).max(1));
    format!("<a href=\"{target}\">{shown}</a>{blanks}05-Jan-2026 10:00 {size:>19}\r\n")
}

fn forbidden() -> Reply {
    Reply::page("<!DOCTYPE html><html><head><title>403: Forbidden Access</title></head><body><h1>Forbidden Access (403)</h1></body></html>").but(403)
}

fn not_found() -> Reply {
    Reply::page("<!DOCTYPE html><html><head><title>404: Page Not Found</title></head><body><h1>Page Not Found (404)</h1></body></html>").but(404)
}

const NAME: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
