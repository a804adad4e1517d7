//! Edits of a project file that leave every other byte as it is.
//!
//! A text goes in and a text comes out. The parser says where tables, keys and values stand, and
//! what is new is put into the text there: comments, order, blank lines and line ends of all the
//! rest stay. Nothing is laid out anew, so an edit and its opposite give the text that was.
//!
//! A table's own comments are those directly above its header, those between its keys, and those
//! directly below its last key where no other header follows at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{BrokenFile, Document};
use crate::remedy::Remedy;
use crate::values::Printable;

use super::format::{DatasetTable, ProjectFile};

/// A text that cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It breaks the form.
    #[error(transparent)]
    Broken(#[from] BrokenFile),
    /// The datasets are the items of one list, in which a table has no place of its own.
    #[error("`{}` line {line}: the datasets stand in one list", Printable::new(name))]
    OneList {
        /// The file as it was named.
        name: String,
        /// Line of the list, from 1.
        line: usize,
    },
}

impl Remedy for EditError {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::Broken(broken) => broken.first.help.clone(),
            Self::OneList { .. } => Some("write each dataset as a table `[[dataset]]` of its own".into()),
        }
    }
}

/// The datasets as they are written, in the order of the file.
pub fn datasets(name: &str, text: &str) -> Result<Vec<DatasetTable>, EditError> {
    let broken = |finding| BrokenFile::unopened(name, text, finding);
    let file: ProjectFile = Document::open(name, text).map_err(broken)?.read().map_err(broken)?;
    Ok(file.dataset)
}

/// With a dataset more: where the datasets stand in the order of their ids in its place among them,
/// so that two branches seldom add at the same one; else below the last one, below `[project]`, or
/// at the end.
pub fn add(name: &str, text: &str, table: &DatasetTable) -> Result<String, EditError> {
    let places = Places::of(name, text)?;
    let headers = places.headers()?;
    let at = match (places.above_next(&headers, &table.id), headers.last(), places.project()) {
        (Some(above), ..) => above,
        (None, Some((header, dataset)), _) => places.end_of(header, dataset),
        (None, None, Some((header, project))) => places.end_of(&header, project),
        (None, None, None) => text.trim_end().len(),
    };
    let line_end = line_end(text);
    let gap = if at == 0 { String::new() } else { line_end.repeat(2) };
    Ok(spliced(text, at..at, &format!("{gap}{}", written(table, line_end))))
}

/// With the dataset at `index`, from 0, as `table` says. Keys that say the same already are not
/// touched; a comment in or behind a value that goes stays, above the key or in its line.
pub fn change(name: &str, text: &str, index: usize, table: &DatasetTable) -> Result<String, EditError> {
    let mut text = text.to_owned();
    let old = datasets(name, &text)?.into_iter().nth(index).unwrap_or_default();
    for ((key, before), (_, after)) in keys(&old).into_iter().zip(keys(table)) {
        if before != after {
            text = Places::of(name, &text)?.set(index, key, after.as_deref())?;
        }
    }
    Ok(text)
}

/// Without the dataset at `index`, from 0, its own comments, and the blank lines above it.
pub fn remove(name: &str, text: &str, index: usize) -> Result<String, EditError> {
    let places = Places::of(name, text)?;
    let Some((header, table)) = places.headers()?.into_iter().nth(index) else { return Ok(text.to_owned()) };
    let (start, end) = (places.start_of(&header), places.end_of(&header, table));
    let above = text[..start].trim_end().len();
    if above > mark(text) {
        return Ok(spliced(text, above..end, ""));
    }
    // The first thing in the file: what follows moves up.
    let rest = text[end..].trim_start_matches(['\r', '\n']);
    Ok(format!("{}{rest}", &text[..mark(text)]))
}

/// A text with the places of what is in it.
struct Places<'t> {
    text: &'t str,
    document: Document<'t>,
}

impl<'t> Places<'t> {
    fn of(name: &'t str, text: &'t str) -> Result<Self, BrokenFile> {
        let broken = |finding| BrokenFile::unopened(name, text, finding);
        let document = Document::open(name, text).map_err(broken)?;
        document.tree().map_err(broken)?;
        Ok(Self { text, document })
    }

