//! Requirements beside holdings: open, or every obstacle at once.
//!
//! Every step gets a state, also when an earlier one is missing. The gate is closed by the
//! steps that are missing, pending or lapsed. A step whose state is unknown (an account that
//! only a browser can use) is shown but closes nothing: the host itself will ask for it. A
//! person can record it as done like any other step.
//!
//! What meets a step: an account a stored credential or a recorded grant; an agreement the
//! person's own acceptance of today's text for this release; everything else a recorded grant
//! that has not lapsed, or the host's word.

use jiff::Timestamp;
use serde::Serialize;

use crate::agreements::{Acceptance, Grant, Matter, NearMiss, Standing};
use crate::values::{DatasetId, Digest};

use super::holdings::{Account, CurrentText, Holdings, HostAnswer};
use super::step::{Distribution, OnChange, Purpose, Step, StepKind};

/// What is asked of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The dataset.
    pub dataset: DatasetId,
    /// The release.
    pub version: String,
    /// What the person wants to do.
    pub purpose: Purpose,
    /// How the dataset is handed out.
    pub distribution: Distribution,
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What was asked.
    pub request: Request,
    /// Every step in the entry's order.
    pub steps: Vec<StepState>,
}

/// A step and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepState {
    /// The step.
    pub step: Step,
    /// How it stands.
    pub state: State,
    /// What closes the gate, if this step does. `None` for a step that is met, unknown, or not
    /// needed for the purpose.
    pub obstacle: Option<Obstacle>,
    /// How the state is known.
    pub known_from: Option<String>,
    /// Until when it holds, or when it lapsed.
    pub expires: Option<Timestamp>,
    /// Digest of the accepted text.
    pub text_digest: Option<Digest>,
    /// More about the state, for a person.
    pub detail: Option<String>,
    /// Something that a person should know though it closes nothing.
    pub warning: Option<String>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Met.
    Done,
    /// To be done.
    Missing,
    /// Done by the person, not yet decided by the host.
    Pending,
    /// Met once, no more: expired, or the text has changed.
    Lapsed,
    /// Cannot be told here.
    Unknown,
}

impl State {
    /// The word in JSON and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Missing => "missing",
            Self::Pending => "pending",
            Self::Lapsed => "lapsed",
            Self::Unknown => "unknown",
        }
    }
}

/// What closes a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// No credential for the host.
    NoCredential,
    /// The host did not take the credential.
    CredentialRefused,
    /// Training, application or approval is not there.
    NotGranted,
    /// The host has not decided yet.
    Pending,
    /// The terms are not accepted.
    NotAccepted,
    /// The text has changed since it was accepted.
    TextChanged,
    /// A grant or an acceptance has run out.
    Lapsed,
    /// A person must do something by hand.
    ByHand,
    /// Nothing is distributed.
    NotDistributed,
}

/// Puts the steps of a dataset beside what a person holds.
pub fn gate(request: Request, steps: &[Step], holdings: &Holdings) -> Gate {
    let judge = |step: &Step| {
        let mut state = judge(&request, step, holdings);
        if !step.is_needed_for(request.purpose) {
            state.obstacle = None;
        }
        state
    };
    let mut steps: Vec<StepState> = steps.iter().map(judge).collect();
    let by_hand = matches!(request.distribution, Distribution::ByHand { .. });
    let has_manual_step = steps.iter().any(|state| state.step.kind == StepKind::Manual);
    if by_hand && request.purpose == Purpose::Fetch && !has_manual_step {
        let step = Step::new(StepKind::Manual, "by-hand", "Get the files by hand and import them");
        steps.push(judge_manual(&step, holdings, Standing::Nothing));
    }
    Gate { request, steps }
}

impl Gate {
    /// Whether nothing stands in the way.
    pub fn is_open(&self) -> bool {
        self.obstacle().is_none()
    }

    /// What closes the gate: the first unmet step in the entry's order.
    pub fn obstacle(&self) -> Option<Obstacle> {
        if matches!(self.request.distribution, Distribution::None { .. }) {
            return Some(Obstacle::NotDistributed);
        }
        self.steps.iter().find_map(|state| state.obstacle)
    }

    /// The agreements to be read, when nothing else stands in the way: on a terminal they can
    /// be accepted there and then.
    pub fn missing_acceptances(&self) -> Option<Vec<&Step>> {
        let is_agreement = |state: &&StepState| state.step.kind == StepKind::Agreement;
        let unmet: Vec<&StepState> = self.steps.iter().filter(|state| state.obstacle.is_some()).collect();
        let distributed = !matches!(self.request.distribution, Distribution::None { .. });
        (distributed && !unmet.is_empty() && unmet.iter().all(is_agreement))
            .then(|| unmet.into_iter().map(|state| &state.step).collect())
    }

