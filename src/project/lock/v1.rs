//! Version 1 of the lock: TOML, datasets by name, one file of a release in each line.

mod checked;
mod read;
mod write;

pub use read::{read, read_side};
pub use write::write;

/// The line above each dataset.
const HEADER: &str = "[[dataset]]";

/// The key of a dataset's digest, in the last line of its table.
const CHECKED: &str = "checked";

/// The number in the file.
pub const VERSION: i64 = 1;

#[cfg(test)]
mod tests;
