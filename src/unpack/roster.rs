//! Who is in the archive: where each member goes, who collides with whom, and how much
//! comes out in all.
//!
//! Every format enters its members here before it writes them, so that one policy holds for
//! all. Names stand in one shared text and the collision table holds hashes: an archive of
//! 400,000 members costs tens of megabytes, not hundreds.

mod taken;

use std::collections::HashMap;

use crate::values::{ByteSize, RelPath};

use super::error::Fault;
use super::members::{Entry, Members, Modified, Span};

pub(super) use super::members::EntryKind;
use super::rules::{Limits, Rules, Strip};

use taken::Taken;

/// A member as its format found it.
pub(super) struct Candidate {
    pub(super) name: RelPath,
    pub(super) raw: Option<Vec<u8>>,
    pub(super) kind: EntryKind,
    pub(super) size: u64,
    pub(super) modified: Modified,
}

/// All members that are wanted.
pub(super) struct Roster<'a> {
    rules: &'a Rules,
    /// Size of the archive, where it is known beforehand.
    packed: Option<u64>,
    text: String,
    entries: Vec<Entry>,
    raw: HashMap<u32, Box<[u8]>>,
    taken: Taken,
    /// Headers seen, wanted or not.
    seen: u64,
    files: u64,
    bytes: u64,
    warnings: Warnings,
}

impl<'a> Roster<'a> {
    /// Deepest folder: those on the way down are held open while writing.
    const DEPTH: usize = 100;

    /// Nobody yet.
    pub(super) fn new(rules: &'a Rules, packed: Option<u64>) -> Self {
        Self {
            rules,
            packed,
            text: String::new(),
            entries: Vec::new(),
            raw: HashMap::new(),
            taken: Taken::default(),
            seen: 0,
            files: 0,
            bytes: 0,
            warnings: Warnings::default(),
        }
    }

    /// Makes room for so many members, where the archive has no room to lie about them.
    pub(super) fn reserve(&mut self, members: usize) {
        self.entries.reserve_exact(members);
    }

    /// Counts a member and enters it if it is wanted. It stands under its own name until
    /// [`Roster::place`] or [`Roster::settle`].
    pub(super) fn admit(&mut self, candidate: Candidate) -> Result<Option<u32>, Fault> {
        let name = candidate.name.as_str();
        self.seen += 1;
        self.within_members().map_err(|fault| fault.of(name))?;
        if name.bytes().filter(|byte| *byte == b'/').count() > Self::DEPTH {
            return Err(Fault::refused_member(name, format!("it is more than {} folders deep", Self::DEPTH)));
        }
        let folder = candidate.kind == EntryKind::Folder;
        let only = &self.rules.only;
        if self.rules.speak_of(&self.rules.skip, name)
            || (!folder && !only.is_empty() && !self.rules.speak_of(only, name))
        {
            return Ok(None);
        }
        if !folder {
            self.files += 1;
            self.bytes = self.bytes.saturating_add(candidate.size);
            self.within_bytes().map_err(|fault| fault.of(name))?;
        }
        if self.text.len() + 2 * name.len() + 8192 > u32::MAX as usize {
            return Err(Fault::refused("the names of its members fill more than 4 GiB"));
        }
        let id = self.entries.len() as u32;
        let span = Span::push(&mut self.text, name);
        if let Some(raw) = candidate.raw {
            self.raw.insert(id, raw.into());
        }
        let Candidate { kind, size, modified, .. } = candidate;
        self.entries.push(Entry { name: span, path: span, size, modified, kind });
        Ok(Some(id))
    }

    /// Places every member: strips what the rules say and checks all final paths.
    pub(super) fn settle(&mut self) -> Result<(), Fault> {
        self.taken = Taken::with_capacity(self.entries.len());
        for entry in &mut self.entries {
            entry.path = entry.name;
        }
        let levels = match self.rules.strip {
            Strip::None => 0,
            Strip::Levels(levels) => levels,
            Strip::Auto => usize::from(self.has_common_top()),
        };
        for id in 0..self.entries.len() as u32 {
            self.place(id, levels)?;
        }
        self.taken = Taken::default();
        Ok(())
    }

