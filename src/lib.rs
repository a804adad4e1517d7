//! medsets: medical datasets the right way.
//!
//! The map is in layers; imports point down only, and `tests/layers.rs` checks it.
//!
//! ```text
//! 5  cli, main                                     words and streams
//! 4  ops, context                                  one function per thing the tool does
//! 3  credentials providers transfer unpack         machinery
//! 2  access plan                                   decisions: pure, no disk, no network, no clock
//! 1  licenses catalog agreements layout            domain
//! 0  values remedy document embedded events fs net foundation
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "unit tests set their scene by hand")
)]

pub mod access;
pub mod agreements;
pub mod catalog;
pub mod cli;
pub mod context;
pub mod credentials;
pub mod document;
pub mod embedded;
pub mod events;
pub mod fs;
pub mod layout;
pub mod licenses;
pub mod net;
pub mod ops;
pub mod plan;
pub mod providers;
pub mod remedy;
pub mod reports;
pub mod transfer;
pub mod unpack;
pub mod values;
