//! Workspaces under the names that they had before: `<id>-<slug>`, which two datasets may share.

use std::time::Duration;

use crate::fs::{self, Access};
use crate::layout::dirs::Store;
use crate::values::Digest;

use super::{LayoutError, Workspace};

impl Workspace {
    /// How a workspace, or the beginning of its name, was called by an earlier version.
    pub fn earlier_name(name: &str) -> String {
        name.replacen('@', "-", 1).replacen('+', ".", 1)
    }

    /// Gives what an earlier version began its name of today, where it was begun with the same entry
    /// and channel and nobody works on it: what is finished there is gone on with. Anything else
    /// stays for `prune`. Only for whoever holds the lease of today's name.
    pub fn rename_earlier(
        store: &Store,
        name: &str,
        begun_with: (Digest, &str),
        access: Access,
    ) -> Result<(), LayoutError> {
        let earlier = Self::earlier_name(name);
        let (from, to) = (store.parts().join(&earlier), store.parts().join(name));
        if earlier == name || fs::metadata(&to)?.is_some() || fs::metadata(&from)?.is_none() {
            return Ok(());
        }
        let Some(_lease) = Self::lease(store, &earlier, access, Duration::ZERO)? else { return Ok(()) };
        let theirs = Self::begun_by(&from)?;
        if theirs.is_some_and(|(entry, channel)| (entry, channel.as_str()) == begun_with) {
            fs::rename(&from, &to)?;
        }
        Ok(())
    }
}
