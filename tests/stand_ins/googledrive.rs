//! Google Drive: a folder that everybody may see, with the toy in it and a folder below it.
//!
//! A file over a megabyte comes behind the page of the virus check, and then only with the
//! cookie that this page set. Some files are refused, each kind in a folder of its own. A toy
//! file that is named like an id is the file with that id.

use medsets::values::{Algorithm, Digester};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy};

/// The shared folder.
pub const FOLDER: &str = "FOLDER00000000000000000000000000";

/// Folders of entries of the catalogue, which show the toy here.
const OF_THE_CATALOGUE: [&str; 3] =
    ["1g29ssimdZ6JzTST6Y8g6h-ogUNReBtJD", "1r09_i8nJ9c1nliXVGXwSqRYqklcHd9e2", "1G2C2_FUCyYQKCkSeCRRiTTsLDvOAjFj5"];

const QUOTA: &str = "QUOTA000000000000000000000000000";
const PRIVATE: &str = "PRIVATE00000000000000000000000000";
const GONE: &str = "GONE0000000000000000000000000000";
const ODD: &str = "ODD00000000000000000000000000000";
const FORM: &str = "FORM0000000000000000000000000000";
const SHEET: &str = "SHEET000000000000000000000000000";

const LARGE: usize = 1_000_000;

/// Answers for `https://drive.google.com/` below `/drive`, for `drive.usercontent.google.com`
/// below `/bytes`, for `docs.google.com` below `/docs` and `accounts.google.com` below
/// `/accounts`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    let id = asked.parameter("id").unwrap_or_default();
    match place.as_str() {
        "/drive/uc" => match id.as_str() {
            PRIVATE => Reply::redirect(302, "https://accounts.google.com/v3/signin/identifier?continue=x"),
            GONE => Reply::page("<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>").but(404),
            _ => Reply::redirect(303, format!("https://drive.usercontent.google.com/download?id={id}&export=download")),
        },
        "/drive/embeddedfolderview" => folder(&setup.toy, &id),
        "/bytes/download" => bytes(&setup.toy, asked, &id),
        "/accounts/v3/signin/identifier" => {
            Reply::page("<!DOCTYPE html><html><title>Sign in - Google Accounts</title></html>")
        }
        _ if place == format!("/docs/spreadsheets/d/{SHEET}/export") => file(asked, "Table.xlsx", b"PK made up"),
        _ => Reply::page("<!DOCTYPE html><html><title>Page not found</title></html>").but(404),
    }
}

/// The id of a file of the toy.
pub fn id_of(toy: &Toy, name: &str) -> String {
    let at = toy.files.iter().position(|(one, _)| one == name).unwrap_or_default();
    format!("FILE{at:028}")
}

/// An id of a folder by its path: its letters in hexadecimal.
fn folder_id(path: &str) -> String {
    let hex: String = path.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("BELOW000000000000000000000_{hex}")
}

fn folder(toy: &Toy, id: &str) -> Reply {
    let path = |hex: &str| {
        let bytes = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
    };
    let prefix = match id {
        FOLDER => String::new(),
        _ if OF_THE_CATALOGUE.contains(&id) => String::new(),
        "FOLDER0000000000000000000QUOTA00" => return listing("toy", &[link(QUOTA, "quota.bin")]),
        "FOLDER000000000000000000PRIVATE0" => return listing("toy", &[link(PRIVATE, "private.bin")]),
        "FOLDER0000000000000000000000GONE" => return listing("toy", &[link(GONE, "gone.bin")]),
        "FOLDER00000000000000000000000ODD" => return listing("toy", &[link(ODD, "odd.bin")]),
        "FOLDER0000000000000000000000DOCS" => {
            let native =
                |kind: &str, id: &str, name: &str| anchor(&format!("https://docs.google.com/{kind}/d/{id}/edit"), name);
            return listing("toy", &[native("spreadsheets", SHEET, "Table"), native("forms", FORM, "Questions")]);
        }
        _ => match id.strip_prefix("BELOW000000000000000000000_").and_then(path) {
            Some(path) => format!("{path}/"),
            None => return Reply::page("<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>").but(404),
        },
    };
    let (mut entries, mut folders) = (Vec::new(), Vec::new());
    for (name, _) in toy.files.iter() {
        let Some(rest) = name.strip_prefix(&prefix) else { continue };
        match rest.split_once('/') {
            Some((below, _)) if !folders.contains(&below) => {
                folders.push(below);
                let id = folder_id(&format!("{prefix}{below}"));
                entries.push(anchor(&format!("https://drive.google.com/drive/folders/{id}"), below));
            }
            Some(_) => {}
            None => entries.push(link(&id_of(toy, name), rest)),
        }
    }
    // Clients call the folder what its page is called.
    listing(prefix.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("toy"), &entries)
}

