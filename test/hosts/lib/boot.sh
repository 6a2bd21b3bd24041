#!/bin/bash
# boot.sh DIR BASE NAME: becomes the first process of a host. Runs in fresh namespaces (mount, pid, network, uts, ipc, cgroup); lib/host.ts
# puts the network in from outside before it makes DIR/go. DIR/disk is the host's disk and outlives it; what lies below /run does not.
set -eu
dir=$1 base=$2 name=$3
mkdir -p "$dir/disk/up" "$dir/disk/work" "$dir/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$dir/disk/up,workdir=$dir/disk/work" "$dir/root"
cd "$dir/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
while IFS=: read -r device major minor; do
  mknod -m 666 "dev/$device" c "$major" "$minor"
done <<END
null:1:3
zero:1:5
full:1:7
random:1:8
urandom:1:9
tty:5:0
END
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
hostname "$name"
: >"$dir/ready"
while [ ! -e "$dir/go" ]; do sleep 0.02; done
mkdir -p .old
pivot_root . .old
umount -l /.old
# systemd skips what only real hardware has when it is told that it runs in a container.
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=0 --log-target=null </dev/null >/dev/null 2>&1
