/** The path to the new primary, as each pod of the pooler is told it, and is seen to have it. */
import type { Pod } from '../kubernetes/kubernetes';
import { type Console, isPaused, type Row } from '../pgbouncer/console';
import { readLease } from '../pgbouncer/lease';
import { isPodPaused, onPod, passPod, type Pool } from '../restarts/pool';
import { loadedHost, loadedHosts } from './staging';

export class NewPath {
  /** `host`: of the new primary, as PgBouncer is to have it. */
  constructor(
    private readonly pool: Pool,
    private readonly host: string,
  ) {}

  /** Throws where the pod, told to take its file, leads elsewhere. */
  lead(address: string): Promise<void> {
    return onPod(this.pool, address, async (pod) => void (await this.leadBy(pod)));
  }

  /** Leads there, and lets clients through. */
  letGo(address: string): Promise<void> {
    return onPod(this.pool, address, async (pod) => {
      const shown = await this.leadBy(pod);
      if (isPaused(shown)) await pod.resume(this.pool.upstream.database);
      await pod.resumeAll();
    });
  }

  /** Every pod that has an address has taken it. Pods that were made anew lead there by themselves. */
  async isTaken(): Promise<boolean> {
    const pods = (await this.pool.pods()).filter(({ terminating, address }) => !terminating && address !== undefined);
    return (await Promise.all(pods.map((pod) => this.openIn(pod)))).flat().length === 0;
  }

  /** The pods that lead there, and those that do not say where, in words. */
  async maybeThere(): Promise<string[]> {
    return [...(await loadedHosts(this.pool))].flatMap(([name, { host }]) => {
      if (host === undefined) return [`${name} does not say where it leads`];
      return host === this.host ? [`${name} leads to the new one`] : [];
    });
  }

  /**
   * Why a pod has not taken it yet; nothing where it has: it leads there, is in no pause, and a transaction passes, for a pause of all is
   * in none of its tables.
   */
  async openIn({ name, address }: Pick<Pod, 'name' | 'address'>): Promise<string[]> {
    if (address === undefined) return [`${name} has no address yet`];
    try {
      if (await isPodPaused(this.pool, address)) return [`${name} is paused`];
      if (await readLease(address)) return [`${name} has a lease of a pause`];
      const loaded = await loadedHost(this.pool, address);
      if (loaded !== this.host) return [`${name} leads to ${loaded}`];
      await passPod(this.pool, address);
      return [];
    } catch (error) {
      return [`${name}: ${(error as Error).message}`];
    }
  }

  /** What is shown of the database when it leads there. On one connection: each login is a moment that clients wait. */
  private async leadBy({ show, pauseAll, reload }: Console): Promise<Row | undefined> {
    const look = async () => (await show('DATABASES')).find(({ name }) => name === this.pool.upstream.database);
    const before = await look();
    if (before?.['host'] === this.host) return before;
    await pauseAll();
    await reload();
    const after = await look();
    if (after?.['host'] === this.host) return after;
    throw new Error(`it was told to take its file, and leads to ${after?.['host']}, not to ${this.host}`);
  }
}
