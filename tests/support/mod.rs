//! What several test files use.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod archives;
pub mod bundles;
pub mod chestxray;
pub mod entry;
pub mod home;
pub mod host;
pub mod mirrors;
pub mod multiplexed;
pub mod preload;
pub mod proxy;
pub mod secrets;
pub mod server;
pub mod terminal;
pub mod tls;
pub mod watch;
