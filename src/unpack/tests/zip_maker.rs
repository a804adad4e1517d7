//! Zips byte by byte, with everything that can be said wrongly.

use std::io::{Read as _, Write as _};

/// One member, honest until told otherwise.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) local_name: Option<Vec<u8>>,
    pub(super) data: Vec<u8>,
    /// Packed bytes, where they are not `data` as it is.
    pub(super) packed: Option<Vec<u8>>,
    pub(super) method: u16,
    pub(super) local_method: Option<u16>,
    pub(super) flags: u16,
    pub(super) crc32: Option<u32>,
    pub(super) size: Option<u64>,
    pub(super) local_size: Option<u32>,
    pub(super) host: u8,
    pub(super) attributes: u32,
    pub(super) extra: Vec<u8>,
    pub(super) local_extra: Vec<u8>,
    /// Sizes stand behind the data: with signature, with long sizes.
    pub(super) descriptor: Option<(bool, bool)>,
    /// Sizes stand in a zip64 field although they would fit.
    pub(super) zip64: bool,
    /// Place of the local header, instead of its own.
    pub(super) offset: Option<u32>,
    /// The directory does not name it.
    pub(super) hidden: bool,
    /// It has no local header and data of its own.
    pub(super) virtual_only: bool,
    pub(super) time: (u16, u16),
}

pub(super) fn member(name: impl AsRef<[u8]>, data: &[u8]) -> Member {
    Member {
        name: name.as_ref().to_vec(),
        local_name: None,
        data: data.to_vec(),
        packed: None,
        method: 0,
        local_method: None,
        flags: 0,
        crc32: None,
        size: None,
        local_size: None,
        host: 3,
        attributes: 0o100_644 << 16,
        extra: Vec::new(),
        local_extra: Vec::new(),
        descriptor: None,
        zip64: false,
        offset: None,
        hidden: false,
        virtual_only: false,
        time: (0, 0x5821),
    }
}

impl Member {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn deflated(mut self) -> Self {
        self.packed = Some(deflate(&self.data));
        self.method = 8;
        self
    }

    fn crc32(&self) -> u32 {
        self.crc32.unwrap_or_else(|| crc32fast::hash(&self.data))
    }

    fn packed(&self) -> &[u8] {
        self.packed.as_deref().unwrap_or(&self.data)
    }

    fn size(&self) -> u64 {
        self.size.unwrap_or(self.data.len() as u64)
    }

    fn local(&self, out: &mut Vec<u8>) {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let flags = self.flags | if self.descriptor.is_some() { 8 } else { 0 };
        out.extend(b"PK\x03\x04\x14\0");
        out.extend(flags.to_le_bytes());
        out.extend(self.local_method.unwrap_or(self.method).to_le_bytes());
        out.extend(self.time.0.to_le_bytes());
        out.extend(self.time.1.to_le_bytes());
        let (crc32, packed, size) = match self.descriptor {
            Some(_) => (0, 0, 0),
            None => (self.crc32(), self.packed().len() as u64, self.size()),
        };
        out.extend(crc32.to_le_bytes());
        let mut extra = self.local_extra.clone();
        if self.zip64 {
            out.extend([0xff; 8]);
            extra.extend([1, 0, 16, 0]);
            extra.extend(size.to_le_bytes());
            extra.extend(packed.to_le_bytes());
        } else {
            out.extend((packed as u32).to_le_bytes());
            out.extend(self.local_size.unwrap_or(size as u32).to_le_bytes());
        }
        out.extend((name.len() as u16).to_le_bytes());
        out.extend((extra.len() as u16).to_le_bytes());
        out.extend(name);
        out.extend(extra);
        out.extend(self.packed());
        if let Some((signature, wide)) = self.descriptor {
            if signature {
                out.extend(b"PK\x07\x08");
            }
            out.extend(self.crc32().to_le_bytes());
            if wide {
                out.extend((self.packed().len() as u64).to_le_bytes());
                out.extend(self.size().to_le_bytes());
            } else {
                out.extend((self.packed().len() as u32).to_le_bytes());
                out.extend((self.size() as u32).to_le_bytes());
            }
        }
    }

