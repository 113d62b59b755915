# shellcheck shell=bash
# A private PostgreSQL for a measurement: fsync on, everything else as it comes. Sourced, with ops/lib/prepare.sh.

# start_postgres: sets postgres_url, of the database `postgres`. stop_postgres removes it with its data.
start_postgres() {
  local programs
  programs=$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
  programs=${programs%/initdb}
  [ -n "$programs" ] || programs=$(dirname "$(command -v initdb)")
  postgres_programs=$programs
  postgres_dir=$(as_postgres mktemp -d "$(postgres_place)/sealflow-bench.XXXXXX")
  as_postgres "$programs/initdb" -D "$postgres_dir/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 \
    >/dev/null || die "PostgreSQL cannot make a data folder in $postgres_dir."
  # Nothing but the addresses is set: the peers and we are measured on the server as Debian ships it.
  as_postgres "$programs/pg_ctl" -D "$postgres_dir/data" -l "$postgres_dir/log" -w \
    -o "-k $postgres_dir -c listen_addresses='' -c max_connections=200" start >/dev/null ||
    die "PostgreSQL does not start; its log:" "$(as_postgres cat "$postgres_dir/log")"
  postgres_url="postgres://postgres@localhost/postgres?host=$postgres_dir"
}

stop_postgres() {
  [ -n "${postgres_dir:-}" ] || return 0
  as_postgres "$postgres_programs/pg_ctl" -D "$postgres_dir/data" -m immediate -w stop >/dev/null 2>&1 || :
  as_postgres rm -rf "$postgres_dir"
}

# as_postgres COMMAND…: PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@")
  else
    "$@"
  fi
}

# postgres_place: a folder on a disk, never in memory, where the server's user may write: the target folder, or, when
# that is in a home that is closed to others, /var/tmp.
postgres_place() {
  local place=${CARGO_TARGET_DIR:-$PWD/target}/bench
  if mkdir -p "$place" 2>/dev/null && chmod 1777 "$place" && as_postgres test -w "$place" 2>/dev/null; then
    printf '%s\n' "$place"
  else
    printf '/var/tmp\n'
  fi
}
