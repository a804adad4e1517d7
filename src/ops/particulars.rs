//! What a receipt says of a dataset beside its files.

use jiff::Timestamp;

use crate::agreements::{Standing, Standings};
use crate::catalog::Selection;
use crate::catalog::format::RoleWord;
use crate::context::Context;
use crate::layout::receipt::{AcceptedMark, CatalogMark, LicenseMark, Selection as ReceiptSelection, SourceMark};
use crate::layout::{Means, Role, RoleRules};
use crate::reports::{self, papers};

use super::assemble::Particulars;
use super::failure::Failure;
use super::identity;
use super::matter::matter;
use super::target::Target;

/// The entry's globs, and what it says of single files.
pub(super) fn roles(selection: &Selection) -> RoleRules {
    let layout = &selection.dataset().entry.layout;
    RoleRules::new([
        (Role::Image, layout.image.as_slice()),
        (Role::Text, layout.text.as_slice()),
        (Role::Table, layout.table.as_slice()),
        (Role::Annotation, layout.annotation.as_slice()),
        (Role::Doc, layout.doc.as_slice()),
    ])
    .or_else(selection.roles_of_files().into_iter().map(|(word, glob)| (role(word), glob)))
}

fn role(word: RoleWord) -> Role {
    match word {
        RoleWord::Image => Role::Image,
        RoleWord::Text => Role::Text,
        RoleWord::Table => Role::Table,
        RoleWord::Annotation => Role::Annotation,
        RoleWord::Doc => Role::Doc,
    }
}

/// Everything the receipt says.
pub(super) fn particulars(
    context: &Context,
    target: &Target<'_>,
    means: Means,
    selection: ReceiptSelection,
    reason: Option<String>,
) -> Result<Particulars, Failure> {
    let (chosen, channel) = (target.selection, target.source.channel.as_str());
    let Terms { license, papers } = terms(context, chosen, channel, context.now())?;
    Ok(Particulars {
        id: chosen.id().clone(),
        outside: chosen.reference().map(|reference| (reference, chosen.dataset().text.clone())),
        title: chosen.dataset().entry.title.clone(),
        version: chosen.release().version.clone(),
        variant: chosen.variant_name().map(str::to_owned),
        selection,
        means,
        catalog: without_folders(CatalogMark {
            digest: context.catalog()?.digest(),
            entry: chosen.dataset().digest,
            origin: chosen.dataset().origin.clone(),
        }),
        source: SourceMark {
            channel: channel.to_owned(),
            provider: target.source.host.name().to_owned(),
            mirror: None,
        },
        license,
        papers,
        roles: roles(chosen),
        warnings: Vec::new(),
        reason,
        tree: None,
    })
}

/// What a receipt says of the terms, and the papers beside it that say them to people.
pub(super) struct Terms {
    /// For the receipt.
    pub license: LicenseMark,
    /// The text of README.md, TERMS.md and CITATION.cff.
    pub papers: Vec<(&'static str, String)>,
}

/// The terms of a selection, of a copy that was whole at `completed`.
pub(super) fn terms(
    context: &Context,
    chosen: &Selection,
    channel: &str,
    completed: Timestamp,
) -> Result<Terms, Failure> {
    let accepted = accepted(context, chosen, channel)?;
    let shelf = context.shelf()?;
    let shown: Vec<(String, String, String)> =
        accepted.iter().map(|(mark, day)| (mark.license.clone(), mark.text_sha256.to_string(), day.clone())).collect();
    let fetched = completed.strftime("%Y-%m-%d").to_string();
    let facts = papers::PaperFacts { fetched, ..papers::PaperFacts::default() };
    let cited = papers::cited(chosen);
    Ok(Terms {
        license: LicenseMark {
            expression: chosen.license(Some(channel)).to_owned(),
            stated: chosen.dataset().host_license(),
            accepted: accepted.into_iter().map(|(mark, _)| mark).collect(),
        },
        papers: vec![
            ("README.md", papers::readme(chosen, channel, shelf, &facts)),
            ("TERMS.md", papers::terms(chosen, channel, shelf, &shown)),
            ("CITATION.cff", reports::cite(&[cited], reports::CitationFormat::Cff)),
        ],
    })
}

/// Of an overlay the file's name alone: where it lies on a machine is nobody else's.
pub(super) fn without_folders(mark: CatalogMark) -> CatalogMark {
    match mark.origin.rsplit_once('/') {
        Some((_, name)) => CatalogMark { origin: name.to_owned(), ..mark },
        None => mark,
    }
}

/// The acceptances that a fetch rests on, each with its day.
pub(super) fn accepted(
    context: &Context,
    selection: &Selection,
    channel: &str,
) -> Result<Vec<(AcceptedMark, String)>, Failure> {
    let mut marks = Vec::new();
    let agreements: Vec<_> = selection.requirements(Some(channel)).filter(|one| one.license.is_some()).collect();
    if agreements.is_empty() {
        return Ok(marks);
    }
    let standings = Standings::among(identity::person(context), &context.ledger()?.reading()?.entries);
    for step in agreements {
        let matter = matter(selection, &step.id, step.license.as_deref());
        if let Standing::Accepted(acceptance) = standings.standing(&matter)
            && let Some(text_sha256) = acceptance.text_sha256
        {
            let license = step.license.clone().unwrap_or_default();
            let day = acceptance.at.strftime("%Y-%m-%d").to_string();
            marks.push((AcceptedMark { license, text_sha256, sequence: acceptance.sequence }, day));
        }
    }
    Ok(marks)
}
