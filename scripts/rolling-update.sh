#!/usr/bin/env bash
# Brings the hosts of a cluster to a release, one after the other, over ssh. --help, docs/operations/update.md.
#
# More than 400 lines: one file is what an operator copies. Functions that begin with host_ run on a host as root: their text is sent there.
set -euo pipefail
# printf %q writes bytes that are not ASCII in a form that every locale reads.
export LC_ALL=C

usage() {
  cat <<'END'
Usage: rolling-update.sh [--dry-run | --resume | --rollback] [--json] PACKAGE.deb

  --dry-run    all checks, and what would be done; installs nothing
  --resume     go on with an update that was killed or has failed
  --rollback   every host that was updated goes back to the version that it had; takes no PACKAGE
  --json       the last line of standard output is a JSON object; everything else goes to standard error

Environment, or a file of bash assignments that ROLLING_UPDATE_ENV_FILE names (the environment wins):
  NODES                         n1=HOST,n2=HOST,n3=HOST: every member by its name                              (required)
  SSH_TARGETS                   n1=TARGET,...: what ssh is given where it is not HOST
  SSH_USER                      account on the hosts: root, or one that may use sudo without a password
  SSH_CONNECT_TIMEOUT_SECONDS   [10]
  ROLLING_ORDER                 n2,n3,n1: all names; by default as in NODES, the leader last
  HEALTH_TIMEOUT_SECONDS        time for a host to serve and to catch up after its restart                     [300]
  ROLLING_DELAY_SECONDS         pause between two hosts                                                        [0]
  DRAIN_TIMEOUT_SECONDS         time for requests in flight to end before a host is restarted                  [60]
  PACKAGE_SHA256                the checksum that PACKAGE must have
  EXTRA_ENV                     "KEY=VALUE KEY=VALUE" for the service; empty: take them away; not set: leave them
  DEFAULT_EXTRA_ENV             pairs that hold where EXTRA_ENV has none of that KEY; used when EXTRA_ENV is not empty

Exit codes: 0 done, 1 failed (the last lines say what runs where, and how to go on), 2 wrong usage.
END
}

# --- on a host ----------------------------------------------------------------------------------------------------------

host_names() {
  lib=/usr/lib/elastickv state=/var/lib/elastickv-update settings=/etc/elastickv
  elastickv=$lib/current/elastickv
}

host_fail() {
  echo "$*" >&2
  exit 1
}

# Nobody may read it any more: ssh is gone, and the action goes on.
host_say() {
  echo "$*" 2>/dev/null || true
}

# The version that `current` leads to. The package's preinst may have moved it to .keep for a moment.
host_current() {
  local link
  link=$(readlink "$lib/current" 2>/dev/null) || link=none
  echo "${link#.keep/}"
}

host_pid() {
  systemctl show --property MainPID --value elastickv.service
}

