//! Workspaces under the names that they had before: `<id>-<slug>`, which two datasets may share.

use std::time::Duration;

use crate::fs::{self, Access};
use crate::layout::dirs::Store;

use super::{Begun, LayoutError, Workspace};

/// Gives what an earlier version began its name of today, where it was begun with the same entry
/// and channel and nobody works on it: what is finished there is gone on with. Anything else
/// stays for `prune`. Only for whoever holds the lease of today's name.
pub(super) fn from_earlier_name(store: &Store, name: &str, begun: &Begun, access: Access) -> Result<(), LayoutError> {
    let earlier = name.replacen('@', "-", 1).replacen('+', ".", 1);
    let (from, to) = (store.parts().join(&earlier), store.parts().join(name));
    if earlier == name || fs::metadata(&to)?.is_some() || fs::metadata(&from)?.is_none() {
        return Ok(());
    }
    let Some(_lease) = Workspace::lease(store, &earlier, access, Duration::ZERO)? else { return Ok(()) };
    let theirs = Workspace::begun_by(&from)?;
    if theirs.is_some_and(|(entry, channel)| entry == begun.entry && channel == begun.channel) {
        fs::rename(&from, &to)?;
    }
    Ok(())
}
