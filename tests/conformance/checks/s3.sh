#!/usr/bin/env bash
# The same bucket by s5cmd and by medsets, from moto, an S3 server that knows neither; then one
# that asks for signatures and checks them. In the full set also from s3s-fs.
# cargo is the person's own; the check gets another home.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
source "$(dirname "$0")/../lib.sh"

python_with moto flask flask-cors py-partiql-parser boto3 awscrt s5cmd
bin=$(dirname "$python")
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1

mkdir -p "$work/seed/many" "$work/seed/a folder"
printf 'plus\n' >"$work/seed/a folder/a+b (1) #%.txt"
printf '\303\251\n' >"$work/seed/a folder/caf$(printf '\303\251').txt"
: >"$work/seed/empty.txt"
printf 'text that was stored packed\n' | gzip -n >"$work/seed/packed.txt.gz"
head -c 20971520 /dev/urandom >"$work/seed/big.bin"
head -c 10485760 /dev/urandom >"$work/seed/nvme.bin"
head -c 10485760 /dev/urandom >"$work/seed/crc32.bin"
printf 'small\n' >"$work/seed/small-nvme.txt"
# More than a page of a listing.
for number in $(seq -w 1 1100); do printf '%s\n' "$number" >"$work/seed/many/$number.txt"; done
listing_entry bucket s3 'bucket = "toy-bucket"'
listing_entry pays s3 'bucket = "toy-bucket"\nregion = "us-east-1"\nrequester-pays = true'

moto_serves() {
    serve "$work/moto.log" "$bin/moto_server" -H 127.0.0.1 -p '{port}'
    endpoint=http://127.0.0.1:$port
    at "$endpoint"
}

at() {
    fresh_home
    export MEDSETS_REWRITE="https://toy-bucket.s3.amazonaws.com/=$1/toy-bucket/;https://toy-bucket.s3.us-east-1.amazonaws.com/=$1/toy-bucket/"
}

official() {
    mkdir -p "$1"
    "$bin/s5cmd" --endpoint-url "$endpoint" --no-sign-request cp 's3://toy-bucket/*' "$1/"
}

moto_serves
must "$python" "$checks/s3_seed.py" "$endpoint" toy-bucket "$work/seed"
must official "$work/official"
rm -rf "$work/official/marker"
same 'what s5cmd downloads is what was uploaded' "$work/official" "$work/seed"
# A key that is set must not be used: moto would take any, and Amazon none that is not its own.
AWS_ACCESS_KEY_ID=stranger AWS_SECRET_ACCESS_KEY=stranger must medsets fetch bucket --quiet
same 'medsets and s5cmd' "$(dataset_dir bucket)/data" "$work/official"
must medsets verify bucket --quiet
# Objects in parts have no MD5: what Amazon's own program computed of the whole proves them, and
# what it computed of the parts proves nothing.
proven=$(python3 - "$(dataset_dir bucket)/.medsets/listed.jsonl" <<'PYTHON'
import json, sys
listed = {file["path"]: file["verified"] for file in map(json.loads, open(sys.argv[1]))}
print(*(listed[name] for name in ("nvme.bin", "crc32.bin", "big.bin")))
PYTHON
)
equal 'the proofs of objects in parts' "$proven" 'header header size'

# Killed in the middle of the big object, and changed at the host before the second run.
fresh_home
MEDSETS_LIMIT_RATE=1MB killed_after 4000000 KILL fetch bucket --quiet --include big.bin
head -c 20971520 /dev/urandom >"$work/seed/big.bin"
must "$python" "$checks/s3_seed.py" "$endpoint" toy-bucket "$work/seed"
must medsets fetch bucket --quiet --include big.bin
same 'an object that changed while it came' "$(dataset_dir bucket)/data/big.bin" "$work/seed/big.bin"

# Signed: moto compares each signature with one of its own.
moto_serves
"$python" "$checks/s3_seed.py" "$endpoint" toy-bucket "$work/seed" --locked >"$work/key" || fail 'no key'
read -r id secret <"$work/key"
exits 10 'medsets where nobody said who pays' medsets fetch pays --quiet
must medsets config set s3.requester-pays true
AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=wrong exits 21 'medsets with a wrong key' medsets fetch pays --quiet
AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret must medsets fetch pays --quiet
same 'medsets with a key' "$(dataset_dir pays)/data" "$work/seed"

if [ "${MEDSETS_CONFORMANCE_SET:-}" != all ]; then exit 0; fi
if [ ! -x "$tools/s3s-fs/bin/s3s-fs" ]; then
    need cargo cargo
    may_install || skip 's3s-fs is built only with MEDSETS_CONFORMANCE_INSTALL=1'
    cargo install --quiet s3s-fs --version 0.14.1 --features binary --root "$tools/s3s-fs" --locked >"$work/cargo.log" 2>&1 ||
        skip "s3s-fs could not be built: $(tail -n 1 "$work/cargo.log")"
fi
mkdir -p "$work/buckets"
cp -r "$work/seed" "$work/buckets/toy-bucket"
# It says that its keys are encoded and does not encode them.
rm -r "$work/buckets/toy-bucket/a folder"
serve "$work/s3s.log" "$tools/s3s-fs/bin/s3s-fs" --host 127.0.0.1 --port '{port}' "$work/buckets"
endpoint=http://127.0.0.1:$port
at "$endpoint"
must official "$work/official-s3s"
must medsets fetch bucket --quiet
same 'medsets and s5cmd at s3s-fs' "$(dataset_dir bucket)/data" "$work/official-s3s"
