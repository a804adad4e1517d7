//! Datasets that lie where medsets writes nothing: in a shared folder, or where a person put the files.

use crate::context::Context;
use crate::layout::{Adopted, DatasetDir, LayoutError};
use crate::values::ShellWord;

use super::lock::files::LockFolder;
use super::shared;

/// Where such a dataset lies.
#[derive(Debug)]
pub(super) enum HandsOff {
    /// In the data folder of somebody else.
    Shared,
    /// In a folder of the person.
    Adopted {
        /// That folder.
        place: String,
    },
}

impl HandsOff {
    /// `None` for a dataset that medsets laid down itself.
    pub fn of(dir: &DatasetDir) -> Result<Option<Self>, LayoutError> {
        if shared::leads_to(dir).is_some() {
            return Ok(Some(Self::Shared));
        }
        match Adopted::read(dir) {
            Err(error) if error.is_of_records() => Ok(None),
            adopted => Ok(adopted?.map(|adopted| Self::Adopted { place: adopted.place })),
        }
    }

    /// What to do where it is not as it should be, or where more of it is wanted: by the lock of the
    /// project where that pins it, else by the catalogue.
    pub fn advice(&self, name: &str, is_locked: bool) -> String {
        let command = if is_locked { "medsets sync".to_owned() } else { format!("medsets fetch {name}") };
        let remove = format!("`medsets remove {name} --yes` takes");
        match self {
            Self::Shared => format!(
                "{remove} the link away, and the shared copy stays; then `MEDSETS_SHARED_DIRS= {command}` fetches a copy \
                 of your own"
            ),
            Self::Adopted { place } => format!(
                "put the right files there and run `medsets adopt {}` again, or `medsets adopt DIR` where they lie by now; \
                 or {remove} the records away, and your files stay; then `{command}` fetches a copy of its own",
                ShellWord(place)
            ),
        }
    }
}

/// Whether the lock of the project pins a release. One that cannot be used pins nothing.
pub(super) fn is_locked(context: &Context, name: &str) -> bool {
    let lock = context.settings.project().and_then(|root| LockFolder::at(root).read().ok().flatten());
    lock.is_some_and(|lock| lock.datasets.iter().any(|locked| locked.name() == name))
}
