//! `medsets init`: a new project file, and a line for git.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::{Context, Setting, SettingOrigin, project as reader};
use crate::fs::{self, Access};
use crate::project;
use crate::project::lock::{LOCK_FILE, LOCK_FOLDER};
use crate::values::{Printable, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::{Mode, edit_failed, git_top};

/// What to make.
#[derive(Debug, Default)]
pub struct InitOptions {
    /// Where; the working folder when absent.
    pub dir: Option<PathBuf>,
    /// The project's name; the folder's when absent.
    pub name: Option<String>,
    /// Whether it is made.
    pub mode: Mode,
}

/// What was made, or would be.
#[derive(Debug, Serialize)]
pub struct InitReport {
    /// The project file.
    pub path: PathBuf,
    /// The project's name.
    pub name: String,
    /// Where its data go, from its folder.
    pub data_dir: RelPath,
    /// The `.gitignore` that got a line for the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitignore: Option<PathBuf>,
    /// Whether files were written.
    pub written: bool,
    /// The text of the project file.
    pub text: String,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Makes a project file and, in a git work tree, a line for its data in `.gitignore`.
///
/// Fails where a project file is already; then nothing is changed. A `.gitignore` that cannot be
/// written is a warning, since the project is made by then.
pub fn init(context: &Context, options: &InitOptions) -> Result<InitReport, Failure> {
    let dir = options.dir.as_ref().map(|dir| context.environment.folder("DIR", dir)).transpose()?;
    let dir = dir.map_or_else(|| context.environment.working_dir(), Ok)?;
    let path = dir.join(project::FILE);
    refuse_existing(&path)?;
    let name = name(options.name.as_deref(), &dir)?;
    let data_dir = data_dir(context, &dir)?;
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let text = format!("[project]\nname = {}\ndata-dir = {}\n", quoted(&name), quoted(data_dir.as_str()));
    reader::read(&path, &text).map_err(|error| edit_failed(error.into()))?;
    // Without a slash at its end: the folder may become a link to another disk.
    let line = format!("/{}", escaped(data_dir.as_str()));
    let missing = missing_in_gitignore(&dir, &line);
    let mut report = InitReport { path, name, data_dir, gitignore: None, written: false, text, warnings: Vec::new() };
    if let Some(above) = context.settings.project().filter(|above| *above != dir && dir.starts_with(above)) {
        let warning = format!("the project in `{}` no longer counts in this folder and below", above.display());
        report.warnings.push(warning);
    }
    if options.mode == Mode::Write {
        fs::create_dir_all(&dir, Access::Shared)?;
        create(&report.path, report.text.as_bytes())?;
        report.written = true;
    }
    match missing.and_then(|lines| {
        if let (Some(bytes), Mode::Write) = (&lines, options.mode) {
            write_gitignore(&dir, bytes)?;
        }
        Ok(lines)
    }) {
        Ok(lines) => report.gitignore = lines.map(|_| dir.join(GITIGNORE)),
        Err(failure) => report.warnings.push(format!(
            "`{}` has no line for the data: {}; add `{line}` to it, so that git does not track them",
            dir.join(GITIGNORE).display(),
            failure.message
        )),
    }
    Ok(report)
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(None) => Ok(()),
        Ok(Some(_)) => {
            Err(Failure::new(Exit::USAGE, format!("`{}` is there already, and stays as it is", path.display()))
                .help("`medsets add ID` puts a dataset into it; move it away to begin anew"))
        }
        Err(error) => Err(error.into()),
    }
}

fn name(given: Option<&str>, dir: &Path) -> Result<String, Failure> {
    let of_folder = || {
        let canonical = fs::canonical(dir).unwrap_or_else(|_| dir.to_path_buf());
        canonical.file_name().and_then(|name| name.to_str()).map(str::to_owned)
    };
    let name = given.map(str::to_owned).or_else(of_folder).unwrap_or_default();
    if name.trim().is_empty() {
        let message = match given {
            Some(_) => "a project's name holds more than spaces".to_owned(),
            None => format!("`{}` has no name that a project could have", dir.display()),
        };
        return Err(Failure::new(Exit::USAGE, message).help("give one with `--name NAME`"));
    }
    if Printable::cut(&name, usize::MAX).to_string() != name {
        let message = format!("`{}` is no name for a project: it holds control characters", Printable::new(&name));
        return Err(Failure::new(Exit::USAGE, message).help("give another with `--name NAME`"));
    }
    Ok(name)
}

/// `data`, or the folder of `--data-dir` where it lies in the project's.
fn data_dir(context: &Context, dir: &Path) -> Result<RelPath, Failure> {
    let given = match context.settings.get("data-dir") {
        Some(Setting { value, origin: SettingOrigin::Flag }) => PathBuf::from(value),
        _ => dir.join("data"),
    };
    let below = given.strip_prefix(dir).ok().and_then(Path::to_str);
    let found = below.and_then(|below| RelPath::parse(below.trim_end_matches('/')).ok());
    let first = found.as_ref().and_then(|found| found.names().next());
    if let Some(taken) = first.filter(|first| TAKEN.contains(first)) {
        let message = format!("`{}` is no place for data: `{taken}` is for something else", given.display());
        return Err(Failure::new(Exit::USAGE, message).help("name another folder with `--data-dir`; `data` is usual"));
    }
    found.ok_or_else(|| {
        let message = format!(
            "`{}` does not lie in `{}`: a project keeps its data below its folder",
            given.display(),
            dir.display()
        );
        Failure::new(Exit::USAGE, message)
            .help("for data elsewhere make the project without `--data-dir`, and set `MEDSETS_DATA_DIR`")
    })
}

/// Creates the file, which must not exist. After a failure it does not.
fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = fs::create_new(path, Access::Shared)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        fs::FsError::new("write", path, error)
    })?;
    Ok(())
}

