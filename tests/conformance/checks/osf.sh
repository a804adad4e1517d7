#!/usr/bin/env bash
# The same project by osfclient and by medsets, from one stand-in under OSF's own names.
source "$(dirname "$0")/../lib.sh"

python_with osfclient
fresh_home
stand_in osf --token osf-for-a-check --origin https://api.osf.io/ --storage https://storage.example.org/
answers_for "api.osf.io=$(address "$host_url")/" "files.osf.io=$(address "$host_url")/files/" "storage.example.org=$(address "$storage_url")/"
listing_entry project osf 'node = "abcde"'

(cd "$work" && OSF_TOKEN=osf-for-a-check must "$(dirname "$python")/osf" -p abcde clone official) || exit 1
same 'what osfclient downloads is what the stand-in serves' "$work/official/osfstorage" "$work/toy"

MEDSETS_CA_CERT=$work/ca.pem MEDSETS_TOKEN_OSF=osf-for-a-check must medsets fetch project --quiet
same 'medsets and osfclient' "$(dataset_dir project)/data" "$work/official/osfstorage"
no_credential_at storage.example.org
