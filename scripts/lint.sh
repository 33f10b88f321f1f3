#!/usr/bin/env bash
# Checks what the compiler does not: scripts/lint.sh [CHECK...], all of them by default.
#   format    clang-format has nothing to change
#   includes  arrows between layers go one way, third-party headers stay where they belong, and what
#             a runtime has is taken from it
#   headers   public headers compile alone, and private ones behind common headers of others
#   sizes     no file has grown past 500 lines
#   shell     shellcheck
#   tidy      clang-tidy over the library, the command, the examples and the measurements
#   alone     every source of these compiles apart from others, behind those headers, with clang's
#             warnings (not by default: four minutes)
#   abi       the shared libraries keep what programs are linked to (not by default: a build of its own)
# scripts/lint.sh --format rewrites the sources instead.
set -euo pipefail
cd -P "$(dirname "$0")/.."

jobs=$(nproc)
folders=()
for folder in libcache cli examples benchmarks tests; do
  if [ -d $folder ]; then folders+=("$folder"); fi
done

sources() { find "${@:-${folders[@]}}" -name '*.[ch]pp' -print | sort; }

# complain WHAT: prints the lines of its input below WHAT, and fails if there are any.
complain() {
  local lines
  lines=$(cat)
  [ -n "$lines" ] || return 0
  printf '%s\n' "$1" "$lines" >&2
  return 1
}

check_format() { sources | xargs -P "$jobs" -n 16 clang-format --dry-run -Werror; }

# includes FILE...: "FILE:LINE:#include ..." of every line that includes something.
includes() { grep -rnE '^\s*#\s*include' --include='*.[ch]pp' "$@"; }

# forbid FOLDER LAYERS: nothing in the folder includes a header of these layers, private or public.
forbid() {
  [ -d "$1" ] || return 0
  { includes "$1" || true; } | { grep -E "\"($2)/|<cachekit/($2)[a-z_]*\.hpp>" || true; } |
    complain "$1 must not include $2"
}

# only_one HEADER: exactly one file of the library and the command includes the library.
only_one() {
  local count
  count=$({ includes libcache cli || true; } | { grep -E "[<\"]$1" || true; } | cut -d: -f1 |
    sort -u | wc -l)
  [ "$count" -eq 1 ] || echo "$count files include $1" | complain "exactly one file may"
}

# through_runtime: the library and the command have clocks, threads, sleep and random numbers of the
# runtime (cachekit/runtime.hpp), which can be replaced, and not of the machine.
through_runtime() {
  local machine='(steady|system|high_resolution)_clock(::now|;)|std::j?thread\b[^:]|std::async|std::random_device'
  machine+='|sleep_(for|until)\(|\.detach\(|pthread_create|getentropy|getrandom|nanosleep|usleep'
  local own='libcache/(include/cachekit/steady_clock\.hpp|include/cachekit/runtime\.hpp|src/core/system_runtime\.cpp|(include/cachekit|src/testing)/virtual_runtime\.[ch]pp):'
  { grep -rnE "$machine" --include='*.[ch]pp' libcache cli || true; } |
    { grep -vE "^$own|(runtime_?|Runtime::(system|current)\(\))(\.|->)sleep_(for|until)\(" || true; } |
    complain "time, sleep, threads and random numbers are those of cachekit/runtime.hpp"
}

check_includes() {
  local status=0
  # Who waits on a Runtime::Condition holds a std::mutex (background, flight_table, key_locks). Those of
  # load_frame and repeater guard a few lines each, and are not annotated.
  local bare='core/(mutex\.hpp|system_runtime\.cpp)|testing/[^:]*'
  bare+='|expander/(background|flight_table|key_locks|load_frame|repeater)\.[ch]pp'
  { grep -rnE 'std::(mutex|lock_guard|unique_lock|scoped_lock|condition_variable)\b' --include='*.[ch]pp' libcache/src || true; } |
    { grep -vE "^libcache/src/($bare):" || true; } |
    complain "locks are those of core/mutex.hpp, of which clang knows what they guard" || status=1
  through_runtime || status=1
  forbid libcache/src/core 'net|memory|redis|memcached|expander|config' || status=1
  forbid libcache/src/net 'memory|redis|memcached|expander|config' || status=1
  forbid libcache/src/net/transport 'net/pool|net/mux' || status=1
  forbid libcache/src/memory 'net|redis|memcached|expander|config' || status=1
  forbid libcache/src/redis 'memory|memcached|expander|config' || status=1
  forbid libcache/src/memcached 'memory|redis|expander|config' || status=1
  forbid libcache/src/expander 'net|memory|redis|memcached|config' || status=1
  forbid libcache/src/config 'net|expander' || status=1
  only_one 'hiredis/' || status=1
  only_one 'libmemcached' || status=1
  only_one 'toml\+\+/' || status=1
  only_one 'CLI/' || status=1
  { includes libcache/include || true; } |
    { grep -E '<(asio|fmt|hiredis|libmemcached[^/]*|toml\+\+|nlohmann|tsl|CLI)/|<zlib' || true; } |
    { grep -vE '/(json_codec\.hpp:.*nlohmann|asio\.hpp:.*asio/)' || true; } |
    complain "public headers include no third-party library but tl::expected" || status=1
  return $status
}

