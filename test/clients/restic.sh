#!/bin/bash
# Usage: restic.sh FILES
CLIENT=restic FILES=$1
source "$(dirname "$0")/lib.sh"

export RESTIC_REPOSITORY=s3:$ENDPOINT/$PREFIX-restic/backups RESTIC_PASSWORD=not-a-secret
export RESTIC_CACHE_DIR=$WORK/cache AWS_DEFAULT_REGION=us-east-1

backup() {
  make_tree "$WORK/tree" "$FILES"
  restic init
  restic backup --quiet "$WORK/tree"
}

restore() {
  restic restore --quiet latest --target "$WORK/restored"
  same_tree "$WORK/tree" "$WORK/restored$WORK/tree"
}

verify() {
  restic check --quiet --read-data
}

again() {
  rm -rf "$WORK/tree/d2"
  random_file "$WORK/tree/new" 30000000
  restic backup --quiet "$WORK/tree"
  [ "$(restic snapshots --json | grep -o '"short_id"' | wc -l)" -eq 2 ]
  restic forget --quiet --keep-last 1 --prune
  restic check --quiet --read-data
  rm -rf "$WORK/restored"
  restic restore --quiet latest --target "$WORK/restored"
  same_tree "$WORK/tree" "$WORK/restored$WORK/tree"
}

check "init and backup of $FILES files" backup
check "restore, same hashes" restore
check "check --read-data" verify
check "second backup, forget, prune, restore" again
finish
