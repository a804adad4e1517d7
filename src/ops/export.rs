//! `medsets export`: an audit in the standards of others, with the files that belong to it.
//!
//! Documents come whole or not at all: they are written under another name and renamed. Lists
//! of files are streamed from the records. Copying the payload of a bag is all that touches data.

mod bag;
mod files;
mod place;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::audit::{Audit, Subject};
use crate::context::Context;
use crate::fs::{self, Access, FsError};
use crate::layout::manifest::ManifestReader;
use crate::policy::{Code, Finding};
use crate::reports::CitationFormat;
use crate::reports::standards::downloads::{self, Program};
use crate::reports::standards::{self, List, Missing, croissant, cyclonedx, ro_crate, spdx};
use crate::values::counted;

use super::audit::{AuditOptions, audit};
use super::exit::Exit;
use super::failure::Failure;

/// A form of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Croissant, a document for each dataset.
    Croissant,
    /// SPDX 3.
    Spdx,
    /// CycloneDX.
    Cyclonedx,
    /// RO-Crate.
    RoCrate,
    /// BagIt.
    Bagit,
    /// Checksums of what is here.
    Sums,
    /// A list of downloads.
    Downloads(Program),
    /// Citations.
    Citations(CitationFormat),
}

/// How a bag has its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Payload {
    /// As copies.
    #[default]
    Copies,
    /// As second names of the same files.
    Links,
    /// Not at all: where each file is to be had.
    Addresses,
}

/// What to export, and where to.
#[derive(Debug)]
pub struct ExportOptions {
    /// Datasets by name, or folders; the project, else all that is here, where nothing is named.
    pub what: Vec<String>,
    /// The form.
    pub form: Form,
    /// The file or folder; the document is given back where none is named.
    pub output: Option<PathBuf>,
    /// For bags.
    pub payload: Payload,
}

