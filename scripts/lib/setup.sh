# shellcheck shell=bash
# What scripts/up and scripts/test need before anything of ours can run. To be sourced from the root of the
# repository, under `set -euo pipefail`. Every function is quick and silent when there is nothing to do.

# run_step <what> <command…>: shows what takes long, and the end of its output when it fails.
run_step() {
  local what=$1 log started=$SECONDS pid said=0
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/acc-setup.XXXXXX")
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ -t 1 ]; then
      printf '\r  … %-22s %d s ' "$what" $((SECONDS - started))
    elif [ $((SECONDS - started)) -ge $((said * 10 + 2)) ]; then
      printf '  … %-22s %d s\n' "$what" $((SECONDS - started))
      said=$((said + 1))
    fi
  done
  if [ -t 1 ]; then printf '\r\033[2K'; fi
  if wait "$pid"; then
    printf '  ✓ %-22s %d s\n' "$what" $((SECONDS - started))
    rm -f "$log"
  else
    printf '  ✗ %-22s failed: %s\n' "$what" "$*" >&2
    tail -n 30 "$log" >&2
    printf 'All of its output: %s\n' "$log" >&2
    return 1
  fi
}

# Node 20.19 or newer, or how to get it.
require_node() {
  local found
  found=$(node --version 2>/dev/null) || found=none
  if [ "$found" != none ] && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);'; then
    return 0
  fi
  cat >&2 <<TEXT
Node 20.19 or newer is needed (found: $found). Get Node 24 from https://nodejs.org/, or with
  nvm install 24      (https://github.com/nvm-sh/nvm)
  brew install node   (macOS)
TEXT
  return 1
}

# The exact dependencies of package-lock.json.
install_dependencies() {
  # Linked from elsewhere: npm ci would empty the folder behind the link, which others may be using.
  [ ! -L node_modules ] || return 0
  if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then
    return 0
  fi
  run_step 'npm ci' npm ci --ignore-scripts --no-audit --no-fund || return 1
  # npm leaves an old time on the file when nothing changed, and the next start would install again.
  touch node_modules/.package-lock.json
}

# Sets and exports REDIS_SERVER: a redis-server (or valkey-server) of this machine, installed when there is none.
require_redis() {
  find_redis && return 0
  if command -v apt-get >/dev/null; then
    install_with_apt redis-server || return 1
  elif command -v brew >/dev/null; then
    run_step 'brew install redis' brew install redis || return 1
  fi
  find_redis && return 0
  cat >&2 <<'TEXT'
redis-server is needed, and could not be installed from here. Install it with the package manager of this system:
  sudo apt-get install redis-server     Debian, Ubuntu
  sudo dnf install redis                Fedora
  sudo pacman -S valkey                 Arch
  brew install redis                    macOS
It need not run: this program starts its own, on a port and in a folder of its own.
TEXT
  return 1
}

find_redis() {
  REDIS_SERVER=${REDIS_SERVER:-$(command -v redis-server || command -v valkey-server || true)}
  [ -n "$REDIS_SERVER" ] && export REDIS_SERVER
}

install_with_apt() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || return 0
    # Without a password where that works; else sudo may ask, if there is somebody to ask.
    if ! sudo -n true 2>/dev/null; then
      [ -t 0 ] || return 0
      printf '%s is needed and not installed; apt-get will install it.\n' "$1"
      sudo true || return 0
    fi
    as_root=(sudo -n)
  fi
  # An old list of packages names versions that are gone, so it is renewed; a failure there is not yet one here.
  run_step 'apt-get update' "${as_root[@]}" apt-get update || true
  run_step "apt-get install $1" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "$1"
}

# dist/, when it is missing or older than a source.
build_program() {
  local newer
  if [ -f dist/.built ]; then
    newer=$(find src workers local package.json package-lock.json tsconfig.json tsconfig.build.json \
      -newer dist/.built -print -quit)
    [ -n "$newer" ] || return 0
  fi
  run_step 'npm run build' npm run --silent build || return 1
  touch dist/.built
}
