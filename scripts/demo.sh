#!/usr/bin/env bash
# Shows the main job on the embedded cache: warm it from a file, read, look at it, measure it.
# Everything it writes lies under build/demo; a cache that you have of your own is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."

data=examples/data/products.ndjson
bin=$PWD/build/release/bin
export PATH=$bin:$PATH

rm -rf build/demo
mkdir -p build/demo
export XDG_STATE_HOME=$PWD/build/demo/state XDG_CONFIG_HOME=$PWD/build/demo/config
export CACHEKIT_PROFILE=dev
unset CACHE_BACKEND CACHEKIT_CONFIG REDIS_HOST REDIS_PORT MEMCACHED_SERVERS

say() { printf '\n# %s\n' "$*"; }
try() {
  printf '$ %s\n' "$*"
  "$@" </dev/null
}

say "Load records into the cache that is built in: no server, no configuration"
try cachekit warm "$data"

say "Read one back, from another process: the dev profile keeps its data in a snapshot"
key=$(sed -n '1s/.*"key": *"\([^"]*\)".*/\1/p' "$data")
try cachekit get "$key"
echo
try cachekit ttl "$key"

say "Write one of your own, which lives for an hour"
try cachekit set greeting hello --ttl 1h
try cachekit get greeting
echo

say "Is it there, and how is it doing?"
try cachekit ping
try cachekit stats

say "How fast is it here?"
try cachekit bench --duration 2s --threads 2

cat <<'END'

# What to type next
  export PATH=$PWD/build/release/bin:$PATH
  cachekit --help             every command
  cachekit set name value     your own cache, kept between calls
  make up                     local Redis and Memcached, then:
  cachekit --url redis://localhost:6379 ping
  cachekit --url memcached://localhost:11211 warm examples/data/products.ndjson
  make test                   all tests, against real servers
END
