#!/bin/sh
# Fetches mimic-cxr-2.1.0, hf-org-1a2b in 8 jobs each, by SLURM. Made by medsets 0.1.0.
#
# Run it with sh where sbatch is: it submits two jobs for each dataset, and prints their numbers.
#
# Each task of the array fetches its shard into a folder of its own in the data folder, which
# all nodes must see, as the state folder with your ledger. Tasks need no lock in common. One
# whose node dies, or that is requeued, goes on where it was.
#
# The finish begins when all tasks have ended, however they did (afterany): what a task has left
# it fetches itself. With afterok it would wait for ever for a task that failed.
#
# Credentials: none is in here. Jobs find those that you stored with `medsets auth login`, where
# the nodes see the same home folder, or in these variables, which sbatch hands on:
#   mimic-cxr-2.1.0:
#     physionet (needed): MEDSETS_USER_PHYSIONET and MEDSETS_PASSWORD_PHYSIONET
#     MEDSETS_PROXY: set here, and not written, since it holds a secret
# NOT READY: mimic-cxr-2.1.0: credentialed status is missing
#   hf-org-1a2b:
#     MEDSETS_PROXY: set here, and not written, since it holds a secret
set -eu
mkdir -p '/scratch/my logs/100%'

# mimic-cxr-2.1.0: MIMIC-CXR
array=$(sbatch --parsable <<'MEDSETS_JOB'
#!/bin/sh
#SBATCH --job-name=medsets-mimic-cxr-2.1.0
#SBATCH --array=1-8%4
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=1-00:00:00
#SBATCH --partition=long
#SBATCH --account=lab
#SBATCH --mem=2G
#SBATCH --output="/scratch/my logs/100%%/medsets-mimic-cxr-2.1.0-%A-%a.out"
set -eu
export MEDSETS_DATA_DIR='/scratch/my data'
export MEDSETS_NO_INPUT=1
cd '/home/a/it'\''s a project'
command -v medsets >/dev/null || { echo 'medsets is not in the PATH of this node' >&2; exit 127; }
exec medsets fetch mimic-cxr@2.1.0 --include 'labels/it'\''s *$HOME*' --shard "$SLURM_ARRAY_TASK_ID/8"
MEDSETS_JOB
)
array=${array%%;*}
finish=$(sbatch --parsable --dependency="afterany:$array" <<'MEDSETS_JOB'
#!/bin/sh
#SBATCH --job-name=medsets-mimic-cxr-2.1.0-finish
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=1-00:00:00
#SBATCH --partition=long
#SBATCH --account=lab
#SBATCH --mem=2G
#SBATCH --output="/scratch/my logs/100%%/medsets-mimic-cxr-2.1.0-finish-%j.out"
set -eu
export MEDSETS_DATA_DIR='/scratch/my data'
export MEDSETS_NO_INPUT=1
cd '/home/a/it'\''s a project'
command -v medsets >/dev/null || { echo 'medsets is not in the PATH of this node' >&2; exit 127; }
for try in 1 2 3 4 5 6 7 8 9 10; do
    code=0
    medsets fetch mimic-cxr@2.1.0 --include 'labels/it'\''s *$HOME*' --finish || code=$?
    # 53: a task whose node died still counts as at work.
    [ "$code" -eq 53 ] || exit "$code"
    sleep 60
done
exit "$code"
MEDSETS_JOB
)
echo 'mimic-cxr-2.1.0: array'" $array, finish ${finish%%;*}"

# hf-org-1a2b: A title\u{a}of two lines
array=$(sbatch --parsable <<'MEDSETS_JOB'
#!/bin/sh
#SBATCH --job-name=medsets-hf-org-1a2b
#SBATCH --array=1-8%4
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=1-00:00:00
#SBATCH --partition=long
#SBATCH --account=lab
#SBATCH --mem=2G
#SBATCH --output="/scratch/my logs/100%%/medsets-hf-org-1a2b-%A-%a.out"
set -eu
export MEDSETS_DATA_DIR='/scratch/my data'
export MEDSETS_NO_INPUT=1
cd '/home/a/it'\''s a project'
command -v medsets >/dev/null || { echo 'medsets is not in the PATH of this node' >&2; exit 127; }
exec medsets fetch 'hf:org/it'\''s $(here)' --include 'labels/it'\''s *$HOME*' --shard "$SLURM_ARRAY_TASK_ID/8"
MEDSETS_JOB
)
array=${array%%;*}
finish=$(sbatch --parsable --dependency="afterany:$array" <<'MEDSETS_JOB'
#!/bin/sh
#SBATCH --job-name=medsets-hf-org-1a2b-finish
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=1-00:00:00
#SBATCH --partition=long
#SBATCH --account=lab
#SBATCH --mem=2G
#SBATCH --output="/scratch/my logs/100%%/medsets-hf-org-1a2b-finish-%j.out"
set -eu
export MEDSETS_DATA_DIR='/scratch/my data'
export MEDSETS_NO_INPUT=1
cd '/home/a/it'\''s a project'
command -v medsets >/dev/null || { echo 'medsets is not in the PATH of this node' >&2; exit 127; }
for try in 1 2 3 4 5 6 7 8 9 10; do
    code=0
    medsets fetch 'hf:org/it'\''s $(here)' --include 'labels/it'\''s *$HOME*' --finish || code=$?
    # 53: a task whose node died still counts as at work.
    [ "$code" -eq 53 ] || exit "$code"
    sleep 60
done
exit "$code"
MEDSETS_JOB
)
echo 'hf-org-1a2b: array'" $array, finish ${finish%%;*}"
