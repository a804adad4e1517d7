//! `medsets adopt`: data that are on disk already, recognised by their digests.
//!
//! ```text
//! scan      what lies in the folder: names, sizes and times; nothing is opened
//! known     what would prove it: entries, records of other copies, records that lie with it
//! hash      the files whose size or name can belong to any of that, and no others
//! arrange   below which folder the tree of a release lies, and what of it is there
//! look      trees that nobody can prove, told by their names and numbers alone
//! place     where the records may lie, and what is in their way
//! lay       the records, and links where they do not lie with the files
//! ```
//!
//! No file of the person is written, moved, copied or deleted. What is recognised passes the
//! gate of `import`; what is damaged is named and not adopted.

mod arrange;
mod hash;
mod known;
mod lay;
mod look;
mod place;
mod report;
mod scan;

use std::collections::HashSet;
use std::path::PathBuf;

use crate::access::Purpose;
use crate::catalog::Selection;
use crate::context::Context;
use crate::fs;
use crate::layout::{FileRecord, ListedMark};
use crate::values::{Digest, Printable, RelPath, counted};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::selection::one_selection;
use super::target::{Target, no_source};

use arrange::{Arranged, Claims};
use hash::Hashes;
use known::Known;
use scan::Scan;

pub(super) use lay::LISTS;
pub use report::{AdoptReport, AdoptState, AdoptedDataset, Amount, LooksLike, Part, PassedOver, Unknown};

/// What to look at, and how.
#[derive(Debug, Clone)]
pub struct AdoptOptions {
    /// The folder.
    pub dir: PathBuf,
    /// What it is, where the person says so.
    pub dataset: Option<String>,
    /// By which source of the entry it came.
    pub source: Option<String>,
    /// Whether the person's word is enough where nothing proves the files.
    pub unproven: bool,
    /// Only say what was recognised.
    pub dry_run: bool,
    /// Files that are read at once; both cores without it.
    pub jobs: Option<usize>,
}

/// One release with what was found of it, ready to be written.
struct Find {
    selection: Selection,
    channel: String,
    /// The folder of the person that is, or holds, `data/`.
    arranged: Arranged,
    records: Vec<FileRecord>,
    marks: Vec<ListedMark>,
    /// Files of the release that lie as they were downloaded: their places below the dataset
    /// folder, and the person's files.
    packed: Vec<(String, String)>,
    part: crate::layout::receipt::Selection,
    /// By what it was recognised, for the report.
    by: &'static str,
    /// Files that nothing but their names, sizes or the person's word speaks for.
    unproven: u64,
    missing: Vec<RelPath>,
}

