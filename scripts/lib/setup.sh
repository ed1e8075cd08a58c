# shellcheck shell=bash
# What scripts/up and scripts/test need before anything of ours can run. To be sourced under `set -euo pipefail`; all
# but Node is set up in the current folder, the root of the repository. What has nothing to do is quick and silent.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." >/dev/null && pwd)

# run_step <what> <command…>: shows what takes long, and the end of its output when it fails.
run_step() {
  local what=$1 log started=$SECONDS pid said=0
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/acc-setup.XXXXXX")
  "$@" >"$log" 2>&1 &
  pid=$!
  # Whoever ends the setup ends the step too: an npm ci that went on alone would empty node_modules under others.
  trap 'kill "$pid" 2>/dev/null' EXIT
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
  trap - EXIT
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

# The Node that the image ships, or a newer one: this machine's own, else the one of .node-version, fetched when it is
# not here yet and put first in PATH.
require_node() {
  find_node || { fetch_node && find_node; } || explain_node
}

# What is on this machine already.
find_node() {
  local pinned own folder
  pinned=$(<"$repository/.node-version")
  own=$(node --version 2>/dev/null) || own=v0
  own=${own#v}
  [ "${own%%.*}" -lt "${pinned%%.*}" ] || return 0
  folder=$repository/.runtime/$pinned/bin
  # Asked, not only looked at: a power cut can leave a file without its contents.
  [ "$("$folder/node" --version 2>/dev/null)" = "v$pinned" ] || return 1
  PATH=$folder:$PATH
}

# npm fetches it, so that the registry, the proxy and the account of this machine are used, and refuses what has not
# the checksum of .node-integrity. It gets its name only when it is whole: an interrupted or a second fetch does no harm.
fetch_node() {
  local version package integrity runtimes=$repository/.runtime new
  version=$(<"$repository/.node-version")
  # shellcheck disable=SC2016 # a template of JavaScript
  package=$(node -p '`node-${process.platform}-${process.arch}`' 2>/dev/null) || return 1
  integrity=$(sed -n "s/^$package //p" "$repository/.node-integrity")
  [ -n "$integrity" ] || return 1
  mkdir -p "$runtimes" || return 1
  find "$runtimes" -maxdepth 1 -name 'new.*' -mmin +60 -exec rm -rf {} +
  new=$(mktemp -d "$runtimes/new.XXXXXX") || return 1
  cp "$repository/.npmrc" "$new"
  printf '{"dependencies":{"%s":"%s"}}\n' "$package" "$version" >"$new/package.json"
  printf '{"lockfileVersion":3,"packages":{"":{"dependencies":{"%s":"%s"}},"node_modules/%s":{"version":"%s","integrity":"%s"}}}\n' \
    "$package" "$version" "$package" "$version" "$integrity" >"$new/package-lock.json"
  if run_step "Node $version" npm ci --prefix "$new" --ignore-scripts --no-audit --no-fund; then
    # Another start may have been quicker. What is there and does not run is replaced.
    find_node || rm -rf "${runtimes:?}/$version"
    mv -T "$new/node_modules/$package" "$runtimes/$version" 2>/dev/null || true
  fi
  rm -rf "$new"
}

explain_node() {
  local pinned found
  pinned=$(<"$repository/.node-version")
  found=$(node --version 2>/dev/null) || found=none
  cat >&2 <<TEXT
Node ${pinned%%.*} or newer is needed (found: $found), and could not be fetched from the npm registry. Install it from
https://nodejs.org/, or with
  nvm install ${pinned%%.*}      (https://github.com/nvm-sh/nvm)
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
  run_step build node scripts/build.ts || return 1
  touch dist/.built
}
