//! What a fetch will do: decided before anything is done, and shown by `--dry-run`.

pub mod location;
pub mod preflight;
pub mod shards;
pub mod steps;

pub use location::{HttpRequest, Location, RangeSupport, RequestCredential};
pub use preflight::{Shortage, preflight};
pub use shards::{NoShard, Piece, Shard, shard_numbers};
pub use steps::{Action, FetchPlan, Handling, Item, PlannedMember, Step};
