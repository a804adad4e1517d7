//! tar, compressed or not: walked as a stream, members written while it is read.
//!
//! One thread inflates, this one walks the headers and writes large members, and a crew
//! writes the small ones. Where a wrapper folder is to be stripped, it is known only at the
//! end whether there is one: members then go to a folder of their own first and are moved.

mod header;
mod pax;
mod walk;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::fs;
use crate::values::RelPath;

use super::Unpacked;
use super::crew::{Crew, SMALL};
use super::error::Fault;
use super::job::Job;
use super::links::{self, Wanted};
use super::names::Place;
use super::roster::{Candidate, EntryKind, Roster};
use super::rules::{Format, Packing, Strip};
use super::stream::Inflow;
use super::tree::{Digests, Outlet, Tree};

use walk::{Item, ItemKind};

/// Where members wait to be placed.
pub(super) const WAITING: &str = ".medsets-unpack";

/// Unpacks a tar.
pub(super) fn unpack(
    (input, packed): (Box<dyn Read + Send + '_>, Option<u64>),
    packing: Packing,
    job: &Job<'_>,
) -> Result<Unpacked, Fault> {
    // Plain tar has nothing to be out of proportion with.
    let packed = packed.filter(|_| packing != Packing::Plain);
    let staged = job.rules().strip == Strip::Auto;
    let root = if staged { job.request.into.join(WAITING) } else { job.request.into.to_path_buf() };
    fs::create_dir_all(&root, job.request.access)?;
    let digests = Digests::default();
    let mut extractor = Extractor {
        job,
        roster: Roster::new(job.rules(), packed),
        tree: Tree::new(&root, job.request.access)?,
        digests: &digests,
        links: Vec::new(),
    };
    std::thread::scope(|scope| {
        let mut flow = Inflow::start(scope, input, packing, job);
        let mut crew = Crew::start(scope, &root, job, &digests);
        extractor.run(&mut flow, &mut crew)?;
        crew.finish()
    })?;
    let Extractor { mut roster, links, .. } = extractor;
    if staged {
        roster.settle()?;
        move_up(&roster, &root, job)?;
    }
    let mut digests = digests.take_all();
    let links = links::make(&links, &mut roster, &mut digests, job)?;
    let (members, warnings) = roster.finish(digests)?;
    Ok(Unpacked { format: Format::Tar(packing), members, links, warnings })
}

/// What goes on while a tar is read.
struct Extractor<'a> {
    job: &'a Job<'a>,
    roster: Roster<'a>,
    tree: Tree,
    digests: &'a Digests,
    links: Vec<Wanted>,
}

