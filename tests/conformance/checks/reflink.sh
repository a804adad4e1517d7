#!/usr/bin/env bash
# On a file system that can (XFS on a loop disk), datasets share bytes by reflinks: they take the
# room of one on the disk, each file keeps its mode, and an edit of one leaves the other alone.
source "$(dirname "$0")/../lib.sh"

[ "$(id -u)" -eq 0 ] || skip 'only root may mount a disk'
need mkfs.xfs xfsprogs
truncate -s 400M "$work/disk.img"
mkfs.xfs -q -m reflink=1 "$work/disk.img" >"$work/mkfs.log" 2>&1 || skip "no disk: $(tail -n 1 "$work/mkfs.log")"
mkdir "$work/disk"
mount -o loop "$work/disk.img" "$work/disk" 2>"$work/mount.log" || skip "no mount: $(tail -n 1 "$work/mount.log")"
# The code of the check, not that of what is done at its end.
trap 'code=$?; umount "$work/disk"; (exit $code); finish' EXIT
export MEDSETS_DATA_DIR=$work/disk/data

mkdir "$work/served"
head -c 60000000 /dev/urandom >"$work/served/big.bin"
nginx_serves "$work/served"
for id in one two; do file_table big.bin "$work/served/big.bin" | entry $id; done
used() { sync -f "$work/disk"; df --output=used -B1 "$work/disk" | tail -1 | tr -d ' '; }

must medsets fetch one
first=$(used)
must medsets fetch two
[ $(($(used) - first)) -lt 10000000 ] || fail "the second takes $(($(used) - first)) bytes"
agree "two datasets of 60 MB take $(used) bytes on the disk"
equal 'the host was asked once' "$(nginx_sent)" 60000000
one=$MEDSETS_DATA_DIR/one/1/data/big.bin two=$MEDSETS_DATA_DIR/two/1/data/big.bin
equal 'a file of its own, that may be written' "$(stat -c '%h %a' "$two")" '1 644'
printf 'edited' | dd of="$one" conv=notrunc status=none
exits 40 'the edited one' medsets verify one
must medsets verify two
must medsets verify one --repair
must medsets verify
must medsets prune
equal 'an object that is used stays' "$(find "$MEDSETS_DATA_DIR/.medsets-store/objects" -type f | wc -l)" 1
must medsets remove one --yes
must medsets remove two --yes
must medsets prune
equal 'one that is not goes' "$(find "$MEDSETS_DATA_DIR/.medsets-store/objects" -type f | wc -l)" 0
# The file system gives it back in the background.
for _ in $(seq 600); do [ "$(used)" -ge $((first - 50000000)) ] || break; sleep 0.1; done
[ "$(used)" -lt $((first - 50000000)) ] || fail "$(used) bytes are still taken"
agree 'the room is free again'
