/** Counts what a run's workers ask, and carries out a case's strikes at their moments. */
import type { Counts, Strike } from './case';
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

export class Strikes {
  count = 0;
  lastAt = 0;
  readonly failures: string[] = [];
  /** Orders that nobody took, and whose sender was told so. */
  readonly unheard: string[] = [];
  readonly counts: Counts = {
    ...{ request: 0, mutation: 0, afterMutation: 0, connection: 0 },
    ...{ redisChange: 0, redisRead: 0, directChange: 0 },
  };
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

  /** A request has arrived. Resolves when it may be answered. */
  async arrived({ isMutation }: Arrival): Promise<void> {
    this.counts.request += 1;
    if (isMutation) this.counts.mutation += 1;
    else this.counts.afterMutation = this.counts.mutation;
    await this.strike();
  }

  /** Nobody waits for what is struck; a worker is killed, or stands still, by the return. */
  counted(moment: 'connection' | 'redisChange' | 'redisRead' | 'directChange'): void {
    this.counts[moment] += 1;
    void this.strike();
  }

  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  /** Waits for nothing but what must come before the answer. */
  private async strike(): Promise<void> {
    for (const strike of [...this.open]) {
      const due = Object.entries(this.counts).some(
        ([what, count]) => count >= ((strike as Partial<Counts>)[what as keyof Counts] ?? Infinity),
      );
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

  /** An order can come too late; what another manager was to do, or what was to befall, has to be done. */
  private failed(strike: Strike, { message }: Error): void {
    if (strike.do === 'compete') this.failures.push(`${strike.competitor}: ${message}`);
    else if (strike.do === 'troublePooler') this.failures.push(`${strike.trouble}: ${message}`);
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
      case 'freezeRedisNode':
        return this.place.redisPods.freeze(strike.node, strike.thawAfterMs);
      case 'troublePooler':
        return this.place.troublePooler(strike);
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
        if (!(await this.run.insist(strike.do))) this.unheard.push(strike.do);
    }
  }
}
