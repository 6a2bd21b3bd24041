# Sourced by every client script. Given by run.sh: ENDPOINT, WORK (a directory of this script's own), PREFIX (of bucket
# names), and the keys in the environment. A check is a function that runs in a subshell with -e; a failure shows its
# output and does not stop the next check.
set -uo pipefail

: "${ENDPOINT:?run test/clients/run.sh}" "${WORK:?}" "${PREFIX:?}"
CLIENTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
FAILED=0

check() { # NAME COMMAND...
  local name="$CLIENT: $1" begin=$SECONDS code
  shift
  # Not inside an `if` or `||`: there bash ignores -e.
  (
    set -ex # -x: the output of a failed check ends with the command that failed
    "$@"
  ) >"$WORK/check.log" 2>&1
  code=$?
  if [ "$code" -eq 0 ]; then
    echo "ok $name ($((SECONDS - begin)) s)"
  else
    FAILED=$((FAILED + 1))
    echo "FAIL $name"
    tail -n 40 "$WORK/check.log" | cut -c 1-1000 | sed 's/^/    /'
  fi
}

skip() { # NAME WHY
  echo "skip $CLIENT: $1: $2"
}

# A tree of COUNT files below DIRECTORY: always the same for the same COUNT.
make_tree() { # DIRECTORY COUNT
  /usr/bin/python3 "$CLIENTS/make-tree.py" "$1" "$2"
}

# One line for the content and names of a whole tree.
tree_hash() { # DIRECTORY
  (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum)
}

same_tree() { # DIRECTORY DIRECTORY
  local left right
  left=$(tree_hash "$1")
  right=$(tree_hash "$2")
  [ "$left" = "$right" ] || {
    echo "$1 and $2 differ: $left $right"
    diff -rq "$1" "$2" | head -n 10
    return 1
  }
}

# A file of SIZE bytes that do not compress and do not repeat.
random_file() { # PATH BYTES
  openssl enc -aes-256-ctr -nosalt -pass "pass:$2" -md sha256 </dev/zero 2>/dev/null | head -c "$2" >"$1" || true
  [ "$(stat -c %s "$1")" -eq "$2" ]
}

same_file() { # PATH PATH
  cmp "$1" "$2"
}

# Fails unless the command fails and says TEXT.
refused() { # TEXT COMMAND...
  local text=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "expected to fail: $*"
    echo "$output"
    return 1
  fi
  grep -q -- "$text" <<<"$output" || {
    echo "expected '$text' from: $*"
    echo "$output"
    return 1
  }
}

finish() {
  [ "$FAILED" -eq 0 ]
  exit
}
