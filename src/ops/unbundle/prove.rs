//! The datasets of a bundle beside their own records: every file must be the one of the
//! inventory, the inventory the one of the manifest, and the manifest the one of the receipt.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::agreements::Head;
use crate::bundle::format::Place;
use crate::bundle::{BundleReader, Bundled, Line};
use crate::catalog::Dataset;
use crate::catalog::dataset::REFERENCE;
use crate::context::Context;
use crate::events::Event;
use crate::fs::FsError;
use crate::layout::{FileRecord, LinkJudge, Listed, ListedMark, Receipt, RecordKind, manifest};
use crate::unpack::folded;
use crate::values::{Algorithm, ByteSize, Digest, Digester, Printable, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::about::About;
use super::extract::{ExtractProof, head_of};
use super::fault::Fault;
use super::packed::{Packed, PackedLines, contradiction, refuse_larger, refused};

/// Takes the files of datasets as they are proven.
pub(super) trait Takes {
    /// Where a file of the dataset of this number is to be written, opened; `None` to pass it over.
    fn file(&mut self, dataset: usize, path: &RelPath) -> Result<Option<(PathBuf, File)>, Failure>;
    /// All bytes of a file were written; `modified` is what the inventory says.
    fn wrote(&mut self, file: File, path: &RelPath, modified: Option<Timestamp>) -> Result<(), Failure>;
    /// All of a dataset is there and agrees with its records.
    fn whole(&mut self, dataset: usize, proven: Proven) -> Result<(), Fault>;
}

/// What the records of a proven dataset say.
pub(super) struct Proven {
    /// The receipt in the bundle.
    pub receipt: Receipt,
    /// Its digest.
    pub receipt_sha256: Digest,
    /// Links that are to be made, which lead out of nothing.
    pub links: Vec<FileRecord>,
    /// The inventory.
    pub inventory: Packed,
    /// The list of the release's files, where it lies beside the receipt.
    pub listed: Option<Packed>,
}

/// Takes nothing: for proving alone.
pub(super) struct Nothing;

impl Takes for Nothing {
    fn file(&mut self, _: usize, _: &RelPath) -> Result<Option<(PathBuf, File)>, Failure> {
        Ok(None)
    }
    fn wrote(&mut self, _: File, _: &RelPath, _: Option<Timestamp>) -> Result<(), Failure> {
        Ok(())
    }
    fn whole(&mut self, _: usize, _: Proven) -> Result<(), Fault> {
        Ok(())
    }
}

/// Walks the datasets of a bundle.
pub(super) struct Prover<'c> {
    about: &'c About,
    /// Where the receipts stand in their ledgers.
    heads: Vec<Head>,
}

impl<'c> Prover<'c> {
    /// For what the bundle says it holds.
    pub fn new(about: &'c About) -> Self {
        Self { about, heads: Vec::new() }
    }

    /// Reads to the end of the bundle. Gives what is proven of the extract of the ledger.
    pub fn run(
        mut self,
        context: &Context,
        reader: &mut BundleReader,
        first: Option<Line>,
        takes: &mut dyn Takes,
    ) -> Result<Option<ExtractProof>, Fault> {
        let mut next = first;
        for (number, one) in self.about.contents.datasets.iter().enumerate() {
            let prefix = one.prefix();
            let mut dataset = OneDataset::new(one);
            while let Some(line) = next.as_ref().filter(|line| line.path.as_str().starts_with(&prefix)) {
                if let Some(code) = context.cancel.code() {
                    return Err(Failure::new(Exit(code), "stopped; nothing of the bundle was kept").into());
                }
                let Some(Place::Dataset(_, path)) = Place::of(&line.path) else {
                    return Err(refused(line.path.as_str(), "it is no file of a dataset").into());
                };
                dataset.member(reader, line, &path, number, takes)?;
                context.report.report(Event::Progress { file: line.path.clone(), bytes: line.size });
                next = reader.next_member()?;
            }
            self.heads.extend(dataset.finish(number, takes)?);
        }
        match next {
            Some(line) => Err(refused(line.path.as_str(), "it is of no dataset that the contents name").into()),
            None => self.about.check_ledger(&self.heads),
        }
    }
}

