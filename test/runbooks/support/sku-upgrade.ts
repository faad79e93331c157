/** A run of databaseSkuUpgrade: starting it, watching it, answering it, and what it did. */
import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { OrderName, Plan, Report, RunStatus } from '../../../catalogue';
import { runWorkflowId } from '../../../catalogue';
import { until } from '../../../lab/processes';
import * as bench from '../../workflows/support/bench';
import type { Database } from './database';
import { inWords, isAccepted, mutationsOf } from './mutations';
import { eventsOf } from './history';
import type { Production } from './production';
import { untilRemembered } from './run';

export const small = { sku: 'Standard_D4ds_v4', sharedBuffersMb: 64, maxConnections: 1718 };
export const large = { sku: 'Standard_D8ds_v4', sharedBuffersMb: 128, maxConnections: 3437 };

/** As long as a run of `start` may take; its tests end later. */
const deadlineSeconds = 180;

export class SkuUpgrade {
  private constructor(
    private readonly production: Production,
    readonly handle: WorkflowHandle,
  ) {}

  /** Started as Temporal UI does: raw JSON, or nothing at all. */
  static async raw(production: Production, input?: unknown): Promise<SkuUpgrade> {
    const workflowId = runWorkflowId('databaseSkuUpgrade', 'test', new Date(), randomBytes(4).toString('hex'));
    const handle = await production.client.workflow.start('databaseSkuUpgrade', {
      ...{ workflowId, taskQueue: production.taskQueue },
      args: input === undefined ? [] : [input],
    });
    return new SkuUpgrade(production, handle);
  }

  static start(production: Production, { name }: Pick<Database, 'name'>, input: object): Promise<SkuUpgrade> {
    const timing = { soakSeconds: 0, operationTimeoutSeconds: 60, verificationTimeoutSeconds: 30 };
    return SkuUpgrade.raw(production, { server: name, requestedBy: 'asker@example.com', timing, ...input });
  }

  get workflowId(): string {
    return this.handle.workflowId;
  }

  until(isSo: (status: RunStatus) => boolean): Promise<RunStatus> {
    return bench.until(this.handle, isSo, deadlineSeconds);
  }

  /** Until Azure has accepted a change of this run that reads so. */
  async untilAccepted(words: string): Promise<void> {
    const accepted = async () => (await this.accepted()).includes(words);
    await until(`${words} is accepted`, accepted, { deadlineMs: deadlineSeconds * 1000, everyMs: 20 });
  }

  untilRemembered(word: string): Promise<void> {
    return untilRemembered(this.handle, word);
  }

  plan(): Promise<Plan> {
    return this.handle.query<Plan>('plan');
  }

  report(): Promise<Report> {
    return bench.reportOf(this.handle);
  }

  order(name: OrderName): Promise<string> {
    return bench.order(this.handle, name);
  }

  async approve(planHash: string, irreversibleSteps: string[] = []): Promise<void> {
    await this.handle.executeUpdate('approve', { args: [{ by: 'approver@example.com', planHash, irreversibleSteps }] });
  }

  /** What this run asked of Azure, in words and in order. */
  async mutations(): Promise<string[]> {
    return mutationsOf(await this.production.requests(), this.workflowId).map(inWords);
  }

  async accepted(): Promise<string[]> {
    return mutationsOf(await this.production.requests(), this.workflowId)
      .filter(isAccepted)
      .map(inWords);
  }

  /** Types of the events in the run's history. */
  events(): Promise<string[]> {
    return eventsOf(this.handle);
  }
}
