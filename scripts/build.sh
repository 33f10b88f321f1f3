#!/usr/bin/env bash
# Configures and builds a preset of CMakePresets.json: scripts/build.sh PRESET
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: scripts/build.sh PRESET}
if [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ] && command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  # Paths count from here, so that one checkout finds what another has compiled.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
fi
log=build/$preset/configure.log
mkdir -p "build/$preset"
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  echo "build: cannot configure the preset $preset: cmake failed, see above" >&2
  echo "hint: scripts/setup.sh installs what is missing; rm -rf build/$preset starts over" >&2
  exit 1
fi
cmake --build --preset "$preset" --parallel "$(nproc)"
