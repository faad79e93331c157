/**
 * Ends everything that a lab started, and nothing else: what runs is read from the lab's own folder, process by process,
 * so it works as well when the daemon is gone.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { releaseNetwork } from '../addresses/network';
import { labFolder } from '../cache';
import { claimsFolder, Lab } from '../lab';
import { stopPostmaster } from '../postgres/postmaster';
import { Parts } from './parts';

/** False when there was nothing. With `keepData` the folder and the addresses stay, for the next `up`. */
export async function down(name: string, { keepData }: { keepData: boolean }): Promise<boolean> {
  const lab = Lab.find(name);
  if (lab) await end(new Parts(lab), keepData);
  else if (!existsSync(labFolder(name))) return false;
  if (!keepData) {
    await rm(labFolder(name), { recursive: true, force: true, maxRetries: 3 });
    await releaseNetwork(claimsFolder(), labFolder(name));
  }
  return true;
}

/** The worker first, which uses all others; a server that is thrown away need not write its memory to its files. */
async function end(parts: Parts, keepData: boolean): Promise<void> {
  await parts.worker.frozen.kill();
  if (keepData) await parts.worker.process.stop();
  else await parts.worker.process.kill();
  await parts.cluster?.stop();
  await parts.daemon.stop();
  await Promise.all([
    // Its state is in a SQLite file, which survives a kill; a polite end takes it more than five seconds.
    parts.temporal.process.kill(),
    ...parts.caches.map((cache) => (keepData ? cache.stop(20_000) : cache.kill())),
    ...parts.dataFolders.map((folder) => stopPostmaster(folder, keepData ? 'fast' : 'immediate')),
  ]);
}
