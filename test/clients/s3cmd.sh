#!/bin/bash
# Usage: s3cmd.sh FILES
CLIENT=s3cmd FILES=$1
source "$(dirname "$0")/lib.sh"

BUCKET=$PREFIX-s3cmd
HOST=${ENDPOINT#http://}
cat >"$WORK/s3cfg" <<CONFIG
[default]
access_key = $AWS_ACCESS_KEY_ID
secret_key = $AWS_SECRET_ACCESS_KEY
host_base = $HOST
host_bucket = $HOST
bucket_location = us-east-1
use_https = False
signature_v2 = False
CONFIG

s3() { s3cmd --config "$WORK/s3cfg" --no-progress "$@"; }

bucket() {
  s3 mb "s3://$BUCKET"
  s3 ls | grep >/dev/null "s3://$BUCKET\$"
}

sync_both_ways() {
  make_tree "$WORK/tree" "$FILES"
  s3 sync --quiet "$WORK/tree/" "s3://$BUCKET/tree/"
  mkdir -p "$WORK/back"
  s3 sync --quiet "s3://$BUCKET/tree/" "$WORK/back/"
  same_tree "$WORK/tree" "$WORK/back"
  [ "$(s3 ls --recursive "s3://$BUCKET/tree/" | wc -l)" -eq "$FILES" ]
}

multipart() {
  random_file "$WORK/big" 40000000
  s3 put --multipart-chunk-size-mb=15 "$WORK/big" "s3://$BUCKET/big"
  s3 get --force "s3://$BUCKET/big" "$WORK/big.back"
  same_file "$WORK/big" "$WORK/big.back"
}

copy_and_delete() {
  s3 cp "s3://$BUCKET/big" "s3://$BUCKET/copy of big"
  s3 mv "s3://$BUCKET/copy of big" "s3://$BUCKET/moved"
  s3 get --force "s3://$BUCKET/moved" "$WORK/moved"
  same_file "$WORK/big" "$WORK/moved"
  s3 del "s3://$BUCKET/moved"
  [ -z "$(s3 ls "s3://$BUCKET/moved")" ]
}

information() {
  s3 info "s3://$BUCKET/big" | grep >/dev/null 'File size: 40000000'
  s3 du "s3://$BUCKET/big" | grep >/dev/null '^ *40000000'
}

remove() {
  rm -rf "$WORK/tree/d3"
  s3 sync --quiet --delete-removed "$WORK/tree/" "s3://$BUCKET/tree/"
  [ "$(s3 ls --recursive "s3://$BUCKET/tree/" | wc -l)" -eq "$(find "$WORK/tree" -type f | wc -l)" ]
  s3 del --quiet --recursive --force "s3://$BUCKET/"
  [ -z "$(s3 ls --recursive "s3://$BUCKET/")" ]
  s3 rb "s3://$BUCKET"
}

check "make a bucket" bucket
check "sync $FILES files both ways, same hashes" sync_both_ways
check "multipart" multipart
check "copy, move, delete" copy_and_delete
check "info and du" information
check "sync --delete-removed, recursive delete, remove the bucket" remove
finish