    /// Places one member without its first `levels` folders.
    pub(super) fn place(&mut self, id: u32, levels: usize) -> Result<(), Fault> {
        let entry = self.entries[id as usize];
        let name = entry.name.of(&self.text);
        let Some(rest) = after_levels(name, levels) else {
            if entry.kind == EntryKind::Folder {
                return Ok(());
            }
            return Err(Fault::refused_member(name, format!("it has fewer than the {levels} folders to strip")));
        };
        let path = match self.rules.under.iter().find(|under| self.rules.speak_of(&under.members, name)) {
            None => entry.name.without_first(rest),
            Some(under) => {
                let path = format!("{}/{}", under.folder, &name[rest..]);
                let path = RelPath::parse(&path).map_err(|error| Fault::refused_member(name, error.rule))?;
                Span::push(&mut self.text, path.as_str())
            }
        };
        self.entries[id as usize].path = path;
        let broken = broken_rule(path.of(&self.text), self.rules);
        if let Some(rule) = broken {
            return Err(Fault::refused_member(entry.name.of(&self.text), rule));
        }
        self.claim(id)
    }

    /// Takes the name of a member as its path for now; [`Roster::settle`] follows.
    pub(super) fn stage(&mut self, id: u32) -> Result<(), Fault> {
        self.claim(id)
    }

    /// Takes the path of a member, and the folders above it.
    fn claim(&mut self, id: u32) -> Result<(), Fault> {
        let twin = self.taken.claim(id, &self.entries, &self.text)?;
        if let Some(first) = twin {
            let entry = self.entries[id as usize];
            let earlier = self.entries[first as usize];
            let file = matches!(entry.kind, EntryKind::File | EntryKind::Twin(_));
            if !file || entry.size != earlier.size {
                return Err(differing_twin(entry.name.of(&self.text)));
            }
            self.entries[id as usize].kind = EntryKind::Twin(first);
        }
        Ok(())
    }

    /// Whether all files lie below one folder, the same for all.
    fn has_common_top(&self) -> bool {
        let mut tops = self
            .entries
            .iter()
            .filter(|entry| entry.kind != EntryKind::Folder)
            .map(|entry| entry.name.of(&self.text).split_once('/').map(|(top, _)| top));
        match tops.next() {
            Some(Some(first)) => tops.all(|top| top == Some(first)),
            _ => false,
        }
    }

    /// Refuses more members than the entry expects, or than the limit.
    fn within_members(&self) -> Result<(), Fault> {
        // Folders and skipped members may come on top of what the entry counts, but not without end.
        let limit = self.rules.limits.members.max(self.rules.limits.expected_members.unwrap_or(0).saturating_mul(4));
        if self.seen > limit {
            return Err(Fault::refused(format!("it has more than {limit} members")));
        }
        Ok(())
    }

    /// Refuses more files or bytes than the entry expects, or than the limits.
    fn within_bytes(&self) -> Result<(), Fault> {
        let limits = &self.rules.limits;
        if let Some(expected) = limits.expected_members.filter(|expected| self.files > *expected) {
            return Err(Fault::refused(format!("it has more than the {expected} files that the entry states")));
        }
        if let Some(expected) = limits.expected_bytes {
            if self.bytes > expected.0 {
                return Err(Fault::refused(format!("its files are larger than the {expected} that the entry states")));
            }
        } else if self.bytes > limits.bytes.0 {
            return Err(Fault::refused(format!("its files would be larger than {}", limits.bytes)));
        }
        match self.packed {
            Some(packed) => ratio_within(limits, packed, self.bytes),
            None => Ok(()),
        }
    }

    /// What stands in the table.
    pub(super) fn entry(&self, id: u32) -> Entry {
        self.entries[id as usize]
    }

    /// All of them.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A member's name in the archive.
    pub(super) fn name(&self, id: u32) -> &str {
        self.entries[id as usize].name.of(&self.text)
    }

    /// A member's path once placed.
    pub(super) fn path(&self, id: u32) -> &str {
        self.entries[id as usize].path.of(&self.text)
    }

