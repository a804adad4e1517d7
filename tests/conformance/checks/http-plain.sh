#!/usr/bin/env bash
# Downloads from Python's http.server, which knows no ranges: whole files, started afresh.
source "$(dirname "$0")/../lib.sh"

need python3 python3
served=$work/served
mkdir -p "$served"
head -c 48M /dev/urandom >"$served/big.bin"
for i in $(seq 40); do head -c $((i * 1013)) /dev/urandom >"$served/n$i.bin"; done

serve "$work/http.log" python3 -m http.server --bind 127.0.0.1 --directory "$served" '{port}'
export MEDSETS_REWRITE=https://data.example/=http://127.0.0.1:$port/

(
    cd "$served" || exit 1
    for file in *; do file_table "$file" "$file"; done
) | entry plain
must medsets fetch plain --quiet
same 'files of a server without ranges' "$(dataset_dir plain)/data" "$served"

# A page instead of data, with status 200, is not data.
mkdir -p "$work/pages"
printf '<!doctype html><html><title>Sign in</title><p>Please sign in.</html>' >"$work/pages/big.bin"
serve "$work/http.log" python3 -m http.server --bind 127.0.0.1 --directory "$work/pages" '{port}'
fresh_home
export MEDSETS_REWRITE=https://data.example/=http://127.0.0.1:$port/
file_table big.bin "$served/big.bin" | entry page
code=0
medsets fetch page --quiet >"$work/stdout" 2>"$work/stderr" || code=$?
case $code in
    40 | 41 | 42) agree "a web page in place of data is refused ($code)" ;;
    *) fail "a web page in place of data: exit code $code" ;;
esac
[ -z "$(find "$MEDSETS_DATA_DIR" -name big.bin 2>/dev/null)" ] || fail 'the web page was kept as data'
