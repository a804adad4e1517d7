//! JSON Schemas of the files that people write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::licenses::format::LicenseFile;
use crate::licenses::terms::VOCABULARY;

use super::format::{CollectionTable, Entry};

/// The names [`schema`] knows.
pub const NAMES: [&str; 3] = ["catalog", "collections", "license"];

/// The JSON Schema (draft 2020-12) of a kind of file, for its data as JSON; dates are texts.
/// What a schema cannot say, such as that a channel exists, is left to lint.
pub fn schema(name: &str) -> Option<Value> {
    let schema = match name {
        "catalog" => schemars::schema_for!(Entry),
        "collections" => schemars::schema_for!(BTreeMap<String, CollectionTable>),
        "license" => schemars::schema_for!(LicenseFile),
        _ => return None,
    };
    let mut schema = schema.to_value();
    for part in schema.get_mut("$defs").and_then(Value::as_object_mut).into_iter().flat_map(|parts| parts.values_mut())
    {
        close(part);
    }
    if let Some(terms) = schema.pointer_mut("/properties/terms").and_then(Value::as_object_mut) {
        let keys: Vec<&str> = VOCABULARY.iter().map(|(key, _)| *key).collect();
        terms.insert("propertyNames".into(), json!({ "enum": keys }));
    }
    Some(schema)
}

/// Refuses keys that the schema of an object does not name, where serde cannot say so: in
/// flattened and untagged types.
///
/// A source's keys stand in two places, its own and those of its provider in `oneOf`. Only
/// `unevaluatedProperties` beside `oneOf` sees both; `additionalProperties` in one of them
/// would refuse the keys of the other (JSON Schema 2020-12, core, section 11.3).
fn close(part: &mut Value) {
    let Some(object) = part.as_object_mut() else { return };
    for choice in object.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        close(choice);
    }
    if object.contains_key("properties") && !object.contains_key("additionalProperties") {
        let word = if object.contains_key("oneOf") { "unevaluatedProperties" } else { "additionalProperties" };
        object.insert(word.into(), false.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;

    /// A file as JSON: TOML's dates become texts.
    fn data(text: &str) -> Value {
        fn convert(value: toml::Value) -> Value {
            match value {
                toml::Value::Datetime(date) => Value::String(date.to_string()),
                toml::Value::Array(list) => list.into_iter().map(convert).collect(),
                toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, convert(value))).collect(),
                toml::Value::String(text) => text.into(),
                toml::Value::Integer(number) => number.into(),
                toml::Value::Float(number) => number.into(),
                toml::Value::Boolean(choice) => choice.into(),
            }
        }
        convert(toml::Value::Table(toml::from_str(text).unwrap()))
    }

    #[test]
    fn every_embedded_file_is_valid() {
        let validator = |name| jsonschema::validator_for(&schema(name).unwrap()).unwrap();
        let (catalog, collections, license) = (validator("catalog"), validator("collections"), validator("license"));
        let mut shown = String::new();
        for file in embedded::folder("catalog").chain(embedded::folder("licenses")) {
            let validator = match file.name.as_str() {
                "catalog/collections.toml" => &collections,
                name if name.starts_with("catalog/") => &catalog,
                _ => &license,
            };
            for error in validator.iter_errors(&data(&file.text)) {
                shown.push_str(&format!("{} {}: {:.300}\n", file.name, error.instance_path(), error.to_string()));
            }
        }
        assert!(shown.is_empty(), "{shown}");
    }

    #[test]
    fn keys_that_are_not_documented_are_refused() {
        let validator = jsonschema::validator_for(&schema("catalog").unwrap()).unwrap();
        let entry = &embedded::folder("catalog").find(|file| file.name.ends_with("/medquad.toml")).unwrap().text;
        let entry = data(entry);
        assert!(validator.is_valid(&entry));
        let check = |pointer: &str, key: &str| {
            let mut entry = entry.clone();
            let table = entry.pointer_mut(pointer).and_then(Value::as_object_mut).unwrap();
            table.insert(key.into(), "x".into());
            assert!(!validator.is_valid(&entry), "{pointer} takes `{key}`");
        };
        check("", "colour");
        check("/release/0", "colour");
        check("/release/0/source/0", "colour");
        check("/release/0/source/0", "bucket"); // a key of another provider
        check("/release/0/file/0", "colour");
        check("/citation", "colour");
        check("/maintainer", "colour");
        let mut related = entry.clone();
        related["related"] = json!({ "see-also": [{ "id": "x", "colour": "x" }] });
        assert!(!validator.is_valid(&related));
    }

    #[test]
    fn every_provider_takes_its_keys() {
        let validator = jsonschema::validator_for(&schema("catalog").unwrap()).unwrap();
        let text = &embedded::folder("catalog").find(|file| file.name.ends_with("/medquad.toml")).unwrap().text;
        let mut entry = data(text);
        let mut check = |source: Value| {
            entry["release"][0]["source"][0] = source.clone();
            let shown: Vec<String> = validator.iter_errors(&entry).map(|error| error.to_string()).collect();
            assert!(shown.is_empty(), "{source}: {shown:?}");
        };
        check(
            json!({ "channel": "a", "provider": "http", "base": "https://x/", "mirrors": ["https://y/"], "auth": "basic" }),
        );
        check(json!({ "channel": "a", "provider": "box", "tenant": "t", "vanity": "v", "shared-name": "s" }));
        check(json!({ "channel": "a", "provider": "embedded", "set": "s" }));
        check(
            json!({ "channel": "a", "provider": "s3", "bucket": "b", "region": "r", "prefix": "p", "requester-pays": true }),
        );
        check(
            json!({ "channel": "a", "provider": "physionet", "slug": "s", "version": "1", "open": true, "s3-mirror": "m" }),
        );
        check(json!({ "channel": "a", "provider": "redivis", "organization": "o", "dataset": "d", "listing": "host" }));
        check(json!({ "channel": "a", "provider": "azure", "account": "a", "container": "c", "link": "from-user" }));
        check(
            json!({ "channel": "a", "provider": "manual", "page": "https://x", "steps": ["a"], "title": "t", "license": "MIT" }),
        );
    }
}
