import type { OperatorEntry, Report, RunStatus, StepProgress } from '../../../catalogue';
import { duration } from '../../../catalogue';
import type { Retry, RunView } from '../../views';
import { approveCommand, renderRetry } from './status';
import { newsOf, stateAndTime } from './steps';
import type { Look } from './text';
import { plain, plainAll } from './text';
import { clock } from './time';

/**
 * What changed between two looks at a run, for a log: one line each, with the time at which it was seen, and nothing where
 * nothing changed.
 */
export function renderChanges(before: RunView | undefined, after: RunView, now: string, look: Look): string[] {
  return changes(before, after, now, look).map((line) => `${clock(now)}  ${plain(line)}`);
}

function changes(before: RunView | undefined, after: RunView, now: string, look: Look): string[] {
  switch (after.state) {
    case 'open':
      return [
        ...statusChanges(before?.state === 'open' ? before.status : undefined, after.status, now, look),
        ...retryChanges(before?.state === 'open' ? before.retries : [], after.retries),
      ];
    case 'unanswered':
      return before?.state === 'unanswered' && before.traces.why === after.traces.why
        ? []
        : [`the run does not answer: ${after.traces.why}; ${after.traces.remedy}`];
    case 'closed':
      return before?.state === 'open' ? lastChanges(before.status, after.report, now) : [];
    case 'ended':
      return [];
  }
}

/** What happened between the last look at an open run and its end. */
function lastChanges(before: RunStatus, report: Report, now: string): string[] {
  const after = plainAll(report);
  return [...stepChanges(before, after.steps, now), ...newWords(before, after.operators)];
}

function statusChanges(before: RunStatus | undefined, given: RunStatus, now: string, look: Look): string[] {
  const after = plainAll(given);
  const { phase, planHash, waiting } = after;
  return [
    ...(before?.phase === phase || phase === 'closed'
      ? []
      : [`${phase}${planHash === undefined ? '' : `  plan ${planHash}`}`]),
    ...stepChanges(before, after.steps, now),
    ...(waiting === undefined || sameWait(before, after)
      ? []
      : [
          `waits for ${waiting.on}: ${waiting.reason}${waiting.until === undefined ? '' : `, until ${clock(waiting.until)}`}`,
          ...(phase === 'awaiting-approval' ? [`approve: ${approveCommand(after, look)}`] : []),
        ]),
    ...newWords(before, after.operators),
  ];
}

/** At the second attempt, the fourth, the eighth: a log says that nothing goes on, and is not filled with it. */
function retryChanges(before: readonly Retry[], after: readonly Retry[]): string[] {
  const times = (attempt: number) => Math.floor(Math.log2(attempt));
  const known = (activity: string) => before.find((retry) => retry.activity === activity)?.attempt ?? 1;
  return after.filter(({ activity, attempt }) => times(attempt) > times(known(activity))).map(renderRetry);
}

function newWords(before: RunStatus | undefined, operators: readonly OperatorEntry[]): string[] {
  return operators
    .slice(before?.operators.length ?? 0)
    .map(({ by, order, reason }) => `${by} says ${order}${reason === '' ? '' : `: "${reason}"`}`);
}

function stepChanges(before: RunStatus | undefined, steps: readonly StepProgress[], now: string): string[] {
  return steps.flatMap((step, index) => stepChange(before?.steps[index], step, index, now));
}

function sameWait(before: RunStatus | undefined, after: RunStatus): boolean {
  return before?.waiting?.since === after.waiting?.since && before?.waiting?.reason === after.waiting?.reason;
}

function stepChange(before: StepProgress | undefined, step: StepProgress, index: number, now: string): string[] {
  if (before === undefined && step.state === 'pending') return [];
  if (before?.name === step.name && before.state === step.state) return [];
  const news = newsOf(step);
  const expected =
    step.expectedSeconds !== undefined && step.state === 'applying'
      ? ` (usually ${duration(step.expectedSeconds)})`
      : '';
  const state = step.endedAt === undefined ? step.state : stateAndTime(step, now);
  return [`step ${index + 1} "${step.name}"  ${state}${expected}${news === undefined ? '' : `: ${news}`}`];
}
