#!/usr/bin/env bash
# Archives made by other programs, unpacked by medsets and by the programs themselves.
source "$(dirname "$0")/../lib.sh"

need python3 python3
tree=$work/tree
served=$work/served
mkdir -p "$served" "$tree/set/images/deep/er" "$tree/set/texts"

# Compressible and not, empty, one byte, long and foreign names, text of many lines.
seq 200000 >"$tree/set/table.csv"
head -c 3M /dev/urandom >"$tree/set/images/noise.bin"
head -c 5M /dev/zero >"$tree/set/images/zeros.bin"
: >"$tree/set/texts/empty.txt"
printf x >"$tree/set/texts/one.txt"
printf 'Ä\n' >"$tree/set/texts/Ärzte 日本.txt"
printf 'long\n' >"$tree/set/images/deep/er/$(printf 'n%.0s' $(seq 180)).txt"
for i in $(seq 200); do seq "$i" $((i * 7)) >"$tree/set/texts/t$i.txt"; done

serve "$work/http.log" python3 -m http.server --bind 127.0.0.1 --directory "$served" '{port}'
export MEDSETS_REWRITE=https://data.example/=http://127.0.0.1:$port/
made=0

# unpacks NAME FORMAT EXPECTED [MORE OF unpack]: medsets gets the same tree out of $served/NAME.
unpacks() {
    local name=$1 id
    id=archive-$(printf '%s' "$name" | tr 'A-Z._' 'a-z--')
    file_table "$name" "$served/$name" "unpack = { format = \"$2\"${4:-} }" | entry "$id"
    made=$((made + 1))
    if ! medsets fetch "$id" --quiet >"$work/stdout" 2>"$work/stderr"; then
        cat "$work/stderr" >&2
        differ "$name is not unpacked"
    elif ! diff -r "$(dataset_dir "$id")/data" "$3" >"$work/difference" 2>&1; then
        head -20 "$work/difference" >&2
        differ "$name"
    else
        agree "$name"
    fi
}

# own NAME COMMAND...: the tree that the archive's own program unpacks; sets $own.
own() {
    own=$work/own/$1
    mkdir -p "$own"
    shift
    (cd "$own" && "$@") >"$work/own.log" 2>&1 || fail "its own program does not unpack it: $*"
}

in_tree() {
    (cd "$tree" && "$@") >"$work/pack.log" 2>&1 || fail "could not pack: $* ($(tail -n 1 "$work/pack.log"))"
}

export LC_ALL=C.UTF-8

if has tar tar; then
    for kind in gnu pax ustar; do
        names=(set)
        # ustar has no room for the long name.
        if [ "$kind" = ustar ]; then names=(set/texts set/table.csv); fi
        in_tree tar --format="$kind" -cf "$served/$kind.tar" "${names[@]}"
        own "$kind" tar -xf "$served/$kind.tar"
        unpacks "$kind.tar" tar "$own"
    done
    in_tree tar -czf "$served/tar.tar.gz" set
    unpacks tar.tar.gz tar.gz "$tree"
    in_tree tar -cjf "$served/tar.tar.bz2" set
    unpacks tar.tar.bz2 tar.bz2 "$tree"
    # A sparse file in the way of GNU tar is refused, never unpacked as something else.
    mkdir -p "$work/sparse"
    truncate -s 6M "$work/sparse/holes.bin"
    printf end >>"$work/sparse/holes.bin"
    tar -C "$work/sparse" --sparse -cf "$served/sparse.tar" holes.bin
    file_table sparse.tar "$served/sparse.tar" 'unpack = { format = "tar" }' | entry archive-sparse
    exits 55 'a sparse file in a tar' medsets fetch archive-sparse --quiet
fi
if has xz xz-utils; then
    in_tree tar -cJf "$served/xz.tar.xz" set
    unpacks xz.tar.xz tar.xz "$tree"
    XZ_OPT='-T2 --block-size=1MiB' in_tree tar -cJf "$served/blocks.tar.xz" set
    unpacks blocks.tar.xz tar.xz "$tree"
fi
if has zstd zstd; then
    in_tree tar --zstd -cf "$served/zstd.tar.zst" set
    unpacks zstd.tar.zst tar.zst "$tree"
    in_tree bash -c "tar -cf - set | zstd -19 --long=27 -q -o '$served/long.tar.zst'"
    unpacks long.tar.zst tar.zst "$tree"
