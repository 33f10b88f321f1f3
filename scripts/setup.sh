#!/usr/bin/env bash
# Installs the Debian packages that cachekit is built and tested with. Silent and quick when none is
# missing; the servers among them are installed, not started.
#
#   scripts/setup.sh            what building and testing need
#   scripts/setup.sh --lint     the same, the lint tools, and what the sanitizers' builds need
#   scripts/setup.sh [--lint] --list   print the names and stop
set -euo pipefail

build=(g++ cmake ninja-build make pkg-config ccache bzip2 gzip xz-utils zstd)
# libssl-dev: the pkg-config file of libmemcached asks for libcrypto. libsqlite3-dev: for an example.
# libtbb-dev: to be compared with.
libraries=(libasio-dev libbz2-dev libcli11-dev libexpected-dev libfmt-dev libhiredis-dev liblzma-dev libmemcached-dev libsqlite3-dev libssl-dev libtbb-dev
  libtomlplusplus-dev libzstd-dev nlohmann-json3-dev robin-map-dev zlib1g-dev catch2)
servers=(redis-server redis-tools memcached)
# What reads the man page and the completions in the tests.
readers=(groff-base fish zsh)
# clang-tidy from version 21 on passes over the system's headers: a seventh of the time.
tidy_package() {
  if dpkg-query --show clang-tidy-22 || apt-cache show clang-tidy-22; then
    echo clang-tidy-22
  else
    echo clang-tidy
  fi 2>/dev/null | tail -n 1
}
# lld: what a sanitizer makes large is linked in a third of the time. abigail-tools: abidw and abidiff.
lint=(abigail-tools clang clang-format "$(tidy_package)" lld shellcheck)

packages=("${build[@]}" "${libraries[@]}" "${servers[@]}" "${readers[@]}")
list=false
for argument in "$@"; do
  case $argument in
    --lint) packages+=("${lint[@]}") ;;
    --list) list=true ;;
    *)
      echo "setup: unknown option: $argument" >&2
      echo "hint: scripts/setup.sh [--lint] [--list]" >&2
      exit 2
      ;;
  esac
done
if $list; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "setup: cannot install packages: this system has no apt-get" >&2
  echo "hint: install what these Debian packages hold, then add SETUP=: to make: ${packages[*]}" >&2
  exit 1
fi

# Prints those of its arguments that are not installed. A name may be known with an architecture, and
# several versions of a package may be known; one that is installed is enough.
missing_of() {
  dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii //p' | sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u)
}
mapfile -t missing < <(missing_of "${packages[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: cannot install ${missing[*]}: not root, and there is no sudo" >&2
    echo "hint: as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
placed_policy=false
cleanup() {
  if $placed_policy; then "${as_root[@]}" rm -f "$policy"; fi
  rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# Debian starts a server as soon as it is installed, and on the standard port. This file is its way
# to be told not to.
if [ ! -e "$policy" ]; then
  placed_policy=true
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >>"$log" 2>&1
}

echo "setup: installing ${missing[*]}" >&2
# A source of packages that is out of reach need not be the one that matters: go on and see.
apt update || echo "setup: apt-get update failed, trying with what is known" >&2
# Now it may be known.
for i in "${!missing[@]}"; do
  if [ "${missing[i]}" = clang-tidy ]; then missing[i]=$(tidy_package); fi
done
if ! apt install --no-install-recommends "${missing[@]}"; then
  tail -n 20 "$log" >&2
  echo "setup: cannot install ${missing[*]}: apt-get failed, its last words stand above" >&2
  echo "hint: apt-get update && apt-get install ${missing[*]}" >&2
  exit 1
fi

# Nor shall they start with the machine, unless they did so before.
for daemon in redis-server memcached; do
  if [[ " ${missing[*]} " == *" $daemon "* ]]; then
    "${as_root[@]}" /usr/sbin/update-rc.d "$daemon" disable >>"$log" 2>&1 || true
  fi
done
echo "setup: done" >&2