# own_source_first HEADER: the source of a private header includes it before all else; where that one
# compiles, so does the header.
own_source_first() {
  local source=${1%.hpp}.cpp
  [ -f "$source" ] && includes "$source" | head -1 | grep -qE "[\"</]$(basename "$1")[\">]"
}

# Of others, and in so many sources that they are parsed once for all: that saves a third of the time. A
# source or private header that forgets one of them is not told so. (Public ones are: what programs
# include before them is not known.)
often_included=(algorithm array atomic charconv chrono condition_variable filesystem fmt/format.h functional
  map memory mutex optional random span string thread tl/expected.hpp vector)

parse_often_included() { # BUILD
  printf '#include <%s>\n' "${often_included[@]}" >"$1/often_included.hpp"
  clang++ -DFMT_SHARED -std=gnu++20 -g -x c++-header "$1/often_included.hpp" -o "$1/often_included.pch"
}

# parse_each FOLDER [OPTION...]: each of the sources in it.
parse_each() {
  find "$1" -name '*.cpp' -print0 | xargs -0 -P "$jobs" -n 1 \
    clang++ -std=gnu++20 -DFMT_SHARED -g "${@:2}" -fsyntax-only -Wall -Wextra -Werror \
    -Ilibcache/include -Ilibcache/src
}

