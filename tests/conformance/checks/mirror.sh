#!/usr/bin/env bash
# A team's mirror at moto, which compares every signature and checksum, and at Azurite, Microsoft's own
# emulator; in the full set at s3s-fs too. What lies there is read by the clouds' own libraries.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
source "$(dirname "$0")/../lib.sh"

python_with moto flask flask-cors py-partiql-parser boto3 awscrt s5cmd
bin=$(dirname "$python")
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1

# What is mirrored: small files, the same bytes twice, an empty file, and one that goes in parts.
mkdir -p "$work/seed/deep/er"
printf 'alpha\n' >"$work/seed/a.txt"
printf 'alpha\n' >"$work/seed/deep/er/twin.txt"
: >"$work/seed/empty.txt"
head -c 41943040 /dev/urandom >"$work/seed/big.bin"
for number in $(seq 200); do printf '%d\n' "$number" >"$work/seed/deep/$number.txt"; done

# A catalogue entry of exactly these files, served by nobody: they are imported.
(cd "$work/seed" && find . -type f -printf '%P\n' | LC_ALL=C sort) | while read -r name; do
    file_table "$name" "$work/seed/$name"
done | entry made

# push_and_pull MIRROR: from one home to another; DIR is left in $first and $second.
push_and_pull() {
    fresh_home
    must medsets import made "$work/seed" --quiet
    first=$(mktemp -d "$work/first.XXXXXX")/made
    must medsets mirror push made --mirror "$1" --quiet
    must medsets mirror push made --mirror "$1" --quiet --verify
    must medsets mirror check --mirror "$1" --verify --quiet
    mv "$(dataset_dir made)" "$first"
    fresh_home
    must medsets mirror pull made --mirror "$1" --quiet
    second=$(dataset_dir made)
    same 'the data that were pulled' "$second/data" "$work/seed"
    same 'the manifests' "$second/.medsets/manifest.sha256" "$first/.medsets/manifest.sha256"
    must medsets verify made --quiet
}

object() { printf 'lab/objects/sha256/%s/%s' "$(printf %s "$1" | cut -c1-2)" "$1"; }
big=$(object "$(sha256sum "$work/seed/big.bin" | cut -c1-64)")
small=$(object "$(sha256sum "$work/seed/a.txt" | cut -c1-64)")

# --- moto
serve "$work/moto.log" "$bin/moto_server" -H 127.0.0.1 -p '{port}'
export AWS_ENDPOINT_URL=http://127.0.0.1:$port
cat >"$work/buckets.py" <<'PY'
import sys, boto3
s3 = boto3.client("s3")
what, bucket, *rest = sys.argv[1:]
if what == "make":
    s3.create_bucket(Bucket=bucket)
elif what == "flip":
    body = bytearray(s3.get_object(Bucket=bucket, Key=rest[0])["Body"].read())
    body[len(body) // 2] ^= 1
    s3.put_object(Bucket=bucket, Key=rest[0], Body=bytes(body))
elif what == "unfinished":
    print(len(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])))
PY
export AWS_ACCESS_KEY_ID=mirrorkeyid AWS_SECRET_ACCESS_KEY=mirror-secret-of-nobody
must "$python" "$work/buckets.py" make team
push_and_pull s3://team/lab
must "$bin/s5cmd" --endpoint-url "$AWS_ENDPOINT_URL" cp "s3://team/$big" "$work/big.s5cmd"
same 'the large object by s5cmd' "$work/big.s5cmd" "$work/seed/big.bin"
equal 'unfinished uploads' "$("$python" "$work/buckets.py" unfinished team)" 0
must "$python" "$work/buckets.py" flip team "$small"
fresh_home
exits 40 'medsets with a flipped byte' medsets mirror pull made --mirror s3://team/lab --quiet
[ ! -e "$(dataset_dir made)" ] || fail 'a dataset with a wrong byte was laid out'
exits 35 'medsets at a bucket that is not there' medsets mirror pull made --mirror s3://absent/lab --quiet

# --- s3s-fs, which compares signatures too
if [ "${MEDSETS_CONFORMANCE_SET:-}" = all ] && [ -x "$tools/s3s-fs/bin/s3s-fs" ]; then
    mkdir -p "$work/buckets/team"
    serve "$work/s3s.log" "$tools/s3s-fs/bin/s3s-fs" --host 127.0.0.1 --port '{port}' \
        --access-key "$AWS_ACCESS_KEY_ID" --secret-key "$AWS_SECRET_ACCESS_KEY" "$work/buckets"
    export AWS_ENDPOINT_URL=http://127.0.0.1:$port
    push_and_pull s3://team/lab
    same 'the large object on the disk of s3s-fs' "$work/buckets/team/$big" "$work/seed/big.bin"
    fresh_home
    AWS_SECRET_ACCESS_KEY=wrong exits 21 'medsets with a wrong key' medsets mirror pull made --mirror s3://team/lab --quiet
fi
unset AWS_ENDPOINT_URL

# --- Azurite
npm_with azurite@3.35.0 @azure-tools/azcopy-linux@10.32.2
python_with azure-storage-blob
readonly account=devstoreaccount1
# The emulator's account and key are the same everywhere and printed in its documentation.
key=$(grep -rhoE '[A-Za-z0-9+/]{86}==' "$npm/azurite/dist/src/common/utils/constants.js" | head -n 1)
[ -n "$key" ] || skip 'the key of the emulator is not where it was'
serve "$work/azurite.log" node "$npm/azurite/dist/src/blob/main.js" --silent --disableTelemetry \
    --inMemoryPersistence --blobHost 127.0.0.1 --blobPort '{port}' --skipApiVersionCheck
cat >"$work/containers.py" <<'PY'
import sys, datetime
from azure.storage.blob import *
what, host, account, key, *rest = sys.argv[1:]
service = BlobServiceClient(host, credential={"account_name": account, "account_key": key})
if what == "make":
    service.create_container("team")
elif what == "get":
    open(rest[1], "wb").write(service.get_blob_client("team", rest[0]).download_blob(validate_content=True).readall())
elif what == "sas":
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    print(generate_container_sas(account, "team", account_key=key, expiry=end,
        permission=ContainerSasPermissions.from_string("racwl")))
PY
host=http://127.0.0.1:$port/$account
containers() { "$python" "$work/containers.py" "$1" "$host" "$account" "$key" "${@:2}"; }
must containers make
export MEDSETS_MIRROR_ENDPOINT=$host
MEDSETS_TOKEN_AZURE_STORAGE=$key push_and_pull az://$account/team/lab
must containers get "$big" "$work/big.azure"
same 'the large object by the storage library' "$work/big.azure" "$work/seed/big.bin"
sas=$(containers sas) || fail 'no signature was made'
MEDSETS_TOKEN_AZURE_STORAGE=$sas push_and_pull az://$account/team/by-signature
fresh_home
MEDSETS_TOKEN_AZURE_STORAGE=${sas/sp=/sp=x} exits 22 'medsets with an altered signature' \
    medsets mirror pull made --mirror az://$account/team/lab --quiet
exits 35 'medsets at a container that is not there' \
    env MEDSETS_TOKEN_AZURE_STORAGE="$key" "${MEDSETS_BIN:?}" mirror pull made --mirror az://$account/absent/lab --quiet
