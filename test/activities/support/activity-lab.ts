/**
 * Activities on real parts: the lab's Azure Resource Manager with real PostgreSQL servers, a real Temporal server, and the
 * worker's activities in a process of their own, which can be killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type TemporalFailure } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { ClientActivities } from '../../../activities/clients/contract';
import type { DatabaseActivities } from '../../../activities/database/contract';
import { searchAttributes } from '../../../catalogue';
import { claimNetwork } from '../../../lab/addresses/network';
import type { LoggedRequest } from '../../../lab/azure';
import { labFolder, program } from '../../../lab/cache';
import { Daemon } from '../../../lab/daemon/daemon';
import { labEnvironment } from '../../../lab/environment';
import { claimsFolder, Lab } from '../../../lab/lab';
import { down } from '../../../lab/lifecycle/down';
import { until } from '../../../lab/processes';
import { scratchName } from '../../lab/scratch-lab';

const root = join(__dirname, '..', '..', '..');
const taskQueue = 'activities';

export const primary = 'broxiva-db-primary';
export const replica = 'broxiva-db-replica-1';
export const small = { sku: 'Standard_D4ds_v4', tier: 'GeneralPurpose', parameters: { max_connections: '1718' } };
export const large = { sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', parameters: { max_connections: '3437' } };

type Activities = DatabaseActivities & ClientActivities;
type RequestOf<Name extends keyof Activities> = Parameters<Activities[Name]>[0];
type AnswerOf<Name extends keyof Activities> = Awaited<ReturnType<Activities[Name]>>;

export class ActivityLab {
  private worker: ChildProcess | undefined;
  private mark = 0;

  private constructor(
    readonly lab: Lab,
    readonly daemon: Daemon,
    private readonly temporal: TestWorkflowEnvironment,
    private readonly bundle: string,
  ) {}

  static async start({ replicas = 0, timeFactor = 360 } = {}): Promise<ActivityLab> {
    const name = scratchName();
    await mkdir(labFolder(name), { recursive: true });
    await chmod(labFolder(name), 0o755);
    const network = await claimNetwork(claimsFolder(), labFolder(name));
    const lab = await Lab.create(name, {
      ...{ createdAt: new Date().toISOString(), network: network.prefix, identityHeader: randomUUID() },
      ...{ replicas, timeFactor, memoryFactor: 64, taskQueue, worker: false },
    });
    const [daemon, temporal, { code }] = await Promise.all([
      Daemon.start(lab),
      TestWorkflowEnvironment.createLocal({
        server: { executable: { type: 'existing-path', path: program('temporal') } },
      }),
      bundleWorkflowCode({ workflowsPath: require.resolve('./workflows'), logger: undefined }),
    ]);
    const bundle = lab.path('workflows.js');
    await writeFile(bundle, code);
    const made = new ActivityLab(lab, daemon, temporal, bundle);
    await made.startWorker();
    return made;
  }

  async stop(): Promise<void> {
    await this.endWorker('SIGKILL');
    await this.temporal.teardown();
    await this.daemon.stop();
    await down(this.lab.name, { keepData: false });
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...labEnvironment(this.lab),
      TEMPORAL_ADDRESS: this.temporal.address,
      RUNBOOK_SETTLE_SECONDS: '2',
    };
  }

  registerSearchAttributes(): Promise<unknown> {
    const { IndexedValueType } = temporal.api.enums.v1;
    const entries = Object.entries(searchAttributes).map(([name, type]) => [
      name,
      IndexedValueType[`INDEXED_VALUE_TYPE_${type}`],
    ]);
    const request = { namespace: 'default', searchAttributes: Object.fromEntries(entries) as Record<string, number> };
    return this.temporal.connection.operatorService.addSearchAttributes(request);
  }

  async startWorker(): Promise<void> {
    const args = ['-r', join(root, 'test/lab/typescript.cjs'), join(__dirname, 'worker.ts'), this.bundle];
    const worker = spawn(process.execPath, args, {
      cwd: root,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.worker = worker;
    let output = '';
    for (const stream of [worker.stdout, worker.stderr])
      stream.on('data', (text: Buffer) => (output += text.toString()));
    await until('the worker is ready', () => {
      if (worker.exitCode !== null) throw new Error(`the worker ended: ${output}`);
      return output.includes('worker ready');
    }, { deadlineMs: 50_000 }); // prettier-ignore
  }

  async endWorker(signal: NodeJS.Signals): Promise<void> {
    const { worker } = this;
    if (!worker || worker.exitCode !== null || worker.signalCode !== null) return;
    worker.kill(signal);
    await once(worker, 'exit');
  }

  /** Starts an activity in a run of its own. */
  async begin<Name extends keyof Activities>(activity: Name, ...requests: RequestOf<Name>[]): Promise<ActivityRun> {
    const handle = await this.temporal.client.workflow.start('callActivity', {
      workflowId: `${activity}-${randomUUID().slice(0, 8)}`,
      taskQueue,
      args: [activity, ...requests],
    });
    return new ActivityRun(handle);
  }

  async call<Name extends keyof Activities>(activity: Name, request: RequestOf<Name>): Promise<AnswerOf<Name>> {
    return (await this.begin(activity, request)).result<AnswerOf<Name>>();
  }

  async failure<Name extends keyof Activities>(activity: Name, request: RequestOf<Name>): Promise<ApplicationFailure> {
    return (await this.begin(activity, request)).failure();
  }

  async idle(server: string): Promise<void> {
    const ready = async () => {
      const { servers } = await this.daemon.status();
      return servers.some(({ name, state }) => name === server && state === 'Ready');
    };
    await until(`${server} is Ready`, ready, { deadlineMs: 60_000, everyMs: 100 });
  }

  /** One request to Azure Resource Manager that is not the worker's. Throws unless it is answered 2xx. */
  async azure(method: string, path: string, body: object): Promise<void> {
    const url = new URL(this.lab.resourceManager + path);
    const ca = readFileSync(this.lab.authorityFile);
    const headers = { authorization: 'Bearer lab', 'content-type': 'application/json' };
    const sent = request(url, { method, ca, headers }).end(JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    if ((response.statusCode ?? 0) >= 300) throw new Error(`${method} ${path}: ${response.statusCode}`);
  }

  /** Later questions about requests are about those after this. */
  forget(): void {
    this.mark = this.daemon.requests().length;
  }

  requests(): LoggedRequest[] {
    return this.daemon.requests().slice(this.mark);
  }

  mutations(): LoggedRequest[] {
    return this.requests().filter(({ method }) => method !== 'GET');
  }

  /** Accepted as the invariants mean it: a 2xx whose operation was not refused; also where the reply was lost. */
  accepted(resource: RegExp): LoggedRequest[] {
    return this.mutations().filter(
      (request) => request.operation && !request.operationRefused && resource.test(request.resource),
    );
  }
}

