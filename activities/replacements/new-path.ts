/** The path to the new primary, as each pod of the pooler is told it, and is seen to have it. */
import { type Console, isPaused, type Row } from '../pgbouncer/console';
import { isPodPaused, onPod, passPod, type Pool } from '../restarts/pool';
import { loadedHost } from './staging';

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

  /**
   * Every pod leads there, and none is paused: a transaction passes, for a pause of all is not in its tables. Pods that were made anew
   * lead there by themselves.
   */
  async isTaken(): Promise<boolean> {
    const pods = (await this.pool.pods()).filter(({ terminating, address }) => !terminating && address !== undefined);
    const there = await Promise.all(
      pods.map(async ({ address = '' }) => {
        if (await isPodPaused(this.pool, address)) return false;
        if ((await loadedHost(this.pool, address)) !== this.host) return false;
        await passPod(this.pool, address);
        return true;
      }),
    ).catch(() => [false]);
    return there.every(Boolean);
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
