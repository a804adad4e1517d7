//! `config.toml`: read, and edited with its comments kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{Document, DocumentMut, Item, TableLike, Value};

use crate::fs::{self, Access};
use crate::values::Printable;

use super::error::ContextError;
use super::keys::{Key, Kind};

/// A settings file. Absent is the same as empty.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: PathBuf,
    text: String,
    document: DocumentMut,
}

impl ConfigFile {
    /// Reads a settings file. Fails when it is not TOML; unknown keys fail in [`Self::values`].
    pub fn read(path: &Path) -> Result<Self, ContextError> {
        let text = fs::read_text_if_present(path)?.unwrap_or_default();
        let document = with_places(path, &text)?.into_mut();
        Ok(Self { path: path.to_path_buf(), text, document })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every setting in the file as text. Fails on a key that is no setting.
    pub fn values(&self) -> Result<BTreeMap<&'static str, String>, ContextError> {
        let mut values = BTreeMap::new();
        // A document that can be edited knows no places any more.
        let document = with_places(&self.path, &self.text)?;
        collect(document.as_table(), "", &mut |name, place, item| {
            let refused = |reason: String| self.refused(place, reason);
            let key =
                Key::find(&name).ok_or_else(|| refused(format!("there is no setting `{}`", Printable::new(&name))))?;
            let text = as_text(key, item).ok_or_else(|| refused(format!("`{name}` holds what it cannot take")))?;
            values.insert(key.name, text);
            Ok(())
        })?;
        Ok(values)
    }

    /// Sets one value, or removes it with `None`, and writes the file in one step.
    pub fn set(&mut self, key: &Key, value: Option<&str>) -> Result<(), ContextError> {
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        let mut names = key.name.split('.').collect::<Vec<_>>();
        let last = names.pop().unwrap_or(key.name);
        for name in names {
            let item = table.entry(name).or_insert_with(toml_edit::table);
            table = match item.as_table_like_mut() {
                Some(inner) => inner,
                None => {
                    return Err(ContextError::File {
                        path: self.path.clone(),
                        line: 1,
                        reason: format!("`{name}` is no table"),
                    });
                }
            };
        }
        match value {
            Some(value) => {
                table.insert(last, toml_edit::value(value));
            }
            None => {
                table.remove(last);
            }
        }
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder, Access::Private)?;
        self.text = self.document.to_string();
        Ok(fs::atomic_write(&self.path, self.text.as_bytes(), Access::Private)?)
    }

    fn refused(&self, place: Option<usize>, reason: String) -> ContextError {
        let line = place.map_or(1, |start| line_of(&self.text, start));
        ContextError::File { path: self.path.clone(), line, reason }
    }
}

/// A settings file with the places of its parts.
fn with_places(path: &Path, text: &str) -> Result<Document<String>, ContextError> {
    Document::parse(text.to_owned()).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        ContextError::File { path: path.to_path_buf(), line, reason: error.message().to_owned() }
    })
}

/// Takes a leaf: its dotted name, where it begins, and what it holds.
type Visit<'v> = dyn FnMut(String, Option<usize>, &Item) -> Result<(), ContextError> + 'v;

/// Visits every leaf with its dotted name and where it begins; `[[rewrite]]` counts as a leaf.
fn collect(table: &dyn TableLike, prefix: &str, visit: &mut Visit<'_>) -> Result<(), ContextError> {
    for (name, item) in table.iter() {
        let dotted = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let span = table.key(name).and_then(toml_edit::Key::span).or(item.span());
        match item.as_table_like() {
            Some(inner) => collect(inner, &dotted, visit)?,
            None => visit(dotted, span.map(|span| span.start), item)?,
        }
    }
    Ok(())
}

/// A value as the text its variable would hold.
fn as_text(key: &Key, item: &Item) -> Option<String> {
    if let Some(tables) = item.as_array_of_tables() {
        return (key.name == "rewrite")
            .then(|| tables.iter().map(|one| rewrite_text(one)).collect::<Option<Vec<_>>>())?
            .map(|all| all.join(";"));
    }
    match item.as_value()? {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Float(number) => Some(number.value().to_string()),
        Value::Boolean(switch) => Some(switch.value().to_string()),
        Value::Array(all) => {
            let joint = if key.kind == Kind::Mirrors { "," } else { ":" };
            all.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>().map(|all| all.join(joint))
        }
        _ => None,
    }
}

/// `from = "...", to = "...", insecure = true` in the form of `MEDSETS_REWRITE`.
fn rewrite_text(table: &dyn TableLike) -> Option<String> {
    let text = |name: &str| table.get(name).and_then(Item::as_str).map(|value| value.replace(';', "%3B"));
    let insecure = table.get("insecure").and_then(Item::as_bool).unwrap_or(false);
    Some(format!("{}{}={}", if insecure { "insecure:" } else { "" }, text("from")?, text("to")?))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_comments_when_a_value_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "# mine\njobs = 4 # few\n").unwrap();
        let mut file = ConfigFile::read(&path).unwrap();
        file.set(Key::find("identity.name").unwrap(), Some("A. Person")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\njobs = 4 # few\n"), "{text}");
        let values = ConfigFile::read(&path).unwrap().values().unwrap();
        assert_eq!(values["identity.name"], "A. Person");
        assert_eq!(values["jobs"], "4");
    }

    #[test]
    fn names_the_line_of_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "jobs = 4\n\nranges = = 2\n").unwrap();
        let error = ConfigFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        std::fs::write(&path, "jobs = 4\n\njbos = 4\n").unwrap();
        let error = ConfigFile::read(&path).unwrap().values().unwrap_err().to_string();
        assert!(error.contains("jbos") && error.contains("line 3"), "{error}");
        std::fs::write(&path, "jobs = 4\nranges = { a = 1979-05-27 }\n").unwrap();
        let error = ConfigFile::read(&path).unwrap().values().unwrap_err().to_string();
        assert!(error.contains("ranges.a") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn reads_rewrite_tables_as_the_variable_would_say_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "[[rewrite]]\nfrom = \"https://a/\"\nto = \"https://b/;x\"\n").unwrap();
        assert_eq!(ConfigFile::read(&path).unwrap().values().unwrap()["rewrite"], "https://a/=https://b/%3Bx");
    }
}
