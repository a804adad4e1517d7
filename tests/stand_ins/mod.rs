//! Stand-ins for hosts: each answers as the host does, errors and redirects included.
//!
//! One file per host, after what is known of it (the provider's header names the sources). The
//! same stand-ins serve the tests of `tests/hosts.rs` and, by `examples/stand_in.rs`, the
//! hosts' official clients: a stand-in is believed because those run against it.

#![allow(dead_code, reason = "each crate that holds the stand-ins uses a part of them")]

pub mod azure;
pub mod box_links;
pub mod doi;
pub mod figshare;
pub mod github;
pub mod googledrive;
pub mod huggingface;
pub mod idc;
pub mod isic;
pub mod kaggle;
pub mod osf;
pub mod physionet;
pub mod pmc;
pub mod redivis;
pub mod s3;
pub mod storage;
pub mod synapse;
pub mod tcia;
pub mod umls;
pub mod zenodo;

use std::sync::Arc;

use medsets::values::{Algorithm, ByteSize, Digest, Digester};

/// A dataset for toys: names and bytes.
#[derive(Debug, Clone)]
pub struct Toy {
    /// The files.
    pub files: Arc<Vec<(String, Vec<u8>)>>,
}

/// How a stand-in is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What it serves.
    pub toy: Toy,
    /// How its own address is written in its answers, ending in `/`.
    pub origin: String,
    /// Where it sends readers for the bytes: another origin, ending in `/`.
    pub storage: String,
    /// The token it wants; none for what is open.
    pub token: Option<String>,
}

impl Toy {
    /// Small files with names that need care, one of some size, and one that is empty.
    pub fn new() -> Self {
        let big: Vec<u8> = (0..700_000_u32).flat_map(|number| (number * 7).to_le_bytes()).collect();
        let files = [
            ("README.md", b"# Toy\n".to_vec()),
            ("data/labels of all.csv", b"id,label\n1,0\n2,1\n".to_vec()),
            ("data/caf\u{e9} #1 50%.txt", "\u{e9}\n".into()),
            ("data/big.bin", big),
            ("empty.txt", Vec::new()),
        ];
        Self { files: Arc::new(files.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec()) }
    }

    /// The same without folders, for hosts that have none.
    pub fn flat() -> Self {
        let files = Self::new().files.iter().map(|(name, bytes)| (name.replace("data/", ""), bytes.clone())).collect();
        Self { files: Arc::new(files) }
    }

    /// The bytes of a file.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(one, _)| one == name).map(|(_, bytes)| bytes.as_slice())
    }
}

/// A digest as hosts write it: hexadecimal digits.
pub fn hex(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut digester = Digester::new(algorithm, Some(ByteSize(bytes.len() as u64)));
    digester.update(bytes);
    let digest: Digest = digester.finish();
    digest.hex()
}
