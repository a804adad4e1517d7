#!/usr/bin/env bash
# What `medsets k8s` prints: valid by the schemas of Kubernetes, which refuse what was broken on
# purpose, and its commands give a program the arguments that were meant.
source "$(dirname "$0")/../lib.sh"

python_with kubernetes-validate==1.37.0
printf 'own\n' >"$work/own.txt"
file_table own.txt "$work/own.txt" | entry own
fresh_home
export MEDSETS_JOBS=3 MEDSETS_PROXY=http://me:hidden@proxy.example:3128
jobs=(k8s --offline --image registry.example/medsets:1 --pvc datasets --namespace research --shards 5)
must medsets "${jobs[@]}" own demo --include 'a $(HOME) "b" $$x *' --anyway
cp "$work/stdout" "$work/jobs.yaml"
grep -q hidden "$work/jobs.yaml" && fail 'a password is in the manifest'
must medsets "${jobs[@]}" mimic-cxr --anyway
cp "$work/stdout" "$work/closed.yaml"
exits 20 'a closed gate' medsets "${jobs[@]}" mimic-cxr

cat >"$work/validate.py" <<'PYTHON'
# Every document by the strict schemas of three versions; prints how many there are.
import sys, yaml, kubernetes_validate
documents = list(yaml.safe_load_all(open(sys.argv[1])))
for document in documents:
    for version in ("1.25", "1.31", "1.37"):
        kubernetes_validate.validate(document, version, strict=True)
print(len(documents))
PYTHON
must "$python" "$work/validate.py" "$work/jobs.yaml"
equal 'documents: a ConfigMap, two Jobs for each dataset' "$(cat "$work/stdout")" 5
must "$python" "$work/validate.py" "$work/closed.yaml"
agree 'the jobs of a closed dataset are valid'
for change in 's/completionMode:/completionMood:/' 's/completions: 5/completions: five/' 's/runAsNonRoot: true/runAsNonRoot: "yes"/' 's/secretKeyRef:/secretKey:/'; do
    sed "$change" "$work/jobs.yaml" >"$work/broken.yaml"
    cmp -s "$work/jobs.yaml" "$work/broken.yaml" && fail "nothing was changed by $change"
    refused "$change" "$python" "$work/validate.py" "$work/broken.yaml"
done

# A pod's command as Kubernetes reads it (`$$` is `$`, `$(NAME)` a variable of the container), with
# a program in the place of medsets that shows what it is given.
mkdir "$work/bin"
printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$work/bin/medsets"
chmod +x "$work/bin/medsets"
cat >"$work/run.py" <<'PYTHON'
import os, re, subprocess, sys, yaml
name, index = sys.argv[2:4]
jobs = {one["metadata"]["name"]: one for one in yaml.safe_load_all(open(sys.argv[1])) if one["kind"] == "Job"}
container = jobs[name]["spec"]["template"]["spec"]["containers"][0]
variables = {one["name"]: one.get("value") for one in container["env"]}
def expanded(text):
    return re.sub(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)", lambda m: "$" if m[0] == "$$" else variables.get(m[1], m[0]), text)
words = [expanded(word) for word in container["command"] + container["args"]]
environment = {"PATH": sys.argv[4] + ":/bin:/usr/bin", "JOB_COMPLETION_INDEX": index}
sys.exit(subprocess.run(words, env=environment).returncode)
PYTHON
# A name ends with eight letters of the digest of its label.
name=medsets-own-1-$(printf %s own-1 | sha256sum | cut -c1-8)
must "$python" "$work/run.py" "$work/jobs.yaml" "$name" 2 "$work/bin"
printf '%s\n' fetch own@1 '--include=a $(HOME) "b" $$x *' --shard 3/5 >"$work/expected"
same 'arguments of the third pod' "$work/stdout" "$work/expected"
must "$python" "$work/run.py" "$work/jobs.yaml" "$name-finish" 0 "$work/bin"
printf '%s\n' fetch own@1 '--include=a $(HOME) "b" $$x *' --finish >"$work/expected"
same 'arguments of the finish' "$work/stdout" "$work/expected"

# What the entry of the overlay becomes in a pod.
"$python" - "$work/jobs.yaml" <<'PYTHON' >"$work/in-pod.toml"
import sys, yaml
print(next(one for one in yaml.safe_load_all(open(sys.argv[1])) if one["kind"] == "ConfigMap")["data"]["0.catalog_0_own.toml"], end="")
PYTHON
same 'the entry of the overlay' "$work/in-pod.toml" "$MEDSETS_CATALOG/own.toml"
