//! A closed gate as a person reads it: what is met, what is missing, what to do.

use std::collections::HashSet;
use std::fmt;

use crate::remedy::{self, Held, Remedy};
use crate::values::{DatasetId, Printable};

use super::gate::{Gate, Obstacle, Request, State, StepState};
use super::step::{Distribution, Purpose, StepKind};

/// Why a dataset may not be touched.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Steps are missing. The message is the whole checklist, over several lines.
    #[error("{0}")]
    Closed(Box<Gate>),
}

impl AccessError {
    /// The gate that is closed.
    pub fn gate(&self) -> &Gate {
        let Self::Closed(gate) = self;
        gate
    }

    /// The exit code: that of the first unmet step.
    pub fn exit(&self) -> u8 {
        self.gate().obstacle().map_or(1, Obstacle::exit)
    }
}

impl Gate {
    /// The gate, if it is open; the whole checklist as an error, if not.
    pub fn pass(self) -> Result<Self, AccessError> {
        if self.is_open() { Ok(self) } else { Err(AccessError::Closed(Box::new(self))) }
    }

    /// One line for each step that counts for the purpose: its state, its title, how it stands.
    pub fn checklist(&self) -> Vec<String> {
        self.counted().map(|state| state.to_string()).collect()
    }

    /// What to do for each step that is not met, in order. Pages stand in angle brackets,
    /// commands in backticks.
    pub fn help(&self) -> Vec<String> {
        let Request { dataset, distribution, .. } = &self.request;
        match distribution {
            Distribution::None { instead, .. } => return printable(instead.as_deref()),
            Distribution::ByHand { .. } | Distribution::Program => {}
        }
        let mut help: Vec<String> =
            self.counted().filter(|state| state.state != State::Done).flat_map(|state| state.help(dataset)).collect();
        if let (Distribution::ByHand { instead }, Purpose::Fetch) = (distribution, self.request.purpose) {
            help.extend(printable(instead.as_deref()));
        }
        if self
            .steps
            .iter()
            .any(|state| state.obstacle == Some(Obstacle::ByHand) && state.step.kind == StepKind::Manual)
        {
            help.push(format!("once you have the files, take them in with `medsets import {dataset} PATH...`"));
        }
        // Two agreements are accepted with one command, two steps may be on one page.
        let mut told = HashSet::new();
        help.retain(|line| told.insert(line.clone()));
        help
    }

    /// The steps that count for the purpose.
    fn counted(&self) -> impl Iterator<Item = &StepState> {
        self.steps.iter().filter(|state| state.step.is_needed_for(self.request.purpose))
    }
}

impl StepState {
    /// What to do about a step that is not met.
    fn help(&self, dataset: &DatasetId) -> Vec<String> {
        let title = Printable::new(&self.step.title);
        let mut lines: Vec<String> = self.step.page.iter().map(|page| format!("{title}: <{page}>")).collect();
        let id = &self.step.id;
        match (self.step.kind, self.obstacle) {
            (StepKind::Account, Some(obstacle)) => {
                lines.extend(self.step.provider.as_deref().map(|provider| sign_in(provider, dataset)));
                if obstacle == Obstacle::NoCredential {
                    lines.push(format!(
                        "or, for an account used in a browser, record it with `medsets access grant {dataset} {id}`"
                    ));
                }
            }
            // An account that only a browser can use: the person knows, the program does not.
            (StepKind::Account, None) if self.state == State::Unknown => {
                lines.push(format!("once you have it, record it with `medsets access grant {dataset} {id}`"));
            }
            (StepKind::Account, None) | (StepKind::Manual, _) => {}
            (StepKind::Agreement, _) => {
                lines.push(format!("read the text and accept it with `medsets access accept {dataset}`"));
            }
            (_, Some(Obstacle::Pending)) => {
                lines.push("wait for the host's answer and run the same command again".into())
            }
            _ => lines.push(format!("record it with `medsets access grant {dataset} {id} --file LETTER.pdf`")),
        }
        lines
    }

    /// The word before the title.
    fn word(&self) -> &'static str {
        match self.state {
            State::Done => "met",
            State::Missing => "missing",
            State::Pending => "pending",
            State::Lapsed if self.obstacle == Some(Obstacle::TextChanged) => "changed",
            State::Lapsed => "lapsed",
            State::Unknown => "unknown",
        }
    }
}

/// How a provider's credential is given.
fn sign_in(provider: &str, dataset: &DatasetId) -> String {
    // A name of the dataset's own: what the page gives is a link.
    match provider.strip_suffix(dataset.as_str()).is_some_and(|rest| rest.ends_with('-')) {
        true => remedy::hand_over_link(provider, dataset.as_str()),
        false => remedy::hand_over(provider, Held::Either),
    }
}

fn printable(text: Option<&str>) -> Vec<String> {
    text.iter().map(|text| Printable::cut(text, 1000).to_string()).collect()
}

