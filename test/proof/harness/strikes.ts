/** Counts what a run's workers ask, and carries out a case's strikes at their moments. */
import type { Strike } from './case';
import type { Conducted } from './conduct';
import type { Place } from './place';
import type { Arrival } from './request';
import type { Stage } from './stage';
import type { WorkerProcess } from './worker-process';

export interface StrikeActions {
  startRival(): Promise<void>;
  /** One of the variant's competitors writes. */
  compete(competitor: string): Promise<void>;
}

const moments = ['request', 'mutation', 'afterMutation', 'connection'] as const;
type Counts = Record<(typeof moments)[number], number>;

export class Strikes {
  count = 0;
  lastAt = 0;
  readonly failures: string[] = [];
  private readonly counts: Counts = { request: 0, mutation: 0, afterMutation: 0, connection: 0 };
  private readonly open: Strike[];
  private readonly running: Promise<unknown>[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly place: Place,
    private readonly worker: WorkerProcess,
    private readonly run: Conducted,
    strikes: Strike[],
    private readonly actions: StrikeActions,
  ) {
    this.open = [...strikes];
  }

  get connections(): number {
    return this.counts.connection;
  }

  /** A request has arrived. Resolves when it may be answered. */
  async arrived({ isMutation }: Arrival): Promise<void> {
    this.counts.request += 1;
    if (isMutation) this.counts.mutation += 1;
    else this.counts.afterMutation = this.counts.mutation;
    await this.strike();
  }

  connected(): void {
    this.counts.connection += 1;
    void this.strike();
  }

  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  /** Waits for nothing but what must come before the answer. */
  private async strike(): Promise<void> {
    for (const strike of [...this.open]) {
      const due = moments.some((moment) => this.counts[moment] >= ((strike as Partial<Counts>)[moment] ?? Infinity));
      if (!due || !this.open.includes(strike)) continue;
      this.open.splice(this.open.indexOf(strike), 1);
      this.count += 1;
      this.lastAt = Date.now();
      const done = this.carryOut(strike)
        .catch((error: Error) => this.failed(strike, error))
        .then(() => (this.lastAt = Date.now()));
      this.running.push(done);
      if (strike.do === 'compete') await done;
    }
  }

  /** An order can come too late; what another manager was to do has to be done. */
  private failed(strike: Strike, { message }: Error): void {
    if (strike.do === 'compete') this.failures.push(`${strike.competitor}: ${message}`);
    else this.stage.warnings.push(`${strike.do}: ${message}`);
  }

  private async carryOut(strike: Strike): Promise<void> {
    switch (strike.do) {
      case 'killWorker':
        return this.worker.replace();
      case 'freezeWorker':
        return this.worker.freeze(strike.thawAfterMs);
      case 'killPostgres': {
        const { names, primary } = this.place.servers;
        const server = this.stage.resourceManager.postgres(names[strike.server] ?? primary);
        await server.kill();
        await new Promise((resolve) => setTimeout(resolve, strike.restartAfterMs));
        return server.start();
      }
      case 'failOverRedis': {
        const redis = this.stage.resourceManager.redis(this.place.caches.name);
        await redis.stop();
        await new Promise((resolve) => setTimeout(resolve, strike.afterMs));
        return redis.start();
      }
      case 'killRedisNode':
        return this.place.redisPods.kill(strike.node);
      case 'killTemporal':
        await this.stage.temporal.process.kill();
        return this.stage.temporal.start();
      case 'cancel':
        await this.run.handle.cancel();
        return;
      case 'terminate':
        await this.run.handle.terminate('for the proof');
        return;
      case 'arm':
        this.place.arm(strike.fault);
        return;
      case 'startRival':
        return this.actions.startRival();
      case 'compete':
        return this.actions.compete(strike.competitor);
      default:
        return this.run.say(strike.do);
    }
  }
}
