#!/usr/bin/env bash
# The same folder by gdown and by medsets, from one stand-in under Google's own names: one file
# behind the page of the virus check, the others at once.
source "$(dirname "$0")/../lib.sh"

python_with gdown
fresh_home
stand_in googledrive
answers_for "drive.google.com=$(address "$host_url")/drive/" "docs.google.com=$(address "$host_url")/docs/" \
    "drive.usercontent.google.com=$(address "$host_url")/bytes/" "accounts.google.com=$(address "$host_url")/accounts/"
export MEDSETS_CA_CERT=$work/ca.pem
listing_entry folder googledrive 'folder = "FOLDER00000000000000000000000000"'
listing_entry quota googledrive 'folder = "FOLDER0000000000000000000QUOTA00"'
listing_entry closed googledrive 'folder = "FOLDER000000000000000000PRIVATE0"'

gdown() {
    "$(dirname "$python")/gdown" "$@"
}

must gdown --folder "https://drive.google.com/drive/folders/FOLDER00000000000000000000000000" -O "$work/official"
same 'what gdown downloads is what the stand-in serves' "$work/official" "$work/toy"
must medsets fetch folder --quiet
same 'medsets and gdown' "$(dataset_dir folder)/data" "$work/official"

refused 'gdown when the quota is used up' gdown "https://drive.google.com/uc?id=QUOTA000000000000000000000000000" -O "$work/none"
exits 33 'medsets when the quota is used up' medsets fetch quota --quiet
refused 'gdown of a file that is not shared' gdown "https://drive.google.com/uc?id=PRIVATE00000000000000000000000000" -O "$work/none"
exits 22 'medsets of a file that is not shared' medsets fetch closed --quiet
