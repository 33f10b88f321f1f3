#!/usr/bin/env bash
# Local servers for trying things: Redis on 127.0.0.1:6379, Memcached on 127.0.0.1:11211.
#
#   scripts/servers.sh up | down | status
#
# With Docker Compose where an engine answers, else from the installed packages, with everything they
# write under build/servers. `down` stops only what `up` started.
set -euo pipefail
cd "$(dirname "$0")/.."

state=$PWD/build/servers
mode_file=$state/mode # "compose" or "native" while they are up
redis_port=6379
memcached_port=11211

fail() {
  echo "servers: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

# ask PORT LINE: sends a line to a local port and prints the first line of the answer.
ask() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf '%s\r\n' "$2" >&3
  read -r -t 2 answer <&3 || true
  exec 3>&-
  printf '%s\n' "${answer%$'\r'}"
} 2>/dev/null

redis_answers() { [[ $(ask $redis_port PING) == +PONG ]]; }
memcached_answers() { [[ $(ask $memcached_port version) == VERSION* ]]; }

# Prints the Compose command of this machine; fails where no engine answers.
compose_command() {
  command -v docker >/dev/null && timeout 10 docker info >/dev/null 2>&1 || return 1
  if docker compose version >/dev/null 2>&1; then
    echo docker compose
  elif command -v docker-compose >/dev/null; then
    echo docker-compose
  else
    return 1
  fi
}

compose() {
  local words
  read -ra words <<<"$(compose_command)"
  "${words[@]}" "$@"
}

# pid_of NAME: the process that `up` started, if it still runs.
pid_of() {
  local pid
  pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && echo "$pid"
}

start_native() {
  if ! command -v redis-server >/dev/null || ! command -v memcached >/dev/null; then
    fail "neither a Docker engine nor redis-server and memcached are there" "scripts/setup.sh"
  fi
  mkdir -p "$state"
  if ! pid_of redis-server >/dev/null; then
    redis-server --port $redis_port --bind 127.0.0.1 --daemonize yes --dir "$state" \
      --pidfile "$state/redis-server.pid" --logfile "$state/redis-server.log" --save "" \
      --maxmemory 256mb --maxmemory-policy allkeys-lru >/dev/null
  fi
  if ! pid_of memcached >/dev/null; then
    memcached -d -l 127.0.0.1 -p $memcached_port -U 0 -m 256 -u "$(id -un)" \
      -P "$state/memcached.pid"
  fi
}

stop_native() {
  local name pid
  for name in redis-server memcached; do
    if pid=$(pid_of $name); then
      kill "$pid"
      until [ ! -e "/proc/$pid" ]; do sleep 0.1; done
      echo "$name stopped"
    fi
    rm -f "$state/$name.pid"
  done
}

# A port that answers before we started anything belongs to somebody else.
refuse_taken_ports() {
  local port
  for port in $redis_port $memcached_port; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      fail "port $port is taken by a process that this script did not start" \
        "use that server, or stop it: ss -ltnp 'sport = :$port'"
    fi
  done
}

# Whether what `up` started still runs; a mode file alone may be left from before a restart.
are_ours() {
  case $(cat "$mode_file" 2>/dev/null) in
    compose) compose ps -q | grep -q . ;;
    native) pid_of redis-server >/dev/null && pid_of memcached >/dev/null ;;
    *) return 1 ;;
  esac
}

up() {
  if are_ours && redis_answers && memcached_answers; then
    echo "servers: already up"
    report
    return
  fi
  down >/dev/null
  refuse_taken_ports
  mkdir -p "$state"
  if compose_command >/dev/null; then
    echo compose >"$mode_file"
    compose up -d
  else
    echo native >"$mode_file"
    start_native
  fi
  for _ in $(seq 300); do
    if redis_answers && memcached_answers; then
      report
      return
    fi
    sleep 0.1
  done
  fail "the servers do not answer after 30 s" "see $state/redis-server.log, or docker-compose logs"
}

down() {
  case $(cat "$mode_file" 2>/dev/null) in
    compose) compose down ;;
    native) stop_native ;;
    *) echo "servers: not up" ;;
  esac
  rm -f "$mode_file"
}

report() {
  if [ -x build/release/bin/cachekit ]; then
    build/release/bin/cachekit --url redis://127.0.0.1:$redis_port ping
    build/release/bin/cachekit --url memcached://127.0.0.1:$memcached_port ping
  else
    echo "redis 127.0.0.1:$redis_port PING: $(ask $redis_port PING)"
    echo "memcached 127.0.0.1:$memcached_port version: $(ask $memcached_port version)"
  fi
}

status() {
  if are_ours; then
    echo "servers: up, $(cat "$mode_file")"
    report
  else
    echo "servers: not up"
    return 1
  fi
}

case ${1:-} in
  up | down | status) "$1" ;;
  *)
    echo "servers: unknown action: ${1:-none}" >&2
    echo "hint: scripts/servers.sh up | down | status" >&2
    exit 2
    ;;
esac
