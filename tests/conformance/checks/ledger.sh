#!/usr/bin/env bash
# The ledger's chain, counted again by a script that shares no code with medsets.
source "$(dirname "$0")/../lib.sh"

python_with rfc8785

# Accept, fetch, take back, accept again: the digest is that of the text shown.
exits 23 'a gated set before its terms are accepted' medsets fetch demo-gated --quiet
must medsets access accept demo-gated --dry-run --json
digest=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["text_digest"])' <"$work/stdout") ||
    fail 'no digest of the text in `access accept --dry-run --json`'
refused 'accepting the digest of another text' medsets access accept demo-gated --text-digest "sha256:$(printf '%064d' 0)"
must medsets access accept demo-gated --text-digest "$digest" --purpose 'a check, with "quotes" and ä'
must medsets fetch demo-gated --quiet
must medsets access withdraw demo-gated
must medsets access accept demo-gated --text-digest "$digest"
must medsets fetch demo --quiet

ledger=$MEDSETS_STATE_DIR/ledger.jsonl
"$python" "$checks/ledger_chain.py" "$MEDSETS_STATE_DIR" || fail 'the chain does not hold'
agree 'the chain, counted again'
must medsets ledger verify

equal 'the permissions of the ledger' "$(stat -c %a "$ledger")" 600

# An altered, a removed and a swapped entry, and a cut tail, are seen by both.
cp "$ledger" "$work/whole.jsonl"
tampered() { # WHAT SED-SCRIPT
    sed "$2" "$work/whole.jsonl" >"$ledger"
    cmp -s "$work/whole.jsonl" "$ledger" && fail "$1: nothing was changed"
    exits 14 "$1" medsets ledger verify
    "$python" "$checks/ledger_chain.py" "$MEDSETS_STATE_DIR" >/dev/null 2>&1 && fail "$1: the script does not see it"
    cp "$work/whole.jsonl" "$ledger"
}
tampered 'an altered entry' '2s/"demo-gated"/"demo-gatec"/'
tampered 'a removed entry' 2d
tampered 'swapped entries' '2{h;d};3G'
tampered 'a cut tail' '$d'
must medsets ledger verify
