import { randomInt } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Approval, Order, OrderName, Plan, RunbookEntry, RunStatus } from '../catalogue';
import { queryNames, runWorkflowId, updateNames } from '../catalogue';
import { checkInput } from './check-input';
import { readEnding } from './ending';
import { Problem } from './problem';
import { retriesOf } from './retries';
import type { Temporal } from './temporal';
import { isUnanswered, problemOf } from './temporal-errors';
import { readTopology } from './topology';
import { readTraces } from './traces';
import type { RunReference, RunView } from './views';
import { workerLastSeen } from './workers';

/** How long a worker may take to answer a question. One that replays a long history first needs a few seconds. */
const answerWithinMs = 5000;
/** How long a worker may take to perform an order; Temporal hands it over with the next workflow task. */
const orderWithinMs = 15_000;

/**
 * Runs of runbooks: starting them, asking them, telling them. Every way in goes through here. All methods throw `Problem`.
 */
export class Runs {
  constructor(private readonly temporal: Temporal) {}

  /** Checks the input, then starts a run. Nothing is sent when the input does not fit. */
  async start(entry: RunbookEntry, input: Record<string, unknown>): Promise<RunReference> {
    checkInput(entry, input);
    const { client, taskQueue } = this.temporal;
    const subject = entry.subject(input, await readTopology());
    const workflowId = runWorkflowId(entry.name, subject, new Date(), uniqueSuffix());
    const handle = await this.ask(workflowId, () =>
      client.workflow.start(entry.name, {
        taskQueue,
        workflowId,
        args: [input],
        staticSummary: `${entry.title}: ${subject}`,
      }),
    );
    return this.reference(workflowId, handle.firstExecutionRunId);
  }

  /** The run as it is now. Where no worker speaks for it, what Temporal knows of it. */
  async look(workflowId: string): Promise<RunView> {
    const handle = this.handle(workflowId);
    return this.ask(workflowId, async () => {
      const description = await handle.describe();
      const run = this.reference(workflowId, description.runId);
      if (description.status.name === 'RUNNING') {
        try {
          const status = await this.query<RunStatus>(handle, queryNames.status);
          return { state: 'open', run, status, retries: retriesOf(description) };
        } catch (error) {
          if (!isUnanswered(error)) throw error;
        }
      }
      if (description.status.name === 'RUNNING' || description.status.name === 'PAUSED') {
        return { state: 'unanswered', run, traces: await readTraces(this.temporal, description) };
      }
      const ending = await readEnding(handle, description);
      return 'report' in ending
        ? { state: 'closed', run, report: ending.report }
        : { state: 'ended', run, runbook: description.type, why: ending.why };
    });
  }

  /** The plan of a run; null while it has none. A worker must answer, also for a run that has closed. */
  async plan(workflowId: string): Promise<Plan | null> {
    const handle = this.handle(workflowId);
    return this.answered(workflowId, () => this.query<Plan | null>(handle, queryNames.plan));
  }

  /** Approves one plan and the irreversible steps that are named; no other. */
  async approve(workflowId: string, approval: Approval): Promise<string> {
    return this.update(workflowId, updateNames.approve, approval);
  }

  async order(workflowId: string, name: OrderName, order: Order): Promise<string> {
    return this.update(workflowId, updateNames[name], order);
  }

  /** Whether a worker asked for work lately, so that a new run would begin. */
  async hasWorker(): Promise<boolean> {
    const seen = await this.ask('', () => workerLastSeen(this.temporal, this.temporal.taskQueue));
    return seen !== undefined;
  }

  private async update(workflowId: string, name: string, argument: Approval | Order): Promise<string> {
    const handle = this.handle(workflowId);
    return this.answered(workflowId, () =>
      this.temporal.connection.withDeadline(Date.now() + orderWithinMs, () =>
        handle.executeUpdate<string, [Approval | Order]>(name, { args: [argument] }),
      ),
    );
  }

  private query<Answer>(handle: WorkflowHandle, name: string): Promise<Answer> {
    return this.temporal.connection.withDeadline(Date.now() + answerWithinMs, () => handle.query<Answer>(name));
  }

  /** A call that only a worker can answer: where none does, says so and names the task queue. */
  private async answered<Answer>(workflowId: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      if (!isUnanswered(error)) throw problemOf(error, { ...this.temporal, workflowId });
      const { why, remedy } = await this.ask(workflowId, async () =>
        readTraces(this.temporal, await this.handle(workflowId).describe()),
      );
      throw new Problem('NoWorker', `${workflowId} did not answer: ${why}`, { remedy, cause: error });
    }
  }

  private async ask<Answer>(workflowId: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      throw problemOf(error, { ...this.temporal, workflowId });
    }
  }

  private handle(workflowId: string): WorkflowHandle {
    if (workflowId.trim() === '' || workflowId.length > 1000) {
      throw new Problem('BadUsage', 'a run is named by its workflow id', { remedy: 'see the command "runs"' });
    }
    return this.temporal.client.workflow.getHandle(workflowId);
  }

  private reference(workflowId: string, runId: string): RunReference {
    const { uiUrl, namespace } = this.temporal;
    const path = [namespace, 'workflows', workflowId, runId, 'history'].map(encodeURIComponent).join('/');
    return { workflowId, runId, url: `${uiUrl}/namespaces/${path}` };
  }
}

/** Four characters: among the runs of one runbook on one subject in one minute. */
function uniqueSuffix(): string {
  return randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0');
}
