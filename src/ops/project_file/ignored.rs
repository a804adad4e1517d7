//! Whether git would take a project's data along, and leave its lock out.
//!
//! The files in which people write what git ignores are read as git reads them. Nothing is asked of
//! git, so what other places ignore (`core.excludesFile`) is not known.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use crate::context::{Context, SettingOrigin};
use crate::fs;
use crate::ops::audit;
use crate::project::lock::{LOCK_FILE, LOCK_FOLDER};

use super::git_top;

/// What a person should know before `git add`, a sentence each.
pub fn warnings(context: &Context) -> impl Iterator<Item = String> {
    of_data(context).into_iter().chain(of_lock(context))
}

/// That no line is about the project's data folder: `git add -A` would commit the data.
fn of_data(context: &Context) -> Option<String> {
    let is_own = context.settings.get("data-dir").is_some_and(|one| matches!(one.origin, SettingOrigin::Project(_)));
    let dir = context.data_dir().ok().filter(|_| is_own)?;
    let top = git_top(&dir)?;
    // To git a link is a file.
    let kind = if matches!(fs::link_target(&dir), Ok(Some(_))) { Kind::File } else { Kind::Folder };
    let ignores_itself = || lines(&dir.join(GITIGNORE)).iter().any(|line| matches!(line.as_str(), "*" | "/*" | "**"));
    if rules(&dir, kind, top).iter().any(Rule::ignores) || (kind == Kind::Folder && ignores_itself()) {
        return None;
    }
    let root = context.settings.project()?;
    let line = dir.strip_prefix(root).unwrap_or(&dir).display();
    Some(format!(
        "git does not ignore the data in `{}`: `git add` would commit them; put the line `/{line}` into `{}`",
        dir.display(),
        root.join(GITIGNORE).display()
    ))
}

/// That lines are about the lock, or about what lies beside it, and git does not track it yet: a clone
/// would be without.
fn of_lock(context: &Context) -> Option<String> {
    let root = context.settings.project()?;
    let top = git_top(root)?;
    let ignored_by = |path: &Path, kind| rules(path, kind, top).pop().filter(Rule::ignores);
    if ignored_by(root, Kind::Folder).is_some() {
        return None;
    }
    let beside = fs::list_dir(&root.join(LOCK_FOLDER)).unwrap_or_default();
    let first = |ending| beside.iter().find(|path| path.to_string_lossy().ends_with(ending)).cloned();
    let lock = Some(root.join(LOCK_FILE)).filter(|path| matches!(fs::metadata(path), Ok(Some(_))));
    let parts = [lock, first(".toml"), first(".jsonl.zst")];
    let mut ignored: Vec<(PathBuf, Rule)> =
        parts.into_iter().flatten().filter_map(|path| ignored_by(&path, Kind::File).map(|rule| (path, rule))).collect();
    if !ignored.is_empty() {
        let tracked = audit::tracked(top).unwrap_or_default();
        ignored.retain(|(path, _)| {
            !tracked.iter().any(|one| path.strip_prefix(top).is_ok_and(|path| path == Path::new(one)))
        });
    }
    let told: Vec<String> = ignored
        .iter()
        .map(|(path, rule)| {
            let path = path.strip_prefix(root).unwrap_or(path).display();
            format!("`{path}` (by `{}` in `{}`)", rule.line, rule.file.display())
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "git ignores {}: a clone would be without; put the lines `!/{LOCK_FILE}` and `!/{LOCK_FOLDER}/**` at the end \
             of `{}`",
            told.join(", "),
            root.join(GITIGNORE).display()
        )
    })
}

/// What something is to git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
}

/// A line that is about a path, and the file it stands in.
struct Rule {
    file: PathBuf,
    line: String,
}

impl Rule {
    fn ignores(&self) -> bool {
        !self.line.starts_with('!')
    }
}

/// The lines of `.git/info/exclude`, then of each `.gitignore` from the top of the work tree down, that
/// are about the path or a folder above it. The last one counts.
fn rules(path: &Path, kind: Kind, top: &Path) -> Vec<Rule> {
    let mut folders: Vec<&Path> = path.ancestors().skip(1).take_while(|one| one.starts_with(top)).collect();
    folders.reverse();
    let exclude = (top, top.join(".git/info/exclude"));
    let of_folders = folders.into_iter().map(|folder| (folder, folder.join(GITIGNORE)));
    let mut rules = Vec::new();
    for (folder, file) in std::iter::once(exclude).chain(of_folders) {
        let Ok(below) = path.strip_prefix(folder) else { continue };
        let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let about = lines(&file).into_iter().filter(|line| names(line.trim_start_matches('!'), &parts, kind));
        rules.extend(about.map(|line| Rule { file: file.clone(), line }));
    }
    rules
}

/// Whether a line names the folder or file with these parts, or a folder above it.
fn names(line: &str, parts: &[String], kind: Kind) -> bool {
    let is_of_folders = line.ends_with('/') || line.ends_with("/*") || line.ends_with("/**");
    let is_anchored = line.trim_end_matches('/').contains('/');
    let bare = line.trim_end_matches("/**").trim_end_matches("/*").trim_matches('/');
    let bare = bare.strip_prefix("**/").unwrap_or(bare);
    let Ok(glob) = GlobBuilder::new(bare).literal_separator(true).build() else { return false };
    let glob = glob.compile_matcher();
    let is_anchored = is_anchored && !line.starts_with("**/");
    let last = parts.len() - usize::from(is_of_folders && kind == Kind::File);
    (1..=last)
        .any(|end| if is_anchored { glob.is_match(parts[..end].join("/")) } else { glob.is_match(&parts[end - 1]) })
}

/// The lines of an ignore file that say something.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_regular_text_if_present(path).ok().flatten().unwrap_or_default();
    let meant = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    meant.map(str::to_owned).collect()
}

const GITIGNORE: &str = ".gitignore";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_a_folder_or_one_above_it() {
        #[track_caller]
        fn check(line: &str, folder: &str, expected: bool) {
            let parts: Vec<String> = folder.split('/').map(str::to_owned).collect();
            assert_eq!(names(line, &parts, Kind::Folder), expected, "{line}");
        }
        check("/data/", "data", true);
        check("data", "work/data", true);
        check("**/data/**", "work/data", true);
        check("/work/data/*", "work/data", true);
        check("dat*/", "data", true);
        check("/work/", "work/data", true);
        check("/data/", "work/data", false);
        check("data2", "data", false);
    }

    #[test]
    fn a_line_about_folders_is_not_about_a_file_or_a_link() {
        #[track_caller]
        fn check(line: &str, file: &str, expected: bool) {
            let parts: Vec<String> = file.split('/').map(str::to_owned).collect();
            assert_eq!(names(line, &parts, Kind::File), expected, "{line}");
        }
        check("/data/", "data", false);
        check("data/*", "data", false);
        check("/data", "data", true);
        check("*.lock", "medsets.lock", true);
        check("*.lock", "medsets.lock.d/a.toml", false);
        check("*.zst", "medsets.lock.d/a.jsonl.zst", true);
        check("medsets.lock.d/", "medsets.lock.d/a.toml", true);
    }
}
