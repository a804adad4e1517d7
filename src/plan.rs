//! What a fetch will do: decided before anything is done, and shown by `--dry-run`.

pub mod location;

pub use location::{HttpRequest, Location, RequestCredential};
