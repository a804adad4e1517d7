//! `credentials.toml`: one table for each provider, for machines without a key store.
//!
//! ```toml
//! [physionet]
//! user = "jdoe"
//! password = "..."
//! ```

use std::path::Path;

use toml::{Table, Value};
use zeroize::Zeroizing;

use crate::fs;
use crate::values::Secret;

use super::{Answer, Credential, CredentialError, CredentialOrigin, Wanted};

/// The credential in the file; nothing where no file is. A file that others may read is
/// refused whatever it holds.
pub(super) fn find(path: &Path, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
    let Some((text, mode)) = fs::read_text_with_mode(path)? else { return Ok(Answer::Nothing) };
    let text = Zeroizing::new(text);
    if mode & 0o077 != 0 {
        return Err(CredentialError::TooOpen { path: path.to_path_buf(), mode });
    }
    let table = parse(path, &text)?;
    let provider = match table.get(wanted.provider) {
        None => return Ok(Answer::Nothing),
        Some(Value::Table(provider)) => provider,
        Some(_) => return Err(not_understood(path, None, "a provider is a table")),
    };
    if let Some((_, _)) = provider.iter().find(|(_, value)| !value.is_str()) {
        return Err(not_understood(path, None, "a secret is a text in quotes"));
    }
    let text = |key: &str| provider.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match wanted.form.assemble(|part| text(part.key()).map(Secret::new)) {
        Ok(Some(secret)) => {
            Ok(Answer::Found(Credential { secret, origin: CredentialOrigin::File(path.to_path_buf()) }))
        }
        Ok(None) => Ok(Answer::Nothing),
        Err(missing) => Err(CredentialError::Incomplete {
            place: format!("`{}`", path.display()),
            missing: missing.key(),
            provider: wanted.provider.to_owned(),
        }),
    }
}

/// Reads the file. The parser's own message is not used: it shows the line, secret included.
fn parse(path: &Path, text: &str) -> Result<Table, CredentialError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        not_understood(path, line, "it must be TOML")
    })
}

fn not_understood(path: &Path, line: Option<usize>, expected: &'static str) -> CredentialError {
    CredentialError::NotUnderstood { path: path.to_path_buf(), line, expected }
}
