//! A lock that a merge left with both sides in it.
//!
//! Nothing has to be merged by hand: each side is a whole lock again when the others are left
//! out, and `medsets lock` goes on with what all of them say. A conflict may hold another one:
//! somebody committed the marks and merged again, or the ancestor was itself a merge (git gives
//! those marks more characters). No line of a lock begins like a mark.

/// Conflict marks that do not fit together: nobody can tell what belongs to which side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Line of the mark, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Line of the first conflict mark, from 1.
pub fn first_mark(text: &str) -> Option<usize> {
    text.lines().position(|line| Mark::of(line).is_some()).map(|index| index + 1)
}

/// The text as each side has it, this branch's first: two, and twice as many for every conflict
/// within another. What is left out leaves an empty line, so that a line has the same number as
/// in the file.
///
/// # Errors
/// Marks that do not fit together, or conflicts within each other deeper than any merge makes.
pub fn sides(text: &str) -> Result<impl Iterator<Item = String>, Misfit> {
    let places = places(text)?;
    let depth = places.iter().map(|line| line.as_ref().map_or(0, Vec::len)).max().unwrap_or(0).max(1);
    Ok((0..1_usize << depth).map(move |number| side(text, &places, number)))
}

/// One side: bit D of its number says which side of conflicts at depth D is taken, the outermost
/// first. The lowest number is this branch's in all of them.
fn side(text: &str, places: &[Option<Vec<Place>>], number: usize) -> String {
    let is_taken = |(depth, place): (usize, &Place)| match place {
        Place::Ours => number >> depth & 1 == 0,
        Place::Theirs => number >> depth & 1 == 1,
        Place::Base => false,
    };
    let mut side = String::with_capacity(text.len());
    for (line, places) in text.split_inclusive('\n').zip(places) {
        match places {
            Some(places) if places.iter().enumerate().all(is_taken) => side.push_str(line),
            _ => side.push_str(if line.ends_with('\n') { "\n" } else { "" }),
        }
    }
    side
}

/// Where each line stands: in which side of each conflict around it, the outermost first. `None`
/// is a mark.
fn places(text: &str) -> Result<Vec<Option<Vec<Place>>>, Misfit> {
    let mut open: Vec<Open> = Vec::new();
    let mut places = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let line_number = index + 1;
        let Some(mark) = Mark::of(line) else {
            places.push(Some(open.iter().map(|one| one.place).collect()));
            continue;
        };
        places.push(None);
        let misfit = |reason| Misfit { line: line_number, reason };
        if mark.kind == Kind::Begin {
            if open.len() == DEEPEST {
                return Err(misfit("conflicts are within each other more than three deep"));
            }
            open.push(Open { size: mark.size, line: line_number, place: Place::Ours });
            continue;
        }
        let Some(around) = open.last_mut().filter(|around| around.size == mark.size) else {
            return Err(misfit("the mark belongs to no conflict that has begun"));
        };
        match (mark.kind, around.place) {
            (Kind::Base, Place::Ours) => around.place = Place::Base,
            (Kind::Middle, Place::Ours | Place::Base) => around.place = Place::Theirs,
            (Kind::End, Place::Theirs) => drop(open.pop()),
            _ => return Err(misfit("the mark does not follow on the one before it")),
        }
    }
    match open.first() {
        None => Ok(places),
        Some(open) => Err(Misfit { line: open.line, reason: "the conflict that begins there does not end" }),
    }
}

/// A conflict that has begun.
struct Open {
    /// Characters of its marks.
    size: usize,
    line: usize,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ours,
    Base,
    Theirs,
}

/// A conflict mark: seven times one character or more, then a space or the end of the line.
struct Mark {
    kind: Kind,
    size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Begin,
    Base,
    Middle,
    End,
}

impl Mark {
    fn of(line: &str) -> Option<Self> {
        let kind = match line.as_bytes().first()? {
            b'<' => Kind::Begin,
            b'|' => Kind::Base,
            b'=' => Kind::Middle,
            b'>' => Kind::End,
            _ => return None,
        };
        let size = line.bytes().take_while(|byte| *byte == line.as_bytes()[0]).count();
        let ends = matches!(line.as_bytes().get(size), None | Some(b' ' | b'\n' | b'\r'));
        (size >= SHORTEST && ends).then_some(Self { kind, size })
    }
}

const SHORTEST: usize = 7;

/// Conflicts around a line, at most.
const DEEPEST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_whole_without_the_other() {
        let text = "a\n<<<<<<< HEAD\nb\n||||||| base\nx\n=======\nc\n>>>>>>> other\nd\n";
        assert_eq!(first_mark(text), Some(2));
        let sides = |text| super::sides(text).unwrap().collect::<Vec<_>>();
        assert_eq!(sides(text), ["a\n\nb\n\n\n\n\n\nd\n", "a\n\n\n\n\n\nc\n\nd\n"]);
        assert_eq!(first_mark("a = \"<<<<<<<\"\n"), None);
        assert_eq!(sides("a\n"), ["a\n", "a\n"]);
    }

    #[test]
    fn a_conflict_within_another_gives_every_side() {
        let words = |text: &str| {
            let sides = sides(text).unwrap();
            sides.map(|side| side.split_whitespace().collect::<String>()).collect::<Vec<_>>()
        };
        // Marks that were committed, and merged again.
        let twice = "a\n<<<<<<< HEAD\n<<<<<<< one\nb\n=======\nc\n>>>>>>> two\n=======\nd\n>>>>>>> x\ne\n";
        assert_eq!(words(twice), ["abe", "ade", "ace", "ade"]);
        // An ancestor that was a merge itself, as git writes it with `merge.conflictStyle = diff3`.
        let ancestor = "<<<<<<< HEAD\nb\n||||||| merged common ancestors\n<<<<<<<<< Temporary merge branch 1\nx\n\
            =========\ny\n>>>>>>>>> Temporary merge branch 2\n=======\nc\n>>>>>>> other\r\n";
        assert_eq!(words(ancestor), ["b", "c", "b", "c"]);
    }

    #[test]
    fn marks_that_do_not_fit_are_told_with_their_line() {
        #[track_caller]
        fn check(text: &str, line: usize, word: &str) {
            assert!(first_mark(text).is_some());
            let misfit = sides(text).map(|_| ()).unwrap_err();
            assert!(misfit.line == line && misfit.reason.contains(word), "{misfit:?}");
        }
        check("a\n<<<<<<< HEAD\nb\n=======\nc\n", 2, "does not end");
        check("a\n=======\nc\n>>>>>>> other\n", 2, "no conflict");
        check("<<<<<<< HEAD\nb\n>>>>>>> other\n", 3, "does not follow");
        check("<<<<<<< HEAD\nb\n=======\n||||||| base\nc\n>>>>>>> other\n", 4, "does not follow");
        check(&"<<<<<<< HEAD\n".repeat(4), 4, "three deep");
    }
}