    /// What a person should know though it closes nothing.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|state| state.warning.as_deref())
    }
}

impl Obstacle {
    /// The exit code.
    pub fn exit(self) -> u8 {
        match self {
            Self::NoCredential => 20,
            Self::CredentialRefused => 21,
            Self::NotGranted | Self::Pending => 22,
            Self::NotAccepted => 23,
            Self::TextChanged => 24,
            Self::Lapsed => 25,
            Self::ByHand => 26,
            Self::NotDistributed => 27,
        }
    }

    /// The code in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoCredential => "access.no-credential",
            Self::CredentialRefused => "access.credential-refused",
            Self::NotGranted => "access.not-granted",
            Self::Pending => "access.pending",
            Self::NotAccepted => "access.not-accepted",
            Self::TextChanged => "access.text-changed",
            Self::Lapsed => "access.lapsed",
            Self::ByHand => "access.by-hand",
            Self::NotDistributed => "access.not-distributed",
        }
    }
}

fn judge(request: &Request, step: &Step, holdings: &Holdings) -> StepState {
    let matter = Matter {
        dataset: &request.dataset,
        version: &request.version,
        requirement: &step.id,
        license: step.license.as_deref().filter(|_| step.kind == StepKind::Agreement),
    };
    let standing = holdings.standings.standing(&matter);
    match step.kind {
        StepKind::Account => judge_account(step, holdings, standing),
        StepKind::Agreement => judge_agreement(step, holdings, standing, &matter),
        StepKind::Manual => judge_manual(step, holdings, standing),
        StepKind::Fee => judge_granted(step, holdings, standing, Obstacle::ByHand),
        StepKind::Training | StepKind::Application | StepKind::Approval => {
            judge_granted(step, holdings, standing, Obstacle::NotGranted)
        }
    }
}

fn judge_account(step: &Step, holdings: &Holdings, standing: Standing) -> StepState {
    let account = step.provider.as_ref().and_then(|provider| holdings.accounts.get(provider));
    match (account, standing) {
        (Some(Account::SignedIn { name, from }), _) => {
            let detail = name.as_ref().map(|name| format!("signed in as `{name}`"));
            StepState { known_from: Some(from.clone()), detail, ..StepState::of(step, State::Done) }
        }
        (Some(Account::Refused { from }), _) => {
            let detail = Some(format!("the host did not take the credential from {from}"));
            StepState { detail, ..StepState::closed(step, State::Missing, Obstacle::CredentialRefused) }
        }
        // A person's word that there is an account counts, as for hosts that are not known here.
        (Some(Account::NoCredential), Standing::Granted(grant)) => granted(step, holdings, &grant),
        (Some(Account::NoCredential), _) => {
            let detail = Some("no credential is stored".to_owned());
            StepState { detail, ..StepState::closed(step, State::Missing, Obstacle::NoCredential) }
        }
        (None, Standing::Granted(grant)) => granted(step, holdings, &grant),
        (None, _) => {
            let detail = Some("cannot be checked from here".to_owned());
            StepState { detail, ..StepState::of(step, State::Unknown) }
        }
    }
}

fn judge_agreement(step: &Step, holdings: &Holdings, standing: Standing, matter: &Matter<'_>) -> StepState {
    let not_accepted = || StepState::closed(step, State::Missing, Obstacle::NotAccepted);
    match standing {
        Standing::Accepted(acceptance) => judge_acceptance(step, holdings, &acceptance),
        Standing::Withdrawn { at, sequence } => {
            let detail = Some(format!("withdrawn on {} by ledger entry {sequence}", day(at)));
            StepState { detail, ..not_accepted() }
        }
        Standing::Nothing | Standing::Granted(_) => {
            let detail = holdings.standings.near_miss(matter).map(|near| match near {
                NearMiss::OtherRelease { version } => format!("accepted for release {version} only"),
                NearMiss::OtherPerson { name } => format!("accepted by `{name}`, and an acceptance is personal"),
            });
            StepState { detail, ..not_accepted() }
        }
    }
}