/// One dataset while its members come.
struct OneDataset<'b> {
    one: &'b Bundled,
    receipt: Option<(Receipt, Digest)>,
    manifest: Option<Digest>,
    entry: Option<Dataset>,
    /// Inventory and list, which may be large.
    inventory: Option<(Packed, PackedLines)>,
    listed: Option<(Packed, PackedLines, Digest)>,
    tree: Digester,
    judge: LinkJudge,
    links: Vec<FileRecord>,
    last: Option<RelPath>,
    names: HashSet<u64>,
    files: u64,
    bytes: ByteSize,
}

/// The largest receipt or entry, in bytes: as large as they are read.
const RECORD_LIMIT: u64 = 64 << 20;

impl<'b> OneDataset<'b> {
    fn new(one: &'b Bundled) -> Self {
        Self {
            one,
            receipt: None,
            manifest: None,
            entry: None,
            inventory: None,
            listed: None,
            tree: Digester::new(Algorithm::Sha256, None),
            judge: LinkJudge::default(),
            links: Vec::new(),
            last: None,
            names: HashSet::new(),
            files: 0,
            bytes: ByteSize::ZERO,
        }
    }

    /// Reads a member and proves it.
    fn member(
        &mut self,
        reader: &mut BundleReader,
        line: &Line,
        path: &RelPath,
        number: usize,
        takes: &mut dyn Takes,
    ) -> Result<(), Fault> {
        self.refuse_same_name(line, path)?;
        let top = path.names().next().unwrap_or_default();
        let mut out = Out { number, takes, path, modified: None };
        match (top, path.as_str()) {
            (".medsets", ".medsets/files.jsonl") => {
                let packed = out.packed(reader, line, u64::MAX)?;
                let lines = packed.lines()?;
                self.inventory = Some((packed, lines));
            }
            (".medsets", ".medsets/listed.jsonl") => {
                let packed = out.packed(reader, line, u64::MAX)?;
                let lines = packed.lines()?;
                self.listed = Some((packed, lines, line.sha256));
            }
            (".medsets", ".medsets/manifest.sha256") => {
                self.manifest = Some(line.sha256);
                out.copy(reader, line)?;
            }
            (".medsets", ".medsets/receipt.json") => {
                let text = out.packed(reader, line, RECORD_LIMIT)?.bytes()?;
                self.receipt = Some((receipt_of(line, &text)?, line.sha256));
            }
            (".medsets", ".medsets/entry.toml") => {
                let text = out.packed(reader, line, RECORD_LIMIT)?.bytes()?;
                self.entry = Some(self.entry_of(line, text)?);
            }
            (_, "README.md" | "TERMS.md" | "CITATION.cff") => {
                refuse_larger(line, RECORD_LIMIT)?;
                out.copy(reader, line)?;
            }
            ("archives", _) => {
                self.archive(line, path)?;
                out.copy(reader, line)?;
            }
            ("data" | "docs", _) => {
                out.modified = Some(self.file(line, path)?);
                out.copy(reader, line)?;
            }
            _ => return Err(refused(line.path.as_str(), "no dataset folder has it").into()),
        }
        Ok(())
    }

    /// Names that some file system takes for one would overwrite each other.
    fn refuse_same_name(&mut self, line: &Line, path: &RelPath) -> Result<(), Fault> {
        let mut hasher = DefaultHasher::new();
        folded(path.as_str()).hash(&mut hasher);
        if self.names.insert(hasher.finish()) {
            return Ok(());
        }
        Err(refused(line.path.as_str(), "another name is the same on systems that fold case").into())
    }

    /// The entry of a dataset that is in no catalogue: it must be one, and of this dataset.
    fn entry_of(&self, line: &Line, text: Vec<u8>) -> Result<Dataset, Fault> {
        let name = line.path.as_str();
        let text = String::from_utf8(text).map_err(|_| contradiction(name, "it is no UTF-8"))?;
        let entry = Dataset::read(name, &text, REFERENCE)
            .map_err(|broken| contradiction(name, format!("it is no entry: {}", Printable::new(&broken.shown))))?;
        if entry.id == self.one.id { Ok(entry) } else { Err(contradiction(name, "it is of another dataset").into()) }
    }

