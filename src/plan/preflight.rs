//! Whether the disk will do, before the first byte is fetched.

use std::path::{Path, PathBuf};

use crate::remedy::Remedy;
use crate::values::ByteSize;

use super::steps::FetchPlan;

/// The disk will not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// Too few bytes are free.
    #[error("the disk of `{}` has {free} free, and the fetch needs {needed} at its peak", at.display())]
    Bytes {
        /// The data folder.
        at: PathBuf,
        /// Free bytes.
        free: ByteSize,
        /// Needed bytes.
        needed: ByteSize,
    },
    /// Too few inodes are free.
    #[error("the disk of `{}` takes {free} more files, and the fetch makes {needed}", at.display())]
    Inodes {
        /// The data folder.
        at: PathBuf,
        /// Free inodes.
        free: u64,
        /// Needed inodes.
        needed: u64,
    },
}

impl Remedy for Shortage {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Bytes { free, needed, .. } => format!(
                "free {} more, choose another disk with `--data-dir DIR`, or start all the same with `--ignore-space`",
                needed.saturating_sub(*free)
            ),
            Self::Inodes { .. } => {
                "remove files there, choose another disk with `--data-dir DIR`, or start all the same with `--ignore-space`"
                    .into()
            }
        })
    }
}

/// Compares the plan's peak with what the disk takes. `inodes` is `None` where the file
/// system has no fixed number.
pub fn preflight(plan: &FetchPlan, at: &Path, free: ByteSize, inodes: Option<u64>) -> Result<(), Shortage> {
    if plan.is_idle {
        return Ok(());
    }
    if plan.peak > free {
        return Err(Shortage::Bytes { at: at.to_path_buf(), free, needed: plan.peak });
    }
    match inodes {
        Some(free) if plan.inodes > free => Err(Shortage::Inodes { at: at.to_path_buf(), free, needed: plan.inodes }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;

    fn plan(action: Action) -> FetchPlan {
        let is_idle = action == Action::Keep;
        FetchPlan {
            steps: Vec::new(),
            download: ByteSize(10),
            unknown_sizes: 0,
            peak: ByteSize(10),
            inodes: 5,
            is_idle,
        }
    }

    #[test]
    fn refuses_before_starting_and_only_when_there_is_work() {
        #[track_caller]
        fn check(action: Action, bytes: u64, inodes: Option<u64>, good: bool) {
            assert_eq!(preflight(&plan(action), Path::new("/data"), ByteSize(bytes), inodes).is_ok(), good);
        }
        check(Action::Download, 10, Some(5), true);
        check(Action::Download, 9, Some(5), false);
        check(Action::Download, 10, Some(4), false);
        check(Action::Download, 10, None, true);
        check(Action::Keep, 0, Some(0), true);
    }
}
