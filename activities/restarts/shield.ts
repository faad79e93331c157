/**
 * Raised before a restart is asked for, and lowered by itself as soon as the server has been restarted and takes writes: Azure's
 * operation ends a good while later. Clients do not wait for longer than they are said to as long as the old process serves them:
 * then they go on, and the restart meets them unprotected. A server that takes no writes is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { leaseMs } from '../pgbouncer/lease';
import { Pause, type PauseOptions } from './pause';
import type { Pool } from './pool';

export interface ShieldOptions extends PauseOptions {
  longestMs: number;
  /** Throws where the server takes no writes. */
  isRestarted(): Promise<boolean>;
}

const lookEveryMs = 100;
/** Nobody who was there is left to say how long it was. */
const endedBefore = `an earlier worker's pause had ended when another took over: the pods end it ${leaseMs / 1000} s after the last word of a worker that is gone`;

export class Shield {
  private pause: Pause | undefined;
  private watching: Promise<void> = Promise.resolve();
  private givenUp = false;
  private readonly said: string[] = [];

  /** `pool`: absent where there is none before the server. */
  constructor(
    private readonly pool: Pool | undefined,
    private readonly given: ShieldOptions,
  ) {}

  /** Throws PoolerNotPaused. */
  async raise(): Promise<void> {
    if (!this.pool) return;
    if (this.pause && !this.pause.over) return this.pause.again();
    this.up(await Pause.begin(this.pool, this.given));
  }

  /** What an earlier attempt has raised. `asked`: for the restart; where it is still to come, it is raised in any case. */
  async adopt({ asked, restarted }: { asked: boolean; restarted: boolean }): Promise<void> {
    if (!this.pool) return;
    const now = Date.now();
    const pause = await Pause.adopt(this.pool, this.given, { anew: asked && !restarted });
    if (asked && !(pause && pause.since < now)) this.said.push(endedBefore);
    if (pause) this.up(pause);
  }

  /** Nothing was asked of the server. */
  async lower(): Promise<void> {
    this.givenUp = true;
    await this.watching;
    this.givenUp = false;
  }

  /** Resolves when it is down. `restarts`: the restart is waited for. */
  async end({ restarts }: { restarts: boolean }): Promise<void> {
    if (!restarts) this.givenUp = true;
    await this.watching;
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
    const { given } = this;
    let restarted: boolean | undefined;
    while (given.isOurs()) {
      restarted = await given.isRestarted().catch(() => undefined);
      if (restarted) break;
      const late = Date.now() - pause.since > given.longestMs;
      if (restarted === false ? this.givenUp || late : this.givenUp && late) break;
      await sleep(lookEveryMs);
    }
    const { pods } = pause;
    await pause.end();
    const seconds = ((Date.now() - pause.since) / 1000).toFixed(1);
    const early = restarted === false && !this.givenUp ? ', and ended before the restart came' : '';
    this.said.push(`the pause of ${pods} pods lasted ${seconds} s${early}`);
  }
}
