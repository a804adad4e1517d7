//! The members of a bundle, in the order of its index.
//!
//! Sizes and digests of data come from the records of their dataset; what is read when the bundle
//! is written must be the same bytes, so that no large file is read twice.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use serde_json::Value;

use crate::bundle::{Bundled, Contents, Index, IndexBuilder, Line};
use crate::context::Context;
use crate::fs::{self, FoundKind};
use crate::layout::check::{check_record, sha256_of};
use crate::layout::inventory::InventoryReader;
use crate::layout::{Adopted, DatasetDir, LayoutError, LinkJudge, Receipt, RecordKind};
use crate::unpack::folded;
use crate::values::{ByteSize, Digest, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::here::Here;
use super::super::ledger::Mask;
use super::about;
use super::{BundleOptions, looked, unsafe_name};

/// Everything that goes into a bundle.
pub(super) struct Gathered {
    pub index: Index,
    pub members: Vec<Member>,
    pub contents: Contents,
}

/// One member, or the files of one dataset.
pub(super) struct Member {
    /// Its path; of a dataset, of its folder.
    pub path: String,
    /// Where the bytes are.
    pub source: Source,
}

/// Where the bytes of members are.
pub(super) enum Source {
    /// At hand.
    Bytes(Vec<u8>),
    /// In the files of a dataset.
    Lines(DatasetLines),
}

/// The files of a dataset folder.
pub(super) struct DatasetLines {
    prefix: String,
    dir: DatasetDir,
    /// The receipt as it goes along, perhaps without names.
    receipt: Vec<u8>,
    /// Records, papers and archives: few, with their digests.
    first: Vec<(RelPath, ByteSize, Digest)>,
}

/// Where the bytes of one member of a dataset are.
pub(super) enum Held<'a> {
    /// At hand.
    Bytes(&'a [u8]),
    /// In a file.
    File(PathBuf),
}

/// The members of an index with what they are made of.
type Items<'a> = Box<dyn Iterator<Item = Result<(Line, Held<'a>), Failure>> + 'a>;

/// Gathers what the datasets rest on, and their files.
pub(super) fn gather(
    context: &Context,
    datasets: &[Here],
    options: &BundleOptions,
    warnings: &mut Vec<String>,
) -> Result<Gathered, Failure> {
    let mut contents = Contents { datasets: Vec::new(), texts: Vec::new(), ledger: None, project: false };
    let mask = Mask::of(options.names)?;
    let mut lines = Vec::new();
    for here in datasets {
        let Some(receipt) = &here.receipt else { continue };
        receipt.listed.check(&here.dir)?;
        let bytes = receipt_bytes(here, mask.as_ref())?;
        let one = bundled(here, receipt, &bytes);
        lines.push(DatasetLines::of(here, receipt, &one, bytes, warnings)?);
        contents.datasets.push(one);
    }
    let mut members: Vec<Member> = about::about(context, datasets, options, mask.as_ref(), &mut contents, warnings)?
        .into_iter()
        .map(|(path, bytes)| Member { path, source: Source::Bytes(bytes) })
        .collect();
    members.extend(lines.into_iter().map(|lines| Member { path: lines.prefix.clone(), source: Source::Lines(lines) }));
    let mut index = IndexBuilder::new()?;
    for member in &members {
        match &member.source {
            Source::Bytes(bytes) => index.push(&member.line(&member.path, bytes)?)?,
            Source::Lines(lines) => {
                lines.refuse_what_nobody_unbundles()?;
                for item in lines.read()? {
                    index.push(&item?.0)?;
                }
            }
        }
    }
    Ok(Gathered { index: index.finish()?, members, contents })
}