/// Recognises what lies in a folder and writes records of it.
///
/// After a failure nothing of the person's has changed; records of datasets that were adopted
/// before it stay, and running again finds them.
pub async fn adopt(context: &Context, options: &AdoptOptions) -> Result<AdoptReport, Failure> {
    let scan = Scan::of(&options.dir)?;
    let named = options.dataset.as_deref().map(|name| one_selection(context, name)).transpose()?;
    if let (Some(selection), Some(source)) = (&named, options.source.as_deref())
        && selection.source(Some(source)).is_none()
    {
        return Err(no_source(selection, Some(source)));
    }
    let mut report = AdoptReport::of(&scan);
    let knowns = known::gather(context, &scan, named.as_ref(), options, &mut report.warnings)?;
    let mut hashes = Hashes::new(context, &scan, options.jobs);
    hashes.ensure(hash::candidates(&scan, &knowns, named.is_some()))?;
    let mut claimed: HashSet<usize> = HashSet::new();
    let mut finds = Vec::new();
    let (taken, unpacked) = best_first(&scan, &hashes, &knowns, named.is_some(), &mut report, &mut claimed);
    for (known, arranged) in taken {
        read_and_find(&scan, &mut hashes, known, arranged, &mut finds, &mut report)?;
    }
    let is_open = |report: &AdoptReport, finds: &[Find]| finds.is_empty() && report.failures.is_empty();
    if report.failures.is_empty()
        && let Some(found) = look::by_lock(context, named.as_ref(), options, &scan, &mut hashes, &finds)?
    {
        finds = vec![found];
        claimed.extend(0..scan.files.len());
    }
    if let Some(selection) = named.as_ref().filter(|_| is_open(&report, &finds)) {
        if options.unproven {
            known::refuse_other_name(&scan, selection)?;
            finds.push(look::by_word(selection, options, &scan, &mut hashes)?);
            claimed.extend(0..scan.files.len());
        } else {
            match unpacked {
                // Nothing says that the rest of the tree is here.
                Some((known, arranged)) if look::likeness(selection, &scan).is_none() => {
                    claimed.extend(arranged.placed.iter().chain(&arranged.changed).map(|(_, own)| *own));
                    claimed.extend(arranged.duplicates.iter().copied());
                    read_and_find(&scan, &mut hashes, known, arranged, &mut finds, &mut report)?;
                }
                other => {
                    let proven = other.map_or(0, |(_, arranged)| arranged.placed.len() as u64);
                    report.failures.push(not_proven(selection, &scan, proven));
                }
            }
        }
    } else if is_open(&report, &finds) {
        report.looks_like = look::guesses(context, &scan)?;
        // Named, the whole tree would be meant.
        let is_like = |part: &Part| report.looks_like.iter().any(|look| look.dataset == part.dataset);
        report.parts.retain(|part| !is_like(part));
    }
    for found in finds {
        match one(context, options, &scan, found).await {
            Ok(adopted) => report.datasets.push(adopted),
            Err(failure) => report.failures.push(failure),
        }
    }
    report.count(&scan, &hashes, &claimed);
    if report.datasets.is_empty() && report.failures.is_empty() {
        let failure = nothing_known(&options.dir, &report);
        report.failures.push(failure);
    }
    Ok(report)
}

/// A release, and what of it is here.
type Match<'k> = (&'k Known, Arranged);

