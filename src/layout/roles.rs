//! What a file is to its dataset.

use globset::{GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::values::RelPath;

/// What a file is to its dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A picture or volume.
    Image,
    /// A report or other running text.
    Text,
    /// Rows: labels, metadata, records.
    Table,
    /// Masks, boxes, stand-off marks.
    Annotation,
    /// About the dataset rather than of it.
    Doc,
    /// Nothing says.
    #[default]
    Other,
}

/// The entry's globs, tried in the order of [`Role`]'s variants; then those of single files.
#[derive(Debug, Default)]
pub struct RoleRules {
    rules: Vec<(Role, GlobSet)>,
}

impl RoleRules {
    /// Rules from globs below `data/`. Globs that do not parse are the catalogue lint's
    /// business and match nothing here.
    pub fn new<'a>(globs: impl IntoIterator<Item = (Role, &'a [String])>) -> Self {
        let mut rules = Vec::new();
        for (role, patterns) in globs {
            let mut set = GlobSetBuilder::new();
            for pattern in patterns {
                if let Ok(glob) = globset::GlobBuilder::new(pattern).literal_separator(true).build() {
                    set.add(glob);
                }
            }
            if let Ok(set) = set.build() {
                rules.push((role, set));
            }
        }
        rules.sort_by_key(|(role, _)| *role);
        Self { rules }
    }

    /// The same rules, with globs behind them that hold where they do not say.
    #[must_use]
    pub fn or_else(mut self, globs: impl IntoIterator<Item = (Role, String)>) -> Self {
        let mut by_role: std::collections::BTreeMap<Role, Vec<String>> = std::collections::BTreeMap::new();
        for (role, pattern) in globs {
            by_role.entry(role).or_default().push(pattern);
        }
        let fallback = Self::new(by_role.iter().map(|(role, patterns)| (*role, patterns.as_slice())));
        self.rules.extend(fallback.rules);
        self
    }

    /// The role of a file by its path below the dataset folder.
    pub fn role_of(&self, path: &RelPath) -> Role {
        match path.as_str().split_once('/') {
            Some(("docs", _)) => Role::Doc,
            Some(("data", below)) => {
                self.rules.iter().find(|(_, set)| set.is_match(below)).map_or(Role::Other, |(role, _)| *role)
            }
            _ => Role::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_stay_within_a_folder_unless_they_say_otherwise() {
        let image = ["train/**/*.jpg".to_owned()];
        let table = ["*.csv".to_owned()];
        let rules = RoleRules::new([(Role::Table, &table[..]), (Role::Image, &image[..])]);
        #[track_caller]
        fn check(rules: &RoleRules, path: &str, role: Role) {
            assert_eq!(rules.role_of(&RelPath::parse(path).unwrap()), role, "{path}");
        }
        check(&rules, "data/train/p1/s1/v.jpg", Role::Image);
        check(&rules, "data/train/v.jpg", Role::Image);
        check(&rules, "data/labels.csv", Role::Table);
        check(&rules, "data/sub/labels.csv", Role::Other);
        check(&rules, "docs/labels.csv", Role::Doc);
    }
}