# The version whose binary the service's process executes, or "nothing".
host_running() {
  local pid exe
  pid=$(host_pid)
  exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || exe=
  # While a package is installed, dpkg removes the file that runs, and postinst makes it again.
  exe=${exe% (deleted)}
  exe=${exe%/elastickv}
  exe=${exe##*/}
  echo "${exe:-nothing}"
}

# Every value of a JSON text on a line of its own, as members.0.id=n1. Hosts have awk, and need no JSON tool. Texts keep their escapes.
host_json() {
  awk '
    function place(    at, i) {
      for (i = 1; i <= depth; i++) at = at (i == 1 ? "" : ".") (kind[i] == "{" ? key[i] : count[i])
      return at
    }
    { text = text $0 " " }
    END {
      for (sub(/^[ \t\r]+/, "", text); text != ""; sub(/^[ \t\r]+/, "", text)) {
        first = substr(text, 1, 1)
        size = 1
        if (first == "\"") {
          if (!match(text, /^"([^"\\]|\\.)*"/)) exit 1
          size = RLENGTH
          if (kind[depth] == "{" && named[depth] == 0) { key[depth] = substr(text, 2, size - 2); named[depth] = 1 }
          else print place() "=" substr(text, 2, size - 2)
        } else if (first == "{" || first == "[") { depth++; kind[depth] = first; count[depth] = 0; named[depth] = 0 }
        else if (first == "}" || first == "]") { if (--depth < 0) exit 1 }
        else if (first == ",") { count[depth]++; named[depth] = 0 }
        else if (first != ":") {
          if (!match(text, /^[-+.0-9A-Za-z]+/)) exit 1
          size = RLENGTH
          print place() "=" substr(text, 1, size)
        }
        text = substr(text, size + 1)
      }
      exit depth != 0
    }'
}

host_value() { # PLACE VALUES: the value at a place in what host_json has printed
  local line
  while IFS= read -r line; do
    if [[ $line == "$1="* ]]; then
      echo "${line#*=}"
      return 0
    fi
  done <<<"$2"
  return 1
}

host_status() {
  # The exit code is the one of elastickv: no answer, or no leader's view.
  timeout 15 "$elastickv" cluster status --json 2>/dev/null | host_json
}

# Whether the service runs and the leader sees this member reached and caught up. Says why not.
host_healthy() { # NODE
  local status member='' line lag says
  says=$(systemctl show --property StatusText --value elastickv.service)
  [ "$(systemctl is-active elastickv.service)" = active ] || {
    echo "the service is $(systemctl is-active elastickv.service): $says"
    return 1
  }
  status=$(host_status) || {
    echo "the leader does not answer"
    return 1
  }
  [ "$(host_value view "$status")" = leader ] || {
    echo "it hears from no leader"
    return 1
  }
  while IFS= read -r line; do
    [[ ! $line =~ ^(members\.[0-9]+)\.id=(.*)$ || ${BASH_REMATCH[2]} != "$1" ]] || member=${BASH_REMATCH[1]}
  done <<<"$status"
  [ -n "$member" ] || {
    echo "the cluster has no member $1"
    return 1
  }
  [ "$(host_value "$member.reachable" "$status")" = true ] || {
    echo "the leader does not reach it"
    return 1
  }
  # A cluster under load is always some entries behind.
  lag=$(host_value "$member.lag" "$status") || lag=
  [[ $lag =~ ^[0-9]{1,3}$ ]] || {
    echo "it has not caught up"
    return 1
  }
  [[ $says =~ ^serves[^\;]*$ ]] || {
    echo "it says: $says"
    return 1
  }
}

host_wait_healthy() { # NODE SECONDS
  local end=$((SECONDS + $2)) why
  until why=$(host_healthy "$1"); do
    [ "$SECONDS" -lt "$end" ] || host_fail "$why"
    sleep 0.5
  done
}

host_await() { # NODE SECONDS
  host_names
  host_wait_healthy "$1" "$2"
}

# Facts as name=value lines; the operator's side judges them. A host that has just started gets some seconds.
host_facts() { # NODE SECONDS
  host_names
  local status health interrupted='' owner='' age=0
  health=$(host_wait_healthy "$1" "$2" 2>&1) && health=healthy
  status=$(host_status) || status=
  [ -e "$state/in-progress" ] && interrupted=yes
  if [ -e "$state/lock/owner" ]; then
    owner=$(<"$state/lock/owner")
    age=$(($(date +%s) - $(stat -c %Y "$state/lock")))
  fi
  printf '%s\n' "cluster=$(host_value clusterId "$status" || true)" "leader=$(host_value leaderId "$status" || true)" \
    "current=$(host_current)" "running=$(host_running)" "health=$health" "interrupted=$interrupted" "owner=$owner" "age=$age" \
    "before=$(cat "$state/before" 2>/dev/null || true)" "begun=$(cat "$state/begun" 2>/dev/null || true)"
}

# The lock of a host is a folder, because making a folder succeeds for one of several.
host_lock() { # OWNER
  host_names
  install -d -m 700 "$state"
  if ! mkdir "$state/lock" 2>/dev/null; then
    [ "$(cat "$state/lock/owner" 2>/dev/null)" = "$1" ] && return 0
    host_fail "locked by $(cat "$state/lock/owner" 2>/dev/null || echo somebody) for $(($(date +%s) - $(stat -c %Y "$state/lock"))) s"
  fi
  printf '%s\n' "$1" >"$state/lock/owner"
}

host_unlock() { # OWNER
  host_names
  [ "$(cat "$state/lock/owner" 2>/dev/null)" = "$1" ] && rm -rf "$state/lock"
  return 0
}

# The lock in the keyspace. Exit code 3: the installed release has none.
host_keyspace_lock() { # acquire|release OWNER
  host_names
  local said code=0
  said=$("$elastickv" cluster update-lock "$1" --owner "$2" 2>&1) || code=$?
  [ "$code" -eq 2 ] && exit 3
  [ "$code" -eq 0 ] || host_fail "$said"
}

# Whether a version on this host knows the lock in the keyspace. Exit code 2 is the answer to an unknown verb.
host_has_lock() { # VERSION
  host_names
  local binary=$lib/$1/elastickv code=0
  [ -x "$binary" ] || binary=$state/candidate/elastickv
  env -i "$binary" cluster update-lock show --admin-socket /nonexistent >/dev/null 2>&1 || code=$?
  [ "$code" -ne 2 ]
}

host_room() { # BYTES of the package
  host_names
  local need folder free
  install -d -m 700 "$state"
  host_alone
  # The package, its binary unpacked for the trial, and the installed binary: a package is half as large as its binary.
  need=$(($1 * 6 / 1024 + 65536))
  for folder in "$state" "$lib"; do
    free=$(df --output=avail -k "$folder" | tail -n 1)
    [ "$free" -ge "$need" ] || host_fail "$folder has room for $((free / 1024)) MiB, and the update needs $((need / 1024)) MiB"
  done
}

# Unpacks the package for a trial beside everything that the service uses.
host_try() { # SHA256 RELEASE
  host_names
  local sum
  sum=$(sha256sum "$state/package.deb")
  [ "${sum%% *}" = "$1" ] || host_fail "the package arrived with the checksum ${sum%% *}, and not $1"
  rm -rf "$state/candidate"
  mkdir -m 755 "$state/candidate"
  dpkg-deb --fsys-tarfile "$state/package.deb" |
    tar -x -C "$state/candidate" "./usr/lib/elastickv/$2/elastickv" ./lib/systemd/system/elastickv.service
  ln -s "usr/lib/elastickv/$2/elastickv" "$state/candidate/elastickv"
  ln -s lib/systemd/system/elastickv.service "$state/candidate/elastickv.service"
  env -i "$state/candidate/elastickv" version >/dev/null || host_fail "$2 does not start on this host"
  host_compatible "$(env -i "$state/candidate/elastickv" version --json)" "$(env -i "$elastickv" version --json)"
}

# Each release must read what the other writes: both run at the same time, and going back must be possible.
host_compatible() { # NEW OLD: version --json
  local new old line name installed writes checked=0
  new=$(host_json <<<"$1") || host_fail "the new release does not say which formats it reads"
  old=$(host_json <<<"$2") || old=
  while IFS= read -r line; do
    [[ $line =~ ^formats\.([A-Za-z0-9]+)\.writes=(.*)$ ]] || continue
    name=${BASH_REMATCH[1]} installed=${BASH_REMATCH[2]} checked=$((checked + 1))
    writes=$(host_value "formats.$name.writes" "$new") || host_fail "the new release does not know the format $name of the installed one"
    host_reads "$name" "$installed" "$new" || host_fail "the new release does not read format $name $installed of the installed one"
    host_reads "$name" "$writes" "$old" || host_fail "the installed release does not read format $name $writes of the new one"
  done <<<"$old"
  [ "$checked" -gt 0 ] || host_fail "the installed release does not say which formats it reads"
}

host_reads() { # FORMAT VERSION VALUES
  local line
  while IFS= read -r line; do
    [[ ! $line =~ ^formats\.$1\.reads\.[0-9]+=(.*)$ || ${BASH_REMATCH[1]} != "$2" ]] || return 0
  done <<<"$3"
  return 1
}

# Writes extra.env.new: what extra.env is to be, and nothing when it is to be removed.
host_extra() { # MODE (leave|remove|set|keep) PAIRS
  host_names
  local pid installed entry environment=() new=$state/extra.env.new
  case $1 in
  keep) [ -e "$new" ] || host_extra leave '' ;;
  leave) if [ -e "$settings/extra.env" ]; then cp "$settings/extra.env" "$new"; else : >"$new"; fi ;;
  remove) : >"$new" ;;
  set)
    (umask 077 && printf '%s' "$2" | env -i "$state/candidate/elastickv" config extra-env >"$new.part") ||
      host_fail "the new release refuses EXTRA_ENV"
    mv -f "$new.part" "$new"
    ;;
  esac
  # Variables of the process that no file gives are those of the unit and its drop-ins. The unit's own go with it: the new release brings another.
  installed=$(systemctl show --property FragmentPath --value elastickv.service)
  local own dropped theirs name files=() file said
  own=$(host_unit_variables "$installed")
  mapfile -t files < <(systemctl show --property DropInPaths --value elastickv.service | tr ' ' '\n' | grep .)
  dropped=$(host_unit_variables ${files[@]+"${files[@]}"})
  theirs=$(host_unit_variables "$state/candidate/elastickv.service")
  pid=$(host_pid)
  if [ "$pid" != 0 ]; then
    while IFS= read -r -d '' entry; do
      name=${entry%%=*}
      [[ $name == ELASTICKV_* ]] || continue
      grep -qsF "$name=" "$settings/extra.env" "$settings/elastickv.env" "$settings/cluster.env" && continue
      if grep -qxF "$name" <<<"$own" && ! grep -qxF "$name" <<<"$dropped" && ! grep -qxF "$name" <<<"$theirs"; then continue; fi
      environment+=("$entry")
    done <"/proc/$pid/environ"
  fi
  # The files that the new release's unit reads, in its order: a later file wins.
  files=()
  while IFS= read -r file; do
    [ "$file" != "$settings/extra.env" ] || file=$new
    [ ! -e "$file" ] || files+=(--env-file "$file")
  done < <(sed -n 's/^EnvironmentFile=-\{0,1\}//p' "$state/candidate/elastickv.service")
  for file in "$settings/cluster.env" "$new"; do
    [ ! -s "$file" ] || [[ " ${files[*]-} " == *" $file "* ]] || host_fail "the unit of the new release does not read $(host_name_of "$file"), by which this host has settings"
  done
  said=$(env -i ${environment[@]+"${environment[@]}"} "$state/candidate/elastickv" config check ${files[@]+"${files[@]}"} 2>&1 >/dev/null) ||
    host_fail "the new release refuses the settings: $said"
}

