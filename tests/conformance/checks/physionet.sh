#!/usr/bin/env bash
# The same project by PhysioNet's own client, by the wget line that PhysioNet documents, and by
# medsets, from one stand-in under the host's own name.
source "$(dirname "$0")/../lib.sh"

need wget wget
python_with physionet
listing_entry toy physionet 'slug = "toy-ecg"\nversion = "1.1.0"\nopen = true\ns3-mirror = "https://physionet-open.s3.amazonaws.com/toy-ecg/1.1.0/"'
listing_entry gated physionet 'slug = "toy-ecg"\nversion = "1.1.0"'

physionet_at() { # STAND-IN [ARGS]
    fresh_home
    stand_in "$@" --origin https://physionet.org/
    answers_for "physionet.org=$(address "$host_url")/" "physionet-open.s3.amazonaws.com=$(address "$host_url")/s3/"
    export MEDSETS_CA_CERT=$work/ca.pem
}

# Its own list is no file of the project to this client.
client() {
    "$(dirname "$python")/physionet" download toy-ecg --output "$1" &&
        mv "$1/toy-ecg-1.1.0" "$1/files"
}

# As the page of a project says; the pages of folders and robots.txt are no files of it.
recursively() {
    local to=$1
    shift
    (
        mkdir -p "$to" && cd "$to" &&
            wget -q -r -N -c -np -nH --cut-dirs=3 --ca-certificate="$work/ca.pem" "$@" \
                https://physionet.org/files/toy-ecg/1.1.0/
    )
    local code=$?
    find "$to" \( -name 'index.html' -o -name robots.txt \) -delete
    return "$code"
}

without_list() {
    rm -rf "$2"
    cp -r "$1" "$2"
    rm "$2/SHA256SUMS.txt"
}

# --- open

physionet_at physionet
must client "$work/client"
without_list "$work/toy" "$work/toy-without-list"
same 'what the client physionet downloads is what the stand-in serves' "$work/client/files" "$work/toy-without-list"
must recursively "$work/wget"
same 'what wget downloads is what the stand-in serves' "$work/wget" "$work/toy"
must medsets fetch toy --quiet
same 'medsets and wget' "$(dataset_dir toy)/data" "$work/wget"
without_list "$(dataset_dir toy)/data" "$work/medsets"
same 'medsets and the client physionet' "$work/medsets" "$work/client/files"

# --- in the bucket: each asks PhysioNet for the list alone

: >"$work/proxy.log"
physionet_at physionet-mirrored
must client "$work/client-s3"
same 'the client physionet by the bucket' "$work/client-s3/files" "$work/toy-without-list"
equal 'files that the client asked of PhysioNet' "$(grep -c '^physionet.org GET /files/' "$work/proxy.log")" 1
: >"$work/proxy.log"
must medsets fetch toy --quiet
same 'medsets by the bucket' "$(dataset_dir toy)/data" "$work/toy"
equal 'files that medsets asked of PhysioNet' "$(grep -c '^physionet.org GET /files/' "$work/proxy.log")" 1

# --- behind an account: passwords are read from wget, not from the client

physionet_at physionet --token jdoe:for-a-check
refused 'wget without a password' recursively "$work/none"
exits 20 'medsets without a password' medsets fetch gated --quiet
export MEDSETS_USER_PHYSIONET=jdoe MEDSETS_PASSWORD_PHYSIONET=for-a-check
PHYSIONET_USERNAME=jdoe PHYSIONET_PASSWORD=for-a-check refused 'the client physionet with a password' client "$work/none"
exits 21 'medsets by its own name' medsets fetch gated --quiet
must recursively "$work/gated" --user jdoe --password for-a-check
same 'wget with a password' "$work/gated" "$work/toy"
must medsets config set physionet.user-agent 'Wget/1.21.3 (medsets)'
: >"$work/proxy.log"
must medsets fetch gated --quiet
same 'medsets and wget with a password' "$(dataset_dir gated)/data" "$work/gated"
equal 'requests to the bucket' "$(grep -c '^physionet-open' "$work/proxy.log")" 0
