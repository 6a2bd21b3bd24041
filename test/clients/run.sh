#!/bin/bash
# Real S3 clients against the compiled binary: test/clients/run.sh [NAME...]
# NAME: aws-v2 aws-v1 rclone restic s3cmd boto3 boto3-new sdk-bun sdk-node curl. Without names: all that are installed.
#   ELASTICKV_TEST_BINARY    the command to test (default dist/elastickv)
#   ELASTICKV_TEST_ENDPOINT  test what already runs there instead (keys from AWS_ACCESS_KEY_ID / AWS_SECRET_ACCESS_KEY)
#   ELASTICKV_TEST_FILES     files in the large tree (default 3000)
#   ELASTICKV_TEST_TMP       where to work (default /tmp)
# One `ok NAME` or `FAIL NAME` line a check; last line `N passed, N failed`; exit code 0 when none failed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
files=${ELASTICKV_TEST_FILES:-3000}
few=$((files / 6))
limit=180 # seconds for one client
work=$(mktemp -d "${ELASTICKV_TEST_TMP:-/tmp}/elastickv-clients-XXXXXX")
server=""

finish() {
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
    kill -TERM "$server"
    for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$server" 2>/dev/null
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Nothing of the caller's own cloud configuration may reach the clients.
unset "${!AWS_@}" 2>/dev/null || true
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
export AWS_ACCESS_KEY_ID=CLIENTSROOTKEY AWS_SECRET_ACCESS_KEY=clientsRootSecret0123456789
export AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_DEFAULT_REGION=us-east-1 LC_ALL=C.UTF-8
export PREFIX=clients

start_server() {
  local command=${ELASTICKV_TEST_BINARY:-$root/dist/elastickv} s3_port admin_port
  [ -x "${command%% *}" ] || { echo "${command%% *} is not there: run 'make build' first" >&2; exit 2; }
  read -r s3_port admin_port < <(/usr/bin/python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
  # shellcheck disable=SC2086 # the command may hold arguments
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY ELASTICKV_ROOT_ACCESS_KEY="$AWS_ACCESS_KEY_ID" \
    ELASTICKV_ROOT_SECRET_KEY="$AWS_SECRET_ACCESS_KEY" $command serve --data-dir "$work/data" \
    --s3-address "127.0.0.1:$s3_port" --admin-address "127.0.0.1:$admin_port" >"$work/server.out" 2>"$work/server.err" &
  server=$!
  export ENDPOINT=http://127.0.0.1:$s3_port
  for _ in $(seq 300); do
    curl -sf -o /dev/null "http://127.0.0.1:$admin_port/readyz" && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "the server did not become ready:" >&2
  tail -n 20 "$work/server.err" >&2
  exit 2
}

present() { command -v "$1" >/dev/null 2>&1; }

run_one() { # NAME COMMAND...
  local name=$1 code
  shift
  mkdir -p "$work/$name"
  WORK=$work/$name timeout --kill-after=5 "$limit" "$@" | tee -a "$work/lines"
  code=${PIPESTATUS[0]}
  rm -rf "${work:?}/$name"
  # A script that ends badly without having said so (timeout, crash, missing interpreter) is a failure of its own.
  if [ "$code" -ne 0 ] && ! grep -q "^FAIL $name: " "$work/lines"; then
    echo "FAIL $name: ended with code $code$([ "$code" -eq 124 ] && echo " after $limit s")" | tee -a "$work/lines"
  fi
}

# The aws on PATH may be another generation than Debian's.
other_aws() { type -aP aws | while read -r path; do case $(readlink -f "$path") in /usr/bin/* | /usr/share/*) ;; *) echo "$path" && break ;; esac; done; }
other_python() { type -aP python3 | while read -r path; do case $(readlink -f "$path") in /usr/bin/*) ;; *) "$path" -c 'import boto3' 2>/dev/null && echo "$path" && break ;; esac; done; }

client() { # NAME
  local found
  case $1 in
    aws-v2) run_one aws-v2 "$here/aws-cli.sh" /usr/bin/aws aws-v2 "$files" ;;
    aws-v1)
      found=$(other_aws)
      if [ -n "$found" ]; then run_one aws-v1 "$here/aws-cli.sh" "$found" aws-v1 "$few"; else echo "skip aws-v1: only Debian's aws is installed"; fi
      ;;
    rclone) run_one rclone "$here/rclone.sh" "$files" ;;
    restic) run_one restic "$here/restic.sh" "$files" ;;
    s3cmd) run_one s3cmd "$here/s3cmd.sh" "$few" ;;
    curl) run_one curl "$here/curl.sh" ;;
    boto3) run_one boto3 /usr/bin/python3 "$here/boto3-client.py" boto3 ;;
    boto3-new)
      found=$(other_python)
      if [ -n "$found" ]; then run_one boto3-new "$found" "$here/boto3-client.py" boto3-new; else echo "skip boto3-new: only Debian's boto3 is installed"; fi
      ;;
    sdk-bun) run_one sdk-bun "$root/node_modules/.bin/bun" "$here/aws-sdk.mjs" sdk-bun ;;
    sdk-node)
      if present node; then run_one sdk-node node "$here/aws-sdk.mjs" sdk-node; else echo "skip sdk-node: no node"; fi
      ;;
    *)
      echo "unknown client $1" >&2
      exit 2
      ;;
  esac
}

if [ -n "${ELASTICKV_TEST_ENDPOINT:-}" ]; then export ENDPOINT=$ELASTICKV_TEST_ENDPOINT; else start_server; fi
begin=$SECONDS
touch "$work/lines"
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(boto3 boto3-new sdk-bun sdk-node curl aws-v2 aws-v1 rclone restic s3cmd)
for name in "${names[@]}"; do client "$name"; done

if [ -n "$server" ]; then
  if kill -0 "$server" 2>/dev/null; then
    echo "ok server: still serving after all clients" | tee -a "$work/lines"
  else
    { echo "FAIL server: died while the clients ran"; tail -n 20 "$work/server.err" | sed 's/^/    /'; } | tee -a "$work/lines"
  fi
fi
failed=$(grep -c '^FAIL ' "$work/lines")
echo "clients took $((SECONDS - begin)) s"
echo "$(grep -c '^ok ' "$work/lines") passed, $failed failed"
[ "$failed" -eq 0 ]
