#!/usr/bin/env bash
# An article of PubMed Central by pmc-toolkit and by medsets, both from moto.
source "$(dirname "$0")/../lib.sh"

stand_in pmc
python_with moto flask flask-cors py-partiql-parser boto3 pmc-toolkit
bin=$(dirname "$python")
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 PMC_TOOLKIT_CACHE=$work/cache

serve "$work/moto.log" "$bin/moto_server" -H 127.0.0.1 -p '{port}'
endpoint=http://127.0.0.1:$port
must "$python" "$checks/s3_seed.py" "$endpoint" pmc-oa-opendata "$work/toy"
export MEDSETS_REWRITE=https://pmc-oa-opendata.s3.amazonaws.com/=$endpoint/pmc-oa-opendata/

official() {
    AWS_ENDPOINT_URL_S3=$endpoint "$bin/pmc-toolkit" "$@"
}

must official versions PMC10009416
grep -q 'PMC10009416\.2' "$work/stdout" || fail "pmc-toolkit does not see the second version: $(cat "$work/stdout")"
must official fetch PMC10009416.2 --cache-dir "$work/official"
must medsets fetch pmc-oa --quiet --include PMC10009416
folder=$(find "$work/official" -type d -name 'PMC10009416.2' | head -n 1)
[ -n "$folder" ] || fail "pmc-toolkit wrote no folder of the article: $(find "$work/official" | head -n 20)"
# Its own note of what it fetched.
rm -f "$folder/.pmc-object-keys.json"
same 'medsets and pmc-toolkit' "$(dataset_dir pmc-oa)/data/PMC10009416.2" "$folder"
equal 'articles that medsets took' "$(ls "$(dataset_dir pmc-oa)/data")" PMC10009416.2
