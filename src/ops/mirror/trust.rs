//! What of a mirror's records is not believed: what the catalogue or the lock of the project knows
//! otherwise, and links.

use std::collections::HashMap;

use crate::catalog::{FileEntry, HostRules, Treatment};
use crate::layout::{FileRecord, LinkJudge, ListedMark, RecordKind};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{Pins, agrees, has_part};
use crate::ops::foreign::Foreign;
use crate::ops::target::Target;
use crate::values::{Digest, RelPath};

use super::find::Found;

/// The records of a mirror must speak of the release that the catalogue means, of all of the part
/// that they name and of nothing else. Other bytes than the catalogue's may only be those that the
/// lock of the project pins by their SHA-256; gives the files that are so.
pub fn refuse_unlike_entry(
    target: &Target<'_>,
    found: &Found,
    pins: Option<&Pins>,
    marks: &[ListedMark],
    records: &[FileRecord],
) -> Result<Vec<RelPath>, Failure> {
    let pinned = pins.into_iter().flat_map(|pins| &pins.listing.0);
    let pinned: HashMap<&RelPath, &Digest> =
        pinned.filter_map(|file| Some((&file.path, Digest::sha256_in(&file.digests)?))).collect();
    let by_lock = marks.iter().filter(|mark| pinned.get(&mark.path) == Some(&&mark.sha256));
    let accepted: Vec<String> = by_lock.map(|mark| mark.path.to_string()).collect();
    let foreign = Foreign {
        selection: target.selection,
        source: target.source,
        part: &found.mark.selection,
        laid_out_by: found.mark.catalog.entry,
        partial: &found.mark.partial,
        accepted: &accepted,
    };
    let judged = foreign.judge(marks.iter().cloned().map(Ok), records.iter().cloned().map(Ok))?;
    let Some(disagreement) = judged else { return foreign.other_bytes(marks.iter().cloned().map(Ok)) };
    let failure = disagreement.failure(&format!("the mirror `{}`", found.mirror.bucket.url()));
    Err(failure.help("nothing of it was kept; fetch it from its host without the mirror, and push it again"))
}

/// A file that the lock of the project pins must be that one, and must be there.
pub fn refuse_unlike_lock(found: &Found, pins: Option<&Pins>, marks: &[ListedMark]) -> Result<(), Failure> {
    let Some(pins) = pins else { return Ok(()) };
    let there: HashMap<&RelPath, &ListedMark> = marks.iter().map(|mark| (&mark.path, mark)).collect();
    let mirror = found.mirror.bucket.url();
    for file in &pins.listing.0 {
        let has_members =
            |part| found.mark.partial.iter().any(|mark| mark.path == file.path && has_part(file.size, part, mark));
        let message = match there.get(&file.path) {
            _ if pins.parts.get(&file.path).is_some_and(has_members) => continue,
            Some(mark) if agrees(file.size, &file.digests, mark) => continue,
            Some(mark) => {
                let locked = file.digests.first().map(ToString::to_string);
                let locked = locked.or(file.size.map(|size| size.to_string())).unwrap_or_default();
                format!("the mirror `{mirror}` has `{}` as {}, and the lock pins {locked}", mark.path, mark.sha256)
            }
            None if pins.by_hand.contains(&file.path) => continue,
            None => format!("the mirror `{mirror}` does not have `{}`, which the lock pins", file.path),
        };
        return Err(Failure::new(Exit::MISMATCH, message).in_file(&file.path).help(
            "nothing of it was kept; `medsets sync` asks the hosts, `medsets lock --upgrade=ID` takes another state into the lock",
        ));
    }
    Ok(())
}

/// Links come out of archives of which the entry allows them, and from nowhere else.
pub fn refuse_links_unlike_entry(target: &Target<'_>, records: &[FileRecord]) -> Result<(), Failure> {
    let mut links = records.iter().filter(|record| record.kind == RecordKind::Link).peekable();
    if links.peek().is_none() {
        return Ok(());
    }
    let (selection, source) = (target.selection, target.source);
    let (entries, rules) = (selection.files(Some(&source.channel)), HostRules::of(selection, &source.host));
    let entries: HashMap<&RelPath, &FileEntry> = entries.map(|file| (&file.path, file)).collect();
    let is_allowed = |file: &RelPath| {
        let named = entries.get(file).map(|entry| Treatment::from(*entry));
        let treatment = named.or_else(|| rules.treatment(file, false));
        treatment.and_then(|treatment| treatment.unpack).is_some_and(|unpack| unpack.table.links)
    };
    match links.find(|record| !is_allowed(&record.origin.file)) {
        None => Ok(()),
        Some(record) => {
            let message = format!("it has a link at `{}`, and the entry allows none there", record.path);
            Err(Failure::new(Exit::UNSAFE, message).in_file(&record.path))
        }
    }
}

/// Links are made after all files, and none may lead out of its dataset.
pub fn refuse_stray_links(records: &[FileRecord]) -> Result<(), Failure> {
    let judge = LinkJudge::of(records);
    let Some((path, rule)) = judge.refused() else { return Ok(()) };
    let message = format!("the mirror names a link that is refused: `{path}` {rule}");
    Err(Failure::new(Exit::UNSAFE, message).in_file(path))
}
