//! 7z in a build without it.

use super::Unpacked;
use super::error::Fault;
use super::job::Job;
use super::source::Source;

/// Says what is missing.
pub(super) fn unpack(_: &Source, _: &Job<'_>) -> Result<Unpacked, Fault> {
    Err(Fault::unsupported(None, "7z in this build, which lacks the feature `sevenz`,"))
}
