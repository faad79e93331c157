/**
 * A command with a hosts file of its own: in a namespace of mounts, in which /etc/hosts is another file; this machine's
 * is left alone. The file is rewritten in place by the kubelet, so that names of later Services and servers resolve too.
 */
import { isRoot } from '../account';
import type { Command } from '../managed-process';

/** Without root a namespace of users comes first, in which we are root. */
const unshare = ['/usr/bin/unshare', '--mount', '--propagation', 'private'];

/** The process keeps its pid: each program becomes the next. */
export function withOwnNames(command: Command, hostsFile: string): Command {
  const [file, ...options] = [...unshare, ...(isRoot() ? [] : ['--map-root-user'])];
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  return {
    ...command,
    file: file!,
    args: [...options, '/bin/sh', '-c', script, hostsFile, command.file, ...command.args],
  };
}
