//! What a folder looks like where nothing proves it: by the globs of an entry's layout, its
//! numbers and its names. A likeness is shown, and counts for nothing without the person's word.

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{FileEntry, Selection};
use crate::context::Context;
use crate::layout::receipt::Selection as Part;
use crate::layout::{ListedMark, Proof, Role, RoleRules};
use crate::values::{Digest, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::matching;
use super::super::particulars::roles;
use super::super::selection::one_selection;
use super::arrange::{Arranged, joined};
use super::hash::Hashes;
use super::known::{by_word as record, locked};
use super::lay::tree_of;
use super::report::LooksLike;
use super::scan::{Own, Scan};
use super::{AdoptOptions, Find};

/// How a folder is like a release.
pub(super) struct Likeness {
    /// Below which folder.
    root: String,
    /// Files that the globs of the layout name, of all below the root.
    named: u64,
    of: u64,
    /// A number of the entry that is met, in words.
    count: Option<String>,
    /// A name that is met.
    name: Option<String>,
}

impl Likeness {
    /// In words.
    pub fn why(&self) -> String {
        let mut why = vec![format!("{} of {} files are named like its", self.named, self.of)];
        why.extend(self.count.clone());
        why.extend(self.name.as_ref().map(|name| format!("a folder or file is called like `{name}`")));
        why.join(", ")
    }
}

/// The releases that a folder looks like, the default ones of each dataset.
pub(super) fn guesses(context: &Context, scan: &Scan) -> Result<Vec<LooksLike>, Failure> {
    let mut found = Vec::new();
    for dataset in context.catalog()?.datasets() {
        let Ok(selection) = one_selection(context, dataset.id.as_str()) else { continue };
        if let Some(like) = likeness(&selection, scan) {
            found.push(LooksLike { dataset: selection.to_string(), why: like.why(), root: like.root });
        }
    }
    Ok(found)
}

/// Whether a folder looks like a release: every kind of file that the layout names is there,
/// most files are named like it, and a number or a name of the entry is met.
pub(super) fn likeness(selection: &Selection, scan: &Scan) -> Option<Likeness> {
    let layout = &selection.dataset().entry.layout;
    let kinds: BTreeSet<Role> = [
        (Role::Image, &layout.image),
        (Role::Text, &layout.text),
        (Role::Table, &layout.table),
        (Role::Annotation, &layout.annotation),
    ]
    .into_iter()
    .filter(|(_, globs)| !globs.is_empty())
    .map(|(role, _)| role)
    .collect();
    if kinds.is_empty() {
        return None;
    }
    let rules = roles(selection);
    let name = name_met(selection, scan);
    let tried = roots(scan).into_iter().filter_map(|root| look_below(&root, selection, scan, &rules, &kinds));
    let best = tried.max_by_key(|like| (like.count.is_some(), like.named, std::cmp::Reverse(like.root.len())))?;
    (best.count.is_some() || name.is_some()).then_some(Likeness { name, ..best })
}

fn look_below(
    root: &str,
    selection: &Selection,
    scan: &Scan,
    rules: &RoleRules,
    kinds: &BTreeSet<Role>,
) -> Option<Likeness> {
    let mut by_role: HashMap<Role, u64> = HashMap::new();
    let mut of = 0;
    for own in &scan.files {
        let Some(below) = below(&own.rel, root) else { continue };
        of += 1;
        if let Ok(path) = RelPath::parse(&format!("data/{below}")) {
            *by_role.entry(rules.role_of(&path)).or_default() += 1;
        }
    }
    let named: u64 = by_role.iter().filter(|(role, _)| **role != Role::Other).map(|(_, count)| count).sum();
    let is_like = of > 0 && named * 2 >= of && kinds.iter().all(|kind| by_role.contains_key(kind));
    let images = by_role.get(&Role::Image).copied().unwrap_or(0);
    is_like.then(|| Likeness { root: root.to_owned(), named, of, count: number_met(selection, images, of), name: None })
}

/// A number of the entry that is met within a hundredth.
fn number_met(selection: &Selection, images: u64, files: u64) -> Option<String> {
    let is_near = |number: u64, here: u64| number > 0 && here.abs_diff(number) <= number / 100;
    let counts =
        selection.variant().map(|variant| &variant.counts).into_iter().chain([&selection.dataset().entry.counts]);
    for (what, number) in counts.flatten() {
        let here = if what == "images" { images } else { files };
        if (what == "images" || what == "files") && is_near(*number, here) {
            return Some(format!("{here} {what} of {number}"));
        }
    }
    let members: Option<u64> =
        selection.files(None).filter_map(|file| file.unpack.as_ref()).map(|rules| rules.table.members).sum();
    members.filter(|members| is_near(*members, files)).map(|members| format!("{files} files of {members}"))
}

/// A name of the dataset or of one of its files that a folder or file has.
fn name_met(selection: &Selection, scan: &Scan) -> Option<String> {
    let entry = &selection.dataset().entry;
    let own = std::iter::once(selection.id().as_str()).chain(entry.aliases.iter().map(String::as_str));
    let files = selection.files(None).map(|file| file.path.file_name());
    let names: Vec<(String, &str)> = own.chain(files).map(|name| (plain(name), name)).collect();
    let mut here: BTreeSet<String> =
        scan.root.file_name().map(|name| plain(&name.to_string_lossy())).into_iter().collect();
    for own in &scan.files {
        let depth = own.rel.split('/').count();
        here.extend(own.rel.split('/').take(depth.min(3)).map(plain));
    }
    let is_met = |name: &&(String, &str)| name.0.len() >= 4 && here.iter().any(|one| one.contains(&name.0));
    names.iter().find(is_met).map(|(_, name)| (*name).to_owned())
}

/// Letters and digits in small letters, without the ending of an archive.
fn plain(name: &str) -> String {
    let stem = [".tar.gz", ".tgz", ".zip", ".tar"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    stem.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

/// The folders that may be the tree's root: the one that is looked at, `data` in it, and those
/// that wrap everything else.
fn roots(scan: &Scan) -> Vec<String> {
    let mut roots = vec![String::new()];
    let mut tops: BTreeSet<&str> = BTreeSet::new();
    for own in &scan.files {
        tops.extend(own.rel.split_once('/').map(|(top, _)| top));
    }
    const MOST: usize = 20;
    roots.extend(tops.iter().take(MOST).map(|top| (*top).to_owned()));
    for _ in 0..3 {
        let Some(last) = roots.last().cloned() else { break };
        let mut inner: BTreeSet<&str> = BTreeSet::new();
        for own in &scan.files {
            match below(&own.rel, &last).map(|rest| rest.split_once('/')) {
                Some(Some((folder, _))) => drop(inner.insert(folder)),
                Some(None) => return roots,
                None => {}
            }
        }
        let mut inner = inner.into_iter();
        let (Some(only), None) = (inner.next(), inner.next()) else { return roots };
        roots.push(joined(&last, only));
    }
    roots
}

fn below<'p>(rel: &'p str, root: &str) -> Option<&'p str> {
    if root.is_empty() { Some(rel) } else { rel.strip_prefix(root)?.strip_prefix('/') }
}

/// Everything below the root as the person says it is. Files that the entry proves are proven,
/// and one that contradicts it is refused; all others are as they were first seen.
pub(super) fn by_word(
    selection: &Selection,
    options: &AdoptOptions,
    scan: &Scan,
    hashes: &mut Hashes<'_>,
) -> Result<Find, Failure> {
    let source = selection.source(options.source.as_deref());
    let channel = source.map(|source| source.channel.clone()).unwrap_or_default();
    let like = likeness(selection, scan);
    let has = |top: &str| scan.files.iter().any(|own| own.rel.starts_with(top));
    let root = match &like {
        Some(like) => like.root.clone(),
        None if has("data/") => "data".to_owned(),
        None => String::new(),
    };
    let docs = (root == "data" && has("docs/")).then(|| "docs".to_owned());
    let files: Vec<&FileEntry> = selection.files(Some(&channel)).collect();
    let algorithms = |own: &Own| {
        let known = entry_of(&files, own).into_iter();
        known.flat_map(|file| file.digests.iter().map(Digest::algorithm)).collect()
    };
    let of_root: Vec<(&Own, &str, &str)> = scan
        .files
        .iter()
        .filter_map(|own| match (below(&own.rel, &root), docs.as_deref().and_then(|docs| below(&own.rel, docs))) {
            (Some(name), _) => Some((own, "data", name)),
            (None, name) => Some((own, "docs", name?)),
        })
        .collect();
    hashes.ensure(of_root.iter().map(|(own, ..)| (own.at, algorithms(own))).collect())?;
    hashes.recheck(of_root.iter().map(|(own, ..)| own.at));
    super::refuse_unread(scan, hashes, selection, |path| {
        below(path, &root).or_else(|| below(path, docs.as_deref()?)).is_some()
    })?;
    let rules = roles(selection);
    let mut found = Find {
        selection: selection.clone(),
        channel: channel.clone(),
        arranged: Arranged::below(root, docs),
        records: Vec::new(),
        marks: Vec::new(),
        packed: Vec::new(),
        part: Part { whole: like.is_some_and(|like| like.count.is_some()), ..Part::default() },
        by: "your word",
        unproven: 0,
        missing: Vec::new(),
    };
    for (own, top, name) in of_root {
        let Ok(place) = RelPath::parse(&format!("{top}/{name}")) else {
            let reason = "records cannot hold its name".to_owned();
            hashes.passed_over.push(super::PassedOver { path: own.rel.clone(), reason, is_unread: false });
            continue;
        };
        found.take_word(hashes, own, place, entry_of(&files, own), &rules)?;
    }
    found.records.sort_by(|one, other| one.path.cmp(&other.path));
    found.marks.sort_by(|one, other| one.path.cmp(&other.path));
    found.marks.dedup_by(|one, other| one.path == other.path);
    if found.marks.is_empty() {
        let message = format!("there is no file in `{}` that could be of `{selection}`", scan.root.display());
        return Err(Failure::new(Exit::USAGE, message).of(selection.id()));
    }
    Ok(found)
}

/// A tree that is just the one of the project's lock: every file of it is read and counts, since
/// the lock knows its manifest alone. What was found of it by other proofs must be no more than a part.
pub(super) fn by_lock(
    context: &Context,
    named: Option<&Selection>,
    options: &AdoptOptions,
    scan: &Scan,
    hashes: &mut Hashes<'_>,
    finds: &[Find],
) -> Result<Option<Find>, Failure> {
    for (folder, locked) in locked(context, named, &mut Vec::new())? {
        let (Some(tree), Ok(selection)) = (locked.tree, folder.selection(context, &locked)) else { continue };
        let asked = Part::asked(&locked.choice, false);
        if finds.iter().any(|found| found.selection.to_string() != locked.name() || found.part.covers(&asked)) {
            continue;
        }
        let Ok(mut found) = by_word(&selection, options, scan, hashes) else { continue };
        if found.part.packed || tree_of(&found.records) != tree {
            continue;
        }
        found.records.iter_mut().for_each(|record| record.origin.verified = Some(Proof::Lock));
        found.marks.iter_mut().for_each(|mark| mark.verified = Proof::Lock);
        (found.by, found.unproven) = ("the lock", 0);
        found.part = asked;
        return Ok(Some(found));
    }
    Ok(None)
}

/// The file of the entry that one is called like, where its size is that.
fn entry_of<'f>(files: &[&'f FileEntry], own: &Own) -> Option<&'f FileEntry> {
    let names = matching::names(std::path::Path::new(&own.rel));
    let is_it = |file: &&&FileEntry| {
        names.contains(&file.path.file_name().to_lowercase()) && file.size.is_none_or(|size| size == own.size)
    };
    files.iter().find(is_it).copied()
}

