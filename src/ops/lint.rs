//! `medsets catalog lint`: entries, licences and collections against their rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::catalog::lint::{lint_collections, lint_entry, lint_license};
use crate::context::Context;
use crate::document::overlay::UNREADABLE;
use crate::document::{Finding, Severity};
use crate::embedded;
use crate::fs;

use super::failure::Failure;

/// One file with what was found in it.
#[derive(Debug)]
pub struct Linted {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Checks files and folders; without any the built-in catalogue and what is laid over it.
pub fn lint(context: &Context, paths: &[PathBuf]) -> Result<Vec<Linted>, Failure> {
    let mut files: Vec<(String, Result<String, String>)> = Vec::new();
    if paths.is_empty() {
        let carried = embedded::files().iter().filter(|file| file.name.ends_with(".toml"));
        files.extend(carried.map(|file| (file.name.clone(), Ok(file.text.clone()))));
        files.extend(context.overlay()?.iter().map(|file| (file.path.clone(), file.text.clone())));
    }
    for path in paths {
        for found in toml_files(path)? {
            let text = match found == *path {
                // One that was named must be there; one of a folder is told beside the others.
                true => Ok(fs::read_text(&found)?),
                false => fs::read_regular_text(&found).map_err(|error| error.to_string()),
            };
            files.push((found.to_string_lossy().into_owned(), text));
        }
    }
    let shelf = context.shelf()?;
    // An overlay that cannot be read is what lint is asked about, so it must not need it.
    let known: BTreeSet<String> =
        crate::catalog::Catalog::embedded().datasets().map(|dataset| dataset.id.to_string()).collect();
    let known: BTreeSet<String> = known.into_iter().chain(files.iter().filter_map(|(name, _)| stem(name))).collect();
    let today = context.now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let linted = files.into_iter().map(|(name, text)| {
        let text = match text {
            Ok(text) => text,
            Err(reason) => return Linted::unreadable(name, reason),
        };
        let findings = if name.ends_with("collections.toml") {
            lint_collections(&name, &text, &known)
        } else if is_license(&name, &text) {
            lint_license(&name, &text, shelf, today)
        } else {
            lint_entry(&name, &text, shelf, &known, today)
        };
        Linted { name, text, findings }
    });
    Ok(linted.collect())
}

impl Linted {
    fn unreadable(name: String, message: String) -> Self {
        let (severity, code) = (Severity::Error, UNREADABLE);
        let finding = Finding { severity, code, message, help: None, line: 1, column: 1, span: 0..0 };
        Self { name, text: String::new(), findings: vec![finding] }
    }

    /// Whether something must be mended.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

fn toml_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !fs::is_dir(path) {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    for found in fs::list_dir(path)? {
        if fs::is_dir(&found) && found.file_name().is_some_and(|name| name == "licenses" || name == "catalog") {
            files.extend(toml_files(&found)?);
        } else if found.extension().is_some_and(|extension| extension == "toml") {
            files.push(found);
        }
    }
    Ok(files)
}

fn stem(name: &str) -> Option<String> {
    Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned())
}

/// A licence lies in a folder `licenses`, or has a `[terms]` table.
fn is_license(name: &str, text: &str) -> bool {
    let folder = Path::new(name).parent().and_then(Path::file_name).is_some_and(|folder| folder == "licenses");
    folder || text.lines().any(|line| line.trim() == "[terms]")
}
