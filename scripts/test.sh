#!/usr/bin/env bash
# Builds a preset and runs its tests: scripts/test.sh PRESET [CTEST OPTION...]
# The tests start real servers on free ports.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: scripts/test.sh PRESET [CTEST OPTION...]}
shift
scripts/build.sh "$preset"

# Whoever runs the tests may have a cache configured; the tests bring their own.
unset CACHE_BACKEND CACHEKIT_PROFILE CACHEKIT_CONFIG REDIS_HOST REDIS_PORT REDIS_PASSWORD \
  REDIS_POOL_SIZE MEMCACHED_SERVERS MEMCACHED_POOL_SIZE NO_COLOR

# Many tests wait for a server that hangs: two for each processor keep it busy.
exec scripts/in_temp_folder.sh test ctest --preset "$preset" --parallel "$((2 * $(nproc)))" "$@"
