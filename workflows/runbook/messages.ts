import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { ZodType } from 'zod';
import type {
  AnswerName,
  Approval,
  ClientMeasurement,
  Order,
  OrderName,
  Plan,
  Report,
  RunStatus,
} from '../../catalogue';
import {
  approvalSchema,
  budgetSignal,
  inputProblems,
  isAnswer,
  lockMessages,
  queryNames,
  schemaOf,
  updateNames,
} from '../../catalogue';
import { assertNotMidway } from './midway';
import type { Run } from './run';
import { mayAbort, mayAccept, mayApprove, mayPause, mayReject, mayResume, mayRetry, mayRollBack } from './permissions';

/** Registers everything that can be asked of a run or said to it. Validators only read; what they reject leaves no trace. */
export function handleMessages(run: Run): void {
  setHandler(defineQuery<RunStatus>(queryNames.status), () => run.status(), {
    description: 'What the run does, since when, and what it waits for',
  });
  setHandler(defineQuery<Plan | null>(queryNames.plan), () => run.plan ?? null, {
    description: 'The plan, with its hash',
  });
  setHandler(defineQuery<Report | null>(queryNames.report), () => run.report ?? null, {
    description: 'The report; null until the run has closed',
  });

  setHandler(
    defineUpdate<string, [Approval]>(updateNames.approve),
    (raw) => {
      assertNotMidway();
      const approval = approvalSchema.parse(raw);
      run.approval = approval;
      run.note('approve', approval.by, approval.reason ?? `plan ${approval.planHash}`);
      return `plan ${run.plan?.hash} is approved`;
    },
    {
      description: 'Approve the plan: {by, planHash, irreversibleSteps, reason}',
      validator: (raw) => check(() => mayApprove(run, parse(approvalSchema, raw))),
    },
  );

  order(run, 'reject', mayReject, (given) => (run.rejection = given), 'the plan is rejected: nothing will be touched');
  order(run, 'pause', mayPause, (given) => (run.pauseOrder = given), 'pausing before the next step');
  order(run, 'resume', mayResume, () => (run.pauseOrder = undefined), 'going on');
  order(run, 'abort', mayAbort, (given) => run.stop(given), 'aborting: what was done is undone');
  const answer = (name: AnswerName) => (given: Order) => (run.operatorOrder = { ...given, order: name });
  order(run, 'retry', mayRetry, answer('retry'), 'trying again');
  order(run, 'rollback', mayRollBack, answer('rollback'), 'rolling back');
  order(run, 'accept', mayAccept, answer('accept'), 'closing as Accepted');

  setHandler(defineSignal(lockMessages.granted), () => {
    run.lockGranted = true;
  });
  setHandler(defineSignal<[ClientMeasurement]>(budgetSignal), (measured) => {
    assertNotMidway();
    run.exceedBudget(measured);
    run.show();
  });
}

type Reason = string | undefined;

function order(
  run: Run,
  name: OrderName,
  refusal: (run: Run, order: Order) => Reason,
  carryOut: (order: Order) => unknown,
  answer: string,
): void {
  const schema = schemaOf(name);
  setHandler(
    defineUpdate<string, [Order]>(updateNames[name]),
    (raw) => {
      assertNotMidway();
      const given = schema.parse(raw);
      run.note(name, given.by, given.reason);
      carryOut(given);
      run.show();
      return answer;
    },
    {
      description: `${name}: {by, reason${isAnswer(name) ? ', question: since when it asks' : ''}}`,
      validator: (raw) => check(() => refusal(run, parse<Order>(schema, raw))),
    },
  );
}

function check(refusal: () => Reason): void {
  const reason = refusal();
  if (reason !== undefined)
    throw ApplicationFailure.create({ type: 'OrderRefused', message: reason, nonRetryable: true });
}

function parse<Value>(schema: ZodType<Value>, raw: unknown): Value {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const lines = inputProblems(schema, raw).map(
    ({ field, given, allowed }) => `${field}: ${given ?? 'nothing was given'}; allowed: ${allowed}`,
  );
  throw ApplicationFailure.create({ type: 'InvalidInput', message: lines.join('\n'), nonRetryable: true });
}
