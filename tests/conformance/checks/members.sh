#!/usr/bin/env bash
# Single members of archives at nginx: by medsets, by remotezip over the same ranges, and by
# unzip from the whole archive.
source "$(dirname "$0")/../lib.sh"

need zip zip
need unzip unzip
python_with remotezip

tree=$work/tree
served=$work/served
mkdir -p "$tree/set/images" "$tree/set/texts" "$served" "$work/by-unzip"
seq 50000 >"$tree/set/labels.csv"
for i in $(seq 40); do head -c 500K /dev/urandom >"$tree/set/images/$i.bin"; done
for i in $(seq 2000); do seq "$i" $((i + 50)) >"$tree/set/texts/t$i.txt"; done
printf 'Ä\n' >"$tree/set/texts/Ärzte 日本 [1].txt"
: >"$tree/set/texts/empty.txt"

# By Info-ZIP: deflated, stored, streamed with data descriptors, with bytes in front.
(cd "$tree" && zip -qr "$served/deflated.zip" set && zip -q0r "$served/stored.zip" set && zip -qr - set >"$served/streamed.zip" </dev/null)
{ printf '#!/bin/sh\nexit 0\n'; cat "$served/deflated.zip"; } >"$served/front.zip"
# By Python: zip64 everywhere, a comment, other codecs.
python3 - "$tree" "$served" <<'PYTHON' || fail 'Python makes no archives'
import os, sys, zipfile
tree, served = sys.argv[1:]
names = sorted(os.path.relpath(os.path.join(d, f), tree) for d, _, fs in os.walk(tree) for f in fs)
with zipfile.ZipFile(f"{served}/long.zip", "w", zipfile.ZIP_DEFLATED) as made:
    made.comment = b"a comment, PK and all"
    for name in names:
        with open(os.path.join(tree, name), "rb") as source, made.open(zipfile.ZipInfo.from_file(os.path.join(tree, name), name), "w", force_zip64=True) as member:
            member.write(source.read())
for word, method in ("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA):
    with zipfile.ZipFile(f"{served}/{word}.zip", "w", method) as made:
        for name in names:
            made.write(os.path.join(tree, name), name)
PYTHON
# One of more than 4 GiB, most of it a hole: the figures of its members need zip64.
python3 - "$tree/set/labels.csv" "$served/huge.zip" <<'PYTHON' || fail 'Python makes no large archive'
import struct, sys, zlib
out, records = open(sys.argv[2], "wb"), []
def add(name, size, crc, body):
    at, name = out.tell(), name.encode()
    extra = struct.pack("<HHQQ", 1, 16, size, size)
    out.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 33, crc, 2**32 - 1, 2**32 - 1, len(name), len(extra)) + name + extra)
    body()
    extra = struct.pack("<HHQQQ", 1, 24, size, size, at)
    records.append(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0x32D, 45, 0, 0, 0, 33, crc, 2**32 - 1, 2**32 - 1, len(name), len(extra), 0, 0, 0, 0o100644 << 16, 2**32 - 1) + name + extra)
hole = 6 << 30
add("set/volume.nii", hole, 0, lambda: out.seek(hole, 1))
labels = open(sys.argv[1], "rb").read()
add("set/labels.csv", len(labels), zlib.crc32(labels), lambda: out.write(labels))
start = out.tell()
out.write(b"".join(records))
end = out.tell()
out.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 2, 2, end - start, start))
out.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
out.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2**16 - 1, 2**16 - 1, 2**32 - 1, 2**32 - 1, 0))
PYTHON
nginx_serves "$served"

# members NAME GLOB...: the same members by all three.
members() {
    local name=$1 id asked whole
    id=members-${1%.zip}
    shift
    nginx_forgets
    printf '[[release.file]]\npath = "%s"\nunpack = { format = "zip" }\n' "$name" | entry "$id"
    must medsets fetch "$id" --quiet "${@/#/--members=}"
    asked=$(nginx_sent)
    whole=$(stat -c %s "$served/$name")
    local ours
    ours=$(dataset_dir "$id")/data
    mkdir -p "$work/by-remotezip/$id"
    must "$python" - "http://127.0.0.1:$nginx_port/$name" "$work/by-remotezip/$id" "$ours" <<'PYTHON'
import os, sys
from remotezip import RemoteZip
url, into, ours = sys.argv[1:]
wanted = {os.path.relpath(os.path.join(d, f), ours) for d, _, fs in os.walk(ours) for f in fs}
def name_of(info):
    # Info-ZIP writes UTF-8 without the mark that it is; Python then reads an old code page.
    return info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode()
with RemoteZip(url) as archive:
    for info in archive.infolist():
        if name_of(info) in wanted:
            place = os.path.join(into, name_of(info))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as out:
                out.write(archive.read(info))
PYTHON
    same "medsets and remotezip: $name" "$ours" "$work/by-remotezip/$id"
    must medsets verify "$id"
    [ "$asked" -lt $((whole / 3)) ] || differ "$name: $asked of $whole bytes were read"
    agree "$name: $asked of $whole bytes were read"
}

globs=('set/labels.csv' 'set/texts/t1?.txt' 'set/texts/Ä*' 'set/texts/empty.txt' 'set/images/7.bin')
for name in deflated stored streamed front long bzip2 lzma; do
    members "$name.zip" "${globs[@]}"
    ours=$(dataset_dir "members-$name")/data
    [ "$(find "$ours" -type f | wc -l)" -eq 14 ] || differ "$name.zip: not 14 members"
done
members huge.zip 'set/labels.csv'

# unzip knows no remote archives: it has the whole ones, and of what it unpacks the rest is taken away.
for name in deflated stored streamed long; do
    ours=$(dataset_dir "members-$name")/data
    theirs=$work/by-unzip/members-$name
    must unzip -q -o "$served/$name.zip" -d "$theirs"
    (cd "$theirs" && find . -type f -print0 | while IFS= read -r -d '' file; do [ -e "$ours/$file" ] || rm "$file"; done)
    same "medsets and unzip: $name.zip" "$ours" "$theirs"
done

# What was read is a part of the whole, which then takes its place.
must medsets fetch members-deflated --quiet
same 'the whole archive afterwards' "$(dataset_dir members-deflated)/data" "$tree"

# A server that gives no parts of its files.
serve "$work/http.log" python3 -m http.server --bind 127.0.0.1 --directory "$served" '{port}'
export MEDSETS_REWRITE=https://data.example/=http://127.0.0.1:$port/
fresh_home
exits 55 'a server without ranges' medsets fetch members-stored --members 'set/labels.csv'
grep -q 'only as a whole' "$work/stderr" || fail 'the size of the whole is not told'
[ ! -e "$MEDSETS_DATA_DIR/members-stored" ] || fail 'something is left'
