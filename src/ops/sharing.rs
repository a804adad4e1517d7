//! What the settings say of bytes that are kept once.

use std::path::Path;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access};
use crate::layout::Store;
use crate::store::{LinkMode, Objects, Outcome};
use crate::values::{ByteSize, Digest};

use super::target::common_access;

/// Lets the files of a dataset share their bytes with those of others, as far as the settings
/// want it. Where that fails nothing but the sharing is lost, so it is told once and that is all.
pub(super) struct Sharing<'a> {
    context: &'a Context,
    objects: Objects,
    at_least: Option<ByteSize>,
    is_told: bool,
}

impl<'a> Sharing<'a> {
    /// For files that `access` allows to read, in this store.
    pub fn of(context: &'a Context, store: &Store, access: Access) -> Self {
        let at_least = match context.settings.text("store") {
            Some("off") => None,
            Some("all") => Some(ByteSize(1)),
            _ => Some(WORTH_IT),
        };
        Self { context, objects: objects(context, store, access), at_least, is_told: false }
    }

    /// Shares a finished file. Says whether it may have another time of last change now.
    pub fn share(&mut self, file: &Path, sha256: &Digest, size: ByteSize) -> bool {
        if self.at_least.is_none_or(|least| size < least) {
            return false;
        }
        match self.objects.share(file, sha256) {
            Ok(outcome) => outcome != Outcome::Left,
            Err(error) => {
                if !std::mem::replace(&mut self.is_told, true) {
                    let message = format!("bytes are not shared between datasets: {error}");
                    self.context.report.report(Event::Warning { message });
                }
                // It may have failed behind the link.
                fs::metadata(file).is_ok()
            }
        }
    }
}

/// The objects of a store, linked as the settings say.
pub(super) fn objects(context: &Context, store: &Store, access: Access) -> Objects {
    let link_mode = match context.settings.text("link-mode") {
        Some("reflink") => LinkMode::Reflink,
        Some("hardlink") => LinkMode::HardLink,
        Some("copy") => LinkMode::Copy,
        _ => LinkMode::Auto,
    };
    Objects::of(store, link_mode, access, common_access(context))
}

/// Whether objects are used at all.
pub(super) fn is_on(context: &Context) -> bool {
    context.settings.text("store") != Some("off")
}

/// Smaller files are not worth a name of their own.
const WORTH_IT: ByteSize = ByteSize(1 << 20);
