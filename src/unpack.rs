//! Archives to trees, safely.

pub mod sniff;

pub use sniff::{Kind, sniff};
