//! The members of a bundle, in the order of its index.
//!
//! Sizes and digests of data come from the records of their dataset; what is read when the bundle
//! is written must be the same bytes, so that no large file is read twice.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::bundle::{Bundled, Contents, Index, IndexBuilder, Line};
use crate::context::Context;
use crate::fs::{self, FoundKind};
use crate::layout::check::{check_record, sha256_of};
use crate::layout::inventory::InventoryReader;
use crate::layout::{DatasetDir, RecordKind};
use crate::values::{ByteSize, Digest, RelPath};

use super::super::failure::Failure;
use super::super::here::Here;
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
    /// Records, papers and archives: few, with their digests.
    first: Vec<(RelPath, ByteSize, Digest)>,
}

/// The members of an index with the files they are made of.
type Items<'a> = Box<dyn Iterator<Item = Result<(Line, PathBuf), Failure>> + 'a>;

/// Gathers what the datasets rest on, and their files.
pub(super) fn gather(
    context: &Context,
    datasets: &[Here],
    options: &BundleOptions,
    warnings: &mut Vec<String>,
) -> Result<Gathered, Failure> {
    let mut contents = Contents { datasets: Vec::new(), texts: Vec::new(), ledger: None, project: false };
    for here in datasets {
        contents.datasets.extend(bundled(here)?);
    }
    let mut members: Vec<Member> = about::about(context, datasets, options, &mut contents, warnings)?
        .into_iter()
        .map(|(path, bytes)| Member { path, source: Source::Bytes(bytes) })
        .collect();
    for (here, one) in datasets.iter().zip(&contents.datasets) {
        let lines = DatasetLines::of(here, one, warnings)?;
        members.push(Member { path: one.prefix(), source: Source::Lines(lines) });
    }
    let mut index = IndexBuilder::new()?;
    for member in &members {
        match &member.source {
            Source::Bytes(bytes) => index.push(&member.line(&member.path, bytes)?)?,
            Source::Lines(lines) => {
                for item in lines.read()? {
                    index.push(&item?.0)?;
                }
            }
        }
    }
    Ok(Gathered { index: index.finish()?, members, contents })
}

/// The name of a dataset's folder.
pub(super) fn slug(here: &Here) -> String {
    here.dir.root().file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn bundled(here: &Here) -> Result<Option<Bundled>, Failure> {
    let Some(receipt) = &here.receipt else { return Ok(None) };
    Ok(Some(Bundled {
        id: here.id.clone(),
        version: here.version.clone(),
        variant: here.variant.clone(),
        slug: slug(here),
        channel: receipt.source.channel.clone(),
        license: receipt.license.expression.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        tree: receipt.tree,
        receipt_sha256: sha256_of(&here.dir.receipt_path(), &|_| ())?,
    }))
}

impl DatasetLines {
    fn of(here: &Here, one: &Bundled, warnings: &mut Vec<String>) -> Result<Self, Failure> {
        check_record(&here.dir.manifest_path(), one.tree)?;
        let mut first = Vec::new();
        let names =
            [".medsets/entry.toml", ".medsets/files.jsonl", ".medsets/listed.jsonl", ".medsets/manifest.sha256"];
        for name in names.into_iter().chain([".medsets/receipt.json", "CITATION.cff", "README.md", "TERMS.md"]) {
            let path = RelPath::parse(name).map_err(|error| unsafe_name(&error))?;
            let place = path.under(here.dir.root());
            if let Some(found) = fs::metadata(&place)?.filter(|found| found.is_file()) {
                first.push((path, ByteSize(found.len()), sha256_of(&place, &|_| ())?));
            }
        }
        first.extend(archives(here, warnings)?);
        Ok(Self { prefix: one.prefix(), dir: here.dir.clone(), first })
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

    fn item(&self, path: &RelPath, size: ByteSize, sha256: Digest) -> Result<(Line, PathBuf), Failure> {
        let named = RelPath::parse(&format!("{}{path}", self.prefix)).map_err(|error| unsafe_name(&error))?;
        Ok((Line { path: named, size, sha256 }, path.under(self.dir.root())))
    }
}

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
