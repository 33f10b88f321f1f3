#!/usr/bin/env bash
# Looks for bytes that a decoder gets wrong: scripts/fuzz.sh [SECONDS [TARGET...]]
# Begins with the kept inputs, tests/fuzz/corpus. What it learns stays in build/fuzz/corpus; an input
# that breaks something in build/fuzz, under the name that is printed.
#   scripts/fuzz.sh --keep [TARGET...]   adds to the kept inputs what reaches new code
set -euo pipefail
cd "$(dirname "$0")/.."

keep=false
seconds=60
case ${1:-} in
  "") ;;
  --keep)
    keep=true
    shift
    ;;
  *[!0-9]*)
    echo "fuzz: not a number of seconds: $1" >&2
    echo "hint: scripts/fuzz.sh [SECONDS [TARGET...]]" >&2
    exit 2
    ;;
  *)
    seconds=$1
    shift
    ;;
esac
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=(resp memcached); fi
scripts/build.sh fuzz

# A single allocation of 64 MiB means that an announced length was believed.
limits=(-max_len=2304 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=64)
failed=()
for target in "${targets[@]}"; do
  kept=tests/fuzz/corpus/$target
  learned=build/fuzz/corpus/$target
  mkdir -p "$learned"
  if $keep; then
    build/fuzz/bin/fuzz_"$target" -merge=1 "${limits[@]}" "$kept" "$learned" || failed+=("$target")
    continue
  fi
  log=build/fuzz/$target.log
  echo "== fuzz $target, $seconds s, log in $log"
  if build/fuzz/bin/fuzz_"$target" "$learned" "$kept" -dict=tests/fuzz/"$target".dict \
    -max_total_time="$seconds" -artifact_prefix=build/fuzz/"$target"- -print_final_stats=1 \
    "${limits[@]}" >"$log" 2>&1; then
    grep -E 'executed_units|new_units' "$log"
  else
    tail -n 40 "$log"
    failed+=("$target")
  fi
done

if [ ${#failed[@]} -gt 0 ]; then
  echo "fuzz: broken: ${failed[*]}" >&2
  echo "hint: build/fuzz/bin/fuzz_replay_TARGET FILE repeats it; keep FILE in tests/fuzz/corpus/TARGET" >&2
  exit 1
fi
