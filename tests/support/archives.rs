//! Archives of any shape, honest or not, and catalogue entries that lead to them.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use medsets::values::Digest;
use zip::write::SimpleFileOptions;

use super::home::Home;
use super::host::{Host, Reply};

/// A zip of these members in this order; a name that ends in `/` is a folder.
pub fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        if let Some(folder) = name.strip_suffix('/') {
            zip.add_directory(folder, SimpleFileOptions::default()).expect("memory takes it");
        } else {
            zip.start_file(*name, SimpleFileOptions::default()).expect("memory takes it");
            zip.write_all(bytes).expect("memory takes it");
        }
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// The same as AES-encrypted members.
pub fn encrypted_zip(members: &[(&str, &[u8])], password: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().with_aes_encryption(zip::AesMode::Aes256, password);
        zip.start_file(*name, options).expect("memory takes it");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// A tar of raw headers: no builder refuses the names.
pub fn tar_of(members: &[(&str, tar::EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, link, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_505_000_000);
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).expect("memory takes it");
    packed.finish().expect("memory takes it")
}

/// A dataset `made` whose files a host on loopback serves. The entry states their true sizes
/// and digests, so that nothing but the contents can be at fault.
pub struct Served {
    /// The host; its log says what was asked.
    pub host: Host,
    /// The overlay's folder.
    pub catalog: String,
    /// The home, with the host's address put in the place of the publisher's.
    pub home: Home,
}

/// Serves files. Beside the name and bytes stands the `unpack` table; empty for none.
pub fn serve(files: &[(&str, Vec<u8>, &str)]) -> Served {
    serve_with(Home::new(), files, "")
}

/// The same in a home of one's own, with more text in front of the entry's releases.
pub fn serve_with(home: Home, files: &[(&str, Vec<u8>, &str)], tables: &str) -> Served {
    let mut entry = format!(
        "id = \"made\"\ntitle = \"Made\"\nsummary = \"Made in a test.\"\n\
         maintainer = {{ name = \"test\" }}\ntags = [\"made\"]\nmodality = [\"text\"]\nanatomy = [\"none\"]\n\
         task = [\"classification\"]\nformat = [\"text\"]\n\n{tables}\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example.org/made/\"\n"
    );
    let mut served = BTreeMap::new();
    for (name, bytes, unpack) in files {
        let (size, digest) = (bytes.len(), Digest::sha256(bytes).hex());
        entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\nsize = {size}\nsha256 = \"{digest}\"\n"));
        if !unpack.is_empty() {
            entry.push_str(&format!("unpack = {unpack}\n"));
        }
        served.insert(format!("/made/{name}"), bytes.clone());
    }
    let host = Host::start(move |asked| match served.get(&asked.path.replace("%20", " ")) {
        Some(bytes) => Reply::file(asked, bytes.clone()),
        None => Reply::status(404),
    });
    let home = home.with("MEDSETS_REWRITE", format!("https://files.example.org/={}", host.url()));
    let catalog = home.overlay("made.toml", &entry);
    Served { host, catalog, home }
}

impl Served {
    /// The file of its entry.
    pub fn entry(&self) -> PathBuf {
        PathBuf::from(&self.catalog).join("made.toml")
    }

    /// Changes its entry, by which something must change.
    pub fn edit_entry(&self, edit: impl FnOnce(&str) -> String) {
        let text = std::fs::read_to_string(self.entry()).expect("it was written");
        let edited = edit(&text);
        assert_ne!(text, edited);
        std::fs::write(self.entry(), edited).expect("the home can be written");
    }

    /// Fetches the dataset and sends it to a folder, a mirror. Gives the folder and its address.
    pub fn mirrored(&self) -> (PathBuf, String) {
        self.run(&["fetch", "made"]).expect(0);
        let (folder, mirror) = self.home.share();
        self.run(&["mirror", "push", "made", "--mirror", &mirror]).expect(0);
        (folder, mirror)
    }

    /// Runs the program with the overlay.
    pub fn run(&self, arguments: &[&str]) -> super::home::Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }
}
