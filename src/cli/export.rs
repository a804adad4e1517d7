//! `export`: what is known of the data, in the standards of others.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::context::Context;
use crate::ops::export::{ExportOptions, Form, Payload};
use crate::ops::{self, Failure};
use crate::reports::CitationFormat;
use crate::reports::standards::downloads::Program;
use crate::values::counted;

use super::args::{ExportArgs, ExportFormat};
use super::output::{Answer, LongReport, is_stdout};

/// Writes the document, or prints it where no place is named.
pub async fn run(context: &Context, args: &ExportArgs) -> Result<Answer, Failure> {
    let (word, form) = form(args.format);
    let payload = match (args.no_data, args.link) {
        (true, _) => Payload::Addresses,
        (false, true) => Payload::Links,
        (false, false) => Payload::Copies,
    };
    let options = ExportOptions {
        what: args.what.clone(),
        form,
        output: args.output.clone().filter(|path| !is_stdout(path)),
        payload,
    };
    let exported = ops::export::export(context, &options).await?;
    let mut data = json!({ "format": word, "datasets": exported.datasets, "files": exported.files });
    let mut notes = Vec::new();
    let mut answer = Answer::done("medsets/export/1", json!({}), String::new());
    match &exported.path {
        Some(path) => {
            data["path"] = json!(path.display().to_string());
            let datasets = counted(exported.datasets.len() as u64, "dataset");
            notes.push(format!("{datasets} written to `{}`", path.display()));
            answer.data = data;
        }
        None => answer.long = Some(Box::new(Printed { data, text: exported.text })),
    }
    (answer.notes, answer.warnings) = (notes, exported.warnings);
    Ok(answer)
}

/// A document that goes to standard output, which may name a million files: held once.
#[derive(Debug)]
struct Printed {
    data: Value,
    text: Vec<u8>,
}

impl LongReport for Printed {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.text)
    }
    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut data = self.data.clone();
        data["text"] = json!(String::from_utf8_lossy(&self.text));
        Ok(serde_json::to_writer(out, &data)?)
    }
}

fn form(format: ExportFormat) -> (&'static str, Form) {
    match format {
        ExportFormat::Croissant => ("croissant", Form::Croissant),
        ExportFormat::Spdx => ("spdx", Form::Spdx),
        ExportFormat::Cyclonedx => ("cyclonedx", Form::Cyclonedx),
        ExportFormat::RoCrate => ("ro-crate", Form::RoCrate),
        ExportFormat::Bagit => ("bagit", Form::Bagit),
        ExportFormat::Sha256sums => ("sha256sums", Form::Sums),
        ExportFormat::Aria2 => ("aria2", Form::Downloads(Program::Aria2)),
        ExportFormat::Wget => ("wget", Form::Downloads(Program::Wget)),
        ExportFormat::Bibtex => ("bibtex", Form::Citations(CitationFormat::Bibtex)),
        ExportFormat::Cff => ("cff", Form::Citations(CitationFormat::Cff)),
        ExportFormat::Ris => ("ris", Form::Citations(CitationFormat::Ris)),
        ExportFormat::CslJson => ("csl-json", Form::Citations(CitationFormat::CslJson)),
    }
}
