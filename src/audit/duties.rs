//! What has to be said, done and reported, with dates.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::agreements::EntryKind;
use crate::licenses::Shelf;
use crate::policy::{Code, Finding};

use super::facts::{Facts, SubjectFacts};
use super::subject::{Subject, read};

/// Something that whoever has a dataset must do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duty {
    /// What kind it is.
    pub kind: DutyKind,
    /// The dataset, by its full name.
    pub dataset: String,
    /// The licence that asks for it; absent for what a person's own record asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// What has to be done, as a sentence.
    pub text: String,
    /// Whose duty it is, where it is one person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The day by which it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
}

/// The kinds of duties, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DutyKind {
    /// A report to the owner.
    Report,
    /// A training, an approval or an acceptance that runs out.
    Renewal,
    /// Credit to the owner.
    Credit,
    /// A citation in publications.
    Citation,
    /// Code to be published with results.
    ShareCode,
    /// The same licence for what is made of it.
    ShareAlike,
    /// What is made of it goes back to its host.
    SameHost,
    /// The owner is told before something ships.
    Notice,
    /// Nobody may be identified or contacted.
    Subjects,
    /// Each colleague needs an agreement of their own.
    Personal,
    /// How the data are kept.
    Security,
    /// Who hears of a leak or an identification.
    Incident,
    /// The data are destroyed when the right ends.
    Destruction,
}

/// All duties of all datasets, those with a date first. A day that is past is a finding.
pub fn duties(facts: &Facts, subjects: &[Subject], shelf: &Shelf, findings: &mut Vec<Finding>) -> Vec<Duty> {
    let today = TimeZone::UTC.to_datetime(facts.now).date();
    let mut all = Vec::new();
    for (one, subject) in facts.subjects.iter().zip(subjects) {
        for license in read(&subject.license).ids().into_iter().filter_map(|id| shelf.get(id)) {
            let duty = |kind, term: &str, text: String| Duty {
                kind,
                dataset: subject.name.clone(),
                license: Some(license.id.clone()),
                term: Some(term.to_owned()),
                text,
                person: None,
                due: None,
            };
            all.extend(by_terms(one, &|key| license.terms.word(key), &duty));
            for (key, term) in &license.extra {
                match (key.as_str(), term.value.as_str()) {
                    ("annual_report", "required") => {
                        all.extend(annual_report(
                            facts,
                            one,
                            today,
                            &duty(DutyKind::Report, key, String::new()),
                            findings,
                        ));
                    }
                    ("inform_before_distribution", "required") => {
                        all.push(duty(
                            DutyKind::Notice,
                            key,
                            "tell the owner before anything that contains it is handed out".into(),
                        ));
                    }
                    _ => {}
                }
            }
        }
        all.extend(renewals(subject));
    }
    all.sort_by_key(|duty| (duty.due.is_none(), duty.due, duty.kind, duty.dataset.clone()));
    all.dedup();
    all
}

fn by_terms<'t>(
    facts: &SubjectFacts,
    says: &dyn Fn(&str) -> &'t str,
    duty: &dyn Fn(DutyKind, &str, String) -> Duty,
) -> Vec<Duty> {
    let mut all = Vec::new();
    let mut add = |kind, term: &str, text: String| all.push(duty(kind, term, text));
    let citation = facts.selection.as_ref().and_then(|selection| selection.dataset().entry.citation.as_ref());
    if says("attribution") == "required" {
        let line = citation.and_then(|all| all.acknowledgement.clone());
        add(
            DutyKind::Credit,
            "attribution",
            line.map_or("give credit as the terms ask".into(), |line| format!("give credit: {line}")),
        );
    }
    if says("publication_citation") == "required" {
        let key = citation.map(|all| all.work.key.clone());
        add(
            DutyKind::Citation,
            "publication_citation",
            key.map_or("cite it in every publication".into(), |key| format!("cite it in every publication ({key})")),
        );
    }
    if says("share_code") == "required" {
        add(DutyKind::ShareCode, "share_code", "publish the code behind results in an open repository".into());
    }
    match says("share_alike") {
        "adaptations" => {
            add(DutyKind::ShareAlike, "share_alike", "release what is adapted from it under the same licence".into())
        }
        "database" => add(
            DutyKind::ShareAlike,
            "share_alike",
            "release a database made from it under the same licence; a produced work carries a notice".into(),
        ),
        _ => {}
    }
    if says("derivatives") == "same-terms-same-host" {
        add(
            DutyKind::SameHost,
            "derivatives",
            "share derived data and models through the same host, under the same agreement".into(),
        );
    }
    all.extend(of_care(says, duty));
    all
}

