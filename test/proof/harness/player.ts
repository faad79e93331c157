/**
 * Plays one case after the other with one worker, each on a place of its own kind.
 *
 * 1. A place in the state `before`: the last one, where it is so again; else a new one. Clients begin to write.
 * 2. Azure's faults are armed, the run is started with its hooks; strikes come when the worker's requests do.
 * 3. The run is followed to its end; then everything that happened is collected, and every invariant is asked.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { RunbookEntry } from '../../../catalogue';
import { lockMessages, lockWorkflowId } from '../../../catalogue';
import type { ArmedFault, LoggedRequest } from '../../../lab/azure';
import { until } from '../../../lab/processes';
import { differences } from '../invariants/outcome';
import { type Violation, violationsIn } from '../invariants';
import type { Subject, Variant } from '../subjects/subject';
import type { AzureFault, Case, Strike } from './case';
import { Conducted } from './conduct';
import { type Evidence, isMutation, type LockEvidence } from './evidence';
import { unmet } from './expectation';
import { holdingsIn } from './history';
import { hooksMemo } from './hooks';
import { Place } from './place';
import type { Replayer } from './replayer';
import type { Stage } from './stage';
import type { WorkerProcess } from './worker-process';

const timing = { soakSeconds: 2, operationTimeoutSeconds: 60, verificationTimeoutSeconds: 45 };
/** From the last fault to the end. */
const deadlineSeconds = 150;
/** A lock sees the end of its holder at once, and within this where a worker had to be replaced. */
const handBackMs = 20_000;
const traffic = { clients: 2, rate: 20 };

export interface Scene {
  subject: Subject;
  variant: Variant;
  entry: RunbookEntry;
}

export interface Result {
  scene: Scene;
  case: Case;
  violations: Violation[];
  evidence: Evidence;
  seconds: number;
  /** Nothing of what was to happen did: such a case shows nothing. */
  missed: boolean;
  workerLog: string;
}

