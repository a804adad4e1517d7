//! The datasets of a bundle beside their own records: every file must be the one of the
//! inventory, the inventory the one of the manifest, and the manifest the one of the receipt.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Cursor, Write};

use jiff::Timestamp;

use crate::bundle::format::Place;
use crate::bundle::{BundleError, BundleReader, Bundled, Contents, Line};
use crate::context::Context;
use crate::events::Event;
use crate::layout::{FileRecord, Listed, ListedMark, Receipt, RecordKind, manifest};
use crate::unpack::folded;
use crate::values::{Algorithm, ByteSize, Digest, Digester, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::about::contradiction;

/// Takes the files of datasets as they are proven.
pub(super) trait Takes {
    /// Where a file of the dataset of this number is to be written; `None` to pass it over.
    fn file(&mut self, dataset: usize, path: &RelPath) -> Result<Option<File>, Failure>;
    /// All bytes of a file were written; `modified` is what the inventory says.
    fn wrote(&mut self, file: File, path: &RelPath, modified: Option<Timestamp>) -> Result<(), Failure>;
    /// All of a dataset is there and agrees with its records.
    fn whole(
        &mut self,
        dataset: usize,
        receipt: Receipt,
        receipt_sha256: Digest,
        links: Vec<FileRecord>,
    ) -> Result<(), Failure>;
}

/// Takes nothing: for proving alone.
pub(super) struct Nothing;

impl Takes for Nothing {
    fn file(&mut self, _: usize, _: &RelPath) -> Result<Option<File>, Failure> {
        Ok(None)
    }
    fn wrote(&mut self, _: File, _: &RelPath, _: Option<Timestamp>) -> Result<(), Failure> {
        Ok(())
    }
    fn whole(&mut self, _: usize, _: Receipt, _: Digest, _: Vec<FileRecord>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Walks the datasets of a bundle.
pub(super) struct Prover<'c> {
    contents: &'c Contents,
}

impl<'c> Prover<'c> {
    /// For what the bundle says it holds.
    pub fn new(contents: &'c Contents) -> Self {
        Self { contents }
    }

    /// Reads to the end of the bundle.
    pub fn run(
        &mut self,
        context: &Context,
        reader: &mut BundleReader,
        first: Option<Line>,
        takes: &mut dyn Takes,
    ) -> Result<(), Failure> {
        let mut next = first;
        for (number, one) in self.contents.datasets.iter().enumerate() {
            let prefix = one.prefix();
            let mut dataset = OneDataset::new(one);
            while let Some(line) = next.as_ref().filter(|line| line.path.as_str().starts_with(&prefix)) {
                if let Some(code) = context.cancel.code() {
                    return Err(Failure::new(Exit(code), "stopped; nothing of the bundle was kept"));
                }
                let Some(Place::Dataset(_, path)) = Place::of(&line.path) else {
                    return Err(refused(line.path.as_str(), "it is no file of a dataset"));
                };
                dataset.member(reader, line, &path, number, takes)?;
                context.report.report(Event::Progress { file: line.path.clone(), bytes: line.size });
                next = reader.next_member()?;
            }
            dataset.finish(number, takes)?;
        }
        match next {
            Some(line) => Err(refused(line.path.as_str(), "it is of no dataset that the contents name")),
            None => Ok(()),
        }
    }
}

/// One dataset while its members come.
struct OneDataset<'b> {
    one: &'b Bundled,
    /// The small records, by name.
    records: HashMap<String, (Vec<u8>, Digest)>,
    /// Inventory and list, which may be large, compressed.
    inventory: Option<Inventory>,
    listed: Option<(Vec<u8>, Digest)>,
    archives: Option<HashMap<RelPath, (ByteSize, Digest)>>,
    tree: Digester,
    links: Vec<FileRecord>,
    names: HashSet<u64>,
    files: u64,
    bytes: ByteSize,
}

/// The records of an inventory, one by one.
struct Inventory {
    text: BufReader<zstd::stream::read::Decoder<'static, BufReader<Cursor<Vec<u8>>>>>,
}

impl<'b> OneDataset<'b> {
    fn new(one: &'b Bundled) -> Self {
        Self {
            one,
            records: HashMap::new(),
            inventory: None,
            listed: None,
            archives: None,
            tree: Digester::new(Algorithm::Sha256, None),
            links: Vec::new(),
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
    ) -> Result<(), Failure> {
        // Names that some file system takes for one would overwrite each other.
        let mut hasher = DefaultHasher::new();
        folded(path.as_str()).hash(&mut hasher);
        if !self.names.insert(hasher.finish()) {
            return Err(refused(line.path.as_str(), "another name is the same on systems that fold case"));
        }
        let top = path.names().next().unwrap_or_default();
        let mut modified = None;
        match (top, path.as_str()) {
            (".medsets", ".medsets/files.jsonl") => {
                let packed = self.packed(reader, line, path, number, takes)?;
                let decoder = zstd::stream::read::Decoder::new(Cursor::new(packed)).map_err(|error| memory(&error))?;
                self.inventory = Some(Inventory { text: BufReader::new(decoder) });
                return Ok(());
            }
            (".medsets", ".medsets/listed.jsonl") => {
                let packed = self.packed(reader, line, path, number, takes)?;
                self.listed = Some((packed, line.sha256));
                return Ok(());
            }
            (".medsets", ".medsets/receipt.json" | ".medsets/manifest.sha256" | ".medsets/entry.toml") => {
                let mut kept = Vec::new();
                let is_small = path.as_str() != ".medsets/manifest.sha256";
                self.copy(
                    reader,
                    line,
                    path,
                    number,
                    takes,
                    &mut |bytes| {
                        if is_small {
                            kept.extend_from_slice(bytes)
                        }
                    },
                    None,
                )?;
                self.records.insert(path.to_string(), (kept, line.sha256));
                return Ok(());
            }
            (_, "README.md" | "TERMS.md" | "CITATION.cff") => {}
            ("archives", _) => self.archive(line, path)?,
            ("data" | "docs", _) => modified = Some(self.file(line, path)?),
            _ => return Err(refused(line.path.as_str(), "no dataset folder has it")),
        }
        self.copy(reader, line, path, number, takes, &mut |_| {}, modified)
    }

    /// Writes a member where it belongs, and shows its bytes on the way.
    #[allow(clippy::too_many_arguments, reason = "what one member is, and where it goes")]
    fn copy(
        &self,
        reader: &mut BundleReader,
        line: &Line,
        path: &RelPath,
        number: usize,
        takes: &mut dyn Takes,
        seen: &mut dyn FnMut(&[u8]),
        modified: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let mut file = takes.file(number, path)?;
        reader.take(line, &mut Both { file: file.as_mut(), seen })?;
        match file {
            Some(file) => takes.wrote(file, path, modified),
            None => Ok(()),
        }
    }

    fn packed(
        &self,
        reader: &mut BundleReader,
        line: &Line,
        path: &RelPath,
        number: usize,
        takes: &mut dyn Takes,
    ) -> Result<Vec<u8>, Failure> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).map_err(|error| memory(&error))?;
        let mut failed = Ok(());
        let mut seen = |bytes: &[u8]| {
            if failed.is_ok() {
                failed = encoder.write_all(bytes);
            }
        };
        self.copy(reader, line, path, number, takes, &mut seen, None)?;
        failed.map_err(|error| memory(&error))?;
        encoder.finish().map_err(|error| memory(&error))
    }

    /// The next file of the inventory must be this one. Gives its time.
    fn file(&mut self, line: &Line, path: &RelPath) -> Result<Timestamp, Failure> {
        let Some(record) = self.next_file()? else {
            return Err(refused(line.path.as_str(), "the inventory of its dataset does not name it"));
        };
        if record.path != *path {
            return Err(contradiction(
                line.path.as_str(),
                format!("the next file of the inventory is `{}`", record.path),
            ));
        }
        if (record.size, record.sha256) != (line.size, line.sha256) {
            return Err(contradiction(
                line.path.as_str(),
                "the inventory has another size or digest than the index".to_owned(),
            ));
        }
        self.tree.update(manifest::line(&record.sha256, &record.path).as_bytes());
        self.tree.update(b"\n");
        self.files += 1;
        self.bytes = self.bytes.saturating_add(record.size);
        Ok(record.mtime)
    }

    /// The next record of a file; those of links on the way are kept.
    fn next_file(&mut self) -> Result<Option<FileRecord>, Failure> {
        let name = format!("{}.medsets/files.jsonl", self.one.prefix());
        let Some(inventory) = &mut self.inventory else { return Ok(None) };
        loop {
            let mut text = String::new();
            let read = inventory.text.read_line(&mut text).map_err(|error| contradiction(&name, error.to_string()))?;
            if read == 0 {
                return Ok(None);
            }
            let record: FileRecord =
                serde_json::from_str(&text).map_err(|error| contradiction(&name, error.to_string()))?;
            match record.kind {
                RecordKind::File => return Ok(Some(record)),
                RecordKind::Link => self.links.push(safe_link(record, &name)?),
            }
        }
    }

    /// A kept archive must be one of the list.
    fn archive(&mut self, line: &Line, path: &RelPath) -> Result<(), Failure> {
        if self.archives.is_none() {
            self.archives = Some(self.read_listed()?);
        }
        let name = path.as_str().strip_prefix("archives/").and_then(|name| RelPath::parse(name).ok());
        let known = self.archives.as_ref().and_then(|all| all.get(&name?));
        match known {
            Some((size, sha256)) if (*size, *sha256) == (line.size, line.sha256) => Ok(()),
            Some(_) => Err(contradiction(
                line.path.as_str(),
                "the list of the release's files has another size or digest".to_owned(),
            )),
            None => Err(refused(line.path.as_str(), "it is no file of the release")),
        }
    }

    fn read_listed(&self) -> Result<HashMap<RelPath, (ByteSize, Digest)>, Failure> {
        let name = format!("{}.medsets/listed.jsonl", self.one.prefix());
        let mut all = HashMap::new();
        let Some((packed, _)) = &self.listed else { return Ok(all) };
        let decoder = zstd::stream::read::Decoder::new(Cursor::new(packed)).map_err(|error| memory(&error))?;
        for text in BufReader::new(decoder).lines() {
            let text = text.map_err(|error| contradiction(&name, error.to_string()))?;
            let mark: ListedMark =
                serde_json::from_str(&text).map_err(|error| contradiction(&name, error.to_string()))?;
            all.insert(mark.path, (mark.size, mark.sha256));
        }
        Ok(all)
    }

    /// Everything came: what the records say of the whole must agree.
    fn finish(mut self, number: usize, takes: &mut dyn Takes) -> Result<(), Failure> {
        let one = self.one;
        let prefix = one.prefix();
        if let Some(missing) = self.next_file()? {
            return Err(BundleError::Truncated { at: Some(format!("{prefix}{}", missing.path)) }.into());
        }
        let missing = |name: &str| refused(&format!("{prefix}{name}"), "it is missing");
        let (text, receipt_sha256) =
            self.records.remove(".medsets/receipt.json").ok_or_else(|| missing(".medsets/receipt.json"))?;
        let (_, manifest) =
            self.records.remove(".medsets/manifest.sha256").ok_or_else(|| missing(".medsets/manifest.sha256"))?;
        let name = format!("{prefix}.medsets/receipt.json");
        let receipt: Receipt =
            serde_json::from_slice(&text).map_err(|error| contradiction(&name, error.to_string()))?;
        if !receipt.is_known() {
            let found = receipt.schema;
            return Err(Failure::new(
                Exit::CONFIG,
                format!("`{name}` in it has the schema `{found}`, which this medsets does not know"),
            )
            .help("use the medsets that made the bundle, or a later one"));
        }
        let tree = std::mem::replace(&mut self.tree, Digester::new(Algorithm::Sha256, None)).finish();
        let agrees = [
            (receipt.dataset == one.id && receipt.version == one.version && receipt.variant == one.variant, "the name"),
            (receipt.source.channel == one.channel && receipt.license.expression == one.license, "channel or licence"),
            (receipt_sha256 == one.receipt_sha256, "the digest of the receipt"),
            (receipt.tree == tree && manifest == tree && one.tree == tree, "the digest of the manifest"),
            (receipt.files == self.files && one.files == self.files, "the number of files"),
            (receipt.bytes == self.bytes && one.bytes == self.bytes, "the number of bytes"),
            (
                match &receipt.listed {
                    Listed::Beside(pin) => self.listed.as_ref().is_some_and(|(_, sha256)| *sha256 == pin.sha256),
                    Listed::Within(_) => true,
                },
                "the digest of the release's list",
            ),
        ];
        if let Some((_, what)) = agrees.iter().find(|(agrees, _)| !agrees) {
            return Err(contradiction(&name, format!("{what} is another in the receipt, the contents or the files")));
        }
        takes.whole(number, receipt, receipt_sha256, std::mem::take(&mut self.links))
    }
}

