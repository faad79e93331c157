/** A run of any runbook: starting it, watching it, answering it. */
import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { OrderName, Plan, Report, RunStatus } from '../../../catalogue';
import { runWorkflowId } from '../../../catalogue';
import * as bench from '../../workflows/support/bench';
import type { Production } from './production';

const deadlineSeconds = 150;
/** Long enough for two crashes of a pod, with ten seconds between them. */
const timing = { soakSeconds: 0, operationTimeoutSeconds: 60, verificationTimeoutSeconds: 60 };

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