fn link(id: &str, name: &str) -> String {
    anchor(&format!("https://drive.google.com/file/d/{id}/view?usp=drive_web"), name)
}

fn anchor(href: &str, name: &str) -> String {
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<div class=\"flip-entry\"><a href=\"{href}\" target=\"_blank\"><div class=\"flip-entry-icon\"></div>\
         <div class=\"flip-entry-title\">{name}</div></a></div>"
    )
}

fn listing(title: &str, entries: &[String]) -> Reply {
    let entries = entries.concat();
    Reply::page(&format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body><div class=\"flip-entries\">{entries}</div></body></html>"
    ))
}

fn bytes(toy: &Toy, asked: &Asked, id: &str) -> Reply {
    match id {
        QUOTA => return refusal("Google Drive - Quota exceeded", QUOTA_TEXT),
        ODD => return refusal("Google Drive - Something else", "Something is the matter."),
        _ => {}
    }
    let known = toy.files.iter().find(|(name, _)| name == id || id_of(toy, name) == id);
    let Some((name, bytes)) = known else {
        return Reply::page("<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>").but(404);
    };
    let confirmed = asked.parameter("confirm").as_deref() == Some("t")
        && asked.parameter("uuid").as_deref() == Some("u-1")
        && asked.header("cookie").is_some_and(|cookie| cookie.contains("checked=1"));
    if bytes.len() > LARGE && !confirmed {
        return warning(id);
    }
    file(asked, name.rsplit('/').next().unwrap_or_default(), bytes)
}

fn file(asked: &Asked, name: &str, bytes: &[u8]) -> Reply {
    use base64::Engine as _;
    let mut digester = Digester::new(Algorithm::Crc32c, None);
    digester.update(bytes);
    let crc32c = base64::engine::general_purpose::STANDARD.encode(digester.finish().bytes());
    let ascii: String = name.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    Reply::file(asked, bytes.to_vec())
        .with("content-type", "application/octet-stream")
        .with("content-disposition", format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}"))
        .with("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")
        .with("x-goog-hash", format!("crc32c={crc32c}"))
}

fn warning(id: &str) -> Reply {
    let input = |name: &str, value: &str| format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    let inputs = [input("id", id), input("export", "download"), input("confirm", "t"), input("uuid", "u-1")].concat();
    Reply::page(&format!(
        "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>\
         <p class=\"uc-warning-caption\">Google Drive can't scan this file for viruses.</p>\
         <form id=\"download-form\" action=\"https://drive.usercontent.google.com/download\" method=\"get\">\
         <input type=\"submit\" id=\"uc-download-link\" value=\"Download anyway\">{inputs}</form></body></html>"
    ))
    .with("set-cookie", "checked=1; path=/; secure")
}

fn refusal(title: &str, text: &str) -> Reply {
    Reply::page(&format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body><div id=\"uc-text\">\
         <p class=\"uc-error-caption\">Sorry, you can't view or download this file at this time.</p>\
         <p class=\"uc-error-subcaption\">{text}</p></div></body></html>"
    ))
}

const QUOTA_TEXT: &str = "Too many users have viewed or downloaded this file recently. Please try accessing the file again \
                          later. If the file you are trying to access is particularly large or is shared with many people, \
                          it may take up to 24 hours to be able to view or download the file.";
