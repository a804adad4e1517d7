//! `medsets init`, `add` and `drop`: the project file as people use it.
//!
//! What is to be written is worked out on the text ([`crate::project::edit`]) and read again
//! before it takes the place of the old one in one step. A file that cannot be read as a project
//! is never touched. Nothing on disk but the project file and, by `init`, `.gitignore` is.

mod add;
mod drop;
pub mod ignored;
mod init;

use std::path::PathBuf;

use crate::context::{Context, project as reader};
use crate::fs::{self, Edit};
use crate::project::{EditError, Manifest};

use super::exit::Exit;
use super::failure::Failure;
use super::lock::no_project;

pub use add::{AddOptions, AddReport, Added, Change, add};
pub use drop::{DropReport, Dropped, drop};
pub use init::{InitOptions, InitReport, init};

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is.
    #[default]
    Write,
    /// Only what would be written is told.
    Show,
}

/// The project file, read for an edit.
struct Draft {
    path: PathBuf,
    text: String,
    manifest: Manifest,
    /// Held until the edit is done; absent where nothing is to be written.
    edit: Option<Edit>,
}

impl Draft {
    /// Opens the file of the project around the working folder. Fails where there is none, and
    /// where what it says cannot be used.
    fn open(context: &Context, mode: Mode) -> Result<Self, Failure> {
        let Some(found) = context.project()? else { return Err(no_project()) };
        let path = found.path();
        let (edit, text) = match mode {
            Mode::Show => (None, found.text.clone()),
            Mode::Write => {
                let Some((edit, bytes)) = Edit::open(&path, LIMIT)? else {
                    let message = format!("another run of medsets is editing `{}`", path.display());
                    return Err(Failure::new(Exit::HELD, message).help("run the same command again"));
                };
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| broken(format!("`{}` is no text in UTF-8", path.display())))?;
                (Some(edit), text)
            }
        };
        // Another run may have written since the context was made.
        let manifest = reader::read(&path, &text).map_err(|error| edit_failed(EditError::Broken(error)))?;
        Ok(Self { path, text, manifest, edit })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Writes the new text, if it is another and anything is to be written.
    fn finish(self, text: &str) -> Result<bool, Failure> {
        reader::read(&self.path, text).map_err(|error| {
            let message = format!("the edited text of `{}` would break the form: {error}", self.path.display());
            Failure::new(Exit::INTERNAL, message).help("nothing was written; please report this with the file")
        })?;
        let is_other = text != self.text;
        match self.edit {
            Some(edit) if is_other => edit.replace(text.as_bytes())?,
            _ => {}
        }
        Ok(is_other)
    }
}

fn broken(message: String) -> Failure {
    Failure::new(Exit::CONFIG, message).help("mend the file; nothing was changed")
}

fn edit_failed(error: EditError) -> Failure {
    match error {
        EditError::Broken(error) => super::audit::broken_file(error),
        EditError::OneList { .. } => Failure::from_error(Exit::CONFIG, &error),
    }
}

/// People write small ones; catalogue entries have the same limit.
const LIMIT: u64 = 64 << 20;

/// The nearest folder, from this one up, that is the top of a git work tree.
fn git_top(folder: &std::path::Path) -> Option<&std::path::Path> {
    folder.ancestors().find(|one| matches!(fs::metadata(&one.join(".git")), Ok(Some(_))))
}
