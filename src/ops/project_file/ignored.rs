//! Whether git would take a project's data along.

use std::path::Path;

use globset::GlobBuilder;

use crate::context::{Context, SettingOrigin};
use crate::fs;

use super::git_top;

/// A sentence where the project's data folder lies in a git work tree and no `.gitignore` that is
/// looked at names it: `git add -A` would commit the data. Nothing is asked of git, so what other
/// places ignore (`core.excludesFile`) is not known.
pub fn warning(context: &Context) -> Option<String> {
    let is_own = context.settings.get("data-dir").is_some_and(|one| matches!(one.origin, SettingOrigin::Project(_)));
    let dir = context.data_dir().ok().filter(|_| is_own)?;
    let top = git_top(&dir)?;
    if is_ignored(&dir, top) {
        return None;
    }
    let root = context.settings.project()?;
    let line = dir.strip_prefix(root).unwrap_or(&dir).display();
    Some(format!(
        "git does not ignore the data in `{}`: `git add` would commit them; put the line `/{line}/` into `{}`",
        dir.display(),
        root.join(".gitignore").display()
    ))
}

/// Whether a line of a `.gitignore` from the top of the work tree down to the folder, or of
/// `.git/info/exclude`, is about the folder or one above it.
fn is_ignored(dir: &Path, top: &Path) -> bool {
    let inner = dir.join(".gitignore");
    if lines(&inner).iter().any(|line| matches!(line.as_str(), "*" | "/*" | "**")) {
        return true;
    }
    let folders: Vec<&Path> = dir.ancestors().skip(1).take_while(|one| one.starts_with(top)).collect();
    let exclude = (top, lines(&top.join(".git/info/exclude")));
    let of_folders = folders.iter().map(|folder| (*folder, lines(&folder.join(".gitignore"))));
    std::iter::once(exclude).chain(of_folders).any(|(folder, lines)| {
        let Ok(below) = dir.strip_prefix(folder) else { return false };
        let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        lines.iter().any(|line| names(line, &parts))
    })
}

/// Whether a line names the folder with these parts, or one above it.
fn names(line: &str, parts: &[String]) -> bool {
    let is_anchored = line.trim_end_matches('/').contains('/');
    let bare = line.trim_end_matches("/**").trim_end_matches("/*").trim_matches('/');
    let bare = bare.strip_prefix("**/").unwrap_or(bare);
    let Ok(glob) = GlobBuilder::new(bare).literal_separator(true).build() else { return false };
    let glob = glob.compile_matcher();
    let is_anchored = is_anchored && !line.starts_with("**/");
    (1..=parts.len())
        .any(|end| if is_anchored { glob.is_match(parts[..end].join("/")) } else { glob.is_match(&parts[end - 1]) })
}

/// The lines of an ignore file that ignore something.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_regular_text_if_present(path).ok().flatten().unwrap_or_default();
    let meant = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    meant.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_a_folder_or_one_above_it() {
        #[track_caller]
        fn check(line: &str, folder: &str, expected: bool) {
            let parts: Vec<String> = folder.split('/').map(str::to_owned).collect();
            assert_eq!(names(line, &parts), expected, "{line}");
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
}
