#!/bin/bash
# Usage: curl.sh. URLs are presigned by the Debian aws command line and boto3; curl also signs by itself (--aws-sigv4).
CLIENT=curl
source "$(dirname "$0")/lib.sh"

BUCKET=$PREFIX-curl
export AWS_DEFAULT_REGION=us-east-1 AWS_PAGER="" AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null

aws() { /usr/bin/aws --endpoint-url "$ENDPOINT" "$@"; }

presign() { # METHOD KEY SECONDS
  /usr/bin/python3 - "$@" "$BUCKET" "$ENDPOINT" <<'PYTHON'
import sys, boto3
from botocore.config import Config
method, key, seconds, bucket, endpoint = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
print(s3.generate_presigned_url(method, {"Bucket": bucket, "Key": key}, ExpiresIn=int(seconds)))
PYTHON
}

status() { curl -sS -o "$WORK/answer" -w '%{http_code}' "$@"; }

prepare() {
  aws s3 mb "s3://$BUCKET"
  random_file "$WORK/file" 5000000
}

put_and_get() {
  local url
  url=$(presign put_object "some key+1" 60)
  [ "$(status -T "$WORK/file" "$url")" = 200 ]
  url=$(presign get_object "some key+1" 60)
  [ "$(status "$url")" = 200 ]
  same_file "$WORK/file" "$WORK/answer"
  [ "$(status -r 100-199 "$url")" = 206 ]
  same_file "$WORK/answer" <(tail -c +101 "$WORK/file" | head -c 100)
  curl -sSI "$(presign head_object "some key+1" 60)" | grep >/dev/null -i '^content-length: 5000000'
}

chunked() {
  # Without Content-Length S3 wants to know nothing of it, unless the body is aws-chunked.
  [ "$(status -T - "$(presign put_object chunked 60)" <"$WORK/file")" = 501 ]
  grep -q '<Header>Transfer-Encoding</Header>' "$WORK/answer"
}

expired() {
  local url
  url=$(presign get_object "some key+1" 1)
  sleep 2.5
  [ "$(status "$url")" = 403 ]
  grep -q '<Code>AccessDenied</Code>' "$WORK/answer"
  grep -q 'expired' "$WORK/answer"
  url=$(presign put_object "never" 1)
  sleep 2.5
  [ "$(status -T "$WORK/file" "$url")" = 403 ]
  refused 404 aws s3api head-object --bucket "$BUCKET" --key never
}

tampered() {
  local url
  url=$(presign get_object "some key+1" 60)
  [ "$(status "${url/some/same}")" = 403 ]
  grep -q SignatureDoesNotMatch "$WORK/answer"
  [ "$(status -X DELETE "$url")" = 403 ]
  [ "$(status "${url/X-Amz-Expires=60/X-Amz-Expires=600}")" = 403 ]
  [ "$(status "${url/X-Amz-Expires=60/X-Amz-Expires=9999999}")" = 400 ]
  grep -q AuthorizationQueryParametersError "$WORK/answer"
  [ "$(status "${url%%\?*}")" = 403 ] # anonymous
  grep -q AccessDenied "$WORK/answer"
}

own_signature() {
  local sign=(--aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY")
  local unsigned=(-H "x-amz-content-sha256: UNSIGNED-PAYLOAD")
  [ "$(status "${sign[@]}" "${unsigned[@]}" -T "$WORK/file" "$ENDPOINT/$BUCKET/own")" = 200 ]
  [ "$(status "${sign[@]}" "${unsigned[@]}" "$ENDPOINT/$BUCKET/own")" = 200 ]
  same_file "$WORK/file" "$WORK/answer"
  [ "$(status "${sign[@]}" "${unsigned[@]}" -X DELETE "$ENDPOINT/$BUCKET/own")" = 204 ]
}

expect_refused_early() {
  # A body that will be refused is not even sent: curl asks first (Expect) above 1 MiB.
  local sent
  sent=$(curl -sS -o "$WORK/answer" -w '%{http_code} %{size_upload}' -T "$WORK/file" "$ENDPOINT/$BUCKET/anonymous")
  [ "$sent" = "403 0" ]
}

remove() {
  aws s3 rm --recursive "s3://$BUCKET"
  aws s3 rb "s3://$BUCKET"
}

check "prepare" prepare
check "presigned PUT, GET, range, HEAD" put_and_get
check "a body without a length is refused" chunked
check "expired URLs are refused" expired
check "changed URLs are refused" tampered
check "curl's own SigV4" own_signature
check "refused before the body is sent" expect_refused_early
check "remove" remove
finish
