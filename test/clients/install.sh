#!/bin/bash
# Installs the S3 clients of test/clients from Debian. Needs root (or sudo) and the package mirror.
set -euo pipefail

packages=(awscli rclone restic s3cmd python3-boto3 curl)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep >/dev/null '^install ok installed$' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "clients: all there (${packages[*]})"
  exit 0
fi

sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "clients: installed ${missing[*]}"