/// The receipt as it goes along: without names, where they are masked, and without places on this
/// machine, which an earlier medsets noted.
fn receipt_bytes(here: &Here, mask: Option<&Mask>) -> Result<Vec<u8>, Failure> {
    let text = fs::read_regular_text(&here.dir.receipt_path())?;
    let mut value: Value = serde_json::from_str(&text).map_err(|error| unsafe_name(&error))?;
    let mut is_other = hide_places(&mut value);
    if let Some(mask) = mask {
        is_other = true;
        for at in ["/by", "/brought/by"] {
            if let Some(Value::Object(by)) = value.pointer_mut(at) {
                mask.cover(by);
            }
        }
    }
    if !is_other {
        return Ok(text.into_bytes());
    }
    let mut bytes = serde_json::to_vec_pretty(&value).map_err(|error| unsafe_name(&error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Leaves of a mirror that is a folder, and of an overlay, the names alone. Says whether there was
/// more.
fn hide_places(receipt: &mut Value) -> bool {
    let mut is_other = false;
    for (at, begins, keeps) in [("/source/mirror", "file:///", "file:"), ("/catalog/origin", "/", "")] {
        let Some(Value::String(text)) = receipt.pointer_mut(at) else { continue };
        if let Some((_, name)) = text.rsplit_once('/').filter(|_| text.starts_with(begins)) {
            *text = format!("{keeps}{name}");
            is_other = true;
        }
    }
    is_other
}

fn bundled(here: &Here, receipt: &Receipt, bytes: &[u8]) -> Bundled {
    Bundled {
        id: here.id.clone(),
        version: here.version.clone(),
        variant: here.variant.clone(),
        slug: here.slug(),
        channel: receipt.source.channel.clone(),
        license: receipt.license.expression.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        tree: receipt.tree,
        receipt_sha256: Digest::sha256(bytes),
    }
}

impl DatasetLines {
    fn of(
        here: &Here,
        own: &Receipt,
        one: &Bundled,
        receipt: Vec<u8>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Failure> {
        check_record(&here.dir.manifest_path(), one.tree)?;
        let mut first = Vec::new();
        let entry = own.reference.is_some().then_some(".medsets/entry.toml");
        let records = [".medsets/files.jsonl", ".medsets/listed.jsonl", ".medsets/manifest.sha256", RECEIPT];
        // Where the records lie among a person's files, these are the person's.
        let is_of_person = Adopted::read(&here.dir)?.is_some_and(|adopted| adopted.links.is_empty());
        let papers = ["CITATION.cff", "README.md", "TERMS.md"].into_iter().filter(|_| !is_of_person);
        for name in entry.into_iter().chain(records).chain(papers) {
            let path = RelPath::parse(name).map_err(|error| unsafe_name(&error))?;
            if name == RECEIPT {
                first.push((path, ByteSize(receipt.len() as u64), one.receipt_sha256));
                continue;
            }
            let place = path.under(here.dir.root());
            if let Some(found) = fs::metadata(&place)?.filter(|found| found.is_file()) {
                first.push((path, ByteSize(found.len()), sha256_of(&place, &|_| ())?));
            }
        }
        first.extend(archives(here, warnings)?);
        Ok(Self { prefix: one.prefix(), dir: here.dir.clone(), receipt, first })
    }

    /// All files in the order of their names: records, papers, archives, data.
    pub fn read(&self) -> Result<Items<'_>, Failure> {
        let first = self.first.iter().map(|(path, size, sha256)| self.item(path, *size, *sha256));
        let data = InventoryReader::open(&self.dir.inventory_path())?.filter_map(|record| match record {
            Ok(record) if record.kind == RecordKind::Link => None,
            Ok(record) => Some(self.item(&record.path, record.size, record.sha256)),
            Err(error) => Some(Err(error.into())),
        });
        Ok(Box::new(first.chain(data)))
    }

    /// A bundle with such names or links would be refused wherever it is opened.
    fn refuse_what_nobody_unbundles(&self) -> Result<(), Failure> {
        let mut names: HashMap<u64, RelPath> = HashMap::new();
        let mut refuse_twin = |path: &RelPath| {
            let mut hasher = DefaultHasher::new();
            folded(path.as_str()).hash(&mut hasher);
            match names.insert(hasher.finish(), path.clone()) {
                Some(first) => Err(LayoutError::Collision { first: first.to_string(), second: path.to_string() }),
                None => Ok(()),
            }
        };
        let help =
            |failure: Failure| Failure { help: None, ..failure }.help("no bundle can hold it; no bundle was made");
        for (path, ..) in &self.first {
            refuse_twin(path).map_err(|error| help(error.into()))?;
        }
        let mut judge = LinkJudge::default();
        for record in InventoryReader::open(&self.dir.inventory_path())? {
            let record = record?;
            judge.hear(&record);
            if record.kind == RecordKind::File {
                refuse_twin(&record.path).map_err(|error| help(error.into()))?;
            }
        }
        match judge.refused() {
            Some((path, rule)) => {
                let message = format!("the link `{path}` in `{}` {rule}", self.dir.root().display());
                Err(help(Failure::new(Exit::UNSAFE, message)))
            }
            None => Ok(()),
        }
    }

    fn item(&self, path: &RelPath, size: ByteSize, sha256: Digest) -> Result<(Line, Held<'_>), Failure> {
        let named = RelPath::parse(&format!("{}{path}", self.prefix)).map_err(|error| unsafe_name(&error))?;
        let held = match path.as_str() {
            RECEIPT => Held::Bytes(&self.receipt),
            _ => Held::File(path.under(self.dir.root())),
        };
        Ok((Line { path: named, size, sha256 }, held))
    }
}

const RECEIPT: &str = ".medsets/receipt.json";

/// Kept archives that are the ones of the receipt.
fn archives(here: &Here, warnings: &mut Vec<String>) -> Result<Vec<(RelPath, ByteSize, Digest)>, Failure> {
    let Some(receipt) = &here.receipt else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    fs::walk(&here.dir.archives(), &mut |found| {
        if found.kind != FoundKind::Special {
            names.push(found.path);
        }
    })?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut listed = HashMap::new();
    for mark in receipt.listed.read(&here.dir)? {
        let mark = mark?;
        listed.insert(mark.path.to_string(), (mark.size, mark.sha256));
    }
    let mut found = Vec::new();
    for name in names {
        let place = here.dir.archives().join(&name);
        match listed.get(&name) {
            Some((size, sha256)) => {
                let path = RelPath::parse(&format!("archives/{name}")).map_err(|error| unsafe_name(&error))?;
                if fs::metadata(&fs::canonical(&place)?)?.ok_or_else(|| looked(&place))?.len() != size.0 {
                    warnings.push(format!("`{}` is not the file of the receipt and stays out", place.display()));
                    continue;
                }
                found.push((path, *size, *sha256));
            }
            None => warnings.push(format!("`{}` is no file of the receipt and stays out", place.display())),
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}
