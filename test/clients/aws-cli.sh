#!/bin/bash
# Usage: aws-cli.sh AWS_BINARY LABEL FILES. Both generations of the aws command line understand all of this.
AWS_BINARY=$1 CLIENT=$2 FILES=$3
source "$(dirname "$0")/lib.sh"

BUCKET=$PREFIX-aws
export AWS_PAGER="" AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=$WORK/aws-config
cat >"$AWS_CONFIG_FILE" <<CONFIG
[default]
region = us-east-1
s3 =
  addressing_style = path
  signature_version = s3v4
CONFIG

aws() { "$AWS_BINARY" --endpoint-url "$ENDPOINT" "$@"; }

bucket() {
  aws s3 mb "s3://$BUCKET"
  aws s3 ls | grep >/dev/null " $BUCKET\$"
  aws s3api head-bucket --bucket "$BUCKET"
}

sync_both_ways() {
  make_tree "$WORK/tree" "$FILES"
  aws s3 sync --only-show-errors "$WORK/tree" "s3://$BUCKET/tree"
  aws s3 sync --only-show-errors "s3://$BUCKET/tree" "$WORK/back"
  same_tree "$WORK/tree" "$WORK/back"
  [ "$(aws s3 ls --recursive "s3://$BUCKET/tree/" | wc -l)" -eq "$FILES" ]
  # Nothing changed: nothing is moved.
  [ -z "$(aws s3 sync --dryrun "$WORK/tree" "s3://$BUCKET/tree")" ]
}

multipart() {
  random_file "$WORK/big" $((200 * 1024 * 1024 + 12345))
  aws s3 cp --only-show-errors "$WORK/big" "s3://$BUCKET/big"
  aws s3api head-object --bucket "$BUCKET" --key big --query ETag --output text | grep >/dev/null -E '^"[0-9a-f]{32}-26"$'
  aws s3 cp --only-show-errors "s3://$BUCKET/big" "$WORK/big.back"
  same_file "$WORK/big" "$WORK/big.back"
}

ranges() {
  local first last expected
  for range in 0-0 1000-1999 209000000- -777; do
    aws s3api get-object --bucket "$BUCKET" --key big --range "bytes=$range" "$WORK/range" >/dev/null
    first=${range%-*} last=${range#*-}
    case $range in
      -*) tail -c "$last" "$WORK/big" ;;
      *-) tail -c "+$((first + 1))" "$WORK/big" ;;
      *) tail -c "+$((first + 1))" "$WORK/big" | head -c "$((last - first + 1))" ;;
    esac >"$WORK/expected" || true
    same_file "$WORK/expected" "$WORK/range"
  done
  refused InvalidRange aws s3api get-object --bucket "$BUCKET" --key big --range bytes=999999999- "$WORK/range"
}

copy_and_move() {
  aws s3 cp --only-show-errors "s3://$BUCKET/big" "s3://$BUCKET/big.copy"
  aws s3 mv --only-show-errors "s3://$BUCKET/big.copy" "s3://$BUCKET/moved/big"
  aws s3 cp --only-show-errors "s3://$BUCKET/moved/big" - | cmp - "$WORK/big"
  refused 404 aws s3api head-object --bucket "$BUCKET" --key big.copy
}

metadata() {
  echo hello >"$WORK/hello"
  aws s3 cp --only-show-errors --content-type text/x-test --cache-control max-age=7 --metadata colour=blue \
    "$WORK/hello" "s3://$BUCKET/hello"
  aws s3api head-object --bucket "$BUCKET" --key hello --output json >"$WORK/head"
  grep -q '"ContentType": "text/x-test"' "$WORK/head"
  grep -q '"CacheControl": "max-age=7"' "$WORK/head"
  grep -q '"colour": "blue"' "$WORK/head"
}

standard_input() {
  head -c 20000000 "$WORK/big" | aws s3 cp --only-show-errors - "s3://$BUCKET/stream"
  aws s3 cp --only-show-errors "s3://$BUCKET/stream" - | cmp - <(head -c 20000000 "$WORK/big")
}

presigned() {
  local url
  echo hello | aws s3 cp --only-show-errors - "s3://$BUCKET/hello"
  url=$(aws s3 presign "s3://$BUCKET/hello" --expires-in 60)
  [ "$(curl -sSf "$url")" = hello ]
}

errors() {
  refused NoSuchKey aws s3api get-object --bucket "$BUCKET" --key nothing "$WORK/none"
  refused NoSuchBucket aws s3api list-objects-v2 --bucket "$BUCKET-none"
  refused BucketNotEmpty aws s3api delete-bucket --bucket "$BUCKET"
  refused InvalidAccessKeyId env AWS_ACCESS_KEY_ID=NOBODYATALL1 "$AWS_BINARY" --endpoint-url "$ENDPOINT" s3api list-buckets
  refused SignatureDoesNotMatch env AWS_SECRET_ACCESS_KEY=wrongwrongwrong "$AWS_BINARY" --endpoint-url "$ENDPOINT" s3api list-buckets
}

remove() {
  rm -rf "$WORK/tree/d1"
  aws s3 sync --only-show-errors --delete "$WORK/tree" "s3://$BUCKET/tree"
  [ "$(aws s3 ls --recursive "s3://$BUCKET/tree/" | wc -l)" -eq "$(find "$WORK/tree" -type f | wc -l)" ]
  aws s3 rm --only-show-errors --recursive "s3://$BUCKET/"
  [ -z "$(aws s3 ls --recursive "s3://$BUCKET/")" ]
  aws s3 rb "s3://$BUCKET"
  refused 404 aws s3api head-bucket --bucket "$BUCKET"
}

check "make a bucket" bucket
check "sync $FILES files both ways, same hashes" sync_both_ways
check "multipart of 200 MiB" multipart
check "range reads" ranges
check "copy (multipart) and move" copy_and_move
check "content headers and metadata" metadata
check "upload from and to a pipe" standard_input
check "presigned GET by curl" presigned
check "errors by name" errors
check "sync --delete, recursive remove, remove the bucket" remove
finish