host_name_of() { # FILE
  if [ "$1" = "$state/extra.env.new" ]; then echo "$settings/extra.env"; else echo "$1"; fi
}

# Names of the variables that units or drop-ins set.
host_unit_variables() { # [FILE...]
  [ $# -gt 0 ] || return 0
  sed -n 's/^Environment=//p' "$@" | tr -s " \"'" '\n' | sed -n 's/^\(ELASTICKV_[A-Z0-9_]*\)=.*/\1/p'
}

host_is_leader() { # NODE
  local status
  status=$(host_status) || return 1
  [ "$(host_value leaderId "$status" || true)" = "$1" ]
}

host_hand_over() { # NODE
  local attempt
  for attempt in 1 2 3 4 5; do
    host_is_leader "$1" || return 0
    "$elastickv" cluster transfer-leader >/dev/null 2>&1 || sleep "$attempt"
  done
  ! host_is_leader "$1"
}

host_drain() { # NODE SECONDS
  local code=0
  host_say "$1: drains"
  "$elastickv" drain --timeout "$2" >/dev/null 2>&1 || code=$?
  case $code in
  0) ;;
  2) host_say "$1: the installed release has no drain: the service ends its requests when it stops" ;;
  *) host_say "$1: requests are still in flight after $2 s: the service ends them when it stops" ;;
  esac
}

