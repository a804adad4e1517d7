#!/usr/bin/env bash
# The same series by TCIA's own Python client and by medsets, from one stand-in under TCIA's name.
source "$(dirname "$0")/../lib.sh"

# The package also wants idc-index, half a gigabyte that its NBIA part does not use: an empty
# module stands in for it.
python_with pandas plotly ipython beautifulsoup4 unidecode requests pydicom tqdm
python_adds tcia_utils==3.3.5
mkdir -p "$work/modules/idc_index"
printf 'class IDCClient:\n    pass\n' >"$work/modules/idc_index/__init__.py"

fresh_home
stand_in tcia
answers_for "nbia.cancerimagingarchive.net=$(address "$host_url")/"
export MEDSETS_CA_CERT=$work/ca.pem
listing_entry collection tcia 'collection = "LIDC-IDRI"'
cat >>"$MEDSETS_CATALOG/collection.toml" <<'TOML'

[[release.rule]]
match = "**/*.zip"
unpack = { format = "zip", strip = "none", into = "data/{stem}", skip = ["LICENSE"], checksums = "md5hashes.csv" }
TOML

must medsets fetch collection --quiet
ours=$(dataset_dir collection)/data
official() {
    (cd "$work" && PYTHONPATH=$work/modules "$python" - "$1" <<'PY'
import sys
from tcia_utils import nbia
series = nbia.getSeries(collection="LIDC-IDRI")
nbia.downloadSeries([one["SeriesInstanceUID"] for one in series], input_type="list", path=sys.argv[1])
PY
    )
}
must official "$work/official"
count=0
for folder in "$work"/official/*/; do
    uid=$(basename "$folder")
    mine=$(find "$ours" -type d -name "*_$uid")
    # The client asks for no list of MD5s; medsets keeps the terms once, not in every series.
    rm "$mine/md5hashes.csv" "$folder/LICENSE"
    same "medsets and tcia_utils: series $uid" "$mine" "$folder"
    count=$((count + 1))
done
equal 'series of tcia_utils' "$count" "$(find "$work/toy" -name '*.dcm' -printf '%h\n' | sort -u | wc -l)"
same 'what medsets downloads is what the stand-in serves' "$ours" "$work/toy"
