#!/usr/bin/env bash
# A file of the same article by pooch and by medsets, from one stand-in under figshare's names.
# There is no official client.
source "$(dirname "$0")/../lib.sh"

python_with pooch
fresh_home
stand_in figshare --origin https://api.figshare.com/ --storage https://storage.example.org/
host=$(address "$host_url")
answers_for "api.figshare.com=$host/api/" "ndownloader.figshare.com=$host/bytes/" "figshare.com=$host/site/" \
    "doi.org=$host/doi/" "storage.example.org=$(address "$storage_url")/"
listing_entry article figshare 'article = 77\narticle-version = 2'

cat >"$work/get.py" <<'PY'
import pathlib, pooch, sys
out = pathlib.Path(sys.argv[1])
for name in sorted(path.name for path in pathlib.Path(sys.argv[2]).iterdir()):
    # pooch puts the name into an address unencoded.
    if name.isascii() and "#" not in name and "%" not in name and " " not in name:
        pooch.retrieve("doi:10.6084/m9.figshare.77.v2/" + name, known_hash=None, path=out, fname=name)
PY
must "$python" "$work/get.py" "$work/official" "$work/toy"
MEDSETS_CA_CERT=$work/ca.pem must medsets fetch article --quiet
ours=$(dataset_dir article)/data
same 'what medsets downloads is what the stand-in serves' "$ours" "$work/toy"
for file in "$work"/official/*; do same "medsets and pooch: $(basename "$file")" "$ours/$(basename "$file")" "$file"; done

# With the token of an account, which the store must not see.
fresh_home
MEDSETS_CA_CERT=$work/ca.pem MEDSETS_TOKEN_FIGSHARE=figshare-for-a-check must medsets fetch article --quiet
same 'medsets with a token' "$(dataset_dir article)/data" "$work/toy"
no_credential_at storage.example.org
