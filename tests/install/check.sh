#!/usr/bin/env bash
# Builds and runs a foreign program against cachekit, the way that the first argument names.
# The environment says where things are; CMakeLists.txt sets it.
set -euo pipefail

: "${SOURCE:?}" "${BINARY:?}" "${WORK:?}" "${LIBDIR:?}" "${VERSION:?}" "${CXX:?}" "${CMAKE:?}"
here=$SOURCE/tests/install
expected="cachekit $VERSION: hello from memory"

fail() {
  echo "check.sh: $*" >&2
  exit 1
}

# run PROGRAM KIND: it works, and is linked to the kind of library that was asked for.
run() {
  local output
  output=$("$1") || fail "$1 ended with $?"
  echo "$output"
  [[ $output == "$expected"* ]] || fail "expected: $expected..."
  local needed
  needed=$(readelf --dynamic "$1" | grep -c 'NEEDED.*libcachekit' || true)
  case $2 in
    static) [ "$needed" -eq 0 ] || fail "$1 needs $needed shared libraries of cachekit" ;;
    shared) [ "$needed" -gt 0 ] || fail "$1 needs no shared library of cachekit" ;;
  esac
}

# configure SOURCE BINARY OPTION...
configure() {
  "$CMAKE" -G Ninja -S "$1" -B "$2" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_CXX_COMPILER_LAUNCHER="${LAUNCHER:-}" -DCMAKE_CXX_FLAGS=-O0 "${@:3}" --log-level=WARNING
}

install_static() {
  rm -rf "$WORK/static"
  "$CMAKE" --install "$BINARY" --prefix "$WORK/static" >/dev/null
  if [ -x "$BINARY/bin/cachekit" ]; then
    "$WORK/static/bin/cachekit" --version
  fi
}

# One build serves twice: as a subdirectory of a foreign project, and as the installed shared
# libraries. Its sources are joined, because what is asked here is how they are put together. The static build is configured only: that is where its imported targets would be missed.
subdirectory() {
  configure "$here/subdirectory" "$WORK/subdirectory-static" -DCACHEKIT_SOURCE_DIR="$SOURCE"
  configure "$here/subdirectory" "$WORK/subdirectory" -DCACHEKIT_SOURCE_DIR="$SOURCE" \
    -DBUILD_SHARED_LIBS=ON -DCACHEKIT_INSTALL=ON -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_UNITY_BUILD_BATCH_SIZE=0
  "$CMAKE" --build "$WORK/subdirectory"
  run "$WORK/subdirectory/consumer" shared
  rm -rf "$WORK/shared"
  "$CMAKE" --install "$WORK/subdirectory" --prefix "$WORK/shared" >/dev/null
}

# find_package KIND
find_package() {
  configure "$here/consumer" "$WORK/find-package-$1" -DCMAKE_PREFIX_PATH="$WORK/$1"
  "$CMAKE" --build "$WORK/find-package-$1"
  run "$WORK/find-package-$1/consumer" "$1"
  run "$WORK/find-package-$1/in_process" "$1"
}

# A foreign backend keeps to the specification. (Sources are joined, to be compiled sooner.)
contract() {
  configure "$here/contract" "$WORK/contract" -DCMAKE_PREFIX_PATH="$WORK/static" \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0
  "$CMAKE" --build "$WORK/contract"
  "$WORK/contract/map_backend"
}

# pkg_config KIND
pkg_config() {
  export PKG_CONFIG_PATH=$WORK/$1/$LIBDIR/pkgconfig
  [ "$(pkg-config --modversion cachekit)" = "$VERSION" ] || fail "pkg-config gives another version"
  local flags
  read -ra flags <<<"$(pkg-config --cflags --libs cachekit)"
  "$CXX" -std=c++20 "$here/consumer/main.cpp" -o "$WORK/pkg-config-$1" "${flags[@]}"
  LD_LIBRARY_PATH=$WORK/$1/$LIBDIR run "$WORK/pkg-config-$1" "$1"
}

mkdir -p "$WORK"
"$@"
