#!/usr/bin/env bash
# What programs that are linked to the shared libraries rely on, compared with what is recorded in
# libcache/abi: exported functions, and the layout of public classes.
#
#   scripts/abi.sh            compare; `scripts/lint.sh abi` does this
#   scripts/abi.sh --record   write down what is there now
#
# Where a release of the same SOVERSION is tagged (v0.1.0), abidiff compares with its libraries, too;
# ABI_BASE=COMMIT names another commit to compare with.
# shellcheck disable=SC2317  # xargs calls some of the functions.
set -euo pipefail
cd -P "$(dirname "$0")/.."

recorded=libcache/abi
libraries=(cachekit_core cachekit_redis cachekit_memcached cachekit)

# build SOURCE FOLDER: the shared libraries alone. clang takes half the time of g++, and gives them
# the same names and layouts.
build() {
  local compiler=c++
  if command -v clang++ >/dev/null; then compiler=clang++; fi
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_NOHASHDIR=1
    CCACHE_BASEDIR=$(realpath "$1") && export CCACHE_BASEDIR
  fi
  mkdir -p "$2"
  if ! { cmake -G Ninja -S "$1" -B "$2" -DCMAKE_CXX_COMPILER=$compiler -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_CXX_FLAGS="-O0 -g" -DBUILD_SHARED_LIBS=ON -DCACHEKIT_CLI=OFF -DCACHEKIT_INSTALL=OFF \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=48 && cmake --build "$2"; } \
    >"$2/build.log" 2>&1; then
    cat "$2/build.log" >&2
    return 1
  fi
}

# Of our own namespaces, those that are no interface (CACHEKIT_INTERNAL).
internal='core|net|memory|redis|memcached|config'

# What is called by name. Weak functions are compiled into whoever uses them; whether they are here,
# too, is the optimiser's business.
functions() { # LIBRARY
  nm -DC --defined-only "$1" | sed -nE 's/^[0-9a-f]+ ([TDBRuV]) (cachekit::)/\2/p' |
    grep -vE "^cachekit::($internal)::|::Impl::" | sed -E '
      s/std::(__cxx11::)?basic_string<char, std::char_traits<char>, std::allocator<char> >/std::string/g
      s/std::basic_string_view<char, std::char_traits<char> >/std::string_view/g
      s/std::chrono::duration<long, std::ratio<1l, 1000l> >/milliseconds/g
      s/std::variant<cachekit::([A-Za-z:]+)<.*ScanPage> >/cachekit::operation::Any<\1>/
      s/, 18446744073709551615ul>/>/g
      s/\[abi:cxx11\]//'
}

# What is compiled into programs: sizes, places of members, virtual functions, values of enumerators.
# Templates are left out: they are made of the rest.
layouts() { # LIBRARY
  abidw --headers-dir libcache/include --drop-private-types --no-corpus-path --no-comp-dir-path \
    --no-show-locs --no-parameter-names --no-elf-needed "$1" |
    awk -F "'" -v internal="^($internal)$" '
      function value(name) {
        if (!match($0, " " name "=\x27[^\x27]*")) return ""
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
      }
      function path(  i, all) {
        for (i = 1; i <= depth; i++) all = all (i > 1 ? "::" : "") at[i]
        return all
      }
      function tell(kind, what) {
        if (at[1] != "cachekit" || depth < 2 || at[2] ~ internal) return
        if (path() !~ /&lt;|Impl|anonymous|::$/) print kind " " path() ": " what
      }
      /<(namespace|class|union|enum)-decl / { at[++depth] = $2; place = slot = "" }
      /<class-decl / && / size-in-bits=/ { tell("class", value("size-in-bits") / 8 " bytes") }
      /<enumerator / { tell("enum", $2 " = " $4) }
      /<data-member / { place = value("layout-offset-in-bits") }
      /<member-function / { slot = value("vtable-offset") }
      /<var-decl / && place != "" { tell("class", $2 " at " place / 8); place = "" }
      /<function-decl / && slot != "" { tell("class", "virtual " slot " " $2); slot = "" }
      /<(namespace|class|union|enum)-decl .*\/>$/ || /<\/(namespace|class|union|enum)-decl>/ { depth-- }'
}

# lists BUILD INTO: in one order, whatever the language of whoever runs this.
lists() {
  mkdir -p "$2"
  export internal
  export -f layouts
  local library
  for library in "${libraries[@]}"; do
    functions "$1/libcache/lib$library.so" | LC_ALL=C sort -u >"$2/$library.txt"
  done
  printf '%s\n' "${libraries[@]}" |
    xargs -P "$(nproc)" -I{} bash -euo pipefail -c "layouts '$1/libcache/lib{}.so' >'$2/{}.part'"
  cat "$2"/*.part | LC_ALL=C sort -u >"$2/layouts.txt"
  rm "$2"/*.part
}

# compare NOW: fails where it is not what is recorded, and says what to do.
compare() {
  local list gone new status=0
  for list in "${libraries[@]}" layouts; do
    gone=$(LC_ALL=C comm -23 "$recorded/$list.txt" "$1/$list.txt")
    new=$(LC_ALL=C comm -13 "$recorded/$list.txt" "$1/$list.txt")
    if [ -n "$gone" ]; then
      printf '%s\n' "abi: gone or changed, programs that are linked to it break ($list):" "$gone" >&2
      echo "hint: keep it; or raise the minor version in version.hpp, which makes another SOVERSION," \
        "and run scripts/abi.sh --record" >&2
      status=1
    fi
    if [ -n "$new" ]; then
      printf '%s\n' "abi: new, and not recorded yet ($list):" "$new" >&2
      echo "hint: scripts/abi.sh --record, if programs shall rely on it; else give it no CACHEKIT_API" >&2
      status=1
    fi
  done
  return $status
}

# The last release that programs of today's SOVERSION may be linked to, or nothing.
release() {
  local version
  version=$(sed -nE 's/^#define CACHEKIT_VERSION_(MAJOR|MINOR) //p' \
    libcache/include/cachekit/version.hpp | paste -sd.)
  git tag --list "v$version.*" --sort=-version:refname 2>/dev/null | head -n 1
}

# differ COMMIT BUILD: abidiff sees what the lists do not, such as the type of a member.
differ() {
  local base=build/abi-base library status=0
  rm -rf "$base/source"
  mkdir -p "$base/source"
  git archive "$1" | tar -x -C "$base/source"
  build "$base/source" "$base/build"
  for library in "${libraries[@]}"; do
    abidiff --suppressions "$recorded/internal.abignore" --no-added-syms --drop-private-types \
      --headers-dir1 "$base/source/libcache/include" --headers-dir2 libcache/include \
      "$base/build/libcache/lib$library.so" "$2/libcache/lib$library.so" >&2 || status=1
  done
  if [ $status -ne 0 ]; then
    echo "abi: programs that are linked to the libraries of $1 may break, see above" >&2
    echo "hint: keep what changed; or raise the minor version in version.hpp, which is the SOVERSION" >&2
  fi
  return $status
}

build . build/abi
if [ "${1:-}" = --record ]; then
  lists build/abi "$recorded"
  exit 0
fi
lists build/abi build/abi/lists
status=0
compare build/abi/lists || status=1
base=${ABI_BASE:-$(release)}
if [ -n "$base" ]; then
  differ "$base" build/abi || status=1
else
  echo "abi: compared with $recorded; there is no release yet for abidiff to compare with" >&2
fi
exit $status
