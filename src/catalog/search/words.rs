//! Words of entries and of people, and how near they are.

/// Lower-case words, split at everything that is no letter and no digit.
pub(super) fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The words a person asks for, each once. Words that say nothing are left out, unless there
/// are no others.
pub(super) fn asked(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in split(text) {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    let telling: Vec<String> = all.iter().filter(|word| !EMPTY.contains(&word.as_str())).cloned().collect();
    if telling.is_empty() { all } else { telling }
}

/// How much a word that an entry holds counts for a word that was asked for: 1 for the same,
/// less for one it begins, `None` for another.
pub(super) fn nearness(asked: &str, held: &str) -> Option<f64> {
    match held.strip_prefix(asked) {
        Some("") => Some(1.0),
        Some(_) if asked.chars().count() >= SHORTEST_PREFIX => Some(PREFIX),
        _ => None,
    }
}

/// The same for a word with a slip of the hand in it. Short words are too much alike.
pub(super) fn misspelt(asked: &str, held: &str) -> Option<f64> {
    let long = |word: &str| word.chars().count() >= SHORTEST_MISSPELT;
    if !long(asked) || !long(held) {
        return None;
    }
    let slip = strsim::damerau_levenshtein(asked, held) <= 1;
    (slip || strsim::jaro_winkler(asked, held) >= ALIKE).then_some(if slip { SLIP } else { LIKENESS })
}

const SHORTEST_PREFIX: usize = 3;
const SHORTEST_MISSPELT: usize = 5;
const ALIKE: f64 = 0.88;
const PREFIX: f64 = 0.6;
const SLIP: f64 = 0.5;
const LIKENESS: f64 = 0.25;

/// Words that say nothing about a dataset.
const EMPTY: [&str; 13] = ["a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_and_cleared() {
        assert_eq!(asked("the X-ray of the chest"), ["x", "ray", "chest"]);
        assert_eq!(asked("of the"), ["of", "the"]);
        assert!(asked(" ?! ").is_empty());
    }

    #[test]
    fn near_words_count_less() {
        assert_eq!(nearness("chest", "chest"), Some(1.0));
        assert_eq!(nearness("ches", "chest"), Some(PREFIX));
        assert_eq!(nearness("ch", "chest"), None); // too short to mean one word
        assert_eq!(misspelt("chexprt", "chexpert"), Some(SLIP));
        assert_eq!(misspelt("lung", "luna"), None);
        assert_eq!(misspelt("chest", "brain"), None);
    }
}
