//! What the ledger's entries come to for one person.
//!
//! An acceptance holds for one person, one dataset, one release and one licence; the caller
//! compares its text's digest with the text of today. What another person accepted, or the
//! same person for another release, does not count; [`Standings::near_miss`] says so.
//!
//! A person is a user of the operating system, and the e-mail address where both sides name
//! one: an address that is not given is no difference. The machine does not matter, since
//! home folders are shared between machines.

use jiff::Timestamp;

use crate::values::{DatasetId, Digest};

use super::entry::{Entry, EntryKind, Who};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// User of the operating system.
    pub os_user: String,
    /// E-mail address, if the person gave one.
    pub email: Option<String>,
}

/// What an acceptance or a grant is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matter<'a> {
    /// The dataset.
    pub dataset: &'a DatasetId,
    /// The release.
    pub version: &'a str,
    /// Id of the requirement in the dataset's entry.
    pub requirement: &'a str,
    /// Licence whose text is accepted, for agreements.
    pub license: Option<&'a str>,
}

/// How a matter stands, by the last entry about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// No entry is about it.
    Nothing,
    /// The person accepted the text.
    Accepted(Acceptance),
    /// The person recorded that it is granted, passed or done.
    Granted(Grant),
    /// The person took it back.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// By which entry.
        sequence: u64,
    },
}

/// A text that a person accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Digest of the text; `None` in an entry that names none, which then fits no text.
    pub text_sha256: Option<Digest>,
    /// Version of the licence.
    pub license_version: Option<String>,
    /// When it was accepted.
    pub at: Timestamp,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
    /// By which entry.
    pub sequence: u64,
}

/// An approval, a certificate or an account that a person recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// When it was recorded.
    pub at: Timestamp,
    /// Until when it holds, where the person said so.
    pub expires: Option<Timestamp>,
    /// Digests of letters and certificates.
    pub evidence: Vec<Digest>,
    /// By which entry.
    pub sequence: u64,
}

/// An acceptance of the same licence for the same dataset that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearMiss {
    /// The same person, for another release.
    OtherRelease {
        /// That release.
        version: String,
    },
    /// Another person.
    OtherPerson {
        /// E-mail address, or the user of the operating system.
        name: String,
    },
}

/// The acceptances, grants and withdrawals in a ledger, seen by one person.
#[derive(Debug, Clone)]
pub struct Standings {
    person: Person,
    mine: Vec<Entry>,
    others: Vec<Entry>,
}

impl Standings {
    /// Of an empty ledger.
    pub fn of(person: Person) -> Self {
        Self { person, mine: Vec::new(), others: Vec::new() }
    }

    /// Of these entries, in their order.
    pub fn from_entries(person: Person, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut standings = Self::of(person);
        for entry in entries {
            standings.add(entry);
        }
        standings
    }

    /// Of those of these entries that say anything of it.
    pub fn among(person: Person, entries: &[Entry]) -> Self {
        Self::from_entries(person, entries.iter().filter(|entry| counts(entry)).cloned())
    }

    /// Takes the next entry. Entries of other kinds are passed over.
    pub fn add(&mut self, entry: Entry) {
        if !counts(&entry) {
            return;
        }
        if self.person.is(&entry.record.who) { self.mine.push(entry) } else { self.others.push(entry) }
    }

    /// How a matter stands.
    pub fn standing(&self, matter: &Matter<'_>) -> Standing {
        let last = self.mine.iter().rfind(|entry| concerns(entry, matter));
        last.map_or(Standing::Nothing, standing_by)
    }

    /// Why an acceptance that a person may remember does not count: the last one of the same
    /// licence for another release, else by another person.
    pub fn near_miss(&self, matter: &Matter<'_>) -> Option<NearMiss> {
        let is_near = |entry: &&Entry| {
            entry.record.kind == EntryKind::Accept
                && entry.record.dataset == *matter.dataset
                && entry.record.license.as_deref() == matter.license
        };
        let other_release = |entry: &&Entry| is_near(entry) && entry.record.version.as_deref() != Some(matter.version);
        if let Some(entry) = self.mine.iter().rfind(other_release) {
            return entry.record.version.clone().map(|version| NearMiss::OtherRelease { version });
        }
        let who = &self.others.iter().rfind(is_near)?.record.who;
        Some(NearMiss::OtherPerson { name: who.email.clone().unwrap_or_else(|| who.os_user.clone()) })
    }
}

impl Person {
    /// Whether an entry is this person's.
    pub fn is(&self, who: &Who) -> bool {
        let same_address = match (&self.email, &who.email) {
            (Some(mine), Some(theirs)) => mine.trim().eq_ignore_ascii_case(theirs.trim()),
            _ => true,
        };
        self.os_user == who.os_user && same_address
    }
}

fn counts(entry: &Entry) -> bool {
    matches!(entry.record.kind, EntryKind::Accept | EntryKind::Withdraw | EntryKind::Grant)
}

/// Whether the entry is about the matter.
///
/// An acceptance names its release. A grant or a withdrawal that names none is about all
/// releases. Agreements are told apart by their licence, other requirements by their id; a
/// withdrawal that names neither takes back all of the dataset.
fn concerns(entry: &Entry, matter: &Matter<'_>) -> bool {
    let record = &entry.record;
    let is_accept = record.kind == EntryKind::Accept;
    let same_release = match &record.version {
        Some(version) => version == matter.version,
        None => !is_accept,
    };
    let same_step = match (record.license.as_deref(), matter.license, record.requirement.as_deref()) {
        (Some(license), Some(wanted), _) if record.kind != EntryKind::Grant => license == wanted,
        (_, _, Some(requirement)) => requirement == matter.requirement,
        _ => record.kind == EntryKind::Withdraw,
    };
    record.dataset == *matter.dataset && same_release && same_step
}

