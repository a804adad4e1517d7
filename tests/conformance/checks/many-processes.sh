#!/usr/bin/env bash
# Five hundred processes ask for one dataset at once, as the tasks of a job array do. It is
# downloaded once, all of them end well, and it is whole.
source "$(dirname "$0")/../lib.sh"

processes=500
mkdir "$work/served"
head -c 8000000 /dev/urandom >"$work/served/big.bin"
for number in $(seq 20); do head -c 30000 /dev/urandom >"$work/served/$number.bin"; done
nginx_serves "$work/served"
for file in "$work"/served/*; do file_table "${file##*/}" "$file"; done | entry many
nginx_forgets

mkdir "$work/runs"
started=$(date +%s)
for number in $(seq $processes); do
    (
        code=0
        medsets fetch many -q >"$work/runs/$number.out" 2>"$work/runs/$number.err" || code=$?
        echo "$code" >"$work/runs/$number.code"
    ) &
done
# Not the server.
for run in $(jobs -p); do [[ " ${servers[*]} " == *" $run "* ]] || wait "$run"; done
took=$(($(date +%s) - started))

well=$(cat "$work"/runs/*.code | grep -c '^0$')
if [ "$well" != "$processes" ]; then tail -n 3 "$work"/runs/*.err | head -40 >&2; fi
equal 'all of them end well' "$well" "$processes"
equal 'each file is asked for once, or in pieces that make one' \
    "$(nginx_sent)" "$(cat "$work"/served/* | wc -c)"
must medsets verify many
equal 'it is entered once' "$(grep -c '"kind":"fetch"' "$MEDSETS_STATE_DIR/ledger.jsonl")" 1
must medsets ledger verify
equal 'no claim is left' "$(find "$MEDSETS_DATA_DIR" -name '*.claim*' | wc -l)" 0
agree "$processes processes took $took s"
