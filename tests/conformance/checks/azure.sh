#!/usr/bin/env bash
# The same container by azcopy and by medsets, from Azurite, Microsoft's own emulator, which
# checks the signatures of the links that the storage library makes.
source "$(dirname "$0")/../lib.sh"

npm_with azurite@3.35.0 @azure-tools/azcopy-linux@10.32.2
python_with azure-storage-blob
readonly account=devstoreaccount1
# The emulator's account and key are the same everywhere and printed in its documentation.
key=$(grep -rhoE '[A-Za-z0-9+/]{86}==' "$npm/azurite/dist/src/common/utils/constants.js" | head -n 1)
[ -n "$key" ] || skip 'the key of the emulator is not where it was'
azcopy=$npm/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64
chmod +x "$azcopy"
export AZCOPY_LOG_LOCATION=$work/azcopy AZCOPY_JOB_PLAN_LOCATION=$work/azcopy AZCOPY_DISABLE_SYSLOG=true
"$azcopy" --version >"$work/azcopy.version" 2>&1 || skip "azcopy does not start here: $(tail -n 1 "$work/azcopy.version")"

serve "$work/azurite.log" node "$npm/azurite/dist/src/blob/main.js" --silent --disableTelemetry \
    --inMemoryPersistence --blobHost 127.0.0.1 --blobPort '{port}' --skipApiVersionCheck
host=http://127.0.0.1:$port/$account

# A tree with names that need care; 300 small files, and one that comes in blocks and so has no digest.
mkdir -p "$work/toy/data/deep/er"
printf '# Toy\n' >"$work/toy/README.md"
printf 'x' >"$work/toy/data/batch 1 (validate & csv).zip"
printf '\303\251\n' >"$work/toy/data/caf$(printf '\303\251') #1 50%+.txt"
: >"$work/toy/data/empty.txt"
head -c 9000000 /dev/urandom >"$work/toy/data/big.bin"
for number in $(seq 300); do printf '%d\n' "$number" >"$work/toy/data/deep/er/$number.txt"; done

# makes NAME EXPIRES RIGHTS [BLOB]: the query of a link, made by the storage library.
cat >"$work/make_links.py" <<'PY'
import sys, datetime, pathlib
from azure.storage.blob import *
what, host, account, key, *rest = sys.argv[1:]
now = datetime.datetime.now(datetime.timezone.utc)
if what == "upload":
    service = BlobServiceClient(host, credential={"account_name": account, "account_key": key}, max_single_put_size=4 << 20, max_block_size=4 << 20)
    toys = service.create_container("toys")
    service.create_container("others")
    root = pathlib.Path(rest[0])
    for path in sorted(root.rglob("*")):
        if path.is_file():
            toys.upload_blob(str(path.relative_to(root)), path.read_bytes())
elif what == "container":
    hours, rights = rest
    print(generate_container_sas(account, "toys", account_key=key, permission=ContainerSasPermissions.from_string(rights),
        start=now - datetime.timedelta(hours=50), expiry=now + datetime.timedelta(hours=int(hours))))
else:
    print(generate_blob_sas(account, "toys", rest[0], account_key=key, permission=BlobSasPermissions.from_string("r"),
        expiry=now + datetime.timedelta(hours=48)))
PY
sas() { "$python" "$work/make_links.py" "$1" "$host" "$account" "$key" "${@:2}"; }
must sas upload "$work/toy"
link=$(sas container 48 rl) || fail 'no link was made'

export MEDSETS_REWRITE=https://$account.blob.core.windows.net/=$host/
listing_entry blobs azure "account = \"$account\"\ncontainer = \"toys\"\nlink = \"from-user\""
url=https://$account.blob.core.windows.net/toys

must "$azcopy" copy --from-to BlobLocal "$host/toys?$link" "$work/official" --recursive --check-md5 FailIfDifferent
same 'what azcopy downloads is what was put into the container' "$work/official/toys" "$work/toy"
MEDSETS_TOKEN_AZURE_BLOBS="$url?$link" must medsets fetch blobs --quiet
same 'medsets and azcopy' "$(dataset_dir blobs)/data" "$work/official/toys"

# From standard input, kept for the next run in a file that only the owner may read.
fresh_home
export MEDSETS_KEYRING=file
printf '%s?%s\n' "$url" "$link" | must "${MEDSETS_BIN:?}" fetch blobs --include README.md --url-stdin --quiet
must medsets fetch blobs --quiet
same 'medsets with the link from standard input' "$(dataset_dir blobs)/data" "$work/official/toys"
equal 'mode of credentials.toml' "$(stat -c %a "$XDG_CONFIG_HOME/medsets/credentials.toml")" 600
signature=$(printf '%s' "$link" | sed 's/.*sig=\([^&]*\).*/\1/')
equal 'files that hold the signature' "$(grep -rlF -- "$signature" "$HOME" | grep -vc '/credentials.toml$')" 0
export MEDSETS_KEYRING=none

# A link to one file.
fresh_home
listing_entry one azure "account = \"$account\"\ncontainer = \"toys\"\nlink = \"from-user\""
printf '\n[[release.file]]\npath = "data/big.bin"\n' >>"$MEDSETS_CATALOG/one.toml"
single=$(sas blob data/big.bin) || fail 'no link was made'
must "$azcopy" copy --from-to BlobLocal "$host/toys/data/big.bin?$single" "$work/single.bin"
MEDSETS_TOKEN_AZURE_ONE="$url/data/big.bin?$single" must medsets fetch one --quiet
same 'medsets and azcopy with a link to one file' "$(dataset_dir one)/data/data/big.bin" "$work/single.bin"

# Refused by both.
refused_link() {
    local what=$1 code=$2 query=$3
    fresh_home
    refused "azcopy with $what" "$azcopy" copy --from-to BlobLocal "$host/toys?$query" "$work/none" --recursive
    MEDSETS_TOKEN_AZURE_BLOBS="$url?$query" exits "$code" "medsets with $what" medsets fetch blobs --quiet
}
refused_link 'a link whose time is over' 36 "$(sas container -1 rl)"
refused_link 'a link that was altered' 21 "${link/sp=rl/sp=racwl}"
refused_link 'a link that may not read' 22 "$(sas container 48 l)"
