//! Which files of a release each of several processes fetches.
//!
//! A pure function of the files and the number of shards: processes that see the same list agree
//! without a word between them, in whatever order the list comes. Every file is in exactly one
//! shard, and files that only work together are in the same one.
//!
//! Where sizes are known the largest go first, each to the shard that has least so far; the
//! others go where the digest of their path says. A file costs a request beside its bytes, so
//! that a release of a million small files is split evenly too.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::str::FromStr;

use crate::values::{ByteSize, Digest, RelPath};

/// One of several shards, counted from 1: `3/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// Why a text names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoShard {
    /// It is not two numbers.
    #[error("it takes `I/N`, such as `3/8` for the third of eight")]
    Form,
    /// The numbers do not fit each other.
    #[error("the first number counts from 1 to the second, and there are at most {MOST} shards")]
    Range,
}

/// Shares that a release may be split into. Schedulers take fewer.
const MOST: u32 = 100_000;

impl Shard {
    /// The shard of this number among so many. `None` unless 1 <= number <= of <= 100,000.
    pub fn new(number: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of }).filter(|_| of <= MOST)
    }

    /// Which one, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
            true => digits.parse::<u32>().map_err(|_| NoShard::Range),
            false => Err(NoShard::Form),
        };
        let (one, of) = text.split_once('/').ok_or(NoShard::Form)?;
        Self::new(number(one)?, number(of)?).ok_or(NoShard::Range)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.number, self.of)
    }
}

/// A file of the release, as far as its shard depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'f> {
    /// Its path at the publisher.
    pub path: &'f RelPath,
    /// Its size, where known.
    pub size: Option<ByteSize>,
    /// The file that it must be with: the split archive of which it is a part.
    pub with: Option<&'f RelPath>,
}

/// The number of the shard, from 1, that each piece belongs to; in the order of the pieces.
pub fn shard_numbers(pieces: &[Piece<'_>], of: u32) -> Vec<u32> {
    let mut groups: BTreeMap<&RelPath, Group> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        groups.entry(piece.with.unwrap_or(piece.path)).or_default().add(index, piece.size);
    }
    let mut sized = Vec::new();
    let mut shard = vec![1; pieces.len()];
    for (path, group) in groups {
        match group.weight {
            Some(weight) => sized.push((Reverse(weight), path, group.pieces)),
            None => {
                let number = by_name(path, of);
                group.pieces.into_iter().for_each(|index| shard[index] = number);
            }
        }
    }
    // Of the same weight the order of paths, so that nothing depends on how the list came.
    sized.sort_unstable();
    let mut least: BinaryHeap<Reverse<(u64, u32)>> = (1..=of).map(|number| Reverse((0, number))).collect();
    for (Reverse(weight), _, members) in sized {
        let Some(Reverse((sum, number))) = least.pop() else { break };
        members.into_iter().for_each(|index| shard[index] = number);
        least.push(Reverse((sum.saturating_add(weight), number)));
    }
    shard
}

/// Pieces that stay together.
struct Group {
    pieces: Vec<usize>,
    /// Their bytes and requests; none where a size is not known.
    weight: Option<u64>,
}

impl Default for Group {
    fn default() -> Self {
        Self { pieces: Vec::new(), weight: Some(0) }
    }
}

impl Group {
    fn add(&mut self, index: usize, size: Option<ByteSize>) {
        self.pieces.push(index);
        let weight = self.weight.zip(size);
        self.weight = weight.map(|(sum, size)| sum.saturating_add(size.0).saturating_add(REQUEST));
    }
}

/// What a request costs, in the bytes that come meanwhile.
const REQUEST: u64 = 64 << 10;

