#!/bin/bash
# Real S3 clients against the compiled binary: test/clients/run.sh [NAME...]
# NAME: one of `one_node` below. Without names: all of them, or, of a cluster, `cluster`. test/clients/install.sh installs them.
#   ELASTICKV_TEST_BINARY    the command to test (default dist/elastickv)
#   ELASTICKV_TEST_NODES     nodes to start: 1 (the default), or a cluster whose clients talk to a follower
#   ELASTICKV_TEST_ENDPOINT  test what already runs there instead (keys from AWS_ACCESS_KEY_ID / AWS_SECRET_ACCESS_KEY)
#   ELASTICKV_TEST_FILES     files in the large tree (default 3000; of a cluster 200)
#   ELASTICKV_TEST_TMP       where to work (default /tmp)
# One `ok NAME` or `FAIL NAME` line a check; a client that is not installed is one `skip NAME` line, and with CI=true a failure.
# Last line `N passed, N failed, N skipped`; exit code 0 when none failed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d "${ELASTICKV_TEST_TMP:-/tmp}/elastickv-clients-XXXXXX")
nodes=${ELASTICKV_TEST_NODES:-1}
# Each write goes to three logs on what is here one disk, and the clients' own work is the same at one node.
files=${ELASTICKV_TEST_FILES:-$([ "$nodes" -eq 1 ] && echo 3000 || echo 200)}
few=$((files / 6))
cache=$root/.cache/clients
limit=180 # seconds for one client
libraries=(checksums pyarrow obstore deltalake s3fs opendal minio-py polars tensorstore icechunk lance aws-go minio-go aws-java s3a bun-s3)
cluster=(boto3 sdk-bun aws-v2 rclone restic "${libraries[@]}")
one_node=("${cluster[@]}" curl boto3-new sdk-node aws-v1 s3cmd) # what the last ones add is the same at any node
servers=() # process ids, node 1 first

finish() {
  local server
  for server in "${servers[@]}"; do kill -TERM "$server" 2>/dev/null; done
  for server in "${servers[@]}"; do
    for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$server" 2>/dev/null
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Nothing of the caller's own cloud configuration may reach the clients.
unset "${!AWS_@}" 2>/dev/null || true
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
export AWS_ACCESS_KEY_ID=CLIENTSROOTKEY AWS_SECRET_ACCESS_KEY=clientsRootSecret0123456789
export AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_CONFIG_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_DEFAULT_REGION=us-east-1 LC_ALL=C.UTF-8
export PREFIX=clients

# Ports of node K: S3, admin, peers at 3K-3, 3K-2, 3K-1.
start_servers() {
  local command=${ELASTICKV_TEST_BINARY:-$root/dist/elastickv} ports list="" node at more
  [ -x "${command%% *}" ] || { echo "${command%% *} is not there: run 'make build' first" >&2; exit 2; }
  read -ra ports < <(/usr/bin/python3 -c '
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))' $((3 * nodes)))
  for node in $(seq "$nodes"); do list+=${list:+,}n$node=127.0.0.1:${ports[3 * node - 1]}; done
  (umask 077; $command cluster secret >"$work/cluster-secret")
  for node in $(seq "$nodes"); do
    at=$((3 * node - 3)) more=()
    [ "$nodes" -eq 1 ] || more=(--node-id "n$node" --initial-cluster "$list" --cluster-secret-file "$work/cluster-secret")
    # shellcheck disable=SC2086 # the command may hold arguments
    env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY ELASTICKV_ROOT_ACCESS_KEY="$AWS_ACCESS_KEY_ID" \
      ELASTICKV_ROOT_SECRET_KEY="$AWS_SECRET_ACCESS_KEY" $command serve --data-dir "$work/data$node" \
      --s3-address "127.0.0.1:${ports[at]}" --admin-address "127.0.0.1:${ports[at + 1]}" "${more[@]}" \
      >"$work/server$node.out" 2>"$work/server$node.err" &
    servers+=($!)
  done
  for node in $(seq "$nodes"); do wait_ready "$node" "${ports[3 * node - 2]}"; done
  node=1
  # A follower: what it is asked for goes to the leader and back.
  if [ "$nodes" -gt 1 ] && leads n1 "$work/data1/admin.sock"; then node=2; fi
  export ENDPOINT=http://127.0.0.1:${ports[3 * node - 3]}
  [ "$nodes" -eq 1 ] || echo "$nodes nodes; the clients talk to n$node, a follower"
}

wait_ready() { # NODE ADMIN-PORT
  for _ in $(seq 300); do
    curl -sf -o /dev/null "http://127.0.0.1:$2/readyz" && return
    kill -0 "${servers[$1 - 1]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "node $1 did not become ready:" >&2
  tail -n 20 "$work/server$1.err" >&2
  exit 2
}