    /// The next file of the inventory must be this one. Gives its time.
    fn file(&mut self, line: &Line, path: &RelPath) -> Result<Timestamp, Fault> {
        let Some(record) = self.next_file()? else {
            return Err(refused(line.path.as_str(), "the inventory of its dataset does not name it").into());
        };
        if record.path != *path {
            let reason = format!("the next file of the inventory is `{}`", record.path);
            return Err(contradiction(line.path.as_str(), reason).into());
        }
        if (record.size, record.sha256) != (line.size, line.sha256) {
            let reason = "the inventory has another size or digest than the index";
            return Err(contradiction(line.path.as_str(), reason).into());
        }
        self.tree.update(manifest::line(&record.sha256, &record.path).as_bytes());
        self.tree.update(b"\n");
        self.files += 1;
        self.bytes = self.bytes.saturating_add(record.size);
        // Room was made for so much, and no more is written.
        if self.files > self.one.files || self.bytes > self.one.bytes {
            return Err(contradiction(line.path.as_str(), "the contents say that the dataset is smaller").into());
        }
        Ok(record.mtime)
    }

    /// The next record of a file; those of links on the way are kept.
    fn next_file(&mut self) -> Result<Option<FileRecord>, Fault> {
        let name = format!("{}.medsets/files.jsonl", self.one.prefix());
        let Some((_, inventory)) = &mut self.inventory else { return Ok(None) };
        while let Some(record) = inventory.next::<FileRecord>()? {
            if self.last.as_ref().is_some_and(|last| *last >= record.path) {
                return Err(contradiction(&name, format!("`{}` is not in the order of names", record.path)).into());
            }
            self.last = Some(record.path.clone());
            self.judge.hear(&record);
            if record.kind == RecordKind::File {
                return Ok(Some(record));
            }
            self.links.push(record);
        }
        Ok(None)
    }

    /// A kept archive must be one of the list, which is in the same order.
    fn archive(&mut self, line: &Line, path: &RelPath) -> Result<(), Fault> {
        let unknown = || refused(line.path.as_str(), "it is no file of the release");
        let name = path.as_str().strip_prefix("archives/").and_then(|name| RelPath::parse(name).ok());
        let (Some(name), Some((_, listed, _))) = (name, &mut self.listed) else { return Err(unknown().into()) };
        while let Some(mark) = listed.next::<ListedMark>()? {
            if mark.path != name {
                continue;
            }
            if (mark.size, mark.sha256) == (line.size, line.sha256) {
                return Ok(());
            }
            let reason = "the list of the release's files has another size or digest";
            return Err(contradiction(line.path.as_str(), reason).into());
        }
        Err(unknown().into())
    }

