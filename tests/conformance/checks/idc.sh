#!/usr/bin/env bash
# A collection of Imaging Data Commons by its own client and by medsets: the buckets are moto's,
# the index is the excerpt of the tests, which the client is given in place of its own. Then
# medsets reads the real index, and finds in it the series that are on record for LIDC-IDRI.
source "$(dirname "$0")/../lib.sh"

stand_in idc
python_with moto flask flask-cors py-partiql-parser boto3 idc-index==0.13.4 pyarrow
bin=$(dirname "$python")
export PATH=$bin:$PATH AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1
index=$checks/../stand_ins/idc_index.parquet

serve "$work/moto.log" "$bin/moto_server" -H 127.0.0.1 -p '{port}'
endpoint=http://127.0.0.1:$port
must "$python" "$checks/s3_seed.py" "$endpoint" idc-open-data "$work/toy"
sha256=$(sha256sum <"$index" | cut -c1-64)
pin="index = \"25.0.5\"\nindex-sha256 = \"$sha256\""
listing_entry lidc idc "collection = \"lidc_idri\"\n$pin"
export MEDSETS_REWRITE="https://idc-open-data.s3.amazonaws.com/=$endpoint/idc-open-data/;https://storage.googleapis.com/idc-index-data-artifacts/=${host_url}index/"

mkdir -p "$work/official"
must "$python" - "$endpoint" "$index" "$work/official" <<'PY'
import sys

endpoint, index, folder = sys.argv[1:]
import idc_index_data

idc_index_data.IDC_INDEX_PARQUET_FILEPATH = index
import idc_index.index as client

client.aws_endpoint_url = endpoint
client.IDCClient().download_from_selection(downloadDir=folder, collection_id="lidc_idri", show_progress_bar=False)
PY
must medsets fetch lidc --quiet
same 'medsets and idc-index' "$(dataset_dir lidc)/data" "$work/official"

# The real index, from the package that the client came with.
real=$("$python" -c 'import idc_index_data; print(idc_index_data.IDC_INDEX_PARQUET_FILEPATH)')
serve "$work/idc-server.log" "$python" "$checks/idc_server.py" '{port}' "$real"
export MEDSETS_REWRITE="https://idc-open-data.s3.amazonaws.com/=http://127.0.0.1:$port/idc-open-data/;https://storage.googleapis.com/idc-index-data-artifacts/=http://127.0.0.1:$port/index/"
medsets fetch lidc-idri --dry-run --json --ignore-space >"$work/plan.json" 2>"$work/stderr" || fail "$(tail -n 5 "$work/stderr")"
series() {
    grep -o "LIDC-IDRI-[0-9]*/[0-9.]*/$1_[0-9.]*/[0-9a-f-]*" "$work/plan.json" | cut -d/ -f4 | cut -c1-36 | sort -u | sha256sum | cut -c1-64
}
equal 'series of the CT scans' "$(series CT)" 91e8d12e35af06eb6b24fe3ebebceb2adc0157a2915470084fff97e23e1e2da7
equal 'series of the original collection' "$(series '[A-Z]*')" d4b45efd26e89e6cfe17099a8b2ac47875671eff0d7dc6dfe1f8c4213b439c70
