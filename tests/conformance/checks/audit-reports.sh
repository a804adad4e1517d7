#!/usr/bin/env bash
# Reports of an audit against readers that know nothing of medsets: SARIF against the schema of
# the standard, CSV by Python's csv, HTML by html5lib without leniency, Markdown by markdown-it.
# The schema ships in the crate serde-sarif; cargo is the person's own, the check gets another home.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
# shellcheck source=../lib.sh
source "$(dirname "$0")/../lib.sh"

python_with check-jsonschema html5lib markdown-it-py

project=$work/project
mkdir -p "$project"
cp "$checks/audit-project.toml" "$project/medsets.toml"
cd "$project" || exit 1

for format in text md html json csv sarif; do
    exits 60 "an audit as $format" medsets audit --format "$format" -o "$work/audit.$format"
    [ -s "$work/audit.$format" ] || fail "nothing was written as $format"
done
medsets audit --format sarif >"$work/again.sarif" 2>"$work/stderr"
same 'the same findings have the same prints in the next run' "$work/audit.sarif" "$work/again.sarif"

must "$python" "$checks/audit_reports.py" "$work"
while read -r line; do agree "$line"; done <"$work/stdout"

# sarif_schema: sets $schema to the file in the crate.
sarif_schema() {
    local version=0.8.0
    has cargo cargo || return
    schema=$tools/sarif-schema-$version.json
    if [ -f "$schema" ]; then return; fi
    may_install || return
    mkdir -p "$work/crate/src" "$tools"
    printf '[package]\nname = "none"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nserde-sarif = "=%s"\n' "$version" >"$work/crate/Cargo.toml"
    touch "$work/crate/src/lib.rs"
    (cd "$work/crate" && cargo fetch --quiet) >"$work/cargo.log" 2>&1 || return
    local found
    found=$(find "$CARGO_HOME/registry/src" -path "*/serde-sarif-$version/src/schema.json" -print -quit)
    [ -n "$found" ] && cp "$found" "$schema"
}
sarif_schema || skip 'the schema of SARIF could not be had (crate serde-sarif)'
validate() {
    "$(dirname "$python")/check-jsonschema" --regex-variant python --schemafile "$schema" "$1"
}
must validate "$work/audit.sarif"
agree 'SARIF by check-jsonschema'
sed 's/"level": "error"/"level": "fatal"/' "$work/audit.sarif" >"$work/bad.sarif"
refused 'a level that the standard does not have' validate "$work/bad.sarif"
