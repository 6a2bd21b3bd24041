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
  exe=${exe%/elastickv}
  exe=${exe##*/}
  echo "${exe:-nothing}"
}

host_text() { # NAME JSON: the first text of that name
  [[ $2 =~ \"$1\":\"([^\"]*)\" ]] && echo "${BASH_REMATCH[1]}"
}

host_status() {
  # Releases print it with blanks between names and values, or without.
  timeout 15 "$elastickv" cluster status --json 2>/dev/null | tr -d ' \n'
}

# Whether the service runs and the leader sees this member reached and caught up. Says why not.
host_healthy() { # NODE
  local status member
  [ "$(systemctl is-active elastickv.service)" = active ] || {
    echo "the service is $(systemctl is-active elastickv.service): $(systemctl show --property StatusText --value elastickv.service)"
    return 1
  }
  status=$(host_status) || {
    echo "the leader does not answer"
    return 1
  }
  [[ $status =~ \"view\":\"leader\" ]] || {
    echo "it hears from no leader"
    return 1
  }
  [[ $status =~ (\{\"id\":\"$1\"[^}]*\}) ]] || {
    echo "the cluster has no member $1"
    return 1
  }
  member=${BASH_REMATCH[1]}
  [[ $member =~ \"reachable\":true ]] || {
    echo "the leader does not reach it"
    return 1
  }
  # A cluster under load is always some entries behind.
  [[ $member =~ \"lag\":[0-9]{1,3}[,}] ]] || {
    echo "it has not caught up"
    return 1
  }
  [[ $(systemctl show --property StatusText --value elastickv.service) =~ ^serves[^\;]*$ ]] || {
    echo "it says: $(systemctl show --property StatusText --value elastickv.service)"
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

# Facts as name=value lines; the operator's side judges them.
host_facts() { # NODE
  host_names
  local status health interrupted='' owner='' age=0
  status=$(host_status) || status=
  health=$(host_healthy "$1") && health=healthy
  [ -e "$state/in-progress" ] && interrupted=yes
  if [ -e "$state/lock/owner" ]; then
    owner=$(<"$state/lock/owner")
    age=$(($(date +%s) - $(stat -c %Y "$state/lock")))
  fi
  printf '%s\n' "cluster=$(host_text clusterId "$status" || true)" "leader=$(host_text leaderId "$status" || true)" \
    "current=$(host_current)" "running=$(host_running)" "health=$health" "interrupted=$interrupted" "owner=$owner" "age=$age" \
    "before=$(cat "$state/before" 2>/dev/null || true)"
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
  dpkg-deb --fsys-tarfile "$state/package.deb" | tar -x -C "$state/candidate" "./usr/lib/elastickv/$2/elastickv"
  ln -s "usr/lib/elastickv/$2/elastickv" "$state/candidate/elastickv"
  env -i "$state/candidate/elastickv" version >/dev/null || host_fail "$2 does not start on this host"
  host_compatible "$(env -i "$state/candidate/elastickv" version --json)" "$(env -i "$elastickv" version --json)"
}

# Each release must read what the other writes: both run at the same time, and going back must be possible.
host_compatible() { # NEW OLD: version --json
  local name reads writes rest=$2 checked=0 pattern='"([A-Za-z0-9]+)":\{"reads":\[([0-9,]*)\],"writes":([0-9]+)\}'
  while [[ $rest =~ $pattern ]]; do
    name=${BASH_REMATCH[1]} reads=${BASH_REMATCH[2]} writes=${BASH_REMATCH[3]}
    rest=${rest#*"${BASH_REMATCH[0]}"} checked=$((checked + 1))
    [[ $1 =~ \"$name\":\{\"reads\":\[([0-9,]*)\],\"writes\":([0-9]+)\} ]] ||
      host_fail "the new release does not know the format $name of the installed one"
    [[ ,${BASH_REMATCH[1]}, == *",$writes,"* ]] || host_fail "the new release does not read format $name $writes of the installed one"
    [[ ,$reads, == *",${BASH_REMATCH[2]},"* ]] || host_fail "the installed release does not read format $name ${BASH_REMATCH[2]} of the new one"
  done
  [ "$checked" -gt 0 ] || host_fail "the installed release does not say which formats it reads"
}

# Writes extra.env.new: what extra.env is to be, and nothing when it is to be removed.
host_extra() { # MODE (leave|remove|set|keep) PAIRS
  host_names
  local pid entry environment=() new=$state/extra.env.new
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
  # The unit's own variables are those of the process that no file gives.
  pid=$(host_pid)
  if [ "$pid" != 0 ]; then
    while IFS= read -r -d '' entry; do
      [[ $entry == ELASTICKV_* ]] || continue
      grep -qsF "${entry%%=*}=" "$settings/extra.env" "$settings/elastickv.env" "$settings/cluster.env" || environment+=("$entry")
    done <"/proc/$pid/environ"
  fi
  local files=() file said
  # The order is the unit's: a later file wins.
  for file in "$settings/cluster.env" "$settings/elastickv.env" "$new"; do
    [ ! -e "$file" ] || files+=(--env-file "$file")
  done
  said=$(env -i ${environment[@]+"${environment[@]}"} "$state/candidate/elastickv" config check "${files[@]}" 2>&1 >/dev/null) ||
    host_fail "the new release refuses the settings: $said"
}

host_is_leader() { # NODE
  local status
  status=$(host_status) || return 1
  [ "$(host_text leaderId "$status" || true)" = "$1" ]
}

host_hand_over() { # NODE
  local attempt
  for attempt in 1 2 3 4 5; do
    host_is_leader "$1" || return 0
    "$elastickv" cluster transfer-leader >/dev/null 2>&1 || sleep "$attempt"
  done
  ! host_is_leader "$1"
}

host_drain() {
  local code=0
  "$elastickv" drain --timeout 60 >/dev/null 2>&1 || code=$?
  case $code in
  0) echo "drained" ;;
  2) echo "the installed release has no drain: the service ends its requests when it stops" ;;
  *) echo "requests are still in flight after 60 s: the service ends them when it stops" ;;
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
  said=$("$lib/switch-version" --no-restart "$2" 2>&1) || host_fail "$said"
  systemctl daemon-reload
  systemctl reset-failed elastickv.service 2>/dev/null || true
  timeout "$3" systemctl restart elastickv.service 2>/dev/null ||
    host_fail "$2 does not come to serve: $(systemctl show --property Result --value elastickv.service), $(journalctl --quiet --lines 1 --output cat --unit elastickv.service 2>/dev/null || true)"
  host_wait_healthy "$1" "$3"
  [ "$(host_running)" = "$2" ] || host_fail "$(host_running) runs, and not $2"
}

# One action at a time on a host, also when the operator's side was killed and this one goes on.
host_alone() {
  exec 9>"$state/action"
  flock --timeout 600 9 || host_fail "an earlier action on this host does not end"
}

host_update() { # NODE RELEASE SECONDS
  host_names
  host_alone
  # An interrupted update has kept what was there before it.
  if [ ! -e "$state/in-progress" ]; then
    host_current >"$state/before"
    if [ -e "$settings/extra.env" ]; then cp -p "$settings/extra.env" "$state/extra.env.before"; else : >"$state/extra.env.before"; fi
    : >"$state/in-progress"
  fi
  ELASTICKV_STAGE=1 DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i "$state/package.deb" >"$state/dpkg.log" 2>&1 9>&- ||
    host_fail "the package could not be installed: $(tail -n 1 "$state/dpkg.log")"
  host_hand_over "$1" || host_fail "leadership could not be handed over"
  host_drain
  host_put_extra "$state/extra.env.new"
  host_start "$1" "$2" "$3"
  rm -f "$state/in-progress"
}

# A node that nobody restarted serves again as before.
host_undrain() {
  "$elastickv" drain --off >/dev/null 2>&1 || true
}

# Back to what was there before. Also after a failure of host_update.
host_restore() { # NODE SECONDS
  host_names
  host_alone
  trap host_undrain EXIT
  [ -s "$state/before" ] || host_fail "this host has not been updated"
  if host_is_leader "$1"; then
    host_hand_over "$1" || host_fail "leadership could not be handed over"
    host_drain
  fi
  host_put_extra "$state/extra.env.before"
  host_start "$1" "$(<"$state/before")" "$2"
  rm -f "$state/in-progress" "$state/before"
}

# What an earlier update left for its --rollback.
host_begin() {
  host_names
  rm -f "$state/before" "$state/extra.env.before" "$state/in-progress"
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
    ROLLING_DELAY_SECONDS PACKAGE_SHA256 EXTRA_ENV DEFAULT_EXTRA_ENV)
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

read_facts() { # NODE: fills facts[NODE.NAME]
  local line said
  said=$(remote "$1" host_facts "$1") || return 1
  while IFS= read -r line; do facts[$1.${line%%=*}]=${line#*=}; done <<<"$said"
}

check_hosts() {
  local node cluster='' bad=0
  for node in "${nodes[@]}"; do
    if ! read_facts "$node"; then
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
  [ "$bad" -eq 0 ] || die 1 "$unchanged"
}

# A new update has an owner of its own. --resume and --rollback take over the lock of an update that was killed.
choose_owner() {
  local node before=''
  owner="${USER:-$(id -un)}@$(uname -n):$$:$(date +%s)"
  for node in "${nodes[@]}"; do
    [ -z "${facts[$node.owner]}" ] || before=${facts[$node.owner]}
  done
  [ -n "$before" ] || return 0
  [ "$mode" != update ] || die 1 "$before is updating; it began $(oldest_lock) s ago. Nothing was changed. If it was killed: $(again --resume)"
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
  local node why code
  for node in "${nodes[@]}"; do
    why=$(remote "$node" host_lock "$owner" 2>&1) || {
      unlock
      die 1 "$node: $why. Nothing was changed"
    }
    locked+=("$node")
  done
  code=0
  why=$(remote "${nodes[0]}" host_keyspace_lock acquire "$owner" 2>&1) || code=$?
  case $code in
  0) keyspace_locked=yes ;;
  3) say "the installed release has no lock in the keyspace: a lock on every host takes its place" ;;
  *)
    unlock
    die 1 "$why. Nothing was changed"
    ;;
  esac
}

unlock() {
  local node
  [ -z "$keyspace_locked" ] || remote "${nodes[0]}" host_keyspace_lock release "$owner" || say "the lock in the keyspace stays: elastickv cluster update-lock release --owner $owner"
  for node in ${locked[@]+"${locked[@]}"}; do remote "$node" host_unlock "$owner" || true; done
}

# The command by which the operator goes on, with what came from the environment.
again() { # OPTION
  local name words=()
  for name in ROLLING_UPDATE_ENV_FILE NODES SSH_TARGETS SSH_USER ROLLING_ORDER; do
    [ -z "${!name:-}" ] || words+=("$name=$(printf %q "${!name}")")
  done
  words+=("$0" "$1")
  [ "$1" = --rollback ] || words+=("$(printf %q "$package")")
  echo "${words[*]}"
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
  elif [ "$mode" = update ]; then
    extra=leave
  fi
  for node in "${nodes[@]}"; do
    say "$node: stages $release and tries it"
    why=$({ remote "$node" host_room "$size" && upload "$node" && remote "$node" host_try "$sum" "$release" &&
      remote "$node" host_extra "$extra" "$pairs"; } 2>&1) || {
      for node_of in "${nodes[@]}"; do [ "$mode" = resume ] || remote "$node_of" host_tidy 2>/dev/null || true; done
      unlock
      die 1 "$node: $why. $unchanged"
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
    if read_facts "$node" 2>/dev/null; then
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
  say "to go on:   $(again --resume)"
  say "to go back: $(again --rollback)"
}

# shellcheck disable=SC2317 # a trap calls it
interrupted() {
  trap - INT TERM HUP
  say "rolling-update: was interrupted; the lock stays"
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
  local node=$1
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
  if remote "$node" host_update "$node" "$release" "$HEALTH_TIMEOUT_SECONDS" >&2; then return 0; fi
  say "$node: goes back to the version that it had"
  if remote "$node" host_restore "$node" "$HEALTH_TIMEOUT_SECONDS" >&2; then
    unlock
    report failed "rolling-update: $release failed on $node, which runs its version of before again; hosts after it were not touched"
  else
    report failed "rolling-update: $release failed on $node, and going back failed too; the lock stays"
  fi
  how_to_go_on
  exit 1
}

roll_back_host() { # NODE
  local node=$1
  if [ -z "${facts[$node.before]}" ]; then
    say "$node: was not updated"
    return 0
  fi
  all_others_healthy "$node" || say "another host is not healthy: goes on with $node all the same"
  say "$node: ${facts[$node.running]} -> ${facts[$node.before]}"
  remote "$node" host_restore "$node" "$HEALTH_TIMEOUT_SECONDS" >&2 && return 0
  report failed "rolling-update: $node did not come back with ${facts[$node.before]}; the lock stays"
  say "to go on:   $(again --rollback)"
  exit 1
}

main() {
  local node begin=$SECONDS first=yes
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
  if [ "$mode" = update ]; then
    for node in "${nodes[@]}"; do remote "$node" host_begin; done
  fi
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

mode=update dry='' as_json='' package='' release='' owner='' keyspace_locked='' unchanged="No host was changed"
nodes=() order=() locked=()
declare -A targets=() facts=()
main "$@"
