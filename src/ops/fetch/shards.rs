//! A fetch by several processes, for the schedulers of clusters.
//!
//! The words: the files of a release are split into *shards*, numbered `1/8` to `8/8`
//! ([`crate::plan::Shard`]); the process that fetches one is called by its name. What they have
//! [`agreed`] on is the same for all of them. Each works in a *workspace* of its own
//! ([`workspaces`], [`one`]), and the process that is told `--finish` brings these together and
//! commits ([`finish`]).

mod agreed;
mod finish;
mod one;
mod workspaces;

pub(super) use agreed::{about_kept_list, begun};
pub(super) use finish::finish;
pub(super) use one::{fetch, had};
pub(super) use workspaces::end;
