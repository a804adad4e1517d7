#!/usr/bin/env bash
# What medsets prints and writes, read by other people's parsers: JSON Schema, TOML, CFF,
# BibTeX, shells, man pages.
source "$(dirname "$0")/../lib.sh"

python_with jsonschema
script=$checks/outputs.py

# --- answers with --json: what all promise, and the schema of their own where one is printed

medsets schema >"$work/schemas" || fail '`medsets schema`'
medsets schema answer >"$work/promises.json" || fail '`medsets schema answer`'

# answers NAME COMMAND...: whatever the exit code, a document of that name comes.
answers() {
    local name=$1
    shift
    medsets "$@" --json >"$work/answer.json" 2>"$work/stderr"
    if ! "$python" "$script" answer "$work/promises.json" "$name" "$work/answer.json"; then
        differ "medsets $* --json"
        return
    fi
    if grep -qx "$name" "$work/schemas"; then
        medsets schema "$name" >"$work/schema.json" || fail "medsets schema $name"
        if ! "$python" "$script" against "$work/schema.json" "$work/answer.json"; then
            differ "medsets $* --json, by its schema"
            return
        fi
    fi
    agree "medsets $* --json"
}

answers search search chest
answers info info demo
answers fetch fetch demo
answers fetch fetch demo # nothing to do
answers fetch fetch demo-gated
answers fetch fetch demo --dry-run
answers list list
answers list list --available
answers status status
answers verify verify demo
answers access access demo-gated mimic-cxr
answers path path demo
answers du du
answers ledger ledger show
answers ledger-verify ledger verify
answers cite cite demo
answers config config list
answers doctor doctor
answers info info no-such-dataset
answers fetch fetch ../../etc

# --- entries that Python reads too, against the printed schemas

catalogue=$checks/../../catalog licenses=$checks/../../licenses
entries() { # SCHEMA FILE...
    local name=$1
    shift
    medsets schema "$name" >"$work/schema.json" || fail "medsets schema $name"
    if "$python" "$script" entries "$work/schema.json" "$@"; then
        agree "entries by the schema $name"
    else
        differ "entries by the schema $name"
    fi
}
mapfile -t files < <(find "$catalogue" -maxdepth 1 -name '*.toml' ! -name collections.toml | sort)
entries catalog "${files[@]}"
entries license "$licenses"/*.toml
entries collections "$catalogue/collections.toml"

# --- citations

folder=$(dataset_dir demo)
if has_python_with cffconvert; then
    "${python%/*}/cffconvert" --validate -i "$folder/CITATION.cff" >"$work/cff.log" 2>&1 ||
        { cat "$work/cff.log" >&2; fail 'cffconvert --validate'; }
    agree 'CITATION.cff by cffconvert'
fi
if has_python_with bibtexparser; then
    mapfile -t ids < <(basename -a -s .toml "${files[@]}")
    must medsets cite "${ids[@]}" --format bibtex
    if "$python" "$script" bibtex "$work/stdout"; then
        agree 'BibTeX by bibtexparser'
    else
        differ 'BibTeX by bibtexparser'
    fi
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
        [ ! -s "$work/groff.log" ] || differ "groff has warnings for $(basename "$page"): $(head -n 3 "$work/groff.log")"
    done
    agree "$(find "$work/man" -name '*.1' | wc -l) man pages by groff -ww"
fi