fn standing_by(entry: &Entry) -> Standing {
    let (record, sequence) = (&entry.record, entry.sequence);
    match record.kind {
        EntryKind::Accept => Standing::Accepted(Acceptance {
            text_sha256: record.text_sha256,
            license_version: record.license_version.clone(),
            at: record.time,
            expires: record.expires,
            sequence,
        }),
        EntryKind::Grant => Standing::Granted(Grant {
            at: record.time,
            expires: record.expires,
            evidence: record.evidence.clone(),
            sequence,
        }),
        _ => Standing::Withdrawn { at: record.time, sequence },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreements::Record;
    use crate::agreements::entry::tests::accepted;

    fn jane() -> Person {
        Person { os_user: "jdoe".into(), email: Some("jane@uni.example".into()) }
    }

    fn standings(records: Vec<Record>) -> Standings {
        let mut entries: Vec<Entry> = Vec::new();
        for record in records {
            entries.push(match entries.last() {
                None => Entry::first(record, "id"),
                Some(last) => last.followed_by(record),
            });
        }
        Standings::from_entries(jane(), entries)
    }

    fn with(change: impl FnOnce(&mut Record)) -> Record {
        let mut record = accepted("chexpert", 0);
        change(&mut record);
        record
    }

    fn standing(records: Vec<Record>) -> Standing {
        let dataset: DatasetId = "chexpert".parse().unwrap();
        let matter =
            Matter { dataset: &dataset, version: "1.0", requirement: "agreement", license: Some("LicenseRef-Terms") };
        standings(records).standing(&matter)
    }

    #[test]
    fn an_acceptance_counts_for_its_person_release_and_licence_alone() {
        #[track_caller]
        fn check(record: Record, counts: bool) {
            assert_eq!(matches!(standing(vec![record]), Standing::Accepted(_)), counts);
        }
        check(with(|_| {}), true);
        check(with(|record| record.who.email = Some("Jane@Uni.example ".into())), true);
        check(with(|record| record.who.host = Some("node17".into())), true);
        check(with(|record| record.requirement = Some("renamed".into())), true);
        check(with(|record| record.who.email = Some("joe@uni.example".into())), false);
        check(with(|record| record.who.os_user = "joe".into()), false);
        check(with(|record| record.version = Some("2.0".into())), false);
        check(with(|record| record.version = None), false);
        check(with(|record| record.license = Some("LicenseRef-Other".into())), false);
        check(with(|record| record.dataset = "mura".parse().unwrap()), false);
        check(with(|record| record.kind = EntryKind::Fetch), false);
        check(with(|record| record.kind = EntryKind::Other("accept2".into())), false);
    }

    #[test]
    fn the_last_entry_about_a_matter_decides() {
        let withdraw = |change: fn(&mut Record)| {
            with(|record| {
                record.kind = EntryKind::Withdraw;
                change(record);
            })
        };
        let withdrawn = |records| matches!(standing(records), Standing::Withdrawn { .. });
        assert!(withdrawn(vec![with(|_| {}), withdraw(|_| {})]));
        assert!(!withdrawn(vec![with(|_| {}), withdraw(|_| {}), with(|_| {})]));
        assert!(!withdrawn(vec![with(|_| {}), withdraw(|record| record.version = Some("2.0".into()))]));
        let all = |record: &mut Record| (record.version, record.license, record.requirement) = (None, None, None);
        assert!(withdrawn(vec![with(|_| {}), withdraw(all)]));
        assert!(!withdrawn(vec![with(|_| {}), withdraw(|record| record.who.os_user = "joe".into())]));
    }

    #[test]
    fn grants_are_found_by_their_requirement() {
        let dataset: DatasetId = "mimic-cxr".parse().unwrap();
        let matter = Matter { dataset: &dataset, version: "2.1.0", requirement: "citi", license: None };
        let grant = |change: fn(&mut Record)| {
            let mut record = accepted("mimic-cxr", 0);
            (record.kind, record.license, record.version) = (EntryKind::Grant, None, None);
            record.requirement = Some("citi".into());
            change(&mut record);
            standings(vec![record]).standing(&matter)
        };
        assert!(matches!(grant(|_| {}), Standing::Granted(_)));
        assert!(matches!(grant(|record| record.version = Some("2.1.0".into())), Standing::Granted(_)));
        assert_eq!(grant(|record| record.version = Some("2.0.0".into())), Standing::Nothing);
        assert_eq!(grant(|record| record.requirement = Some("other".into())), Standing::Nothing);
        assert_eq!(grant(|record| record.requirement = None), Standing::Nothing);
    }

    #[test]
    fn says_why_an_acceptance_does_not_count() {
        let dataset: DatasetId = "chexpert".parse().unwrap();
        let matter =
            Matter { dataset: &dataset, version: "1.0", requirement: "agreement", license: Some("LicenseRef-Terms") };
        let near = |record| standings(vec![record]).near_miss(&matter);
        let version = "2.0".to_owned();
        assert_eq!(near(with(|record| record.version = Some("2.0".into()))), Some(NearMiss::OtherRelease { version }));
        let joe = with(|record| record.who.os_user = "joe".into());
        assert_eq!(near(joe), Some(NearMiss::OtherPerson { name: "joe".into() }));
        assert_eq!(near(with(|record| record.license = None)), None);
    }
}
