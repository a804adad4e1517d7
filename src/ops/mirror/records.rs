//! The records of a dataset, written into a mirror.
//!
//! Each has a name of its own by its digest, and `mirror.json`, written last and in one step, says
//! which of them it means: whoever reads meanwhile finds one whole state, the earlier or the new.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::context::Context;
use crate::fs;
use crate::layout::check::sha256_of;
use crate::layout::receipt::{SourceMark, Tool};
use crate::layout::{Listed, Receipt};
use crate::mirror::mark::Record;
use crate::mirror::{Bucket, Mark, Outgoing, names};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::here::Here;
use crate::ops::particulars::without_folders;
use crate::ops::selection::one_selection;
use crate::values::ByteSize;

use super::push::told;

/// Writes the records of a dataset, all but its mark, which is given. Nobody sees them yet.
pub async fn write(
    context: &Context,
    here: &Here,
    receipt: &Receipt,
    bucket: &Bucket,
    prefix: &str,
) -> Result<Mark, Failure> {
    let mark = mark(context, here, receipt)?;
    let permits = Arc::new(Semaphore::new(1));
    let paths: [PathBuf; 3] = [here.dir.manifest_path(), here.dir.inventory_path(), here.dir.listed_path()];
    for (path, (name, Record { size, sha256 })) in paths.into_iter().zip(mark.records()) {
        let outgoing = Outgoing { path, size, sha256, name: format!("{prefix}/{name}") };
        bucket.send(&outgoing, &permits, &context.cancel, |_| ()).await.map_err(|error| told(context, error))?;
    }
    if let Some(text) = entry_text(context, here, receipt)? {
        bucket.write(&format!("{prefix}/{}", names::ENTRY), text.into_bytes()).await?;
    }
    Ok(mark)
}

/// Writes the mark: from now on others see the dataset as it says.
pub async fn show(bucket: &Bucket, prefix: &str, mark: &Mark) -> Result<(), Failure> {
    let bytes = mark.to_bytes().map_err(|error| Failure::new(Exit::INTERNAL, error.to_string()))?;
    Ok(bucket.write(&format!("{prefix}/{}", names::MARK), bytes).await?)
}

fn mark(context: &Context, here: &Here, receipt: &Receipt) -> Result<Mark, Failure> {
    let dir = &here.dir;
    let Listed::Beside(listed) = &receipt.listed else {
        let failure = Failure::new(Exit::DIFFERENT, format!("`{}` has a receipt of an earlier medsets", here.name()));
        return Err(
            failure.help(format!("`medsets verify {} --repair`, or fetch it anew, then push again", here.name()))
        );
    };
    Ok(Mark {
        schema: Mark::SCHEMA.to_owned(),
        dataset: receipt.dataset.clone(),
        reference: receipt.reference.clone(),
        title: receipt.title.clone(),
        version: receipt.version.clone(),
        variant: receipt.variant.clone(),
        selection: receipt.selection.clone(),
        means: receipt.means,
        // A receipt of an earlier medsets has the path of an overlay on a person's machine.
        catalog: without_folders(receipt.catalog.clone()),
        source: SourceMark { mirror: None, ..receipt.source.clone() },
        license: receipt.license.expression.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        tree: receipt.tree,
        inventory: Record { size: size(&dir.inventory_path())?, sha256: sha256_of(&dir.inventory_path(), &|_| ())? },
        listed: listed.clone(),
        listed_size: size(&dir.listed_path())?,
        manifest_size: size(&dir.manifest_path())?,
        partial: receipt.partial.clone(),
        warnings: receipt.warnings.clone(),
        pushed: context.now(),
        tool: Tool { name: "medsets".into(), version: env!("CARGO_PKG_VERSION").into() },
    })
}

fn size(path: &Path) -> Result<ByteSize, Failure> {
    Ok(ByteSize(fs::metadata(path)?.map_or(0, |found| found.len())))
}

/// The entry that was followed, where its text is still had.
fn entry_text(context: &Context, here: &Here, receipt: &Receipt) -> Result<Option<String>, Failure> {
    if let Some(text) = fs::read_text_if_present(&here.dir.entry_path())? {
        return Ok(Some(text));
    }
    let selection = one_selection(context, &here.name()).ok();
    let dataset = selection.as_ref().map(|selection| selection.dataset());
    Ok(dataset.filter(|dataset| dataset.digest == receipt.catalog.entry).map(|dataset| dataset.text.clone()))
}
