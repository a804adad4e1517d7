//! What an archive that a git host generates holds, as git names it.
//!
//! Such archives are not byte-stable: the same commit may be packed otherwise tomorrow. The
//! git tree id of what is inside is stable, so that is what proves them. Every member counts,
//! also those that the entry skips when it unpacks. Archives of repositories with
//! `export-subst` or `export-ignore` attributes differ from their tree and cannot be proven.

mod tree;

use std::io::Read;

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use crate::values::{Algorithm, ByteSize, Digest, Digester};

use tree::{Mode, Tree};

/// The tree id of a `tar.gz` as `git archive` writes it, without the one folder that holds
/// everything. Fails when it is not such an archive; the bytes are only read.
pub fn tree_id_of_tar_gz(archive: impl Read) -> std::io::Result<Digest> {
    let mut tar = tar::Archive::new(MultiGzDecoder::new(archive));
    let mut tree = Tree::default();
    for entry in tar.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let path = String::from_utf8(entry.path_bytes().into_owned()).map_err(std::io::Error::other)?;
        let Some((_, below)) = path.split_once('/').filter(|(_, below)| !below.is_empty()) else { continue };
        match kind {
            EntryType::Regular | EntryType::Continuous => {
                let executable = entry.header().mode()? & 0o100 != 0;
                let blob = blob_of(&mut entry)?;
                tree.insert(below, if executable { Mode::Executable } else { Mode::File }, blob);
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().map(|name| name.into_owned()).unwrap_or_default();
                let mut digester = Digester::new(Algorithm::GitBlob, Some(ByteSize(target.len() as u64)));
                digester.update(&target);
                tree.insert(below, Mode::Link, digester.finish());
            }
            EntryType::Directory | EntryType::XGlobalHeader => {}
            _ => return Err(std::io::Error::other("it holds what git never packs")),
        }
    }
    Ok(tree.id())
}

fn blob_of(entry: &mut tar::Entry<'_, impl Read>) -> std::io::Result<Digest> {
    let mut digester = Digester::new(Algorithm::GitBlob, Some(ByteSize(entry.size())));
    let mut buffer = vec![0; 64 << 10];
    loop {
        match entry.read(&mut buffer)? {
            0 => return Ok(digester.finish()),
            read => digester.update(&buffer[..read]),
        }
    }
}
