//! Who accepted what, and how each step stands for each person.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::access::{self, Holdings, Obstacle, Purpose, Request, State, StepKind, StepState};
use crate::access::{Distribution, Gate};
use crate::agreements::{Entry, EntryKind, Matter, NearMiss, Person, Standings};
use crate::policy::{Code, Finding};
use crate::values::Digest;

use super::facts::{Facts, Ledger, SubjectFacts};

/// How the steps of a dataset stand for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Who, as the ledger writes them.
    pub person: String,
    /// The ledger it is known from.
    pub ledger: String,
    /// Every step that the data ask of whoever has them.
    pub steps: Vec<Step>,
}

/// A step and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its id in the entry.
    pub id: String,
    /// What kind it is.
    pub kind: StepKind,
    /// What it is.
    pub title: String,
    /// The agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// How it stands.
    pub state: State,
    /// Until when it holds, or when it lapsed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Digest of the accepted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_sha256: Option<Digest>,
    /// How it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_from: Option<String>,
}

/// The people of all ledgers, with their statements by dataset.
#[derive(Debug)]
pub struct People<'f> {
    people: Vec<One<'f>>,
    /// The newest accepted text of each licence, whoever accepted it.
    newest: HashMap<&'f str, (Timestamp, Digest)>,
}

/// A person and their ledger.
#[derive(Debug)]
struct One<'f> {
    person: Person,
    /// The name that they gave last, else the address, else the user of the system.
    label: String,
    /// Whether the hosts' answers were given to this person.
    asked_hosts: bool,
    ledger: &'f Ledger,
    /// Their own statements.
    by_dataset: HashMap<&'f str, Vec<&'f Entry>>,
    /// Those of everybody in their ledger, shared by all of them.
    of_all: Rc<HashMap<&'f str, Vec<&'f Entry>>>,
}

/// How long before its end a certificate is spoken of.
const SOON: SignedDuration = SignedDuration::from_hours(60 * 24);

impl<'f> People<'f> {
    /// Sorts the statements of all ledgers. A ledger without a named person is that of each
    /// person who appears in it.
    pub fn of(facts: &'f Facts) -> Self {
        let mut people: Vec<One<'f>> = Vec::new();
        let mut newest: HashMap<&str, (Timestamp, Digest)> = HashMap::new();
        for ledger in &facts.ledgers {
            for entry in &ledger.entries {
                let record = &entry.record;
                if let (EntryKind::Accept, Some(license), Some(digest)) =
                    (&record.kind, &record.license, record.text_sha256)
                {
                    let known = newest.entry(license).or_insert((record.time, digest));
                    if record.time >= known.0 {
                        *known = (record.time, digest);
                    }
                }
            }
            let asked_hosts = people.is_empty() && ledger.person.is_some();
            people.extend(of_ledger(ledger, asked_hosts));
        }
        Self { people, newest }
    }

    /// Digests of the texts that were accepted for a dataset, by licence: the newest where several
    /// people accepted several.
    pub fn text_digests(&self, standings: &[Standing]) -> BTreeMap<String, Digest> {
        let mut digests = BTreeMap::new();
        for step in standings.iter().flat_map(|standing| &standing.steps) {
            let (Some(license), Some(digest)) = (&step.license, step.text_sha256) else { continue };
            let is_newest = self.newest.get(license.as_str()).is_some_and(|(_, newest)| *newest == digest);
            if is_newest || !digests.contains_key(license) {
                digests.insert(license.clone(), digest);
            }
        }
        digests
    }

