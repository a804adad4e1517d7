//! The one downloader.
//!
//! It knows no provider: a [`Job`] brings ways to ask for a [`Location`](crate::plan::Location),
//! and the downloader asks again when one expires. Many files are under way at once, and big
//! ones in several pieces; the digests follow the bytes as they arrive, on threads of their
//! own. What is received survives a kill at any moment and is continued by the next run, if it
//! is certain to be of the same version.
//!
//! ```text
//! engine     many jobs at once
//! job        what is wanted, and what became of it
//! file       one file: its ways and attempts
//! download   what one attempt does: resuming, finishing
//! proof      what came, compared with what is known
//! writer     large writes behind small pieces
//! encoding   transport encodings nobody asked for
//! pieces     one big file over several connections
//! stretches  a few ranges of one file
//! part       the growing file, and readers that follow it
//! journal    what a part holds, on disk beside it
//! extents    sets of byte ranges                             (pure)
//! answer     what an answer means for what is held           (pure)
//! digests    what hosts say of their files, and followers that compute
//! content    a web page in the place of data                 (pure)
//! ```
//!
//! Files on disk: `<part>` and `<part>.json` while unfinished, `target` when done.

pub mod answer;
pub mod content;
pub mod digests;
pub mod engine;
pub mod error;
pub mod extents;
pub mod job;
pub mod journal;
pub mod part;
pub mod stretches;

mod download;
mod encoding;
mod file;
mod persistence;
mod pieces;
mod proof;
mod whole;
mod writer;

pub use engine::{TransferSettings, run};
pub use error::TransferError;
pub use job::{Done, Expected, Job, Locate, LocateError, Outcome, Verified};
pub use part::{Part, PrefixReader};
