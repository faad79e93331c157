/**
 * The way of the clients from one primary to the other, while every pod of the pooler is paused.
 *
 * Before the promotion: pause all pods, list them again; fence the old primary; await the last byte at the new one. What fails
 * there opens the old one again and resumes: `prepare` throws, and clients have waited for a moment.
 *
 * After it, told by the new primary's own word and not by Azure's operation, which ends later: its logins restored, a write tried,
 * every pod given the new address and seen to have it, then all resumed. There is no way back, so a pod that does not take it stays
 * paused, for its guard.
 *
 * The old primary is opened again only where it is certain that no promotion was asked for, or that it has ended without effect:
 * the fence is what keeps two primaries from both taking writes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { failure, oneLine } from '../failures';
import { beginWriting } from '../pgbouncer/console';
import { awaitReplay, fence, isFenced, openFence } from '../postgres/fence';
import { readReplicaState, readWalPosition } from '../postgres/reads';
import type { Session } from '../postgres/session';
import { Pause, type PauseOptions, PodTrouble } from '../restarts/pause';
import { isPodPaused, onPod, type Pool } from '../restarts/pool';
import { loadedHost } from './staging';

export interface Servers {
  /** As the administrator, all three; the third as the application. */
  old: Session;
  replacement: Session;
  client: Session;
  /** The replacement's, as PgBouncer is to have it. */
  host: string;
}

export interface CrossingOptions extends PauseOptions {
  roles: string[];
}

/** One that is further behind is not paused for. */
const lagBytesMax = 1024 * 1024;
const fenceMs = 5000;
const replayMs = 10_000;
const repointMs = 5000;
const lookEveryMs = 20;
const adoptEveryMs = 500;

export class Crossing {
  private pause: Pause | undefined;
  private watching: Promise<void> = Promise.resolve();
  /** The pause was ended on the old path. */
  private givenUp = false;
  private wasPromoted = false;
  /** A promotion may be on its way, of this attempt or of an earlier one. */
  private mayComeYet = false;
  private readonly said: string[] = [];
  /** Why the new primary takes no write of the application's. */
  private refusal = '';

  constructor(
    private readonly pool: Pool,
    private readonly servers: Servers,
    private readonly given: CrossingOptions,
  ) {}

  /** Goes on with what an earlier attempt has left. */
  async adopt(): Promise<void> {
    const { old, replacement } = this.servers;
    const [promoted, fenced] = await Promise.all([
      replacement.ask(isPrimary),
      old.ask((client) => isFenced(client, this.given.roles)).catch(() => true),
    ]);
    // The fence comes before the promotion is asked for, and does not go while it may come.
    this.mayComeYet = fenced && !promoted;
    this.wasPromoted = promoted;
    const anew = promoted && !(await this.isCrossed());
    const pause = await Pause.adopt(this.pool, this.given, { anew });
    if (pause) this.up(pause);
  }

  /** All is ready for the promotion. Throws SwitchoverGivenUp or PoolerNotPaused, with clients on the old path. */
  async prepare(): Promise<void> {
    this.mayComeYet = false;
    this.givenUp = false;
    const { old, replacement } = this.servers;
    try {
      if (!this.pause || this.pause.over) {
        await this.assertNear();
        this.up(await Pause.begin(this.pool, this.given));
      } else {
        await this.assertWhole(this.pause);
      }
      this.given.assertAwake();
      const position = await old.ask((client) => fence(client, this.given.roles, fenceMs));
      await replacement.ask((client) => awaitReplay(client, position, replayMs));
    } catch (error) {
      await this.goBack();
      if (!this.given.isOurs()) this.given.assertAwake();
      if (error instanceof ApplicationFailure) throw error;
      throw failure('SwitchoverGivenUp', (error as Error).message);
    }
  }

  /** The promotion was asked for, or may have been. */
  asked(): void {
    this.mayComeYet = true;
  }

  /** It was refused, or has ended without effect: clients go on with the old primary. */
  async refused(): Promise<void> {
    this.mayComeYet = false;
    await this.goBack().catch((error: Error) => this.given.log(error.message));
  }

  /** Clients are on the old path, which is open. */
  get wentBack(): boolean {
    return this.givenUp;
  }

  /** Clients are on the new path. */
  get isOver(): boolean {
    return this.wasPromoted && this.pause?.over !== false;
  }

  /** Nothing where the promotion has taken effect. Throws where that, or the fence, cannot be asked. */
  private async goBack(): Promise<void> {
    const { given } = this;
    const { old, replacement } = this.servers;
    if (!given.isOurs() || this.givenUp || (await replacement.ask(isPrimary))) return;
    await old.ask((client) => openFence(client, given.roles));
    this.givenUp = true;
    await this.watching;
  }

