#!/usr/bin/env bash
# The same dataset and competition by Kaggle's two clients and by medsets, from one stand-in
# under Kaggle's own names.
source "$(dirname "$0")/../lib.sh"

# kaggle 2.2.5 imports `six` and does not ask for it.
python_with kaggle kagglehub six
listing_entry files kaggle 'dataset = "own/toy"'
listing_entry bundle kaggle 'take = "bundle"\ndataset = "own/toy"'
listing_entry race kaggle 'competition = "toy"'
listing_entry locked kaggle 'competition = "locked"'

kaggle_at() {
    fresh_home
    stand_in kaggle --storage https://storage.googleapis.com/ "$@"
    answers_for "api.kaggle.com=$(address "$host_url")/" "www.kaggle.com=$(address "$host_url")/" \
        "storage.googleapis.com=$(address "$storage_url")/"
    export MEDSETS_CA_CERT=$work/ca.pem KAGGLEHUB_CACHE=$HOME/hub KAGGLE_CONFIG_DIR=$HOME/kaggle
}

# hub KIND NAME TO [PATH]: kagglehub; its marks of what is complete are taken away.
hub() {
    "$python" - "$@" <<'CODE'
import sys, kagglehub
kind, name, to, *path = sys.argv[1:]
getattr(kagglehub, kind + "_download")(name, path=path[0] if path else None, output_dir=to)
CODE
    local code=$?
    rm -rf "$3/.complete"
    return "$code"
}

official() {
    "$(dirname "$python")/kaggle" "$@"
}

# A public dataset, without an account.
kaggle_at
must hub dataset own/toy "$work/hub"
same 'what kagglehub downloads is what the stand-in serves' "$work/hub" "$work/toy"
must medsets fetch files --quiet
same 'medsets and kagglehub' "$(dataset_dir files)/data" "$work/hub"
must medsets fetch bundle --quiet
same 'medsets and kagglehub, by the archive of all' "$(dataset_dir bundle)/data" "$work/hub"
# Served inside a zip of its own.
must hub dataset own/toy "$work/one" data/big.bin
same 'a single large file of medsets and kagglehub' "$(dataset_dir files)/data/data/big.bin" "$work/one/data/big.bin"
must official datasets download own/toy -p "$work/kaggle" --unzip
same 'medsets and kaggle' "$(dataset_dir files)/data" "$work/kaggle"

# A competition, which wants an account.
kaggle_at --token KGAT_for_a_check
refused 'kagglehub without a token' hub competition toy "$work/none"
exits 20 'medsets without a token' medsets fetch race --quiet
export KAGGLE_API_TOKEN=KGAT_for_a_check MEDSETS_TOKEN_KAGGLE=KGAT_for_a_check
must hub competition toy "$work/race"
must official competitions download toy -p "$work/race-kaggle"
must "$python" -m zipfile -e "$work/race-kaggle/toy.zip" "$work/race-unzipped"
must medsets fetch race --quiet
same 'a competition by medsets and kagglehub' "$(dataset_dir race)/data" "$work/race"
same 'a competition by medsets and kaggle' "$(dataset_dir race)/data" "$work/race-unzipped"
refused 'kaggle before the rules are accepted' official competitions download locked -p "$work/none"
exits 23 'medsets before the rules are accepted' medsets fetch locked --quiet
unset KAGGLE_API_TOKEN MEDSETS_TOKEN_KAGGLE

# The older form of a credential.
export KAGGLE_USERNAME=alice KAGGLE_KEY=KGAT_for_a_check
must official datasets download own/toy -p "$work/key" --unzip
unset KAGGLE_USERNAME KAGGLE_KEY
export MEDSETS_USER_KAGGLE=alice MEDSETS_PASSWORD_KAGGLE=KGAT_for_a_check
must medsets fetch files --quiet
same 'medsets and kaggle with a user name and key' "$(dataset_dir files)/data" "$work/key"
no_credential_at storage.googleapis.com
