//! Version 1 of the lock: TOML, datasets by name, one file of a release in each line.

mod read;
mod write;

pub use read::{read, read_side};
pub use write::write;

/// The number in the file.
pub const VERSION: i64 = 1;

#[cfg(test)]
mod tests;
