#!/usr/bin/env bash
# The manifest of a fetched dataset, verified by `sha256sum` of coreutils with no medsets at hand.
source "$(dirname "$0")/../lib.sh"

need sha256sum coreutils
must medsets fetch demo --quiet
folder=$(dataset_dir demo)

(cd "$folder" && sha256sum --quiet --strict -c .medsets/manifest.sha256) || fail 'sha256sum -c finds differences'
agree 'sha256sum -c'

# It names all that lies under data/ and docs/, and nothing else.
(cd "$folder" && find data docs -type f | LC_ALL=C sort) >"$work/found"
cut -c67- "$folder/.medsets/manifest.sha256" | LC_ALL=C sort >"$work/named"
same 'names in the manifest and on disk' "$work/named" "$work/found"

# The publisher's own archives, opened by other programs, hold the same bytes.
source_dir=$checks/../../catalog/demo
mkdir "$work/expected"
need unzip unzip
unzip -q "$source_dir/demo-images.zip" -d "$work/expected"
tar -xzf "$source_dir/demo-texts.tar.gz" -C "$work/expected" --strip-components=1 --exclude='__MACOSX' --exclude='.DS_Store'
cp "$source_dir/labels.csv" "$work/expected"
same 'data/ and what unzip and tar unpack' "$folder/data" "$work/expected"
same 'docs/ and the readme' "$folder/docs/README.txt" "$source_dir/README.txt"

# A byte changed by hand is seen by both.
printf x >>"$folder/data/labels.csv"
(cd "$folder" && sha256sum --status -c .medsets/manifest.sha256) && fail 'sha256sum -c misses a changed byte'
exits 40 'verify after a changed byte' medsets verify demo --full