    /// How the steps of a dataset stand for each person. Findings are for data that are here.
    pub fn of_subject(&self, facts: &SubjectFacts, now: Timestamp, findings: &mut Vec<Finding>) -> Vec<Standing> {
        if !facts.steps.iter().any(|step| step.is_needed_for(Purpose::Import)) {
            return Vec::new();
        }
        if self.people.is_empty() && facts.receipt.is_some() {
            findings.push(nobody(facts));
        }
        let mut all = Vec::with_capacity(self.people.len());
        for one in &self.people {
            let standings = one.standings(facts);
            let gate = gate(facts, standings.clone(), one, now);
            let steps: Vec<&StepState> =
                gate.steps.iter().filter(|state| state.step.is_needed_for(Purpose::Import)).collect();
            if facts.receipt.is_some() {
                for state in &steps {
                    self.judge(facts, one, state, &standings, now, findings);
                }
            }
            let steps = steps.into_iter().map(Step::of).collect();
            all.push(Standing { person: one.label.clone(), ledger: one.ledger.from.clone(), steps });
        }
        all
    }

    fn judge(
        &self,
        facts: &SubjectFacts,
        one: &One<'_>,
        state: &StepState,
        standings: &Standings,
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) {
        let (name, who, title) = (facts.name(), &one.label, &state.step.title);
        let finding = |code, message: String, fix: String| Finding {
            affected: vec![who.clone()],
            place: facts.place.clone(),
            ..Finding::new(code, message, fix).about(&name)
        };
        let detail = state.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
        match state.obstacle {
            Some(Obstacle::NotAccepted) => {
                let matter = Matter {
                    dataset: &facts.id,
                    version: &facts.version,
                    requirement: &state.step.id,
                    license: state.step.license.as_deref(),
                };
                let code = match standings.near_miss(&matter) {
                    Some(NearMiss::OtherRelease { .. }) => Code::AcceptanceOtherVersion,
                    Some(NearMiss::OtherPerson { .. }) => Code::AcceptanceOtherPerson,
                    None => Code::NotAccepted,
                };
                let message = format!("`{name}` is here, and {who} has not taken the step `{title}`{detail}");
                findings.push(finding(
                    code,
                    message,
                    format!("read the text and record it: `medsets access accept {name}`"),
                ));
            }
            Some(Obstacle::Lapsed) => {
                let code =
                    if state.step.kind == StepKind::Training { Code::TrainingExpired } else { Code::NotAccepted };
                let message = format!("`{name}`: the step `{title}` of {who} has lapsed{detail}");
                let fix =
                    format!("renew it at its page and record it: `medsets access grant {name} --file CERTIFICATE`");
                findings.push(finding(code, message, fix));
            }
            Some(Obstacle::NotGranted | Obstacle::Pending) => {
                let message =
                    format!("`{name}` is here, and for {who} nothing is recorded of the step `{title}`{detail}");
                let fix = format!("record the approval or certificate: `medsets access grant {name} --file LETTER`");
                findings.push(finding(Code::NotAccepted, message, fix));
            }
            _ => self.judge_done(facts, one, state, now, findings),
        }
    }

    /// A step that is met may run out soon, or rest on a text that has changed since.
    fn judge_done(
        &self,
        facts: &SubjectFacts,
        one: &One<'_>,
        state: &StepState,
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) {
        let (name, who, title) = (facts.name(), &one.label, &state.step.title);
        let finding = |code, message: String, fix: String| Finding {
            affected: vec![who.clone()],
            place: facts.place.clone(),
            ..Finding::new(code, message, fix).about(&name)
        };
        if let Some(expires) = state.expires.filter(|expires| *expires > now && expires.duration_since(now) <= SOON) {
            let day = expires.strftime("%Y-%m-%d");
            let code = if state.step.kind == StepKind::Training { Code::TrainingExpiring } else { Code::DutyDue };
            let message = format!("`{name}`: the step `{title}` of {who} runs out on {day}");
            findings.push(finding(
                code,
                message,
                format!("renew it before {day} and record it with `medsets access grant {name}`"),
            ));
        }
        let newest = state.step.license.as_deref().and_then(|license| self.newest.get(license));
        if let (Some((at, newest)), Some(mine)) = (newest, state.text_digest)
            && *newest != mine
        {
            let day = at.strftime("%Y-%m-%d");
            let message = format!("`{name}`: {who} accepted the text {mine} of `{title}`; on {day} it was {newest}");
            let fix = format!("read the text of today and record it: `medsets access accept {name}`");
            findings.push(finding(Code::AcceptanceStale, message, fix));
        }
    }
}

