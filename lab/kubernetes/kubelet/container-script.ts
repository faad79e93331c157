/**
 * The script that lays out a container's own file tree and then becomes the container's process. It runs in namespaces of
 * its own (mounts, processes), so nothing of it is seen outside, and the kernel undoes it all when the process ends.
 *
 * 1. an empty file tree in memory; 2. the machine's programs and libraries, which nobody can write to; 3. a small /etc;
 * 4. the image's folders and programs; 5. the pod's volumes and hosts file; 6. the new tree takes the place of the old one,
 * which is let go (after a mere chroot a process could make no namespace of its own); 7. the command.
 */
import { dirname, posix } from 'node:path';

export interface Mount {
  /** Folder or file of this machine. */
  source: string;
  /** Absolute path in the container. */
  target: string;
  readOnly: boolean;
  kind: 'folder' | 'file';
}

export interface ContainerLayout {
  /** An empty folder. */
  root: string;
  /** Links such as /bin → usr/bin, as this machine has them. */
  links: Record<string, string>;
  mounts: Mount[];
  /** By their path in the container. */
  programs: Record<string, string>;
  /** Copied into the container's /etc. */
  etcFiles: string[];
  workingDirectory: string;
  command: string[];
  /** False as an ordinary user, who may not change flags of mounts, and cannot write to the machine's files anyway. */
  canProtect: boolean;
}

const sizeMax = '64m';
/** Of the script, and in no other command line: what follows it is the container's. */
const lastLine = 'cd "$0" && exec "$@"';

/** Whether a process with that command line still prepares the container whose script that is. */
export function isPreparing(commandLine: string, script: string): boolean {
  return commandLine.includes(script) || commandLine.includes(lastLine);
}

export function containerScript(layout: ContainerLayout): string {
  const inside = (path: string) => quote(posix.join(layout.root, path));
  const folders = new Set([
    '/etc',
    '/proc',
    '/dev',
    '/tmp',
    '/run',
    '/var/run',
    '/var/tmp',
    '/root',
    layout.workingDirectory,
  ]);
  for (const { target, kind } of layout.mounts) folders.add(kind === 'folder' ? target : dirname(target));
  for (const path of Object.keys(layout.programs)) folders.add(dirname(path));
  const mounts = layout.mounts.toSorted((one, other) => one.target.length - other.target.length);
  return [
    'set -e',
    // 2 is for what runs this script, 3 the container's log.
    'exec 2>&3 3>&-',
    'container_path=$PATH PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    `mount -t tmpfs -o mode=755,size=${sizeMax} tmpfs ${quote(layout.root)}`,
    ...Object.entries(layout.links).map(([path, target]) => `ln -s ${quote(target)} ${inside(path)}`),
    'umask 022',
    `mkdir -p ${[...folders].map(inside).join(' ')}`,
    `chmod 1777 ${inside('/tmp')} ${inside('/var/tmp')}`,
    ...layout.etcFiles.map((file) => `cp -L ${quote(file)} ${inside(file)}`),
    `mount --rbind /dev ${inside('/dev')}`,
    `mount -t proc proc ${inside('/proc')}`,
    ...mounts.flatMap((mount) => mountLines(mount, inside(mount.target), layout.canProtect)),
    ...Object.entries(layout.programs).map(
      ([path, text]) => `printf %s ${quote(text)} >${inside(path)} && chmod 755 ${inside(path)}`,
    ),
    `cd ${quote(layout.root)}`,
    'mkdir .old',
    'pivot_root . .old',
    'cd /',
    'umount -l /.old',
    'rmdir /.old',
    `exec /usr/bin/env "PATH=$container_path" /bin/sh -c '${lastLine}' ${[layout.workingDirectory, ...layout.command].map(quote).join(' ')}`,
    '',
  ].join('\n');
}

/** A mount above may have it already, so what a mount needs is made just before it. */
function mountLines({ source, readOnly, kind }: Mount, target: string, canProtect: boolean): string[] {
  return [
    ...(kind === 'file' ? [`[ -e ${target} ] || : >${target}`] : [`mkdir -p ${target}`]),
    `mount --bind ${quote(source)} ${target}`,
    ...(readOnly && canProtect ? [`mount -o remount,bind,ro ${target}`] : []),
  ];
}

/** As one word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