host_put_extra() { # FILE: empty or missing: no variables
  if [ -s "$1" ]; then
    install -m 640 "$1" "$settings/.extra.env"
    chgrp elastickv "$settings/.extra.env"
    mv -fT "$settings/.extra.env" "$settings/extra.env"
  else
    rm -f "$settings/extra.env"
  fi
}

# Starts a version that is installed, and waits until it serves as a healthy member.
host_start() { # NODE VERSION SECONDS
  local said
  host_say "$1: switches to $2"
  said=$("$lib/switch-version" --no-restart "$2" 2>&1) || host_fail "$said"
  systemctl daemon-reload
  systemctl reset-failed elastickv.service 2>/dev/null || true
  host_say "$1: restarts"
  timeout "$3" systemctl restart elastickv.service 2>/dev/null ||
    host_fail "$2 does not come to serve: $(systemctl show --property Result --value elastickv.service), $(journalctl --quiet --lines 1 --output cat --unit elastickv.service 2>/dev/null || true)"
  host_wait_healthy "$1" "$3"
  [ "$(host_running)" = "$2" ] || host_fail "$(host_running) runs, and not $2"
}

# One action at a time on a host. It goes on when ssh or the operator's side has died, also if somebody closes its output; the next one waits.
host_alone() {
  trap '' PIPE HUP
  exec 9>"$state/action"
  flock --timeout 600 9 || host_fail "an earlier action on this host does not end"
}

host_update() { # NODE RELEASE SECONDS DRAIN_SECONDS
  host_names
  host_alone
  # The action that this one has waited for was the same: its ssh had died.
  if [ ! -e "$state/in-progress" ] && [ -s "$state/before" ] && [ "$(host_current)" = "$2" ] && [ "$(host_running)" = "$2" ]; then
    host_wait_healthy "$1" "$3"
    return 0
  fi
  # An interrupted update has kept what was there before it.
  if [ ! -e "$state/in-progress" ]; then
    host_current >"$state/before"
    if [ -e "$settings/extra.env" ]; then cp -p "$settings/extra.env" "$state/extra.env.before"; else : >"$state/extra.env.before"; fi
    echo staging >"$state/in-progress"
  fi
  host_say "$1: installs $2 beside it"
  ELASTICKV_STAGE=1 DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i "$state/package.deb" >"$state/dpkg.log" 2>&1 9>&- ||
    host_fail "the package could not be installed: $(tail -n 1 "$state/dpkg.log")"
  host_say "$1: hands leadership over"
  host_hand_over "$1" || host_fail "leadership could not be handed over"
  host_drain "$1" "$4"
  echo switching >"$state/in-progress"
  host_put_extra "$state/extra.env.new"
  host_start "$1" "$2" "$3"
  rm -f "$state/in-progress"
}

# A node that nobody restarted serves again as before.
host_undrain() {
  "$elastickv" drain --off >/dev/null 2>&1 || true
}

# dpkg that was killed in the middle has left the version of before where preinst has kept it.
host_recover() { # VERSION
  [ -d "$lib/$1" ] || [ ! -d "$lib/.keep/$1" ] || cp -al "$lib/.keep/$1" "$lib/$1"
}

# Back to what was there before. Also after a failure of host_update.
host_restore() { # NODE SECONDS DRAIN_SECONDS
  host_names
  local before
  host_alone
  trap host_undrain EXIT
  [ -s "$state/before" ] || host_fail "this host has not been updated"
  before=$(<"$state/before")
  host_recover "$before"
  if [ "$(cat "$state/in-progress" 2>/dev/null)" = staging ] && [ "$(host_running)" = "$before" ]; then
    # The service was not stopped.
    "$lib/switch-version" --no-restart "$before"
    host_undrain
    host_wait_healthy "$1" "$2"
  else
    if [ "$(systemctl is-active elastickv.service)" = active ]; then
      host_hand_over "$1" || host_say "$1: leadership could not be handed over: another host takes it when this one stops"
      host_drain "$1" "$3"
    fi
    host_put_extra "$state/extra.env.before"
    host_start "$1" "$before" "$2"
  fi
  rm -f "$state/in-progress" "$state/before"
}

# Forgets what an earlier update left for its --rollback, and notes which update begins.
host_begin() { # RELEASE
  host_names
  rm -f "$state/before" "$state/extra.env.before" "$state/in-progress"
  printf '%s\n' "$1" >"$state/begun"
}

