//! `medsets config`: settings with their origins.

use serde_json::json;

use crate::context::keys::Kind;
use crate::context::{ConfigFile, Context, ContextError, KEYS, Key};
use crate::ops::Failure;
use crate::values::Printable;

use super::args::ConfigCommand;
use super::output::Answer;

/// Runs one of the configuration commands.
pub fn run(context: &Context, command: &ConfigCommand) -> Result<Answer, Failure> {
    match command {
        ConfigCommand::Get { key } => get(context, find(key)?),
        ConfigCommand::Set { key, value } => set(context, find(key)?, value.as_deref()),
        ConfigCommand::List => Ok(list(context)),
        ConfigCommand::Path => path(context),
    }
}

fn find(name: &str) -> Result<&'static Key, Failure> {
    if let Some(key) = Key::find(name) {
        return Ok(key);
    }
    let nearest = KEYS
        .iter()
        .max_by(|one, other| strsim::jaro_winkler(one.name, name).total_cmp(&strsim::jaro_winkler(other.name, name)));
    let near = nearest.filter(|key| strsim::jaro_winkler(key.name, name) > 0.75).map(|key| key.name);
    Err(ContextError::UnknownKey { key: Printable::new(name).to_string(), nearest: near }.into())
}

fn get(context: &Context, key: &Key) -> Result<Answer, Failure> {
    let Some(setting) = context.settings.get(key.name) else {
        return Ok(Answer::done("medsets/config/1", json!({ "key": key.name }), String::new()));
    };
    let value = key.shown(&setting.value);
    let data = json!({ "key": key.name, "value": value, "origin": setting.origin.to_string() });
    Ok(Answer::done("medsets/config/1", data, format!("{value}\n")))
}

/// A place in the file must mean the same from every folder.
fn absolute(context: &Context, key: &Key, value: &str) -> Result<String, Failure> {
    let one = |path: &str| -> Result<String, Failure> {
        if path.is_empty() || path.starts_with("~/") {
            return Ok(path.to_owned());
        }
        Ok(context.environment.absolute(path)?.to_string_lossy().into_owned())
    };
    match key.kind {
        Kind::Path => one(value),
        Kind::Paths => Ok(value.split(':').map(one).collect::<Result<Vec<_>, _>>()?.join(":")),
        _ => Ok(value.to_owned()),
    }
}

fn set(context: &Context, key: &'static Key, given: Option<&str>) -> Result<Answer, Failure> {
    let value = given.map(|value| absolute(context, key, value)).transpose()?;
    let value = value.as_deref();
    if let Some(value) = value {
        key.check(value).map_err(|reason| ContextError::Value {
            key: key.name.to_owned(),
            value: Printable::new(&key.shown(value)).to_string(),
            origin: "command line".to_owned(),
            reason,
        })?;
    }
    let path = context.settings.config_path().ok_or(ContextError::NoHome)?;
    let mut file = ConfigFile::read(path)?;
    file.set(key, value)?;
    let data = json!({ "key": key.name, "value": value.map(|value| key.shown(value)), "path": path });
    let mut answer = Answer::done("medsets/config/1", data, String::new());
    if let (Some(value), true) = (value, value != given) {
        answer.notes.push(format!("`{}` is now `{}`", key.name, Printable::new(value)));
    }
    Ok(answer)
}

fn list(context: &Context) -> Answer {
    let mut text = String::new();
    let mut settings = Vec::new();
    for key in KEYS {
        let setting = context.settings.get(key.name);
        let value = setting.map_or(String::new(), |setting| key.shown(&setting.value));
        let origin = setting.map_or("not set".to_owned(), |setting| setting.origin.to_string());
        text.push_str(&format!("{:<22} {:<40} {origin}\n", key.name, Printable::new(&value)));
        settings.push(
            json!({ "key": key.name, "value": value, "origin": origin, "about": key.about, "variable": key.variable }),
        );
    }
    Answer::done("medsets/config/1", json!({ "settings": settings }), text)
}

fn path(context: &Context) -> Result<Answer, Failure> {
    let path = context.settings.config_path().ok_or(ContextError::NoHome)?;
    Ok(Answer::done("medsets/config/1", json!({ "path": path }), format!("{}\n", path.display())))
}
