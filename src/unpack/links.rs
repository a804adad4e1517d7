//! Symbolic and hard links, where the entry allows them.
//!
//! They are made when everything else is on disk, so nothing is ever written through one.
//! A link must lead to a member of the same archive, or to a folder of one, and not through
//! another link; what it says is read as a path in the archive and written anew for the
//! place where the member ended up.

use std::collections::BTreeMap;

use crate::fs;
use crate::values::RelPath;

use super::Link;
use super::error::Fault;
use super::job::Job;
use super::roster::{EntryKind, Roster};
use super::rules::Rules;
use super::tar::below;
use super::tree::Tree;

/// Longest text of a link.
const LONGEST: u64 = 4096;

/// Refuses links where the rules have none, and links that are no path.
pub(super) fn check_allowed(rules: &Rules, length: u64) -> Result<(), Fault> {
    if !rules.links {
        return Err(Fault::refused("it is a symbolic link, which the entry does not allow"));
    }
    if length > LONGEST {
        return Err(Fault::refused("its link is too long to be a path"));
    }
    Ok(())
}

/// A link that the archive asks for.
pub(super) struct Wanted {
    id: u32,
    target: String,
    hard: bool,
}

impl Wanted {
    /// Takes a link if the rules allow links at all.
    pub(super) fn new(id: u32, name: &str, target: String, hard: bool, rules: &Rules) -> Result<Self, Fault> {
        if !rules.links {
            let kind = if hard { "hard" } else { "symbolic" };
            return Err(Fault::refused_member(name, format!("it is a {kind} link, which the entry does not allow")));
        }
        Ok(Self { id, target, hard })
    }
}

/// Makes all links. Hard links become files of the roster; symbolic ones are returned.
pub(super) fn make(
    wanted: &[Wanted],
    roster: &mut Roster<'_>,
    digests: &mut Vec<[u8; 32]>,
    job: &Job<'_>,
) -> Result<Vec<Link>, Fault> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    digests.resize(roster.entries().len(), [0; 32]);
    let targets = Targets::of(roster);
    let mut tree = Tree::new(job.request.into, job.request.access)?;
    let mut links = Vec::new();
    let mut files = Vec::new();
    for link in wanted {
        job.go_on()?;
        let made = make_one(link, &targets, roster, &mut tree, job);
        match made.map_err(|fault| fault.of(roster.name(link.id)))? {
            Made::Symbolic(link) => links.push(link),
            Made::Hard { target } => files.push((link.id, target)),
        }
    }
    for (id, target) in files {
        let size = roster.entry(target).size;
        roster.set_file(id, size);
        digests[id as usize] = digests[target as usize];
    }
    Ok(links)
}

/// What became of one.
enum Made {
    Symbolic(Link),
    Hard { target: u32 },
}

fn make_one(
    link: &Wanted,
    targets: &Targets,
    roster: &Roster<'_>,
    tree: &mut Tree,
    job: &Job<'_>,
) -> Result<Made, Fault> {
    let into = job.request.into;
    let path = roster.path(link.id);
    let folder_of = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    // A hard link's target is named from the root of the archive, a symbolic one's from its folder.
    let start = if link.hard { String::new() } else { folder_of(roster.name(link.id)) };
    let named = resolved(&start, &link.target)?;
    let target = targets.find(&named, roster)?;
    tree.make_folders(&folder_of(path))?;
    if link.hard {
        let file = target.file.filter(|file| *file < link.id);
        let file = file.ok_or_else(|| Fault::refused("its hard link leads to no earlier file"))?;
        fs::hard_link(&below(into, roster.path(file)), &below(into, path))?;
        return Ok(Made::Hard { target: file });
    }
    let text = relative(&folder_of(path), &target.path);
    fs::symbolic_link(&text, &below(into, path))?;
    let path = RelPath::parse(path).map_err(|error| Fault::refused(error.rule))?;
    Ok(Made::Symbolic(Link { name: roster.name(link.id).to_owned(), path, target: text }))
}

/// Files by their names in the archive.
struct Targets(BTreeMap<String, u32>);

/// What a link leads to.
struct Target {
    /// Its final path.
    path: String,
    /// Its number, where it is a file.
    file: Option<u32>,
}

impl Targets {
    fn of(roster: &Roster<'_>) -> Self {
        let files = roster.entries().iter().enumerate().filter_map(|(id, entry)| {
            let first = match entry.kind {
                EntryKind::File => id as u32,
                EntryKind::Twin(first) => first,
                EntryKind::Folder | EntryKind::Link | EntryKind::LeftOut => return None,
            };
            Some((roster.name(id as u32).to_owned(), first))
        });
        Self(files.collect())
    }

    /// The file of that name, or the folder above files.
    fn find(&self, name: &str, roster: &Roster<'_>) -> Result<Target, Fault> {
        if let Some(file) = self.0.get(name) {
            return Ok(Target { path: roster.path(*file).to_owned(), file: Some(*file) });
        }
        let inside = format!("{name}/");
        // The folder went where its first file went, less what was stripped.
        let first = self.0.range(inside.clone()..).next();
        if let Some((file_name, file)) = first
            && let Some(rest) = file_name.strip_prefix(&inside)
            && let Some(folder) = roster.path(*file).strip_suffix(rest)
            && let Some(folder) = folder.strip_suffix('/')
        {
            return Ok(Target { path: folder.to_owned(), file: None });
        }
        Err(Fault::refused("its link leads to no file of this archive"))
    }
}

/// The name in the archive that a link in `folder` leads to; it may climb, but not out.
fn resolved(folder: &str, target: &str) -> Result<String, Fault> {
    if target.is_empty() || target.len() as u64 > LONGEST || target.starts_with('/') {
        return Err(Fault::refused("its link is empty, too long or absolute"));
    }
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop().ok_or_else(|| Fault::refused("its link leads out of the archive"))?;
            }
            name => names.push(name),
        }
    }
    let path = names.join("/");
    RelPath::parse(&path).map_err(|error| Fault::refused(format!("its link is not safe, {}", error.rule)))?;
    Ok(path)
}

/// How to get from a folder to a path, both below the same root.
fn relative(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    let to: Vec<&str> = path.split('/').collect();
    let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count().min(to.len() - 1);
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        assert_eq!(resolved("a/b", "../c").unwrap(), "a/c");
        assert_eq!(resolved("", "./x").unwrap(), "x");
        for bad in ["../../../x", "/etc/passwd", "", "..", "a\\b", "../../a/../../x"] {
            assert!(resolved("a/b", bad).is_err() || bad == "..", "{bad}");
        }
        assert_eq!(relative("a/b", "a/c/d"), "../c/d");
        assert_eq!(relative("", "x"), "x");
        assert_eq!(relative("a", "a"), "../a");
        assert_eq!(relative("a/b", "a/b/c"), "c");
    }
}
