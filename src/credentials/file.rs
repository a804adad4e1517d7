//! `credentials.toml`: one table for each provider, for machines without a key store.
//!
//! ```toml
//! [physionet]
//! user = "jdoe"
//! password = "..."
//!
//! [azure-chexpert]
//! token = "https://..."
//! expires = 2026-12-24T09:00:00Z
//! ```
//!
//! People write it too: what is stored or removed here leaves other tables and comments as they
//! are. Writers take turns by `credentials.lock` beside it, and the file is replaced in one step.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use toml_edit::{DocumentMut, Item, TableLike};
use zeroize::Zeroizing;

use crate::fs::{self, Access, FileLock};
use crate::values::Secret;

use super::{Answer, Credential, CredentialError, CredentialOrigin, CredentialSecret, Part, Wanted};

/// The credential in the file; nothing where no file is. A file that others may read is
/// refused whatever it holds.
pub(super) fn find(path: &Path, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
    let Some(document) = read(path)? else { return Ok(Answer::Nothing) };
    let provider = match document.get(wanted.provider) {
        None => return Ok(Answer::Nothing),
        Some(item) => table(path, item)?,
    };
    let mut expires = None;
    for (key, item) in provider.iter() {
        match key {
            EXPIRES => expires = Some(moment(path, item)?),
            _ if item.is_str() => {}
            _ => return Err(not_understood(path, None, "a secret is a text in quotes")),
        }
    }
    let text = |key: &str| provider.get(key).and_then(Item::as_str).filter(|text| !text.is_empty());
    match wanted.form.assemble(|part| text(part.key()).map(Secret::new)) {
        Ok(Some(secret)) => {
            Ok(Answer::Found(Credential { secret, origin: CredentialOrigin::File(path.to_path_buf()), expires }))
        }
        Ok(None) => Ok(Answer::Nothing),
        Err(missing) => Err(CredentialError::Incomplete {
            place: format!("`{}`", path.display()),
            missing: missing.key(),
            provider: wanted.provider.to_owned(),
        }),
    }
}

/// Writes a provider's credential in place of all that the file held for it.
pub(super) fn store(
    path: &Path,
    provider: &str,
    secret: &CredentialSecret,
    expires: Option<Timestamp>,
) -> Result<(), CredentialError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder, Access::Private).map_err(CredentialError::NotStored)?;
    let _turn = turn(path)?;
    let mut document = read(path)?.unwrap_or_default();
    let item = document.entry(provider).or_insert_with(toml_edit::table);
    table(path, item)?;
    if let Some(table) = item.as_table_like_mut() {
        forget(table);
        for (part, text) in secret.texts() {
            table.insert(part.key(), toml_edit::value(text));
        }
        let moment = expires.and_then(|end| end.to_string().parse::<toml_edit::Datetime>().ok());
        if let Some(moment) = moment {
            table.insert(EXPIRES, toml_edit::value(moment));
        }
    }
    write(path, &document)
}

/// Takes a provider's credential out of the file; says whether there was one. Without one
/// nothing is written.
pub(super) fn remove(path: &Path, provider: &str) -> Result<bool, CredentialError> {
    // A killed run may have left a secret in what it was writing.
    if let Some(folder) = path.parent() {
        fs::sweep(folder, fs::FRESH);
    }
    let holds = |document: &DocumentMut| document.contains_key(provider);
    if !read(path)?.as_ref().is_some_and(holds) {
        return Ok(false);
    }
    let _turn = turn(path)?;
    let Some(mut document) = read(path)? else { return Ok(false) };
    let removed = document.remove(provider).is_some();
    write(path, &document)?;
    Ok(removed)
}

/// Keys of ours; others and their comments stay.
fn forget(table: &mut dyn TableLike) {
    let parts =
        [Part::Token, Part::User, Part::Password, Part::AccessKey, Part::SecretKey, Part::SessionToken].map(Part::key);
    for key in parts.iter().chain(&[EXPIRES]) {
        table.remove(key);
    }
}

/// Waits for other programs that write the file.
fn turn(path: &Path) -> Result<FileLock, CredentialError> {
    let lock = FileLock::wait(&path.with_extension("lock"), PATIENCE, || {}).map_err(CredentialError::NotStored)?;
    let lock = lock.ok_or_else(|| CredentialError::Busy { path: path.to_path_buf() })?;
    lock.sweep_beside();
    Ok(lock)
}

fn write(path: &Path, document: &DocumentMut) -> Result<(), CredentialError> {
    let text = Zeroizing::new(document.to_string());
    // A link stays a link: the file it names is replaced.
    let target = match fs::link_target(path).map_err(CredentialError::NotStored)? {
        Some(_) => fs::canonical(path).map_err(CredentialError::NotStored)?,
        None => PathBuf::from(path),
    };
    fs::atomic_write(&target, text.as_bytes(), Access::Private).map_err(CredentialError::NotStored)
}

/// Reads the file. The parser's own message is not used: it shows the line, secret included.
fn read(path: &Path) -> Result<Option<DocumentMut>, CredentialError> {
    let Some((text, mode)) = fs::read_text_with_mode(path)? else { return Ok(None) };
    let text = Zeroizing::new(text);
    if mode & 0o077 != 0 {
        return Err(CredentialError::TooOpen { path: path.to_path_buf(), mode });
    }
    let parsed = text.parse::<DocumentMut>().map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        not_understood(path, line, "it must be TOML")
    });
    parsed.map(Some)
}

fn table<'i>(path: &Path, item: &'i Item) -> Result<&'i dyn TableLike, CredentialError> {
    item.as_table_like().ok_or_else(|| not_understood(path, None, "a provider is a table"))
}

/// When a credential ends: a date with a zone.
fn moment(path: &Path, item: &Item) -> Result<Timestamp, CredentialError> {
    let text = item.as_datetime().map(ToString::to_string);
    let moment = text.and_then(|text| text.parse().ok());
    moment.ok_or_else(|| not_understood(path, None, "`expires` is a date and time with its zone"))
}

fn not_understood(path: &Path, line: Option<usize>, expected: &'static str) -> CredentialError {
    CredentialError::NotUnderstood { path: path.to_path_buf(), line, expected }
}

/// The key of the end.
const EXPIRES: &str = "expires";

/// A writer needs milliseconds; one that takes this long is gone or stopped.
const PATIENCE: Duration = Duration::from_secs(10);
