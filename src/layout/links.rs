//! Which links of records that came from elsewhere may be made: the manifest does not vouch for
//! them.
//!
//! A link leads to something below its own top folder, climbing only before it descends, and
//! nothing lies below a link. So the folder of every link and file is a real one, and whatever a
//! chain of links passes through, it ends inside.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::values::RelPath;

use super::inventory::{FileRecord, RecordKind};

/// Hears of every file and link of a dataset, in any order, and judges the links.
#[derive(Debug, Default)]
pub struct LinkJudge {
    links: Vec<RelPath>,
    at: HashSet<String>,
    /// Hashes of the paths of files and of every folder above a file or link: there may be a
    /// million.
    files: HashSet<u64>,
    folders: HashSet<u64>,
    stray: Option<(RelPath, &'static str)>,
}

impl LinkJudge {
    /// A judge who has heard of all of these.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r FileRecord>) -> Self {
        let mut judge = Self::default();
        records.into_iter().for_each(|record| judge.hear(record));
        judge
    }

    /// One more file or link.
    pub fn hear(&mut self, record: &FileRecord) {
        match record.kind {
            RecordKind::File => drop(self.files.insert(hash(record.path.as_str()))),
            RecordKind::Link => {
                if !leads_inside(record) {
                    self.stray.get_or_insert_with(|| (record.path.clone(), "leads out of its dataset"));
                }
                self.at.insert(record.path.to_string());
                self.links.push(record.path.clone());
            }
        }
        let mut above = record.path.parent();
        // What is above a known folder is known.
        while let Some(folder) = above.filter(|folder| self.folders.insert(hash(folder.as_str()))) {
            above = folder.parent();
        }
    }

    /// The first link that is refused, and why.
    pub fn refused(&self) -> Option<(&RelPath, &'static str)> {
        if let Some((path, rule)) = &self.stray {
            return Some((path, rule));
        }
        if self.at.len() != self.links.len() {
            return self.links.first().map(|path| (path, "is one of several of the same name"));
        }
        let is_in_the_way =
            |path: &&RelPath| [&self.files, &self.folders].iter().any(|names| names.contains(&hash(path.as_str())));
        self.links.iter().find(is_in_the_way).map(|path| (path, "stands where a file or folder is"))
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Whether a link leads to something below its own top folder, by the names alone.
fn leads_inside(record: &FileRecord) -> bool {
    let Some(target) = record.target.as_deref().filter(|target| !target.is_empty() && !target.starts_with('/')) else {
        return false;
    };
    let mut names: Vec<&str> = record.path.names().collect();
    let top = names[0];
    names.pop();
    let mut climbs = true;
    for name in target.split('/') {
        match name {
            "" | "." => {}
            // Behind a name it would climb from wherever that leads.
            ".." if !climbs || names.pop().is_none() => return false,
            ".." => {}
            name => {
                climbs = false;
                names.push(name);
            }
        }
    }
    names.first() == Some(&top) && names.len() > 1 && RelPath::parse(&names.join("/")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &str, target: Option<&str>) -> FileRecord {
        let kind = if target.is_some() { RecordKind::Link } else { RecordKind::File };
        let example = super::super::inventory::example(path, b"x");
        FileRecord { kind, target: target.map(str::to_owned), ..example }
    }

    #[test]
    fn links_lead_to_something_inside() {
        #[track_caller]
        fn check(path: &str, target: &str, good: bool) {
            let judge = LinkJudge::of(&[record(path, Some(target))]);
            assert_eq!(judge.refused().is_none(), good, "{path} -> {target}");
        }
        check("data/a/link", "../b", true);
        check("data/a/link", "c/d", true);
        check("data/link", "../docs/x", false);
        check("data/a/link", "../../x", false);
        check("data/a/link", "../../../data/x", false);
        check("data/link", "../data/x", true);
        check("data/link", "/etc/passwd", false);
        check("data/link", "", false);
        check("data/link", "..", false);
        check("data/p/q/link", "other/../../../x", false); // `other` may be a link itself
    }

    #[test]
    fn nothing_is_below_a_link_or_in_its_place() {
        #[track_caller]
        fn check(records: &[FileRecord], good: bool) {
            assert_eq!(LinkJudge::of(records).refused().is_none(), good, "{records:?}");
            let backwards = LinkJudge::of(records.iter().rev());
            assert_eq!(backwards.refused().is_none(), good, "in the other order: {records:?}");
        }
        check(&[record("data/link", Some("a")), record("data/link/x", None)], false);
        check(&[record("data/link", Some("a")), record("data/link/deep/x", Some("y"))], false);
        check(&[record("data/link", Some("a")), record("data/link", None)], false);
        check(&[record("data/link", Some("a")), record("data/link", Some("b"))], false);
        check(&[record("data/link", Some("a")), record("data/link-2/x", None), record("data/l/link", None)], true);
    }
}
