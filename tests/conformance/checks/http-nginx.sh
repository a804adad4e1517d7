#!/usr/bin/env bash
# Downloads from nginx, compared with curl's: ranges, awkward names, kill and resume, a file
# that is replaced in the middle.
source "$(dirname "$0")/../lib.sh"

need curl curl
need nginx nginx-light
served=$work/served
mkdir -p "$served"

mebibytes=96
if [ "${MEDSETS_CONFORMANCE_SET:-quick}" = all ]; then mebibytes=1024; fi

# --- one big file, as curl has it

head -c "${mebibytes}M" /dev/urandom >"$served/big.bin"
nginx_serves "$served"
curl -sSf "http://127.0.0.1:$port/big.bin" -o "$work/curl.bin" || fail 'curl'
nginx_forgets
file_table big.bin "$served/big.bin" | entry nginx-big
must medsets fetch nginx-big --quiet
same 'a big file and what curl gets' "$(dataset_dir nginx-big)/data/big.bin" "$work/curl.bin"
equal 'bytes sent for a big file' "$(nginx_sent)" "$(stat -c %s "$served/big.bin")"

nginx_forgets
must medsets fetch nginx-big --quiet
nginx_settles
equal 'requests of a second run' "$(wc -l <"$nginx_log")" 0

# --- many small files whose names must be escaped

mkdir -p "$served/small/a folder"
i=0
for name in 'plain.txt' 'a folder/two words.txt' 'hash#mark.txt' 'question?.txt' 'per%cent.txt' '100%25.txt' \
    'plus+and&.txt' 'semi;colon=equals.txt' 'brackets[1].txt' 'Ärzte-ß-日本.txt' "quote's.txt" 'tilde~.txt' 'at@colon:.txt'; do
    i=$((i + 1))
    printf 'file %d\n' "$i" >"$served/small/$name"
done
: >"$served/small/empty.txt"
for i in $(seq 300); do head -c $((i * 97)) /dev/urandom >"$served/small/n$i.bin"; done
(
    cd "$served/small" || exit 1
    find . -type f -printf '%P\n' | LC_ALL=C sort | while IFS= read -r name; do file_table "small/$name" "$name"; done
) | entry nginx-small
must medsets fetch nginx-small --quiet
same 'many small files' "$(dataset_dir nginx-small)/data/small" "$served/small"

# --- killed in the middle, and again: what was had is kept

# Slow enough for that at any size: a file over one connection takes a minute. The rest comes as fast
# as it can, from another server with a log of its own.
nginx_serves "$served" "limit_rate $((mebibytes * 1024 / 60))k;"
slow=$MEDSETS_REWRITE
nginx_serves "$served"

kill_in_the_middle() { # SIGNAL ID
    MEDSETS_REWRITE=$slow killed_after $((mebibytes * 1048576 / 3)) "$1" fetch "$2" --quiet
}

for signal in KILL TERM; do
    fresh_home
    kill_in_the_middle "$signal" nginx-big
    if [ "$signal" = TERM ]; then equal 'exit code after SIGTERM' "$killed_code" 143; fi
    must medsets path nginx-big # where it would be; nothing is there yet
    [ ! -e "$(cat "$work/stdout")/data/big.bin" ] || fail 'a killed fetch shows a file that is not whole'
    nginx_forgets
    must medsets fetch nginx-big --quiet
    same "resumed after SIG$signal" "$(dataset_dir nginx-big)/data/big.bin" "$served/big.bin"
    # What nginx had sent before the kill is lost where it was not written; a quarter stays.
    again=$(nginx_sent)
    [ "$again" -lt $((mebibytes * 1048576 * 9 / 10)) ] || fail "after SIG$signal $again bytes were fetched again"
    agree "after SIG$signal the second run asks for the rest only"
done

# --- replaced in the middle: never a mixture of two versions

sed -e '/^size = /d' -e '/^sha256 = /d' "$MEDSETS_CATALOG/nginx-big.toml" >"$work/unpinned.toml"
sed -e 's/^id = .*/id = "nginx-unpinned"/' "$work/unpinned.toml" >"$MEDSETS_CATALOG/nginx-unpinned.toml"
fresh_home
kill_in_the_middle KILL nginx-unpinned
head -c "${mebibytes}M" /dev/urandom >"$served/new.bin"
mv "$served/new.bin" "$served/big.bin"
must medsets fetch nginx-unpinned --quiet
same 'a file replaced between two runs' "$(dataset_dir nginx-unpinned)/data/big.bin" "$served/big.bin"

# --- and refused where the entry pins the old one

fresh_home
exits 40 'a replaced file against a pinned digest' medsets fetch nginx-big --quiet
