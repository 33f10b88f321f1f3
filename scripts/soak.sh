#!/usr/bin/env bash
# Millions of verified calls while servers and network fail: scripts/soak.sh [OPTION...]
# The in-process cache against a simple model first, then Redis, then Memcached; options go to
# cachekit_soak, such as --operations 100000.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh dev
status=0
CACHEKIT_MODEL_OPERATIONS=10000000 build/dev/bin/unit_memory '[model]' || status=$?
for backend in redis memcached; do
  scripts/in_temp_folder.sh soak \
    build/dev/bin/cachekit_soak --operations 10000000 --backend "$backend" "$@" || status=$?
  if [ $status -ge 128 ]; then break; fi  # Interrupted.
done
exit "$status"
