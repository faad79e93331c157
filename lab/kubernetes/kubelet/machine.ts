/** What of this machine every container sees: its programs and libraries, as far as they are there. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import type { Mount } from './container-script';

const programFolders = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/libx32',
  '/usr/libexec',
  '/usr/share',
];
/** Folders on old systems, links into /usr on current ones. */
const rootFolders = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
const etcFolders = ['/etc/ssl', '/etc/alternatives', '/etc/pki'];
const etcFiles = [
  '/etc/passwd',
  '/etc/group',
  '/etc/nsswitch.conf',
  '/etc/ld.so.cache',
  '/etc/services',
  '/etc/localtime',
];

export interface MachineTree {
  mounts: Mount[];
  links: Record<string, string>;
  etcFiles: string[];
}

let tree: MachineTree | undefined;

export function machineTree(): MachineTree {
  tree ??= readTree();
  return tree;
}

function readTree(): MachineTree {
  const isLink = (path: string) => lstatSync(path).isSymbolicLink();
  const roots = rootFolders.filter((path) => existsSync(path));
  const folders = [...programFolders, ...etcFolders].filter((path) => existsSync(path) && !isLink(path));
  return {
    mounts: [...folders, ...roots.filter((path) => !isLink(path))].map((path) => ({
      ...{ source: path, target: path },
      ...{ readOnly: true, kind: 'folder' as const },
    })),
    links: Object.fromEntries(roots.filter(isLink).map((path) => [path, readlinkSync(path)])),
    etcFiles: etcFiles.filter((path) => existsSync(path)),
  };
}
