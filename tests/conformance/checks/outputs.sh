#!/usr/bin/env bash
# What medsets prints and writes, read by other people's parsers: JSON Schema, TOML, CFF,
# BibTeX, shells, man pages.
source "$(dirname "$0")/../lib.sh"

python_with jsonschema
script=$checks/outputs.py

# --- JSON documents against `medsets schema`

# documented NAME COMMAND...: the output fits the schema of that name, whatever the exit code.
documented() {
    local name=$1
    shift
    medsets schema "$name" >"$work/schema.json" || fail "\`medsets schema $name\`"
    medsets "$@" --json >"$work/answer.json" 2>"$work/stderr"
    "$python" "$script" json "$name" "$work/schema.json" "$work/answer.json" || fail "medsets $* --json"
    agree "medsets $* --json"
}

documented search search chest
documented info info demo
documented fetch fetch demo
documented fetch fetch demo-gated
documented list list
documented status status
documented verify verify demo
documented access access demo-gated
documented path path demo
documented du du
documented ledger ledger show
documented info info no-such-dataset

# --- TOML that Python reads too, with the same dates and numbers

"$python" "$script" toml "$checks/../../catalog" "$checks/../../licenses" || fail 'tomllib does not read an entry'
agree 'catalogue and licence files by tomllib'

# --- citations

folder=$(dataset_dir demo)
if (python_with cffconvert) >"$work/missing"; then
    "$python" -m cffconvert --validate -i "$folder/CITATION.cff" >"$work/cff.log" 2>&1 ||
        { cat "$work/cff.log" >&2; fail 'cffconvert --validate'; }
    agree 'CITATION.cff by cffconvert'
else
    sed 's/^skipped/left out/' "$work/missing"
fi
if (python_with bibtexparser) >"$work/missing"; then
    must medsets cite demo --format bibtex
    "$python" "$script" bibtex "$work/stdout" || fail 'bibtexparser'
    agree 'BibTeX by bibtexparser'
else
    sed 's/^skipped/left out/' "$work/missing"
fi

# --- completions and man pages

must medsets completions bash
bash -n "$work/stdout" || fail 'bash -n of the completions'
agree 'completions by bash -n'
if has zsh zsh; then
    must medsets completions zsh
    zsh -n "$work/stdout" || fail 'zsh -n of the completions'
    agree 'completions by zsh -n'
fi
if has groff groff; then
    mkdir "$work/man"
    must medsets man "$work/man"
    for page in "$work"/man/*.1; do
        groff -man -ww -Tutf8 "$page" >/dev/null 2>"$work/groff.log"
        [ ! -s "$work/groff.log" ] || fail "groff has warnings for $(basename "$page"): $(head -n 3 "$work/groff.log")"
    done
    agree "$(find "$work/man" -name '*.1' | wc -l) man pages by groff -ww"
fi
