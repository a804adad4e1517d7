//! medsets as a contestant: an entry laid over the catalogue, and the program in a fresh home.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fallible;
use crate::data::{Data, Made};
use crate::server::Server;

pub const NAME: &str = "medsets";

/// The program with the overlay that holds all entries of the benchmark.
#[derive(Clone)]
pub struct Medsets {
    overlay: PathBuf,
    rewrite: String,
}

impl Medsets {
    /// Writes an entry for each kind of data beside the served folder.
    pub fn new(data: &Data, server: &Server) -> Fallible<Self> {
        let overlay = data.dir().with_file_name("catalog");
        std::fs::create_dir_all(&overlay)?;
        for (id, files, unpack) in [
            ("bench-big", &data.big, ""),
            ("bench-small", &data.small, ""),
            ("bench-tar", &data.tar, "unpack = { format = \"tar.gz\" }\n"),
            ("bench-zip", &data.zip, "unpack = { format = \"zip\" }\n"),
        ] {
            if !files.is_empty() {
                std::fs::write(overlay.join(id).with_extension("toml"), entry(id, files, unpack)?)?;
            }
        }
        Ok(Self { overlay, rewrite: format!("{BASE}={}", server.url("")) })
    }

    /// `medsets ARGUMENTS` with home, data and state below `folder`.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_medsets"));
        command
            .args(arguments)
            .arg("--quiet")
            .env("HOME", folder)
            .env("MEDSETS_DATA_DIR", data_dir(folder))
            .env("MEDSETS_STATE_DIR", folder.join("state"))
            .env("MEDSETS_CATALOG", &self.overlay)
            .env("MEDSETS_REWRITE", &self.rewrite)
            .env("MEDSETS_KEYRING", "none")
            .env("MEDSETS_NO_INPUT", "1");
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(name);
        }
        command
    }
}

/// Where a fetched dataset lies.
pub fn dataset_dir(folder: &Path, id: &str) -> PathBuf {
    data_dir(folder).join(id).join("1")
}

fn data_dir(folder: &Path) -> PathBuf {
    folder.join("datasets")
}

fn entry(id: &str, files: &[Made], unpack: &str) -> Result<String, std::fmt::Error> {
    let mut entry = format!(
        "id = \"{id}\"\ntitle = \"Benchmark\"\nsummary = \"Made for measuring.\"\nhomepage = \"{BASE}\"\n\
         maintainer = {{ name = \"nobody\" }}\nmodality = [\"text\"]\n\n"
    );
    for about in ["counts", "licence", "files", "access"] {
        let claim = format!("about = \"{about}\"\nsource = \"made up\"\nread = 2026-11-24\nconfidence = \"high\"\n");
        write!(entry, "[[claim]]\n{claim}\n")?;
    }
    write!(entry, "[[release]]\nversion = \"1\"\ndate = \"2026\"\nlicense = \"CC0-1.0\"\n\n")?;
    write!(entry, "[[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"{BASE}\"\n\n")?;
    for Made { path, size, sha256 } in files {
        write!(entry, "[[release.file]]\npath = \"{path}\"\nsize = {size}\nsha256 = \"{sha256}\"\n{unpack}\n")?;
    }
    Ok(entry)
}

const BASE: &str = "https://data.example/";
