#!/usr/bin/env bash
# A repository at a commit, as GitHub would serve it, with `git` itself to say what is in it.
source "$(dirname "$0")/../lib.sh"

need git git
need python3 python3

repo=$work/repo
git_repo() { git -C "$repo" -c user.name=nobody -c user.email=nobody@data.example -c commit.gpgsign=false "$@"; }
mkdir -p "$repo/data/deep" "$repo/with space"
git -c init.defaultBranch=main init -q "$repo"
seq 5000 >"$repo/data/table.csv"
head -c 300K /dev/urandom >"$repo/data/deep/picture.png"
printf '#!/bin/sh\necho hello\n' >"$repo/run.sh"
chmod +x "$repo/run.sh"
: >"$repo/empty"
printf 'Ä\n' >"$repo/with space/Ärzte.txt"
printf 'sorts between\n' >"$repo/data.txt" # a folder `data` sorts as `data/` in a tree
git_repo add -A
git_repo commit -qm first
commit=$(git_repo rev-parse HEAD)
tree=$(git_repo rev-parse 'HEAD^{tree}')
git_repo worktree add -q --detach "$work/expected" "$commit"
rm "$work/expected/.git"

# As GitHub packs it: one folder `<repo>-<commit>`, the commit's id in a pax header.
git_repo archive --format=tar.gz --prefix="set-$commit/" -o "$work/archive.tar.gz" "$commit"

serve "$work/github.log" python3 "$checks/github_server.py" '{port}' "$work/archive.tar.gz" "$commit"
export MEDSETS_REWRITE="https://codeload.github.com/=http://127.0.0.1:$port/codeload/;https://github.com/=http://127.0.0.1:$port/github/;https://api.github.com/=http://127.0.0.1:$port/api/;https://raw.githubusercontent.com/=http://127.0.0.1:$port/raw/"

# github_entry ID TREE
github_entry() {
    printf '' | entry "$1"
    sed -i '/^\[\[release.source\]\]/,$d' "$MEDSETS_CATALOG/$1.toml"
    cat >>"$MEDSETS_CATALOG/$1.toml" <<TOML
[[release.source]]
channel = "github"
provider = "github"
owner = "someone"
repo = "set"
commit = "$commit"
tree = "$2"

[[release.file]]
path = "set-$commit.tar.gz"
unpack = { format = "tar.gz", strip = "auto" }
TOML
}

github_entry github-right "$tree"
must medsets fetch github-right --quiet
folder=$(dataset_dir github-right)
same 'a repository at a commit' "$folder/data" "$work/expected"

# The tree that git computes from what medsets unpacked is the tree of the commit.
rm -rf "$work/recount"
git -c init.defaultBranch=main init -q "$work/recount"
cp -r "$folder/data/." "$work/recount/"
chmod -R u+w "$work/recount"
git -C "$work/recount" -c core.fileMode=true add -A
recount=$(git -C "$work/recount" write-tree)
if [ "$recount" != "$tree" ]; then
    # Data files are written without the right to run; the names and bytes must still agree.
    git -C "$work/recount" update-index --chmod=+x run.sh
    recount=$(git -C "$work/recount" write-tree)
fi
equal 'the tree that git counts again' "$recount" "$tree"

# Another tree than the entry names is refused.
github_entry github-wrong "$(printf '%040d' 1)"
exits 40 'a tree id that does not match' medsets fetch github-wrong --quiet
