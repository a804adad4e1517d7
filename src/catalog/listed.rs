//! What an entry says about files that it does not name one by one.
//!
//! Where a host lists the files at fetch time, `[[release.rule]]` says by globs what becomes
//! of them: the first rule that matches a path holds. What no rule matches is kept as it is,
//! never dropped.

use globset::{GlobBuilder, GlobMatcher};

use crate::values::{ByteSize, RelPath};

use super::dataset::{FileEntry, HostRule, UnpackRules};
use super::format::{Names, RoleWord, UnpackTable};
use super::selection::Selection;
use super::source::Host;

/// What becomes of one file of a release, wherever that is said.
#[derive(Debug, Clone, Copy)]
pub struct Treatment<'e> {
    /// A handle for selections.
    pub group: Option<&'e str>,
    /// Licence expression of the file alone.
    pub license: Option<&'e str>,
    /// What it is to the dataset.
    pub role: Option<RoleWord>,
    /// Rough size.
    pub size_about: Option<ByteSize>,
    /// Where it, or what comes out of it, goes: below the dataset folder.
    pub into: &'e RelPath,
    /// How its members come out.
    pub unpack: Option<&'e UnpackRules>,
    /// Whether no program can have it.
    pub manual: bool,
}

/// The rules of a release for one variant, ready to be asked for a million files.
#[derive(Debug)]
pub struct HostRules<'e> {
    rules: Vec<(GlobMatcher, &'e HostRule)>,
    variant: Option<&'e str>,
    data: RelPath,
    /// The archive of all files that the host makes, if it does: unpacked unless a rule names it.
    bundle: Option<(String, UnpackRules)>,
}

impl<'e> From<&'e FileEntry> for Treatment<'e> {
    fn from(file: &'e FileEntry) -> Self {
        Self {
            group: file.group.as_deref(),
            license: file.license.as_deref(),
            role: file.role,
            size_about: file.size_about,
            into: &file.into,
            unpack: file.unpack.as_deref(),
            manual: file.manual,
        }
    }
}

impl<'e> HostRules<'e> {
    /// The rules that hold for a selection. A glob that does not parse, which lint would have
    /// refused, matches nothing.
    pub fn of(selection: &'e Selection, host: &Host) -> Self {
        let matcher = |rule: &'e HostRule| {
            let glob = GlobBuilder::new(&rule.pattern).literal_separator(true).build().ok()?;
            Some((glob.compile_matcher(), rule))
        };
        let data = RelPath::parse("data").expect("it is a safe path");
        let unpacked = UnpackRules { into: data.clone(), table: UnpackTable::default() };
        Self {
            rules: selection.release().rules.iter().filter_map(matcher).collect(),
            variant: selection.variant_name(),
            data,
            bundle: host.bundle_name().map(|name| (name, unpacked)),
        }
    }

    /// What becomes of a file that the host lists and the entry does not name here; `None` when
    /// the rules leave it out or keep it for another variant. A file of that name which the
    /// entry has for another variant or source (`elsewhere`) is taken only by a rule for this
    /// very variant.
    pub fn treatment<'a>(&'a self, path: &RelPath, elsewhere: bool) -> Option<Treatment<'a>> {
        let Some((_, rule)) = self.rules.iter().find(|(glob, _)| glob.is_match(path.as_str())) else {
            return (!elsewhere).then_some(Treatment {
                group: None,
                license: None,
                role: None,
                size_about: None,
                into: &self.data,
                unpack: self.bundle.as_ref().filter(|(name, _)| name == path.as_str()).map(|(_, rules)| rules),
                manual: false,
            });
        };
        let of_variant = self.variant.is_none_or(|variant| rule.variants.has(variant));
        let is_meant = of_variant && !(elsewhere && matches!(rule.variants, Names::All));
        (is_meant && !rule.skip).then_some(Treatment {
            group: rule.group.as_deref(),
            license: rule.license.as_deref(),
            role: rule.role,
            size_about: None,
            into: &rule.into,
            unpack: rule.unpack.as_deref(),
            manual: false,
        })
    }
}

impl Selection {
    /// Globs below `data/` with the role that single files and rules have there, where the
    /// layout globs of the entry do not say.
    pub fn roles_of_files(&self) -> Vec<(RoleWord, String)> {
        let below = |into: &RelPath, pattern: &str| {
            let folder = into.as_str().strip_prefix("data").map(|rest| rest.trim_start_matches('/'))?;
            Some(if folder.is_empty() { pattern.to_owned() } else { format!("{}/{pattern}", globset::escape(folder)) })
        };
        let files = self
            .files(None)
            .filter(|file| file.unpack.is_none())
            .filter_map(|file| Some((file.role?, below(&file.into, &globset::escape(file.path.as_str()))?)));
        let rules = self.release().rules.iter().filter(|rule| rule.unpack.is_none());
        let rules = rules.filter_map(|rule| Some((rule.role?, below(&rule.into, &rule.pattern)?)));
        files.chain(rules).collect()
    }
}