fn judge_acceptance(step: &Step, holdings: &Holdings, acceptance: &Acceptance) -> StepState {
    let known = StepState {
        known_from: Some(format!("ledger entry {}", acceptance.sequence)),
        expires: acceptance.expires,
        text_digest: acceptance.text_sha256,
        detail: Some(format!("accepted on {}", day(acceptance.at))),
        ..StepState::of(step, State::Done)
    };
    if acceptance.expires.is_some_and(|expires| expires <= holdings.now) {
        return known.lapsed(Obstacle::Lapsed, acceptance.expires.map(|at| format!("it ran out on {}", day(at))));
    }
    let name = step.license.as_deref().unwrap_or(&step.title);
    match step.license.as_ref().and_then(|license| holdings.texts.get(license)) {
        None => known,
        Some(CurrentText::Digest(digest)) if Some(digest) == acceptance.text_sha256.as_ref() => known,
        Some(CurrentText::Digest(today)) => {
            let accepted = acceptance.text_sha256.map_or(String::new(), |accepted| format!(" as {accepted}"));
            let on = day(acceptance.at);
            let detail = format!("the text has changed since it was accepted on {on}{accepted}; it is {today} now");
            match step.on_change {
                OnChange::Blocks => known.lapsed(Obstacle::TextChanged, Some(detail)),
                OnChange::Warns => StepState { warning: Some(format!("`{name}`: {detail}")), ..known },
            }
        }
        Some(CurrentText::NotRead(reason)) => {
            let warning = format!("the text of `{name}` could not be compared with the accepted one: {reason}");
            StepState { warning: Some(warning), ..known }
        }
    }
}

/// A step that a recorded grant meets, or the host's word. What the person withdrew, or what has
/// run out since, is not met by what a host said before.
fn judge_granted(step: &Step, holdings: &Holdings, standing: Standing, obstacle: Obstacle) -> StepState {
    let (recorded, over) = match standing {
        Standing::Granted(grant) => {
            let state = granted(step, holdings, &grant);
            let over = state.expires.filter(|_| state.state == State::Lapsed);
            (state, over)
        }
        Standing::Withdrawn { at, sequence } => {
            let detail = Some(format!("withdrawn on {} by ledger entry {sequence}", day(at)));
            (StepState { detail, ..StepState::closed(step, State::Missing, obstacle) }, Some(at))
        }
        Standing::Nothing | Standing::Accepted(_) => (StepState::closed(step, State::Missing, obstacle), None),
    };
    let known_from = Some("host".to_owned());
    match holdings.answers.get(&step.id) {
        Some(HostAnswer::Granted { at }) if over.is_none_or(|over| *at > over) => {
            let detail = Some(format!("granted by the host on {}", day(*at)));
            StepState { known_from, detail, ..StepState::of(step, State::Done) }
        }
        Some(HostAnswer::Pending) => {
            let detail = Some("the host has not decided yet".to_owned());
            StepState { known_from, detail, ..StepState::closed(step, State::Pending, Obstacle::Pending) }
        }
        Some(HostAnswer::NotGranted) => {
            let detail = Some("the host says it is not granted".to_owned());
            StepState { known_from, detail, ..StepState::closed(step, State::Missing, obstacle) }
        }
        Some(HostAnswer::Granted { .. }) | None => recorded,
    }
}

fn judge_manual(step: &Step, holdings: &Holdings, standing: Standing) -> StepState {
    if holdings.imported {
        let known_from = Some("the imported files".to_owned());
        return StepState { known_from, ..StepState::of(step, State::Done) };
    }
    judge_granted(step, holdings, standing, Obstacle::ByHand)
}

/// A recorded grant: met until it expires, by its own date or by how long such a step holds.
fn granted(step: &Step, holdings: &Holdings, grant: &Grant) -> StepState {
    let by_rule = || step.valid_for.and_then(|valid| grant.at.checked_add(valid).ok());
    let expires = grant.expires.or_else(by_rule);
    let known = StepState {
        known_from: Some(format!("ledger entry {}", grant.sequence)),
        expires,
        detail: Some(format!("recorded on {}", day(grant.at))),
        ..StepState::of(step, State::Done)
    };
    match expires {
        Some(at) if at <= holdings.now => known.lapsed(Obstacle::Lapsed, Some(format!("it ran out on {}", day(at)))),
        _ => known,
    }
}

impl StepState {
    /// A state that closes nothing.
    fn of(step: &Step, state: State) -> Self {
        Self {
            step: step.clone(),
            state,
            obstacle: None,
            known_from: None,
            expires: None,
            text_digest: None,
            detail: None,
            warning: None,
        }
    }

    fn closed(step: &Step, state: State, obstacle: Obstacle) -> Self {
        Self { obstacle: Some(obstacle), ..Self::of(step, state) }
    }

    fn lapsed(self, obstacle: Obstacle, detail: Option<String>) -> Self {
        Self { state: State::Lapsed, obstacle: Some(obstacle), detail, ..self }
    }
}

/// The day in UTC.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
pub(super) mod tests;