/// What was exported.
#[derive(Debug, Default)]
pub struct Exported {
    /// The document, where no place was named.
    pub text: Vec<u8>,
    /// Where it was written.
    pub path: Option<PathBuf>,
    /// The datasets in it, by full names.
    pub datasets: Vec<String>,
    /// How many files are named in it.
    pub files: u64,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Audits and writes. Of a bag with data the person who makes it must have what the data ask for.
///
/// # Errors
/// Records are damaged, a place is taken, or it cannot be written: what was there is as it was.
pub async fn export(context: &Context, options: &ExportOptions) -> Result<Exported, Failure> {
    written(context, options).await.map_err(|failure| match failure.exit {
        // Nothing here is gone on with.
        Exit::NO_SPACE | Exit::NO_INODES => Failure { help: None, ..failure }
            .help("free some space there, or name another place with `-o`; nothing was left behind"),
        _ => failure,
    })
}

async fn written(context: &Context, options: &ExportOptions) -> Result<Exported, Failure> {
    let audited = audit(context, &AuditOptions { what: options.what.clone(), ..AuditOptions::default() })?;
    let audit = &audited.audit;
    if audit.subjects.is_empty() {
        let failure = Failure::new(Exit::USAGE, "there is nothing to export: no dataset is here, and none is named");
        return Err(failure.help("name a dataset, or fetch one"));
    }
    let mut exported = Exported {
        datasets: audit.subjects.iter().map(|subject| subject.name.clone()).collect(),
        ..Exported::default()
    };
    for subject in &audit.subjects {
        files::check_records(subject)?;
    }
    exported.warnings.extend(damaged(audit).map(|finding| finding.message.clone()));
    let output = options.output.as_ref().map(|path| context.environment.absolute(path)).transpose()?;
    match (options.form, audit.subjects.as_slice()) {
        (Form::Bagit, _) => {
            let to = output.as_ref().ok_or_else(|| no_place("a bag is a folder"))?;
            bag::write(context, audit, options.payload, to, &mut exported).await?;
        }
        (Form::RoCrate, _) if output.is_some() => {
            let to = output.as_ref().ok_or_else(|| no_place("a crate is a folder"))?;
            place::folder(to, Access::Shared, |folder| {
                Ok(fs::write_unsynced(&folder.join(ro_crate::FILE), &ro_crate::document(audit), Access::Shared)?)
            })?;
        }
        (Form::Croissant, [_, _, ..]) => {
            let to = output.as_ref().ok_or_else(|| no_place("there is a document for each of several datasets"))?;
            let heads = heads(audit)?;
            place::folder(to, Access::Shared, |folder| {
                for (subject, head) in audit.subjects.iter().zip(&heads) {
                    let name = format!("{}.croissant.json", standards::place(subject).replace('/', "-"));
                    let path = folder.join(name);
                    place::file(&path, |out| croissant_of(context, subject, head, out, &mut exported))?;
                }
                Ok(())
            })?;
        }
        (form, _) => {
            let mut write = |out: &mut dyn Write| single(context, audit, form, out, &mut exported);
            match &output {
                Some(path) => place::file(path, write)?,
                None => {
                    let mut text = Vec::new();
                    write(&mut text)?;
                    exported.text = text;
                }
            }
        }
    }
    exported.path = output;
    Ok(exported)
}

/// A document in one file.
fn single(
    context: &Context,
    audit: &Audit,
    form: Form,
    out: &mut dyn Write,
    exported: &mut Exported,
) -> Result<(), Failure> {
    match form {
        Form::Croissant => {
            let heads = heads(audit)?;
            for (subject, head) in audit.subjects.iter().zip(&heads) {
                croissant_of(context, subject, head, out, exported)?;
            }
            Ok(())
        }
        Form::Spdx => {
            exported.warnings.extend(spdx::warnings(audit));
            out.write_all(&spdx::document(audit)).map_err(not_written)
        }
        Form::Cyclonedx => out.write_all(&cyclonedx::document(audit)).map_err(not_written),
        Form::RoCrate | Form::Bagit => out.write_all(&ro_crate::document(audit)).map_err(not_written),
        Form::Sums => sums(context, audit, out, exported),
        Form::Downloads(program) => list_of_downloads(context, audit, program, out, exported),
        Form::Citations(format) => out.write_all(standards::citations(audit, format).as_bytes()).map_err(not_written),
    }
}

/// The heads of all Croissant documents, or all that is missing in any.
fn heads(audit: &Audit) -> Result<Vec<serde_json::Value>, Failure> {
    let mut missing = Vec::new();
    let mut heads = Vec::new();
    for subject in &audit.subjects {
        match croissant::head(audit, subject) {
            Ok(head) => heads.push(head),
            Err(of_this) => missing.extend(of_this),
        }
    }
    if missing.is_empty() { Ok(heads) } else { Err(incomplete(&missing)) }
}

fn croissant_of(
    context: &Context,
    subject: &Subject,
    head: &serde_json::Value,
    out: &mut dyn Write,
    exported: &mut Exported,
) -> Result<(), Failure> {
    let mut list = List::begin(out, head, "distribution").map_err(not_written)?;
    let (mut named, mut without) = (0, 0);
    files::of_release(context, subject, &mut |file| {
        match croissant::file(&file) {
            Some(object) => {
                named += 1;
                list.push(&object).map_err(not_written)?;
            }
            None => without += 1,
        }
        Ok(())
    })?;
    if named == 0 {
        return Err(incomplete(&[croissant::no_files(subject)]));
    }
    list.end().map_err(not_written)?;
    exported.files += named;
    if without > 0 {
        exported.warnings.push(format!(
            "{} of `{}` left out: no digest is known, and Croissant requires one; fetch it, and they are in",
            counted(without, "file"),
            subject.name
        ));
    }
    Ok(())
}

/// Checksums of what is here, relative to the data folder.
fn sums(context: &Context, audit: &Audit, out: &mut dyn Write, exported: &mut Exported) -> Result<(), Failure> {
    let data_dir = context.data_dir()?;
    for subject in &audit.subjects {
        let Some(dir) = files::dir(subject) else {
            let is_damaged = damaged(audit).any(|finding| finding.dataset.as_ref() == Some(&subject.name));
            let reason = if is_damaged { "cannot be read" } else { "is not here" };
            exported.warnings.push(format!("`{}` {reason}, so nothing of it is named", subject.name));
            continue;
        };
        let root = dir.root().strip_prefix(&data_dir).unwrap_or(dir.root()).display().to_string();
        for line in ManifestReader::open(&dir.manifest_path())? {
            let (digest, path) = line?;
            out.write_all(downloads::sum_line(&digest, &format!("{root}/{path}")).as_bytes()).map_err(not_written)?;
            exported.files += 1;
        }
    }
    Ok(())
}

fn list_of_downloads(
    context: &Context,
    audit: &Audit,
    program: Program,
    out: &mut dyn Write,
    exported: &mut Exported,
) -> Result<(), Failure> {
    out.write_all(downloads::head(program).as_bytes()).map_err(not_written)?;
    for subject in &audit.subjects {
        let place = standards::place(subject);
        let closed = files::closed(context, subject);
        let mut open = 0;
        files::of_release(context, subject, &mut |file| {
            open += u64::from(closed.is_none() && file.public_url().is_some());
            let lines = downloads::lines(program, &file, &place, closed.as_deref());
            out.write_all(lines.as_bytes()).map_err(not_written)
        })?;
        if open == 0 {
            let reason = closed.as_deref().unwrap_or("no file has an address that can be told");
            let line = format!("# {}: {reason}; `medsets fetch` gets it\n", subject.name);
            out.write_all(line.as_bytes()).map_err(not_written)?;
            exported.warnings.push(format!("nothing of `{}` is in the list: {reason}", subject.name));
        }
        exported.files += open;
    }
    Ok(())
}

/// What the audit found of records that cannot be relied on.
fn damaged(audit: &Audit) -> impl Iterator<Item = &Finding> {
    audit.findings.iter().filter(|finding| finding.code == Code::RecordsDamaged)
}

fn no_place(reason: &str) -> Failure {
    Failure::new(Exit::USAGE, format!("{reason}, so its place must be named")).help("name it with `-o DIR`")
}

/// A standard that requires what nobody stated.
fn incomplete(missing: &[Missing]) -> Failure {
    let sentences: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let mut failure = Failure::new(Exit::CATALOG, sentences.join("; "));
    let mut remedies: Vec<&str> = missing.iter().map(|one| one.remedy).collect();
    remedies.sort_unstable();
    remedies.dedup();
    for remedy in remedies {
        failure = failure.help(remedy);
    }
    failure.help("an entry of your own is laid over the catalogue with `--catalog DIR`; nothing is made up")
}

fn not_written(error: io::Error) -> Failure {
    Failure::from(FsError::new("write", "the document".as_ref(), error))
}