export class Player {
  private place: { place: Place; variant: Variant; before: Record<string, string> } | undefined;
  private requests: LoggedRequest[] = [];
  private mutations = 0;
  private connections = 0;
  private onRequest: ((request: LoggedRequest) => void) | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly worker: WorkerProcess,
    private readonly replayer: Replayer,
  ) {
    stage.listen(worker.name, (request) => {
      this.requests.push(request);
      if (isMutation(request)) this.mutations += 1;
      this.onRequest?.(request);
    });
  }

  /** The variant that it could play without making new servers. */
  get readyFor(): Variant | undefined {
    return this.place?.variant;
  }

  async play(scene: Scene, given: Case): Promise<Result> {
    try {
      return await this.attempt(scene, given);
    } catch (error) {
      // What is left of the place is unknown.
      await this.leave();
      throw error;
    }
  }

  private async attempt(scene: Scene, given: Case): Promise<Result> {
    const began = Date.now();
    const { place, before } = await this.placeFor(scene);
    await place.traffic.start(traffic);
    this.requests = [];
    this.mutations = 0;
    this.connections = 0;
    const strikes = new Strikes(this.stage, place, this.worker, given.strikes);
    const armed = Date.now();
    const faults = given.azure.map((fault) => arm(this.stage, place, fault));
    const input = {
      ...{ ...scene.variant.input(place), requestedBy: 'asker@example.com', reason: 'the proof' },
      timing: { ...timing, ...given.timing },
    };
    const run = new Conducted(
      this.stage,
      await start(this.stage.client, this.worker.name, scene.entry.name, input, given, place),
      (trouble, asked) => {
        // Whoever is asked sees to it first that Azure goes on.
        this.stage.resourceManager.faults.clear('operation-hangs', place.servers);
        return given.answer(trouble, asked);
      },
    );
    const rivals: Conducted[] = [];
    strikes.onRival = async () => {
      const rival = { ...input, requestedBy: 'rival@example.com', onBusy: 'refuse' };
      const handle = await start(this.stage.client, this.worker.name, scene.entry.name, rival, { hooks: [] }, place);
      rivals.push(new Conducted(this.stage, handle, () => 'retry'));
    };
    const count = () =>
      strikes.at({ request: this.requests.length, mutation: this.mutations, connection: this.connections }, run);
    this.onRequest = count;
    place.onSql = () => {
      this.connections += 1;
      count();
    };
    const lastFault = () => Math.max(armed, strikes.lastAt);
    await run.follow(() => lastFault() + deadlineSeconds * 1000);
    await strikes.settled();
    for (const rival of rivals) await rival.follow(() => lastFault() + deadlineSeconds * 1000);
    const settledSeconds = (Date.now() - lastFault()) / 1000;
    this.stage.resourceManager.faults.clear(undefined, place.servers);
    const evidence = await this.collect(scene, given, place, before, [run, ...rivals], settledSeconds);
    this.onRequest = undefined;
    place.onSql = () => undefined;
    await this.worker.endEarlier();
    const missed = faults.filter(({ name, hits }) => hits === 0 && !name.startsWith('backup-')).map(({ name }) => name);
    const violations = [...violationsIn(evidence), ...unmet(evidence, strikes.count, missed)];
    const asBefore = differences(before, evidence.after).length === 0 && violations.length === 0;
    if (!asBefore || evidence.runs[0].status === 'TERMINATED') await this.leave();
    const seconds = (Date.now() - began) / 1000;
    const idle = strikes.count === 0 && given.hooks.length === 0 && missed.length === given.azure.length;
    const missedAll = given.strikes.length + given.azure.length > 0 && idle;
    return {
      ...{ scene, case: given, violations, evidence, seconds },
      ...{ missed: missedAll, workerLog: this.worker.logFile },
    };
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.worker.stop();
  }

  private async placeFor({ subject, variant }: Scene): Promise<NonNullable<Player['place']>> {
    if (this.place?.variant === variant) return this.place;
    await this.leave();
    const place = new Place(this.stage, `${this.worker.name}-${randomUUID().slice(0, 6)}`);
    await variant.before(place);
    this.place = { place, variant, before: await subject.state(place) };
    return this.place;
  }

  private async leave(): Promise<void> {
    const left = this.place?.place;
    this.place = undefined;
    await left?.remove().catch((error: Error) => this.stage.warnings.push(error.message));
  }

  private async collect(
    { subject, variant }: Scene,
    given: Case,
    place: Place,
    before: Record<string, string>,
    conducted: Conducted[],
    settledSeconds: number,
  ): Promise<Evidence> {
    const [run, ...rivals] = await Promise.all(conducted.map((one) => one.evidence()));
    const runs: Evidence['runs'] = [run!, ...rivals];
    const locks = await this.locksOf(runs);
    await place.idle();
    await place.traffic.stop();
    const histories = runs.filter(({ status }) => status !== 'RUNNING');
    const replayed = histories.map(({ workflowId, history }) => this.replayer.replay(workflowId, history));
    const workersLost = given.strikes.some((strike) => strike.do === 'killWorker' || strike.do === 'freezeWorker');
    return {
      ...{
        case: given,
        workersLost,
        runs,
        requests: this.requests,
        connections: this.connections,
        locks,
        before,
        settledSeconds,
        deadlineSeconds,
      },
      audited: await place.audited(runs.map(({ correlationId }) => correlationId)),
      after: await subject.state(place),
      wanted: { ...before, ...variant.changes(place) },
      traffic: await place.traffic.report(),
      replayErrors: (await Promise.all(replayed)).filter((error) => error !== undefined),
      // A new worker cannot know what the dead one was told.
      forbidden: workersLost ? [] : forbiddenTimes(this.requests, given),
    };
  }

  /** Waits until the locks of ended runs are free or flagged. */
  private async locksOf(runs: Evidence['runs']): Promise<LockEvidence[]> {
    const targets = [...new Set(runs.flatMap(({ plan }) => plan?.targets ?? []))];
    return Promise.all(
      targets.map(async (target) => {
        const handle = this.stage.client.workflow.getHandle(lockWorkflowId(target));
        const read = () => handle.query<LockEvidence['state']>(lockMessages.state);
        const settled = async () => {
          const { holder } = await read();
          return holder === undefined || holder.flagged !== undefined;
        };
        // A run that was refused at once never asked for its locks.
        const exists = await handle.describe().then(
          () => true,
          () => false,
        );
        if (!exists) return { target, holdings: [], state: { target, waiting: [] } };
        await until(`${target} is free`, settled, { deadlineMs: handBackMs, everyMs: 50 }).catch(() => undefined);
        const since = runs[0].startedAt;
        const holdings = holdingsIn(await handle.fetchHistory()).filter(({ to = Infinity }) => to > since);
        return { target, holdings, state: await read() };
      }),
    );
  }
}

