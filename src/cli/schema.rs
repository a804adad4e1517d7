//! `medsets schema`: the JSON Schemas of files and answers.

use serde_json::json;

use crate::catalog::schema;
use crate::ops::{Exit, Failure};
use crate::values::Printable;

use super::args::SchemaArgs;
use super::output::Answer;

/// Prints one schema, or the names of all.
pub fn run(args: &SchemaArgs) -> Result<Answer, Failure> {
    let Some(name) = &args.name else {
        let text = schema::NAMES.iter().map(|name| format!("{name}\n")).collect();
        return Ok(Answer::done("medsets/schema/1", json!({ "names": schema::NAMES }), text));
    };
    let Some(schema) = schema::schema(name) else {
        let failure = Failure::new(Exit::USAGE, format!("there is no schema `{}`", Printable::new(name)));
        return Err(failure.help(format!("there are {}", schema::NAMES.join(", "))));
    };
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
    Ok(Answer::done("medsets/schema/1", schema, text))
}
