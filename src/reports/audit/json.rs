//! The whole report as data (`docs/formats.md`).

use crate::audit::Audit;

/// Pretty JSON with its schema named, ending in a line break.
pub fn report(audit: &Audit) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        schema: &'static str,
        #[serde(flatten)]
        audit: &'a Audit,
    }
    let document = Document { schema: "medsets/audit/1", audit };
    let mut bytes = serde_json::to_vec_pretty(&document).expect("an audit has string keys only");
    bytes.push(b'\n');
    bytes
}