/// How the data are kept, who hears of what goes wrong, and how they end.
fn of_care<'t>(says: &dyn Fn(&str) -> &'t str, duty: &dyn Fn(DutyKind, &str, String) -> Duty) -> Vec<Duty> {
    let mut all = Vec::new();
    let mut add = |kind, term: &str, text: String| all.push(duty(kind, term, text));
    let nobody: Vec<&str> = [("reidentification_forbidden", "identify"), ("contact_of_subjects_forbidden", "contact")]
        .into_iter()
        .filter(|(term, _)| says(term) == "yes")
        .map(|(_, verb)| verb)
        .collect();
    if !nobody.is_empty() {
        add(
            DutyKind::Subjects,
            "reidentification_forbidden",
            format!("do not try to {} anybody in it", nobody.join(" or ")),
        );
    }
    if says("individual_registration") == "yes" {
        add(
            DutyKind::Personal,
            "individual_registration",
            "every colleague who touches the data accepts for themselves".into(),
        );
    }
    let stated = |value: &str| !matches!(value, "none" | "none stated" | "not-stated" | "unknown" | "no");
    let security = says("security_duty");
    if stated(security) {
        add(DutyKind::Security, "security_duty", format!("keep the data with {security}"));
    }
    if says("third_party_api") == "conditional" {
        let text = "send records to a hosted service only under the conditions that the terms name";
        add(DutyKind::Security, "third_party_api", text.into());
    }
    let incident = says("report_incident");
    if stated(incident) {
        add(DutyKind::Incident, "report_incident", format!("report a leak or an identification to {incident}"));
    }
    match says("destroy_on_termination") {
        "yes" => add(DutyKind::Destruction, "destroy_on_termination", "destroy all copies when the right ends".into()),
        "on-demand" => add(
            DutyKind::Destruction,
            "destroy_on_termination",
            "return or destroy all copies when the owner asks".into(),
        ),
        _ => {}
    }
    all
}

/// A report is due within 30 days of the end of each calendar year of use. One that a person
/// recorded in that year, before or after the day, is done.
fn annual_report(
    facts: &Facts,
    one: &SubjectFacts,
    today: Date,
    duty: &Duty,
    findings: &mut Vec<Finding>,
) -> Vec<Duty> {
    let Some(receipt) = &one.receipt else { return Vec::new() };
    let year_of = |time: Timestamp| TimeZone::UTC.to_datetime(time).year();
    let is_made = |year: i16| {
        let entries = facts.ledgers.iter().flat_map(|ledger| &ledger.entries);
        entries.map(|entry| &entry.record).any(|record| {
            record.kind == EntryKind::Grant
                && record.dataset == one.id
                && record.requirement.as_deref().is_some_and(|step| step.contains("report"))
                && year_of(record.time) == year
        })
    };
    let mut all = Vec::new();
    for year in year_of(receipt.completed).max(EARLIEST)..=today.year() {
        let Ok(due) = Date::new(year + 1, 1, 30) else { break };
        if is_made(year + 1) {
            continue;
        }
        let text = format!("report the use of {year} to the owner within 30 days of the end of the year");
        let (days, name) = (today.until(due).map_or(0, |span| span.get_days()), one.name());
        let finding = |code, message| {
            let fix = format!("send it, and record it: `medsets access grant {name} annual-report`");
            Finding { place: one.place.clone(), ..Finding::new(code, message, fix).about(&name) }
        };
        if due < today {
            findings.push(finding(Code::DutyOverdue, format!("`{name}`: the report on {year} was due on {due}")));
        } else if days <= 60 {
            findings.push(finding(Code::DutyDue, format!("`{name}`: the report on {year} is due on {due}")));
        }
        all.push(Duty { text, due: Some(due), ..duty.clone() });
    }
    all
}

/// The first year for which a report is counted. A record that names an earlier one is a finding
/// of its own.
const EARLIEST: i16 = 2000;

/// What a person recorded that runs out.
fn renewals(subject: &Subject) -> Vec<Duty> {
    let mut all = Vec::new();
    for standing in &subject.people {
        for step in &standing.steps {
            let Some(expires) = step.expires else { continue };
            all.push(Duty {
                kind: DutyKind::Renewal,
                dataset: subject.name.clone(),
                license: step.license.clone(),
                term: None,
                text: format!("renew: {}", step.title),
                person: Some(standing.person.clone()),
                due: Some(TimeZone::UTC.to_datetime(expires).date()),
            });
        }
    }
    all
}

impl DutyKind {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Renewal => "renewal",
            Self::Credit => "credit",
            Self::Citation => "citation",
            Self::ShareCode => "share-code",
            Self::ShareAlike => "share-alike",
            Self::SameHost => "same-host",
            Self::Notice => "notice",
            Self::Subjects => "subjects",
            Self::Personal => "personal",
            Self::Security => "security",
            Self::Incident => "incident",
            Self::Destruction => "destruction",
        }
    }
}