impl Find {
    /// Takes one file in, by the entry's digest where that names one.
    fn take_word(
        &mut self,
        hashes: &Hashes<'_>,
        own: &Own,
        place: RelPath,
        known: Option<&FileEntry>,
        rules: &RoleRules,
    ) -> Result<(), Failure> {
        let Some(sha256) = hashes.sha256(own) else { return Ok(()) };
        let verified = match known {
            Some(file) if !file.digests.is_empty() => {
                let read = hashes.of_file(own).unwrap_or_default();
                if !file.digests.iter().any(|digest| read.contains(digest)) {
                    return Err(contradiction(&self.selection, &own.rel, file));
                }
                Proof::Catalog
            }
            _ => Proof::FirstUse,
        };
        let archive = known.filter(|file| file.unpack.is_some());
        let (mtime, size) = (own.mtime(), own.size);
        let record = record(place, size, sha256, mtime, verified);
        let path = archive.map_or_else(|| record.origin.file.clone(), |file| file.path.clone());
        self.unproven += u64::from(verified == Proof::FirstUse);
        if archive.is_some() {
            self.part.packed = true;
            self.packed.push((format!("archives/{path}"), own.rel.clone()));
        } else {
            let role = rules.role_of(&record.path);
            self.records.push(crate::layout::FileRecord { role, ..record });
        }
        self.marks.push(ListedMark { path, size, sha256, verified, known: Vec::new(), url: None, unpacked: false });
        Ok(())
    }
}

fn contradiction(selection: &Selection, rel: &str, file: &FileEntry) -> Failure {
    let message =
        format!("`{rel}` is not the `{}` of `{selection}`: its digest is another than the entry's", file.path);
    Failure::new(Exit::MISMATCH, message)
        .of(selection.id())
        .in_file(&file.path)
        .help("your word does not stand against a published digest: move the file out of the folder, or get it again")
}
