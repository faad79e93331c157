import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { isGrpcDeadlineError, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { createTargetLockActivities } from '../../../activities/target-lock';
import type { LockState, OrderName, Report, RunStatus, Topology } from '../../../catalogue';
import {
  lockMessages,
  lockWorkflowId,
  queryNames,
  searchAttributes,
  targetOf,
  topologySchema,
} from '../../../catalogue';
import { program } from '../../../lab/cache';
import { quiet, quietServer } from '../../support/quiet';
import type { DialBoard } from './dial-board';

export const topology: Topology = topologySchema.parse({
  environment: 'test',
  azure: { resourceGroup: 'test-rg' },
  postgres: { primary: 'board', database: 'none', applicationRole: 'none' },
  approval: {},
});

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** A Temporal server of one's own, with the toy runbook and the real lock. */
export class Bench {
  private constructor(readonly environment: TestWorkflowEnvironment) {}

  static async start(kind: 'real' | 'time-skipping' = 'real'): Promise<Bench> {
    const environment =
      kind === 'real'
        ? await TestWorkflowEnvironment.createLocal({
            server: {
              executable: { type: 'existing-path', path: program('temporal') },
              extraArgs: quietServer,
              searchAttributes: Object.entries(searchAttributes).map(([name, type]) =>
                defineSearchAttributeKey(name, type),
              ),
            },
          })
        : await TestWorkflowEnvironment.createTimeSkipping({
            server: { executable: { type: 'existing-path', path: program('temporal-test-server') } },
          });
    if (kind === 'time-skipping') {
      await environment.connection.operatorService.addSearchAttributes({
        namespace: 'default',
        searchAttributes: Object.fromEntries(
          Object.entries(searchAttributes).map(([name, type]) => [name, type === 'KEYWORD_LIST' ? 7 : 2]),
        ),
      });
    }
    return new Bench(environment);
  }

  stop(): Promise<void> {
    return this.environment.teardown();
  }

  /** Runs `work` while a worker serves a task queue of its own over this board. */
  async withBoard(
    board: DialBoard,
    work: (runs: Runs) => Promise<void>,
    policies: Partial<Topology> = {},
  ): Promise<void> {
    const taskQueue = `test-${randomUUID().slice(0, 8)}`;
    const { client, nativeConnection } = this.environment;
    bundle ??= bundleWorkflowCode({
      workflowsPath: require.resolve('./workflows'),
      logger: quiet,
    });
    const worker = await Worker.create({
      connection: nativeConnection,
      taskQueue,
      workflowBundle: await bundle,
      activities: {
        ...board.activities(),
        ...createTargetLockActivities({ client, taskQueue }),
        readTopology: () => Promise.resolve({ ...topology, ...policies }),
      },
      maxHeartbeatThrottleInterval: '200 ms',
    });
    await worker.runUntil(() => work(new Runs(this, taskQueue)));
  }
}

type Input = Record<string, unknown>;

/** Starting runs of the toy runbook and talking to them. */
export class Runs {
  constructor(
    private readonly bench: Bench,
    private readonly taskQueue: string,
  ) {}

  async start(input: unknown): Promise<WorkflowHandle> {
    return this.bench.environment.client.workflow.start('turnDials', {
      workflowId: `turnDials:${randomUUID().slice(0, 8)}`,
      taskQueue: this.taskQueue,
      args: input === undefined ? [] : [input],
    });
  }

  input(dials: Record<string, string>, more: Input = {}): Input {
    return { board: this.taskQueue, dials, requestedBy: 'asker@example.com', timing: { soakSeconds: 0 }, ...more };
  }

  async run(dials: Record<string, string>, more: Input = {}): Promise<Report> {
    return reportOf(await this.start(this.input(dials, more)));
  }

  async unlock(dial: string, holder: string): Promise<unknown> {
    const args: [unknown] = [{ by: 'operator@example.com', reason: 'looked at it', holder }];
    return this.bench.environment.client.workflow
      .getHandle(lockWorkflowId(targetOf('deployment', `${this.taskQueue}/${dial}`)))
      .executeUpdate(lockMessages.unlock, { args });
  }

  async lock(dial: string): Promise<LockState> {
    return this.bench.environment.client.workflow
      .getHandle(lockWorkflowId(targetOf('deployment', `${this.taskQueue}/${dial}`)))
      .query<LockState>(lockMessages.state);
  }
}

/** The report of a run, however it closed. Throws when it closed in no declared way. */
export async function reportOf(handle: WorkflowHandle): Promise<Report> {
  try {
    return (await handle.result()) as Report;
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure && error.cause.details?.[0]) {
      const report = error.cause.details[0] as Report;
      if (error.cause.type !== report.outcome)
        throw new Error(`closed as ${error.cause.type}, reports ${report.outcome}`, { cause: error });
      return report;
    }
    throw error;
  }
}

/** Of all of them. Throws where some have not closed by then, with what each of these says of itself. */
export async function reportsWithin(seconds: number, handles: WorkflowHandle[]): Promise<Report[]> {
  const over = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(seconds * 1000, undefined, { signal: over.signal });
    const open = handles.map(async (handle) =>
      (await handle.describe()).status.name === 'RUNNING'
        ? [JSON.stringify(await handle.query(queryNames.status))]
        : [],
    );
    throw new Error(`not closed within ${seconds} s:\n${(await Promise.all(open)).flat().join('\n')}`);
  };
  return Promise.race([Promise.all(handles.map(reportOf)), late()]).finally(() => over.abort());
}

export async function order(handle: WorkflowHandle, name: OrderName, by = 'operator@example.com'): Promise<string> {
  return handle.executeUpdate<string, [unknown]>(name, { args: [{ by, reason: `${name}, because` }] });
}

/** Waits until a run's status is as wanted. Throws when it is not within ten seconds. Who is not answered, as while a run reads, asks again. */
export async function until(
  handle: WorkflowHandle,
  isSo: (status: RunStatus) => boolean,
  seconds = 10,
): Promise<RunStatus> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const status = await handle.query<RunStatus>('status').catch((error: unknown) => {
      if (!isGrpcDeadlineError(error)) throw error;
      return undefined;
    });
    if (status && isSo(status)) return status;
    if (Date.now() > deadline) throw new Error(`not so within ${seconds} s: ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function historyLength(handle: WorkflowHandle): Promise<number> {
  return (await handle.fetchHistory()).events?.length ?? 0;
}
