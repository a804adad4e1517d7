//! Which part of a dataset somebody asks for: on the command line, in a project file, in a lock,
//! and as a receipt notes it.
//!
//! A file is meant when one of the subsets or one of the globs means it (all files, where neither
//! is given), no glob of what is left out does, and its terms are among those asked for. What that
//! means for a listing is decided where the listing is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of a dataset. Two choices are equal where they mean the same, in whatever order and
/// case they were written.
#[derive(Debug, Clone, Eq, Default, Serialize, Deserialize)]
pub struct Choice {
    /// Parts of the entry, by the names that it gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsets: Vec<String>,
    /// Globs of files that are wanted, beside those of the subsets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Globs of files that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Members of archives that are wanted without the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MembersOf>,
    /// Licences under one of which every file has to be; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
}

/// Members that are asked for of some archives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct MembersOf {
    /// Globs over the files of the release: what of them is no archive is wanted whole. All
    /// archives where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// Globs over the members of each archive.
    pub globs: Vec<String>,
}

/// A choice as people write it, in the flags of a command and the keys of a project file: where
/// members are asked for, `include` names the archives that these are in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenChoice {
    /// Names of parts.
    pub subset: Vec<String>,
    /// Globs of files.
    pub include: Vec<String>,
    /// Globs of files that are left out.
    pub exclude: Vec<String>,
    /// Globs of members.
    pub members: Vec<String>,
    /// Licences.
    pub license: Vec<String>,
}

impl Choice {
    /// Whether nothing is chosen: it is all of the dataset.
    pub fn is_everything(&self) -> bool {
        let lists = [&self.subsets, &self.include, &self.exclude, &self.licenses];
        lists.iter().all(|list| list.is_empty()) && self.members.is_empty()
    }

    /// Whether no part is named, so that only its limits make it one.
    pub fn names_nothing(&self) -> bool {
        self.subsets.is_empty() && self.include.is_empty() && self.members.is_empty()
    }

    /// Its normal form: every list sorted, each word once, names and licences in small letters.
    #[must_use]
    pub fn in_order(&self) -> Self {
        let members = self.members.iter();
        let mut members: Vec<MembersOf> =
            members.map(|one| MembersOf { of: sorted(&one.of), globs: sorted(&one.globs) }).collect();
        members.sort();
        members.dedup();
        Self {
            subsets: sorted(&small(&self.subsets)),
            include: sorted(&self.include),
            exclude: sorted(&self.exclude),
            members,
            licenses: sorted(&small(&self.licenses)),
        }
    }

    /// Whether everything that is asked for is in this part.
    pub fn covers(&self, asked: &Self) -> bool {
        let (here, asked) = (self.in_order(), asked.in_order());
        let has_all = |here: &[String], asked: &[String]| asked.iter().all(|one| here.contains(one));
        here.has_same_limits(&asked)
            && !asked.names_nothing()
            && has_all(&here.subsets, &asked.subsets)
            && has_all(&here.include, &asked.include)
            && asked.members.iter().all(|asked| {
                let is_had = |here: &MembersOf| here.of == asked.of && has_all(&here.globs, &asked.globs);
                here.members.iter().any(is_had) || (!asked.of.is_empty() && has_all(&here.include, &asked.of))
            })
    }

    /// This part with another one, where both can be named together.
    #[must_use]
    pub fn beside(mut self, other: Self) -> Self {
        if !self.has_same_limits(&other) || self.names_nothing() {
            return self;
        }
        for (list, other) in [(&mut self.subsets, other.subsets), (&mut self.include, other.include)] {
            list.extend(other);
            list.sort();
            list.dedup();
        }
        self.members.extend(other.members);
        self.members.sort();
        self.members.dedup();
        self
    }

    /// As a person would write it. What no person can write, such as members beside whole files,
    /// comes out as the nearest that they can.
    pub fn written(&self) -> WrittenChoice {
        let of = self.members.iter().flat_map(|members| &members.of);
        WrittenChoice {
            subset: self.subsets.clone(),
            include: self.include.iter().chain(of).cloned().collect(),
            exclude: self.exclude.clone(),
            members: self.members.iter().flat_map(|members| members.globs.iter().cloned()).collect(),
            license: self.licenses.clone(),
        }
    }

    fn has_same_limits(&self, other: &Self) -> bool {
        sorted(&self.exclude) == sorted(&other.exclude)
            && sorted(&small(&self.licenses)) == sorted(&small(&other.licenses))
    }
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        let parts = |choice: Self| (choice.subsets, choice.include, choice.exclude, choice.members, choice.licenses);
        parts(self.in_order()) == parts(other.in_order())
    }
}

