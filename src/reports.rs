//! Documents about datasets, each a pure function from values to text.
//!
//! Foreign text is escaped for the format it goes into; nothing here reads or writes.

pub mod audit;
pub mod citation;
pub mod cluster;
pub mod duties;
pub mod info;
pub mod papers;
pub mod standards;

pub use citation::{CitationFormat, Cited, cite, methods, one_line};