fi
if has pigz pigz; then
    in_tree tar -I pigz -cf "$served/pigz.tar.gz" set
    unpacks pigz.tar.gz tar.gz "$tree"
    # Several gzip members after one another are one stream.
    in_tree bash -c "tar -cf - set | split -b 1M --filter='pigz -c' - > '$served/members.tar.gz'"
    own members tar -xzf "$served/members.tar.gz"
    unpacks members.tar.gz tar.gz "$own"
fi
if has bsdtar libarchive-tools; then
    for kind in pax gnutar ustar; do
        names=(set)
        if [ "$kind" = ustar ]; then names=(set/texts set/table.csv); fi
        in_tree bsdtar --format "$kind" -czf "$served/bsd-$kind.tar.gz" "${names[@]}"
        own "bsd-$kind" bsdtar -xzf "$served/bsd-$kind.tar.gz"
        unpacks "bsd-$kind.tar.gz" tar.gz "$own"
    done
    in_tree bsdtar --format zip -cf "$served/bsd.zip" set
    own bsdzip bsdtar -xf "$served/bsd.zip"
    unpacks bsd.zip zip "$own"
fi
if has zip zip && has unzip unzip; then
    in_tree zip -qr "$served/infozip.zip" set
    own infozip unzip -q "$served/infozip.zip"
    unpacks infozip.zip zip "$own"
    in_tree zip -qr0 "$served/stored.zip" set
    unpacks stored.zip zip "$tree"
    in_tree zip -qr -Z bzip2 "$served/bzip2.zip" set/texts set/table.csv
    own bzip2zip unzip -q "$served/bzip2.zip"
    unpacks bzip2.zip zip "$own"
    # Written to a pipe: sizes stand behind the data, and zip64 records are there.
    in_tree bash -c "zip -qr - set | cat > '$served/streamed.zip'"
    own streamed unzip -q "$served/streamed.zip"
    unpacks streamed.zip zip "$own"
    # A program in front of an archive, with the offsets made right and as they were.
    if has unzipsfx unzip; then
        cat "$(command -v unzipsfx)" "$served/infozip.zip" >"$served/selfmade.zip"
        unpacks selfmade.zip zip "$tree"
        cp "$served/selfmade.zip" "$served/adjusted.zip"
        zip -qA "$served/adjusted.zip"
        unpacks adjusted.zip zip "$tree"
    fi

    # Split over several files.
    in_tree zip -qr -s 1m "$served/split.zip" set
    parts=$(cd "$served" && printf '"%s", ' split.z*[0-9])
    {
        file_table split.zip "$served/split.zip" "unpack = { format = \"zip\", parts = [${parts%, }] }"
        for part in "$served"/split.z*[0-9]; do file_table "$(basename "$part")" "$part"; done
    } | entry archive-split
    must medsets fetch archive-split --quiet
    folder=$(dataset_dir archive-split)
    same 'split zip' "$folder/data/set" "$tree/set"

    # Encrypted: refused without a password, and nothing is left.
    in_tree zip -qr -P geheim "$served/locked.zip" set/texts
    file_table locked.zip "$served/locked.zip" 'unpack = { format = "zip", password = "from-user" }' | entry archive-locked
    refused 'an encrypted zip without its password' medsets fetch archive-locked --quiet
fi
if has 7z p7zip-full; then
    in_tree 7z a -bd "$served/seven.7z" set
    own seven 7z x -bd "$served/seven.7z"
    unpacks seven.7z 7z "$own"
    in_tree 7z a -bd -tzip -mm=Deflate64 "$served/deflate64.zip" set
    unpacks deflate64.zip zip "$tree"
    in_tree 7z a -bd -tzip -mm=LZMA "$served/lzma.zip" set
    unpacks lzma.zip zip "$tree"
fi
if has gzip gzip; then
    gzip -c "$tree/set/table.csv" >"$served/table.csv.gz"
    mkdir -p "$work/single"
    cp "$tree/set/table.csv" "$work/single/table.csv"
    unpacks table.csv.gz gz "$work/single"
fi

# Python writes archives of its own kind.
python3 - "$tree" "$served" <<'PYTHON' || fail 'Python could not pack'
import os, shutil, sys
tree, served = sys.argv[1:]
os.chdir(tree)
shutil.make_archive(f"{served}/python", "zip", tree, "set")
shutil.make_archive(f"{served}/python", "xztar", tree, "set")
PYTHON
unpacks python.zip zip "$tree"
unpacks python.tar.xz tar.xz "$tree"

[ "$made" -ge 5 ] || skip "only $made kinds of archive could be made here"
