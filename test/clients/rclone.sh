#!/bin/bash
# Usage: rclone.sh FILES
CLIENT=rclone FILES=$1
source "$(dirname "$0")/lib.sh"

BUCKET=$PREFIX-rclone
export RCLONE_CONFIG=/dev/null
export RCLONE_CONFIG_EKV_TYPE=s3 RCLONE_CONFIG_EKV_PROVIDER=Other RCLONE_CONFIG_EKV_ENDPOINT=$ENDPOINT
export RCLONE_CONFIG_EKV_ENV_AUTH=true RCLONE_CONFIG_EKV_REGION=us-east-1 RCLONE_CONFIG_EKV_FORCE_PATH_STYLE=true

sync_both_ways() {
  rclone mkdir "ekv:$BUCKET"
  make_tree "$WORK/tree" "$FILES"
  rclone sync --transfers 8 --checkers 16 "$WORK/tree" "ekv:$BUCKET/tree"
  rclone sync --transfers 8 --checkers 16 "ekv:$BUCKET/tree" "$WORK/back"
  same_tree "$WORK/tree" "$WORK/back"
}

check_trees() {
  rclone check "$WORK/tree" "ekv:$BUCKET/tree"
  rclone check --download "$WORK/tree" "ekv:$BUCKET/tree"
  # The check itself can fail: one byte of one file.
  rclone copyto "$WORK/tree" "ekv:$BUCKET/tree" # nothing to do
  echo changed | rclone rcat "ekv:$BUCKET/tree/d0/plain/0/extra.bin"
  if rclone check "$WORK/tree" "ekv:$BUCKET/tree"; then return 1; fi
  rclone deletefile "ekv:$BUCKET/tree/d0/plain/0/extra.bin"
  rclone check "$WORK/tree" "ekv:$BUCKET/tree"
}

multipart() {
  random_file "$WORK/big" $((200 * 1024 * 1024 + 777))
  rclone copyto --s3-upload-cutoff 16M --s3-chunk-size 16M "$WORK/big" "ekv:$BUCKET/big"
  rclone copyto --multi-thread-streams 4 --multi-thread-cutoff 50M "ekv:$BUCKET/big" "$WORK/big.back"
  same_file "$WORK/big" "$WORK/big.back"
  rclone copyto --s3-upload-cutoff 16M --s3-copy-cutoff 64M "ekv:$BUCKET/big" "ekv:$BUCKET/big.copy"
  rclone cat "ekv:$BUCKET/big.copy" | cmp - "$WORK/big"
}

ranges() {
  rclone cat --offset 123456 --count 1000 "ekv:$BUCKET/big" | cmp - <(tail -c +123457 "$WORK/big" | head -c 1000)
  rclone cat --tail 99 "ekv:$BUCKET/big" | cmp - <(tail -c 99 "$WORK/big")
}

times() {
  touch -d '2001-02-03 04:05:06.789' "$WORK/dated"
  rclone copyto "$WORK/dated" "ekv:$BUCKET/dated"
  rclone lsl "ekv:$BUCKET/dated" | grep >/dev/null '2001-02-03 04:05:06.789'
}

list_and_size() {
  [ "$(rclone lsf -R --files-only "ekv:$BUCKET/tree" | wc -l)" -eq "$FILES" ]
  [ "$(rclone lsf --dirs-only "ekv:$BUCKET/tree" | wc -l)" -eq "$(find "$WORK/tree" -mindepth 1 -maxdepth 1 -type d | wc -l)" ]
  [ "$(rclone size --json "ekv:$BUCKET/tree" | grep -o '"bytes":[0-9]*')" = "\"bytes\":$(find "$WORK/tree" -type f -printf "%s\n" | awk "{ sum += \$1 } END { print sum }")" ]
}

remove() {
  rclone purge "ekv:$BUCKET"
  refused "directory not found" rclone lsf "ekv:$BUCKET"
}

check "sync $FILES files both ways, same hashes" sync_both_ways
check "rclone check, by hash and by download" check_trees
check "multipart of 200 MiB, parallel download, multipart copy" multipart
check "range reads" ranges
check "modification times (metadata)" times
check "list and size" list_and_size
check "purge" remove
finish
