//! The catalogue on the screen: `search`, `info`, `list --available`, `cite`, `catalog lint`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::catalog::search::{Facet, Hit, Query, search as find};
use crate::catalog::{AccessClass, Catalog, Dataset, Selection};
use crate::context::Context;
use crate::document::{Paint, Severity, render};
use crate::layout::Receipt;
use crate::licenses::Shelf;
use crate::ops::outside::Outside;
use crate::ops::selection::one_selection;
use crate::ops::{self, Exit, Failure};
use crate::reports::citation::Copy;
use crate::reports::{self, CitationFormat, Cited, info, papers};
use crate::values::byte_size::NotASize;
use crate::values::{ByteSize, Printable, counted};

use super::args::{AccessWord, CatalogCommand, CiteArgs, CiteFormat, InfoArgs, LintArgs, SearchArgs};
use super::output::{Answer, add};
use super::table::Table;

/// Ranked hits.
pub fn search(context: &Context, args: &SearchArgs) -> Result<Answer, Failure> {
    let (catalog, shelf) = (context.catalog()?, context.shelf()?);
    for (flag, facet, value) in [
        ("--modality", Facet::Modality, &args.modality),
        ("--task", Facet::Task, &args.task),
        ("--anatomy", Facet::Anatomy, &args.anatomy),
        ("--license", Facet::License, &args.license),
    ] {
        if let Some(value) = value {
            known_value(flag, value, &facet.values(catalog))?;
        }
    }
    let query = Query {
        words: args.words.join(" "),
        modality: args.modality.clone(),
        task: args.task.clone(),
        anatomy: args.anatomy.clone(),
        license: args.license.clone(),
        access: args.access.map(|word| match word {
            AccessWord::Open => AccessClass::Open,
            AccessWord::Registered => AccessClass::Registered,
            AccessWord::Agreement => AccessClass::Agreement,
            AccessWord::Application => AccessClass::Application,
        }),
        commercial: args.commercial,
        max_size: args.max_size.as_deref().map(max_size).transpose()?,
    };
    let hits = match at_address(catalog, shelf, &query) {
        Some(hit) => vec![hit],
        None => find(catalog, shelf, &query),
    };
    let mut table = Table::new(&HEADS);
    let mut data = Vec::new();
    for hit in &hits {
        let line = info::line(&usual(context, &hit.dataset)?, shelf);
        table.row(cells(&line));
        data.push(json!({
            "id": line.id, "title": hit.dataset.entry.title, "summary": hit.dataset.entry.summary, "score": hit.score,
            "matched": hit.matched, "access": line.access, "license": line.license,
        }));
    }
    let mut answer = Answer::done("medsets/search/1", json!({ "hits": data }), table.to_string());
    if hits.is_empty() {
        answer
            .notes
            .push("nothing fits; fewer words or facets find more, `medsets list --available` names all".to_owned());
    }
    Ok(answer)
}

/// The columns of a list of datasets.
const HEADS: [&str; 5] = ["dataset", "title", "size", "access", "licence"];

fn cells(line: &info::Row) -> [String; 5] {
    let info::Row { id, title, size, license, .. } = line.clone();
    [id, title, size, line.access.to_owned(), license]
}

/// A size with its unit: a bare number would be bytes, which nobody means.
fn max_size(text: &str) -> Result<ByteSize, Failure> {
    let size: ByteSize = text.parse().map_err(|error: NotASize| Failure::new(Exit::USAGE, error.to_string()))?;
    if text.trim().ends_with(|letter: char| letter.is_ascii_digit() || letter == '.') {
        let number = Printable::new(text.trim());
        let failure = Failure::new(Exit::USAGE, format!("`--max-size {number}` has no unit"));
        return Err(failure.help(format!("write `{number}GB`, `{number}MB` or, for bytes, `{number}B`")));
    }
    Ok(size)
}

/// Refuses a value that no entry has, with what was probably meant and what there is.
fn known_value(flag: &str, value: &str, known: &BTreeSet<String>) -> Result<(), Failure> {
    let wanted = value.trim().to_lowercase();
    if known.iter().any(|one| one.to_lowercase() == wanted) {
        return Ok(());
    }
    let likeness = |one: &String| strsim::jaro_winkler(&one.to_lowercase(), &wanted);
    let nearest = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let failure = Failure::new(Exit::USAGE, format!("no entry has `{flag} {}`", Printable::new(value)));
    let failure = match nearest.filter(|one| likeness(one) > 0.8) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    };
    Err(failure.help(format!("there is {}", known.iter().map(String::as_str).collect::<Vec<_>>().join(", "))))
}

/// The dataset that common lists name under an address, where the words are one and it passes
/// the facets.
fn at_address(catalog: &Catalog, shelf: &Shelf, query: &Query) -> Option<Hit> {
    let address = query.words.trim();
    if !address.contains("://") || address.contains(char::is_whitespace) {
        return None;
    }
    let meant = catalog.resolve(address).ok()?;
    let passing = find(catalog, shelf, &Query { words: String::new(), ..query.clone() });
    let hit = passing.into_iter().find(|hit| meant.iter().any(|one| *one.id() == hit.dataset.id))?;
    Some(Hit { score: 1.0, matched: vec!["address".to_owned()], ..hit })
}

/// What is meant when only the id is given.
fn usual(context: &Context, dataset: &Dataset) -> Result<Selection, Failure> {
    one_selection(context, dataset.id.as_str())
}

