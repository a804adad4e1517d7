#!/usr/bin/env bash
# The same record by zenodo_get and by medsets, from one stand-in under Zenodo's own name.
source "$(dirname "$0")/../lib.sh"

python_with zenodo_get
fresh_home
stand_in zenodo --origin https://zenodo.org/
answers_for "zenodo.org=$(address "$host_url")/"
listing_entry record zenodo 'record = 42'

MEDSETS_CA_CERT=$work/ca.pem must medsets fetch record --quiet
ours=$(dataset_dir record)/data
same 'what medsets downloads is what the stand-in serves' "$ours" "$work/toy"

# zenodo_get 3.1 cannot fetch names with `#` or `%`: it takes the escapes out of their address.
mkdir -p "$work/official"
(cd "$work/official" && must "$(dirname "$python")/zenodo_get" -g '[!c]*' 42) || exit 1
rm -f "$work/official/md5sums.txt"
count=0
for file in "$work"/official/*; do
    same "medsets and zenodo_get: $(basename "$file")" "$ours/$(basename "$file")" "$file"
    count=$((count + 1))
done
equal 'files of zenodo_get' "$count" 4
