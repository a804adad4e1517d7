#!/usr/bin/env bash
# The same project by Synapse's own client and by medsets, from one stand-in under Synapse's own
# names: lists of two a page, files that are called otherwise than their entities, links to another
# origin.
source "$(dirname "$0")/../lib.sh"

# The client's wishes for parts that only report to others contradict one another in some
# registries, and pip then tries every version of each. It runs with any of them.
python_with requests urllib3 deprecated nest-asyncio asyncio-atexit httpx tqdm async-lru psutil setuptools cryptography \
    opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-{requests,threading,urllib}
python_adds synapseclient==4.14.0 opentelemetry-instrumentation-httpx
listing_entry project synapse 'entity = "syn1"'

synapse_at() {
    fresh_home
    stand_in "$@" --token synapse-for-a-check --storage https://storage.example.org/
    local at
    at=$(address "$host_url")
    answers_for "repo-prod.prod.sagebase.org=$at/" "file-prod.prod.sagebase.org=$at/" \
        "auth-prod.prod.sagebase.org=$at/" "www.synapse.org=$at/" "storage.example.org=$(address "$storage_url")/"
    export MEDSETS_CA_CERT=$work/ca.pem
    mkdir "$HOME/official"
}

# official TOKEN ENTITY [FLAG]: what it downloads lies in $HOME/official.
official() {
    SYNAPSE_AUTH_TOKEN=$1 "$(dirname "$python")/synapse" --skip-checks get ${3:-} --downloadLocation "$HOME/official" "$2"
    local code=$?
    # What the client notes for itself in every folder.
    find "$HOME/official" \( -name SYNAPSE_METADATA_MANIFEST.tsv -o -name manifest.csv \) -delete
    return "$code"
}

synapse_at synapse
must official synapse-for-a-check syn1 -r
same 'what synapseclient downloads is what the stand-in serves' "$HOME/official" "$work/toy"
MEDSETS_TOKEN_SYNAPSE=synapse-for-a-check must medsets fetch project --quiet
same 'medsets and synapseclient' "$(dataset_dir project)/data" "$HOME/official"
no_credential_at storage.example.org

# Both refuse a token that is wrong, and a file whose requirements nobody has met.
refused 'synapseclient with a wrong token' official wrong syn1 -r
MEDSETS_TOKEN_SYNAPSE=wrong exits 21 'medsets with a wrong token' medsets fetch project --quiet --to "$HOME/again"
synapse_at synapse-restricted
refused 'synapseclient before the requirements are met' official synapse-for-a-check syn101
MEDSETS_TOKEN_SYNAPSE=synapse-for-a-check exits 22 'medsets before the requirements are met' medsets fetch project --quiet
grep -q 'Data use of the toy' "$work/stderr" || fail 'medsets names no requirement'
agree 'medsets names the requirements'
