//! What a fetch will do: decided before anything is done, and shown by `--dry-run`.

pub mod location;
pub mod preflight;
pub mod shares;
pub mod steps;

pub use location::{HttpRequest, Location, RangeSupport, RequestCredential};
pub use preflight::{Shortage, preflight};
pub use shares::{NoShard, Piece, Shard, shares};
pub use steps::{Action, FetchPlan, Handling, Item, PlannedMember, Step};
