//! What lies around the copies: modes, git, signed links.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use url::Url;

use crate::audit::{Guard, SubjectFacts};
use crate::context::Context;
use crate::fs;
use crate::policy::Place;
use crate::remedy;

use super::super::failure::Failure;
use super::git_index;

/// A git repository: its top folder and the paths it tracks, or why they are not known.
pub(in crate::ops) type Repository = Result<Vec<String>, String>;

/// Looks around the copies, and through the tracked files of the project's repository.
pub fn around(context: &Context, subjects: &[SubjectFacts]) -> Result<Vec<Guard>, Failure> {
    let mut found = Vec::new();
    let mut tops: HashMap<PathBuf, Option<PathBuf>> = HashMap::new();
    let mut repositories: HashMap<PathBuf, Repository> = HashMap::new();
    for subject in subjects.iter().filter(|subject| subject.receipt.is_some()) {
        let Some(folder) = subject.folder.as_deref().map(Path::new) else { continue };
        if subject.is_restricted() {
            found.extend(world_readable(subject, folder)?);
        }
        let folder = fs::canonical(folder).unwrap_or_else(|_| folder.to_path_buf());
        if let Some(top) = top_of(&folder, &mut tops) {
            let repository = repositories.entry(top.clone()).or_insert_with(|| tracked(&top));
            found.extend(tracked_of(subject, &folder, &top, repository));
        }
    }
    let project = context.settings.project().map(Path::to_path_buf);
    let project = project.and_then(|folder| fs::canonical(&folder).ok()).and_then(|folder| top_of(&folder, &mut tops));
    if let Some(top) = project {
        let repository = repositories.entry(top.clone()).or_insert_with(|| tracked(&top));
        if let Ok(paths) = repository {
            found.extend(signed_links(&top, paths));
        }
    }
    for (top, repository) in &repositories {
        if let Err(reason) = repository {
            let message = format!("what git tracks in `{}` could not be looked at: {reason}", top.display());
            found.push(Guard::NotChecked { message });
        }
    }
    Ok(found)
}

/// The sentence about something that could not be looked at.
pub fn not_checked(guard: &Guard) -> Option<String> {
    match guard {
        Guard::NotChecked { message } => Some(message.clone()),
        _ => None,
    }
}

/// A restricted folder that others may list or enter, where they may enter every folder above.
fn world_readable(subject: &SubjectFacts, folder: &Path) -> Result<Option<Guard>, Failure> {
    let Some(metadata) = fs::metadata(folder)? else { return Ok(None) };
    let mode = metadata.permissions().mode() & 0o7777;
    let may_enter =
        |folder: &Path| matches!(fs::metadata(folder), Ok(Some(one)) if one.permissions().mode() & 0o001 != 0);
    let is_open = mode & 0o005 != 0 && folder.ancestors().skip(1).all(may_enter);
    let folder = folder.display().to_string();
    Ok(is_open.then(|| Guard::WorldReadable { dataset: subject.name(), folder, mode: format!("{mode:04o}") }))
}

/// The nearest folder, from this one up, that holds a `.git`.
fn top_of(folder: &Path, known: &mut HashMap<PathBuf, Option<PathBuf>>) -> Option<PathBuf> {
    if let Some(top) = known.get(folder) {
        return top.clone();
    }
    let top = match fs::metadata(&folder.join(".git")) {
        Ok(Some(_)) => Some(folder.to_path_buf()),
        _ => folder.parent().and_then(|parent| top_of(parent, known)),
    };
    known.insert(folder.to_path_buf(), top.clone());
    top
}

/// The paths that a repository tracks, from its top folder.
pub(in crate::ops) fn tracked(top: &Path) -> Repository {
    let read = |path: &Path| fs::read_regular_text_if_present(path).map_err(|error| remedy::chain(&error));
    let mut folder = top.join(".git");
    // In worktrees and submodules it is a file that names the folder.
    if !fs::is_dir(&folder) {
        let text = read(&folder)?.unwrap_or_default();
        let named = text.strip_prefix("gitdir:").map(str::trim).ok_or("its `.git` names no folder")?;
        folder = top.join(named);
    }
    let common = read(&folder.join("commondir"))?.map_or(folder.clone(), |text| folder.join(text.trim()));
    let config = read(&common.join("config"))?.unwrap_or_default().to_lowercase();
    let is_sha256 = config.lines().any(|line| {
        let mut parts = line.split('=').map(str::trim);
        parts.next() == Some("objectformat") && parts.next() == Some("sha256")
    });
    let index = folder.join("index");
    if fs::metadata(&index).map_err(|error| error.to_string())?.is_none() {
        return Ok(Vec::new());
    }
    let bytes = fs::read_regular(&index, INDEX_LIMIT).map_err(|error| remedy::chain(&error))?;
    git_index::paths(&bytes, if is_sha256 { 32 } else { 20 }).map_err(|error| format!("`{}`: {error}", index.display()))
}