fn by_name(path: &RelPath, of: u32) -> u32 {
    let digest = Digest::sha256(path.as_str().as_bytes());
    let first = digest.bytes().iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    // The remainder is below `of`.
    u32::try_from(first % u64::from(of)).unwrap_or_default() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % limit
        }
    }

    /// A release of some files, some of them parts of a split archive, with or without sizes.
    struct Release {
        paths: Vec<RelPath>,
        sizes: Vec<Option<ByteSize>>,
        with: Vec<Option<usize>>,
    }

    impl Release {
        fn made(numbers: &mut Numbers) -> Self {
            let count = numbers.below(300) as usize;
            let all_sized = numbers.below(3);
            let mut release = Self { paths: Vec::new(), sizes: Vec::new(), with: Vec::new() };
            for index in 0..count {
                release.paths.push(RelPath::parse(&format!("d{}/f{index}", numbers.below(5))).unwrap());
                let size = match numbers.below(4) {
                    0 => 0,
                    1 => numbers.below(1 << 34),
                    _ => numbers.below(1 << 20),
                };
                let is_known = all_sized == 0 || (all_sized == 1 && numbers.below(4) > 0);
                release.sizes.push(is_known.then_some(ByteSize(size)));
                // Parts of the first archive before them.
                let first = (index > 0 && numbers.below(6) == 0).then(|| numbers.below(index as u64) as usize);
                release.with.push(first.filter(|first| release.with[*first].is_none()));
            }
            release
        }

        fn pieces(&self) -> Vec<Piece<'_>> {
            let piece = |index: usize| Piece {
                path: &self.paths[index],
                size: self.sizes[index],
                with: self.with[index].map(|first| &self.paths[first]),
            };
            (0..self.paths.len()).map(piece).collect()
        }
    }

    #[test]
    fn every_file_is_in_one_share_whatever_the_order_of_the_list() {
        let mut numbers = Numbers(0x5eed);
        for round in 0..300 {
            let release = Release::made(&mut numbers);
            let of = [1, 2, 3, 8, 64, 1000][round % 6];
            let pieces = release.pieces();
            let shard = shard_numbers(&pieces, of);
            assert_eq!(shard.len(), pieces.len());
            assert!(shard.iter().all(|number| (1..=of).contains(number)), "{shard:?}");
            for (index, with) in release.with.iter().enumerate() {
                if let Some(first) = with {
                    assert_eq!(shard[index], shard[*first], "parts stay together");
                }
            }
            let mut order: Vec<usize> = (0..pieces.len()).collect();
            for index in (1..order.len()).rev() {
                order.swap(index, numbers.below(index as u64 + 1) as usize);
            }
            let shuffled: Vec<Piece<'_>> = order.iter().map(|index| pieces[*index]).collect();
            let again = shard_numbers(&shuffled, of);
            for (place, index) in order.iter().enumerate() {
                assert_eq!(again[place], shard[*index], "the order of the list decides nothing");
            }
        }
    }

    #[test]
    fn no_share_is_heavier_than_its_part_and_the_largest_group() {
        let mut numbers = Numbers(0xba1a);
        for _ in 0..300 {
            let release = Release::made(&mut numbers);
            if release.sizes.iter().any(Option::is_none) || release.paths.is_empty() {
                continue;
            }
            let of = 8;
            let shard = shard_numbers(&release.pieces(), of);
            let weight = |index: usize| release.sizes[index].unwrap().0 + REQUEST;
            let mut sums = vec![0; of as usize];
            let mut groups = vec![0; shard.len()];
            for (index, number) in shard.iter().enumerate() {
                sums[*number as usize - 1] += weight(index);
                groups[release.with[index].unwrap_or(index)] += weight(index);
            }
            let (all, largest) = (sums.iter().sum::<u64>(), groups.into_iter().max().unwrap());
            let heaviest = *sums.iter().max().unwrap();
            assert!(heaviest <= all / u64::from(of) + largest, "{heaviest} of {all}, largest {largest}");
        }
    }

    #[test]
    fn files_of_unknown_size_are_spread_by_their_names() {
        let paths: Vec<RelPath> = (0..8000).map(|at| RelPath::parse(&format!("f{at}.dcm")).unwrap()).collect();
        let pieces: Vec<Piece<'_>> = paths.iter().map(|path| Piece { path, size: None, with: None }).collect();
        let shard = shard_numbers(&pieces, 8);
        for number in 1..=8 {
            let count = shard.iter().filter(|one| **one == number).count();
            assert!((850..1150).contains(&count), "{count} of 8,000 in shard {number}");
        }
        // A new file changes nothing for the others.
        assert_eq!(shard_numbers(&pieces[..7999], 8), shard[..7999]);
    }

    #[test]
    fn a_share_is_named_by_its_number() {
        #[track_caller]
        fn check(text: &str, expected: Result<(u32, u32), NoShard>) {
            assert_eq!(text.parse::<Shard>().map(|shard| (shard.number(), shard.of())), expected, "{text}");
        }
        check("1/1", Ok((1, 1)));
        check("3/8", Ok((3, 8)));
        check("8/8", Ok((8, 8)));
        for text in ["0/8", "9/8", "1/0", "0/0", "1/100001", "1/99999999999"] {
            check(text, Err(NoShard::Range));
        }
        for text in ["", "3", "3/", "/8", "a/b", "3/8/1", "-1/8", "+3/8", " 3/8", "3 / 8", "3.0/8"] {
            check(text, Err(NoShard::Form));
        }
    }
}
