#!/bin/bash
# Installs the S3 clients of test/clients: install.sh [GROUP...], all groups without one.
#   debian  command-line clients, from Debian's packages; needs root (or sudo)
#   python  libraries, each set in an environment of its own below .cache/clients (python/*.txt)
#   go      two programs (go/go.sum)
#   java    jars and classes (java/pom.xml)
# pip, go and mvn ask whatever registry they are set up for. What is there in the pinned versions is left alone. A group whose tools are
# missing is skipped and said so; with CI=true that is an error.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/clients
failed=0

missing() { # GROUP WHAT
  if [ "${CI:-}" = true ]; then
    echo "clients: $1 needs $2" >&2
    failed=1
  else
    echo "clients: skipped $1, which needs $2"
  fi
}

# Whether a group was installed from just these files (and this tool); leaves the new stamp in $stamp.
done_before() { # NAME VERSION FILE...
  local name=$1 version=$2
  shift 2
  stamp="$version $(cat "$@" | cksum)"
  [ -f "$cache/$name.stamp" ] && [ "$(cat "$cache/$name.stamp")" = "$stamp" ]
}

debian() {
  local package absent=() sudo=()
  local packages=(awscli rclone restic s3cmd python3-boto3 curl python3-venv)
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep >/dev/null '^install ok installed$' || absent+=("$package")
  done
  [ ${#absent[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || { missing debian "apt-get"; return 0; }
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  export DEBIAN_FRONTEND=noninteractive
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${absent[@]}" >/dev/null
  echo "clients: installed ${absent[*]}"
}

python() {
  local python list name
  for python in /usr/bin/python3 python3 ""; do "$python" -c 'import ensurepip, venv' 2>/dev/null && break; done
  [ -n "$python" ] || { missing python "python3 with venv"; return 0; }
  for list in "$here"/python/*.txt; do
    name=$(basename "$list" .txt)
    done_before "python-$name" "$("$python" --version)" "$list" && continue
    rm -rf "${cache:?}/python/$name"
    "$python" -m venv "$cache/python/$name"
    "$cache/python/$name/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r "$list" ||
      { echo "clients: pip could not install $list" >&2; failed=1; continue; }
    echo "$stamp" >"$cache/python-$name.stamp"
  done
}

go_programs() {
  command -v go >/dev/null || { missing go go; return 0; }
  done_before go "$(go version)" "$here"/go/go.* "$here"/go/*/*.go && return 0
  (cd "$here/go" && go build -o "$cache/go/" ./aws-go ./minio-go) || { failed=1; return 0; }
  echo "$stamp" >"$cache/go.stamp"
}

java_classes() {
  command -v mvn >/dev/null && command -v javac >/dev/null || { missing java "mvn and javac"; return 0; }
  if ! done_before java-jars "$(javac -version 2>&1)" "$here/java/pom.xml"; then
    rm -rf "$cache/java/jars"
    mvn --batch-mode --quiet -Dstyle.color=never --file "$here/java/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/java/jars" || { failed=1; return 0; }
    echo "$stamp" >"$cache/java-jars.stamp"
  fi
  done_before java-classes "$(javac -version 2>&1)" "$here"/java/* && return 0
  rm -rf "$cache/java/classes"
  javac -nowarn -cp "$cache/java/jars/*" -d "$cache/java/classes" "$here"/java/*.java || { failed=1; return 0; }
  echo "$stamp" >"$cache/java-classes.stamp"
}

mkdir -p "$cache"
for group in ${*:-debian python go java}; do
  case $group in
    debian | python) "$group" ;;
    go) go_programs ;;
    java) java_classes ;;
    *) echo "unknown group $group" >&2; exit 2 ;;
  esac
done
[ "$failed" -eq 0 ]