impl Step {
    fn of(state: &StepState) -> Self {
        Self {
            id: state.step.id.clone(),
            kind: state.step.kind,
            title: state.step.title.clone(),
            license: state.step.license.clone(),
            state: state.state,
            expires: state.expires,
            text_sha256: state.text_digest,
            known_from: state.known_from.clone(),
        }
    }
}

/// A copy that asks for steps, and ledgers in which nobody states anything.
fn nobody(facts: &SubjectFacts) -> Finding {
    let name = facts.name();
    let message = format!("`{name}` is here and asks for steps, and the ledgers that were read hold nobody's");
    let fix = format!(
        "name the ledgers of those who have it (`--ledger FILE`), or record it: `medsets access accept {name}`"
    );
    Finding { place: facts.place.clone(), ..Finding::new(Code::NotAccepted, message, fix).about(&name) }
}

fn gate(facts: &SubjectFacts, standings: Standings, one: &One<'_>, now: Timestamp) -> Gate {
    let answers = if one.asked_hosts { facts.answers.clone() } else { BTreeMap::new() };
    let holdings = Holdings { standings, answers, ..Holdings::none(one.person.clone(), now) };
    let request = Request {
        dataset: facts.id.clone(),
        version: facts.version.clone(),
        purpose: Purpose::Import,
        distribution: Distribution::Program,
    };
    access::gate(request, &facts.steps, &holdings)
}

impl One<'_> {
    /// What counts for a dataset: their own statements, and of other people the last acceptance
    /// of each agreement, which tells why one that is remembered does not count.
    fn standings(&self, facts: &SubjectFacts) -> Standings {
        let of = facts.id.as_str();
        let all = || self.of_all.get(of).into_iter().flatten().rev();
        let of_others = facts.steps.iter().filter_map(|step| {
            let is_meant = |entry: &&&Entry| {
                entry.record.kind == EntryKind::Accept
                    && entry.record.license == step.license
                    && !self.person.is(&entry.record.who)
            };
            all().find(is_meant)
        });
        let mine = self.by_dataset.get(of).into_iter().flatten();
        Standings::from_entries(self.person.clone(), of_others.chain(mine).map(|entry| (*entry).clone()))
    }
}

/// The people of a ledger with their statements: the one whose it is, else everybody who states
/// something in it, in the order of their first word.
fn of_ledger(ledger: &Ledger, asked_hosts: bool) -> Vec<One<'_>> {
    let mut of_all: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in &ledger.entries {
        of_all.entry(entry.record.dataset.as_str()).or_default().push(entry);
    }
    let of_all = Rc::new(of_all);
    let one = |person: Person| One {
        label: person.email.clone().unwrap_or_else(|| person.os_user.clone()),
        person,
        asked_hosts,
        ledger,
        by_dataset: HashMap::new(),
        of_all: Rc::clone(&of_all),
    };
    let mut people: Vec<One<'_>> = ledger.person.iter().cloned().map(one).collect();
    // Where each user of a system stands in the list.
    let mut by_user: HashMap<&str, Vec<usize>> = HashMap::new();
    if let Some(person) = &ledger.person {
        by_user.insert(&person.os_user, vec![0]);
    }
    for entry in &ledger.entries {
        let who = &entry.record.who;
        let places = by_user.entry(&who.os_user).or_default();
        let is_known = places.iter().any(|place| people[*place].person.is(who));
        if !is_known && ledger.person.is_none() {
            places.push(people.len());
            people.push(one(Person { os_user: who.os_user.clone(), email: who.email.clone() }));
        }
        for place in places.iter() {
            let one = &mut people[*place];
            if one.person.is(who) {
                one.by_dataset.entry(entry.record.dataset.as_str()).or_default().push(entry);
                one.label = who.name.clone().unwrap_or_else(|| one.label.clone());
            }
        }
    }
    people
}