    /// Makes a member another kind than it seemed: a hard link becomes a file.
    pub(super) fn set_file(&mut self, id: u32, size: u64) {
        let entry = &mut self.entries[id as usize];
        entry.kind = EntryKind::File;
        entry.size = size;
    }

    /// Takes members out again, once all are placed.
    pub(super) fn leave_out(&mut self, is_meant: impl Fn(u32) -> bool) {
        for (id, entry) in self.entries.iter_mut().enumerate() {
            if is_meant(id as u32) {
                entry.kind = EntryKind::LeftOut;
            }
        }
    }

    /// Notes what stops nothing.
    #[cfg(feature = "sevenz")]
    pub(super) fn warn(&mut self, warning: impl FnOnce() -> String) {
        self.warnings.add(warning);
    }

    /// Ends the work: twins are compared, and what was written becomes the result.
    pub(super) fn finish(mut self, mut digests: Vec<[u8; 32]>) -> Result<(Members, Vec<String>), Fault> {
        digests.resize(self.entries.len(), [0; 32]);
        let mut files = 0;
        for (id, entry) in self.entries.iter().enumerate() {
            match entry.kind {
                EntryKind::Folder | EntryKind::Link | EntryKind::LeftOut => {}
                EntryKind::File => files += 1,
                EntryKind::Twin(first) => {
                    let name = entry.name.of(&self.text);
                    if digests[first as usize] != digests[id] {
                        return Err(differing_twin(name));
                    }
                    self.warnings.add(|| {
                        let shown = super::error::printable(name);
                        format!("`{shown}` is in the archive more than once, with the same bytes")
                    });
                }
            }
        }
        let Self { text, entries, raw, warnings, .. } = self;
        Ok((Members { text, entries, digests, raw, files }, warnings.into_all()))
    }
}

/// Warnings, the first in full and the others counted: an archive may have one per member.
#[derive(Default)]
struct Warnings {
    told: Vec<String>,
    untold: u64,
}

impl Warnings {
    const TOLD: usize = 20;

    fn add(&mut self, warning: impl FnOnce() -> String) {
        if self.told.len() < Self::TOLD {
            self.told.push(warning());
        } else {
            self.untold += 1;
        }
    }

    fn into_all(mut self) -> Vec<String> {
        if self.untold > 0 {
            self.told.push(format!("{} more of its members are like these", self.untold));
        }
        self.told
    }
}

/// Refuses output out of proportion to the input.
pub(super) fn ratio_within(limits: &Limits, packed: u64, unpacked: u64) -> Result<(), Fault> {
    let asked = limits.expected_bytes.is_none() && unpacked > Limits::RATIO_FROM.0;
    if asked && unpacked / limits.ratio.max(1) > packed {
        let (packed, unpacked) = (ByteSize(packed), ByteSize(unpacked));
        let rule = format!("{packed} would become {unpacked}, more than {} times as much", limits.ratio);
        return Err(Fault::refused(rule));
    }
    Ok(())
}

/// Where the name goes on after so many folders.
pub(super) fn after_levels(name: &str, levels: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 0..levels {
        start += name[start..].find('/')? + 1;
    }
    Some(start)
}

/// What the rules have against a final path.
fn broken_rule(path: &str, rules: &Rules) -> Option<String> {
    if path.len() >= 8 && path.as_bytes()[..8].eq_ignore_ascii_case(b".medsets") {
        return Some("a name that begins with `.medsets` at the top is ours".into());
    }
    // What was stripped may have hidden a drive.
    let parsed = match RelPath::parse(path) {
        Ok(parsed) => parsed,
        Err(error) => return Some(error.rule.into()),
    };
    let reserved = parsed.reserved()?;
    let wanted = rules.names.iter().any(|name| name == path || name == reserved);
    (!wanted).then(|| format!("the name `{}` is reserved on some systems", super::error::printable(reserved)))
}

/// Two members of one name with different bytes.
pub(super) fn differing_twin(name: &str) -> Fault {
    Fault::refused_member(name, "it is in the archive more than once, with different bytes")
}
