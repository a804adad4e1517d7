#!/usr/bin/env bash
# What `medsets export` writes, read by the validators of each standard; each of them must also
# refuse a document that was broken on purpose. One environment a validator, since some want old
# versions of one another. The slow ones (mlcroissant, rocrate-validator) are in the full set.
source "$(dirname "$0")/../lib.sh"

need python3 python3
script=$checks/standards.py
full=no
if [ "${MEDSETS_CONFORMANCE_SET:-all}" = all ]; then full=yes; fi

# A project of catalogue entries, open and closed, that are not here, and one set that is.
datasets=(chestxray14 rsna-pneumonia mimic-cxr umls)
must medsets fetch demo

# valid WHAT COMMAND...
valid() {
    local what=$1
    shift
    must "$@"
    agree "$what"
}

# --- Croissant

printf 'some bytes\n' >"$work/a file.csv"
file_table 'a file.csv' "$work/a file.csv" 'into = "data"' | entry made
must medsets export made --format croissant -o "$work/made.json"
valid 'Croissant: required fields' python3 "$script" croissant "$work/made.json"
for key in license creator datePublished url distribution; do
    python3 "$script" break "$key" "$work/made.json" "$work/broken.json"
    refused "Croissant without $key" python3 "$script" croissant "$work/broken.json"
done
must medsets export demo --format croissant -o "$work/demo.json"
valid 'Croissant of the set in the program' python3 "$script" croissant "$work/demo.json"
if [ $full = yes ] && has_python_with mlcroissant==1.1.1; then
    valid 'Croissant by mlcroissant' "${python%/*}/mlcroissant" validate --jsonld "$work/made.json"
    valid 'Croissant of the set in the program by mlcroissant' "${python%/*}/mlcroissant" validate --jsonld "$work/demo.json"
    python3 "$script" break sha256 "$work/made.json" "$work/broken.json"
    refused 'Croissant without a digest by mlcroissant' "${python%/*}/mlcroissant" validate --jsonld "$work/broken.json"
fi

# --- SPDX 3

must medsets export "${datasets[@]}" made --format spdx -o "$work/spdx.json"
if has_python_with spdx-python-model==0.0.6; then
    valid 'SPDX by spdx-python-model and the required fields' "$python" "$script" spdx "$work/spdx.json"
    for key in builtTime releaseTime dataset_datasetType originatedBy; do
        python3 "$script" break "$key" "$work/spdx.json" "$work/broken.json"
        refused "SPDX without $key" "$python" "$script" spdx "$work/broken.json"
    done
    python3 "$script" set dataset_confidentialityLevel secret "$work/spdx.json" "$work/broken.json"
    refused 'SPDX with a word of no list by spdx-python-model' "$python" "$script" spdx "$work/broken.json"
    must medsets export demo --format spdx -o "$work/plain.json"
    valid 'SPDX of a set without a page by spdx-python-model' "$python" -m spdx_python_model.bindings.v3_0_1 "$work/plain.json"
fi

# --- CycloneDX

must medsets export "${datasets[@]}" demo --format cyclonedx -o "$work/cyclonedx.json"
if has_python_with 'cyclonedx-python-lib[validation]==11.12.0'; then
    valid 'CycloneDX by cyclonedx-python-lib' "$python" "$script" cyclonedx "$work/cyclonedx.json"
    python3 "$script" set type dataset "$work/cyclonedx.json" "$work/broken.json"
    refused 'CycloneDX with another type by cyclonedx-python-lib' "$python" "$script" cyclonedx "$work/broken.json"
fi

# --- RO-Crate

must medsets export "${datasets[@]}" demo --format ro-crate -o "$work/crate"
if [ $full = yes ] && npm_with ro-crate@3.7.2 && has_python_with roc-validator==0.13.0; then
    crate() {
        "${python%/*}/rocrate-validator" validate "$1" -p ro-crate-1.2 --no-paging --offline \
            --cache-path "$work/crate-cache" -v
    }
    must "$python" "$script" context "$work/crate-cache" "$npm/ro-crate/lib/context.json"
    valid 'RO-Crate by rocrate-validator' crate "$work/crate"
    mkdir "$work/broken-crate"
    python3 "$script" break datePublished "$work/crate/ro-crate-metadata.json" "$work/broken-crate/ro-crate-metadata.json"
    refused 'RO-Crate without a date by rocrate-validator' crate "$work/broken-crate"
