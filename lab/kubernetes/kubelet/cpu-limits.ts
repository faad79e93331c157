/**
 * CPU limits, by a cgroup for each run of a container, where this machine's cgroups can be written: always as root, of
 * version 1 and 2 (docs.kernel.org, sched-bwc and cgroup-v2). Elsewhere a container has what it takes.
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const version1Folders = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'];
const version2Folder = '/sys/fs/cgroup';
const ours = 'durable-runbooks';
const periodMicroseconds = 100_000;
/** The kernel takes no less. */
const quotaMicrosecondsLeast = 1_000;

interface Hierarchy {
  folder: string;
  version: 1 | 2;
}

/** Undefined where CPU limits cannot be kept. */
export function cpuHierarchy(): Hierarchy | undefined {
  const version1 = version1Folders.find((folder) => existsSync(join(folder, 'cgroup.procs')));
  if (version1) return isWritable(version1) ? { folder: version1, version: 1 } : undefined;
  const controllers = join(version2Folder, 'cgroup.controllers');
  const has = existsSync(controllers) && readFileSync(controllers, 'utf8').split(/\s/).includes('cpu');
  return has && isWritable(version2Folder) ? { folder: version2Folder, version: 2 } : undefined;
}

/** A new cgroup with this limit. `name` is unique among the lab's containers. Undefined where there can be none. */
export function makeCpuGroup(lab: string, name: string, cores: number | undefined): string | undefined {
  const hierarchy = cpuHierarchy();
  if (!hierarchy) return undefined;
  const group = join(hierarchy.folder, ours, lab, name);
  try {
    mkdirSync(group, { recursive: true });
    if (hierarchy.version === 2) {
      for (const parent of [dirname(dirname(dirname(group))), dirname(dirname(group)), dirname(group)])
        writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu');
    }
    limitCpu(group, cores);
    return group;
  } catch (error) {
    console.error(`${new Date().toISOString()} CPU limit of ${name}: ${(error as Error).message}`);
    return undefined;
  }
}

/** Undefined: as much as there is. */
export function limitCpu(group: string, cores: number | undefined): void {
  const quota =
    cores === undefined ? undefined : Math.max(Math.round(cores * periodMicroseconds), quotaMicrosecondsLeast);
  if (existsSync(join(group, 'cpu.max')))
    writeFileSync(join(group, 'cpu.max'), `${quota ?? 'max'} ${periodMicroseconds}`);
  else writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota ?? -1));
}

/** After the last process of it has ended; one that is gone, or still has a process, is left as it is. */
export function removeCpuGroup(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // The next end of a container, or of the lab, finds it empty.
  }
}

/** What all of the lab's cgroups were in. */
export function removeCpuGroupsOf(lab: string): void {
  const hierarchy = cpuHierarchy();
  if (hierarchy) removeCpuGroup(join(hierarchy.folder, ours, lab));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