/// In words: `subset labels; without docs`, or `all of it`.
impl fmt::Display for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return out.write_str("all of it");
        }
        let written = self.written();
        let mut separator = "";
        for (word, list) in [
            ("subset", &written.subset),
            ("files", &written.include),
            ("members", &written.members),
            ("without", &written.exclude),
            ("under", &written.license),
        ] {
            if !list.is_empty() {
                write!(out, "{separator}{word} {}", list.join(", "))?;
                separator = "; ";
            }
        }
        Ok(())
    }
}

impl From<WrittenChoice> for Choice {
    fn from(written: WrittenChoice) -> Self {
        let WrittenChoice { subset: subsets, include, exclude, members, license: licenses } = written;
        let (include, members) = match members.is_empty() {
            true => (include, Vec::new()),
            false => (Vec::new(), vec![MembersOf { of: include, globs: members }]),
        };
        Self { subsets, include, exclude, members, licenses }
    }
}

impl WrittenChoice {
    /// Its lists by the keys of a project file, which are the flags of a command.
    pub fn lists(&self) -> [(&'static str, &[String]); 5] {
        [
            ("subset", &self.subset),
            ("include", &self.include),
            ("exclude", &self.exclude),
            ("members", &self.members),
            ("license", &self.license),
        ]
    }

    /// The first value that says nothing, by its list and its place in it, from 0.
    pub fn blank(&self) -> Option<(&'static str, usize)> {
        self.lists().into_iter().find_map(|(key, list)| {
            let place = list.iter().position(|value| value.trim().is_empty())?;
            Some((key, place))
        })
    }
}

fn sorted(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    words.sort();
    words.dedup();
    words
}

fn small(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.trim().to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn members(include: &[&str], members: &[&str]) -> Choice {
        WrittenChoice { include: words(include), members: words(members), ..WrittenChoice::default() }.into()
    }

    fn files(include: &[&str]) -> Choice {
        members(include, &[])
    }

    #[test]
    fn the_same_part_is_equal_however_it_was_written() {
        let one = Choice { subsets: words(&["Labels"]), licenses: words(&["MIT", " CC0-1.0"]), ..files(&["b", "a"]) };
        let other =
            Choice { subsets: words(&["labels"]), licenses: words(&["cc0-1.0", "mit"]), ..files(&["a", "b", "a"]) };
        assert_eq!(one, other);
        assert_ne!(files(&["A"]), files(&["a"]), "file names have their case");
        assert_ne!(files(&["a"]), members(&["a"], &["**"]));
    }

    #[test]
    fn what_people_write_is_had_back() {
        for choice in [Choice::default(), files(&["a", "b"]), members(&["a.zip"], &["*.csv"]), members(&[], &["*"])] {
            assert_eq!(Choice::from(choice.written()), choice);
        }
    }

    #[test]
    fn a_part_covers_what_lies_within_it() {
        #[track_caller]
        fn check(here: &Choice, asked: &Choice, expected: bool) {
            assert_eq!(here.covers(asked), expected, "{here} / {asked}");
        }
        check(&files(&["a", "b"]), &files(&["b"]), true);
        check(&files(&["a"]), &files(&["a", "b"]), false);
        check(&files(&["a.zip"]), &members(&["a.zip"], &["*.csv"]), true);
        check(&members(&[], &["*.csv", "*.txt"]), &members(&[], &["*.txt"]), true);
        check(&members(&["a.zip"], &["*.csv"]), &members(&[], &["*.csv"]), false);
        let within = Choice { licenses: words(&["mit"]), ..files(&["a"]) };
        check(&files(&["a"]), &within, false); // other files than these may be here
        check(&within, &within, true);
    }

    #[test]
    fn a_choice_is_told_in_words() {
        assert_eq!(Choice::default().to_string(), "all of it");
        let choice = Choice { exclude: words(&["docs"]), ..members(&["a.zip"], &["*.csv", "*.txt"]) };
        assert_eq!(choice.to_string(), "files a.zip; members *.csv, *.txt; without docs");
    }

    #[test]
    fn a_value_that_says_nothing_is_found() {
        let written = WrittenChoice { license: words(&["MIT", " "]), ..WrittenChoice::default() };
        assert_eq!(written.blank(), Some(("license", 1)));
        assert_eq!(WrittenChoice::default().blank(), None);
    }
}
