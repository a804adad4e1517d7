//! One function per thing the tool does.
//!
//! An operation takes the context and options, does its work through the machinery below, and
//! gives a report: a value that `cli` shows as text or JSON. It prints nothing.

pub mod accept;
pub mod adopt;
pub mod assemble;
pub mod audit;
pub mod auth;
pub mod bundle;
pub mod choice;
pub mod cluster;
pub mod diff;
pub mod doctor;
pub mod doubt;
pub mod download;
pub mod du;
pub mod exit;
pub mod export;
pub mod failure;
pub mod fetch;
mod foreign;
pub mod gate;
pub mod grant;
pub mod here;
pub mod identity;
pub mod import;
pub mod ledger;
pub mod link;
pub mod lint;
pub mod list;
pub mod lock;
pub mod matching;
pub mod matter;
mod member_sums;
pub mod members;
pub mod mirror;
mod nearby;
pub mod outdated;
pub mod outside;
pub mod particulars;
pub mod placing;
pub mod probe;
pub mod project_file;
pub mod prune;
pub mod recorded;
pub mod reference;
pub mod remove;
pub mod repair;
pub mod report;
pub mod rules;
pub mod selection;
mod shared;
mod sharing;
pub mod shelf;
pub mod step;
pub mod stored_listing;
pub mod sync;
pub mod target;
pub mod texts;
pub mod unbundle;
mod unwrap;
pub mod verify;
pub mod wanted;
pub mod why;

pub use exit::Exit;
pub use failure::Failure;
