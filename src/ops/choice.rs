//! Which files of a listing a choice means.
//!
//! A file is meant when one of the subsets or one of the `--include` globs means it (all files,
//! where neither is given), no `--exclude` glob does, and its terms are among those asked for.
//! Globs are compared with the path of a file at the publisher, with its group in the entry, and
//! with what the host calls the thing it belongs to (an article of PubMed Central).
//!
//! Where members are asked for, an archive is meant for these alone, unless something else asks
//! for all of it. Without other globs they are looked for in every archive.

mod licenses;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::catalog::{Selection, SubsetEntry};
use crate::values::{Choice, MembersOf, Printable, RelPath};

use super::exit::Exit;
use super::failure::Failure;
use super::fetch::IdleGlobs;

use licenses::Licenses;

/// A choice with what it has met so far.
pub(super) struct Chooser {
    subsets: Vec<Subset>,
    include: Globs,
    members: Vec<Members>,
    exclude: Globs,
    licenses: Licenses,
}

/// What is wanted of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// Nothing.
    Not,
    /// All of it.
    Whole,
    /// Members that these globs mean.
    Members {
        /// The globs.
        globs: Vec<String>,
        /// Whether the archive itself was named, and not just looked at with all others.
        named: bool,
    },
}

/// A part by its name.
struct Subset {
    name: String,
    include: Globs,
    exclude: Globs,
    members: Vec<String>,
    is_used: bool,
}

/// Members of some archives.
struct Members {
    of: Globs,
    globs: Vec<String>,
}

impl Chooser {
    /// Reads a choice. Fails where a glob is none, and where the release has no such subset.
    pub(super) fn of(choice: &Choice, selection: &Selection) -> Result<Self, Failure> {
        let subset = |name: &String| Subset::read(selection.subset(name)?);
        Ok(Self {
            subsets: choice.subsets.iter().map(subset).collect::<Result<_, _>>()?,
            include: Globs::read(&choice.include)?,
            members: choice.members.iter().map(Members::read).collect::<Result<_, _>>()?,
            exclude: Globs::read(&choice.exclude)?,
            licenses: Licenses::read(&choice.licenses),
        })
    }

    /// What is wanted of a file, by its path or another name that it goes by. Notes which globs
    /// have matched something.
    pub(super) fn meant(
        &mut self,
        path: &RelPath,
        others: [Option<&str>; 2],
        license: &str,
        is_archive: bool,
    ) -> Meant {
        let [group, item] = others.map(Option::unwrap_or_default);
        let names = [path.as_str(), group, item];
        let mut whole = self.subsets.is_empty() && self.include.is_empty() && self.members.is_empty();
        let mut globs: Vec<String> = Vec::new();
        let mut named = false;
        for subset in &mut self.subsets {
            if !subset.include.match_any(names) || subset.exclude.match_any(names) {
                continue;
            }
            subset.is_used = true;
            if is_archive && !subset.members.is_empty() {
                globs.extend_from_slice(&subset.members);
                named = true;
            } else {
                whole = true;
            }
        }
        whole |= self.include.match_any(names);
        for members in &mut self.members {
            let is_named = members.of.match_any(names);
            if is_archive && (is_named || members.of.is_empty()) {
                globs.extend_from_slice(&members.globs);
                named |= is_named;
            }
            whole |= is_named && !is_archive;
        }
        let is_left_out = self.exclude.match_any(names);
        let is_chosen = (whole || !globs.is_empty()) && !is_left_out;
        if !is_chosen || !self.licenses.mean(license) {
            return Meant::Not;
        }
        if whole {
            return Meant::Whole;
        }
        globs.sort();
        globs.dedup();
        Meant::Members { globs, named }
    }

