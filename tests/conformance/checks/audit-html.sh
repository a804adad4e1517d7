#!/usr/bin/env bash
# The page of an audit in a real browser: no error on the console, sorting and filtering, no
# sideways scrolling on a phone, and axe-core's rules for people who cannot see or use a mouse,
# in light and dark. Keeps pictures of the page in target/artefacts.
# shellcheck source=../lib.sh
source "$(dirname "$0")/../lib.sh"

need chromium chromium
npm_with playwright-core@1.65.1 axe-core@4.14.1

project=$work/project
mkdir -p "$project"
cp "$checks/audit-project.toml" "$project/medsets.toml"
cd "$project" || exit 1
exits 60 'an audit as a page' medsets audit --format html -o "$work/audit.html"

artefacts=${MEDSETS_CONFORMANCE_ARTEFACTS:-$checks/../../target/artefacts}
mkdir -p "$artefacts"
cp "$checks/audit_page.cjs" "$work/audit_page.cjs"
NODE_PATH=$npm node "$work/audit_page.cjs" "$(command -v chromium)" "$work/audit.html" "$artefacts" >"$work/stdout" 2>"$work/stderr" ||
    fail "$(cat "$work/stdout" "$work/stderr")"
while read -r line; do agree "$line"; done <"$work/stdout"