# What an update that is over leaves: `before`, by which --rollback knows what to do.
host_tidy() {
  host_names
  rm -rf "$state/package.deb" "$state/candidate" "$state/extra.env.new" "$state/dpkg.log"
}

# --- the operator's side ------------------------------------------------------------------------------------------------

say() {
  echo "$*" >&2
}

die() { # CODE MESSAGE
  say "rolling-update: $2"
  exit "$1"
}

settings_of_file() {
  local name value names=(NODES SSH_TARGETS SSH_USER SSH_CONNECT_TIMEOUT_SECONDS ROLLING_ORDER HEALTH_TIMEOUT_SECONDS
    ROLLING_DELAY_SECONDS DRAIN_TIMEOUT_SECONDS PACKAGE_SHA256 EXTRA_ENV DEFAULT_EXTRA_ENV)
  local -A given=()
  for name in "${names[@]}"; do [ -z "${!name+set}" ] || given[$name]=${!name}; done
  [ -r "$ROLLING_UPDATE_ENV_FILE" ] || die 2 "ROLLING_UPDATE_ENV_FILE: $ROLLING_UPDATE_ENV_FILE cannot be read"
  # shellcheck disable=SC1090
  . "$ROLLING_UPDATE_ENV_FILE"
  for name in "${!given[@]}"; do
    value=${given[$name]}
    printf -v "$name" %s "$value"
  done
}

number() { # NAME DEFAULT
  local value=${!1:-$2}
  [[ $value =~ ^[0-9]{1,6}$ ]] || die 2 "$1: \"$value\" is no number of seconds"
  printf -v "$1" %s "$value"
}

