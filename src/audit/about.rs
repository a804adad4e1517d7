//! What the entry of a dataset tells of it, for documents that want more than terms.

use jiff::civil::Date;

use crate::catalog::format::{Ethics, Maintainer};
use crate::catalog::{AccessClass, Citation, RequirementKind, Selection};

/// The entry behind a dataset of the report; of one whose entry is gone nothing is known.
#[derive(Debug, Clone)]
pub struct About {
    selection: Option<Selection>,
    channel: Option<String>,
}

impl About {
    /// The entry, as it comes by a channel.
    pub fn of(selection: Option<Selection>, channel: Option<String>) -> Self {
        Self { selection, channel }
    }

    /// What it is, in one sentence.
    pub fn summary(&self) -> Option<&str> {
        Some(&self.selection.as_ref()?.dataset().entry.summary)
    }

    /// Who keeps it.
    pub fn maintainer(&self) -> Option<&Maintainer> {
        Some(&self.selection.as_ref()?.dataset().entry.maintainer)
    }

    /// When the release came out: a day, a month or a year. What is none of them tells nothing.
    pub fn date(&self) -> Option<&str> {
        self.selection.as_ref()?.release().date.as_deref().filter(|date| first_day(date).is_some())
    }

    /// The first day of the day, month or year in which the release came out.
    pub fn first_day(&self) -> Option<Date> {
        first_day(self.date()?)
    }

    /// Kinds of data.
    pub fn modality(&self) -> &[String] {
        self.selection.as_ref().map_or(&[], |selection| &selection.dataset().entry.modality)
    }

    /// What it is for.
    pub fn task(&self) -> &[String] {
        self.selection.as_ref().map_or(&[], |selection| &selection.dataset().entry.task)
    }

    /// De-identification, bias, faults.
    pub fn ethics(&self) -> Option<&Ethics> {
        Some(&self.selection.as_ref()?.dataset().entry.ethics)
    }

    /// The works to cite, the dataset's own first.
    pub fn works(&self) -> Vec<&Citation> {
        let citation = self.selection.as_ref().and_then(|selection| selection.dataset().entry.citation.as_ref());
        citation.map(|all| std::iter::once(&all.work).chain(&all.also).collect()).unwrap_or_default()
    }

    /// What the terms require to be said, in our words.
    pub fn acknowledgement(&self) -> Option<&str> {
        self.selection.as_ref()?.dataset().entry.citation.as_ref()?.acknowledgement.as_deref()
    }

    /// How hard it is to get by its channel; `None` where nobody hands it to a program.
    pub fn access(&self) -> Option<AccessClass> {
        let selection = self.selection.as_ref()?;
        if selection.dataset().entry.distribution.is_some() {
            return None;
        }
        let class = |kind| match kind {
            RequirementKind::Account => AccessClass::Registered,
            RequirementKind::Agreement => AccessClass::Agreement,
            _ => AccessClass::Application,
        };
        let steps = selection.requirements(self.channel.as_deref());
        Some(steps.map(|step| class(step.kind)).max().unwrap_or(AccessClass::Open))
    }
}

fn first_day(date: &str) -> Option<Date> {
    let full = match date.len() {
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        10 => date.to_owned(),
        _ => return None,
    };
    full.parse().ok()
}

impl PartialEq for About {
    /// Of one entry's text, release and variant.
    fn eq(&self, other: &Self) -> bool {
        let named =
            |one: &Self| one.selection.as_ref().map(|selection| (selection.to_string(), selection.dataset().digest));
        (named(self), &self.channel) == (named(other), &other.channel)
    }
}
