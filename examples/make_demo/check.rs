//! What is wrong with the committed set: every difference, in words.

use std::error::Error;
use std::path::Path;

use crate::entry::{self, Unpack};
use crate::{Contents, DemoFile, Member, archives};

/// Compares the committed files with what is made now.
pub fn committed(dir: &Path, files: &[DemoFile]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut differences = Vec::new();
    for file in files {
        let bytes = std::fs::read(dir.join(file.name))?;
        let (made, held) = match &file.contents {
            Contents::Plain(made) => (vec![plain(made)], vec![plain(&bytes)]),
            Contents::Zip(made) => (made.clone(), archives::read_zip(&bytes)?),
            Contents::TarGz(made) => (made.clone(), archives::read_tar_gz(&bytes)?),
        };
        differences.extend(compare(file.name, &made, &held));
    }
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if !files.iter().any(|file| name == file.name) {
            differences.push(format!("`{}` is not a file of the set", name.display()));
        }
    }
    Ok(differences)
}

/// Compares what an entry states of each file with the committed bytes.
pub fn stated(catalog: &Path, id: &str, files: &[DemoFile]) -> Result<Vec<String>, Box<dyn Error>> {
    let entry = entry::read(catalog, id)?;
    let stated: Vec<_> = entry.release.iter().flat_map(|release| &release.file).collect();
    let mut differences = Vec::new();
    if !stated.iter().map(|file| file.path.as_str()).eq(files.iter().map(|file| file.name)) {
        differences.push(format!("`{id}` does not list just the files of the set, in their order"));
    }
    for (stated, file) in stated.iter().zip(files) {
        let bytes = std::fs::read(catalog.join("demo").join(file.name))?;
        let digest = entry::sha256(&bytes);
        if (stated.size, &stated.sha256) != (bytes.len() as u64, &digest) {
            differences.push(format!("`{id}` must say of `{}`: {} bytes, {digest}", file.name, bytes.len()));
        }
        if let Some(unpack) = &stated.unpack {
            differences.extend(unpacked(id, file, unpack));
        }
    }
    Ok(differences)
}

/// Compares the promise of what comes out with what does, junk left out.
fn unpacked(id: &str, file: &DemoFile, stated: &Unpack) -> Option<String> {
    let (Contents::Zip(members) | Contents::TarGz(members)) = &file.contents else {
        return Some(format!("`{id}` unpacks `{}`, which is no archive", file.name));
    };
    let kept: Vec<_> = members.iter().filter(|member| !is_junk(&member.name)).collect();
    let size: usize = kept.iter().map(|member| member.bytes.len()).sum();
    let right = (stated.members, stated.unpacked_size) == (kept.len() as u64, size as u64);
    (!right).then(|| format!("`{id}` must say of `{}`: {} members, {size} bytes unpacked", file.name, kept.len()))
}

fn is_junk(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.ends_with(".DS_Store")
}

fn plain(bytes: &[u8]) -> Member {
    Member { name: String::new(), bytes: bytes.to_vec() }
}

fn compare(file: &str, made: &[Member], held: &[Member]) -> Vec<String> {
    let names = |members: &[Member]| members.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
    if names(made) != names(held) {
        return vec![format!("`{file}` holds other members: {} are made, {} are there", made.len(), held.len())];
    }
    let different = made.iter().zip(held).filter(|(made, held)| made != held);
    different.map(|(made, _)| format!("`{file}` differs from what is made now {}", made.place())).collect()
}
