/**
 * The way of the clients from one primary to the other, while every pod of the pooler is paused.
 *
 * Before the promotion: pause all pods, list them again; see that nobody is left at the old primary; fence it; await the last byte at
 * the new one. What fails there opens the old one again and resumes: `prepare` throws, and clients have waited for a moment.
 *
 * After it, told by the new primary's own word and not by Azure's operation, which ends later: its logins restored, a write tried,
 * every pod given the new address and seen to have it, then all resumed. There is no way back, so a pod that does not take it stays
 * paused, for its guard.
 *
 * The old primary is opened again only where it is certain that no promotion was asked for, or that it has ended without effect:
 * the fence is what keeps two primaries from both taking writes (promotion-fate.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { replayLagBytesMax } from '../../catalogue';
import { failure, oneLine } from '../failures';
import { beginWriting } from '../pgbouncer/console';
import { awaitNobody, awaitReplay, fence, isFenced, openFence } from '../postgres/fence';
import { readReplicaState, readWalPosition } from '../postgres/reads';
import type { Session } from '../postgres/session';
import { Pause, type PauseOptions, PodTrouble } from '../restarts/pause';
import { isPodPaused, type Pool } from '../restarts/pool';
import { NewPath } from './new-path';
import type { PromotionFate } from './promotion-fate';

export interface Servers {
  /** The first two as the administrator, the third as the application. */
  old: Session;
  replacement: Session;
  client: Session;
  /** The replacement's, as PgBouncer is to have it. */
  host: string;
}

export interface CrossingOptions extends PauseOptions {
  roles: string[];
}

/** As long as open transactions get: a client of the pool that has left may have a query there that still runs. */
const leavingMs = 10_000;
const fenceMs = 5000;
const replayMs = 10_000;
const repointMs = 5000;
/** Found promoted at the last moment: clients are led there all the same. */
const leadingMs = 20_000;
const lookEveryMs = 20;
/** While it has to be seen that no promotion comes. */
const idleEveryMs = 1000;

export class Crossing {
  private pause: Pause | undefined;
  private watching: Promise<void> = Promise.resolve();
  /** The pause was ended on the old path. */
  private givenUp = false;
  private wasPromoted = false;
  /** The old primary lets nobody in, and all that was ever written there has arrived; or an earlier attempt has fenced it. */
  private isShut = false;
  private isPreparing = false;
  /** What an earlier attempt has left is known. */
  private isAdopted = false;
  /** It was promoted before that: not by us. */
  private byOthers = false;
  private readonly said: string[] = [];
  private readonly path: NewPath;
  /** Why the new primary takes no write of the application's. */
  private refusal = '';

  constructor(
    private readonly pool: Pool,
    private readonly servers: Servers,
    private readonly fate: PromotionFate,
    private readonly given: CrossingOptions,
  ) {
    this.path = new NewPath(pool, servers.host);
  }

  /**
   * Goes on with what an earlier attempt has left. Throws where the replacement does not answer, and nothing can have been asked of
   * it yet.
   */
  async adopt(): Promise<void> {
    const { old, replacement } = this.servers;
    const [promoted, fenced] = await Promise.allSettled([
      replacement.ask(isPrimary),
      old.ask((client) => isFenced(client, this.given.roles)),
    ]);
    // The fence comes before the promotion is asked for, and does not go while it may come: known before anything else can go wrong.
    if (fenced.status === 'rejected' || fenced.value) this.fate.adopted();
    if (promoted.status === 'rejected' && this.fate.isClean) throw promoted.reason as Error;
    this.isShut = fenced.status === 'rejected' || fenced.value;
    // A new primary that does not answer yet is watched, like one that is none yet.
    if (promoted.status === 'fulfilled' && promoted.value) this.found();
    const anew = this.wasPromoted && !(await this.isCrossed());
    const pause = await Pause.adopt(this.pool, this.given, { anew });
    if (pause) {
      await this.lookAtFence();
      this.up(pause);
    }
    this.isAdopted = true;
  }

