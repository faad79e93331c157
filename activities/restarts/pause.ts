/**
 * One pause of every pod of a pooler, around something that its server cannot serve during.
 *
 * 1. Each pod: take the lease, then PAUSE, and wait until its transactions have ended. List the pods again: one that has
 *    appeared is paused too. A pod that cannot be paused ends the pause before it has begun.
 * 2. Until it is over, the leases are renewed every second; a pod that appears, or whose PgBouncer was started anew, is paused.
 * 3. Over: RESUME everywhere, the leases given back.
 *
 * Nothing is done where the activity is another attempt's by now (`isOurs`): that one goes on with the pause, or the guard in
 * each pod ends it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../failures';
import type { Pod } from '../kubernetes/kubernetes';
import { leaseMs, putLease, readLease } from '../pgbouncer/lease';
import { isPodPaused, onPod, type Pool } from './pool';

export interface PauseOptions {
  /** The run's id. */
  holder: string;
  isOurs(): boolean;
  /** Throws where it is another attempt's by now. */
  assertAwake(): void;
  log(words: string): void;
}

/** Transactions that are open then get this long to end; new ones wait. */
export const drainMs = 10_000;
const everyMs = 1000;
/** A rollout may just be ending. */
const settleMs = 60_000;
const resumeMs = 20_000;
const retryMs = 200;
const tries = 3;

export class Pause {
  private readonly held = new Map<string, Pod>();
  private isOver = false;
  private loops: Promise<void>[] = [];

  private constructor(
    private readonly pool: Pool,
    private readonly given: PauseOptions,
    /** Milliseconds since the epoch: when the first client began to wait. */
    readonly since: number,
  ) {}

  /** Every pod is paused. Throws PoolerNotPaused, with none paused. */
  static async begin(pool: Pool, given: PauseOptions): Promise<Pause> {
    const pods = await settled(pool);
    const pause = new Pause(pool, given, Date.now());
    try {
      pause.loops = [pause.repeat(() => pause.renew())];
      await pause.holdAll(pods);
      for (let appeared = await pause.unheld(); appeared.length > 0; appeared = await pause.unheld()) {
        await pause.holdAll(appeared);
      }
    } catch (error) {
      await pause.end();
      if (!given.isOurs()) given.assertAwake();
      if (!(error instanceof PodTrouble)) throw error;
      throw failure('PoolerNotPaused', `${pool.name} was not paused: ${error.message}`);
    }
    pause.loops.push(pause.repeat(() => pause.look()));
    return pause;
  }

  /**
   * The one that an earlier attempt has begun; undefined where no pod has a lease of this run. `anew`: paused in any case.
   * A pod that does not answer is left to its guard.
   */
  static async adopt(pool: Pool, given: PauseOptions, { anew }: { anew: boolean }): Promise<Pause | undefined> {
    const pods = (await pool.pods()).filter(({ address }) => address !== undefined);
    const leases = await Promise.all(pods.map(({ address }) => readLease(address!).catch(() => undefined)));
    const own = leases.filter((lease) => lease?.holder === given.holder);
    if (own.length === 0 && !anew) return undefined;
    const pause = new Pause(pool, given, Math.min(Date.now(), ...own.map((lease) => lease!.since)));
    await pause.tryEach(pods, (pod) => pause.hold(pod));
    pause.loops = [pause.repeat(() => pause.renew()), pause.repeat(() => pause.look())];
    return pause;
  }

  get over(): boolean {
    return this.isOver;
  }

  get pods(): number {
    return this.held.size;
  }