# Fills the array TARGETS (node -> what ssh is given) and the list nodes.
read_nodes() {
  local pair part
  [ -n "${NODES:-}" ] || die 2 "NODES is not set: n1=HOST,n2=HOST,n3=HOST"
  IFS=, read -r -a part <<<"$NODES"
  for pair in "${part[@]}"; do
    [[ $pair =~ ^[A-Za-z0-9._-]+=[^=[:space:]-][^=[:space:]]*$ ]] || die 2 "NODES: \"$pair\" is no NAME=HOST"
    [ -z "${targets[${pair%%=*}]+set}" ] || die 2 "NODES: ${pair%%=*} is given twice"
    nodes+=("${pair%%=*}")
    targets[${pair%%=*}]=${pair#*=}
  done
  [ -z "${SSH_TARGETS:-}" ] && return 0
  IFS=, read -r -a part <<<"$SSH_TARGETS"
  for pair in "${part[@]}"; do
    [[ $pair =~ ^[A-Za-z0-9._-]+=[^=[:space:]-][^=[:space:]]*$ ]] || die 2 "SSH_TARGETS: \"$pair\" is no NAME=TARGET"
    [ -n "${targets[${pair%%=*}]+set}" ] || die 2 "SSH_TARGETS: ${pair%%=*} is not in NODES"
    targets[${pair%%=*}]=${pair#*=}
  done
}

on_host() { # NODE COMMAND
  local options=(-o BatchMode=yes -o "ConnectTimeout=$SSH_CONNECT_TIMEOUT_SECONDS" -o ServerAliveInterval=10 -o ServerAliveCountMax=6)
  [ -z "${SSH_USER:-}" ] || options+=(-l "$SSH_USER")
  # shellcheck disable=SC2029 # the text is for the shell of the host
  ssh "${options[@]}" "${targets[$1]}" "$2"
}

# A shell on the host does as root what its first argument says.
# shellcheck disable=SC2016 # the shell of the host reads it
as_root() { # NODE COMMAND
  on_host "$1" 'if [ "$(id -u)" -eq 0 ]; then exec '"$2"'; else exec sudo -n '"$2"'; fi'
}

# Runs a host_ function as root. The text of the functions is the shell's standard input, and their own is empty.
remote() { # NODE FUNCTION [ARGUMENT...]
  local node=$1 names
  shift
  mapfile -t names < <(compgen -A function host_)
  {
    echo 'set -euo pipefail; export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin'
    declare -f "${names[@]}"
    printf '%q ' "$@"
    echo '</dev/null'
  } | as_root "$node" "bash -s"
}

upload() { # NODE
  as_root "$1" "dd of=/var/lib/elastickv-update/package.deb bs=1M status=none" <"$package"
}

read_facts() { # NODE SECONDS: fills facts[NODE.NAME]
  local line said
  said=$(remote "$1" host_facts "$1" "$2") || return 1
  while IFS= read -r line; do facts[$1.${line%%=*}]=${line#*=}; done <<<"$said"
}

check_hosts() {
  local node cluster='' bad=0
  for node in "${nodes[@]}"; do
    if ! read_facts "$node" 15; then
      say "$node: ssh to ${targets[$node]} does not work, or ${SSH_USER:-the account} may not become root"
      bad=1
      continue
    fi
    [ "${facts[$node.current]}" != none ] || { say "$node: elastickv is not installed as a package" && bad=1; }
    if [ "${facts[$node.health]}" != healthy ]; then
      # Its trouble is what --resume and --rollback are for.
      if [ "$mode" = update ] || { [ -z "${facts[$node.interrupted]}" ] && [ "$mode" = resume ]; }; then
        say "$node: ${facts[$node.health]}"
        bad=1
      fi
    fi
    [ -n "$cluster" ] || cluster=${facts[$node.cluster]}
    if [ -n "${facts[$node.cluster]}" ] && [ "${facts[$node.cluster]}" != "$cluster" ]; then
      say "$node: belongs to cluster ${facts[$node.cluster]}, and not to $cluster"
      bad=1
    fi
  done
  is_fresh || begun=yes
  [ "$bad" -eq 0 ] || refuse "not every host is in order"
}

# Whether the update has yet to begin: so it is for --resume after a run that did not get further than its checks.
is_fresh() {
  local node
  [ "$mode" != update ] || return 0
  for node in "${nodes[@]}"; do [ -z "${facts[$node.interrupted]-}" ] || return 1; done
  for node in "${nodes[@]}"; do [ "${facts[$node.begun]-}" = "$release" ] || return 0; done
  return 1
}

# A new update has an owner of its own. --resume and --rollback take over the lock of an update that was killed.
choose_owner() {
  local node before=''
  owner="${USER:-$(id -un)}@$(uname -n):$$:$(date +%s)"
  for node in "${nodes[@]}"; do
    [ -z "${facts[$node.owner]}" ] || before=${facts[$node.owner]}
  done
  [ -n "$before" ] || return 0
  if [ "$mode" = update ]; then
    stuck=yes
    refuse "$before is updating; it began $(oldest_lock) s ago. The command below is for the case that it was killed"
  fi
  local at=${before#*@}
  if [ "${at%%:*}" = "$(uname -n)" ]; then
    at=${at#*:}
    if kill -0 "${at%%:*}" 2>/dev/null; then die 1 "$before still runs on this machine as process ${at%%:*}"; fi
  fi
  say "takes over from $before"
  owner=$before
}

oldest_lock() {
  local node age=0
  for node in "${nodes[@]}"; do [ "${facts[$node.age]}" -le "$age" ] || age=${facts[$node.age]}; done
  echo "$age"
}

lock() {
  local node why
  for node in "${nodes[@]}"; do
    why=$(remote "$node" host_lock "$owner" 2>&1) || {
      unlock
      refuse "$node: ${why:-ssh has ended}"
    }
    locked+=("$node")
  done
  why=$(keyspace acquire) || {
    unlock
    refuse "$why"
  }
  [ "$why" = none ] || keyspace_locked=yes
  [ -n "$keyspace_locked" ] || say "the installed release has no lock in the keyspace: a lock on every host takes its place"
}

# Asks one host after the other: one that is in trouble does not answer, and one with an older release has no such lock. Prints "none" when
# none of them has.
keyspace() { # acquire|release
  local node why='' code said=none
  for node in "${nodes[@]}"; do
    code=0
    why=$(remote "$node" host_keyspace_lock "$1" "$owner" 2>&1) || code=$?
    case $code in
    0) return 0 ;;
    3) ;;
    *) said="$node: ${why:-ssh has ended}" ;;
    esac
    # Held by another one: asking elsewhere would not change that.
    [[ $why != *HELD* ]] || break
  done
  echo "$said"
  [ "$said" = none ]
}

give_keyspace_back() {
  local why
  [ -n "$keyspace_locked" ] || return 0
  why=$(keyspace release) || why=${why:-no host answers}
  [ -z "$why" ] || say "the lock in the keyspace stays ($why): elastickv cluster update-lock release --owner $(printf %q "$owner")"
  keyspace_locked=
}

unlock() {
  local node
  give_keyspace_back
  for node in ${locked[@]+"${locked[@]}"}; do
    remote "$node" host_unlock "$owner" 2>/dev/null || {
      say "$node: its lock stays"
      stuck=yes
    }
  done
}

# A release without the lock could not give it back: before the last host goes there, it is given back.
before_last() { # NODE VERSION
  [ -z "$keyspace_locked" ] || remote "$1" host_has_lock "$2" || give_keyspace_back
}

# The command by which the operator goes on, with what came from the environment.
again() { # [OPTION]
  local name words=()
  for name in ROLLING_UPDATE_ENV_FILE NODES SSH_TARGETS SSH_USER ROLLING_ORDER; do
    [ -z "${!name:-}" ] || words+=("$name=$(printf %q "${!name}")")
  done
  # The hosts keep them from the moment in which all have taken them.
  if [ "$begun" = no ] && [ "$mode" != rollback ]; then
    for name in PACKAGE_SHA256 EXTRA_ENV DEFAULT_EXTRA_ENV; do
      [ -z "${!name+set}" ] || words+=("$name=$(printf %q "${!name}")")
    done
  fi
  words+=("$(printf %q "$0")" ${1:+"$1"})
  [ "${1:-}" = --rollback ] || words+=("$(printf %q "$package")")
  echo "${words[*]}"
}

# Ends a run that has changed no host.
refuse() { # MESSAGE
  report failed "rolling-update: $1. $unchanged"
  how_to_go_on
  exit 1
}

stage_all() {
  local node node_of why size sum extra=keep pairs=''
  size=$(stat -c %s "$package")
  sum=$(sha256sum "$package")
  sum=${sum%% *}
  if [ -n "${EXTRA_ENV+set}" ]; then
    extra=remove
    # The later pair wins.
    if [ -n "${EXTRA_ENV//[[:space:]]/}" ]; then extra=set pairs="${DEFAULT_EXTRA_ENV:-} $EXTRA_ENV"; fi
  elif is_fresh; then
    extra=leave
  fi
  for node in "${nodes[@]}"; do
    say "$node: stages $release and tries it"
    why=$({ remote "$node" host_room "$size" && upload "$node" && remote "$node" host_try "$sum" "$release" &&
      remote "$node" host_extra "$extra" "$pairs"; } 2>&1) || {
      for node_of in "${nodes[@]}"; do ! is_fresh || remote "$node_of" host_tidy 2>/dev/null || true; done
      unlock
      refuse "$node: ${why:-ssh has ended}"
    }
  done
}

choose_order() {
  local node leader='' wanted=()
  for node in "${nodes[@]}"; do [ "${facts[$node.leader]}" = "" ] || leader=${facts[$node.leader]}; done
  if [ -n "${ROLLING_ORDER:-}" ]; then
    IFS=, read -r -a wanted <<<"$ROLLING_ORDER"
  else
    for node in "${nodes[@]}"; do [ "$node" = "$leader" ] || wanted+=("$node"); done
    for node in "${nodes[@]}"; do [ "$node" != "$leader" ] || wanted+=("$node"); done
  fi
  # A host that an earlier run left in the middle, or that does not serve, comes first: no other may go down beside it.
  for node in "${wanted[@]}"; do [ -z "${facts[$node.interrupted]}" ] && [ "${facts[$node.health]}" = healthy ] || order+=("$node"); done
  for node in "${wanted[@]}"; do [ -n "${facts[$node.interrupted]}" ] || [ "${facts[$node.health]}" != healthy ] || order+=("$node"); done
}

check_rolling_order() {
  local sorted
  [ -n "${ROLLING_ORDER:-}" ] || return 0
  sorted=$(tr , '\n' <<<"$ROLLING_ORDER" | sort)
  [ "$sorted" = "$(printf '%s\n' "${nodes[@]}" | sort)" ] || die 2 "ROLLING_ORDER: must name every node of NODES once"
}

report() { # ok|failed MESSAGE
  local node separator='' json=''
  for node in "${nodes[@]}"; do
    if read_facts "$node" 5 2>/dev/null; then
      say "$node: runs ${facts[$node.running]} (${facts[$node.health]})"
      json+="$separator{\"node\":\"$node\",\"version\":\"${facts[$node.running]}\",\"healthy\":$([ "${facts[$node.health]}" = healthy ] && echo true || echo false)}"
    else
      say "$node: does not answer"
      json+="$separator{\"node\":\"$node\",\"version\":null,\"healthy\":false}"
    fi
    separator=,
  done
  say "$2"
  [ -z "$as_json" ] || echo "{\"result\":\"$1\",\"hosts\":[$json]}"
}

how_to_go_on() {
  case $mode.$begun.$stuck in
  rollback.*) say "to go on:   $(again --rollback)" ;;
  update.no.) say "to go on:   $(again ${dry:+--dry-run})" ;;
  *.no.*) say "to go on:   $(again --resume)" ;;
  *)
    say "to go on:   $(again --resume)"
    say "to go back: $(again --rollback)"
    ;;
  esac
}

