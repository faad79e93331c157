/** One run from its start to its end, with the people around it: who approves, and who answers when it needs an operator. */
import {
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError as Unanswered,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { LockState, Plan, Report, RunStatus } from '../../../catalogue';
import { lockMessages, lockWorkflowId } from '../../../catalogue';
import { requestIdentity } from '../../../activities/request-identity';
import type { Case, Order } from './case';
import type { RunEvidence, Sighting } from './evidence';
import { activitiesIn } from './history';
import type { Stage } from './stage';

const lookEveryMs = 200;
/** A query waits for the run's worker, which may just be dead. */
const answerDeadlineMs = 20_000;
/** Of a lock, once all is over: a case whose worker is being started anew on a busy machine is played to its end. */
const lockDeadlineMs = 60_000;
/** Whoever is not answered says it again, and then believes that nobody hears it. */
const timesSaid = 3;

export class Conducted {
  private readonly sightings: Sighting[] = [];
  private readonly retriedAt: number[] = [];
  private plan: Plan | undefined;
  private closedAt: number | undefined;
  readonly startedAt = Date.now();

  constructor(
    private readonly stage: Stage,
    readonly handle: WorkflowHandle,
    private readonly answer: (...asked: Parameters<Case['answer']>) => Order | Promise<Order>,
  ) {}

  /** Until it has closed, or the deadline (milliseconds since the epoch, looked at again each time) is over. */
  async follow(deadlineAt: () => number): Promise<void> {
    while (Date.now() < deadlineAt()) {
      const phase = await this.look().catch(() => undefined);
      if (phase === 'closed') {
        this.closedAt = Date.now();
        return;
      }
      // Whatever does not get through (the worker is dead, the phase another by now) is tried again.
      if (phase === 'awaiting-approval') await this.approve().catch(() => undefined);
      if (phase === 'needs-operator') await this.order().catch(() => undefined);
      if (phase === 'paused') await this.say('resume').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  async say(update: string): Promise<void> {
    await this.timed(() =>
      this.handle.executeUpdate(update, { args: [{ by: 'operator@example.com', reason: `${update}, for the proof` }] }),
    );
  }

  /** Whether it was heard: the run may have closed before any worker took it. Throws when it is refused. */
  async insist(update: string): Promise<boolean> {
    for (let times = 0; times < timesSaid; times += 1) {
      try {
        await this.say(update);
        return true;
      } catch (error) {
        // The second: it has closed before any worker took it.
        if (error instanceof WorkflowNotFoundError) return false;
        if (!(error instanceof Unanswered)) throw error;
        if ((await this.look()) === 'closed') return false;
      }
    }
    return false;
  }

  async lockOf(target: string): Promise<LockState> {
    return this.timed(
      () => this.stage.client.workflow.getHandle(lockWorkflowId(target)).query<LockState>(lockMessages.state),
      lockDeadlineMs,
    );
  }

  async evidence(): Promise<RunEvidence> {
    const { workflowId } = this.handle;
    const history = await this.handle.fetchHistory();
    const { status } = await this.handle.describe();
    const ended = status.name === 'RUNNING' ? {} : await ending(this.handle);
    return {
      ...{ workflowId, history, status: status.name, activities: activitiesIn(history), ...ended },
      plan: (await this.readPlan().catch(() => undefined)) ?? this.plan,
      correlationId: requestIdentity({ workflowId, runId: '', activityId: '' }).correlationId,
      ...{ sightings: this.sightings, retriedAt: this.retriedAt, startedAt: this.startedAt },
      ...(this.closedAt !== undefined && { closedAt: this.closedAt }),
    };
  }

  private async look(): Promise<string> {
    const { status, searchAttributes } = await this.handle.describe();
    if (status.name !== 'RUNNING') return 'closed';
    const phase = String(searchAttributes['RunbookPhase']?.[0]);
    // It says so before it closes, which on a slow machine is a while later.
    return phase === 'closed' ? 'closing' : phase;
  }

  private async readPlan(): Promise<Plan | undefined> {
    return (await this.timed(() => this.handle.query<Plan | null>('plan'))) ?? undefined;
  }

  private async approve(): Promise<void> {
    this.plan = await this.readPlan();
    if (!this.plan) return;
    const { hash, approval } = this.plan;
    const given = { by: 'approver@example.com', planHash: hash, irreversibleSteps: approval.irreversibleSteps };
    await this.timed(() => this.handle.executeUpdate('approve', { args: [given] }));
  }

  private async order(): Promise<void> {
    const status = await this.timed(() => this.handle.query<RunStatus>('status'));
    // Two looks can see one question.
    const last = this.sightings.at(-1)?.status.trouble;
    if (status.trouble && status.trouble.since !== last?.since) {
      const locks = await Promise.all(status.held.map((target) => this.lockOf(target)));
      this.sightings.push({ at: Date.now(), status, locks });
    }
    if (!status.trouble) return;
    const wanted = await this.answer(status.trouble, this.sightings.length - 1);
    const order = status.trouble.orders.includes(wanted) ? wanted : 'retry';
    if (order === 'retry') this.retriedAt.push(Date.now());
    await this.say(order);
  }

  /** The call itself ends with it: one that is left behind would outlive the connection. */
  private timed<T>(work: () => Promise<T>, forMs = answerDeadlineMs): Promise<T> {
    return this.stage.client.withDeadline(Date.now() + forMs, work);
  }
}

async function ending(handle: WorkflowHandle): Promise<Pick<RunEvidence, 'failure' | 'report'>> {
  try {
    return { report: (await handle.result()) as Report };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) return {};
    const { type, details } = error.cause;
    return { ...(type && { failure: type }), ...(details?.[0] ? { report: details[0] as Report } : {}) };
  }
}
