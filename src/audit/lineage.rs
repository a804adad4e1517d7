//! What the project makes, and the datasets that it comes from.
//!
//! Terms follow what went into a thing, not the folder it lies in: a model of one dataset does
//! not carry the terms of its neighbour.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::catalog::Reference;
use crate::policy::{Act, Finding, Place, Word};
use crate::project::{Manifest, Output, OutputKind};

use super::combine;
use super::facts::Facts;
use super::subject::Subject;

/// Something that the project makes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutputKind,
    /// The datasets that went into it, by their full names.
    pub from: Vec<String>,
    /// The act that its release is.
    pub act: Act,
    /// What their terms say together.
    pub word: Word,
    /// The datasets that force it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forced_by: Vec<String>,
    /// Whether terms of its datasets exclude each other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// Datasets that go into one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What it is called in findings.
    pub name: String,
    /// Its datasets, by their place in the list.
    pub subjects: Vec<usize>,
    /// The acts that its release is.
    pub acts: Vec<Act>,
    /// Where the project names it.
    pub place: Option<Place>,
}

impl Scope {
    /// All datasets of a project that names nothing that it makes.
    pub fn all(count: usize, planned: &[Act]) -> Self {
        Self {
            name: "the datasets together".to_owned(),
            subjects: (0..count).collect(),
            acts: planned.to_vec(),
            place: None,
        }
    }
}

/// One scope per thing that the project makes.
pub fn scopes(facts: &Facts, subjects: &[Subject]) -> Vec<Scope> {
    let Some(project) = &facts.project else { return Vec::new() };
    let scope = |(output, subjects): (&Output, Vec<usize>)| Scope {
        name: format!("output `{}`", output.name),
        subjects,
        acts: vec![act(output.kind)],
        place: Some(Place { file: project.file.clone(), line: output.line }),
    };
    project.outputs.iter().zip(sources(project, subjects)).map(scope).collect()
}

/// What the project makes, with the word of its datasets together.
pub fn outputs(facts: &Facts, subjects: &[Subject], findings: &[Finding]) -> Vec<Made> {
    let Some(project) = &facts.project else { return Vec::new() };
    let made = |(output, from): (&Output, Vec<usize>)| {
        let members: Vec<&Subject> = from.into_iter().map(|index| &subjects[index]).collect();
        let act = act(output.kind);
        let combined = combine::of(&members).uses.remove(&act);
        let place = Place { file: project.file.clone(), line: output.line };
        Made {
            name: output.name.clone(),
            kind: output.kind,
            from: members.iter().map(|one| one.name.clone()).collect(),
            act,
            word: combined.as_ref().map_or(Word::Allowed, |one| one.word),
            forced_by: combined.map(|one| one.forced_by).unwrap_or_default(),
            conflict: findings.iter().any(|finding| finding.place.as_ref() == Some(&place) && finding.code.denies()),
        }
    };
    project.outputs.iter().zip(sources(project, subjects)).map(made).collect()
}

fn act(kind: OutputKind) -> Act {
    match kind {
        OutputKind::Weights => Act::ReleaseWeights,
        OutputKind::DerivedData => Act::ReleaseDerivedData,
        OutputKind::Publication => Act::PublishResults,
    }
}

/// The datasets that went into each output, through other outputs too. An output names only
/// those that stand before it, so that each is settled once.
fn sources(project: &Manifest, subjects: &[Subject]) -> Vec<Vec<usize>> {
    let mut settled: HashMap<&str, BTreeSet<usize>> = HashMap::new();
    for output in &project.outputs {
        let mut found = BTreeSet::new();
        for name in &output.from {
            found.extend(settled.get(name.as_str()).into_iter().flatten());
            // The copy of a reference is of the version that was the newest then.
            let place = Reference::parse(name).and_then(Result::ok).map(|reference| reference.id());
            let is_meant = |one: &Subject| {
                one.id.as_str() == name
                    || one.name == *name
                    || one.reference.as_ref() == Some(name)
                    || place.as_ref() == Some(&one.id)
            };
            found.extend(subjects.iter().enumerate().filter(|(_, one)| is_meant(one)).map(|(index, _)| index));
        }
        settled.insert(&output.name, found);
    }
    let of_output =
        |output: &Output| -> Vec<usize> { settled.get(output.name.as_str()).into_iter().flatten().copied().collect() };
    project.outputs.iter().map(of_output).collect()
}