impl fmt::Display for StepState {
    /// `missing  Complete the course (usually about a day)`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<8} {}", self.word(), Printable::new(&self.step.title))?;
        if let Some(detail) = &self.detail {
            write!(out, ": {}", Printable::new(detail))?;
        }
        if matches!(self.state, State::Missing | State::Lapsed) {
            let wait = self.step.usual_wait.as_ref().map(|wait| format!("usually {wait}"));
            let notes: Vec<String> = wait.into_iter().chain(self.step.fee.clone()).collect();
            if !notes.is_empty() {
                write!(out, " ({})", Printable::new(&notes.join(", ")))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { dataset, version, purpose, distribution } = &self.request;
        if let Distribution::None { reason, .. } = distribution {
            write!(out, "`{dataset}` is not distributed")?;
            return match reason {
                Some(reason) => write!(out, ": {}", Printable::cut(reason, 1000)),
                None => Ok(()),
            };
        }
        let done = match purpose {
            Purpose::Fetch => "fetched",
            Purpose::Import => "imported",
            Purpose::HandOn => "handed on",
        };
        write!(out, "`{dataset}` {} cannot be {done} yet", Printable::new(version))?;
        self.checklist().iter().try_for_each(|line| write!(out, "\n  {line}"))
    }
}

impl Remedy for AccessError {
    fn remedy(&self) -> Option<String> {
        let help = self.gate().help();
        (!help.is_empty()).then(|| help.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::gate::tests::{asked, credentialed, holdings};
    use crate::access::{Account, gate};

    #[test]
    fn a_closed_gate_shows_everything_at_once() {
        let mut holdings = holdings(Vec::new());
        let from = "`MEDSETS_USER_PHYSIONET`".to_owned();
        holdings.accounts.insert("physionet".into(), Account::SignedIn { name: Some("jdoe".into()), from });
        let error = gate(asked(Purpose::Fetch), &credentialed(), &holdings).pass().unwrap_err();
        assert_eq!(error.exit(), 22);
        assert_eq!(
            error.to_string(),
            "`mimic-cxr` 2.1.0 cannot be fetched yet\n\
             \x20 met      Create a PhysioNet account: signed in as `jdoe`\n\
             \x20 missing  Complete the CITI course (usually a day)\n\
             \x20 missing  Apply for credentialed access (usually about a week)\n\
             \x20 missing  Sign the data use agreement"
        );
        assert_eq!(
            error.remedy().unwrap(),
            "Complete the CITI course: <https://physionet.example/citi>\n\
             record it with `medsets access grant mimic-cxr citi --file LETTER.pdf`\n\
             Apply for credentialed access: <https://physionet.example/apply>\n\
             record it with `medsets access grant mimic-cxr credentialing --file LETTER.pdf`\n\
             Sign the data use agreement: <https://physionet.example/sign>\n\
             read the text and accept it with `medsets access accept mimic-cxr`"
        );
    }

    #[test]
    fn an_import_does_not_speak_of_accounts() {
        let error = gate(asked(Purpose::Import), &credentialed(), &holdings(Vec::new())).pass().unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("`mimic-cxr` 2.1.0 cannot be imported yet\n  missing  Complete"), "{text}");
    }

    #[test]
    fn what_is_not_distributed_says_why() {
        let reason = Some("the authors may share tweet ids only".to_owned());
        let instead = Some("read the paper".to_owned());
        let request = Request { distribution: Distribution::None { reason, instead }, ..asked(Purpose::Fetch) };
        let error = gate(request, &[], &holdings(Vec::new())).pass().unwrap_err();
        assert_eq!(error.to_string(), "`mimic-cxr` is not distributed: the authors may share tweet ids only");
        assert_eq!((error.exit(), error.remedy().as_deref()), (27, Some("read the paper")));
    }

    #[test]
    fn what_is_got_by_hand_says_how_to_go_on() {
        let instead = Some("download the files in a browser".to_owned());
        let request = Request { distribution: Distribution::ByHand { instead }, ..asked(Purpose::Fetch) };
        let error = gate(request, &[], &holdings(Vec::new())).pass().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`mimic-cxr` 2.1.0 cannot be fetched yet\n  missing  Get the files by hand and import them"
        );
        assert_eq!(
            error.remedy().unwrap(),
            "download the files in a browser\n\
             once you have the files, take them in with `medsets import mimic-cxr PATH...`"
        );
    }

    #[test]
    fn no_credential_names_the_variables() {
        let mut holdings = holdings(Vec::new());
        holdings.accounts.insert("physionet".into(), Account::NoCredential);
        let error = gate(asked(Purpose::Fetch), &credentialed(), &holdings).pass().unwrap_err();
        assert_eq!(error.exit(), 20);
        assert!(error.remedy().unwrap().contains(
            "store it with `medsets auth login physionet`; without a terminal set `MEDSETS_TOKEN_PHYSIONET`, \
             or `MEDSETS_USER_PHYSIONET` and `MEDSETS_PASSWORD_PHYSIONET`"
        ));
    }
}