check_headers() {
  local generated=build/lint/headers
  rm -rf "$generated"
  mkdir -p "$generated/public" "$generated/private"
  local header name
  while read -r header; do
    name=${header#libcache/include/}
    printf '#include <%s>\n' "$name" >"$generated/public/${name//\//_}.cpp"
  done < <(sources libcache/include)
  while read -r header; do
    own_source_first "$header" && continue
    name=${header#libcache/src/}
    printf '#include <%s>\n' "$name" >"$generated/private/${name//\//_}.cpp"
  done < <(sources libcache/src | grep '\.hpp$')
  parse_often_included "$generated" || return 1
  local status=0
  parse_each "$generated/public" || status=1
  parse_each "$generated/private" -include-pch "$generated/often_included.pch" || status=1
  return $status
}

check_sizes() {
  { sources && find scripts cmake -type f; } | xargs wc -l |
    awk '$1 > 500 && $2 != "total" { print $2 ": " $1 " lines" }' |
    complain "split these files, 500 lines are too many"
}

check_shell() {
  { find scripts tests -name '*.sh' && echo .ci/run; } | xargs shellcheck --exclude=SC2317
}

# What a look has found nothing in is remembered beside the compiler cache's folder, by all of this
# checkout that its answer rests on: the sources, every header that they could include, the flags, the
# rules. (What the system's headers say is not among it.)
tidy_passed=${XDG_CACHE_HOME:-${HOME:-build}/.cache}/cachekit-lint

# The digest of its input.
digest() { sha256sum | cut -d' ' -f1; }

# What a configured folder compiles of a part of the checkout: single or joined sources.
tidy_units() { # BUILD PART
  awk -F '"' -v root="$PWD/" -v own="$2/" -v joined="$1/$2/" '
    $2 == "file" && index($4, root) == 1 {
      unit = substr($4, length(root) + 1)
      if (index(unit, own) == 1 || index(unit, joined) == 1) print unit
    }' "$1/compile_commands.json" | sort -u
}

# The sources that one of them joins, or nothing.
joined_in() {
  awk -F '"' -v root="$PWD/" '
    /^#include / && index($2, root) == 1 && $2 ~ /\.cpp$/ { print substr($2, length(root) + 1) }' "$1"
}

# COMMON is the digest of what the units of a part share.
look_once() { # UNIT BUILD COMMON LOOK...
  local stamp joined
  mapfile -t joined < <(joined_in "$1")
  stamp=$tidy_passed/$({ echo "$1 ${joined[*]} ${*:3}" && cat "$1" "${joined[@]}"; } | sed "s|$PWD||g" | digest)
  [ ! -e "$stamp" ] || return 0
  "${@:4}" "$1" "$2" || return 1
  touch "$stamp"
}

tidy=$(command -v clang-tidy-22 || command -v clang-tidy || true)

# 16 sources together take a fifth of the time that they take one by one.
look_for_habits() { # UNIT BUILD
  "$tidy" -p "$2" --config-file=.clang-tidy --quiet --warnings-as-errors='*' \
    --checks=-bugprone-suspicious-include --extra-arg=-Wno-shadow \
    --extra-arg=-Wno-deprecated-declarations --extra-arg=-Wno-unknown-warning-option \
    --extra-arg=-Wno-c2y-extensions "$1"
}

# As it would be compiled, but for what comes of it and where that could be linked.
look_for_warnings() { # UNIT BUILD
  local command
  command=$(ninja -C "$2" -t commands | grep -m1 -F -- " -c $PWD/$1" |
    sed -E 's/ -(o|MT|MF) [^ ]+//g; s/ -MD//; s/ -f(PI[CE]|visibility[^ ]*)//g')
  if [ -z "$command" ]; then
    echo "$1: $2 has no command for it" >&2
    return 1
  fi
  (cd "$2" && bash -c "$command -fsyntax-only -Werror -include-pch often_included.pch")
}

# look_at BUILD JOINS LOOK: over all parts but the tests; JOINS is ON or OFF.
look_at() {
  local build=$1 joins=$2 look=$3 status=0 folder common headers units
  mkdir -p build/lint "$tidy_passed"
  find "$tidy_passed" -type f -mtime +30 -delete
  if ! cmake --preset tidy -B "$build" -DCMAKE_UNITY_BUILD="$joins" >build/lint/configure.log 2>&1; then
    cat build/lint/configure.log >&2
    return 1
  fi
  : >build/lint/tidy-summary.log
  export tidy_passed tidy
  export -f look_once look_for_habits look_for_warnings joined_in digest
  for folder in "${folders[@]}"; do
    [ "$folder" != tests ] || continue
    headers=(libcache)  # It includes nobody else's; the others include each other's.
    [ "$folder" = libcache ] || headers=("${folders[@]}")
    common=$({
      "$tidy" --version
      cat .clang-tidy
      declare -f "$look"
      sed "s|$PWD||g" "$build/compile_commands.json"
      find "${headers[@]}" -name '*.hpp' -print0 | sort -z | xargs -0 cat
    } | digest)
    units=$(tidy_units "$build" "$folder")
    if [ -z "$units" ]; then
      echo "$build compiles nothing of $folder: remove that folder, it is of another checkout" >&2
      return 1
    fi
    xargs -P "$jobs" -I{} bash -c 'look_once "$@"' _ {} "$build" "$common" "$look" <<<"$units" \
      2>>build/lint/tidy-summary.log || status=$?
  done
  if [ $status -ne 0 ]; then
    grep -vE '^[0-9]+ warnings? (generated|treated)' build/lint/tidy-summary.log >&2 || true
  fi
  return $status
}

check_tidy() { look_at build/tidy ON look_for_habits; }

# What is not seen where sources are joined: that one needs what another includes or declares.
check_alone() {
  mkdir -p build/alone
  parse_often_included build/alone && look_at build/alone OFF look_for_warnings
}

# What it compares, and what to do about it: scripts/abi.sh.
check_abi() { scripts/abi.sh; }

if [ "${1:-}" = --format ]; then
  sources | xargs -P "$jobs" -n 16 clang-format -i
  exit 0
fi

checks=("$@")
if [ ${#checks[@]} -eq 0 ]; then checks=(format includes headers sizes shell tidy); fi
failed=()
for check in "${checks[@]}"; do
  if ! declare -F "check_$check" >/dev/null; then
    echo "lint: unknown check: $check" >&2
    echo "hint: format includes headers sizes shell tidy alone abi" >&2
    exit 2
  fi
  started=$SECONDS
  if "check_$check"; then
    echo "lint: $check passed, $((SECONDS - started)) s"
  else
    echo "lint: $check failed, $((SECONDS - started)) s"
    failed+=("$check")
  fi
done
[ ${#failed[@]} -eq 0 ] || exit 1