  /** All is ready for the promotion. Throws SwitchoverGivenUp or PoolerNotPaused, with clients on the old path. */
  async prepare(): Promise<void> {
    this.fate.refused();
    this.givenUp = false;
    this.isPreparing = true;
    const { old, replacement } = this.servers;
    try {
      if (!this.pause || this.pause.over) {
        await this.assertNear();
        this.up(await Pause.begin(this.pool, this.given));
        await this.lookAtFence();
      } else {
        await this.assertWhole(this.pause);
      }
      this.given.assertAwake();
      await this.assertFollows();
      await old.ask((client) => awaitNobody(client, this.given.roles, leavingMs));
      // That took a while: nobody is shut out beside an attempt that has taken over.
      await this.pause!.renew();
      this.given.assertAwake();
      const position = await old.ask((client) => fence(client, this.given.roles, fenceMs));
      await replacement.ask((client) => awaitReplay(client, position, replayMs));
      this.isShut = true;
      // Whoever has taken over has the leases: nothing is promoted beside it.
      await this.pause!.renew();
      this.given.assertAwake();
    } catch (error) {
      await this.look().catch(() => undefined);
      await this.goBack();
      if (!this.given.isOurs()) this.given.assertAwake();
      if (error instanceof ApplicationFailure) throw error;
      throw failure('SwitchoverGivenUp', (error as Error).message);
    } finally {
      this.isPreparing = false;
    }
  }

  /** It was refused: clients go on with the old primary, unless an earlier one may come. */
  async refused(): Promise<void> {
    this.fate.refused();
    await this.goBack().catch((error: Error) => this.given.log(error.message));
  }

  /** Its operation has ended without effect. */
  async ended(): Promise<void> {
    this.fate.over();
    await this.refused();
  }

  /** An earlier attempt that is cut off from Temporal alone, and has paused nothing yet, hears of this one: by leases, which are nobody's soon. */
  async supersede(): Promise<void> {
    if (this.pause || this.wasPromoted) return;
    await Pause.supersede(this.pool, this.given);
    await this.lookAtFence();
  }

  /** An earlier attempt may have gone on until the leases were taken, from where it has heard of this one. */
  private async lookAtFence(): Promise<void> {
    if (this.isShut || this.byOthers) return;
    const fenced = await this.servers.old
      .ask((client) => isFenced(client, this.given.roles))
      .catch((error: Error) => {
        if (this.isPreparing) throw error;
        return true;
      });
    if (!fenced) return;
    this.fate.unheard();
    this.isShut = true;
  }

  /** Clients are on the old path, which is open. */
  get wentBack(): boolean {
    return this.givenUp;
  }

  /**
   * Throws PromotedByOthers where somebody else has promoted it: nobody is led there, for rows of the old one are missing in it. Throws
   * Drift where it may have been an earlier attempt of ours, and somebody has opened the old one since: clients may be on both.
   */
  async assertOurs(): Promise<void> {
    // Clients have been on the old one since, and nobody watches any more.
    if (this.givenUp) await this.look().catch(() => undefined);
    if (!this.byOthers) return;
    const pods = await this.path.maybeThere();
    if (this.fate.isClean && pods.length === 0) {
      throw failure(
        'PromotedByOthers',
        'somebody else has promoted the replacement while clients wrote to the old primary',
      );
    }
    const where = pods.length > 0 ? pods.join(', ') : 'this run may have promoted the new one';
    throw failure('Drift', `both primaries take writes, and ${where}: clients may have written to either`);
  }

  /** By the new primary's own word. */
  get isPromoted(): boolean {
    return this.wasPromoted;
  }

  /** Clients are on the new path. */
  get isOver(): boolean {
    return this.isAdopted && this.wasPromoted && this.pause?.over !== false;
  }