/** Counts a case's strikes and carries them out. */
class Strikes {
  count = 0;
  lastAt = 0;
  onRival: () => Promise<void> = () => Promise.resolve();
  private readonly open: Strike[];
  private readonly running: Promise<unknown>[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly place: Place,
    private readonly worker: WorkerProcess,
    strikes: Strike[],
  ) {
    this.open = [...strikes];
  }

  /** So many there were, the last one not answered yet. */
  at(count: Record<'request' | 'mutation' | 'connection', number>, run: Conducted): void {
    for (const strike of [...this.open]) {
      const kinds = ['request', 'mutation', 'connection'] as const;
      const due = kinds.some((kind) => count[kind] >= ((strike as Partial<typeof count>)[kind] ?? Infinity));
      if (!due) continue;
      this.open.splice(this.open.indexOf(strike), 1);
      this.count += 1;
      this.lastAt = Date.now();
      const done = this.carryOut(strike, run)
        .catch((error: Error) => this.stage.warnings.push(`${strike.do}: ${error.message}`))
        .then(() => (this.lastAt = Date.now()));
      this.running.push(done);
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  private async carryOut(strike: Strike, run: Conducted): Promise<void> {
    switch (strike.do) {
      case 'killWorker':
        return this.worker.replace();
      case 'freezeWorker':
        return this.worker.freeze(strike.thawAfterMs);
      case 'killPostgres': {
        const server = this.stage.resourceManager.postgres(this.place.servers[strike.server] ?? this.place.primary);
        await server.kill();
        await new Promise((resolve) => setTimeout(resolve, strike.restartAfterMs));
        return server.start();
      }
      case 'killTemporal':
        await this.stage.temporal.process.kill();
        return this.stage.temporal.start();
      case 'cancel':
        await run.handle.cancel();
        return;
      case 'terminate':
        await run.handle.terminate('for the proof');
        return;
      case 'arm':
        arm(this.stage, this.place, strike.fault);
        return;
      case 'startRival':
        return this.onRival();
      default:
        return run.say(strike.do);
    }
  }
}

function arm(stage: Stage, place: Place, { name, options, server }: AzureFault): ArmedFault {
  return stage.resourceManager.faults.arm(name, { ...options, server: place.servers[server] ?? place.primary });
}

function start(
  client: Client,
  taskQueue: string,
  runbook: string,
  input: object,
  { hooks }: Pick<Case, 'hooks'>,
  place: Place,
) {
  return client.workflow.start(runbook, {
    ...{ taskQueue, workflowId: `${runbook}:${place.name}:${randomUUID().slice(0, 4)}`, args: [input] },
    memo: { [hooksMemo]: hooks },
  });
}

function forbiddenTimes(requests: LoggedRequest[], { azure }: Case): Evidence['forbidden'] {
  const seconds = Number(azure.find(({ name }) => name === 'throttle')?.options['seconds'] ?? 5);
  return requests
    .filter(({ fault }) => fault === 'throttle')
    .map(({ at, latencyMs = 0 }) => {
      // When exactly the answer left is not known: not before the request came, not after its connection was done with.
      const asked = Date.parse(at);
      return { from: asked + latencyMs, to: asked + seconds * 1000 };
    });
}