fi

# --- BagIt

if has_python_with bagit==1.9.0; then
    bagit() { "$python" -m bagit "$@"; }
    must medsets export demo --format bagit -o "$work/bag"
    valid 'bag by bagit' bagit --validate "$work/bag"
    printf x >>"$work/bag/data/demo/1.0/data/labels.csv"
    refused 'bag with a changed file by bagit' bagit --validate "$work/bag"
    exits 2 'a bag over another' medsets export demo --format bagit -o "$work/bag"

    must medsets export made --format bagit --no-data -o "$work/holey"
    grep -qx 'https://data.example/a%20file.csv 11 data/made/1/a file.csv' "$work/holey/fetch.txt" ||
        fail "fetch.txt: $(cat "$work/holey/fetch.txt")"
    refused 'bag without its payload by bagit' bagit --validate "$work/holey"
    mkdir -p "$work/holey/data/made/1"
    cp "$work/a file.csv" "$work/holey/data/made/1/a file.csv"
    valid 'bag whose payload was brought by bagit' bagit --validate "$work/holey"
fi

# --- sums

must medsets export demo --format sha256sums -o "$work/sums"
(cd "$MEDSETS_DATA_DIR" && sha256sum --quiet -c "$work/sums") || fail 'sha256sum -c'
agree "$(wc -l <"$work/sums") files by sha256sum -c"

# --- downloads, from a server of this machine under the address in the list

mkdir "$work/served"
cp "$work/a file.csv" "$work/served/"
must medsets export made chestxray14 mimic-cxr --format wget -o "$work/get.sh"
grep -q '^# mimic-cxr@' "$work/get.sh" || fail 'what needs a credential is not named'
if has wget wget && has nginx nginx-light; then
    nginx_serves "$work/served"
    mkdir "$work/got"
    must medsets export made --format wget -o "$work/get.sh"
    sed -i "s#https://data.example/#http://127.0.0.1:$port/#" "$work/get.sh"
    (cd "$work/got" && sh "$work/get.sh") >"$work/stdout" 2>&1 || { cat "$work/stdout" >&2; fail 'the script around wget'; }
    same 'the file by wget' "$work/a file.csv" "$work/got/made/1/a file.csv"
    if has aria2c aria2; then
        must medsets export made --format aria2 -o "$work/list"
        sed -i "s#https://data.example/#http://127.0.0.1:$port/#" "$work/list"
        mkdir "$work/got2"
        valid 'the list by aria2' aria2c --no-conf -q --dir="$work/got2" --input-file="$work/list" --check-integrity=true
        same 'the file by aria2' "$work/a file.csv" "$work/got2/made/1/a file.csv"
    fi
fi

# --- citations of the whole

must medsets export "${datasets[@]}" --format bibtex -o "$work/works.bib"
must medsets export "${datasets[@]}" --format cff -o "$work/CITATION.cff"
if has_python_with bibtexparser; then
    valid 'BibTeX by bibtexparser' "$python" "$checks/outputs.py" bibtex "$work/works.bib"
    sed 's/^  title/  headline/' "$work/works.bib" >"$work/broken.bib"
    refused 'BibTeX without titles' "$python" "$checks/outputs.py" bibtex "$work/broken.bib"
fi
sed '/^title:/d' "$work/CITATION.cff" >"$work/broken.cff"
if has_python_with cffconvert; then
    valid 'CFF by cffconvert' "${python%/*}/cffconvert" --validate -i "$work/CITATION.cff"
    refused 'CFF without a title by cffconvert' "${python%/*}/cffconvert" --validate -i "$work/broken.cff"
fi
if has_python_with check-jsonschema; then
    cff() { "${python%/*}/check-jsonschema" --builtin-schema vendor.citation-file-format "$1"; }
    valid 'CFF by check-jsonschema' cff "$work/CITATION.cff"
    refused 'CFF without a title by check-jsonschema' cff "$work/broken.cff"
fi
