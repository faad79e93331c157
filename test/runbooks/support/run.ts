/** A run of any runbook: starting it, watching it, answering it. */
import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { OrderName, Plan, Report, RunStatus } from '../../../catalogue';
import { runWorkflowId } from '../../../catalogue';
import { until } from '../../../lab/processes';
import * as bench from '../../workflows/support/bench';
import type { Production } from './production';

const deadlineSeconds = 300;
/** Long enough for two crashes of a pod, with ten seconds between them. */
const timing = { soakSeconds: 0, operationTimeoutSeconds: 120, verificationTimeoutSeconds: 60 };

/** Until Temporal has what the next worker needs: that word in the last heartbeat of an activity. */
export async function untilRemembered(run: WorkflowHandle, word: string): Promise<void> {
  const remembered = async () => {
    const { pendingActivities } = (await run.describe()).raw;
    return (pendingActivities ?? []).some(({ heartbeatDetails }) =>
      heartbeatDetails?.payloads?.some(({ data }) => Buffer.from(data ?? []).includes(word)),
    );
  };
  await until(`a heartbeat says ${word}`, remembered, { deadlineMs: deadlineSeconds * 1000, everyMs: 50 });
}

export class Run {
  private constructor(readonly handle: WorkflowHandle) {}

  /** Started as Temporal UI does: raw JSON. */
  static async start(production: Production, runbook: string, input: object): Promise<Run> {
    const workflowId = runWorkflowId(runbook, 'test', new Date(), randomBytes(4).toString('hex'));
    const complete = { requestedBy: 'asker@example.com', ...input, timing: { ...timing, ...timingOf(input) } };
    return new Run(
      await production.client.workflow.start(runbook, {
        ...{ workflowId, taskQueue: production.taskQueue },
        args: [complete],
      }),
    );
  }

  get workflowId(): string {
    return this.handle.workflowId;
  }

  until(isSo: (status: RunStatus) => boolean): Promise<RunStatus> {
    return bench.until(this.handle, isSo, deadlineSeconds);
  }

  /** The step of that name is in this state. Throws when the run ends before. */
  async untilStep(name: string, state: RunStatus['steps'][number]['state']): Promise<RunStatus> {
    const isThere = ({ steps }: RunStatus) => steps.some((step) => step.name.startsWith(name) && step.state === state);
    const status = await this.until((one) => isThere(one) || one.phase === 'closed');
    if (!isThere(status)) throw new Error(`the run is closed: ${(await bench.reportOf(this.handle)).summary}`);
    return status;
  }

  /**
   * Paused when that step is done, before the next: what the next meets can be made ready, however busy the machine is. `held`: a request of
   * that step which is held until the order is given, where the step is a short one.
   */
  async pauseAfter(name: string, held?: Promise<() => void>): Promise<void> {
    const isOn = ({ steps }: RunStatus) =>
      steps.some((step) => step.name.startsWith(name) && (step.state === 'applying' || step.state === 'verifying'));
    const { phase } = await this.until((status) => isOn(status) || status.phase === 'closed');
    if (phase === 'closed') throw new Error(`the run is closed: ${(await bench.reportOf(this.handle)).summary}`);
    const release = held && (await this.whileOpen(held));
    await this.order('pause');
    release?.();
    await this.until((status) => status.phase === 'paused');
  }

  /** Throws where the run asks or ends before. */
  private async whileOpen<T>(awaited: Promise<T>): Promise<T> {
    const isOver = ({ phase }: RunStatus) => phase === 'closed' || phase === 'needs-operator';
    const over = this.until(isOver).catch(() => undefined);
    return Promise.race([
      awaited,
      over.then(() => {
        throw new Error('the run asks, or is closed, and has not sent that request');
      }),
    ]);
  }

  /** Of an activity that is under way: Temporal has given it out so often. */
  async untilAttempt(attempt: number): Promise<void> {
    const isAt = async () =>
      ((await this.handle.describe()).raw.pendingActivities ?? []).some((one) => one.attempt === attempt);
    await until(`attempt ${attempt}`, isAt, { deadlineMs: deadlineSeconds * 1000, everyMs: 50 });
  }

  plan(): Promise<Plan> {
    return this.handle.query<Plan>('plan');
  }

  /** Of warnings and refusals alone. */
  async findings(): Promise<string[]> {
    const { findings } = await this.plan();
    return findings.filter(({ level }) => level !== 'ok').map(({ code, message }) => `${code}: ${message}`);
  }

  /** Throws when it asks an operator instead. */
  async report(): Promise<Report> {
    const { trouble } = await this.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
    if (trouble) throw new Error(`an operator is asked: ${trouble.tried.join('\n')}`);
    return bench.reportOf(this.handle);
  }

  order(name: OrderName): Promise<string> {
    return bench.order(this.handle, name);
  }

  async approve(planHash: string, irreversibleSteps: string[] = []): Promise<void> {
    await this.handle.executeUpdate('approve', { args: [{ by: 'approver@example.com', planHash, irreversibleSteps }] });
  }

  /** Once it asks, all that it plans. */
  async approveAll(): Promise<void> {
    const { phase } = await this.until((status) => status.phase === 'awaiting-approval' || status.phase === 'closed');
    if (phase === 'closed') throw new Error(`the run is closed: ${(await bench.reportOf(this.handle)).summary}`);
    const { hash, approval } = await this.plan();
    await this.approve(hash, approval.irreversibleSteps);
  }
}

function timingOf(input: object): object {
  return (input as { timing?: object }).timing ?? {};
}
