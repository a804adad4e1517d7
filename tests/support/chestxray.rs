//! A stand-in for NIH's Box folder: twelve archives of the true shape with drawn pictures.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;

use medsets::values::Digest;

use super::home::Home;
use super::host::{Asked, Host, Reply};

/// The twelve archives and the tables, by the address Box has for them.
pub struct ChestXray {
    /// Bytes by name at the publisher.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The overlay entry: the embedded one with other digests and sizes.
    pub entry: String,
}

impl ChestXray {
    /// Makes the files: `members` pictures of about `size` bytes in each archive.
    pub fn make(home: &Home, members: usize, size: usize) -> Self {
        let entry = home.run(&["info", "chestxray14", "--raw"]).expect(0).stdout;
        let mut files = BTreeMap::new();
        for number in 1..=12 {
            files.insert(format!("images_{number:03}.tar.gz"), archive(number, members, size));
        }
        let mut made = Self { files, entry };
        made.overlay(members);
        made
    }

    /// Gives each file of the entry the digest and size of ours; other lines stay as they are.
    fn overlay(&mut self, members: usize) {
        let mut out = String::new();
        let mut path = String::new();
        for line in self.entry.lines() {
            if let Some(name) = line.strip_prefix("path = ") {
                path = name.trim_matches('"').to_owned();
                if !self.files.contains_key(&path) {
                    self.files.insert(path.clone(), format!("made up for {path}\n").repeat(50).into_bytes());
                }
            }
            let bytes = self.files.get(&path);
            let digest = |bytes: &Vec<u8>| Digest::sha256(bytes).hex();
            match (line.split(" = ").next().unwrap_or_default(), bytes) {
                ("size", Some(bytes)) => out.push_str(&format!("size = {}\n", bytes.len())),
                ("sha256", Some(bytes)) => out.push_str(&format!("sha256 = \"{}\"\n", digest(bytes))),
                // The true set fills 47 GB; a test machine need not have them free.
                ("size-about" | "unpacked-about", _) => {}
                ("md5" | "sha1", Some(_)) => {}
                ("unpack", Some(_)) => out.push_str(&format!("{}\n", with_members(line, members))),
                _ => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        self.entry = out;
    }

    /// Serves the files as Box does: static links redirect twice and then to a one-time
    /// address on another host; the others come by the vanity endpoint; HEAD is refused.
    pub fn serve(&self) -> Host {
        let by_token = self.addresses("static = \"");
        let by_id = self.addresses("file-id = \"");
        let files = self.files.clone();
        let tickets: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
        let count = std::sync::atomic::AtomicU64::new(0);
        Host::start(move |asked: &Asked| {
            if asked.method != "GET" {
                return Reply::status(404);
            }
            let ticket = |name: &String| {
                let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let ticket = format!("b1!{number}{}", Digest::sha256(name.as_bytes()).hex());
                tickets.lock().expect("no test panics here").insert(ticket.clone(), name.clone());
                Reply::redirect(302, format!("https://public.boxcloud.com/d/1/{ticket}/download"))
            };
            if let Some(token) = asked.path.strip_prefix("/nihcc/shared/static/") {
                return Reply::redirect(301, format!("/public/static/{token}"))
                    .with("set-cookie", "z=1; path=/; secure");
            }
            if let Some(token) = asked.path.strip_prefix("/nihcc/public/static/") {
                return Reply::redirect(301, format!("https://nihcc.app.box.com/public/static/{token}"));
            }
            if let Some(token) = asked.path.strip_prefix("/app/public/static/") {
                return by_token.get(token).map_or(Reply::status(404), &ticket);
            }
            if asked.path.starts_with("/app/index.php?rm=box_download_shared_file") {
                let id = asked.path.rsplit("file_id=f_").next().unwrap_or_default();
                return by_id.get(id).map_or(Reply::page("<html><title>Box</title></html>"), &ticket);
            }
            let used = asked.path.strip_prefix("/cloud/d/1/").and_then(|rest| rest.strip_suffix("/download"));
            let name = used.and_then(|ticket| tickets.lock().expect("no test panics here").remove(ticket));
            match name.and_then(|name| files.get(&name)) {
                Some(bytes) => Reply::file(asked, bytes.clone()),
                None => Reply::status(404),
            }
        })
    }

    /// The `MEDSETS_REWRITE` that leads Box's hosts to ours.
    pub fn rewrite(host: &Host) -> String {
        let url = host.url();
        format!(
            "https://nihcc.box.com/={url}nihcc/;https://nihcc.app.box.com/={url}app/;https://public.boxcloud.com/={url}cloud/"
        )
    }

    /// Names by what stands behind `key` in the entry's file tables.
    fn addresses(&self, key: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut path = String::new();
        for line in self.entry.lines() {
            if let Some(name) = line.strip_prefix("path = ") {
                path = name.trim_matches('"').to_owned();
            }
            if let Some((_, rest)) = line.split_once(key) {
                found.insert(rest.split('"').next().unwrap_or_default().to_owned(), path.clone());
            }
        }
        found
    }
}

/// The figures of the entry's `unpack` line replaced by ours.
fn with_members(line: &str, members: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in line.split(", ") {
        let figure = part.trim_end_matches(" }");
        let end = if part.ends_with(" }") { " }" } else { "" };
        match figure.split_once(" = ") {
            Some(("members", _)) => parts.push(format!("members = {members}{end}")),
            Some(("unpacked-size", _)) if end.is_empty() => {}
            _ => parts.push(part.to_owned()),
        }
    }
    parts.join(", ")
}

/// One `tar.gz` with a folder `images/` of pictures that do not compress.
fn archive(number: usize, members: usize, size: usize) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for member in 0..members {
        let mut bytes = Vec::with_capacity(size);
        bytes.write_all(b"\x89PNG\r\n\x1a\n").expect("memory takes it");
        while bytes.len() < size {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_505_000_000);
        header.set_cksum();
        let name = format!("images/{:08}_{member:03}.png", number * 1000 + member);
        tar.append_data(&mut header, name, &bytes[..]).expect("memory takes it");
    }
    tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("memory takes it")
}