/// The largest index that is read, in bytes: 512 MiB, some millions of files.
const INDEX_LIMIT: u64 = 512 << 20;

/// The tracked files of a dataset, other than what medsets writes about it.
fn tracked_of(subject: &SubjectFacts, folder: &Path, top: &Path, repository: &Repository) -> Option<Guard> {
    let paths = repository.as_ref().ok()?;
    let below = folder.strip_prefix(top).ok()?.to_str()?;
    let inside = |path: &&String| {
        let rest = path
            .strip_prefix(below)
            .and_then(|rest| if below.is_empty() { Some(rest) } else { rest.strip_prefix('/') });
        rest.is_some_and(|rest| ["data/", "docs/", "archives/"].iter().any(|part| rest.starts_with(part)))
    };
    let mut hits = paths.iter().filter(inside);
    let example = hits.next()?.clone();
    Some(Guard::Tracked { dataset: subject.name(), example, files: 1 + hits.count() as u64 })
}

/// Signed links in tracked text files. Files above a mebibyte and those that are not UTF-8 are
/// data, and are passed over.
fn signed_links(top: &Path, paths: &[String]) -> Vec<Guard> {
    let mut found = Vec::new();
    for path in paths {
        let file = top.join(path);
        let is_small =
            matches!(fs::metadata(&file), Ok(Some(metadata)) if metadata.is_file() && metadata.len() <= TEXT_LIMIT);
        let text = if is_small { fs::read_regular(&file, TEXT_LIMIT).ok() } else { None };
        let Some(text) = text.and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(host) = signed_link(line) {
                found.push(Guard::SignedLink { place: Place { file: path.clone(), line: number + 1 }, host });
            }
        }
    }
    found
}

/// The largest text file that is looked through, in bytes.
const TEXT_LIMIT: u64 = 1 << 20;

/// The host of a link with a signature in a line of text.
fn signed_link(line: &str) -> Option<String> {
    let begins = line.match_indices("http").map(|(start, _)| &line[start..]);
    begins.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://")).find_map(|rest| {
        let end =
            rest.find(|letter: char| letter.is_whitespace() || "\"'`<>)]}|\\".contains(letter)).unwrap_or(rest.len());
        let url = Url::parse(&rest[..end].replace("&amp;", "&")).ok()?;
        let is_signed = url.query_pairs().any(|(name, value)| {
            SIGNATURES.iter().any(|one| name.eq_ignore_ascii_case(one)) && value.len() >= SHORTEST
        });
        is_signed.then(|| url.host_str().unwrap_or_default().to_owned())
    })
}

/// Parameters that hold a signature: of Azure's shared access signatures, Amazon S3 (versions 4
/// and 2, and CloudFront), and Google Cloud Storage.
const SIGNATURES: [&str; 5] = ["sig", "X-Amz-Signature", "Signature", "X-Goog-Signature", "x-amz-security-token"];
/// Shorter values are placeholders such as `****` or `...`.
const SHORTEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_links_are_found_and_placeholders_are_not() {
        #[track_caller]
        fn check(line: &str, host: Option<&str>) {
            assert_eq!(signed_link(line).as_deref(), host, "{line}");
        }
        let signature = "c2lnbmF0dXJlLW5vdC1hLXJlYWwtb25l";
        check(
            &format!("url = \"https://a.blob.core.windows.net/c?sv=2019&sig={signature}\""),
            Some("a.blob.core.windows.net"),
        );
        check(
            &format!("[x](https://b.s3.amazonaws.com/k?X-Amz-Signature={signature}&X-Amz-Date=1)"),
            Some("b.s3.amazonaws.com"),
        );
        check(&format!("<a href='https://s.example/k?a=1&amp;Signature={signature}'>"), Some("s.example"));
        check("https://a.blob.core.windows.net/c?sig=****", None);
        check("https://example.org/?signal=c2lnbmF0dXJlLW5vdC1hLXJlYWwtb25l", None);
        check("no link, sig=c2lnbmF0dXJlLW5vdC1hLXJlYWwtb25l", None);
    }
}