    /// Everything came: what the records say of the whole must agree. Gives where the receipt stands
    /// in its ledger.
    fn finish(mut self, number: usize, takes: &mut dyn Takes) -> Result<Option<Head>, Fault> {
        let one = self.one;
        let prefix = one.prefix();
        if let Some(missing) = self.next_file()? {
            let at = Some(format!("{prefix}{}", missing.path));
            return Err(crate::bundle::BundleError::Truncated { at }.into());
        }
        let missing = |name: &str| refused(&format!("{prefix}{name}"), "it is missing");
        let (receipt, receipt_sha256) = self.receipt.take().ok_or_else(|| missing(".medsets/receipt.json"))?;
        let manifest = self.manifest.ok_or_else(|| missing(".medsets/manifest.sha256"))?;
        let name = format!("{prefix}.medsets/receipt.json");
        let tree = std::mem::replace(&mut self.tree, Digester::new(Algorithm::Sha256, None)).finish();
        let agrees = [
            (receipt.dataset == one.id && receipt.version == one.version && receipt.variant == one.variant, "the name"),
            (receipt.source.channel == one.channel && receipt.license.expression == one.license, "channel or licence"),
            (receipt_sha256 == one.receipt_sha256, "the digest of the receipt"),
            (receipt.tree == tree && manifest == tree && one.tree == tree, "the digest of the manifest"),
            (receipt.files == self.files && one.files == self.files, "the number of files"),
            (receipt.bytes == self.bytes && one.bytes == self.bytes, "the number of bytes"),
            (self.is_list_of(&receipt), "the digest of the release's list"),
            (self.entry.is_none() || receipt.reference.is_some(), "whether it is in a catalogue"),
        ];
        if let Some((_, what)) = agrees.iter().find(|(agrees, _)| !agrees) {
            return Err(
                contradiction(&name, format!("{what} is another in the receipt, the contents or the files")).into()
            );
        }
        if let Some((path, rule)) = self.judge.refused() {
            return Err(refused(&format!("{prefix}.medsets/files.jsonl"), format!("the link `{path}` {rule}")).into());
        }
        let (inventory, _) = self.inventory.ok_or_else(|| missing(".medsets/files.jsonl"))?;
        let listed = self.listed.map(|(listed, ..)| listed);
        let head = head_of(&receipt);
        takes.whole(number, Proven { receipt, receipt_sha256, links: self.links, inventory, listed })?;
        Ok(head)
    }

    fn is_list_of(&self, receipt: &Receipt) -> bool {
        match &receipt.listed {
            Listed::Beside(pin) => self.listed.as_ref().is_some_and(|(.., sha256)| *sha256 == pin.sha256),
            Listed::Within(_) => true,
        }
    }
}

fn receipt_of(line: &Line, text: &[u8]) -> Result<Receipt, Fault> {
    let name = line.path.as_str();
    let receipt: Receipt = serde_json::from_slice(text).map_err(|error| contradiction(name, error))?;
    if receipt.is_known() {
        return Ok(receipt);
    }
    let found = Printable::new(&receipt.schema);
    let message = format!("`{name}` in it has the schema `{found}`, which this medsets does not know");
    let failure = Failure::new(Exit::CONFIG, message).help("use the medsets that made the bundle, or a later one");
    Err(Fault::of_bundle(failure))
}

/// Where the bytes of one member go.
struct Out<'a> {
    number: usize,
    takes: &'a mut dyn Takes,
    path: &'a RelPath,
    modified: Option<Timestamp>,
}

impl Out<'_> {
    /// Writes a member where it belongs.
    fn copy(self, reader: &mut BundleReader, line: &Line) -> Result<(), Fault> {
        let opened = self.takes.file(self.number, self.path)?;
        let Some((place, file)) = opened else { return Ok(reader.take(line, &mut std::io::sink())?) };
        let mut sink = Sink { file, failed: None };
        let taken = reader.take(line, &mut sink);
        // The place that is full is the one to name.
        if let Some(error) = sink.failed {
            return Err(FsError::new("write", &place, error).into());
        }
        taken?;
        Ok(self.takes.wrote(sink.file, self.path, self.modified)?)
    }

    /// The same, and keeps the bytes.
    fn packed(self, reader: &mut BundleReader, line: &Line, limit: u64) -> Result<Packed, Fault> {
        refuse_larger(line, limit)?;
        let opened = self.takes.file(self.number, self.path)?;
        let Some((place, file)) = opened else { return Packed::read(reader, line, limit, &mut |_| Ok(())) };
        let mut sink = Sink { file, failed: None };
        let packed = Packed::read(reader, line, limit, &mut |bytes| sink.write_all(bytes));
        if let Some(error) = sink.failed {
            return Err(FsError::new("write", &place, error).into());
        }
        let packed = packed?;
        self.takes.wrote(sink.file, self.path, self.modified)?;
        Ok(packed)
    }
}

/// A file that is written, with what the system said last.
struct Sink {
    file: File,
    failed: Option<std::io::Error>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.file.write_all(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                self.failed = Some(error);
                Err(std::io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
