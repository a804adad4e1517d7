//! A dataset at Redivis or a table of it, as Redivis itself writes references.
//!
//! `owner.dataset:id:version.table:id`; ids and version may be absent. The version is none of the
//! place. Names of owners are the same in any case. Source: Redivis's documentation (referencing
//! resources), read 2026-11-28.

use std::fmt;

use crate::values::Printable;

use super::{Place, Read, Reference, letters};

/// A dataset, or one table of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedivisPlace {
    /// Organisation or person.
    pub owner: String,
    /// Name of the dataset, with its id where one was given.
    pub dataset: String,
    /// The table; all that index files when absent.
    pub table: Option<String>,
}

impl fmt::Display for RedivisPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.owner, self.dataset)?;
        self.table.as_ref().map_or(Ok(()), |table| write!(out, ".{table}"))
    }
}

impl RedivisPlace {
    /// Reads what stands behind the colon. The version stands where Redivis writes it, or behind `@`.
    pub(super) fn read(text: &str) -> Read<Reference> {
        let (text, asked) = match text.split_once('@') {
            Some((text, version)) => (text, Some(version_of(version)?)),
            None => (text, None),
        };
        let parts: Vec<&str> = text.split('.').collect();
        let (owner, dataset, table) = match parts[..] {
            [owner, dataset] => (owner, dataset, None),
            [owner, dataset, table] => (owner, dataset, Some(table)),
            _ => return Err("it has an owner, a dataset and at most one table, divided by dots".to_owned()),
        };
        let (mut kept, mut written) = (Vec::new(), None);
        for part in dataset.split(':') {
            match part {
                "current" if !kept.is_empty() => {}
                "next" if !kept.is_empty() => return Err("what is not released yet is no version".to_owned()),
                part if !kept.is_empty() && is_version(part) => written = Some(part.to_owned()),
                part => kept.push(letters(part, MARKS)?),
            }
        }
        if written.is_some() && asked.is_some() && written != asked {
            return Err("it names two versions".to_owned());
        }
        let place = Self {
            owner: letters(owner, MARKS)?.to_ascii_lowercase(),
            dataset: kept.join(":"),
            table: table
                .map(|table| table.split(':').map(|part| letters(part, MARKS)).collect::<Read<Vec<_>>>())
                .transpose()?
                .map(|parts| parts.join(":")),
        };
        Ok(Reference { place: Place::Redivis(place), version: asked.or(written) })
    }

    /// The dataset as Redivis wants it, with a version.
    pub fn dataset_at(&self, version: Option<&str>) -> String {
        version.map_or_else(|| self.dataset.clone(), |version| format!("{}:{version}", self.dataset))
    }

    /// The version in a reference of Redivis's own making, where it has one.
    pub fn version_in(reference: &str) -> Option<&str> {
        reference.split([':', '.']).find(|part| is_version(part))
    }

    /// Whether a source of an entry is this place. Ids and versions are not compared: not
    /// everybody writes them.
    pub(super) fn is_at(&self, organization: &str, dataset: &str, table: Option<&str>) -> bool {
        let name = |text: &str| text.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let tables = match (self.table.as_deref(), table) {
            (Some(one), Some(other)) => name(one) == name(other),
            // The dataset holds its tables.
            (_, None) => true,
            (None, Some(_)) => false,
        };
        self.owner.eq_ignore_ascii_case(organization) && name(&self.dataset) == name(dataset) && tables
    }
}

/// `v1.0` is written `v1_0`, so that no dot divides it.
fn version_of(text: &str) -> Read<String> {
    let version = text.replace('.', "_");
    if is_version(&version) {
        Ok(version)
    } else {
        Err(format!("`{}` is no version such as `v1_0`", Printable::cut(text, 40)))
    }
}

/// `v`, a number, `_`, a number.
fn is_version(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('v').and_then(|rest| rest.split_once('_')).is_some_and(|(one, two)| digits(one) && digits(two))
}

const MARKS: &[char] = &['_', '-'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dataset_is_found_however_it_is_written() {
        #[track_caller]
        fn check(reference: &str, source: (&str, &str, Option<&str>), expected: bool) {
            let Place::Redivis(place) = RedivisPlace::read(reference).unwrap().place else { panic!() };
            assert_eq!(place.is_at(source.0, source.1, source.2), expected, "{reference} {source:?}");
        }
        check("o.ds", ("O", "ds:5fja:v1_0", None), true);
        check("o.ds:5fja.t:8abc@v1_0", ("o", "ds", Some("t")), true);
        check("o.ds.t", ("o", "ds", None), true);
        check("o.ds", ("o", "ds", Some("t")), false);
        check("o.ds.t", ("o", "ds", Some("u")), false);
        check("o.ds", ("o", "other", None), false);
    }

    #[test]
    fn the_version_is_found_where_redivis_writes_it() {
        assert_eq!(RedivisPlace::version_in("o.ds:5fja:v1_0.t:8abc"), Some("v1_0"));
        assert_eq!(RedivisPlace::version_in("o.ds:5fja:sample"), None);
        assert_eq!(RedivisPlace::version_in("o.v_ds"), None);
    }
}
