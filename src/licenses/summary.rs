//! What an expression comes to, term by term.

use super::expression::{Expression, Node};
use super::shelf::{License, LicenseKind, Shelf};

/// The main terms of an expression: of several licences that all hold the strictest word, of
/// a choice the most permissive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary(Vec<(&'static str, String)>);

/// The terms a person asks for first.
const MAIN: [&str; 11] = [
    "commercial_use",
    "redistribution",
    "derivatives",
    "share_derivative_models",
    "share_alike",
    "attribution",
    "publication_citation",
    "reidentification_forbidden",
    "individual_registration",
    "third_party_api",
    "clinical_use",
];

impl Summary {
    /// Puts an expression's licences together. A licence that is not on the shelf counts as
    /// unknown, and nothing asserted as not granted.
    pub fn of(expression: &Expression, shelf: &Shelf) -> Self {
        Self(MAIN.iter().map(|key| (*key, word(expression.root(), key, shelf).word)).collect())
    }

    /// A term's word.
    pub fn word(&self, key: &str) -> &str {
        self.0.iter().find(|(one, _)| *one == key).map_or("unknown", |(_, word)| word)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, word)| (*key, word.as_str()))
    }

    /// Whether commercial use is granted for sure. Unknown is never permission.
    pub fn allows_commercial_use(&self) -> bool {
        self.word("commercial_use") == "allowed"
    }
}

/// A term's word for a part of an expression.
struct Word {
    word: String,
    /// Whether it is said of a licence that stands beside, as by the policy of an archive.
    defers: bool,
}

impl Word {
    fn plain(word: &str) -> Self {
        Self { word: word.to_owned(), defers: false }
    }
}

fn word(node: &Node, key: &str, shelf: &Shelf) -> Word {
    match node {
        Node::Nothing if GRANTS.contains(&key) => Word::plain("not-granted"),
        Node::Nothing => Word::plain("unknown"),
        Node::License(id) => shelf.get(id).map_or(Word::plain("unknown"), |license| of_license(license, key)),
        Node::And(nodes) => {
            let words: Vec<Word> = nodes.iter().map(|node| word(node, key, shelf)).collect();
            // The licence beside it decides, where there is one.
            let is_decided = words.iter().any(|word| !word.defers);
            let heard = words.into_iter().filter(|word| !is_decided || !word.defers);
            pick(heard, |best, word| strictness(word) > strictness(best))
        }
        Node::Or(nodes) => {
            let words = nodes.iter().map(|node| word(node, key, shelf));
            pick(words, |best, word| strictness(word) < strictness(best))
        }
    }
}

/// `per-item` in terms that go with a licence means that licence. In a text that stands for
/// the licences of the items it means them: no licence beside it widens what an item grants.
fn of_license(license: &License, key: &str) -> Word {
    let word = license.terms.word(key).to_owned();
    Word { defers: word == "per-item" && license.kind == LicenseKind::ProviderTerms, word }
}

fn pick(words: impl Iterator<Item = Word>, better: impl Fn(&str, &str) -> bool) -> Word {
    let best = words.reduce(|best, word| if better(&best.word, &word.word) { word } else { best });
    best.unwrap_or_else(|| Word::plain("unknown"))
}

/// Terms that are grants, which silence does not give.
const GRANTS: [&str; 4] = ["commercial_use", "redistribution", "derivatives", "share_derivative_models"];

/// How much a word takes from the user; the larger the stricter. Unknown stands between what
/// is granted and what is withheld.
fn strictness(word: &str) -> u8 {
    match word {
        "allowed" | "none" | "no" | "any" => 0,
        "not-stated" => 1,
        "requested" | "custom" => 2,
        "per-item" => 3,
        "nc-only" | "conditional" | "ids-only" | "adaptations" | "database" => 4,
        "same-terms-same-host" | "licensees-only" | "team-only" => 5,
        "unclear" => 6,
        "unknown" => 7,
        "not-granted" => 8,
        "required" | "yes" => 9,
        "forbidden" => 10,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(expression: &str, key: &str) -> String {
        let expression = Expression::parse(expression).unwrap();
        Summary::of(&expression, &Shelf::embedded()).word(key).to_owned()
    }

    fn commercial(expression: &str) -> String {
        word(expression, "commercial_use")
    }

    #[test]
    fn all_that_hold_are_as_strict_as_the_strictest_and_unknown_is_no_permission() {
        assert_eq!(commercial("CC-BY-4.0"), "allowed");
        assert_eq!(commercial("CC-BY-4.0 AND CC-BY-NC-4.0"), "forbidden");
        assert_eq!(commercial("CC-BY-4.0 OR CC-BY-NC-4.0"), "allowed");
        assert_eq!(commercial("CC-BY-3.0 AND LicenseRef-TCIA-Data-Usage-Policy"), "allowed");
        assert_eq!(commercial("NOASSERTION"), "not-granted");
        assert_eq!(commercial("LicenseRef-nobody-knows"), "unknown");
    }
    #[test]
    fn a_part_without_a_stated_licence_withholds_its_grants_from_the_whole() {
        #[track_caller]
        fn check(expression: &str, key: &str, expected: &str) {
            assert_eq!(word(expression, key), expected, "{key} of {expression}");
        }
        check("CC-BY-4.0 AND NOASSERTION", "commercial_use", "not-granted");
        check("NOASSERTION AND CC-BY-4.0", "derivatives", "not-granted");
        check("CC-BY-NC-4.0 AND NOASSERTION", "commercial_use", "forbidden"); // stricter still
        check("CC-BY-4.0 AND NOASSERTION", "attribution", "required"); // a duty stays
        check("CC0-1.0 AND NOASSERTION", "attribution", "unknown");
        check("CC-BY-4.0 AND LicenseRef-TCIA-Data-Usage-Policy AND NOASSERTION", "commercial_use", "not-granted");
        check("CC-BY-4.0 AND (MIT OR NOASSERTION)", "commercial_use", "allowed"); // MIT may be chosen
    }

    #[test]
    fn per_item_gives_way_only_where_it_means_the_licence_beside_it() {
        assert_eq!(commercial("CC-BY-NC-4.0 AND LicenseRef-TCIA-Data-Usage-Policy"), "forbidden");
        assert_eq!(commercial("LicenseRef-TCIA-Data-Usage-Policy"), "per-item");
        assert_eq!(commercial("LicenseRef-TCIA-Data-Usage-Policy AND (CC-BY-4.0 OR CC-BY-NC-4.0)"), "allowed");
        // Each article carries its own: nothing that stands beside can widen it.
        assert_eq!(commercial("LicenseRef-PMC-OA-Per-Article AND CC-BY-4.0"), "per-item");
        assert_eq!(commercial("CC0-1.0 AND LicenseRef-ISIC-Per-Image"), "per-item");
        assert_eq!(commercial("LicenseRef-PMC-OA-Per-Article AND LicenseRef-TCIA-Data-Usage-Policy"), "per-item");
        assert_eq!(commercial("LicenseRef-PMC-OA-Per-Article AND CC-BY-NC-4.0"), "forbidden");
        assert_eq!(commercial("LicenseRef-PMC-OA-Per-Article AND LicenseRef-NLM-Terms"), "unclear");
        assert_eq!(word("LicenseRef-PMC-OA-Per-Article AND LicenseRef-NLM-Terms", "redistribution"), "per-item");
    }
}
