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

/// That git does not ignore the project's data folder: `git add -A` would commit the data.
fn of_data(context: &Context) -> Option<String> {
    let is_own = context.settings.get("data-dir").is_some_and(|one| matches!(one.origin, SettingOrigin::Project(_)));
    let dir = context.data_dir().ok().filter(|_| is_own)?;
    let top = git_top(&dir)?;
    // To git a link is a file. A folder may be there for git where everything in it is ignored.
    let is_ignored = match fs::link_target(&dir) {
        Ok(Some(_)) => ignored_by(&dir, Kind::File, top).is_some(),
        _ => ignored_by(&dir.join("dataset/release"), Kind::Folder, top).is_some(),
    };
    if is_ignored {
        return None;
    }
    let root = context.settings.project()?;
    let home = if root.starts_with(top) && dir.starts_with(root) { root } else { top };
    let below = dir.strip_prefix(home).unwrap_or(&dir);
    let line = if below.as_os_str().is_empty() { Path::new("*") } else { below };
    Some(format!(
        "git does not ignore the data in `{}`: `git add` would commit them; put the line `/{}` at the end of `{}`",
        dir.display(),
        line.display(),
        home.join(GITIGNORE).display()
    ))
}

/// That lines are about the lock, or about what lies beside it, and git does not track it yet: a clone
/// would be without.
fn of_lock(context: &Context) -> Option<String> {
    let root = context.settings.project()?;
    let top = git_top(root)?;
    if ignored_by(root, Kind::Folder, top).is_some() {
        return None;
    }
    let beside = fs::list_dir(&root.join(LOCK_FOLDER)).unwrap_or_default();
    let first = |ending| beside.iter().find(|path| path.to_string_lossy().ends_with(ending)).cloned();
    let lock = Some(root.join(LOCK_FILE)).filter(|path| matches!(fs::metadata(path), Ok(Some(_))));
    let parts = [lock, first(".toml"), first(".jsonl.zst")];
    let rule_about = |path: PathBuf| ignored_by(&path, Kind::File, top).map(|rule| (path, rule));
    let mut ignored: Vec<(PathBuf, Rule)> = parts.into_iter().flatten().filter_map(rule_about).collect();
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
    // What stands in a folder counts more than what stands above it.
    let within = ignored.iter().find(|(_, rule)| rule.file.starts_with(root.join(LOCK_FOLDER)));
    let advice = match within {
        Some((_, rule)) => format!("take that line out of `{}`", rule.file.display()),
        None => {
            let lines = READMITTED.map(|line| format!("`{line}`")).join(", ");
            format!("put the lines {lines} at the end of `{}`", root.join(GITIGNORE).display())
        }
    };
    (!told.is_empty()).then(|| format!("git ignores {}: a clone would be without; {advice}", told.join(", ")))
}

/// Lines that have git take the lock along. What a folder holds that is ignored cannot be taken along
/// without the folder.
const READMITTED: [&str; 3] = ["!/medsets.lock", "!/medsets.lock.d/", "!/medsets.lock.d/**"];

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

/// The line by which git ignores a path. Of each folder above it, from the top of the work tree down,
/// and last of itself, the last line about it counts; below one that is ignored git does not look.
fn ignored_by(path: &Path, kind: Kind, top: &Path) -> Option<Rule> {
    let mut levels: Vec<&Path> = path.ancestors().take_while(|one| *one != top && one.starts_with(top)).collect();
    levels.reverse();
    levels.into_iter().find_map(|level| {
        let kind = if level == path { kind } else { Kind::Folder };
        last_rule(level, kind, top).filter(Rule::ignores)
    })
}

/// The last line about a path: of `.git/info/exclude`, then of each `.gitignore` from the top of the
/// work tree down.
fn last_rule(path: &Path, kind: Kind, top: &Path) -> Option<Rule> {
    let above = path.ancestors().skip(1).take_while(|one| one.starts_with(top));
    let of_folders = above.map(|folder| (folder, folder.join(GITIGNORE)));
    of_folders.chain([(top, top.join(".git/info/exclude"))]).find_map(|(folder, file)| {
        let below = path.strip_prefix(folder).ok()?.to_string_lossy().into_owned();
        let line = lines(&file).into_iter().rfind(|line| is_about(line, &below, kind))?;
        Some(Rule { file, line })
    })
}

/// Whether a line is about the folder or file of this path below the folder of the line.
fn is_about(line: &str, path: &str, kind: Kind) -> bool {
    let line = line.strip_prefix('!').unwrap_or(line);
    let (line, is_of_folders) = line.strip_suffix('/').map_or((line, false), |line| (line, true));
    // One without a slash is about whatever has that name.
    let part = if line.contains('/') { path } else { path.rsplit('/').next().unwrap_or(path) };
    let glob = GlobBuilder::new(line.strip_prefix('/').unwrap_or(line)).literal_separator(true).build();
    (kind == Kind::Folder || !is_of_folders) && glob.is_ok_and(|glob| glob.compile_matcher().is_match(part))
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

    #[track_caller]
    fn check(line: &str, path: &str, kind: Kind, expected: bool) {
        assert_eq!(is_about(line, path, kind), expected, "{line}");
    }

    #[test]
    fn a_line_is_about_one_level() {
        check("/data/", "data", Kind::Folder, true);
        check("data", "work/data", Kind::Folder, true);
        check("**/data", "work/data", Kind::Folder, true);
        check("**/data/**", "work/data/made", Kind::Folder, true);
        check("dat*/", "data", Kind::Folder, true);
        check("/work/*", "work/data", Kind::Folder, true);
        check("!/medsets.lock.d/**", "medsets.lock.d/a.toml", Kind::File, true);
        check("/*", "data", Kind::Folder, true);
        check("**", "work/data", Kind::Folder, true);
        // What lies below counts for itself.
        check("/work/", "work/data", Kind::Folder, false);
        check("/data/*", "data", Kind::Folder, false);
        check("/medsets.lock.d/**", "medsets.lock.d", Kind::Folder, false);
        check("/*", "work/data", Kind::Folder, false);
        check("/data/", "work/data", Kind::Folder, false);
        check("data2", "data", Kind::Folder, false);
    }

    #[test]
    fn a_line_about_folders_is_not_about_a_file_or_a_link() {
        check("/data/", "data", Kind::File, false);
        check("data/*", "data", Kind::File, false);
        check("/data", "data", Kind::File, true);
        check("*.lock", "medsets.lock", Kind::File, true);
        check("*.lock", "medsets.lock.d/a.toml", Kind::File, false);
        check("*.zst", "medsets.lock.d/a.jsonl.zst", Kind::File, true);
        check("medsets.lock.d/", "medsets.lock.d/a.toml", Kind::File, false);
    }

    #[test]
    fn what_takes_the_lock_along_names_it() {
        let [lock, folder, below] = READMITTED;
        check(lock, LOCK_FILE, Kind::File, true);
        check(folder, LOCK_FOLDER, Kind::Folder, true);
        check(below, &format!("{LOCK_FOLDER}/a.toml"), Kind::File, true);
    }
}
