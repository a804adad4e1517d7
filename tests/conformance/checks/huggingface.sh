#!/usr/bin/env bash
# The same repository by the Hub's own client and by medsets, from one stand-in under the Hub's
# own name.
source "$(dirname "$0")/../lib.sh"

python_with huggingface_hub
export HF_HOME=$work/hub HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_UPDATE_CHECK=1 HF_HUB_DISABLE_XET=1
listing_entry hub huggingface 'repo = "org/toy"\nrepo-kind = "dataset"'

hub_at() {
    fresh_home
    stand_in huggingface --origin https://huggingface.co/ --storage https://storage.example.org/ "$@"
    answers_for "huggingface.co=$(address "$host_url")/" "storage.example.org=$(address "$storage_url")/"
    export MEDSETS_CA_CERT=$work/ca.pem
}

official() {
    "$(dirname "$python")/hf" download org/toy --repo-type dataset --local-dir "$1"
    local code=$?
    rm -rf "$1/.cache"
    return "$code"
}

hub_at
must official "$work/official"
same 'what huggingface_hub downloads is what the stand-in serves' "$work/official" "$work/toy"
must medsets fetch hub --quiet
same 'medsets and huggingface_hub' "$(dataset_dir hub)/data" "$work/official"

# Gated: both refuse without a token and agree with one.
hub_at --token hf_for_a_check
refused 'huggingface_hub without a token' official "$work/none"
exits 20 'medsets without a token' medsets fetch hub --quiet
HF_TOKEN=hf_for_a_check must official "$work/gated"
MEDSETS_TOKEN_HUGGINGFACE=hf_for_a_check must medsets fetch hub --quiet
same 'medsets and huggingface_hub with a token' "$(dataset_dir hub)/data" "$work/gated"
no_credential_at storage.example.org