/// The releases that are here, the best match first. A file is counted for one of them, and for
/// another where it lies in its place there as well. Beside them what is here of the release that
/// was named, where all of it that is to be unpacked is missing.
fn best_first<'k>(
    scan: &Scan,
    hashes: &Hashes<'_>,
    knowns: &'k [Known],
    is_named: bool,
    report: &mut AdoptReport,
    claimed: &mut HashSet<usize>,
) -> (Vec<Match<'k>>, Option<Match<'k>>) {
    let (mut taken, mut claims, mut unpacked) = (Vec::new(), Claims::default(), None);
    let mut rest: Vec<&Known> = knowns.iter().collect();
    loop {
        let arranged = rest.iter().enumerate().map(|(at, known)| (at, Arranged::of(known, scan, hashes, &claims)));
        let best = arranged.filter(|(_, one)| one.is_anything()).max_by_key(|(at, one)| (one.rank(), usize::MAX - at));
        let Some((at, best)) = best else { break };
        let known = rest.swap_remove(at);
        // Other records of the same release would only say the same.
        rest.retain(|other| other.name() != known.name());
        if is_named && best.is_unpacked() {
            unpacked = Some((known, best));
            continue;
        }
        if best.is_unpacked() || !(is_named || best.is_most()) {
            report.parts.push(Part { dataset: known.name(), files: best.placed.len() as u64 });
            continue;
        }
        claims.take(known, &best);
        taken.push((known, best));
    }
    // What turned out to be another's is no further copy.
    taken.iter_mut().for_each(|(_, one): &mut Match<'_>| one.duplicates.retain(|own| !claims.is_taken(*own)));
    claimed.extend(claims.all());
    (taken, unpacked)
}

/// Reads what was not read yet of a release and makes its records.
fn read_and_find(
    scan: &Scan,
    hashes: &mut Hashes<'_>,
    known: &Known,
    arranged: Arranged,
    finds: &mut Vec<Find>,
    report: &mut AdoptReport,
) -> Result<(), Failure> {
    hashes.ensure(arranged.unhashed(hashes))?;
    hashes.recheck(arranged.placed.iter().map(|(_, own)| *own));
    let arranged = arranged.readable(scan, hashes);
    match find(scan, hashes, known, arranged) {
        Ok(found) => finds.push(found),
        Err(failure) => report.failures.push(failure),
    }
    Ok(())
}

/// The records of a release as it lies there. Fails where files are there with other bytes.
fn find(scan: &Scan, hashes: &Hashes<'_>, known: &Known, arranged: Arranged) -> Result<Find, Failure> {
    if !arranged.changed.is_empty() {
        return Err(altered(scan, hashes, known, &arranged));
    }
    let places: Vec<String> = arranged.missing.iter().filter_map(|item| arranged.place(&known.items[*item])).collect();
    refuse_unread(scan, hashes, &known.selection, |path| {
        places.iter().any(|place| place.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    })?;
    let (records, marks) = known.records(scan, hashes, &arranged)?;
    let missing: Vec<RelPath> = arranged.missing.iter().map(|item| known.items[*item].place.clone()).collect();
    let unproven = records
        .iter()
        .filter(|record| record.origin.verified.is_some_and(|proof| !proof.is_known_beforehand()))
        .count()
        .max(marks.iter().filter(|mark| !mark.verified.is_known_beforehand()).count());
    let packed = arranged.placed.iter().filter(|(item, _)| known.items[*item].is_packed());
    let packed = packed.map(|(item, own)| (known.items[*item].place.to_string(), scan.files[*own].rel.clone()));
    Ok(Find {
        packed: packed.collect(),
        selection: known.selection.clone(),
        channel: known.channel.clone(),
        part: known.part(&arranged, &marks),
        by: known.by(),
        unproven: unproven as u64,
        arranged,
        records,
        marks,
        missing,
    })
}

/// Passes the gate and writes the records.
async fn one(context: &Context, options: &AdoptOptions, scan: &Scan, found: Find) -> Result<AdoptedDataset, Failure> {
    let selection = found.selection.clone();
    let gate = gate::gate(context, &selection, Some(&found.channel), Purpose::Import, Compare::Pages).await?;
    let mut warnings: Vec<String> = gate.warnings().map(str::to_owned).collect();
    if !gate.is_open() {
        return Err(gate::refusal(context, &selection, gate).await);
    }
    let target = Target::of(context, &selection, Some(&found.channel), None)?;
    if !found.missing.is_empty() {
        let are = if found.missing.len() == 1 { "is" } else { "are" };
        let missing = counted(found.missing.len() as u64, "file");
        warnings
            .push(format!("not all of `{selection}` is here: {missing} {are} missing, such as `{}`", found.missing[0]));
    }
    if found.unproven > 0 {
        let files = counted(found.unproven, "file");
        warnings.push(format!("nothing published proves {files} of `{selection}`: recorded as first seen"));
    }
    let adopted =
        lay::lay(context, &target, scan, found, options.dry_run).map_err(|failure| failure.of(selection.id()))?;
    Ok(AdoptedDataset { warnings, ..adopted })
}

/// Fails where something that could not be read is, or may hold, what belongs to the release: of
/// records without it nobody could tell later that it was there.
fn refuse_unread(
    scan: &Scan,
    hashes: &Hashes<'_>,
    selection: &Selection,
    is_of_it: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let all = scan.passed_over.iter().chain(&hashes.passed_over);
    let unread: Vec<&PassedOver> = all.filter(|one| one.is_unread && is_of_it(&one.path)).collect();
    let Some(first) = unread.first() else { return Ok(()) };
    let more = if unread.len() > 1 { format!(", and {} more", unread.len() - 1) } else { String::new() };
    let message = format!("not all of `{selection}` could be read: {}{more}", first.reason);
    Err(Failure::new(Exit::PARTIAL, message)
        .of(selection.id())
        .help("nothing of it was written; see that you may read it all, and run again")
        .help("or move it out of the folder: what is left is adopted as a part"))
}

/// Files in their places with other bytes.
fn altered(scan: &Scan, hashes: &Hashes<'_>, known: &Known, arranged: &Arranged) -> Failure {
    let line = |(item, own): &(usize, usize)| {
        let (item, own) = (&known.items[*item], &scan.files[*own]);
        let expected = item.digests.first().map(Digest::to_string).unwrap_or_default();
        let is = match hashes.of_file(own) {
            Some(is) if item.size.is_none_or(|size| size == own.size) => {
                let same = item.digests.first().map(Digest::algorithm);
                is.iter().find(|one| Some(one.algorithm()) == same).map_or(String::new(), Digest::to_string)
            }
            _ => format!("{} instead of {}", own.size, item.size.unwrap_or_default()),
        };
        format!("`{}` is {is}, and `{}` of the release is {expected}", Printable::new(&own.rel), item.place)
    };
    let lines: Vec<String> = arranged.changed.iter().take(10).map(line).collect();
    let (count, name) = (arranged.changed.len() as u64, known.name());
    let message = format!("{} of `{name}` with other bytes: {}", counted(count, "file"), lines.join("; "));
    let first = &known.items[arranged.changed[0].0].place;
    Failure::new(Exit::MISMATCH, message)
        .of(known.selection.id())
        .in_file(first)
        .help("nothing was written; put the right files in their places and run again")
        .help(format!("or move the wrong ones out of the folder: what is left is adopted as a part of `{name}`"))
}

/// The person says what it is, and nothing proves it but a few files beside the unpacked ones.
fn not_proven(selection: &Selection, scan: &Scan, proven: u64) -> Failure {
    let like = look::likeness(selection, scan);
    let looks = match &like {
        Some(look) => format!("it looks like it ({}), not proven", look.why()),
        None => "it does not even look like it".to_owned(),
    };
    let dir = scan.root.display();
    let known = match proven {
        0 => format!("nothing in `{dir}` is known by its digest to be of `{selection}`"),
        _ => format!("no more than {} in `{dir}` is known by digest to be of `{selection}`", counted(proven, "file")),
    };
    let failure = Failure::new(Exit::DIFFERENT, format!("{known}: {looks}")).of(selection.id());
    let name = gate::name_for_command(selection);
    let archives = selection.files(None).any(|file| file.unpack.is_some());
    let failure = if archives {
        failure.help(format!(
            "if you have the archives it was unpacked from: `medsets import {name} PATH...` proves and unpacks them"
        ))
    } else {
        failure
    };
    failure.help(format!(
        "to have it by your word, with every file marked as not proven: `medsets adopt {dir} --dataset {name} --unproven`"
    ))
}

fn nothing_known(dir: &std::path::Path, report: &AdoptReport) -> Failure {
    let files = counted(report.scanned.files, "file");
    let dir = dir.display();
    let mut failure = Failure::new(Exit::CATALOG, format!("nothing in `{dir}` is known ({files} looked at)"));
    for look in &report.looks_like {
        let name = &look.dataset;
        failure = failure.help(format!(
            "it looks like `{name}` ({}), not proven: `medsets adopt {dir} --dataset {name} --unproven` takes your word for it",
            look.why
        ));
    }
    for part in report.parts.iter().take(5) {
        let files = counted(part.files, "file");
        let name = &part.dataset;
        failure =
            failure.help(format!("`medsets adopt {dir} --dataset {name}` adopts what is there of `{name}`: {files}"));
    }
    if report.looks_like.is_empty() && report.parts.is_empty() {
        failure = failure.help("say what it is with `--dataset ID`; `medsets search WORD` finds names");
    }
    failure
}

/// The person's folder, real and as text: links hold it and records name it.
fn text_of(path: &std::path::Path) -> Result<String, Failure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::new(Exit::USAGE, format!("the path `{}` is not UTF-8, and records must name it", path.display()))
            .help("give the folder another name, or reach it by a link that has one")
    })
}

/// Where something of the scan lies.
fn place_of(scan: &Scan, rel: &str) -> PathBuf {
    let mut path = scan.root.clone();
    path.extend(rel.split('/').filter(|name| !name.is_empty()));
    path
}

/// Whether a folder of the person can be written.
fn is_denied(error: &fs::FsError) -> bool {
    matches!(error.kind(), fs::FsErrorKind::Denied | fs::FsErrorKind::ReadOnly)
}
