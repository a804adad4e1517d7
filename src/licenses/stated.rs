//! A licence in a host's words as one of ours, where that is certain.
//!
//! Hosts write SPDX ids in any case, names of their own lists, or anything. What can mean two
//! texts, such as `cc-by` or `GPL-3.0`, is no licence of ours: the words are kept instead.

use super::Shelf;

/// The SPDX id, or the id on the shelf, of what a host states; `None` where it is not certain.
pub fn certain(words: &str, shelf: &Shelf) -> Option<String> {
    let words = words.trim();
    by_id(words).or_else(|| by_host(words)).or_else(|| on_shelf(words, shelf))
}

/// By id or full name on the SPDX list, in any case, unless the list itself has given it up.
fn by_id(words: &str) -> Option<String> {
    let is_named = |name: &str| name.eq_ignore_ascii_case(words);
    // Both stand on the list as words for no licence.
    if is_named("NOASSERTION") || is_named("NONE") {
        return None;
    }
    let same = |id: &&spdx::License| is_named(id.name) || is_named(id.full_name);
    spdx::identifiers::LICENSES.iter().find(same).filter(|id| !is_deprecated(id)).map(|id| id.name.to_owned())
}

fn is_deprecated(id: &spdx::License) -> bool {
    spdx::license_id(id.name).is_none_or(|id| id.is_deprecated())
}

/// The names that hosts have for licences in the lists that they offer.
fn by_host(words: &str) -> Option<String> {
    let simple = words.to_lowercase().replace(['-', '_', ':', ',', '(', ')'], " ");
    let simple = simple.split_whitespace().collect::<Vec<_>>().join(" ");
    NAMES.iter().find(|(name, _)| *name == simple).map(|(_, id)| (*id).to_owned())
}

/// A text on the shelf by its own name and version.
fn on_shelf(words: &str, shelf: &Shelf) -> Option<String> {
    let named = |name: &str, version: Option<&str>| {
        name.eq_ignore_ascii_case(words)
            || version.is_some_and(|version| format!("{name} {version}").eq_ignore_ascii_case(words))
    };
    shelf.iter().find(|one| named(&one.name, one.version.as_deref())).map(|one| one.id.clone())
}

/// In small letters without marks. figshare and Kaggle have lists that people choose from, OSF
/// names its licences in full, PhysioNet those of Open Data Commons.
const NAMES: [(&str, &str); 19] = [
    ("cc by 4.0", "CC-BY-4.0"),
    ("cc by nc 4.0", "CC-BY-NC-4.0"),
    ("cc by nc nd 4.0", "CC-BY-NC-ND-4.0"),
    ("cc by nc sa 4.0", "CC-BY-NC-SA-4.0"),
    ("cc by sa 4.0", "CC-BY-SA-4.0"),
    ("cc by nd 4.0", "CC-BY-ND-4.0"),
    ("cc by attribution 4.0 international", "CC-BY-4.0"),
    ("attribution 4.0 international cc by 4.0", "CC-BY-4.0"),
    ("attribution noncommercial 4.0 international cc by nc 4.0", "CC-BY-NC-4.0"),
    ("cc by nc attribution noncommercial 4.0 international", "CC-BY-NC-4.0"),
    ("creative commons attribution 4.0 international public license", "CC-BY-4.0"),
    ("creative commons zero 1.0 universal public domain dedication", "CC0-1.0"),
    ("cc0", "CC0-1.0"),
    ("cc0 1.0", "CC0-1.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("cc0 public domain", "CC0-1.0"),
    ("apache 2.0", "Apache-2.0"),
    ("open data commons attribution license v1.0", "ODC-By-1.0"),
    ("open data commons open database license v1.0", "ODbL-1.0"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_certain_and_nothing_else() {
        #[track_caller]
        fn check(words: &str, expected: Option<&str>) {
            assert_eq!(certain(words, &Shelf::embedded()).as_deref(), expected, "{words}");
        }
        check("cc-by-4.0", Some("CC-BY-4.0"));
        check("MIT", Some("MIT"));
        check("cc0-1.0", Some("CC0-1.0"));
        check("CC BY 4.0", Some("CC-BY-4.0"));
        check("CC0: Public Domain", Some("CC0-1.0"));
        check("CC-By Attribution 4.0 International", Some("CC-BY-4.0"));
        check("Attribution 4.0 International (CC BY 4.0)", Some("CC-BY-4.0"));
        check("apache-2.0", Some("Apache-2.0"));
        check("Open Data Commons Open Database License v1.0", Some("ODbL-1.0"));
        let physionet = "PhysioNet Credentialed Health Data License 1.5.0";
        check(physionet, Some("LicenseRef-PhysioNet-Credentialed-Health-Data-License-1.5.0"));
        for words in [
            "other",
            "unknown",
            "cc",
            "cc-by",
            "CC BY",
            "GPL-3.0",
            "NOASSERTION",
            "",
            "Other (specified in description)",
        ] {
            check(words, None);
        }
    }
}