/// A link that stays within `data/` or `docs/`.
fn safe_link(record: FileRecord, name: &str) -> Result<FileRecord, Failure> {
    let refuse = |rule: &str| refused(name, &format!("the link `{}` {rule}", record.path));
    let Some(target) = record.target.as_deref() else { return Err(refuse("leads nowhere")) };
    if target.starts_with('/') || target.contains(['\\', '\0', '\n']) {
        return Err(refuse("leads out of its dataset"));
    }
    let mut folders: Vec<&str> = record.path.names().collect();
    folders.pop();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            // Never above `data` itself.
            ".." if folders.len() > 1 => drop(folders.pop()),
            ".." => return Err(refuse("leads out of its dataset")),
            step => folders.push(step),
        }
    }
    if !matches!(folders.first(), Some(&("data" | "docs"))) {
        return Err(refuse("leads out of its dataset"));
    }
    Ok(record)
}

/// Writes to a file, if there is one, and shows the bytes.
struct Both<'a> {
    file: Option<&'a mut File>,
    seen: &'a mut dyn FnMut(&[u8]),
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        (self.seen)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn refused(member: &str, rule: &str) -> Failure {
    BundleError::Refused { member: member.to_owned(), rule: rule.to_owned() }.into()
}

fn memory(error: &std::io::Error) -> Failure {
    Failure::new(Exit::INTERNAL, format!("a list cannot be held: {error}"))
}
