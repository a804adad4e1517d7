//! Which files carry terms that a person asked for with `--license`.
//!
//! A file's terms are what the host states of it, else what the entry says of it, its group or
//! its rule, else those of the whole. An expression is within what was asked for where the
//! licences that were asked for are enough for it: of `A OR B` one, of `A AND B` both. A part
//! of which nothing is stated is within nothing.

use std::collections::{BTreeMap, HashMap};

use crate::catalog::Selection;
use crate::licenses::Expression;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::values::{Printable, counted};

/// The licences that were asked for, and those that were met on the way.
pub(super) struct Licenses {
    asked: Vec<String>,
    /// Whether an expression is within what was asked for; a listing has few of them.
    verdicts: HashMap<String, bool>,
    /// How many files are under which terms.
    seen: BTreeMap<String, u64>,
}

impl Licenses {
    /// In any case, as people write them.
    pub(super) fn read(asked: &[String]) -> Self {
        let asked = asked.iter().map(|license| license.trim().to_lowercase()).filter(|license| !license.is_empty());
        Self { asked: asked.collect(), verdicts: HashMap::new(), seen: BTreeMap::new() }
    }

    /// Whether a file under these terms is meant. Notes the terms.
    pub(super) fn mean(&mut self, license: &str) -> bool {
        if self.asked.is_empty() {
            return true;
        }
        match self.seen.get_mut(license) {
            Some(count) => *count += 1,
            None => {
                self.seen.insert(license.to_owned(), 1);
            }
        }
        if let Some(verdict) = self.verdicts.get(license) {
            return *verdict;
        }
        let has = |id: &str| self.asked.iter().any(|asked| asked.eq_ignore_ascii_case(id));
        let verdict = has(license) || Expression::parse(license).is_ok_and(|expression| expression.is_within(&has));
        self.verdicts.insert(license.to_owned(), verdict);
        verdict
    }

    /// Refuses where no file at all is under what was asked for: with the terms that there are,
    /// and plainly where nobody states any for single files. `whole` are the terms of the whole.
    pub(super) fn refuse_idle(&self, selection: &Selection, whole: &str) -> Result<(), Failure> {
        if self.seen.is_empty() || self.verdicts.values().any(|verdict| *verdict) {
            return Ok(());
        }
        let asked = self.asked.iter().map(|one| format!("`{}`", Printable::new(one))).collect::<Vec<_>>().join(", ");
        if self.seen.keys().all(|license| license == whole) {
            let message =
                format!("nothing states licences of single files of `{selection}`, so none can be chosen by {asked}");
            return Err(Failure::new(Exit::USAGE, message)
                .help(format!(
                    "the whole is under `{}`, and so is each file as far as anybody says",
                    Printable::new(whole)
                ))
                .help("`medsets info ID` shows the terms; without `--license` all of it is fetched"));
        }
        let mut known: Vec<(&String, &u64)> = self.seen.iter().collect();
        known.sort_by(|one, other| other.1.cmp(one.1).then_with(|| one.0.cmp(other.0)));
        let known: Vec<String> = known
            .iter()
            .take(SHOWN)
            .map(|(license, count)| format!("`{}` ({})", Printable::new(license), counted(**count, "file")))
            .collect();
        let more = if self.seen.len() > SHOWN { " and more" } else { "" };
        Err(Failure::new(Exit::USAGE, format!("no file of `{selection}` is under {asked}"))
            .help(format!("there is {}{more}", known.join(", "))))
    }
}

/// Terms that are named in one message.
const SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_within_what_was_asked_for() {
        #[track_caller]
        fn check(asked: &[&str], license: &str, expected: bool) {
            let asked: Vec<String> = asked.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(Licenses::read(&asked).mean(license), expected, "{asked:?} {license}");
        }
        check(&[], "NOASSERTION", true);
        check(&["cc-by-4.0", "cc0-1.0"], "CC0-1.0", true);
        check(&["CC-BY-4.0"], "CC-BY-4.0", true);
        check(&[" Cc-By-4.0 "], "cc-by-4.0", true); // as a host may write it
        check(&["cc-by-4.0"], "CC-BY-NC-4.0", false);
        check(&["cc-by"], "CC-BY-4.0", false);
        check(&["mit"], "MIT OR CC-BY-NC-4.0", true);
        check(&["mit"], "MIT AND CC0-1.0", false);
        check(&["mit", "cc0-1.0"], "MIT AND CC0-1.0", true);
        check(&["cc0-1.0"], "CC0-1.0 AND NOASSERTION", false);
        check(&["licenseref-isic-per-image"], "LicenseRef-ISIC-Per-Image", true);
        check(&["noassertion"], "NOASSERTION", true); // in so many words
        check(&["cc0"], "Other: ask the authors", false);
    }
}