# shellcheck disable=SC2317 # a trap calls it
interrupted() {
  trap - INT TERM HUP
  say "rolling-update: was interrupted; the lock stays"
  stuck=yes
  how_to_go_on
  exit 1
}

all_others_healthy() { # NODE
  local node why
  for node in "${nodes[@]}"; do
    [ "$node" = "$1" ] && continue
    why=$(remote "$node" host_await "$node" "$HEALTH_TIMEOUT_SECONDS" 2>&1) || {
      say "$node: $why"
      return 1
    }
  done
}

update_host() { # NODE
  local node=$1 other last=yes code=0
  if [ "${facts[$node.running]}" = "$release" ] && [ -z "${facts[$node.interrupted]}" ] && [ "$mode" = resume ]; then
    say "$node: runs $release already"
    return 0
  fi
  all_others_healthy "$node" || {
    unlock
    report failed "rolling-update: another host is not healthy; $node was not touched"
    how_to_go_on
    exit 1
  }
  say "$node: ${facts[$node.running]} -> $release"
  for other in "${nodes[@]}"; do [ "$other" = "$node" ] || [ "${facts[$other.running]}" = "$release" ] || last=; done
  [ -z "$last" ] || before_last "$node" "$release"
  if remote "$node" host_update "$node" "$release" "$HEALTH_TIMEOUT_SECONDS" "$DRAIN_TIMEOUT_SECONDS" >&2; then
    facts[$node.running]=$release
    return 0
  fi
  say "$node: goes back to the version that it had"
  remote "$node" host_restore "$node" "$HEALTH_TIMEOUT_SECONDS" "$DRAIN_TIMEOUT_SECONDS" >&2 || code=$?
  case $code in
  0)
    unlock
    report failed "rolling-update: $release failed on $node, which runs its version of before again; hosts after it were not touched"
    ;;
  # ssh itself.
  255) report failed "rolling-update: $node cannot be reached any more; hosts after it were not touched; the lock stays. When $node answers again:" ;;
  *) report failed "rolling-update: $release failed on $node, and going back failed too; hosts after it were not touched; the lock stays" ;;
  esac
  how_to_go_on
  exit 1
}