leads() { # NAME ADMIN-SOCKET
  curl -sf --unix-socket "$2" http://localhost/v1/cluster |
    /usr/bin/python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["leaderId"] != sys.argv[1])' "$1"
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

skip() { # NAME WHAT-IS-MISSING
  if [ "${CI:-}" = true ]; then
    echo "FAIL $1: needs $2" | tee -a "$work/lines"
  else
    echo "skip $1: needs $2 (make client-install)" | tee -a "$work/lines"
  fi
}

debian() { # NAME COMMAND SCRIPT ARGUMENT...
  local name=$1 command=$2
  shift 2
  if [ -x "/usr/bin/$command" ]; then run_one "$name" "$@"; else skip "$name" "$command"; fi
}

python() { # NAME ENVIRONMENT SCRIPT ARGUMENT...
  local name=$1 environment=$2
  shift 2
  if [ -f "$cache/python-$environment.stamp" ]; then run_one "$name" "$cache/python/$environment/bin/python" "$@"; else skip "$name" "its Python packages"; fi
}

program() { # NAME
  if [ -x "$cache/go/$1" ]; then run_one "$1" "$cache/go/$1"; else skip "$1" "go"; fi
}

# A short life: no second compiler, no threads that collect garbage.
java_class() { # NAME CLASS
  if ! present java || [ ! -f "$cache/java-classes.stamp" ]; then
    skip "$1" "java and mvn"
    return
  fi
  run_one "$1" java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx1g -cp "$cache/java/classes:$cache/java/jars/*" "$2"
}

client() { # NAME
  case $1 in
    aws-v2) debian aws-v2 aws "$here/aws-cli.sh" /usr/bin/aws aws-v2 "$files" ;;
    aws-v1)
      if [ -f "$cache/python-awscli.stamp" ]; then run_one aws-v1 "$here/aws-cli.sh" "$cache/python/awscli/bin/aws" aws-v1 "$few"; else skip aws-v1 "its Python packages"; fi
      ;;
    rclone) debian rclone rclone "$here/rclone.sh" "$files" ;;
    restic) debian restic restic "$here/restic.sh" "$files" ;;
    s3cmd) debian s3cmd s3cmd "$here/s3cmd.sh" "$few" ;;
    curl) debian curl aws "$here/curl.sh" ;;
    boto3)
      if /usr/bin/python3 -c 'import boto3' 2>/dev/null; then run_one boto3 /usr/bin/python3 "$here/boto3-client.py" boto3; else skip boto3 python3-boto3; fi
      ;;
    boto3-new) python boto3-new current "$here/boto3-client.py" boto3-new ;;
    checksums | pyarrow | obstore | deltalake | opendal | polars | tensorstore | icechunk | lance) python "$1" current "$here/python/$1-client.py" ;;
    minio-py) python minio-py current "$here/python/minio-client.py" ;;
    s3fs) python s3fs aio "$here/python/s3fs-client.py" ;;
    aws-go | minio-go) program "$1" ;;
    aws-java) java_class aws-java AwsJava ;;
    s3a) java_class s3a S3a ;;
    bun-s3) run_one bun-s3 "$root/node_modules/.bin/bun" "$here/bun-s3.mjs" ;;
    sdk-bun) run_one sdk-bun "$root/node_modules/.bin/bun" "$here/aws-sdk.mjs" sdk-bun ;;
    sdk-node)
      if present node; then run_one sdk-node node "$here/aws-sdk.mjs" sdk-node; else skip sdk-node node; fi
      ;;
    *)
      echo "unknown client $1" >&2
      exit 2
      ;;
  esac
}

if [ -n "${ELASTICKV_TEST_ENDPOINT:-}" ]; then export ENDPOINT=$ELASTICKV_TEST_ENDPOINT; else start_servers; fi
begin=$SECONDS
touch "$work/lines"
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  if [ "$nodes" -gt 1 ]; then names=("${cluster[@]}"); else names=("${one_node[@]}"); fi
fi
for name in "${names[@]}"; do client "$name"; done

for node in $(seq ${#servers[@]}); do
  if kill -0 "${servers[node - 1]}" 2>/dev/null; then
    echo "ok server: node $node still serving after all clients" | tee -a "$work/lines"
  else
    { echo "FAIL server: node $node died while the clients ran"; tail -n 20 "$work/server$node.err" | sed 's/^/    /'; } | tee -a "$work/lines"
  fi
done
failed=$(grep -c '^FAIL ' "$work/lines")
echo "clients took $((SECONDS - begin)) s"
echo "$(grep -c '^ok ' "$work/lines") passed, $failed failed, $(grep -c '^skip ' "$work/lines") skipped"
[ "$failed" -eq 0 ]
