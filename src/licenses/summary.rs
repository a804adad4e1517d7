//! What an expression comes to, term by term.

use super::expression::{Expression, Node};
use super::shelf::Shelf;

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
        Self(MAIN.iter().map(|key| (*key, word(expression.root(), key, shelf))).collect())
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

fn word(node: &Node, key: &str, shelf: &Shelf) -> String {
    match node {
        Node::Nothing if GRANTS.contains(&key) => "not-granted".to_owned(),
        Node::Nothing => "unknown".to_owned(),
        Node::License(id) => shelf.get(id).map_or("unknown", |license| license.terms.word(key)).to_owned(),
        Node::And(nodes) => pick(nodes, key, shelf, |best, word| strictness(word) > strictness(best)),
        Node::Or(nodes) => pick(nodes, key, shelf, |best, word| strictness(word) < strictness(best)),
    }
}

fn pick(nodes: &[Node], key: &str, shelf: &Shelf, better: impl Fn(&str, &str) -> bool) -> String {
    let words: Vec<String> = nodes.iter().map(|node| word(node, key, shelf)).collect();
    // "The licence beside it decides": where another licence says something, it is heard.
    let mut heard: Vec<&String> = words.iter().filter(|word| *word != "per-item").collect();
    if heard.is_empty() {
        heard = words.iter().collect();
    }
    let best = heard.into_iter().reduce(|best, word| if better(best, word) { word } else { best });
    best.cloned().unwrap_or_else(|| "unknown".to_owned())
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

    fn commercial(expression: &str) -> String {
        let expression = Expression::parse(expression).unwrap();
        Summary::of(&expression, &Shelf::embedded()).word("commercial_use").to_owned()
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
}
