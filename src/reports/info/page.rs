//! One page for a terminal.

use crate::catalog::format::Holds;
use crate::catalog::{
    Correction, DistributionKind, FileEntry, Host, Related, Release, Requirement, Selection, Source, SubsetEntry,
    Variant,
};
use crate::licenses::{Expression, License, Shelf};
use crate::reports::citation::one_line;
use crate::values::Printable;

use super::main_terms::{confidence_word, main_terms};
use super::place::{Means, endpoints};
use super::sheet::Sheet;
use super::{about, counts, counts_are_of_default, default_channel, download_text, steps, unpacked_text};

/// What is shown at length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Show {
    /// Every file, with its size and what proves it.
    pub files: bool,
    /// Every endpoint.
    pub sources: bool,
}

/// What the catalogue says of a selection, for a terminal of 100 columns.
pub fn page(selection: &Selection, shelf: &Shelf, show: Show) -> String {
    let mut sheet = Sheet::default();
    head(&mut sheet, selection);
    what(&mut sheet, selection);
    versions(&mut sheet, selection);
    sheet.gap();
    license(&mut sheet, selection, shelf);
    sheet.gap();
    access(&mut sheet, selection);
    sources(&mut sheet, selection, show);
    files(&mut sheet, selection, show);
    sheet.gap();
    faults(&mut sheet, selection);
    related(&mut sheet, selection);
    citation(&mut sheet, selection);
    sheet.finish()
}

fn head(sheet: &mut Sheet, selection: &Selection) {
    let entry = &selection.dataset().entry;
    let variant = selection.variant_name().map(|name| format!(" ({name})")).unwrap_or_default();
    sheet.heading(&format!("{} {}{variant}", selection.id(), selection.release().version), &entry.title);
    sheet.paragraph(&entry.summary);
    sheet.gap();
    if let Some(reference) = selection.reference() {
        sheet.field("OUTSIDE", &format!("not in the catalogue; by reference: {reference}"));
        let words = selection.dataset().host_license().unwrap_or_default();
        sheet.field("  licence", &format!("as the host states it: {words}; nobody here has read the terms"));
        sheet.gap();
    }
    if selection.dataset().came_in_bundle() {
        sheet.field("OUTSIDE", "not in the catalogue; all of this is what the bundle says that the data came in");
        sheet.gap();
    }
    if let Some(distribution) = &entry.distribution {
        match distribution.kind {
            DistributionKind::ByHand => {
                let then = format!("no program may fetch it: download it yourself, then `medsets import {selection}`");
                sheet.field("BY HAND", &then);
            }
            DistributionKind::None => sheet.field("NOT GIVEN", "nobody distributes this dataset"),
        }
        sheet.fields("  why", distribution.reason.clone());
        sheet.fields("  instead", distribution.instead.clone());
        sheet.gap();
    }
    if selection.release().withdrawn {
        sheet.field("WITHDRAWN", "this release is named in lists but no longer served");
        sheet.gap();
    }
}

fn what(sheet: &mut Sheet, selection: &Selection) {
    let entry = &selection.dataset().entry;
    for (label, words) in [
        ("modality", &entry.modality),
        ("anatomy", &entry.anatomy),
        ("task", &entry.task),
        ("formats", &entry.format),
        ("also called", &entry.aliases),
    ] {
        if !words.is_empty() {
            sheet.field(label, &words.join(", "));
        }
    }
    let figures: Vec<String> =
        counts(selection).iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
    if !figures.is_empty() {
        let mark = if counts_are_of_default(selection) { "" } else { " (of the default release)" };
        sheet.field("counts", &format!("{}{mark}", figures.join(", ")));
    }
    sheet.fields("homepage", entry.homepage.clone());
    let contact = entry.maintainer.contact.as_ref().map(|contact| format!(", {contact}")).unwrap_or_default();
    sheet.field("kept by", &format!("{}{contact}", entry.maintainer.name));
}

fn versions(sheet: &mut Sheet, selection: &Selection) {
    let dataset = selection.dataset();
    sheet.field("size", &format!("download {}, unpacked {}", download_text(selection), unpacked_text(selection)));
    let default = dataset.default_release();
    sheet.fields("releases", dataset.releases.iter().map(|one| release_line(one, one.version == default.version)));
    let release = selection.release();
    sheet.fields("note", release.note.clone());
    let default = release.default_variant().map(|variant| variant.name.as_str());
    sheet.fields("variants", release.variants.iter().map(|one| variant_line(one, Some(one.name.as_str()) == default)));
    sheet.fields("note", selection.variant().and_then(|variant| variant.note.clone()));
}

fn release_line(release: &Release, default: bool) -> String {
    let date = release.date.as_ref().map(|date| format!("of {date}"));
    let doi = release.doi.as_ref().map(|doi| format!("doi {doi}"));
    let withdrawn = release.withdrawn.then(|| "withdrawn".to_owned());
    marked(&release.version, default, [date, doi, withdrawn])
}

