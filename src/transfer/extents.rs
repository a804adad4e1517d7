//! Sets of byte ranges, joined where they touch.

use serde::{Deserialize, Serialize};

/// Which bytes of a file are held: sorted, never touching, never empty ranges `[from, until)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extents(Vec<(u64, u64)>);

impl Extents {
    /// Adds a range.
    pub fn add(&mut self, from: u64, until: u64) {
        if from >= until {
            return;
        }
        let first = self.0.partition_point(|range| range.1 < from);
        let mut last = first;
        let (mut from, mut until) = (from, until);
        while last < self.0.len() && self.0[last].0 <= until {
            from = from.min(self.0[last].0);
            until = until.max(self.0[last].1);
            last += 1;
        }
        self.0.splice(first..last, [(from, until)]);
    }

    /// How many bytes from the start are held without a gap.
    pub fn prefix(&self) -> u64 {
        match self.0.first() {
            Some((0, until)) => *until,
            _ => 0,
        }
    }

    /// How many bytes are held.
    pub fn held(&self) -> u64 {
        self.0.iter().map(|(from, until)| until - from).sum()
    }

    /// The ranges below `total` that are not held, cut into pieces of at most `piece` bytes.
    pub fn missing(&self, total: u64, piece: u64) -> Vec<(u64, u64)> {
        let mut missing = Vec::new();
        let mut at = 0;
        for (from, until) in self.0.iter().copied().chain([(total, total)]) {
            while at < from.min(total) {
                let end = at.saturating_add(piece.max(1)).min(from).min(total);
                missing.push((at, end));
                at = end;
            }
            at = at.max(until);
        }
        missing
    }

    /// Whether everything below `total` is held and nothing above.
    pub fn is_whole(&self, total: u64) -> bool {
        if total == 0 { self.0.is_empty() } else { self.0.as_slice() == [(0, total)] }
    }

    /// Whether the ranges are as this type keeps them; a journal may have been changed.
    pub fn is_sound(&self) -> bool {
        self.0.iter().all(|(from, until)| from < until) && self.0.windows(2).all(|pair| pair[0].1 < pair[1].0)
    }

    /// The byte after the last one that is held.
    pub fn end(&self) -> u64 {
        self.0.last().map_or(0, |(_, until)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranges: &[(u64, u64)]) -> Extents {
        let mut extents = Extents::default();
        ranges.iter().for_each(|(from, until)| extents.add(*from, *until));
        extents
    }

    #[test]
    fn joins_what_touches_or_overlaps() {
        #[track_caller]
        fn check(ranges: &[(u64, u64)], expected: &[(u64, u64)]) {
            let extents = of(ranges);
            assert_eq!(extents.0, expected);
            assert!(extents.is_sound());
        }
        check(&[(0, 5), (5, 9)], &[(0, 9)]);
        check(&[(5, 9), (0, 5)], &[(0, 9)]);
        check(&[(0, 2), (4, 6), (8, 9)], &[(0, 2), (4, 6), (8, 9)]);
        check(&[(0, 2), (4, 6), (8, 9), (1, 8)], &[(0, 9)]);
        check(&[(3, 3)], &[]);
        check(&[(0, 9), (2, 4)], &[(0, 9)]);
    }

    #[test]
    fn names_what_is_missing_in_pieces() {
        assert_eq!(of(&[]).missing(10, 4), [(0, 4), (4, 8), (8, 10)]);
        assert_eq!(of(&[(2, 5), (8, 20)]).missing(10, 100), [(0, 2), (5, 8)]);
        assert_eq!(of(&[(0, 10)]).missing(10, 4), []);
        assert_eq!(of(&[]).missing(0, 4), []);
        assert!(of(&[(0, 10)]).is_whole(10) && !of(&[(0, 10)]).is_whole(11) && of(&[]).is_whole(0));
        assert_eq!((of(&[(0, 3), (5, 6)]).prefix(), of(&[(1, 3)]).prefix()), (3, 0));
    }

    #[test]
    fn a_changed_journal_is_noticed() {
        let read = |text: &str| serde_json::from_str::<Extents>(text).unwrap().is_sound();
        assert!(read("[[0,5],[7,9]]"));
        for bad in ["[[5,5]]", "[[5,4]]", "[[0,5],[5,9]]", "[[7,9],[0,5]]"] {
            assert!(!read(bad), "{bad}");
        }
    }
}
