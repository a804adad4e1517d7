//! The files that are fetched: made here, the same in every run.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Fallible;

/// All made files, below one folder that is served.
pub struct Data {
    dir: PathBuf,
    pub big: Vec<Made>,
    pub small: Vec<Made>,
    pub tar: Vec<Made>,
    pub zip: Vec<Made>,
    /// Files and bytes that come out of each archive.
    pub members: Amount,
}

/// One file: its path below the served folder, its size and digest.
pub struct Made {
    pub path: String,
    pub size: u64,
    pub sha256: String,
}

/// How much there is of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    pub files: u64,
    pub bytes: u64,
}

impl Data {
    /// Makes what the wanted cases need.
    pub fn make(dir: &Path, scale: f64, wants: &dyn Fn(&str) -> bool) -> Fallible<Self> {
        std::fs::create_dir_all(dir)?;
        let mut data = Self {
            dir: dir.to_path_buf(),
            big: Vec::new(),
            small: Vec::new(),
            tar: Vec::new(),
            zip: Vec::new(),
            members: Amount::default(),
        };
        let files = scaled(20_000, scale);
        if wants(BIG) || wants(AGAIN) {
            let size = scaled(4 << 30, scale);
            data.big = vec![data.write("big.bin", Noise::new(1).take(size))?];
        }
        if wants(SMALL) || wants(VERIFY) {
            for index in 0..files {
                let (path, size) = (format!("small/d{:03}/f{index:05}.bin", index / 100), small_size(index));
                data.small.push(data.write(&path, Noise::new(index + 2).take(size))?);
            }
        }
        data.make_archives(files, wants)?;
        Ok(data)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn make_archives(&mut self, files: u64, wants: &dyn Fn(&str) -> bool) -> Fallible<()> {
        let members = || (0..files).map(|index| (format!("set/d{:03}/t{index:05}.txt", index / 100), text(index)));
        self.members = members().fold(Amount::default(), |sum, (_, text)| Amount {
            files: sum.files + 1,
            bytes: sum.bytes + text.len() as u64,
        });
        if wants(FETCH_TAR) || wants(TAR) {
            let packer = flate2::write::GzEncoder::new(self.create("set.tar.gz")?, flate2::Compression::new(6));
            let mut archive = tar::Builder::new(packer);
            for (name, text) in members() {
                let mut header = tar::Header::new_ustar();
                header.set_size(text.len() as u64);
                header.set_mode(0o644);
                archive.append_data(&mut header, name, text.as_slice())?;
            }
            archive.into_inner()?.finish()?.flush()?;
            self.tar = vec![self.measure("set.tar.gz")?];
        }
        if wants(FETCH_ZIP) || wants(ZIP) {
            let mut archive = zip::ZipWriter::new(self.create("set.zip")?);
            for (name, text) in members() {
                archive.start_file(name, zip::write::SimpleFileOptions::default())?;
                archive.write_all(&text)?;
            }
            archive.finish()?.flush()?;
            self.zip = vec![self.measure("set.zip")?];
        }
        Ok(())
    }

    fn create(&self, path: &str) -> Fallible<BufWriter<std::fs::File>> {
        let file = self.dir.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        Ok(BufWriter::with_capacity(1 << 20, std::fs::File::create(file)?))
    }

    fn write(&self, path: &str, mut bytes: impl Read) -> Fallible<Made> {
        let mut file = self.create(path)?;
        std::io::copy(&mut bytes, &mut file)?;
        file.flush()?;
        self.measure(path)
    }

    fn measure(&self, path: &str) -> Fallible<Made> {
        let (mut file, mut hasher) = (std::fs::File::open(self.dir.join(path))?, Sha256::new());
        let (mut buffer, mut size) = (vec![0; 1 << 20], 0);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                return Ok(Made { path: path.to_owned(), size, sha256 });
            }
            hasher.update(&buffer[..read]);
            size += read as u64;
        }
    }
}

/// How much some files are together.
pub fn amount(files: &[Made]) -> Amount {
    Amount { files: files.len() as u64, bytes: files.iter().map(|file| file.size).sum() }
}

fn scaled(full: u64, scale: f64) -> u64 {
    ((full as f64 * scale) as u64).max(1)
}

/// 4 to 100 KB, spread evenly and without order.
fn small_size(index: u64) -> u64 {
    4_000 + Noise::new(index).word() % 96_000
}

/// Lines as of a table of findings: compresses to about a third.
fn text(index: u64) -> Vec<u8> {
    let mut noise = Noise::new(index);
    let size = (4_000 + noise.word() % 96_000) as usize;
    let mut text = Vec::with_capacity(size + 64);
    while text.len() < size {
        let word = noise.word();
        let finding = FINDINGS[(word % FINDINGS.len() as u64) as usize];
        let (patient, value) = ((word >> 16) % 100_000, (word >> 40) % 1_000);
        text.extend_from_slice(format!("p{patient:05},{finding},0.{value:03}\n").as_bytes());
    }
    text
}

/// SplitMix64 as a stream of bytes that do not compress.
struct Noise {
    state: u64,
}

impl Noise {
    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0xA076_1D64_78BD_642F) }
    }

    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.word().to_le_bytes()[..chunk.len()]);
        }
        Ok(buffer.len())
    }
}

const FINDINGS: &[&str] =
    &["no finding", "opacity", "effusion", "cardiomegaly", "nodule", "pneumothorax", "edema", "fracture"];

/// Names of the cases, which decide what data they need.
pub const BIG: &str = "big";
pub const AGAIN: &str = "again";
pub const SMALL: &str = "small";
pub const VERIFY: &str = "verify";
pub const FETCH_TAR: &str = "fetch-tar";
pub const FETCH_ZIP: &str = "fetch-zip";
pub const TAR: &str = "unpack-tar";
pub const ZIP: &str = "unpack-zip";
