//! What of a mirror's records is not believed: what the catalogue or the lock of the project knows
//! otherwise, and links.

use std::collections::{HashMap, HashSet};

use crate::layout::{FileRecord, ListedMark, RecordKind};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{Pins, agrees, has_part};
use crate::ops::foreign::{Changes, Foreign};
use crate::ops::target::Target;
use crate::values::RelPath;

use super::find::Found;

/// The records of a mirror must speak of the release that the catalogue means, of all of the part
/// that they name and of nothing else.
pub fn refuse_unlike_entry(
    target: &Target<'_>,
    found: &Found,
    marks: &[ListedMark],
    records: &[FileRecord],
) -> Result<(), Failure> {
    let foreign = Foreign {
        selection: target.selection,
        source: target.source,
        part: &found.mark.selection,
        laid_out_by: found.mark.catalog.entry,
        partial: &found.mark.partial,
        changes: Changes::Refused,
    };
    let judged = foreign.judge(marks.iter().cloned().map(Ok), records.iter().cloned().map(Ok))?;
    let Some(disagreement) = judged else { return Ok(()) };
    let failure = disagreement.failure(&format!("the mirror `{}`", found.mirror.store.url()));
    Err(failure.help("nothing of it was kept; fetch it from its host without the mirror, and push it again"))
}

/// A file that the lock of the project pins must be that one, and must be there.
pub fn refuse_unlike_lock(found: &Found, pins: Option<&Pins>, marks: &[ListedMark]) -> Result<(), Failure> {
    let Some(pins) = pins else { return Ok(()) };
    let there: HashMap<&RelPath, &ListedMark> = marks.iter().map(|mark| (&mark.path, mark)).collect();
    let mirror = found.mirror.store.url();
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

/// Links are made after all files, and each must lead to something inside its own top folder:
/// the manifest does not vouch for them.
pub fn refuse_stray_links(records: &[FileRecord]) -> Result<(), Failure> {
    let links: HashSet<&str> =
        records.iter().filter(|record| record.kind == RecordKind::Link).map(|record| record.path.as_str()).collect();
    if links.is_empty() {
        return Ok(());
    }
    let below_a_link = |path: &RelPath| {
        let mut above = path.parent();
        while let Some(folder) = above {
            if links.contains(folder.as_str()) {
                return true;
            }
            above = folder.parent();
        }
        false
    };
    for record in records {
        let strays = record.kind == RecordKind::Link && !leads_inside(record);
        if strays || below_a_link(&record.path) {
            let message = format!("the mirror names a link that is refused at `{}`", record.path);
            return Err(Failure::new(Exit::UNSAFE, message).in_file(&record.path));
        }
    }
    Ok(())
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
        let example = crate::layout::inventory::example(path, b"x");
        FileRecord { kind, target: target.map(str::to_owned), ..example }
    }

    #[test]
    fn links_lead_to_something_inside() {
        #[track_caller]
        fn check(path: &str, target: &str, good: bool) {
            assert_eq!(refuse_stray_links(&[record(path, Some(target))]).is_ok(), good, "{path} -> {target}");
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
        let below = [record("data/link", Some("a")), record("data/link/x", None)];
        assert!(refuse_stray_links(&below).is_err(), "nothing is written through a link");
    }
}
