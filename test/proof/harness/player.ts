/**
 * Plays one case after the other with one worker, each on a place of its own kind.
 *
 * 1. A place in the state `before`: the last one, where it is so again; else it is made anew. Clients begin to ask.
 * 2. Faults are armed, the run is started with its hooks; strikes come when the worker's requests do.
 * 3. The run is followed to its end; then everything that happened is collected, and every invariant is asked.
 */
import { randomUUID } from 'node:crypto';
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { RunbookEntry } from '../../../catalogue';
import type { Namespace } from '../kubernetes/namespace';
import { differences } from '../invariants/outcome';
import { type Violation, violationsIn } from '../invariants';
import type { State, Subject, Variant } from '../subjects/subject';
import type { Case } from './case';
import { collect } from './collect';
import { Conducted } from './conduct';
import type { Evidence } from './evidence';
import { unmet } from './expectation';
import { hooksMemo } from './hooks';
import { unlock } from './locks';
import { Place } from './place';
import type { Replayer } from './replayer';
import type { Arrival } from './request';
import type { Stage } from './stage';
import { Strikes } from './strikes';
import type { WorkerProcess } from './worker-process';

/** Several times what a machine takes that plays several cases on two cores, beside other tests: lateness is not what is shown here. */
const timing = { soakSeconds: 2, operationTimeoutSeconds: 180, verificationTimeoutSeconds: 90 };
/** From the last fault to the end: an operation and its verification, and some more for an operator's answer. */
const deadlineSeconds = 300;

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

interface Readied {
  place: Place;
  variant: Variant;
  before: State;
}

export class Player {
  private ready: Readied | undefined;
  private arrivals: Arrival[] = [];
  private strikes: Strikes | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly worker: WorkerProcess,
    private readonly replayer: Replayer,
    private readonly namespace: Namespace | undefined,
  ) {
    const arrived = async (arrival: Arrival) => {
      this.arrivals.push(arrival);
      await this.strikes?.arrived(arrival);
    };
    stage.listen(worker.name, (arrival) => void arrived(arrival));
    if (namespace) namespace.proxy.onRequest = arrived;
  }

  /** The variant that it could play without making anything new. */
  get readyFor(): Variant | undefined {
    return this.ready?.variant;
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
    const { subject, variant, entry } = scene;
    const { place, before: made } = await this.readyPlace(scene);
    await place.clients.start();
    if (given.affliction) await place.made?.afflict(given.affliction);
    const before = given.affliction ? await subject.state(place) : made;
    await place.countPods();
    await place.watchPooler();
    const servers = place.targets;
    this.arrivals = [];
    const armedAt = Date.now();
    const faults = given.faults.map((fault) => place.arm(fault));
    const input = {
      ...{ ...variant.input(place), requestedBy: 'asker@example.com', reason: 'the proof' },
      timing: { ...timing, ...given.timing },
    };
    const begin = (whose: object, hooks: Case['hooks'], answer: ConstructorParameters<typeof Conducted>[2]) =>
      start(this.stage.client, this.worker.name, entry.name, { ...input, ...whose }, hooks, place).then(
        (handle) => new Conducted(this.stage, handle, answer),
      );
    const run = await begin({}, given.hooks, async (trouble, asked) => {
      await place.mend();
      return given.answer(trouble, asked);
    });
    const rivals: Conducted[] = [];
    const competed: Evidence['competed'] = [];
    const strikes = new Strikes(this.stage, place, this.worker, run, given.strikes, {
      startRival: async () => {
        rivals.push(await begin({ requestedBy: 'rival@example.com', onBusy: 'refuse' }, [], () => 'retry'));
      },
      compete: async (name) => {
        const was = await subject.state(place);
        const at = Date.now();
        const now = Object.entries(await variant.competitors![name]!(place));
        // Who sets what is so already has changed nothing.
        competed.push({ at, state: Object.fromEntries(now.filter(([what, value]) => (was[what] ?? value) !== value)) });
      },
    });
    // What came while it was being started counts as well.
    for (const arrival of this.arrivals) void strikes.arrived(arrival);
    this.strikes = strikes;
    place.onConnection = () => strikes.counted('connection');
    this.worker.onRedisRequest = (request) => strikes.counted(request);
    this.worker.onDirectChange = () => strikes.counted('directChange');
    const lastFault = () => Math.max(armedAt, strikes.lastAt);
    await run.follow(() => lastFault() + deadlineSeconds * 1000);
    await strikes.settled();
    for (const rival of rivals) await rival.follow(() => lastFault() + deadlineSeconds * 1000);
    const settledSeconds = (Date.now() - lastFault()) / 1000;
    place.disarm();
    const evidence = await collect({
      ...{ stage: this.stage, replayer: this.replayer, scene, case: given, place, servers, before, competed },
      ...{ runs: [run, ...rivals], arrivals: this.arrivals, counts: { ...strikes.counts } },
      ...{ settledSeconds, deadlineSeconds },
    });
    await place.tidy();
    this.strikes = undefined;
    place.onConnection = () => undefined;
    this.worker.onRedisRequest = () => undefined;
    this.worker.onDirectChange = () => undefined;
    await this.worker.endEarlier();
    const missed = faults.filter(({ name, hits }) => hits === 0 && !name.startsWith('backup-')).map(({ name }) => name);
    const violations = [...violationsIn(evidence), ...unmet(evidence, strikes, missed)];
    const asBefore = differences(made, evidence.after).length === 0 && violations.length === 0 && !given.affliction;
    if (!asBefore || evidence.runs[0].status === 'TERMINATED') await this.leave();
    await this.release(evidence);
    const seconds = (Date.now() - began) / 1000;
    const idle = strikes.count === 0 && given.hooks.length === 0 && missed.length === given.faults.length;
    const missedAll = given.strikes.length + given.faults.length > 0 && idle;
    return {
      ...{ scene, case: given, violations, evidence, seconds },
      ...{ missed: missedAll, workerLog: this.worker.logFile },
    };
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.worker.stop();
    this.namespace?.stop();
  }

  private async readyPlace({ subject, variant }: Scene): Promise<Readied> {
    if (this.ready?.variant === variant) return this.ready;
    await this.leave();
    const place = new Place(this.stage, `${this.worker.name}-${randomUUID().slice(0, 6)}`, this.namespace);
    await variant.before(place);
    this.ready = { place, variant, before: await subject.state(place) };
    return this.ready;
  }

  /** The next case may be about the same targets: nothing of this one holds them any more. */
  private async release({ runs, locks }: Evidence): Promise<void> {
    const open = runs.filter(({ status }) => status === 'RUNNING');
    const { workflow } = this.stage.client;
    await Promise.all(open.map(({ workflowId }) => terminate(workflow.getHandle(workflowId))));
    await unlock(this.stage, locks).catch((error: Error) => this.stage.warnings.push(error.message));
  }

  private async leave(): Promise<void> {
    const left = this.ready?.place;
    this.ready = undefined;
    await left?.remove().catch((error: Error) => this.stage.warnings.push(error.message));
  }
}

/** One that was running when it was looked at may have closed since. */
async function terminate(run: WorkflowHandle): Promise<void> {
  await run.terminate('the proof has seen it').catch((error: Error) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  });
}

function start(
  client: Client,
  taskQueue: string,
  runbook: string,
  input: object,
  hooks: Case['hooks'],
  { name }: Place,
) {
  return client.workflow.start(runbook, {
    ...{ taskQueue, workflowId: `${runbook}:${name}:${randomUUID().slice(0, 4)}`, args: [input] },
    memo: { [hooksMemo]: hooks },
  });
}