/// The whole catalogue.
pub fn available(context: &Context) -> Result<Answer, Failure> {
    let (catalog, shelf) = (context.catalog()?, context.shelf()?);
    let mut table = Table::new(&HEADS);
    let mut data = Vec::new();
    for dataset in catalog.datasets() {
        let line = info::line(&usual(context, dataset)?, shelf);
        table.row(cells(&line));
        data.push(json!({ "id": line.id, "title": dataset.entry.title, "access": line.access, "license": line.license, "origin": dataset.origin }));
    }
    let collections: Vec<_> = catalog
        .collections()
        .iter()
        .map(|(name, collection)| json!({ "name": format!("@{name}"), "title": collection.title, "datasets": collection.datasets }))
        .collect();
    Ok(Answer::done("medsets/list/1", json!({ "datasets": data, "collections": collections }), table.to_string()))
}

/// One page about a dataset.
pub fn info(context: &Context, args: &InfoArgs) -> Result<Answer, Failure> {
    let selection = one_selection(context, &args.dataset)?;
    if args.raw {
        let data =
            json!({ "id": selection.id(), "origin": selection.dataset().origin, "toml": selection.dataset().text });
        return Ok(Answer::done("medsets/info-raw/1", data, selection.dataset().text.clone()));
    }
    if args.web
        && let Some(homepage) = &selection.dataset().entry.homepage
        && context.environment.stdout_is_terminal
    {
        // Where no browser can be started, the page below still names the address.
        let _ = webbrowser::open(homepage);
    }
    let shelf = context.shelf()?;
    let text = info::page(&selection, shelf, info::Show { files: args.files, sources: args.sources });
    let outside = Outside::of(context, &selection);
    let mut data = info::data(&selection, shelf);
    add(&mut data, outside.as_ref());
    let mut answer = Answer::done("medsets/info/1", data, text);
    answer.notes = outside.iter().flat_map(Outside::sentences).collect();
    Ok(answer)
}

/// Citations of named datasets, or of all that are here.
pub fn cite(context: &Context, args: &CiteArgs) -> Result<Answer, Failure> {
    let mut selections = Vec::new();
    let here = ops::here::all(context).unwrap_or_default();
    let mut warnings = ops::here::warnings(&here);
    if args.datasets.is_empty() {
        for one in &here {
            match one_selection(context, &one.name()) {
                Ok(selection) => selections.push((selection, one.receipt.clone())),
                // The others can be cited all the same.
                Err(failure) if failure.exit == Exit::CATALOG => {
                    warnings.push(format!("`{}` is not cited: {failure}", one.name()));
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    for name in &args.datasets {
        for selection in context.catalog()?.resolve(name)? {
            let mine = |receipt: &Receipt| {
                receipt.dataset == *selection.id() && receipt.version == selection.release().version
            };
            let receipt = here.iter().filter_map(|one| one.receipt.as_ref()).find(|receipt| mine(receipt)).cloned();
            selections.push((selection, receipt));
        }
    }
    let cited: Vec<Cited<'_>> = selections
        .iter()
        .map(|(selection, receipt)| Cited { copy: receipt.as_ref().map(copy), ..papers::cited(selection) })
        .collect();
    let (form, format) = match args.format {
        CiteFormat::Bibtex => ("bibtex", CitationFormat::Bibtex),
        CiteFormat::Cff => ("cff", CitationFormat::Cff),
        CiteFormat::Ris => ("ris", CitationFormat::Ris),
        CiteFormat::CslJson => ("csl-json", CitationFormat::CslJson),
    };
    let text = if args.methods { reports::methods(&cited) } else { reports::cite(&cited, format) };
    let form = if args.methods { "methods" } else { form };
    let mut answer = Answer::done("medsets/cite/1", json!({ "format": form, "text": text }), text);
    answer.warnings = warnings;
    if selections.is_empty() {
        answer.notes.push("nothing is here to cite; name a dataset".to_owned());
    }
    Ok(answer)
}

fn copy(receipt: &Receipt) -> Copy {
    Copy {
        files: receipt.files,
        size: receipt.bytes.to_string(),
        day: receipt.completed.strftime("%Y-%m-%d").to_string(),
        tree: receipt.tree.hex(),
    }
}

/// Checks entries.
pub fn catalog(context: &Context, command: &CatalogCommand) -> Result<Answer, Failure> {
    let CatalogCommand::Lint(LintArgs { paths }) = command;
    let paths = paths.iter().map(|path| context.environment.absolute(path)).collect::<Result<Vec<_>, _>>()?;
    let linted = ops::lint::lint(context, &paths)?;
    let mut answer = Answer::done("medsets/catalog-lint/1", json!({}), String::new());
    let mut data = Vec::new();
    let (mut errors, mut warnings) = (0, 0);
    for file in &linted {
        let rendered = render(&file.name, &file.text, &file.findings, Paint::Plain);
        if !rendered.is_empty() {
            answer.text.push_str(&rendered);
        }
        for finding in &file.findings {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            if finding.severity == Severity::Error {
                errors += 1
            } else {
                warnings += 1
            }
            data.push(json!({
                "file": file.name, "line": finding.line, "column": finding.column, "severity": severity,
                "code": finding.code, "message": finding.message, "help": finding.help,
            }));
        }
    }
    answer.data = json!({ "files": linted.len(), "errors": errors, "warnings": warnings, "findings": data });
    answer.notes.push(format!(
        "{}: {errors} to mend, {}",
        counted(linted.len() as u64, "file"),
        counted(warnings, "warning")
    ));
    if let Some(file) = linted.iter().find(|file| file.has_errors()) {
        let first = file.findings.iter().find(|finding| finding.severity == Severity::Error);
        let place = first.map_or(String::new(), |finding| format!(" at line {}: {}", finding.line, finding.message));
        answer.exit = Exit::CATALOG;
        answer.failures.push(Failure::new(Exit::CATALOG, format!("`{}` breaks the rules{place}", file.name)));
    }
    Ok(answer)
}