roll_back_host() { # NODE
  local node=$1 other last=yes
  if [ -z "${facts[$node.before]}" ]; then
    say "$node: was not updated"
    return 0
  fi
  all_others_healthy "$node" || say "another host is not healthy: goes on with $node all the same"
  say "$node: ${facts[$node.running]} -> ${facts[$node.before]}"
  # Others that are to go back come later, and know the lock.
  for other in "${nodes[@]}"; do [ "$other" = "$node" ] || [ -z "${facts[$other.before]}" ] || last=; done
  [ -z "$last" ] || before_last "$node" "${facts[$node.before]}"
  if remote "$node" host_restore "$node" "$HEALTH_TIMEOUT_SECONDS" "$DRAIN_TIMEOUT_SECONDS" >&2; then
    facts[$node.before]=
    return 0
  fi
  report failed "rolling-update: $node did not come back with ${facts[$node.before]}; the lock stays"
  how_to_go_on
  exit 1
}

main() {
  local node why begin=$SECONDS first=yes
  while [ $# -gt 0 ]; do
    case $1 in
    --dry-run) dry=yes ;;
    --resume | --rollback)
      [ "$mode" = update ] || die 2 "$1: --resume and --rollback exclude each other"
      mode=${1#--}
      ;;
    --json) as_json=yes ;;
    --help | -h)
      usage
      exit 0
      ;;
    -*) die 2 "unknown option $1 (see --help)" ;;
    *)
      [ -z "$package" ] || die 2 "one PACKAGE at a time"
      package=$1
      ;;
    esac
    shift
  done
  [ -z "${ROLLING_UPDATE_ENV_FILE:-}" ] || settings_of_file
  number SSH_CONNECT_TIMEOUT_SECONDS 10
  number HEALTH_TIMEOUT_SECONDS 300
  number ROLLING_DELAY_SECONDS 0
  number DRAIN_TIMEOUT_SECONDS 60
  read_nodes
  check_rolling_order
  # What a run before --resume or --rollback has changed stays changed.
  [ "$mode" = update ] || unchanged="This run changed no host"
  if [ "$mode" = rollback ]; then
    [ -z "$package" ] || die 2 "--rollback takes no PACKAGE: every host knows what it had"
  else
    check_package
  fi
  trap interrupted INT TERM HUP
  check_hosts
  choose_owner
  choose_order
  lock
  [ "$mode" = rollback ] || stage_all
  if [ -n "$dry" ]; then
    for node in "${nodes[@]}"; do remote "$node" host_tidy; done
    unlock
    say "would update in this order: ${order[*]}"
    report ok "rolling-update: dry run; no host was changed"
    return 0
  fi
  if [ "$mode" != rollback ] && is_fresh; then
    for node in "${nodes[@]}"; do
      why=$(remote "$node" host_begin "$release" 2>&1) || {
        unlock
        refuse "$node: ${why:-ssh has ended}"
      }
    done
  fi
  begun=yes
  for node in "${order[@]}"; do
    [ -n "$first" ] || sleep "$ROLLING_DELAY_SECONDS"
    first=
    if [ "$mode" = rollback ]; then roll_back_host "$node"; else update_host "$node"; fi
  done
  all_others_healthy '' || {
    report failed "rolling-update: a host is not healthy; the lock stays"
    how_to_go_on
    exit 1
  }
  for node in "${nodes[@]}"; do remote "$node" host_tidy; done
  unlock
  report ok "rolling-update: done in $((SECONDS - begin)) s"
}

check_package() {
  local sum
  [ -n "$package" ] || die 2 "PACKAGE is missing (see --help)"
  [ -r "$package" ] || die 2 "$package cannot be read"
  release=$(dpkg-deb --field "$package" Version) || die 2 "$package is no Debian package"
  [ "$(dpkg-deb --field "$package" Package)" = elastickv ] || die 2 "$package is not a package of elastickv"
  [ -n "${PACKAGE_SHA256:-}" ] || return 0
  sum=$(sha256sum "$package")
  [ "${sum%% *}" = "$PACKAGE_SHA256" ] || die 1 "$package has the checksum ${sum%% *}, and PACKAGE_SHA256 is $PACKAGE_SHA256. Nothing was changed"
}

# begun: whether this update may have changed a host. stuck: a lock stays on a host.
mode=update begun=no stuck='' dry='' as_json='' package='' release='' owner='' keyspace_locked='' unchanged="No host was changed"
nodes=() order=() locked=()
declare -A targets=() facts=()
# A test reads the functions, and runs nothing.
[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