fn variant_line(variant: &Variant, default: bool) -> String {
    marked(&variant.name, default, [variant.title.clone(), variant.size_about.map(about), None])
}

/// A name, whether it is the default, and what else is known of it.
fn marked(name: &str, default: bool, rest: [Option<String>; 3]) -> String {
    let mark = if default { " (default)" } else { "" };
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    let rest = if rest.is_empty() { String::new() } else { format!(": {}", rest.join(", ")) };
    format!("{name}{mark}{rest}")
}

fn license(sheet: &mut Sheet, selection: &Selection, shelf: &Shelf) {
    let channel = default_channel(selection);
    let expression = selection.license(channel);
    sheet.field("licence", expression);
    let Ok(parsed) = Expression::parse(expression) else {
        sheet.field("", "this is no licence expression: all terms are unknown");
        return;
    };
    if parsed.ids().is_empty() {
        sheet.field("", "no licence is stated: nothing is granted that we know of");
    } else if parsed.has_gap() {
        sheet.field("", "of a part no licence is stated: for it nothing is granted that we know of");
    }
    for id in parsed.ids() {
        match shelf.get(id) {
            Some(license) => license_lines(sheet, license),
            None => sheet.field("", &format!("{id} is not among the known texts: its terms are unknown")),
        }
    }
    sheet.fields("", main_terms(expression, shelf).iter().map(super::MainTerm::line));
    let release = selection.release();
    sheet.fields("", release.license_parts.iter().map(|(part, license)| format!("{part} only: {license}")));
    let terms = selection.file_terms(channel);
    let own = selection.files(channel).filter(|file| terms.file(file) != expression).count();
    if own > 0 {
        let words = if own == 1 { "file carries terms of its own" } else { "files carry terms of their own" };
        sheet.field("", &format!("{own} {words} (`--files`)"));
    }
    sheet.field("", "in our words: the text itself decides, unknown is not permission, this is no legal advice");
}

fn license_lines(sheet: &mut Sheet, license: &License) {
    let version = license.version.as_ref().map(|version| format!(", {version}")).unwrap_or_default();
    sheet.field("", &format!("{}{version}", license.name));
    if let Some(url) = &license.url {
        sheet.detail(&url.to_string());
    }
}

fn access(sheet: &mut Sheet, selection: &Selection) {
    let steps = steps(selection);
    if steps.is_empty() {
        sheet.field("access", "open: no step is known to be needed");
    }
    let several = selection.sources().count() > 1;
    for (index, step) in steps.into_iter().enumerate() {
        let label = if index == 0 { "access" } else { "" };
        sheet.fields(label, [step_line(index + 1, step, several)]);
        if let Some(page) = &step.page {
            sheet.detail(page);
        }
        if let Some(note) = &step.note {
            sheet.detail(note);
        }
    }
}

fn step_line(number: usize, step: &Requirement, several_sources: bool) -> String {
    let title = step.title.as_deref().unwrap_or(kind_word(step));
    let only = (several_sources && !step.channels.is_empty()).then(|| format!("by {} only", step.channels.join(", ")));
    let wait = step.usual_wait.as_ref().map(|wait| format!("usually {wait}"));
    let valid = step.valid_for.as_ref().map(|time| format!("holds {time}"));
    let rest: Vec<String> = [wait, step.fee.clone(), valid, only].into_iter().flatten().collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join("; ")) };
    format!("{number}. {}: {title}{rest}", step.id)
}

/// As the catalogue writes it.
pub(super) fn kind_word(step: &Requirement) -> &'static str {
    use crate::catalog::RequirementKind as Kind;
    match step.kind {
        Kind::Account => "account",
        Kind::Agreement => "agreement",
        Kind::Training => "training",
        Kind::Application => "application",
        Kind::Approval => "approval",
        Kind::Fee => "fee",
        Kind::Manual => "manual",
    }
}

fn sources(sheet: &mut Sheet, selection: &Selection, show: Show) {
    if selection.sources().next().is_none() {
        sheet.field("sources", "none is known");
    }
    for (index, source) in selection.sources().enumerate() {
        let label = if index == 0 { "sources" } else { "" };
        sheet.fields(label, [source_line(source, selection, index == 0)]);
        if let Some(license) = &source.license {
            sheet.detail(&format!("terms by this source: {license}"));
        }
        if let Some(note) = &source.note {
            sheet.detail(note);
        }
        if let Host::Manual { steps, .. } = &source.host {
            steps.iter().for_each(|step| sheet.detail(&format!("- {step}")));
        }
        if show.sources {
            endpoints(source, selection).iter().for_each(|place| sheet.detail(&format!("at {place}")));
        }
    }
}

fn source_line(source: &Source, selection: &Selection, default: bool) -> String {
    let mark = if default { " (default)" } else { "" };
    let title = source.title.as_ref().map(|title| format!(", {title}")).unwrap_or_default();
    let not_given = selection.dataset().entry.distribution.as_ref().map(|one| one.kind) == Some(DistributionKind::None);
    let means = match Means::of(source, selection) {
        _ if not_given => "nothing to fetch",
        Means::Program => "fetched by `medsets fetch`",
        Means::Hand => "by hand, then `medsets import`",
    };
    format!("{}{mark}: {}{title}; {means}", source.channel, source.host.name())
}

