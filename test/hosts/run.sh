#!/bin/bash
# Tests with three Debian hosts: test/hosts/run.sh [NAME...]; NAME as in NAME.hosts.ts, default all. Each host has systemd as PID 1, sshd, a
# disk and an address of its own; this program's network namespace is the fourth, with the clients and the operator.
#
# Needs root, and a kernel that lets root make namespaces, mounts and cgroups (a container needs --privileged). Needs debootstrap, ip, ssh,
# curl, haproxy, and the clients node, rclone and boto3; the base system of the hosts is made once (a few minutes, 300 MB) in ELASTICKV_HOST_TEST_DIR,
# default /var/cache/elastickv-host-test. Last line `N passed, N failed, N skipped`.
#
# Nothing outlives a run: hosts are processes below a PID namespace whose first process the kernel kills when this script ends, however it
# ends, and with it go mounts, bridge, cables and addresses. What a killed run leaves on the disk, the next run removes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
home=${ELASTICKV_HOST_TEST_DIR:-/var/cache/elastickv-host-test}

give_up() { # MESSAGE...
  echo "host-test: $*" >&2
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

[ "$(id -u)" -eq 0 ] || give_up "needs root: hosts are made of namespaces, mounts and cgroups"
for tool in debootstrap ip ssh ssh-keygen haproxy curl rclone node /usr/bin/python3 shellcheck unshare nsenter setpriv flock findmnt dpkg-deb; do
  command -v "$tool" >/dev/null || give_up "needs $tool (apt-get install debootstrap iproute2 openssh-client haproxy curl rclone nodejs python3-boto3 shellcheck)"
done

/usr/bin/python3 -c 'import boto3' || give_up "needs boto3 of Debian (apt-get install python3-boto3)"

mkdir -p "$home"
exec 9>"$home/lock"
flock --nonblock 9 || give_up "another run holds $home/lock"

# No package brings what the kernel or a container withholds.
cannot() { # MESSAGE
  echo "host-test: this machine cannot run hosts: $1" >&2
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

cgroups=$(findmnt --noheadings --first-only --output TARGET --types cgroup2) || cannot "no cgroup2 file system is mounted"
probe=$cgroups/elastickv-host-probe
if ! mkdir -p "$probe" || ! rmdir "$probe"; then cannot "cgroups cannot be made in $cgroups"; fi
unshare --mount --net --pid --uts --ipc --cgroup --fork mount -t tmpfs tmpfs /mnt || cannot "namespaces or mounts are not permitted"

# Processes of an earlier run died with its namespaces; its directories and cgroups are still there.
sweep() {
  local folder
  for folder in "$home"/run-*; do
    # The innermost cgroup comes first, because only an empty one can be removed.
    find "$cgroups" -depth -type d -path "$cgroups/elastickv-host-${folder##*/}-*" -exec rmdir {} + 2>/dev/null || true
    rm -rf "$folder"
  done
}

make_base() {
  [ -d "$home/base" ] && return 0
  echo "making the base system of the hosts (once)"
  rm -rf "$home/base.new"
  debootstrap --variant=minbase \
    --include=systemd,systemd-sysv,dbus,openssh-server,iproute2,curl,ca-certificates,procps,sudo \
    bookworm "$home/base.new" >"$home/debootstrap.log" 2>&1 || give_up "debootstrap failed: $home/debootstrap.log"
  rm -rf "$home/base.new/var/cache/apt/archives" "$home/base.new"/etc/ssh/ssh_host_*
  mv "$home/base.new" "$home/base"
}

sweep
make_base
run=$(mktemp -d "$home/run-XXXXXX")
chmod 755 "$run"
child=
finish() {
  if [ -n "$child" ]; then
    kill -KILL "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  sweep
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

bun=$PWD/node_modules/.bin/bun
"$bun" test/hosts/build-releases.ts "$run/releases" || give_up "the releases could not be built"

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in "$here"/*.hosts.ts; do names+=("$(basename "$file" .hosts.ts)"); done
fi

# The kernel kills the first process of the namespace when unshare ends, and unshare when this script ends. The test gets no lock: a process
# that outlives it for a moment must not hold it.
in_namespaces() { # COMMAND...
  setpriv --pdeathsig KILL unshare --mount --net --pid --mount-proc --fork --kill-child=KILL --propagation private \
    env ELASTICKV_HOST_TEST_RUN="$run/$name" ELASTICKV_HOST_TEST_BASE="$home/base" ELASTICKV_HOST_TEST_CGROUPS="$cgroups" "$@" 9>&- &
  child=$!
  local code=0
  wait "$child" || code=$?
  child=
  return "$code"
}

passed=0 failed=0 skipped=0 begin=$SECONDS
for name in "${names[@]}"; do
  echo "== $name"
  code=0
  # Hosts, keys and disks of one test are not those of the next one; the packages are.
  mkdir "$run/$name"
  ln -s ../releases "$run/$name/releases"
  # The names do not end in .test.ts on purpose: plain `bun test` must not pick them up. A test has its own limit.
  in_namespaces timeout --kill-after=10 7200 "$bun" test --timeout 600000 "./test/hosts/$name.hosts.ts" > >(tee "$run/output") 2>&1 || code=$?
  passes=$(sed -n 's/^ *\([0-9]*\) pass$/\1/p' "$run/output")
  failures=$(sed -n 's/^ *\([0-9]*\) fail$/\1/p' "$run/output")
  skips=$(sed -n 's/^ *\([0-9]*\) skip$/\1/p' "$run/output")
  # A run that ended badly without counting a failure (crash, timeout, no such file) is one.
  [ "$code" -eq 0 ] || [ "${failures:-0}" -gt 0 ] || failures=1
  passed=$((passed + ${passes:-0})) failed=$((failed + ${failures:-0})) skipped=$((skipped + ${skips:-0}))
done
echo "hosts took $((SECONDS - begin)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
