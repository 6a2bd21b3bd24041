/** Lines to copy. */

/**
 * `echo` is a part of every POSIX shell and starts no process: the token is in no argument list (/proc/PID/cmdline), which
 * every user of the host can read.
 */
export function joinLine(token: string): string {
  return `echo ${token} | elastickv join`;
}

/** For a host whose service is not started by this command. @param env path of cluster.env */
export function howToStart(env: string): string {
  return `Start the node with the settings in ${env}: systemctl enable --now elastickv, or without systemd:
  set -a; . ${env}; set +a; elastickv serve
`;
}
