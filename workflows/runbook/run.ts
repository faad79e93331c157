import {
  CancellationScope,
  condition,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  AnswerName,
  Approval,
  ClientMeasurement,
  OperatorEntry,
  Order,
  OrderName,
  Outcome,
  Phase,
  Plan,
  Report,
  RunInput,
  RunStatus,
  StepProgress,
  Trouble,
  Waiting,
} from '../../catalogue';
import { now } from './clock';
import { currentDetails } from './details';

/** What `retry`, `rollback` or `accept` was ordered, while an operator is needed. */
export type OperatorOrder = Order & { order: AnswerName };

/**
 * All that a run knows of itself: what its queries answer, what its current details show, and the flags that updates set and
 * the procedure waits for. Changing it is followed by `show()`, which costs no history event unless the phase is another.
 */
export class Run {
  phase: Phase = 'preflight';
  outcome?: Outcome;
  plan?: Plan;
  steps: StepProgress[] = [];
  waiting?: Waiting;
  trouble?: Trouble;
  held: string[] = [];
  clients?: ClientMeasurement;
  report?: Report;
  /** Set by the updates of messages.ts. */
  approval?: Approval;
  rejection?: Order;
  pauseOrder?: Order;
  stopOrder?: Order;
  operatorOrder?: OperatorOrder;
  lockGranted = false;
  /** Who may approve; anybody but the requester where empty. */
  approvers: string[] = [];
  budgetExceeded = false;
  /** Whether an exceeded budget need not wait for the step to end: what was begun can be taken back, and nobody notices that. */
  stopsMidway = (): boolean => false;
  readonly operators: OperatorEntry[] = [];
  /** As long as the history was when the last order came. */
  private orderedAt = 0;
  readonly startedAt = workflowInfo().startTime.toISOString();
  subject = '';
  input: Pick<RunInput, 'requestedBy' | 'reason'> = { requestedBy: 'unknown', reason: '' };
  private forwardScope?: CancellationScope;
  private shownPhase?: Phase;
  private budgetSaid = false;

  constructor(readonly runbook: string) {}

  /** Work that an abort or a cancellation interrupts: it then throws a CancelledFailure. */
  async forward<Result>(work: () => Promise<Result>): Promise<Result> {
    const scope = new CancellationScope();
    this.forwardScope = scope;
    if (this.stopOrder) scope.cancel();
    try {
      return await scope.run(work);
    } finally {
      this.forwardScope = undefined;
    }
  }

  /** Abort, or a cancellation from Temporal: both roll back. */
  stop(order: Order): void {
    this.stopOrder ??= order;
    this.forwardScope?.cancel();
  }

  /** Clients noticed more than the plan allows: said once, for an operator who has seen it is not asked again. */
  exceedBudget(measured: ClientMeasurement): void {
    this.clients = measured;
    if (this.budgetSaid) return;
    this.budgetSaid = true;
    this.budgetExceeded = true;
    // Whoever holds a run in a pause is not overtaken: it is told when that ends.
    if (this.phase !== 'paused' && this.stopsMidway()) this.forwardScope?.cancel();
  }

  note(order: OrderName | 'approve' | 'cancel', by: string, reason: string): void {
    this.operators.push({ at: now(), by, order, reason });
    this.orderedAt = workflowInfo().historyLength;
  }

  /**
   * Resolves when the last order is on record. A workflow task that would close the run fails where anything else has arrived
   * meanwhile, and an order that came with it would be lost: whoever gave it would be told of a failure.
   */
  async ordersOnRecord(): Promise<void> {
    if (this.orderedAt === workflowInfo().historyLength)
      await sleep(1, { summary: 'closes · the order goes on record' });
  }

  enter(phase: Phase): void {
    this.phase = phase;
    this.show();
  }

  /** Waits for a person or another run, and says so. `untilSeconds` ends the wait; resolves to whether it came true. */
  async waitFor(
    waiting: Omit<Waiting, 'since' | 'until'>,
    isTrue: () => boolean,
    untilSeconds?: number,
  ): Promise<boolean> {
    const until = untilSeconds === undefined ? undefined : new Date(Date.now() + untilSeconds * 1000).toISOString();
    this.waiting = { ...waiting, since: now(), until };
    this.show();
    try {
      if (untilSeconds !== undefined) {
        return await condition(isTrue, untilSeconds * 1000, {
          summary: `waits · ${waiting.reason}`.slice(0, 150),
        });
      }
      await condition(isTrue);
      return true;
    } finally {
      this.waiting = undefined;
      this.show();
    }
  }

  progress(name: string): StepProgress {
    return this.steps.find((step) => step.name === name)!;
  }

  mark(name: string, change: Partial<StepProgress>): void {
    Object.assign(this.progress(name), change);
    this.show();
  }

  status(): RunStatus {
    const { workflowId, runId } = workflowInfo();
    const { runbook, subject, phase, outcome, startedAt, waiting, trouble, held, steps, clients, operators } = this;
    const { requestedBy, reason } = this.input;
    const planHash = this.plan?.hash;
    return {
      runbook, workflowId, runId, subject, phase, outcome, planHash, requestedBy, reason, startedAt, waiting, trouble,
      held, steps, clients, operators,
    }; // prettier-ignore
  }

  /** Brings what people see up to date. */
  show(): void {
    setCurrentDetails(currentDetails(this.status(), this.plan, this.report));
    if (this.phase === this.shownPhase) return;
    this.shownPhase = this.phase;
    upsertSearchAttributes({
      RunbookPhase: [this.phase],
      RunbookRequester: [this.input.requestedBy],
      // Empty clears: Temporal UI's start form takes over the attributes of the last run.
      RunbookTarget: this.plan?.targets ?? [],
      RunbookOutcome: this.outcome ? [this.outcome] : [],
    });
  }
}
