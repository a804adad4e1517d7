//! Folders of others (`shared-dirs`): whether what lies there can be used from here.

use std::path::Path;

use crate::context::Context;
use crate::fs;
use crate::layout::{DatasetDir, Receipt, RecordKind, inventory::InventoryReader};
use crate::values::counted;

use super::{Check, CheckState, check};

/// One line for each folder. Reads there, and tries a second name in the person's own data folder
/// for a file that lies there; that name goes at once.
pub fn examine(context: &Context) -> Vec<Check> {
    let folders = context.settings.paths(&context.environment, "shared-dirs");
    let data_dir = context.data_dir().ok();
    folders.unwrap_or_default().iter().map(|folder| examine_one(folder, data_dir.as_deref())).collect()
}

const NAME: &str = "shared folder";

fn examine_one(folder: &Path, data_dir: Option<&Path>) -> Check {
    let shown = folder.display();
    if !fs::is_dir(folder) {
        return check(NAME, CheckState::Bad, format!("{shown}: there is no such folder; `fetch` passes it over"));
    }
    let found = match fs::list_dir(folder).and_then(|_| DatasetDir::find_all(folder)) {
        Ok(found) => found,
        Err(error) => return check(NAME, CheckState::Bad, format!("{error}; `fetch` passes it over")),
    };
    let kind = fs::file_system_kind(folder).map_or(String::new(), |kind| format!(", on {kind}"));
    let (usable, faults) = usable(&found);
    let mut words = vec![format!("{shown}{kind}: {}", counted(usable.len() as u64, "dataset"))];
    let mut state = CheckState::Good;
    if found.is_empty() {
        state = CheckState::Note;
        words.push("no data folder of medsets, as far as can be seen".to_owned());
    }
    if let Some(first) = faults.first() {
        state = CheckState::Note;
        words.push(format!("{} of them cannot be used from here: {first}", faults.len()));
    }
    if fs::is_writable(folder) {
        state = CheckState::Note;
        words.push("you may write there, and so may change what others rest on; medsets does not".to_owned());
    }
    if let (Some(data_dir), Some(first)) = (data_dir, usable.first()) {
        words.push(ways_to_share(folder, data_dir, first));
    }
    check(NAME, state, words.join("; "))
}

/// The datasets whose records can be read by this program and this person, and why others cannot.
fn usable(found: &[DatasetDir]) -> (Vec<&DatasetDir>, Vec<String>) {
    let (mut usable, mut faults) = (Vec::new(), Vec::new());
    for dir in found {
        match Receipt::read(dir) {
            Ok(Some(_)) => usable.push(dir),
            Ok(None) => faults.push(format!("`{}` has no receipt", dir.root().display())),
            Err(error) => faults.push(error.to_string()),
        }
    }
    (usable, faults)
}

/// Whether single files can be had without a copy.
fn ways_to_share(folder: &Path, data_dir: &Path, dataset: &DatasetDir) -> String {
    let own = data_dir.ancestors().find(|one| fs::is_dir(one)).unwrap_or(Path::new("/"));
    match (fs::file_system(folder), fs::file_system(own)) {
        (Ok(theirs), Ok(ours)) if theirs == ours => {}
        _ => return "on another file system than your data folder: single files are copied".to_owned(),
    }
    let records = InventoryReader::open(&dataset.inventory_path());
    let first =
        records.ok().and_then(|mut all| all.find_map(|one| one.ok().filter(|one| one.kind == RecordKind::File)));
    let Some(first) = first else { return "on the file system of your data folder".to_owned() };
    let probe = own.join(format!(".medsets-doctor-{}.link", std::process::id()));
    let linked = fs::hard_link(&first.path.under(dataset.root()), &probe);
    let gone = fs::remove_file(&probe);
    match linked.and(gone) {
        Ok(()) => "on the file system of your data folder: hard links work".to_owned(),
        Err(error) => format!("on the file system of your data folder, without hard links to files there ({error})"),
    }
}