    /// Refuses what has matched nothing once every file was looked at: it is misspelt, or the
    /// source does not have it. `whole` are the terms of the whole.
    pub(super) fn refuse_idle(&self, idle_globs: IdleGlobs, selection: &Selection, whole: &str) -> Result<(), Failure> {
        self.licenses.refuse_idle(selection, whole)?;
        if idle_globs == IdleGlobs::PassedOver {
            return Ok(());
        }
        let of = self.members.iter().flat_map(|members| members.of.idle());
        let idle =
            self.include.idle().chain(of).chain(self.exclude.idle()).map(|glob| format!("`{}`", Printable::new(glob)));
        let idle: Vec<String> = idle.take(SHOWN + 1).collect();
        if !idle.is_empty() {
            let more = if idle.len() > SHOWN { " and more" } else { "" };
            let names = idle[..idle.len().min(SHOWN)].join(", ");
            let verb = if idle.len() > 1 { "match" } else { "matches" };
            let message = format!("{names}{more} {verb} no file and no group of files of `{selection}`");
            return Err(Failure::new(Exit::USAGE, message)
                .help("`medsets info ID --files` lists the files; `*` stays inside a folder, `**` goes through folders")
                .help("these globs choose files of the release; members of an archive are chosen with `--members`"));
        }
        match self.subsets.iter().find(|subset| !subset.is_used) {
            Some(subset) => Err(Failure::new(
                Exit::CATALOG,
                format!("the source has no file of the subset `{}` of `{selection}`", Printable::new(&subset.name)),
            )
            .help("another source may have it: `medsets info ID --sources`")),
            None => Ok(()),
        }
    }
}

/// Fails where one of these is no glob.
pub(super) fn check_globs(patterns: &[String]) -> Result<(), Failure> {
    Globs::read(patterns).map(|_| ())
}

/// Refuses a value that is empty: whoever wrote it meant something, and it would choose nothing
/// or all.
pub(super) fn refuse_empty(choice: &Choice) -> Result<(), Failure> {
    match choice.written().blank() {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::new(Exit::USAGE, format!("a value of `--{flag}` is empty, and names nothing"))
            .help("leave the flag away to take all files; a variable of your script may be unset")),
    }
}

impl Subset {
    fn read(entry: &SubsetEntry) -> Result<Self, Failure> {
        Ok(Self {
            name: entry.name.clone(),
            include: Globs::read(&entry.include)?,
            exclude: Globs::read(&entry.exclude)?,
            members: entry.members.clone(),
            is_used: false,
        })
    }
}

impl Members {
    fn read(asked: &MembersOf) -> Result<Self, Failure> {
        // One that cannot be read is told before anything is asked of a host.
        Globs::read(&asked.globs)?;
        Ok(Self { of: Globs::read(&asked.of)?, globs: asked.globs.clone() })
    }
}

/// Globs, with a note of those that have matched.
struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
    is_used: Vec<bool>,
    unused: usize,
    found: Vec<usize>,
}

impl Globs {
    fn read(patterns: &[String]) -> Result<Self, Failure> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            set.add(glob.map_err(|error| {
                Failure::new(Exit::USAGE, format!("`{}` is no glob: {}", Printable::new(pattern), error.kind()))
            })?);
        }
        Ok(Self {
            set: set.build().map_err(|error| Failure::new(Exit::USAGE, error.to_string()))?,
            is_used: vec![false; patterns.len()],
            unused: patterns.len(),
            patterns: patterns.to_vec(),
            found: Vec::new(),
        })
    }

    fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether one of the names is matched. Which globs did is only asked as long as one of
    /// them never has: a listing may have a million files.
    fn match_any(&mut self, names: [&str; 3]) -> bool {
        if self.unused == 0 {
            return names.iter().any(|name| self.set.is_match(name));
        }
        let mut is_match = false;
        for name in names {
            self.set.matches_into(name, &mut self.found);
            is_match |= !self.found.is_empty();
            for index in self.found.drain(..) {
                self.unused -= usize::from(!std::mem::replace(&mut self.is_used[index], true));
            }
        }
        is_match
    }

    fn idle(&self) -> impl Iterator<Item = &String> {
        self.patterns.iter().zip(&self.is_used).filter(|(_, is_used)| !**is_used).map(|(pattern, _)| pattern)
    }
}

/// Globs that are named in one message.
const SHOWN: usize = 10;
