#!/usr/bin/env bash
# Runs one libFuzzer program from its seed corpus for a fixed count of inputs (at most 90 s) and a fixed seed:
#   run.sh PROGRAM CORPUS [RUNS]
# Exit code 77 (skipped) where the program has not been built; it takes clang, and script/test builds it.
set -euo pipefail
program=$1
corpus=$2
runs=${3:-50000}

if [[ ! -x $program ]]; then
  echo "SKIPPED: $program is not built (script/test builds it where clang 14 and its libFuzzer are installed)"
  exit 77
fi

# New inputs and findings go to a folder of their own: the seeds are under version control.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/new"
seeds=()
[[ -d $corpus ]] && seeds=("$corpus")
if ! (cd "$scratch" && "$program" -seed=1 -runs="$runs" -max_total_time=90 -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$scratch/" "$scratch/new" "${seeds[@]}") >"$scratch/log" 2>&1; then
  tail -n 60 "$scratch/log"
  for finding in "$scratch"/{crash,leak,timeout,oom}-*; do
    [[ -f $finding ]] || continue
    echo "input of $(basename "$finding"), base64:"
    base64 "$finding" | head -n 100
  done
  exit 1
fi
tail -n 8 "$scratch/log"
