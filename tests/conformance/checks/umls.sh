#!/usr/bin/env bash
# UTS has no client of its own: the commands of its documentation (automating downloads), word for
# word but for the key, and medsets, against one stand-in under UTS's own names.
source "$(dirname "$0")/../lib.sh"

need curl curl
fresh_home
stand_in umls --token key-for-a-check --origin https://uts-ws.nlm.nih.gov/
answers_for "uts-ws.nlm.nih.gov=$(address "$host_url")/"
export MEDSETS_CA_CERT=$work/ca.pem CURL_CA_BUNDLE=$work/ca.pem
listing_entry release umls 'product = "umls-full-release"'

must curl --fail --silent --show-error 'https://uts-ws.nlm.nih.gov/releases?releaseType=umls-full-release' -o "$work/releases.json"
mkdir "$work/official"
count=0
while IFS=$'\t' read -r name url; do
    must curl --fail --silent --show-error "https://uts-ws.nlm.nih.gov/download?url=$url&apiKey=key-for-a-check" -o "$work/official/$name"
    count=$((count + 1))
done < <(python3 -c '
import json, sys, urllib.parse
for release in json.load(open(sys.argv[1])):
    # A name with a space or `%` in it must be encoded once more inside a query.
    print(release["fileName"], urllib.parse.quote(release["downloadUrl"], safe=":/"), sep="\t")' "$work/releases.json")
equal 'files that curl has downloaded' "$count" "$(find "$work/toy" -type f | wc -l)"
same 'what curl downloads is what the stand-in serves' "$work/official" "$work/toy"

MEDSETS_TOKEN_UMLS=key-for-a-check must medsets fetch release --quiet
same 'medsets and curl' "$(dataset_dir release)/data" "$work/official"
equal 'files that show the key' "$(grep -rl key-for-a-check "$HOME" | wc -l)" 0
refused 'curl with a wrong key' curl --fail --silent "https://uts-ws.nlm.nih.gov/download?url=x&apiKey=wrong"
MEDSETS_TOKEN_UMLS=wrong exits 21 'medsets with a wrong key' medsets fetch release --quiet --to "$HOME/again"
