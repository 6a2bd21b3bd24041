#!/bin/sh
# Installs the pinned Bun and the dependencies from the lockfile, with npm or with whatever Bun is there, and nothing else.
# Afterwards node_modules/.bin/bun is the pinned one. Safe to run again; `make` runs it when a lockfile changed.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "bootstrap: $*" >&2
  exit 1
}

# What is installed is named by the lockfiles' content, not by their dates: a checkout touches files that did not change.
stamp=node_modules/.bootstrapped
locks=$(cat package-lock.json bun.lock | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$locks" ]; then
  touch "$stamp"
  exit 0
fi

wanted=$(sed -n 's/^ *"bun": "\([0-9][0-9.]*\)",*$/\1/p' package.json)
[ -n "$wanted" ] || fail "package.json does not pin bun"
# A production shell (NODE_ENV=production) must not cost us the tools; no package is to phone home while installing.
export NODE_ENV=development SCARF_ANALYTICS=false

attempt() {
  "$@" && return 0
  echo "bootstrap: '$*' failed; trying once more" >&2
  sleep 3
  "$@"
}

if command -v npm >/dev/null 2>&1; then
  attempt npm ci --include=dev --no-audit --no-fund --loglevel=error || fail "npm ci failed (its message is above)"
elif command -v bun >/dev/null 2>&1; then
  attempt bun install --frozen-lockfile --no-progress || fail "bun install failed (its message is above)"
else
  fail "neither npm nor bun was found: install Node.js with npm, or Bun, and try again"
fi

runs_pinned_bun() {
  [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "$wanted" ]
}

# The bun package fetches its executable in an install script. Where scripts are off (npm's ignore-scripts, an older Bun)
# a stub is left that only prints an error: the executable itself is in the platform package.
if ! runs_pinned_bun node_modules/.bin/bun; then
  for candidate in node_modules/@oven/bun-*/bin/bun; do
    if runs_pinned_bun "$candidate"; then
      mkdir -p node_modules/.bin
      ln -sf "../../$candidate" node_modules/.bin/bun
      break
    fi
  done
fi
runs_pinned_bun node_modules/.bin/bun || fail "no Bun $wanted for this machine ($(uname -sm)) among the packages"
echo "$locks" >"$stamp"
