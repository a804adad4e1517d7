//! Packs members into archives and reads them back.

use std::error::Error;
use std::io::{Cursor, Read, Write};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

use crate::Member;

/// A zip with every time at the format's beginning.
pub fn zip(members: &[Member]) -> Result<Vec<u8>, Box<dyn Error>> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for member in members {
        archive.start_file(member.name.as_str(), options)?;
        archive.write_all(&member.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A tar.gz of regular files that belong to nobody, without times.
pub fn tar_gz(members: &[Member]) -> Result<Vec<u8>, Box<dyn Error>> {
    let packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(packer);
    for member in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(member.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, &member.name, member.bytes.as_slice())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

/// The members of a zip in their order.
pub fn read_zip(bytes: &[u8]) -> Result<Vec<Member>, Box<dyn Error>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        members.push(Member { name: entry.name()?.into_owned(), bytes });
    }
    Ok(members)
}

/// The members of a tar.gz in their order.
pub fn read_tar_gz(bytes: &[u8]) -> Result<Vec<Member>, Box<dyn Error>> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes));
    let mut members = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8(entry.path_bytes().into_owned())?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        members.push(Member { name, bytes });
    }
    Ok(members)
}