  /** Resolves when clients are on one of the two; or when that long has passed, where a promotion may still come. */
  async end(forMs: number): Promise<void> {
    const until = Date.now() + forMs;
    // What an earlier attempt has asked for may take effect after the first look, and nobody is there who watches it.
    while (this.mayComeYet && !this.pause && this.given.isOurs() && Date.now() < until) {
      await this.adopt();
      if (this.mayComeYet) await sleep(adoptEveryMs);
    }
    // The old primary may just be restarting.
    while (!this.mayComeYet && !this.givenUp && !this.wasPromoted && this.given.isOurs()) {
      await this.refused();
      if (Date.now() > until) break;
      await sleep(lookEveryMs);
    }
    const late = new AbortController();
    const time = sleep(forMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.watching, time]);
    late.abort();
  }

  /** What keeps clients from going on, once there is no way back. */
  get trouble(): string {
    return this.refusal ? `takes no write of the application’s yet: ${this.refusal}` : 'not every pod leads there';
  }

  /** How long clients have waited. */
  get words(): string {
    return this.said.join('; ');
  }

  private up(pause: Pause): void {
    this.pause = pause;
    this.watching = this.watch(pause);
  }

  private async watch(pause: Pause): Promise<void> {
    const { given, servers } = this;
    while (given.isOurs() && !this.givenUp && !this.wasPromoted) {
      this.wasPromoted = await servers.replacement.ask(isPrimary).catch(() => false);
      if (!this.wasPromoted) await sleep(lookEveryMs);
    }
    const { pods } = pause;
    if (!this.wasPromoted) {
      await pause.end();
    } else {
      const promotedAt = Date.now();
      await this.open();
      await pause.everywhere((address) => this.lead(address), repointMs);
      await pause.end((address) => this.letGo(address));
      this.said.push(`of these ${seconds(Date.now() - promotedAt)} after the promotion`);
    }
    if (!given.isOurs()) return;
    this.said.unshift(`${pods} pods were paused for ${seconds(Date.now() - pause.since)}`);
  }

  /** Until the new primary takes a write of the application's. */
  private async open(): Promise<void> {
    const { given } = this;
    const { replacement, client } = this.servers;
    for (; given.isOurs(); await sleep(lookEveryMs)) {
      try {
        await replacement.ask((admin) => openFence(admin, given.roles));
        await client.ask(async (application) => {
          await beginWriting(application);
          await application.query('ROLLBACK');
        });
        this.refusal = '';
        return;
      } catch (error) {
        const words = oneLine((error as Error).message);
        if (words !== this.refusal) given.log(`the new primary takes no write yet: ${(this.refusal = words)}`);
      }
    }
  }

  private async lead(address: string): Promise<void> {
    const { host } = this.servers;
    if ((await loadedHost(this.pool, address)) === host) return;
    await onPod(this.pool, address, async ({ pauseAll, reload }) => {
      await pauseAll();
      await reload();
    });
    const loaded = await loadedHost(this.pool, address);
    if (loaded !== host) throw new Error(`it was told to take its file, and leads to ${loaded}, not to ${host}`);
  }

  private async letGo(address: string): Promise<void> {
    await this.lead(address);
    const paused = await isPodPaused(this.pool, address);
    await onPod(this.pool, address, async ({ resume, resumeAll }) => {
      if (paused) await resume(this.pool.upstream.database);
      await resumeAll();
    });
  }

  /** Every pod leads to the new primary, and none is paused. */
  private async isCrossed(): Promise<boolean> {
    const pods = (await this.pool.pods()).filter(({ terminating, address }) => !terminating && address !== undefined);
    const there = await Promise.all(
      pods.map(async ({ address = '' }) => {
        if (await isPodPaused(this.pool, address)) return false;
        return (await loadedHost(this.pool, address)) === this.servers.host;
      }),
    ).catch(() => [false]);
    return there.every(Boolean);
  }

  private async assertNear(): Promise<void> {
    const { old, replacement } = this.servers;
    const position = await old.ask(readWalPosition);
    const { streaming, replayLagBytes, replayPause } = await replacement.ask((client) =>
      readReplicaState(client, position),
    );
    if (streaming && replayLagBytes <= lagBytesMax && replayPause === 'not paused') return;
    const state = `${streaming ? '' : 'does not stream, '}is ${replayLagBytes} bytes behind, its replay is ${replayPause}`;
    throw failure('SwitchoverGivenUp', `the replica ${state}: nobody was paused for it`);
  }

  /** Of an adopted pause: guards may have ended it in the meantime. */
  private async assertWhole(pause: Pause): Promise<void> {
    await pause.complete();
    const open = (await this.pool.pods()).filter(({ terminating, address }) => !terminating && address !== undefined);
    const paused = await Promise.all(open.map(({ address = '' }) => isPodPaused(this.pool, address)));
    if (!paused.every(Boolean)) throw new PodTrouble('a pod was resumed while no worker was there');
  }
}

async function isPrimary(client: { query: <Row>(text: string) => Promise<{ rows: Row[] }> }): Promise<boolean> {
  const { rows } = await client.query<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery');
  return !rows[0]!.recovery;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
