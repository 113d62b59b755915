# shellcheck shell=bash
# What ops/run and ops/test share: look for what is needed, install only what is missing, say clearly what cannot be.
# Sourced, with the repository's root as working folder.

say() { printf '%s\n' "$*"; }

# die SENTENCE…: the last word, for a person.
die() {
  printf '\n' >&2
  printf '%s\n' "$@" >&2
  exit 1
}

# as_root COMMAND…: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

# need_packages NAME…: Debian packages; asks the package lists once, and only when one is missing.
need_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null || die "This is no Debian system. Please install what these packages hold: $*"
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  install_packages "${missing[@]}" || die "These Debian packages are missing: ${missing[*]}" \
      "Install them as root: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
}

install_packages() {
  as_root apt-get -qq update >/dev/null || return 1
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

need_rust() {
  command -v cargo >/dev/null || die "cargo is missing: Sealflow is built with Rust $(rust_version) or newer (https://rustup.rs)."
  local have
  have=$(rustc --version | cut -d' ' -f2)
  not_older "$have" "$(rust_version)" || die "Rust $have is too old: $(rust_version) or newer is needed (rustup update stable)."
}

rust_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

need_node() {
  local wanted=20.19 have
  command -v node >/dev/null || die "node is missing: the pages are built with Node $wanted or newer (https://nodejs.org)."
  command -v npm >/dev/null || die "npm is missing: it comes with Node (https://nodejs.org)."
  have=$(node --version)
  not_older "${have#v}" "$wanted" || die "Node ${have#v} is too old: $wanted or newer is needed (https://nodejs.org)."
}

# not_older HAVE WANTED
not_older() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# fresh STAMP FILE…: whether the stamp holds the digest of these files.
fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$(digest "${@:2}")" ]; }

# mark STAMP FILE…
mark() { digest "${@:2}" >"$1"; }

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

# web_packages: the locked packages of api/web, when they are not there yet.
web_packages() {
  local stamp=api/web/node_modules/.locked
  fresh "$stamp" api/web/package.json api/web/package-lock.json && return 0
  npm ci --prefix api/web --no-audit --no-fund --loglevel=error || return 1
  mark "$stamp" api/web/package.json api/web/package-lock.json
}

# web_pages: builds api/web/dist, when its sources have changed since.
web_pages() {
  local stamp=api/web/dist/.sources sources
  mapfile -t sources < <(git ls-files -co --exclude-standard -- api/web | sort | while read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
  done)
  fresh "$stamp" "${sources[@]}" && return 0
  npm run --silent --prefix api/web build || return 1
  mark "$stamp" "${sources[@]}"
}

# judges FOLDER: the judges of signed files, pinned, in a virtual environment of their own.
judges() {
  fresh "$1/.locked" tests/requirements.txt && return 0
  rm -rf "$1"
  /usr/bin/python3 -m venv "$1"
  "$1/bin/pip" install --quiet --requirement tests/requirements.txt
  mark "$1/.locked" tests/requirements.txt
}
