#!/usr/bin/env bash
# Millions of verified calls while servers and network fail: scripts/soak.sh [OPTION...]
# Runs over Redis, then over Memcached; options go to cachekit_soak, such as --operations 100000.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh dev
status=0
for backend in redis memcached; do
  scripts/in_temp_folder.sh soak \
    build/dev/bin/cachekit_soak --operations 10000000 --backend "$backend" "$@" || status=$?
  if [ $status -ge 128 ]; then break; fi  # Interrupted.
done
exit "$status"