impl Extractor<'_> {
    /// Walks to the end.
    fn run(&mut self, flow: &mut Inflow, crew: &mut Crew) -> Result<(), Fault> {
        while let Some(item) = walk::next(flow, self.job.charset)? {
            self.job.go_on()?;
            let size = item.size;
            match self.enter(item)? {
                Some(id) => self.extract(id, flow, crew).map_err(|fault| fault.of(self.roster.name(id)))?,
                None => skip(flow, size)?,
            }
            walk::skip_padding(flow, size)?;
        }
        Ok(())
    }

    /// Enters a member; answers its number where bytes are to be had.
    fn enter(&mut self, item: Item) -> Result<Option<u32>, Fault> {
        let text = item.name.text;
        let (kind, target) = match item.kind {
            ItemKind::Label => return Ok(None),
            ItemKind::File => (EntryKind::File, None),
            ItemKind::Folder => (EntryKind::Folder, None),
            ItemKind::Symlink(target) => (EntryKind::Link, Some((target, false))),
            ItemKind::Hardlink(target) => (EntryKind::Link, Some((target, true))),
        };
        let name = match Place::of(&text)? {
            Place::At(path, _) => path,
            Place::Root if kind == EntryKind::Folder => return Ok(None),
            Place::Root => return Err(Fault::refused_member(&text, "it has no name")),
        };
        let candidate = Candidate { name, raw: item.name.raw, kind, size: item.size, modified: item.modified };
        let Some(id) = self.roster.admit(candidate)? else { return Ok(None) };
        match self.job.rules().strip {
            Strip::Auto => self.roster.stage(id)?,
            Strip::None => self.roster.place(id, 0)?,
            Strip::Levels(levels) => self.roster.place(id, levels)?,
        }
        if let Some((target, hard)) = target {
            self.links.push(Wanted::new(id, &text, target, hard, self.job.rules())?);
        }
        Ok((kind == EntryKind::File).then_some(id))
    }

    /// Writes the bytes of a file, or only hashes them where it is there already.
    fn extract(&mut self, id: u32, flow: &mut Inflow, crew: &mut Crew) -> Result<(), Fault> {
        let entry = self.roster.entry(id);
        let path = self.roster.path(id);
        let twin = entry.kind != EntryKind::File;
        if entry.size <= SMALL && !twin {
            return crew.add(id, path, entry.modified, |bytes| take(flow, entry.size, bytes));
        }
        let file = if twin { None } else { Some(self.tree.create(path)?) };
        let mut outlet = Outlet::new(file, entry.size, false);
        let mut left = entry.size;
        while left > 0 {
            self.job.go_on()?;
            let some = flow.some(usize::try_from(left).unwrap_or(usize::MAX))?;
            if some.is_empty() {
                return Err(Fault::truncated("the last member is cut"));
            }
            outlet.take(some)?;
            left -= some.len() as u64;
            self.job.progress.add(0, some.len() as u64);
        }
        let (sha256, _) = outlet.finish(entry.modified)?;
        self.digests.note(&[(id, sha256)]);
        self.job.progress.add(1, 0);
        Ok(())
    }
}

/// Appends so many bytes to a buffer.
fn take(flow: &mut Inflow, size: u64, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let start = bytes.len();
    bytes.resize(start + size as usize, 0);
    if flow.fill(&mut bytes[start..])? < size as usize {
        return Err(Fault::truncated("the last member is cut"));
    }
    Ok(())
}

/// Passes over so many bytes.
fn skip(flow: &mut Inflow, size: u64) -> Result<(), Fault> {
    let mut left = size;
    while left > 0 {
        let some = flow.some(usize::try_from(left).unwrap_or(usize::MAX))?;
        if some.is_empty() {
            return Err(Fault::truncated("the last member is cut"));
        }
        left -= some.len() as u64;
    }
    Ok(())
}

/// Moves members from where they waited to where they belong.
fn move_up(roster: &Roster<'_>, waiting: &Path, job: &Job<'_>) -> Result<(), Fault> {
    let into = job.request.into;
    if job.rules().under.is_empty() {
        let first = roster.entries().iter().position(|entry| entry.kind == EntryKind::File);
        for child in fs::list_dir(&top(roster, first, waiting))? {
            let name = child.file_name().unwrap_or_default().to_owned();
            fs::rename(&child, &into.join(name))?;
        }
    } else {
        let mut tree = Tree::new(into, job.request.access)?;
        for (id, entry) in roster.entries().iter().enumerate() {
            if entry.kind == EntryKind::File {
                let path = roster.path(id as u32);
                tree.make_folders(path.rsplit_once('/').map_or("", |(folder, _)| folder))?;
                fs::rename(&below(waiting, roster.name(id as u32)), &below(into, path))?;
            }
        }
    }
    Ok(fs::remove_dir_all(waiting)?)
}

/// The folder whose children are final: the wrapper where one was stripped.
fn top(roster: &Roster<'_>, first: Option<usize>, waiting: &Path) -> PathBuf {
    let Some(first) = first else { return waiting.to_path_buf() };
    let (name, path) = (roster.name(first as u32), roster.path(first as u32));
    match name.split_once('/') {
        Some((wrapper, _)) if name != path => waiting.join(wrapper),
        _ => waiting.to_path_buf(),
    }
}

/// A path of the roster below a folder.
pub(super) fn below(folder: &Path, path: &str) -> PathBuf {
    RelPath::parse(path).map_or_else(|_| folder.join(path), |path| path.under(folder))
}
