//! A team's mirror in object storage: what lies in it, and how it is read and written.
//!
//! ```text
//! address    `s3://bucket/prefix` and its likes
//! names      what the objects of a mirror are called        (pure)
//! mark       `mirror.json`: what is said of a mirrored dataset
//! keys       who asks, and where
//! folder     the objects of a mirror that is a folder
//! bucket     the objects of any mirror, through the crate `object_store` where it is no folder
//! outgoing   a file that is to be sent
//! upload     sends it, hashed while it is read
//! opened     the mirrors of a run
//! error      what can be wrong
//! ```
//!
//! A file is an object under its SHA-256, so that sending it twice is the same as once, and what
//! is there need not be sent again. The records of a dataset are written after its files and
//! `mirror.json` last: a dataset that can be seen is whole. Nothing of a mirror is believed:
//! whoever reads from it compares every byte with the digest that named it.
//!
//! A mirror opens no gate and lifts no terms; `ops::mirror` sees to both before anything here is
//! asked. Without the feature `cloud` no mirror can be opened, and addresses are still read.

pub mod address;
#[cfg(feature = "cloud")]
pub mod bucket;
#[cfg(not(feature = "cloud"))]
#[path = "mirror/no_bucket.rs"]
pub mod bucket;
pub mod error;
#[cfg(feature = "cloud")]
mod folder;
pub mod keys;
pub mod mark;
#[cfg(feature = "cloud")]
mod meaning;
pub mod names;
#[cfg(feature = "cloud")]
mod open;
pub mod opened;
pub mod outgoing;
#[cfg(feature = "cloud")]
mod upload;

pub use address::{MirrorUrl, NotAMirror, Place};
pub use bucket::Bucket;
pub use error::MirrorError;
pub use keys::{Surroundings, Who};
pub use mark::Mark;
pub use opened::{Mirror, Opened};
pub use outgoing::{Leftovers, Outgoing};
