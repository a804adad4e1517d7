//! `medsets schema`: the JSON Schemas of files and answers.
//!
//! Files that people write have theirs made from the types that read them. Answers and files
//! that medsets writes have theirs in `schema/shapes.json`: `answers` holds the shape of `data`
//! by the name in the answer's `schema`, `documents` whole documents, `$defs` what they share.
//! A test holds real answers against them.

use serde_json::{Value, json};

use crate::catalog::schema;
use crate::ops::{Exit, Failure};
use crate::project::format::ProjectFile;
use crate::values::Printable;

use super::args::SchemaArgs;
use super::output::Answer;

/// Prints one schema, or the names of all.
pub fn run(args: &SchemaArgs) -> Result<Answer, Failure> {
    let shapes = shapes()?;
    let Some(name) = &args.name else {
        let names = names(&shapes);
        let text = names.iter().map(|name| format!("{name}\n")).collect();
        return Ok(Answer::done("medsets/schema/1", json!({ "names": names }), text));
    };
    let Some(schema) = of_written(name).or_else(|| of_shape(&shapes, name)) else {
        return Err(unknown(name, &names(&shapes)));
    };
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
    Ok(Answer::done("medsets/schema/1", schema, text))
}

/// The schema of a file that people write.
fn of_written(name: &str) -> Option<Value> {
    let project = || (name == PROJECT).then(|| schemars::schema_for!(ProjectFile).to_value());
    schema::schema(name).or_else(project)
}

/// The name of the schema of `medsets.toml`.
const PROJECT: &str = "project";

fn unknown(name: &str, names: &[String]) -> Failure {
    let failure = Failure::new(Exit::USAGE, format!("there is no schema `{}`", Printable::new(name)));
    let likeness = |one: &String| strsim::jaro_winkler(one, name);
    let nearest = names.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let failure = match nearest.filter(|one| likeness(one) > 0.8) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.help(format!("there are {}", names.join(", ")))
}

fn shapes() -> Result<Value, Failure> {
    serde_json::from_str(include_str!("schema/shapes.json"))
        .map_err(|error| Failure::new(Exit::INTERNAL, format!("the shapes of answers cannot be read: {error}")))
}

/// All names, sorted.
fn names(shapes: &Value) -> Vec<String> {
    let of = |part: &str| shapes[part].as_object().into_iter().flat_map(|all| all.keys().cloned()).collect::<Vec<_>>();
    let mut names: Vec<String> = schema::NAMES.iter().chain(&[PROJECT]).map(|name| (*name).to_owned()).collect();
    names.extend(of("documents").into_iter().chain(of("answers")));
    names.sort();
    names
}

/// The schema of an answer or document, with all the parts it names.
fn of_shape(shapes: &Value, name: &str) -> Option<Value> {
    let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" });
    if let Some(document) = shapes["documents"].get(name) {
        schema["title"] = json!(format!("medsets: {}", document["about"].as_str().unwrap_or_default()));
        schema["allOf"] = json!([document["schema"]]);
    } else {
        let answer = shapes["answers"].get(name)?;
        let own = format!("medsets/{name}/1");
        schema["title"] = json!(format!("medsets: {} (`--json`)", answer["about"].as_str().unwrap_or_default()));
        // Where nothing could be said of the command's own, the answer is an error alone.
        schema["allOf"] = json!([
            { "$ref": "#/$defs/frame" },
            { "properties": { "schema": { "enum": [own, "medsets/error/1"] } } },
            {
                "if": { "properties": { "schema": { "const": own } } },
                "then": { "properties": { "data": answer["data"] } },
                "else": { "properties": { "ok": { "const": false } } }
            }
        ]);
    }
    schema["$defs"] = shapes["$defs"].clone();
    Some(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_one_and_leads_nowhere_else() {
        let shapes = shapes().unwrap();
        for name in names(&shapes) {
            let schema = of_written(&name).or_else(|| of_shape(&shapes, &name)).unwrap();
            assert!(jsonschema::meta::is_valid(&schema), "{name}");
            jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