    fn tree(&self) -> Option<&DeTable<'t>> {
        self.document.tree().ok()
    }

    /// The headers of the datasets with their tables.
    fn headers(&self) -> Result<Vec<(Range<usize>, &DeTable<'t>)>, EditError> {
        let Some(list) = self.tree().and_then(|tree| tree.get("dataset")) else { return Ok(Vec::new()) };
        let tables = list.get_ref().as_array().into_iter().flat_map(|list| list.iter());
        let headers = tables.map(|one| Some((self.header(one)?, one.get_ref().as_table()?)));
        // An empty list is no header either.
        match (headers.collect::<Option<Vec<_>>>(), self.text[list.span()].starts_with("[[")) {
            (Some(headers), true) if !headers.is_empty() => Ok(headers),
            _ => {
                let (name, line) = (self.document.name().to_owned(), self.document.place(list.span().start).0);
                Err(EditError::OneList { name, line })
            }
        }
    }

    /// The end of what stands above the first dataset with a later id; `None` where the datasets are
    /// not in order, none is later, or nothing stands above.
    fn above_next(&self, headers: &[(Range<usize>, &DeTable<'t>)], id: &str) -> Option<usize> {
        let ids: Option<Vec<&str>> = headers.iter().map(|(_, table)| table.get("id")?.get_ref().as_str()).collect();
        let ids = ids.filter(|ids| ids.is_sorted())?;
        let (next, _) = headers.get(ids.partition_point(|one| *one <= id))?;
        let above = self.text[..self.start_of(next)].trim_end().len();
        (above > mark(self.text)).then_some(above)
    }

    /// The header of the project and its table, where it has one.
    fn project(&self) -> Option<(Range<usize>, &DeTable<'t>)> {
        let project = self.tree()?.get("project")?;
        Some((self.header(project)?, project.get_ref().as_table()?))
    }

    fn header(&self, table: &Spanned<DeValue<'t>>) -> Option<Range<usize>> {
        let span = table.span();
        self.text.get(span.clone())?.starts_with('[').then_some(span)
    }

    /// Where a table begins, with the comments directly above its header.
    fn start_of(&self, header: &Range<usize>) -> usize {
        let mut ends = Vec::new();
        self.tree().into_iter().for_each(|tree| collect_ends(tree, &mut ends));
        // A line that looks like a comment may be the last one of a text above.
        let floor = ends.into_iter().filter(|end| *end <= header.start).max().unwrap_or(0);
        let mut start = line_start(self.text, header.start);
        while start > 0 {
            let above = line_start(self.text, start - 1);
            if above < floor || !self.text[above..start].trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }

    /// Where a table ends, before the line end of its last line.
    fn end_of(&self, header: &Range<usize>, table: &DeTable<'t>) -> usize {
        let mut ends = vec![header.end];
        collect_ends(table, &mut ends);
        let mut end = content_end(self.text, ends.into_iter().max().unwrap_or(header.end));
        let last = end;
        while let Some(below) = next_line(self.text, end) {
            let line = &self.text[below..content_end(self.text, below)];
            match line.trim() {
                "" => return end,
                text if text.starts_with('#') => end = content_end(self.text, below),
                // The comments are about what follows.
                _ => return last,
            }
        }
        end
    }

    /// With a key of a dataset set, or taken away.
    fn set(&self, index: usize, key: &str, value: Option<&str>) -> Result<String, EditError> {
        let headers = self.headers()?;
        let Some((header, table)) = headers.get(index) else { return Ok(self.text.to_owned()) };
        let found = table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, value)| (name.span(), value));
        Ok(match (found, value) {
            (Some((name, old)), Some(new)) => self.replaced(&name, old, new),
            (Some((name, old)), None) => self.without(&name, old),
            (None, Some(new)) => self.inserted(header, table, key, new),
            (None, None) => self.text.to_owned(),
        })
    }

    fn replaced(&self, name: &Range<usize>, old: &Spanned<DeValue<'t>>, new: &str) -> String {
        let text = spliced(self.text, old.span(), new);
        let start = line_start(&text, name.start);
        spliced(&text, start..start, &self.comments_in(old, &text[start..name.start]))
    }

    fn without(&self, name: &Range<usize>, old: &Spanned<DeValue<'t>>) -> String {
        let start = line_start(self.text, name.start);
        let kept = self.comments_in(old, &self.text[start..name.start]);
        let end = content_end(self.text, old.span().end);
        let behind = self.text[old.span().end..end].trim_start();
        if behind.starts_with('#') {
            let comment = format!("{kept}{}{behind}", &self.text[start..name.start]);
            return spliced(self.text, start..end, &comment);
        }
        if kept.is_empty() {
            // The header stands above, so there is a line end to take.
            return spliced(self.text, content_end_before(self.text, start)..end, "");
        }
        spliced(self.text, start..end, kept.trim_end_matches(['\r', '\n']))
    }

    /// Below the last of the keys that come before it in the usual order.
    fn inserted(&self, header: &Range<usize>, table: &DeTable<'t>, key: &str, new: &str) -> String {
        let number = KEYS.iter().position(|one| *one == key).unwrap_or(KEYS.len());
        let place = |one: &&str| {
            let (name, value) = table.iter().find(|(name, _)| name.get_ref() == *one)?;
            Some((name.span().start, value.span().end))
        };
        let (start, end) = KEYS[..number].iter().rev().find_map(place).unwrap_or((header.start, header.end));
        let indent = &self.text[line_start(self.text, start)..start];
        let at = content_end(self.text, end);
        spliced(self.text, at..at, &format!("{}{indent}{key} = {new}", line_end(self.text)))
    }

    /// The comments inside a list, each as a line of its own.
    fn comments_in(&self, value: &Spanned<DeValue<'t>>, indent: &str) -> String {
        let Some(list) = value.get_ref().as_array() else { return String::new() };
        let mut comments = String::new();
        let mut at = value.span().start;
        let ends = list.iter().map(Spanned::span).chain(std::iter::once(value.span().end..value.span().end));
        for item in ends {
            let gap = self.text.get(at..item.start).unwrap_or_default();
            for line in gap.lines().filter_map(|line| Some(&line[line.find('#')?..])) {
                comments.push_str(&format!("{indent}{}{}", line.trim_end(), line_end(self.text)));
            }
            at = item.end;
        }
        comments
    }
}