    fn central(&self, offset: u32, disk: u16, out: &mut Vec<u8>) {
        let flags = self.flags | if self.descriptor.is_some() { 8 } else { 0 };
        out.extend([b'P', b'K', 1, 2, 20, self.host, 20, 0]);
        out.extend(flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend(self.time.0.to_le_bytes());
        out.extend(self.time.1.to_le_bytes());
        out.extend(self.crc32().to_le_bytes());
        let mut extra = self.extra.clone();
        if self.zip64 || self.size() > 0xffff_fffe {
            out.extend([0xff; 8]);
            extra.extend([1, 0, 16, 0]);
            extra.extend(self.size().to_le_bytes());
            extra.extend((self.packed().len() as u64).to_le_bytes());
        } else {
            out.extend((self.packed().len() as u32).to_le_bytes());
            out.extend((self.size() as u32).to_le_bytes());
        }
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend((extra.len() as u16).to_le_bytes());
        out.extend([0, 0]);
        out.extend(disk.to_le_bytes());
        out.extend([0, 0]);
        out.extend(self.attributes.to_le_bytes());
        out.extend(self.offset.unwrap_or(offset).to_le_bytes());
        out.extend(&self.name);
        out.extend(extra);
    }
}

/// A zip, honest until told otherwise.
#[derive(Clone, Default)]
pub(super) struct Zip {
    pub(super) members: Vec<Member>,
    pub(super) prefix: Vec<u8>,
    /// Offsets count the prefix in.
    pub(super) absolute: bool,
    pub(super) comment: Vec<u8>,
    pub(super) count: Option<u16>,
    pub(super) directory_offset: Option<u32>,
    pub(super) directory_size: Option<u32>,
    /// An end record of zip64: with the count it states.
    pub(super) zip64_count: Option<u64>,
    /// The short record leaves all to the long one.
    pub(super) zip64_sentinels: bool,
    pub(super) after: Vec<u8>,
}

impl Zip {
    pub(super) fn of(members: impl IntoIterator<Item = Member>) -> Self {
        Self { members: members.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let base = if self.absolute { 0 } else { self.prefix.len() };
        let mut directory = Vec::new();
        let mut count = 0u64;
        for member in &self.members {
            let offset = (out.len() - base) as u32;
            if !member.virtual_only {
                member.local(&mut out);
            }
            if !member.hidden {
                member.central(offset, 0, &mut directory);
                count += 1;
            }
        }
        let start = (out.len() - base) as u32;
        out.extend(&directory);
        if let Some(stated) = self.zip64_count {
            let end = (out.len() - base) as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44u64.to_le_bytes());
            out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [stated, stated, directory.len() as u64, u64::from(start)] {
                out.extend(number.to_le_bytes());
            }
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(end.to_le_bytes());
            out.extend([1, 0, 0, 0]);
        }
        let count = self.count.unwrap_or(count as u16);
        out.extend(b"PK\x05\x06\0\0\0\0");
        if self.zip64_sentinels {
            out.extend([0xff; 12]);
        } else {
            out.extend(count.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(self.directory_size.unwrap_or(directory.len() as u32).to_le_bytes());
            out.extend(self.directory_offset.unwrap_or(start).to_le_bytes());
        }
        out.extend((self.comment.len() as u16).to_le_bytes());
        out.extend(&self.comment);
        out.extend(&self.after);
        out
    }

    /// In two parts, cut behind the first member.
    pub(super) fn in_two_parts(&self) -> (Vec<u8>, Vec<u8>) {
        let mut first = b"PK\x07\x08".to_vec();
        self.members[0].local(&mut first);
        let mut second = Vec::new();
        let mut directory = Vec::new();
        self.members[0].central(4, 0, &mut directory);
        for member in &self.members[1..] {
            member.central(second.len() as u32, 1, &mut directory);
            member.local(&mut second);
        }
        let (start, count) = (second.len() as u32, self.members.len() as u16);
        second.extend(&directory);
        second.extend(b"PK\x05\x06\x01\0\x01\0");
        second.extend((count - 1).to_le_bytes());
        second.extend(count.to_le_bytes());
        second.extend((directory.len() as u32).to_le_bytes());
        second.extend(start.to_le_bytes());
        second.extend([0, 0]);
        (first, second)
    }
}

/// An extra field.
pub(super) fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// The second name of a member (0x7075), about the first.
pub(super) fn unicode_path(raw: &[u8], name: &str) -> Vec<u8> {
    extra(0x7075, &[&[1], &crc32fast::hash(raw).to_le_bytes()[..], name.as_bytes()].concat())
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut packed).unwrap();
    packed
}

/// A zip with one member that the crate `zip` writes.
pub(super) fn by_crate(options: zip::write::SimpleFileOptions, data: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("a/data.csv", options).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap().into_inner()
}
