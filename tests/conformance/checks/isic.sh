#!/usr/bin/env bash
# The same images by isic-cli and by medsets, from one stand-in under the archive's own name.
source "$(dirname "$0")/../lib.sh"

python_with isic-cli
stand_in isic --origin https://api.isic-archive.com/ --storage https://storage.example.org/
answers_for "api.isic-archive.com=$(address "$host_url")/" "isic-archive.s3.amazonaws.com=$(address "$host_url")/s3/"
export MEDSETS_CA_CERT=$work/ca.pem
listing_entry images isic ''

must "$(dirname "$python")/isic" --guest --no-version-check image download "$work/official"
must medsets fetch images --quiet
data=$(dataset_dir images)/data
same 'medsets and what the stand-in serves' "$data" "$work/toy"
# The order of images of the official client's table is that of arrival.
same 'medsets and isic-cli' "$data" "$work/official"
