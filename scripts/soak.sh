#!/usr/bin/env bash
# Millions of verified calls while servers and network fail: scripts/soak.sh [OPTION...]
# Runs over Redis, then over Memcached; options go to cachekit_soak, such as --operations 100000.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh dev

# All that the servers write lies in one folder, which goes at the end and when interrupted.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/cachekit-soak.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

status=0
for backend in redis memcached; do
  build/dev/bin/cachekit_soak --operations 10000000 --backend "$backend" "$@" || status=$?
done
exit "$status"
