#!/usr/bin/env bash
# Proves a running auto_com_center: ./scripts/verify-production.sh --base-url https://… --token-file FILE
# Safe in production: it never lets a message leave, and takes back what it made. Needs bash and Node 20.3 or newer;
# neither a build nor node_modules. Exit 0 green, 2 degraded, 1 red. More: --help, docs/operations/verify.md
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v node >/dev/null 2>&1; then
  echo 'Node is missing: install Node 20.3 or newer (https://nodejs.org), then run this again.' >&2
  exit 64
fi
if ! node -e 'process.exit(typeof AbortSignal.any === "function" ? 0 : 1)'; then
  echo "Node $(node --version) is too old: install Node 20.3 or newer (https://nodejs.org), then run this again." >&2
  exit 64
fi

exec node "$here/lib/verify-production.mjs" "$@"
