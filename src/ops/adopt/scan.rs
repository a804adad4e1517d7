//! What lies in a person's folder. Nothing is opened and no link is followed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::fs::{self, FoundKind, FsErrorKind};
use crate::values::ByteSize;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::report::PassedOver;

/// Everything below a folder.
pub(super) struct Scan {
    /// The folder, without links.
    pub root: PathBuf,
    /// Regular files, in the order of names.
    pub files: Vec<Own>,
    /// Links by their paths, with what they hold.
    pub links: HashMap<String, String>,
    /// What is no file of data, and why.
    pub passed_over: Vec<PassedOver>,
    by_rel: HashMap<String, usize>,
}

/// A person's file.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// Below the folder, with `/`.
    pub rel: String,
    /// Size when it was looked at.
    pub size: ByteSize,
    /// Last change then.
    pub modified: Option<SystemTime>,
    /// Its place in the list.
    pub at: usize,
}

impl Own {
    /// Last change when it was looked at, as records have it.
    pub fn mtime(&self) -> Timestamp {
        self.modified.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Scan {
    /// Looks through a folder. What cannot be listed is passed over by name.
    pub fn of(dir: &Path) -> Result<Self, Failure> {
        let absent =
            |word: &str| Failure::new(Exit::USAGE, format!("`{}` {word}", dir.display())).help("name a folder");
        let root = fs::canonical(dir).map_err(|error| match error.kind() {
            FsErrorKind::NotFound => absent("does not exist"),
            _ => error.into(),
        })?;
        if !fs::is_dir(&root) {
            return Err(absent("is no folder").help("single files are taken in with `medsets import ID FILE...`"));
        }
        let mut scan = Self {
            root: root.clone(),
            files: Vec::new(),
            links: HashMap::new(),
            passed_over: Vec::new(),
            by_rel: HashMap::new(),
        };
        let (mut files, mut links, mut others) = (Vec::new(), Vec::new(), Vec::new());
        fs::walk_on(
            &root,
            &mut |found| match found.kind {
                _ if is_ours(&found.path) => {}
                FoundKind::File => files.push(found),
                FoundKind::Link => links.push(found.path),
                FoundKind::Special => others.push(found.path),
            },
            &mut |error| {
                let path = error.path().strip_prefix(&root).unwrap_or(error.path()).to_string_lossy().into_owned();
                if !is_ours(&path) {
                    scan.passed_over.push(PassedOver::unread(path, error.to_string()));
                }
                Ok(())
            },
        )?;
        for found in files {
            // What cannot be shown cannot be named in records either.
            if found.path.contains('\u{fffd}') {
                scan.pass_over(&found.path, "its name is not UTF-8".to_owned());
                continue;
            }
            let at = scan.files.len();
            scan.by_rel.insert(found.path.clone(), at);
            scan.files.push(Own { rel: found.path, size: ByteSize(found.size), modified: found.modified, at });
        }
        for rel in links {
            // One that went away meanwhile holds nothing.
            let held = fs::link_target(&root.join(&rel)).ok().flatten().unwrap_or_default();
            let real = fs::canonical(&root.join(&rel));
            let leads = match &real {
                Ok(real) if real.starts_with(&root) => "a link within the folder",
                Ok(_) => "a link out of the folder",
                Err(_) => "a link that leads nowhere",
            };
            scan.pass_over(&rel, format!("it is {leads}, to `{held}`; links are not followed"));
            scan.links.insert(rel, held);
        }
        for rel in others {
            scan.pass_over(&rel, "it is no regular file".to_owned());
        }
        Ok(scan)
    }

    fn pass_over(&mut self, path: &str, reason: String) {
        self.passed_over.push(PassedOver { path: path.to_owned(), reason, is_unread: false });
    }

    /// The file at a path below the folder.
    pub fn at(&self, rel: &str) -> Option<&Own> {
        self.by_rel.get(rel).map(|at| &self.files[*at])
    }
}

/// Records and stores of medsets and what it was writing when it was killed, which are no data.
fn is_ours(rel: &str) -> bool {
    rel.split('/').any(|name| name == ".medsets" || name.starts_with(".medsets-"))
}