fn files(sheet: &mut Sheet, selection: &Selection, show: Show) {
    let channel = default_channel(selection);
    let all: Vec<&FileEntry> = selection.files(channel).collect();
    let lists = selection.source(channel).is_some_and(|source| source.lists);
    let text = match (all.len(), lists) {
        (0, true) => "listed by the host when they are fetched".to_owned(),
        (0, false) => "none is known".to_owned(),
        (count, true) => format!("{} named here; the host lists all when they are fetched", grouped(count as u64)),
        (count, false) => grouped(count as u64),
    };
    let hint = if all.is_empty() || show.files { "" } else { " (`--files` shows each)" };
    sheet.field("files", &format!("{text}{hint}"));
    sheet.fields("subsets", selection.subsets().map(subset_line));
    if !show.files {
        return;
    }
    let terms = selection.file_terms(channel);
    for file in all {
        sheet.row(&file_row(file, selection.source(channel)));
        let own = Some(terms.file(file)).filter(|own| own != terms.whole());
        sheet.fields("", own.map(|own| format!("terms: {own}")));
        sheet.fields("", file.note.clone());
    }
}

/// A name for `--subset`, and what it stands for.
fn subset_line(subset: &SubsetEntry) -> String {
    let title = subset.title.as_ref().map(|title| format!(": {title}")).unwrap_or_default();
    let listed = |word: &str, globs: &[String]| {
        if globs.is_empty() { String::new() } else { format!("{word}{}", globs.join(", ")) }
    };
    let (without, members) = (listed(" without ", &subset.exclude), listed("; of archives only ", &subset.members));
    format!("{}{title} ({}{without}{members})", subset.name, subset.include.join(", "))
}

/// Path, size, what proves it. A pinned tree proves the content of an archive without a digest.
fn file_row(file: &FileEntry, source: Option<&Source>) -> String {
    let size = match (file.size, file.size_about) {
        (Some(size), _) => size.to_string(),
        (None, Some(size)) => about(size),
        (None, None) => "size unknown".to_owned(),
    };
    let kinds: Vec<&str> = file.digests.iter().map(|digest| digest.algorithm().label()).collect();
    let in_tree = source.is_some_and(|source| matches!(source.host, Host::Github { tree: Some(_), .. }));
    let proof = match (kinds.is_empty(), in_tree) {
        (false, _) => kinds.join(" "),
        (true, true) => "git-tree".to_owned(),
        (true, false) => "pinned on first use".to_owned(),
    };
    let by_hand = if file.manual { "  by hand" } else { "" };
    format!("{}  {size}  {proof}{by_hand}", Printable::cut(file.path.as_str(), 1000))
}

fn faults(sheet: &mut Sheet, selection: &Selection) {
    let entry = &selection.dataset().entry;
    let list = |texts: &[String]| texts.iter().map(|text| format!("- {text}")).collect::<Vec<_>>();
    sheet.fields("issues", list(&entry.ethics.known_issues));
    sheet.fields("bias", list(&entry.ethics.known_bias));
    sheet.fields("identity", entry.ethics.deidentification.clone());
    sheet.fields("consent", entry.ethics.consent.clone());
    if let Some(listed) = &entry.listed_as
        && let (Some(claim), Some(holds)) = (&listed.claim, listed.holds)
    {
        let holds = match holds {
            Holds::Yes => "holds",
            Holds::InPart => "holds in part",
            Holds::No => "does not hold",
        };
        let note = listed.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        sheet.field("lists say", &format!("\"{claim}\" {holds}{note}"));
    }
    sheet.fields("corrections", entry.correction.iter().map(correction_line));
}

fn correction_line(correction: &Correction) -> String {
    let sure = confidence_word(correction.confidence);
    format!("- said: {}; true: {} ({sure})", correction.claim, correction.truth)
}

fn related(sheet: &mut Sheet, selection: &Selection) {
    let lists = &selection.dataset().entry.related;
    sheet.fields("made from", lists.derived_from.iter().map(related_line));
    sheet.fields("overlaps", lists.overlaps.iter().map(related_line));
    sheet.fields("see also", lists.see_also.iter().map(related_line));
}

fn related_line(related: &Related) -> String {
    let note = related.note().map(|note| format!(": {note}")).unwrap_or_default();
    format!("{}{note}", related.id())
}

fn citation(sheet: &mut Sheet, selection: &Selection) {
    match &selection.dataset().entry.citation {
        Some(citation) => {
            sheet.fields("cite", [&citation.work].into_iter().chain(&citation.also).map(one_line));
            sheet.fields("acknowledge", citation.acknowledgement.clone());
        }
        None => sheet.field("cite", "no work to cite is known"),
    }
}

/// With a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
