/**
 * One pause of every pod of a pooler, around something that its server cannot serve during.
 *
 * 1. Each pod: take the lease; between two logins of its pool, and while the lease is fresh, PAUSE; wait until its transactions have ended. List the pods again: one that has
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
import { type Lease, leaseMs, LeaseSuperseded, putLease, readLease } from '../pgbouncer/lease';
import type { Claim } from './claim';
import { isPodPaused, onPod, type Pool } from './pool';

export interface PauseOptions extends Omit<Claim, 'identity'> {
  log(words: string): void;
}

/** Transactions that are open then get this long to end; new ones wait. */
const drainMs = 10_000;
const everyMs = 1000;
/** A rollout may just be ending. */
const settleMs = 60_000;
const resumeMs = 20_000;
const retryMs = 200;
const tries = 3;

export class Pause {
  private readonly held = new Map<string, Pod>();
  private readonly ending = new AbortController();
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
    pause.loops = [pause.repeat(() => pause.renew())];
    await pause.holdWhole(pods);
    pause.loops.push(pause.repeat(() => pause.look()));
    return pause;
  }

  /**
   * The one that an earlier attempt has begun; undefined where no pod is paused by a lease of this run. `anew`: paused in any case.
   * A pod that does not answer is left to its guard.
   */
  static async adopt(pool: Pool, given: PauseOptions, { anew }: { anew: boolean }): Promise<Pause | undefined> {
    const pods = (await pool.pods()).filter(({ address }) => address !== undefined);
    const own = (await Promise.all(pods.map(({ address }) => ownLease(address!, pool, given)))).flat();
    if (own.length === 0 && !anew) return undefined;
    const pause = new Pause(pool, given, Math.min(Date.now(), ...own.map(({ since }) => since)));
    await pause.tryEach(pods, (pod) => pause.hold(pod));
    pause.loops = [pause.repeat(() => pause.renew()), pause.repeat(() => pause.look())];
    return pause;
  }

  /** Each pod hears of this attempt, by a lease that is given back: an earlier one begins no pause any more. Never throws. */
  static async supersede(pool: Pool, given: PauseOptions): Promise<void> {
    const pause = new Pause(pool, given, Date.now());
    const pods = await pool.pods().catch((error: Error) => {
      given.log(error.message);
      return [];
    });
    await pause.tryEach(
      pods.filter(({ address }) => address !== undefined),
      (pod) => patiently(pod.name, () => pause.lend(addressOf(pod), 0)),
    );
  }

  /** Of an adopted one: a transaction may not have ended yet, or a guard have let a pod go. Throws PoolerNotPaused, with none paused. */
  async again(): Promise<void> {
    await this.holdWhole([...this.held.values()]);
  }

  get over(): boolean {
    return this.ending.signal.aborted;
  }

  /** Pods that appear are paused too, until there is no other. Throws PodTrouble where one cannot be. */
  async complete(): Promise<void> {
    for (let appeared = await this.unheld(); appeared.length > 0; appeared = await this.unheld()) {
      await this.holdAll(appeared);
    }
  }

  /** That in every pod which is paused, again and again until it succeeds there or the time is over. Never throws. */
  async everywhere(work: (host: string) => Promise<void>, forMs: number): Promise<void> {
    await this.tryEach([...this.held.values()], (pod) => this.persistently(() => work(addressOf(pod)), forMs));
  }

  get pods(): number {
    return this.held.size;
  }

  /**
   * Every pod resumed, as far as it answers within the time that is given it; the guard sees to the others. `letGo`: how, where
   * that is more than a RESUME.
   */
  async end(letGo: (host: string) => Promise<void> = (host) => this.resume(host)): Promise<void> {
    this.ending.abort();
    await Promise.all(this.loops);
    await this.tryEach([...this.held.values()], (pod) => {
      let again = false;
      return this.persistently(async () => {
        const host = addressOf(pod);
        // While it is tried again the guard keeps still: two that pause and resume would leave it paused.
        if (again) await this.lend(host).catch(() => undefined);
        again = true;
        await letGo(host);
        await this.lend(host, 0);
      }, resumeMs);
    });
  }

  /** Nothing where it is another attempt's by now. */
  private async persistently(work: () => Promise<void>, forMs: number): Promise<void> {
    for (const until = Date.now() + forMs; this.given.isOurs(); await sleep(retryMs)) {
      try {
        return await work();
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  }

  private async holdWhole(pods: Pod[]): Promise<void> {
    const { pool, given } = this;
    try {
      await this.holdAll(pods);
      await this.complete();
      // Whoever has taken over has the leases: nothing is done beside it.
      await this.renew();
      this.assertOurs();
    } catch (error) {
      await this.end();
      if (!given.isOurs()) given.assertAwake();
      if (!(error instanceof PodTrouble)) throw error;
      throw failure('PoolerNotPaused', `${pool.name} was not paused: ${error.message}`);
    }
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
    const lentAt = await patiently(name, () => this.lend(host));
    this.held.set(uid, pod);
    if (this.over) return;
    await this.order(host, lentAt, { answerMs: drainMs }).catch((error: Error) => {
      const late = /timeout/i.test(error.message);
      throw new PodTrouble(
        late ? `a transaction through ${name} did not end within ${drainMs / 1000} s` : `${name}: ${error.message}`,
      );
    });
  }

  /**
   * `lentAt`: before the lease was taken. A worker that has stood still since, for so long that it lapses, orders no pause: there would be
   * none by which the guard could end it.
   */
  private order(host: string, lentAt: number, limits?: { answerMs: number }): Promise<void> {
    const { pool } = this;
    const assertMay = () => {
      this.assertOurs();
      if (Date.now() > lentAt + leaseMs / 2) throw new Error('this worker stood still: its lease lapses');
    };
    return onPod(pool, host, ({ pause }) => pause(pool.upstream.database, assertMay), limits);
  }

  /** Resolves to when it was asked for. */
  private async lend(host: string, forMs = leaseMs): Promise<number> {
    const { holder, attempt } = this.given;
    const now = Date.now();
    const expiresAt = forMs === 0 ? 0 : now + forMs;
    try {
      await putLease(host, { holder, attempt, since: this.since, expiresAt }, this.pool.password);
      return now;
    } catch (error) {
      if (error instanceof LeaseSuperseded) this.given.supersede();
      throw error;
    }
  }

  private async resume(host: string): Promise<void> {
    const database = this.pool.upstream.database;
    if (await isPodPaused(this.pool, host)) await onPod(this.pool, host, ({ resume }) => resume(database));
  }

  /** The leases, by which it is also told whether a later attempt has them. Never throws. */
  renew(): Promise<void> {
    return this.tryEach([...this.held.values()], (pod) => this.lend(addressOf(pod)));
  }

  private async look(): Promise<void> {
    const appeared = await this.unheld();
    await this.tryEach(appeared, (pod) => this.hold(pod));
    // PgBouncer forgets a pause when it is started anew.
    await this.tryEach([...this.held.values()], async (pod) => {
      const host = addressOf(pod);
      if (this.over || (await isPodPaused(this.pool, host))) return;
      this.assertOurs();
      const lentAt = await this.lend(host);
      if (!this.over) await this.order(host, lentAt);
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
      // Whoever ends the pause does not wait for the next look.
      await sleep(everyMs, undefined, { signal: this.ending.signal }).catch(() => undefined);
      if (this.over || !this.given.isOurs()) return;
      await work().catch((error: Error) => this.given.log(error.message));
    }
  }

  private async tryEach(pods: Pod[], work: (pod: Pod) => Promise<unknown>): Promise<void> {
    await Promise.all(
      pods.map((pod) => work(pod).catch((error: Error) => this.given.log(`${pod.name}: ${error.message}`))),
    );
  }

  private assertOurs(): void {
    if (!this.given.isOurs()) this.given.assertAwake();
  }
}

/** Of a pod that is paused by it: one that was only lent, to be heard of, is no pause. */
async function ownLease(host: string, pool: Pool, { holder }: PauseOptions): Promise<Lease[]> {
  const lease = await readLease(host).catch(() => undefined);
  if (lease?.holder !== holder) return [];
  return (await isPodPaused(pool, host).catch(() => true)) ? [lease] : [];
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
export class PodTrouble extends Error {}

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
