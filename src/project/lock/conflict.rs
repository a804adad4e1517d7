//! A lock that a merge left with both sides in it.
//!
//! Nothing has to be merged by hand: each side is a whole lock again when the other is left out,
//! and `medsets lock` goes on with what both say.

/// Line of the first conflict mark, from 1.
pub fn first_mark(text: &str) -> Option<usize> {
    text.lines().position(|line| line.starts_with(BEGIN)).map(|index| index + 1)
}

/// The text with one side of each conflict alone: this branch's, then the other's.
pub fn sides(text: &str) -> [String; 2] {
    let mut sides = [String::new(), String::new()];
    let mut place = Place::Both;
    for line in text.split_inclusive('\n') {
        place = match line {
            _ if line.starts_with(BEGIN) => Place::Ours,
            _ if line.starts_with(BASE) && place == Place::Ours => Place::Base,
            _ if line.starts_with(MIDDLE) && place != Place::Both => Place::Theirs,
            _ if line.starts_with(END) && place == Place::Theirs => Place::Both,
            _ => {
                if matches!(place, Place::Both | Place::Ours) {
                    sides[0].push_str(line);
                }
                if matches!(place, Place::Both | Place::Theirs) {
                    sides[1].push_str(line);
                }
                continue;
            }
        };
    }
    sides
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Both,
    Ours,
    Base,
    Theirs,
}

const BEGIN: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const MIDDLE: &str = "=======";
const END: &str = ">>>>>>>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_whole_without_the_other() {
        let text = "a\n<<<<<<< HEAD\nb\n||||||| base\nx\n=======\nc\n>>>>>>> other\nd\n";
        assert_eq!(first_mark(text), Some(2));
        assert_eq!(sides(text), ["a\nb\nd\n", "a\nc\nd\n"]);
        assert_eq!(first_mark("a = \"<<<<<<<\"\n"), None);
        assert_eq!(sides("a\n"), ["a\n", "a\n"]);
    }
}