  /** Nothing where a promotion has taken effect, or may yet. Throws where that, or the fence, cannot be asked. */
  private async goBack(): Promise<void> {
    const { given } = this;
    const { replacement } = this.servers;
    if (!given.isOurs() || this.givenUp || (await this.fate.isOpen())) return;
    const promoted = await replacement.ask(isPrimary).catch((error: Error) => {
      if (!this.fate.isClean) throw error;
      // Gone before anybody has asked for anything: the old primary is all that there is.
      return false;
    });
    // A later attempt of which this one has not heard may just be about to promote.
    if (this.pause?.over === false) await this.pause.renew();
    // Promoted by somebody else before the fence: who was let in at the old one has written there.
    if (this.wasPromoted || (promoted && !this.byOthers) || !given.isOurs()) return;
    await this.reopen();
    await this.watching;
  }

  private async reopen(): Promise<void> {
    this.isShut = false;
    await this.servers.old.ask((client) => openFence(client, this.given.roles));
    this.givenUp = true;
  }

  /** Resolves when clients are on one of the two; or when that long has passed, where a promotion may still come. */
  async end(forMs: number): Promise<void> {
    const until = Date.now() + forMs;
    while (!this.givenUp && !this.wasPromoted && this.given.isOurs()) {
      // What an earlier attempt has asked for may take effect after the first look, and nobody is there who watches it.
      if (!this.fate.isClean && !this.pause) await this.adopt();
      if (this.fate.isUnderWay && this.pause) break;
      // The old primary may just be restarting; or it has to be seen that nothing comes.
      if (!this.fate.isUnderWay && !this.wasPromoted) await this.refused();
      if (Date.now() > until) break;
      await sleep(this.fate.mayCome ? idleEveryMs : lookEveryMs);
    }
    const late = new AbortController();
    const left = Math.max(until - Date.now(), leadingMs);
    const time = sleep(left, undefined, { signal: late.signal }).catch(() => undefined);
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
    const { given, servers, path } = this;
    while (given.isOurs() && !this.givenUp && !this.wasPromoted) {
      const promoted = await servers.replacement.ask(isPrimary).catch(() => false);
      if (promoted && !this.isPreparing) {
        this.found();
        // Nobody waits for what Azure says of it.
        if (this.byOthers) await this.reopen().catch((error: Error) => given.log(error.message));
      }
      if (!this.wasPromoted) await sleep(lookEveryMs);
    }
    const { pods } = pause;
    if (!this.wasPromoted) {
      await pause.end();
    } else {
      const promotedAt = Date.now();
      // Nobody is let through before both are done.
      await Promise.all([this.open(), pause.everywhere((address) => path.lead(address), repointMs)]);
      await pause.end((address) => path.letGo(address));
      this.said.push(`of these ${seconds(Date.now() - promotedAt)} after the promotion`);
    }
    if (!given.isOurs()) return;
    this.said.unshift(`${pods} pods were paused for ${seconds(Date.now() - pause.since)}`);
  }

  /** A primary, which it has become by us where the old one was shut before. */
  private found(): void {
    this.wasPromoted = this.isShut;
    this.byOthers = !this.isShut;
    this.fate.over();
  }

  /** Throws as assertOurs does. */
  private async assertFollows(): Promise<void> {
    await this.look();
    await this.assertOurs();
  }

  /** Whether somebody else has promoted it, while the old one was open. */
  private async look(): Promise<void> {
    if (!this.isShut && (await this.servers.replacement.ask(isPrimary))) this.found();
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

  /** Clients are let in at the new primary, and on their way there. The fence has come along with the last byte. */
  private async isCrossed(): Promise<boolean> {
    const fenced = await this.servers.replacement.ask((client) => isFenced(client, this.given.roles)).catch(() => true);
    return !fenced && (await this.path.isTaken());
  }

  private async assertNear(): Promise<void> {
    const { old, replacement } = this.servers;
    const position = await old.ask(readWalPosition);
    const { streaming, replayLagBytes, replayPause } = await replacement.ask((client) =>
      readReplicaState(client, position),
    );
    if (streaming && replayLagBytes <= replayLagBytesMax && replayPause === 'not paused') return;
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