/// What `.gitignore` would hold with the line; `None` where there is no need for it.
fn missing_in_gitignore(dir: &Path, line: &str) -> Result<Option<Vec<u8>>, Failure> {
    if git_top(dir).is_none() {
        return Ok(None);
    }
    let path = dir.join(GITIGNORE);
    let mut bytes = match fs::metadata(&path)? {
        Some(found) if found.is_dir() => return Err(Failure::new(Exit::OTHER, "it is a folder, not a file")),
        Some(found) if found.is_symlink() && fs::canonical(&path).is_err() => {
            return Err(Failure::new(Exit::OTHER, "it is a link that leads nowhere"));
        }
        Some(_) => fs::read_regular(&path, GITIGNORE_LIMIT)?,
        None => Vec::new(),
    };
    let bare = |line: &str| line.trim_end().trim_end_matches("/**").trim_matches('/').to_owned();
    let text = String::from_utf8_lossy(&bytes);
    if text.lines().any(|one| !one.starts_with(['#', '!']) && bare(one) == bare(line)) {
        return Ok(None);
    }
    let line_end: &[u8] = if text.contains("\r\n") { b"\r\n" } else { b"\n" };
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.extend_from_slice(line_end);
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.extend_from_slice(line_end);
    Ok(Some(bytes))
}

fn write_gitignore(dir: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let path = dir.join(GITIGNORE);
    if fs::metadata(&path)?.is_none() {
        return create(&path, bytes);
    }
    let Some((edit, _)) = fs::Edit::open(&path, GITIGNORE_LIMIT)? else {
        return Err(Failure::new(Exit::HELD, "another run is editing it"));
    };
    Ok(edit.replace(bytes)?)
}

/// A path as git takes it in a pattern.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for letter in path.chars() {
        if matches!(letter, '\\' | '*' | '?' | '[' | ']') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Names in a project's folder that are no place for data.
const TAKEN: [&str; 5] = [".git", GITIGNORE, project::FILE, LOCK_FILE, LOCK_FOLDER];
const GITIGNORE: &str = ".gitignore";
const GITIGNORE_LIMIT: u64 = 1 << 20;
