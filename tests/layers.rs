//! Imports point down: every `crate::` path in `src/` is compared with one table.
//!
//! A new module gets a row; a new import goes to a lower layer, or within a layer to a module
//! that does not lead back. Paths through `super` stay inside a top-level module and
//! are not followed. The second half keeps the doors: who may name the file system, the
//! network and the environment.

#![allow(clippy::disallowed_methods, reason = "reads the source tree, which is no data of the library's")]

#[path = "layers/paths.rs"]
mod paths;
#[path = "layers/tokens.rs"]
mod tokens;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use paths::{NamedPath, paths};

/// A top-level module, its layer, and what it may use.
struct Row {
    module: &'static str,
    layer: u8,
    uses: Uses,
}

enum Uses {
    Only(&'static [&'static str]),
    /// All rows that stand before this one.
    RowsBefore,
}

const TABLE: &[Row] = &[
    row("values", 0, &[]),
    row("remedy", 0, &["values"]),
    row("events", 0, &["values"]),
    row("document", 0, &["values", "remedy"]),
    row("embedded", 0, &["values"]),
    row("fs", 0, &["values", "remedy"]),
    row("net", 0, &["values", "remedy", "events"]),
    row("licenses", 1, &["values", "remedy", "document", "embedded"]),
    row("catalog", 1, &["values", "remedy", "document", "embedded", "licenses"]),
    row("agreements", 1, &["values", "remedy", "fs", "licenses"]),
    row("project", 1, &["values", "remedy", "document", "catalog"]),
    row("layout", 1, &["values", "remedy", "fs", "catalog"]),
    row("access", 2, &["values", "remedy", "catalog", "licenses", "agreements"]),
    row("policy", 2, &["values", "document", "licenses", "project"]),
    row("audit", 2, &["values", "licenses", "catalog", "agreements", "project", "layout", "access", "policy"]),
    row("plan", 2, &["values", "remedy", "net", "catalog", "layout"]),
    row("credentials", 3, &["values", "remedy", "fs"]),
    row("providers", 3, &["values", "remedy", "net", "catalog", "credentials", "plan"]),
    row("transfer", 3, &["values", "remedy", "events", "fs", "net", "plan"]),
    row("unpack", 3, &["values", "remedy", "events", "fs", "layout", "plan"]),
    row("bundle", 3, &["values", "remedy", "fs"]),
    row("store", 3, &["values", "remedy", "events", "fs", "net", "layout"]),
    row("mirror", 3, &["values", "remedy", "events", "fs", "net", "layout", "credentials", "plan"]),
    row("reports", 3, &["values", "remedy", "licenses", "catalog", "access", "policy", "project", "audit"]),
    Row { module: "context", layer: 4, uses: Uses::RowsBefore },
    Row { module: "ops", layer: 4, uses: Uses::RowsBefore },
    Row { module: "cli", layer: 5, uses: Uses::RowsBefore },
    // `main` gathers the surroundings that the context is made of.
    row("main", 5, &["cli", "context"]),
];

/// A name from outside, the modules that may say it, and why only those.
struct Door {
    name: &'static [&'static str],
    modules: &'static [&'static str],
    reason: &'static str,
}

const DOORS: &[Door] = &[
    Door { name: &["std", "fs"], modules: &["fs"], reason: "files are opened through `crate::fs`" },
    Door { name: &["tokio", "fs"], modules: &[], reason: "files are opened through `crate::fs`" },
    Door { name: &["rustix", "fs"], modules: &["fs"], reason: "files are opened through `crate::fs`" },
    Door { name: &["tempfile"], modules: &["fs"], reason: "temporary files are made by `crate::fs`" },
    Door { name: &["reqwest"], modules: &["net"], reason: "requests go through `crate::net`" },
    Door {
        name: &["object_store"],
        modules: &["net", "mirror"],
        reason: "objects are reached through `crate::mirror`",
    },
    Door { name: &["std", "net"], modules: &["net"], reason: "connections go through `crate::net`" },
    Door { name: &["tokio", "net"], modules: &["net"], reason: "connections go through `crate::net`" },
    Door { name: &["std", "env"], modules: &["cli", "main"], reason: "the library takes it from the context" },
];

/// Names behind a door that open nothing: a file that `crate::fs` opened may be held and passed
/// on, and what was known when compiling is no reading of the environment.
const OPEN_TO_ALL: &[&[&str]] = &[
    &["std", "fs", "File"],
    &["std", "fs", "Metadata"],
    &["std", "env", "consts", "OS"],
    &["std", "env", "consts", "ARCH"],
];

#[test]
fn imports_follow_the_table() {
    let mut offences = Vec::new();
    for (module, file) in sources() {
        let Some(row) = TABLE.iter().find(|row| row.module == module) else { continue };
        for path in paths(&read(&file)) {
            if let Some(offence) = offence(row, &path) {
                offences.push(format!("{}:{}: {offence}", shown(&file), path.line));
            }
        }
    }
    assert!(offences.is_empty(), "imports that the table in tests/layers.rs does not allow:\n{}", offences.join("\n"));
}

