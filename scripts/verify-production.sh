#!/usr/bin/env bash
# Proves a running auto_com_center: ./scripts/verify-production.sh --base-url https://… --token-file FILE
# Safe in production: it never lets a message leave, and takes back what it made. Needs bash and Node,
# neither a build nor node_modules. Exit 0 green, 2 degraded, 1 red. More: --help, docs/operations/verify.md
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/setup.sh
. "$here/lib/setup.sh"

require_node >&2 || exit 64
exec node "$here/lib/verify-production.mjs" "$@"
