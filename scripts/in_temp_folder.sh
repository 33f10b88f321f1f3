#!/usr/bin/env bash
# Runs a command that starts servers of its own: scripts/in_temp_folder.sh NAME COMMAND [ARGUMENT...]
# All that it and they write lies in one temporary folder, TMPDIR, which is removed at the end and
# when interrupted; nothing that it started outlives it.
set -euo pipefail

name=${1:?usage: scripts/in_temp_folder.sh NAME COMMAND [ARGUMENT...]}
shift

TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/cachekit-$name.XXXXXX")
export TMPDIR

stop() {
  trap - EXIT INT TERM HUP
  if [ -n "${command:-}" ]; then
    kill -TERM -- "-$command" 2>/dev/null || true
    wait "$command" 2>/dev/null || true
  fi
  rm -rf "$TMPDIR"
}
trap stop EXIT
trap 'stop; exit 129' HUP
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM

# A process group of its own, so that everything in it can be ended together.
set -m
"$@" </dev/null &
command=$!
status=0
# -f: until it has ended, not until it is stopped for a while.
wait -f "$command" || status=$?
exit "$status"
