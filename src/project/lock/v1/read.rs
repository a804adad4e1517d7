//! From the text of a lock to a [`Lock`]; what breaks the form is shown with line and caret.
//!
//! It is read dataset by dataset: a parsed text takes many times its own room, and a lock may come
//! from anybody. Behind [`MOST_SHOWN`] findings nothing is looked at any more.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::catalog::Locator;
use crate::document::inspection::TOO_MANY;
use crate::document::{At, BrokenFile, Document, Finding, Inspection, scan};
use crate::project::lock::{
    AcceptedFile, ListingPin, Lock, Locked, LockedFile, LockedFiles, LockedPart, LockedText, MOST_WITHIN, PinnedBy,
    Weight, input,
};
use crate::values::{Algorithm, ByteSize, DatasetId, Digest, RelPath, SafeUrl, WrittenChoice};

use super::{VERSION, checked};

/// What stands before the first dataset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: i64,
    input: Digest,
}

/// One dataset with its header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    dataset: [DatasetTable; 1],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DatasetTable {
    id: String,
    version: String,
    variant: Option<String>,
    reference: Option<String>,
    source: String,
    #[serde(default)]
    subset: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    only_license: Vec<String>,
    input: Digest,
    entry: Digest,
    license: String,
    #[serde(default)]
    texts: Vec<TextTable>,
    #[serde(default)]
    accepted: Vec<AcceptedTable>,
    tree: Option<Digest>,
    bytes: u64,
    #[serde(default = "yes")]
    located: bool,
    listing: Option<ListingTable>,
    files: Option<Vec<FileTable>>,
    checked: Option<Digest>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextTable {
    license: String,
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptedTable {
    path: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListingTable {
    files: u64,
    sha256: String,
    #[serde(default)]
    unpinned: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileTable {
    path: String,
    size: Option<u64>,
    sha256: Option<String>,
    git_blob: Option<String>,
    sha1: Option<String>,
    md5: Option<String>,
    crc64nvme: Option<String>,
    crc32c: Option<String>,
    crc32: Option<String>,
    from: String,
    url: Option<String>,
    at: Option<String>,
    file_id: Option<String>,
    entity: Option<String>,
    key: Option<String>,
    license: Option<Box<str>>,
    notice: Option<Box<str>>,
    members: Option<u32>,
    only: Option<Vec<String>>,
    directory: Option<String>,
}

/// Reads a lock of version 1.
///
/// # Errors
/// With the place of what breaks the form: an unknown key, a digest cut short, a list that is
/// out of order or names a file twice, a lock whose digests do not belong to each other, a table
/// that is not the one whose digest stands in it. Locks without such digests are read.
pub fn read(name: &str, text: &str) -> Result<Lock, BrokenFile> {
    let (input, datasets) = parts(name, text, Whole::Yes)?;
    Ok(Lock { input, datasets })
}

/// Reads the datasets of one side of a merge, which need not be a whole lock: their order and
/// the digest over all of them are not looked at, and the tree of a table that a merge put
/// together is not known.
///
/// # Errors
/// As [`read`], but for these.
pub fn read_side(name: &str, text: &str) -> Result<Vec<Locked>, BrokenFile> {
    Ok(parts(name, text, Whole::No)?.1)
}

/// Whether a text is all of a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

fn parts(name: &str, text: &str, whole: Whole) -> Result<(Digest, Vec<Locked>), BrokenFile> {
    let document = Document::open(name, text).map_err(|finding| BrokenFile::unopened(name, text, finding))?;
    let mut reading = Reading { document: &document, findings: Vec::new(), is_cut: false };
    let starts: Vec<usize> = scan::tables(text).collect();
    let head = 0..starts.first().copied().unwrap_or(text.len());
    let found = reading.part(head.clone(), |file: Head, inspection| {
        if file.version != VERSION {
            let message = format!("there is no version {}", file.version);
            inspection.error(&At::root().key("version"), "version", message);
        }
        file.input
    });
    let mut datasets: Vec<Locked> = Vec::with_capacity(starts.len());
    for (index, start) in starts.iter().enumerate() {
        if reading.is_full() {
            break;
        }
        let end = starts.get(index + 1).copied().unwrap_or(text.len());
        let before = datasets.last().filter(|_| whole == Whole::Yes).map(place);
        let read = reading.part(*start..end, |part: Part, inspection| {
            let [table] = part.dataset;
            let is_as_written = checked::is_as_written(table.checked, &text[*start..end]);
            let locked = in_order(table, before, inspection)?;
            Some(consistent(locked, is_as_written, whole, inspection))
        });
        datasets.extend(read.flatten());
    }
    if let Some(found) = found
        && reading.findings.is_empty()
        && whole == Whole::Yes
        && found != input(datasets.iter().map(|one| one.input))
    {
        reading.part(head, |_: Head, inspection| {
            let message = "it is not the digest of the datasets' inputs";
            inspection.error(&At::root().key("input"), "input", message).help(AGAIN);
        });
    }
    let input = found.unwrap_or_else(|| Digest::sha256(b""));
    match BrokenFile::new(&document, reading.finish()) {
        Some(error) => Err(error),
        None => Ok((input, datasets)),
    }
}

/// What datasets of a lock are in order by.
type Place = (DatasetId, String, Option<String>);

fn place(one: &Locked) -> Place {
    (one.id.clone(), one.version.clone(), one.variant.clone())
}

/// The dataset of a part, which must come after the one before.
fn in_order(table: DatasetTable, before: Option<Place>, inspection: &mut Inspection<'_>) -> Option<Locked> {
    let root = At::root();
    let list = root.key("dataset");
    let at = list.index(0);
    let locked = dataset(table, inspection, &at)?;
    if before.is_some_and(|before| before >= place(&locked)) {
        let message = format!("`{}` is named twice or out of order", locked.name());
        inspection.error(&at.key("id"), "order", message).help(AGAIN);
    }
    Some(locked)
}

/// A dataset of which the table is the one that was written. The tree of one that a merge put
/// together is not known.
fn consistent(locked: Locked, is_as_written: bool, whole: Whole, inspection: &mut Inspection<'_>) -> Locked {
    if whole == Whole::No {
        return Locked { tree: locked.tree.filter(|_| is_as_written), ..locked };
    }
    let fault = match &locked.files {
        // Where another fault stands above, that one is told first.
        _ if !is_as_written => Some(("checked", "is not as `medsets lock` wrote it")),
        LockedFiles::Within(files) if !Weight::of(files).is_said_as(locked.bytes) => {
            Some(("bytes", "has another number of `bytes` than its files"))
        }
        _ => None,
    };
    if let Some((key, fault)) = fault {
        let (root, message) = (At::root(), format!("the table of `{}` {fault}", locked.name()));
        inspection.error(&root.key("dataset").index(0).key(key), key, message).help(AGAIN);
    }
    locked
}

/// A lock while its parts are read.
struct Reading<'d> {
    document: &'d Document<'d>,
    findings: Vec<Finding>,
    /// Whether there is more than was kept.
    is_cut: bool,
}

impl Reading<'_> {
    /// Reads a part of the text; what is wrong with it is kept with its place in the whole.
    fn part<T: DeserializeOwned, R>(
        &mut self,
        range: Range<usize>,
        take: impl FnOnce(T, &mut Inspection<'_>) -> R,
    ) -> Option<R> {
        let (name, text) = (self.document.name(), &self.document.text()[range.clone()]);
        let is_long = scan::inline_tables(text, MOST_ROWS + 1) > MOST_ROWS || text.lines().nth(MOST_LINES).is_some();
        if is_long {
            let message = format!(
                "there is more than a lock has in one place: of more than {MOST_WITHIN} files a list lies beside it"
            );
            let mut finding = self.document.finding("too-large", message, range.start..range.start + 1);
            finding.help(AGAIN);
            self.keep(vec![finding], 0);
            return None;
        }
        let document = Document::open(name, text).map_err(|finding| self.keep(vec![finding], range.start)).ok()?;
        let value = document.read().map_err(|finding| self.keep(vec![finding], range.start)).ok()?;
        let mut inspection = Inspection::new(&document);
        let taken = take(value, &mut inspection);
        self.keep(inspection.finish(), range.start);
        Some(taken)
    }

    fn keep(&mut self, findings: Vec<Finding>, offset: usize) {
        if findings.is_empty() {
            return;
        }
        let lines = self.document.text()[..offset].matches('\n').count();
        for finding in findings {
            if self.is_full() {
                self.is_cut = true;
                return;
            }
            let span = finding.span.start + offset..finding.span.end + offset;
            self.findings.push(Finding { line: finding.line + lines, span, ..finding });
        }
    }

    fn is_full(&self) -> bool {
        self.findings.len() >= MOST_SHOWN
    }

    /// What was found, with a last word where there may be more.
    fn finish(mut self) -> Vec<Finding> {
        if self.is_full() || self.is_cut {
            let mut last = self.document.finding(TOO_MANY, "there may be more, which is not looked at", 0..0);
            last.help(format!("mend the first {MOST_SHOWN} and look again"));
            self.findings.push(last);
        }
        self.findings
    }
}

/// Findings that are kept of one lock.
const MOST_SHOWN: usize = 20;
/// Lines of files, parts and texts in one dataset; a few more than are ever written.
const MOST_ROWS: usize = 4 * MOST_WITHIN;
/// Lines of one dataset, with comments and all.
const MOST_LINES: usize = 8 * MOST_WITHIN;

const AGAIN: &str =
    "the file was edited by hand: take it from version control again, or let `medsets lock --upgrade` write it anew";

fn dataset(table: DatasetTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> Option<Locked> {
    let id = inspection.accept(&at.key("id"), "id", DatasetId::from_str(&table.id));
    let list = at.key("texts");
    let mut texts = Vec::with_capacity(table.texts.len());
    for (index, text) in table.texts.into_iter().enumerate() {
        let sha256 = hex(Algorithm::Sha256, &text.sha256, inspection, &list.index(index).key("sha256"));
        texts.extend(sha256.map(|sha256| LockedText { license: text.license, sha256 }));
    }
    let list = at.key("accepted");
    let mut accepted = Vec::with_capacity(table.accepted.len());
    for (index, one) in table.accepted.into_iter().enumerate() {
        let path = inspection.accept(&list.index(index).key("path"), "path", RelPath::parse(&one.path));
        accepted.extend(path.map(|path| AcceptedFile { path, reason: one.reason }));
    }
    let files = match (table.files, table.listing) {
        (Some(files), None) => Some(LockedFiles::Within(within(files, inspection, &at.key("files")))),
        (None, Some(pin)) => {
            let sha256 = hex(Algorithm::Sha256, &pin.sha256, inspection, &at.key("listing").key("sha256"));
            let (files, unpinned) = (pin.files, pin.unpinned);
            sha256.map(|sha256| LockedFiles::Beside(ListingPin { sha256, files, unpinned }))
        }
        _ => {
            inspection.key_error(&at.key("id"), "files", "a dataset has either `files` or `listing`").help(AGAIN);
            None
        }
    };
    let choice = WrittenChoice {
        subset: table.subset,
        include: table.include,
        exclude: table.exclude,
        members: table.members,
        license: table.only_license,
    };
    Some(Locked {
        id: id?,
        version: table.version,
        variant: table.variant,
        reference: table.reference,
        channel: table.source,
        input: table.input,
        choice: choice.into(),
        entry: table.entry,
        license: table.license,
        texts,
        accepted,
        tree: table.tree,
        bytes: ByteSize(table.bytes),
        is_located: table.located,
        files: files?,
    })
}

fn within(tables: Vec<FileTable>, inspection: &mut Inspection<'_>, list: &At<'_>) -> Vec<LockedFile> {
    let mut files: Vec<LockedFile> = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let at = list.index(index);
        let Some(file) = file(table, inspection, &at) else { continue };
        if files.last().is_some_and(|before| before.path >= file.path) {
            inspection
                .error(&at.key("path"), "order", format!("`{}` is named twice or out of order", file.path))
                .help(AGAIN);
        }
        files.push(file);
    }
    files
}

fn file(table: FileTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> Option<LockedFile> {
    let path = inspection.accept(&at.key("path"), "path", RelPath::parse(&table.path));
    let named = [
        (Algorithm::Sha256, &table.sha256),
        (Algorithm::GitBlob, &table.git_blob),
        (Algorithm::Sha1, &table.sha1),
        (Algorithm::Md5, &table.md5),
        (Algorithm::Crc64Nvme, &table.crc64nvme),
        (Algorithm::Crc32c, &table.crc32c),
        (Algorithm::Crc32, &table.crc32),
    ];
    let mut digests = Vec::new();
    for (algorithm, text) in named {
        let Some(text) = text else { continue };
        digests.extend(hex(algorithm, text, inspection, &at.key(algorithm.label())));
    }
    let from = PinnedBy::parse(&table.from);
    match from {
        None => {
            inspection.error(&at.key("from"), "from", "it is none of the words for `from`").help(WORDS);
        }
        Some(from) if (from == PinnedBy::Unpinned) != table.sha256.is_none() => {
            let message = "a file is `unpinned` where it has no `sha256`, and nowhere else";
            inspection.error(&at.key("from"), "from", message).help(AGAIN);
        }
        Some(_) => {}
    }
    let url = table.url.and_then(|url| inspection.accept(&at.key("url"), "url", SafeUrl::parse(&url)));
    if url.as_ref().is_some_and(|url| !url.is_plain()) {
        inspection.error(&at.key("url"), "url", "an address in a lock has no query and no user").help(AGAIN);
    }
    let place = table.at.and_then(|path| inspection.accept(&at.key("at"), "at", RelPath::parse(&path)));
    let locator = Locator {
        url,
        path: place,
        file_id: table.file_id,
        entity: table.entity,
        key: table.key,
        ..Locator::default()
    };
    let directory = table.directory.and_then(|text| hex(Algorithm::Sha256, &text, inspection, &at.key("directory")));
    if directory.is_some() && table.only.is_none() {
        let message = "`directory` stands beside `only`, and nowhere else";
        inspection.error(&at.key("directory"), "directory", message).help(AGAIN);
    }
    Some(LockedFile {
        path: path?,
        size: table.size.map(ByteSize),
        digests,
        from: from?,
        at: (locator != Locator::default()).then(|| Arc::new(locator)),
        license: table.license,
        notice: table.notice,
        members: table.members,
        part: table.only.map(|globs| Box::new(LockedPart { globs, directory })),
    })
}

const WORDS: &str = "there is `catalog`, `host`, `first-use`, `accepted` and `unpinned`";

fn hex(algorithm: Algorithm, text: &str, inspection: &mut Inspection<'_>, at: &At<'_>) -> Option<Digest> {
    inspection.accept(at, "digest", Digest::from_hex(algorithm, text))
}