/// The ends of all keys, values and headers below a table.
fn collect_ends(table: &DeTable<'_>, ends: &mut Vec<usize>) {
    for (key, value) in table {
        ends.push(key.span().end);
        collect_end(value, ends);
    }
}

fn collect_end(value: &Spanned<DeValue<'_>>, ends: &mut Vec<usize>) {
    ends.push(value.span().end);
    match value.get_ref() {
        DeValue::Table(table) => collect_ends(table, ends),
        DeValue::Array(list) => list.iter().for_each(|one| collect_end(one, ends)),
        _ => {}
    }
}

/// The keys of a table in the order they are written, with what is written for each.
fn keys(table: &DatasetTable) -> [(&'static str, Option<String>); KEYS.len()] {
    let text = |value: &str| toml_edit::Value::from(value).to_string();
    let one = |value: &Option<String>| value.as_deref().map(text);
    let all = |values: &[String]| {
        let items: Vec<String> = values.iter().map(|value| text(value)).collect();
        (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
    };
    let values = [
        Some(text(&table.id)),
        one(&table.version),
        one(&table.variant),
        one(&table.source),
        all(&table.subset),
        all(&table.include),
        all(&table.exclude),
        all(&table.members),
        all(&table.license),
    ];
    let mut values = values.into_iter();
    KEYS.map(|key| (key, values.next().flatten()))
}

/// The keys of a dataset in the order they are written.
const KEYS: [&str; 9] = ["id", "version", "variant", "source", "subset", "include", "exclude", "members", "license"];

/// A whole table without the last line end.
fn written(table: &DatasetTable, line_end: &str) -> String {
    let mut text = "[[dataset]]".to_owned();
    for (key, value) in keys(table) {
        if let Some(value) = value {
            text.push_str(&format!("{line_end}{key} = {value}"));
        }
    }
    text
}

fn spliced(text: &str, place: Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..place.start], &text[place.end..])
}

/// Length of the byte order mark at the beginning of a text.
fn mark(text: &str) -> usize {
    text.len() - text.trim_start_matches('\u{feff}').len()
}

/// How the lines of a text end: as its first one.
fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Where the line begins that `at` is in.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line ends that `at` is in, before its line end.
fn content_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

/// Where the content ends of the line above the one that begins at `start`.
fn content_end_before(text: &str, start: usize) -> usize {
    let above = text[..start].strip_suffix('\n').unwrap_or(&text[..start]);
    above.strip_suffix('\r').unwrap_or(above).len()
}

/// Where the line begins below the one whose content ends at `end`.
fn next_line(text: &str, end: usize) -> Option<usize> {
    let newline = text[end..].find('\n')?;
    Some(end + newline + 1).filter(|below| *below < text.len())
}

#[cfg(test)]
mod tests;
