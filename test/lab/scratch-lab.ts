/** A lab's folder and network without its processes, for tests of one part; removed with everything that runs in it. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { claimNetwork } from '../../lab/addresses/network';
import { labFolder } from '../../lab/cache';
import { claimsFolder, Lab } from '../../lab/lab';
import { down } from '../../lab/lifecycle/down';

export function scratchName(): string {
  return `test-${randomBytes(4).toString('hex')}`;
}

export async function makeScratchLab({ kubernetes = false } = {}): Promise<Lab> {
  const name = scratchName();
  await mkdir(labFolder(name), { recursive: true });
  await chmod(labFolder(name), 0o755);
  const network = await claimNetwork(claimsFolder(), labFolder(name));
  return Lab.create(name, {
    ...{ createdAt: new Date().toISOString(), network: network.prefix, identityHeader: 'header' },
    ...{ replicas: 0, timeFactor: 60, memoryFactor: 64, taskQueue: 'runbooks', worker: false, kubernetes },
  });
}

export async function removeScratchLab(lab: Lab): Promise<void> {
  await down(lab.name, { keepData: false });
}
