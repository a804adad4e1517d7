#!/usr/bin/env bash
# The same dataset by Redivis's own client and by medsets, from one stand-in under Redivis's name. The
# client reads lists of files by pyarrow, which proves the Arrow streams of the stand-in.
source "$(dirname "$0")/../lib.sh"

python_with redivis==0.21.1
fresh_home
stand_in redivis --token redivis-for-a-check --origin https://redivis.com/ --storage https://storage.example.org/
answers_for "redivis.com=$(address "$host_url")/" "storage.example.org=$(address "$storage_url")/"
listing_entry files redivis 'organization = "toys"\ndataset = "toy:5fja:v1_0"\ntable = "files:8abc"'
listing_entry dataset redivis 'organization = "toys"\ndataset = "toy:5fja:v1_0"'
listing_entry missing redivis 'organization = "toys"\ndataset = "none"'
export MEDSETS_CA_CERT=$work/ca.pem REDIVIS_API_TOKEN=redivis-for-a-check

cat >"$work/get.py" <<'PY'
import json, pathlib, sys
import redivis

out = pathlib.Path(sys.argv[1])
dataset = redivis.organization("toys").dataset("toy:5fja:v1_0")
files = dataset.table("files:8abc")
# A hash as the client understands it; the stand-in's list has none of the first file.
listed = sorted([str(one.path), one.size, one.hash.hex() if one.hash else None] for one in files.list_files())
(out / "list.json").write_text(json.dumps(listed))
files.to_directory().download(out / "files", overwrite=True, progress=False)
for table in dataset.list_tables():
    if table.properties["isFileIndex"]:
        table.to_directory().download(out / "dataset" / table.name, overwrite=True, progress=False)
(out / "part").write_bytes(files.file("data/big.bin").read(start_byte=5, end_byte=700_004))
(out / "account").write_text(redivis.current_user().name)
PY
cat >"$work/expected.py" <<'PY'
import hashlib, json, pathlib, sys
toy = pathlib.Path(sys.argv[1])
found = sorted(path for path in toy.rglob("*") if path.is_file())
rows = [[str(path.relative_to(toy)), path.stat().st_size, hashlib.md5(path.read_bytes()).hexdigest()] for path in found]
print(json.dumps(sorted([name, size, None if name == "README.md" else md5] for name, size, md5 in rows)))
PY
mkdir "$work/official"
must "$python" "$work/get.py" "$work/official"
equal "the list as pyarrow reads it" "$(cat "$work/official/list.json")" "$(python3 "$work/expected.py" "$work/toy")"
same 'what the client downloads is what the stand-in serves' "$work/official/files" "$work/toy"

must medsets fetch files --quiet
same 'medsets and the client: a table' "$(dataset_dir files)/data" "$work/official/files"
must medsets fetch dataset --quiet
same 'medsets and the client: every index of a dataset' "$(dataset_dir dataset)/data" "$work/official/dataset"
tail -c +6 "$work/toy/data/big.bin" | head -c 700000 >"$work/part"
same 'a part of a file' "$work/official/part" "$work/part"
medsets auth status redivis --check --json >"$work/status" || fail 'the token is refused'
equal 'the account' "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["providers"][0]["account"])' <"$work/status")" "$(cat "$work/official/account")"

refuses() {
    "$python" -c 'import redivis, sys; redivis.organization("toys").dataset(sys.argv[1]).table("files").list_files()' "$@" \
        >"$work/said" 2>&1 && fail "the client is not refused: $*"
    cat "$work/said"
}
refuses none | grep -q 'NotFoundError' || fail "the client says something else: $(tail -n 1 "$work/said")"
exits 35 'a dataset that is not there' medsets fetch missing --quiet
export REDIVIS_API_TOKEN=another
refuses toy | grep -q '401 invalid_token' || fail "the client says something else: $(tail -n 1 "$work/said")"
medsets remove files --yes >/dev/null 2>&1
exits 21 'a wrong token' medsets fetch files --quiet
no_credential_at storage.example.org