#[test]
fn only_the_doors_are_used() {
    let mut offences = Vec::new();
    for (module, file) in sources() {
        let in_test_file = shown(&file).split(['/', '.']).any(|part| part == "tests");
        for path in paths(&read(&file)).iter().filter(|path| !path.in_tests && !in_test_file) {
            if let Some(reason) = trespass(&module, path) {
                let (file, name) = (shown(&file), path.parts.join("::"));
                offences.push(format!("{file}:{}: `{module}` names `{name}`; {reason}", path.line));
            }
        }
    }
    assert!(offences.is_empty(), "names that belong behind a door:\n{}", offences.join("\n"));
}

#[test]
fn every_module_has_a_row() {
    let modules: BTreeSet<String> = sources().into_iter().map(|(module, _)| module).filter(|m| m != "lib").collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|row| row.module.to_owned()).collect();
    assert_eq!(modules, rows, "src/ on the left, the table in tests/layers.rs on the right");
}

#[test]
fn the_table_points_down() {
    for row in TABLE {
        for used in row.may_use() {
            let used = find_row(used);
            let (upper, lower) = (row.module, used.module);
            assert!(used.layer <= row.layer, "`{upper}` in layer {} uses `{lower}` in {}", row.layer, used.layer);
            assert!(!reaches(lower, upper), "`{upper}` uses `{lower}`, which leads back to it");
        }
    }
}

#[test]
fn an_offence_is_seen() {
    #[track_caller]
    fn check(module: &str, source: &str, offends: bool) {
        let row = find_row(module);
        assert_eq!(paths(source).iter().any(|path| offence(row, path).is_some()), offends, "{module}: {source}");
    }

    check("values", "use crate::values::ByteSize;", false); // itself
    check("values", "use crate::fs;", true);
    check("fs", "fn f(x: crate::values::ByteSize) {}", false);
    check("fs", "use crate::{values::ByteSize, catalog};", true);
    check("fs", "use crate::*;", true); // everything is too much
    check("ops", "use crate::{context::Context, transfer};", false);
    check("ops", "use crate::cli::Output;", true);
    check("main", "fn main() { medsets::cli::run() }", false);
    check("main", "use medsets::ops;", true);
}

#[test]
fn a_trespass_is_seen() {
    #[track_caller]
    fn check(module: &str, source: &str, trespasses: bool) {
        assert_eq!(paths(source).iter().any(|path| trespass(module, path).is_some()), trespasses, "{module}: {source}");
    }

    check("layout", "use std::fs;", true);
    check("layout", "struct Open(std::fs::File);", false);
    check("layout", "fn f() { std::fs::File::open(p); }", true);
    check("layout", "use std::{io, fs::{self, File}};", true);
    check("fs", "use std::fs;", false);
    check("fs", "use reqwest::Client;", true);
    check("context", "fn f() { std::env::var(NAME); }", true);
    check("context", "fn f() { std::env::consts::OS }", false);
    check("unpack", "use std::os::unix::fs::MetadataExt;", false); // another `fs`
}

/// Why a module may not say a name from outside, or `None`.
fn trespass(module: &str, path: &NamedPath) -> Option<&'static str> {
    if OPEN_TO_ALL.iter().any(|open| path.parts == *open) {
        return None;
    }
    let door = DOORS.iter().find(|door| path.starts_with(door.name) && !door.modules.contains(&module))?;
    Some(door.reason)
}

/// Why a path may not stand in a module, or `None`.
fn offence(row: &Row, path: &NamedPath) -> Option<String> {
    let root = if row.module == "main" { "medsets" } else { "crate" };
    if path.parts[0] != root {
        return None;
    }
    let used = path.parts.get(1).map_or("the whole crate", String::as_str);
    let may_use = row.may_use();
    let allowed = used == row.module || may_use.contains(&used);
    (!allowed).then(|| format!("`{}` may not use `{used}`, only: {}", row.module, may_use.join(" ")))
}

/// Whether imports lead from one module to another. The table is small and, once this test
/// holds, without cycles; the visited set ends the walk while it does not.
fn reaches(from: &str, to: &str) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(module) = open.pop() {
        if module == to {
            return true;
        }
        if seen.insert(module) {
            open.extend(find_row(module).may_use());
        }
    }
    false
}

/// Each source file with the top-level module it belongs to.
fn sources() -> Vec<(String, PathBuf)> {
    let (mut files, mut folders) = (Vec::new(), vec![src()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((top_module(&path), path));
            }
        }
    }
    files.sort();
    files
}

/// `catalog` for both `src/catalog.rs` and `src/catalog/entry.rs`.
fn top_module(file: &Path) -> String {
    let below = file.strip_prefix(src()).expect("a file below src");
    let first = below.iter().next().expect("a file has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a source file is readable")
}

fn shown(file: &Path) -> String {
    file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(file).display().to_string()
}

fn find_row(module: &str) -> &'static Row {
    TABLE.iter().find(|row| row.module == module).expect("every module that is named has a row")
}

impl Row {
    fn may_use(&self) -> Vec<&'static str> {
        match self.uses {
            Uses::Only(modules) => modules.to_vec(),
            Uses::RowsBefore => {
                TABLE.iter().map(|row| row.module).take_while(|module| *module != self.module).collect()
            }
        }
    }
}

const fn row(module: &'static str, layer: u8, only: &'static [&'static str]) -> Row {
    Row { module, layer, uses: Uses::Only(only) }
}
