//! A number of bytes, and how people write one.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A size in bytes. Serialised as an integer; shown as `1.5 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(pub u64);

/// The text is not a size such as `50GB`, `486 MiB` or `1024`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: write a number and a unit, such as `50GB` or `486 MiB`")]
pub struct NotASize(String);

impl ByteSize {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, held at the largest value rather than wrapped.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What remains after taking `other` away, zero if nothing.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return out.pad(&format!("{} B", self.0));
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = 0;
        while value >= 1023.95 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        out.pad(&format!("{value:.1} {}", UNITS[unit]))
    }
}

impl FromStr for ByteSize {
    type Err = NotASize;

    /// Reads `1024`, `50GB` (powers of 1000) and `486 MiB` (powers of 1024), in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotASize(text.to_owned());
        let trimmed = text.trim();
        let split = trimmed.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "t" | "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(refused()),
        };
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(Self).ok_or_else(refused);
        }
        let value: f64 = number.parse().map_err(|_| refused())?;
        let bytes = value * factor as f64;
        if bytes.is_finite() && bytes < u64::MAX as f64 { Ok(Self(bytes.round() as u64)) } else { Err(refused()) }
    }
}

impl Add for ByteSize {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for ByteSize {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for ByteSize {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::ZERO, Self::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        #[track_caller]
        fn check(text: &str, bytes: Option<u64>) {
            assert_eq!(text.parse::<ByteSize>().ok(), bytes.map(ByteSize), "{text}");
        }
        check("1024", Some(1024));
        check("50GB", Some(50_000_000_000));
        check("486 MiB", Some(486 << 20));
        check("1.5 kib", Some(1536));
        check("", None);
        check("-1", None);
        check("12 parsecs", None);
        check("99999999999999999999", None);
        check("1.2.3", None);
    }

    #[test]
    fn shows_one_decimal_and_never_1024_of_a_unit() {
        assert_eq!(ByteSize(1023).to_string(), "1023 B");
        assert_eq!(ByteSize(1024).to_string(), "1.0 KiB");
        assert_eq!(ByteSize(1024 * 1024 - 1).to_string(), "1.0 MiB");
        assert_eq!(ByteSize(45_079_862_784).to_string(), "42.0 GiB");
    }
}
