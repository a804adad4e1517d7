//! Tars block by block.

use std::io::{Read as _, Write as _};

/// A tar being built.
#[derive(Clone, Default)]
pub(super) struct Tar(Vec<u8>);

/// A header, honest until told otherwise.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) prefix: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) kind: u8,
    pub(super) size: u64,
    pub(super) magic: [u8; 8],
}

impl Header {
    pub(super) fn new(name: impl AsRef<[u8]>, kind: u8, size: u64) -> Self {
        Self { name: name.as_ref().to_vec(), prefix: Vec::new(), link: Vec::new(), kind, size, magic: *b"ustar\x0000" }
    }

    pub(super) fn block(&self) -> [u8; 512] {
        let mut block = [0; 512];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name[..self.name.len().min(100)]);
        put(100, b"0000644\0");
        put(108, b"0001750\0");
        put(116, b"0001750\0");
        if self.size > 0o77_777_777_777 {
            put(124, &[0x80, 0, 0, 0]);
            put(128, &self.size.to_be_bytes());
        } else {
            put(124, format!("{:011o}\0", self.size).as_bytes());
        }
        put(136, b"14547600000\0");
        put(148, b"        ");
        put(156, &[self.kind]);
        put(157, &self.link[..self.link.len().min(100)]);
        put(257, &self.magic);
        put(345, &self.prefix);
        sign(&mut block);
        block
    }
}

/// Writes the checksum.
pub(super) fn sign(block: &mut [u8; 512]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

impl Tar {
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// A header and data filled up to whole blocks.
    pub(super) fn entry(self, header: &Header, data: &[u8]) -> Self {
        let padding = vec![0; (512 - data.len() % 512) % 512];
        self.raw(&header.block()).raw(data).raw(&padding)
    }

    pub(super) fn file(self, name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        self.entry(&Header::new(name, b'0', data.len() as u64), data)
    }

    pub(super) fn folder(self, name: &str) -> Self {
        self.entry(&Header::new(name, b'5', 0), b"")
    }

    pub(super) fn link(self, kind: u8, name: &str, target: &str) -> Self {
        let mut header = Header::new(name, kind, 0);
        header.link = target.as_bytes().to_vec();
        self.entry(&header, b"")
    }

    /// An extended header of these records.
    pub(super) fn pax(self, records: &[(&str, &str)]) -> Self {
        let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.entry(&Header::new("PaxHeaders/x", b'x', records.len() as u64), &records)
    }

    pub(super) fn global(self, records: &[(&str, &str)]) -> Self {
        let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.entry(&Header::new("pax_global_header", b'g', records.len() as u64), &records)
    }

    /// A GNU long name (`L`) or long link (`K`).
    pub(super) fn long(self, kind: u8, name: &str) -> Self {
        let name = [name.as_bytes(), b"\0"].concat();
        let mut header = Header::new("././@LongLink", kind, name.len() as u64);
        header.magic = *b"ustar  \0";
        self.entry(&header, &name)
    }

    pub(super) fn end(self) -> Self {
        self.raw(&[0; 1024])
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }

    pub(super) fn gz(&self) -> Vec<u8> {
        gzip(&self.0)
    }
}

/// A PAX record with its length.
pub(super) fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    ::bzip2::read::BzEncoder::new(bytes, ::bzip2::Compression::best()).read_to_end(&mut packed).unwrap();
    packed
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    liblzma::encode_all(bytes, 6).unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
