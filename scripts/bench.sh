#!/usr/bin/env bash
# Runs the side by side measurements that scripts/build.sh bench has built:
#   scripts/bench.sh [OPTION...]      --help lists the options
# The program starts real servers on free ports; all they write lies in one temporary folder, which is
# removed at the end and when interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/bench/bin/cachekit_sidebyside
if [ ! -x "$program" ]; then
  echo "bench: $program is not there" >&2
  echo "hint: scripts/build.sh bench, or make bench for both" >&2
  exit 1
fi

TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/cachekit-bench.XXXXXX")
export TMPDIR

stop() {
  trap - EXIT INT TERM HUP
  if [ -n "${bench:-}" ]; then
    kill -TERM -- "-$bench" 2>/dev/null || true
    wait "$bench" 2>/dev/null || true
  fi
  rm -rf "$TMPDIR"
}
trap stop EXIT
trap 'stop; exit 129' HUP
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM

# A process group of its own, so that everything in it can be ended together.
set -m
"$program" "$@" </dev/null &
bench=$!
status=0
# -f: until it has ended, not until it is stopped for a while.
wait -f "$bench" || status=$?
exit "$status"