  /** Every pod resumed, as far as it answers within the time that is given it; the guard sees to the others. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.loops);
    const until = Date.now() + resumeMs;
    await this.tryEach([...this.held.values()], async (pod) => {
      for (;;) {
        if (!this.given.isOurs()) return;
        try {
          return await this.release(pod);
        } catch (error) {
          if (Date.now() > until) throw error;
          await sleep(retryMs);
        }
      }
    });
  }

  private async holdAll(pods: Pod[]): Promise<void> {
    // All have begun to wait before one may fail: what is paused is then known.
    const results = await Promise.allSettled(pods.map((pod) => this.hold(pod)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async hold(pod: Pod): Promise<void> {
    const { pool, given } = this;
    const [{ name, uid }, host] = [pod, addressOf(pod)];
    const [paused, lease] = await patiently(name, () => Promise.all([isPodPaused(pool, host), readLease(host)]));
    if (paused && lease?.holder !== given.holder) {
      throw new PodTrouble(`${name} is in a pause ${lease ? `of ${lease.holder}` : 'that somebody has ordered'}`);
    }
    this.assertOurs();
    await patiently(name, () => this.lend(host));
    this.held.set(uid, pod);
    if (this.isOver) return;
    const database = pool.upstream.database;
    await onPod(pool, host, ({ pause }) => pause(database), { answerMs: drainMs }).catch((error: Error) => {
      const late = /timeout/i.test(error.message);
      throw new PodTrouble(
        late ? `a transaction through ${name} did not end within ${drainMs / 1000} s` : `${name}: ${error.message}`,
      );
    });
  }

  private lend(host: string, expiresAt = Date.now() + leaseMs): Promise<void> {
    const { holder } = this.given;
    return putLease(host, { holder, since: this.since, expiresAt }, this.pool.password);
  }

  private async release(pod: Pod): Promise<void> {
    const host = addressOf(pod);
    const database = this.pool.upstream.database;
    if (await isPodPaused(this.pool, host)) await onPod(this.pool, host, ({ resume }) => resume(database));
    await this.lend(host, 0);
  }

  private renew(): Promise<void> {
    return this.tryEach([...this.held.values()], (pod) => this.lend(addressOf(pod)));
  }

  private async look(): Promise<void> {
    const appeared = await this.unheld();
    await this.tryEach(appeared, (pod) => this.hold(pod));
    // PgBouncer forgets a pause when it is started anew.
    await this.tryEach([...this.held.values()], async (pod) => {
      const host = addressOf(pod);
      if (this.isOver || (await isPodPaused(this.pool, host))) return;
      this.assertOurs();
      if (!this.over) await onPod(this.pool, host, ({ pause }) => pause(this.pool.upstream.database));
    });
  }

  /** Pods that could let somebody through; those that have gone are forgotten. */
  private async unheld(): Promise<Pod[]> {
    const pods = await this.pool.pods();
    for (const uid of this.held.keys()) if (!pods.some((pod) => pod.uid === uid)) this.held.delete(uid);
    return pods.filter(({ uid, address, terminating }) => !this.held.has(uid) && address !== undefined && !terminating);
  }

  private async repeat(work: () => Promise<void>): Promise<void> {
    for (;;) {
      await sleep(everyMs);
      if (this.isOver || !this.given.isOurs()) return;
      await work().catch((error: Error) => this.given.log(error.message));
    }
  }

  private async tryEach(pods: Pod[], work: (pod: Pod) => Promise<void>): Promise<void> {
    await Promise.all(
      pods.map((pod) => work(pod).catch((error: Error) => this.given.log(`${pod.name}: ${error.message}`))),
    );
  }

  private assertOurs(): void {
    if (!this.given.isOurs()) this.given.assertAwake();
  }
}

/** Resolves to the pods when all of them stay. Throws PoolerNotPaused where that takes too long. */
async function settled(pool: Pool): Promise<Pod[]> {
  const until = Date.now() + settleMs;
  for (;;) {
    const pods = await pool.pods();
    const moving = pods.filter(({ ready, terminating, address }) => !ready || terminating || address === undefined);
    if (pods.length > 0 && moving.length === 0) return pods;
    if (Date.now() > until) {
      const names = moving.map(({ name, terminating }) => `${name} is ${terminating ? 'leaving' : 'not Ready'}`);
      throw failure('PoolerNotPaused', `${pool.name}: ${names.join(', ') || 'it has no pod'}`);
    }
    await sleep(everyMs);
  }
}

function addressOf({ name, address }: Pod): string {
  if (address === undefined) throw new PodTrouble(`${name} has no address`);
  return address;
}

/** Why a pod cannot be paused. */
class PodTrouble extends Error {}

/** A pod on a busy node may be late once. */
async function patiently<T>(pod: string, work: () => Promise<T>): Promise<T> {
  for (let left = tries; ;) {
    try {
      return await work();
    } catch (error) {
      if (--left === 0) throw new PodTrouble(`${pod}: ${(error as Error).message}`);
      await sleep(retryMs);
    }
  }
}