export const sizeOf = (server: string) => new RegExp(`/flexibleservers/${server}$`);
export const parameterOf = (server: string) => new RegExp(`/flexibleservers/${server}/configurations/`);

export class ActivityRun {
  constructor(readonly handle: WorkflowHandle) {}

  result<T>(): Promise<T> {
    return this.handle.result() as Promise<T>;
  }

  /** The activity's own failure. Throws when it succeeded. */
  async failure(): Promise<ApplicationFailure> {
    const ended = await this.handle.result().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(ended instanceof WorkflowFailedError)) throw new Error('the activity did not fail');
    let cause: Error | undefined = ended;
    while (cause && !(cause instanceof ApplicationFailure)) cause = (cause as TemporalFailure).cause;
    if (!cause) throw new Error(`failed without an ApplicationFailure: ${String(ended.cause)}`);
    return cause;
  }

  /** What the activity's last heartbeat said. */
  async heartbeat(): Promise<unknown> {
    const { raw } = await this.handle.describe();
    const payload = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
    return payload && defaultPayloadConverter.fromPayload(payload);
  }

  /** Why the activity's last attempt failed. */
  async pendingFailure(): Promise<string | undefined> {
    const { raw } = await this.handle.describe();
    return raw.pendingActivities?.[0]?.lastFailure?.message ?? undefined;
  }

  /** What signals of that name the run was sent. */
  async signals(name: string): Promise<unknown[]> {
    const { events } = await this.handle.fetchHistory();
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
      signal?.signalName === name ? [defaultPayloadConverter.fromPayload(signal.input!.payloads![0]!)] : [],
    );
  }

  /** Cancels; returns after how many milliseconds it had ended. */
  async cancel(): Promise<number> {
    const at = Date.now();
    await this.handle.cancel();
    await this.handle.result().catch(() => undefined);
    return Date.now() - at;
  }
}
