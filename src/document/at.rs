//! The way from the root of a file to one of its values.

use std::fmt;

/// A place in a document, such as `release[0].file[3].path`.
///
/// A chain of borrowed steps: naming a place costs nothing until something is wrong there.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    step: Option<(&'a At<'a>, Step<'a>)>,
}

/// One step down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Into a table.
    Key(&'a str),
    /// Into a list.
    Index(usize),
}

impl<'a> At<'a> {
    /// The whole file.
    pub const fn root() -> Self {
        Self { step: None }
    }

    /// The value behind `key` in this table.
    pub fn key(&'a self, key: &'a str) -> Self {
        Self { step: Some((self, Step::Key(key))) }
    }

    /// The value at `index`, from 0, in this list.
    pub fn index(&'a self, index: usize) -> Self {
        Self { step: Some((self, Step::Index(index))) }
    }

    /// The steps from the root down.
    pub(super) fn steps(&self) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        let mut here = *self;
        while let Some((parent, step)) = here.step {
            steps.push(step);
            here = *parent;
        }
        steps.reverse();
        steps
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.steps().into_iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => out.write_str(key)?,
                Step::Key(key) => write!(out, ".{key}")?,
                Step::Index(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}
