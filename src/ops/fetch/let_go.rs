//! Links to shared copies that are to be had no more.

use std::path::PathBuf;

use crate::context::Context;
use crate::fs;
use crate::layout::{DatasetDir, LinkMark};
use crate::ops::failure::Failure;
use crate::ops::shared;
use crate::ops::target::Target;

use super::FetchOptions;

/// A link to a shared copy that is gone or closed, out of the way of another copy. Where none comes
/// it is put back when this is dropped.
pub(super) struct LetGo {
    dir: DatasetDir,
    held: PathBuf,
}

impl LetGo {
    /// Lets go of it; a dry run only says so.
    ///
    /// # Errors
    /// The link leads into no shared folder: a person made it, perhaps to a disk that is away, or it
    /// led to files that were adopted.
    pub fn of(
        context: &Context,
        target: &Target<'_>,
        options: &FetchOptions,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>, Failure> {
        let Some(held) = shared::lost(&target.dir).or_else(|| target.moved()) else { return Ok(None) };
        let place = target.dir.root().to_path_buf();
        if !shared::is_shared(context, &target.dir, &held) {
            return Err(target.led_away(&held));
        }
        warnings.push(format!(
            "the shared copy of `{}` is not to be had any more: `{}`",
            target.selection,
            held.display()
        ));
        if options.dry_run {
            return Ok(None);
        }
        fs::remove_file(&place)?;
        Ok(Some(Self { dir: target.dir.clone(), held }))
    }
}

impl Drop for LetGo {
    fn drop(&mut self) {
        let place = self.dir.root();
        match fs::metadata(place) {
            Ok(None) => {
                // The folder above may have gone with it; what cannot be put back led nowhere.
                let parent = place.parent().unwrap_or(place);
                let _ = fs::create_dir_all(parent, fs::Access::Shared);
                let _ = fs::symbolic_link(&self.held.to_string_lossy(), place);
            }
            // The mark speaks of a link that is none any more.
            Ok(Some(found)) if !found.is_symlink() => drop(LinkMark::remove(&self.dir)),
            _ => {}
        }
    }
}
