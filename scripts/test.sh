#!/usr/bin/env bash
# Builds a preset and runs its tests: scripts/test.sh PRESET [CTEST OPTION...]
# The tests start real servers on free ports; all they write lies in one temporary folder, which is
# removed at the end and when interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: scripts/test.sh PRESET [CTEST OPTION...]}
shift
scripts/build.sh "$preset"

TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/cachekit-test.XXXXXX")
export TMPDIR
# Whoever runs the tests may have a cache configured; the tests bring their own.
unset CACHE_BACKEND CACHEKIT_PROFILE CACHEKIT_CONFIG REDIS_HOST REDIS_PORT REDIS_PASSWORD \
  REDIS_POOL_SIZE MEMCACHED_SERVERS MEMCACHED_POOL_SIZE NO_COLOR

stop() {
  trap - EXIT INT TERM HUP
  if [ -n "${tests:-}" ]; then
    kill -TERM -- "-$tests" 2>/dev/null || true
    wait "$tests" 2>/dev/null || true
  fi
  rm -rf "$TMPDIR"
}
trap stop EXIT
trap 'stop; exit 129' HUP
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM

# A process group of its own, so that everything in it can be ended together.
set -m
ctest --preset "$preset" --parallel "$(nproc)" "$@" </dev/null &
tests=$!
status=0
wait "$tests" || status=$?
exit "$status"
