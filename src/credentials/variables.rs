//! Secrets in variables, or in files that variables name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fs;
use crate::remedy;
use crate::values::Secret;

use super::{Answer, Credential, CredentialError, CredentialOrigin, Part, Wanted};

/// The credential that variables hold. An empty variable counts as absent.
pub(super) fn find(variables: &BTreeMap<String, String>, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
    let named = |part| name(part, wanted.provider);
    assemble(wanted, |part| value(variables, &named(part)), named)
}

/// Puts a credential together from variables; `name` gives the one that is missing.
pub(super) fn assemble(
    wanted: &Wanted<'_>,
    mut get: impl FnMut(Part) -> Result<Option<(Secret, CredentialOrigin)>, CredentialError>,
    name: impl Fn(Part) -> String,
) -> Result<Answer, CredentialError> {
    let mut origin = None;
    let mut failed = None;
    let assembled = wanted.form.assemble(|part| match get(part) {
        Ok(found) => found.map(|(value, from)| {
            // A session's token says nothing of where the keys are from.
            if part.is_needed() {
                origin = Some(from);
            }
            value
        }),
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    match (assembled, origin) {
        (Ok(Some(secret)), Some(origin)) => Ok(Answer::Found(Credential { secret, origin, expires: None })),
        (Ok(_), _) => Ok(Answer::Nothing),
        (Err(missing), _) => Err(CredentialError::Incomplete {
            place: format!("`{}`", name(missing)),
            missing: missing.key(),
            provider: wanted.provider.to_owned(),
        }),
    }
}

/// `MEDSETS_TOKEN_HUGGINGFACE`: letters and digits in capitals, all else as `_`.
pub(super) fn name(part: Part, provider: &str) -> String {
    let part = part.key().to_ascii_uppercase().replace('-', "_");
    format!("MEDSETS_{part}_{}", remedy::in_variables(provider))
}

fn value(
    variables: &BTreeMap<String, String>,
    name: &str,
) -> Result<Option<(Secret, CredentialOrigin)>, CredentialError> {
    let held = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    if let Some(value) = held(name) {
        return Ok(Some((Secret::new(value.as_str()), CredentialOrigin::Variable(name.to_owned()))));
    }
    let name = format!("{name}_FILE");
    let Some(path) = held(&name) else { return Ok(None) };
    Ok(Some((secret_in(Path::new(path), &name)?, CredentialOrigin::VariableFile(name))))
}

/// The text of a file without the line break at its end.
pub(super) fn secret_in(path: &Path, variable: &str) -> Result<Secret, CredentialError> {
    let no_text = || CredentialError::NoText { variable: variable.to_owned(), path: PathBuf::from(path) };
    let bytes = zeroize::Zeroizing::new(fs::read(path, 64 << 10)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| no_text())?.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(no_text()) } else { Ok(Secret::new(text)) }
}
