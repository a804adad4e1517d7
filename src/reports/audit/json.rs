//! The whole report as data (`docs/formats.md`).

use std::io::{self, Write};

use crate::audit::Audit;

/// Pretty JSON with its schema named, ending in a line break.
pub fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        schema: &'static str,
        #[serde(flatten)]
        audit: &'a Audit,
    }
    serde_json::to_writer_pretty(&mut *out, &Document { schema: "medsets/audit/1", audit })?;
    out.write_all(b"\n")
}
