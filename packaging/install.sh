#!/bin/sh
# Installs this release of elastickv, or brings an installed one to it; safe to run again. --help says more.
set -eu

release="@RELEASE@"
here=$(cd "$(dirname "$0")" && pwd -P)
files=$here/files

usage() {
  cat <<END
Usage: ./install.sh [install]    put $release beside what is installed and make it the one that runs
       ./install.sh upgrade      the same, and an error when nothing is installed
       ./install.sh uninstall    remove the program, every version of it; data, settings and the user stay

Options:
  --prefix DIR    where programs go [default /usr/local]
  --destdir DIR   a root that is not this machine's: nothing is started, no user is made, no root is needed
  --stage         put it beside the version that runs and leave that one running
                  (PREFIX/lib/elastickv/switch-version goes to it)
END
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

action=install prefix=/usr/local destdir='' stage=''
while [ $# -gt 0 ]; do
  case $1 in
  install | upgrade | uninstall) action=$1 ;;
  --prefix | --destdir)
    [ $# -ge 2 ] || fail "$1: the value is missing"
    case $2 in /*) ;; *) fail "$1: $2 does not begin with /" ;; esac
    if [ "$1" = --prefix ]; then prefix=${2%/}; else destdir=${2%/}; fi
    shift
    ;;
  --stage) stage=yes ;;
  --help | -h)
    usage
    exit 0
    ;;
  *) fail "unknown argument $1 (see ./install.sh --help)" ;;
  esac
  shift
done

lib=$destdir$prefix/lib/elastickv
unit=$destdir/etc/systemd/system/elastickv.service
settings=$destdir/etc/elastickv

[ -n "$destdir" ] || [ "$(id -u)" -eq 0 ] || fail "needs root, or a --destdir"

on_this_machine() {
  [ -z "$destdir" ]
}

has_systemd() {
  on_this_machine && [ -d /run/systemd/system ]
}

# The unit and the manuals name files below /usr; below another prefix they name those.
relocated() { # FILE
  sed -e "s|/usr/lib/elastickv|$prefix/lib/elastickv|g" -e "s|/usr/share/doc|$prefix/share/doc|g" "$1"
}

put() { # FROM TO MODE: beside it, then over it, so that a running program is not disturbed
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  chmod "$3" "$2.new"
  mv -fT "$2.new" "$2"
}

make_user() {
  put "$files/usr/lib/sysusers.d/elastickv.conf" "$destdir$prefix/lib/sysusers.d/elastickv.conf" 644
  on_this_machine || return 0
  getent passwd elastickv >/dev/null && return 0
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers "$prefix/lib/sysusers.d/elastickv.conf"
  else
    useradd --system --user-group --home-dir / --shell /usr/sbin/nologin elastickv
  fi
}

make_settings() {
  [ -e "$settings/elastickv.env" ] && return 0
  mkdir -p "$settings"
  chmod 750 "$settings"
  put "$files/etc/elastickv/elastickv.env" "$settings/elastickv.env" 640
  if on_this_machine; then chgrp elastickv "$settings" "$settings/elastickv.env"; fi
}

put_tree() { # FOLDER below files/usr/share, below PREFIX/share
  (cd "$files/usr/share/$1" && find . -type f) | while read -r file; do
    put "$files/usr/share/$1/$file" "$destdir$prefix/share/$2/$file" 644
  done
}

install_files() {
  put "$files/usr/lib/elastickv/$release/elastickv" "$lib/$release/elastickv" 755
  # switch-version orders versions by the date of their commit, so the folder gets that date.
  touch -r "$files/usr/lib/elastickv/$release" "$lib/$release"
  put "$files/usr/lib/elastickv/switch-version" "$lib/switch-version" 755
  mkdir -p "$destdir$prefix/bin" "$(dirname "$unit")"
  ln -sfn ../lib/elastickv/current/elastickv "$destdir$prefix/bin/elastickv"
  relocated "$files/lib/systemd/system/elastickv.service" >"$unit.new"
  chmod 644 "$unit.new"
  mv -fT "$unit.new" "$unit"
  put_tree man man
  put_tree doc doc
  put_tree bash-completion bash-completion
  put_tree zsh/vendor-completions zsh/site-functions
  put_tree fish fish
}

install_release() {
  before=$(readlink "$lib/current" 2>/dev/null || true)
  [ "$action" = install ] || [ -n "$before" ] || fail "nothing is installed below $prefix: ./install.sh install"
  make_user
  install_files
  make_settings
  if [ -z "$stage" ] || [ -z "$before" ]; then "$lib/switch-version" --no-restart "$release"; fi
  "$lib/switch-version" --prune "$release" "$before"
  if has_systemd; then
    systemctl daemon-reload
    # Also over a release that was installed by hand. Nobody waits: a node without a leader may wait for the next hosts.
    if [ -z "$stage" ]; then systemctl --no-block try-restart elastickv.service || true; fi
  fi
  "$lib/switch-version" --list
  if ! { has_systemd && systemctl --quiet is-active elastickv.service; } && [ -z "$before" ]; then
    echo "not started; settings: /etc/elastickv/elastickv.env; then: systemctl enable --now elastickv; for several hosts: elastickv setup"
  fi
}

uninstall() {
  if has_systemd && [ -e "$unit" ]; then systemctl disable --now elastickv.service; fi
  rm -rf "$lib" "$destdir$prefix/share/doc/elastickv"
  rm -f "$unit" "$destdir$prefix/bin/elastickv" "$destdir$prefix/lib/sysusers.d/elastickv.conf" \
    "$destdir$prefix/share/man/man1/elastickv.1.gz" \
    "$destdir$prefix/share/bash-completion/completions/elastickv" \
    "$destdir$prefix/share/zsh/site-functions/_elastickv" \
    "$destdir$prefix/share/fish/vendor_completions.d/elastickv.fish"
  if has_systemd; then systemctl daemon-reload; fi
  echo "elastickv is removed. Left in place:"
  if [ -d "$destdir/var/lib/elastickv" ]; then
    echo "  /var/lib/elastickv   objects, log and keys of this node; to delete them for good: rm -r /var/lib/elastickv"
  fi
  if [ -d "$settings" ]; then echo "  /etc/elastickv       settings and secrets"; fi
  echo "  the user and group elastickv"
}

if [ "$action" = uninstall ]; then uninstall; else install_release; fi
