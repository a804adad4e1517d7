//! Where the records of what was recognised may lie, and what is in their way.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::fs::{self, FoundKind};
use crate::layout::places::away;
use crate::layout::{Adopted, DatasetDir, LinkKind, LinkMark, Records};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::gate;
use super::super::target::Target;
use super::scan::Scan;
use super::{Find, place_of};

/// The folder itself where it has the standard layout and can have the records.
pub(super) fn standard_folder(target: &Target<'_>, scan: &Scan, found: &Find) -> Option<DatasetDir> {
    let data = found.arranged.data.as_deref()?;
    let root = match data.strip_suffix("data")? {
        "" => "",
        above => above.strip_suffix('/')?,
    };
    let docs = found.arranged.docs.as_deref();
    let has_docs = docs.is_none_or(|docs| docs == super::arrange::joined(root, "docs"));
    let dir = DatasetDir::at(place_of(scan, root));
    let is_free = match Records::of(&dir) {
        // Those of an adoption into another data folder are somebody else's.
        Ok(Records::Good(_)) => {
            matches!(Adopted::read(&dir), Ok(Some(_))) && fs::is_same(dir.root(), target.dir.root())
        }
        // Whatever else is in it than what a killed run left is the person's.
        Ok(Records::Absent) => match Adopted::read(&dir) {
            Ok(None) => fs::list_dir(&dir.records()).is_ok_and(|names| names.iter().all(|path| is_unfinished(path))),
            Ok(Some(adopted)) => fs::is_same(Path::new(&adopted.place), dir.root()),
            Err(_) => false,
        },
        Ok(Records::Broken { .. }) => true,
        Err(_) => false,
    };
    let is_ours = is_free && has_only_records(&dir).unwrap_or(false) && !would_be_listed_twice(target, &dir);
    (has_docs && is_ours && !found.part.packed).then_some(dir)
}

/// Whether it lies in the data folder under another name: with records it would be found there,
/// and by the link once more.
fn would_be_listed_twice(target: &Target<'_>, dir: &DatasetDir) -> bool {
    let Some(data_dir) = target.store.root().parent() else { return false };
    let is_below = matches!(
        (fs::canonical(dir.root()), fs::canonical(data_dir)),
        (Ok(dir), Ok(data_dir)) if dir.starts_with(&data_dir)
    );
    is_below && !fs::is_same(dir.root(), target.dir.root())
}

/// Whether the folder of records is none yet, or a real one (what is written into a link goes
/// elsewhere) with nothing but records in it.
fn has_only_records(dir: &DatasetDir) -> Result<bool, fs::FsError> {
    let Some(found) = fs::metadata(&dir.records())? else { return Ok(true) };
    if !found.is_dir() {
        return Ok(false);
    }
    let known = records_of(dir);
    for path in fs::list_dir(&dir.records())? {
        if !(known.contains(&path) || is_unfinished(&path))
            || !fs::metadata(&path)?.is_some_and(|found| found.is_file())
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(fs::RECORD))
}

/// Every file that medsets writes into a folder of records.
fn records_of(dir: &DatasetDir) -> [PathBuf; 6] {
    [
        dir.receipt_path(),
        dir.entry_path(),
        dir.adopted_path(),
        dir.manifest_path(),
        dir.listed_path(),
        dir.inventory_path(),
    ]
}

/// What is in the place of the dataset folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Free,
    /// The very folder that is adopted.
    Itself,
    /// A link to the folder that is adopted.
    Led,
    /// A link of an earlier adoption, wherever it leads by now, or one that leads nowhere.
    Link,
    /// Records without any file, papers of ours, and links to a person's files.
    Remains,
}

impl Place {
    /// Looks at it. Fails where it holds anything that medsets did not put there, or files.
    pub fn of(target: &Target<'_>, standard: Option<&DatasetDir>) -> Result<Self, Failure> {
        let root = target.dir.root();
        let Some(there) = fs::metadata(root)? else { return Ok(Self::Free) };
        let is_standard = standard.is_some_and(|dir| fs::is_same(dir.root(), root));
        match (there.is_symlink(), is_standard) {
            (true, true) => Ok(Self::Led),
            (false, true) => Ok(Self::Itself),
            (true, false) => {
                let is_ours = is_adopted_link(&target.dir)
                    || Adopted::read(&target.dir)?.is_some()
                    || fs::metadata(&root.join("."))?.is_none();
                if is_ours { Ok(Self::Link) } else { Err(occupied(target)) }
            }
            (false, false) => {
                if holds_files(&target.dir)? {
                    Err(occupied(target))
                } else {
                    Ok(Self::Remains)
                }
            }
        }
    }

    /// Takes a link away. A folder is for the commit to replace.
    pub fn clear(self, target: &Target<'_>) -> Result<(), Failure> {
        if matches!(self, Self::Led | Self::Link) {
            fs::remove_file(target.dir.root())?;
        }
        Ok(())
    }
}

fn is_adopted_link(dir: &DatasetDir) -> bool {
    LinkMark::of_link(dir).is_some_and(|mark| mark.kind == LinkKind::Adopted)
}

/// Whether anything is in a dataset folder that is neither a record, nor a paper beside records,
/// nor a link of an earlier adoption. Empty folders are nothing.
fn holds_files(dir: &DatasetDir) -> Result<bool, Failure> {
    if !fs::is_dir(dir.root()) {
        return Ok(true);
    }
    let mut known: HashSet<PathBuf> = HashSet::new();
    if dir.has_records()? {
        known.extend(records_of(dir));
        known.extend(PAPERS.iter().map(|name| dir.root().join(name)));
    }
    let links = Adopted::read(dir).ok().flatten().map(|adopted| adopted.links).unwrap_or_default();
    let is_of_adoption = |path: &str| {
        links
            .get(path)
            .is_some_and(|held| fs::link_target(&dir.root().join(path)).is_ok_and(|is| is.as_ref() == Some(held)))
    };
    let mut holds = false;
    fs::walk(dir.root(), &mut |found| {
        let is_ours = known.contains(&dir.root().join(&found.path)) && found.kind == FoundKind::File;
        holds |= !is_ours && !is_of_adoption(&found.path);
    })?;
    Ok(holds)
}

/// What a dataset folder has beside data and records.
const PAPERS: [&str; 3] = ["README.md", "TERMS.md", "CITATION.cff"];

fn occupied(target: &Target<'_>) -> Failure {
    let name = gate::name_for_command(target.selection);
    let message =
        format!("`{}` is here already with other files, in `{}`", target.selection, target.dir.root().display());
    let failure = Failure::new(Exit::DIFFERENT, message).of(target.selection.id());
    let failure = match fs::link_target(target.dir.root()) {
        Ok(Some(held)) if away(&target.dir).is_some() => {
            failure.help(format!("a person made this a link to `{held}`: delete the link, and run again"))
        }
        _ => failure.help(format!("`medsets verify {name}` tells what is there, `medsets remove {name}` makes room")),
    };
    failure.help("or adopt into another data folder with `--data-dir DIR`")
}
