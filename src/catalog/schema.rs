//! JSON Schemas of the files that people write.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::licenses::format::LicenseFile;

use super::format::{CollectionTable, Entry};

/// The names [`schema`] knows.
pub const NAMES: [&str; 3] = ["catalog", "collections", "license"];

/// The JSON Schema (draft 2020-12) of a kind of file, for its data as JSON. Sources are
/// described as tables: their keys depend on the provider and are checked by lint.
pub fn schema(name: &str) -> Option<Value> {
    let schema = match name {
        "catalog" => schemars::schema_for!(Entry),
        "collections" => schemars::schema_for!(BTreeMap<String, CollectionTable>),
        "license" => schemars::schema_for!(LicenseFile),
        _ => return None,
    };
    Some(schema.to_value())
}
