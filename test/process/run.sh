#!/bin/bash
# Tests of real processes: test/process/run.sh [NAME...]; NAME as in NAME.process.ts, default all.
# Needs the compiled binary (make build), or ELASTICKV_TEST_BINARY. Last line `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.." || exit 2
bun=$PWD/node_modules/.bin/bun

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in "$here"/*.process.ts; do names+=("$(basename "$file" .process.ts)"); done
fi

# Cluster nodes listen for peers on all interfaces (proxies have the advertised address). Where it may be, nobody else is there.
isolated=()
if unshare --net sh -c 'ip link set lo up' 2>/dev/null; then
  isolated=(unshare --net sh -c 'ip link set lo up && exec env ELASTICKV_TEST_OWN_NETWORK=true "$@"' isolated)
fi

passed=0 failed=0 skipped=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
begin=$SECONDS
for name in "${names[@]}"; do
  echo "== $name"
  # The names do not end in .test.ts on purpose: plain `bun test` must not pick them up.
  prefix=()
  [[ $name == cluster-* ]] && prefix=("${isolated[@]}")
  # Only against what never ends: the tests have limits of their own, the longest of 1000 s (kill-rounds).
  timeout --kill-after=10 1200 "${prefix[@]}" "$bun" test --preload ./test/process/lib/clean-up.ts --timeout 120000 "./test/process/$name.process.ts" 2>&1 | tee "$output"
  code=${PIPESTATUS[0]}
  passes=$(sed -n 's/^ *\([0-9]*\) pass$/\1/p' "$output")
  failures=$(sed -n 's/^ *\([0-9]*\) fail$/\1/p' "$output")
  skips=$(sed -n 's/^ *\([0-9]*\) skip$/\1/p' "$output")
  # A run that ended badly without counting a failure (crash, timeout, no such file) is one.
  [ "$code" -eq 0 ] || [ "${failures:-0}" -gt 0 ] || failures=1
  passed=$((passed + ${passes:-0})) failed=$((failed + ${failures:-0})) skipped=$((skipped + ${skips:-0}))
done
echo "processes took $((SECONDS - begin)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
