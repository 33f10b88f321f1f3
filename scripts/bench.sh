#!/usr/bin/env bash
# Runs the side by side measurements that scripts/build.sh bench has built:
#   scripts/bench.sh [OPTION...]      --help lists the options
# The program starts real servers on free ports.
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/bench/bin/cachekit_sidebyside
if [ ! -x "$program" ]; then
  echo "bench: $program is not there" >&2
  echo "hint: scripts/build.sh bench, or make bench for both" >&2
  exit 1
fi
exec scripts/in_temp_folder.sh bench "$program" "$@"
