/**
 * Undoes what a run has begun: the steps in reverse, the ambiguous ones too, each verified. Nothing interrupts it. An undo
 * that fails is put before an operator; so is an irreversible step whose effect is there.
 */
import { storyOf } from './failure';
import { askOperator } from './operator';
import type { Begun, Ending } from './ending';
import type { Run } from './run';
import { now } from './clock';
import type { AnyStep } from './step';

/** `certain`: a step of whose failure it is certain that it had no effect (the table of failure types says of which). */
export async function rollBack(run: Run, begun: Begun[], cause: string, certain?: AnyStep): Promise<Ending> {
  if (begun.length === 0) return { outcome: 'Refused', summary: `${cause}; nothing was touched` };
  run.enter('rolling-back');
  for (const { step, before } of [...begun].reverse()) {
    for (;;) {
      const problem = await undoOnce(run, step, before, step === certain);
      if (problem === undefined) break;
      const order = await askOperator(run, { step, causes: [cause, problem], orders: ['retry', 'accept'] });
      if (order.order === 'accept')
        return { outcome: 'Accepted', summary: `${cause}; accepted by ${order.by}: ${order.reason}` };
      run.enter('rolling-back');
    }
  }
  return { outcome: 'RolledBack', summary: cause };
}

/**
 * Why there is no way back: an irreversible step took effect, or cannot be read. Known before anything is undone, for what was done
 * after such a step belongs to it, and undoing that leads nowhere.
 */
export async function noWayBack(run: Run, begun: Begun[], certain?: AnyStep): Promise<string | undefined> {
  run.enter('rolling-back');
  try {
    for (const { step } of begun) if (!step.undo) await withoutEffect(step, step === certain);
    return undefined;
  } catch (error) {
    return `nothing was undone: ${storyOf(error).message}`;
  }
}

/** Resolves to what went wrong, or to nothing. */
async function undoOnce(
  run: Run,
  step: Begun['step'],
  before: unknown,
  isCertain: boolean,
): Promise<string | undefined> {
  run.mark(step.name, { state: 'undoing', startedAt: now(), endedAt: undefined });
  try {
    const evidence = step.undo ? await step.undo(before) : await abandon(step, isCertain);
    run.mark(step.name, { state: 'undone', endedAt: now(), evidence });
    return undefined;
  } catch (error) {
    const { message } = storyOf(error);
    run.mark(step.name, { state: step.undo ? 'undo failed' : 'left in place', endedAt: now(), error: message });
    return `undo of "${step.name}": ${message}`;
  }
}

/** An irreversible step is undone only if it never took effect; then it may have left something on the way to it. */
async function abandon(step: Begun['step'], isCertain: boolean): Promise<string> {
  const value = await withoutEffect(step, isCertain);
  const abandoned = isCertain ? undefined : await step.abandon?.();
  return [`never took effect: ${value}`, abandoned].filter(Boolean).join('; ');
}

/** What the target shows. What is certain is looked at all the same, but a target that is gone is no reason to doubt it. */
async function withoutEffect(step: Begun['step'], isCertain: boolean): Promise<string> {
  let value: string;
  try {
    ({ value } = await step.observe());
  } catch (error) {
    if (!isCertain) throw error;
    return `${step.resource} could not be read: ${storyOf(error).message}`;
  }
  if (value !== step.from) throw new Error(`cannot be undone: ${step.resource} shows ${value}, it was ${step.from}`);
  return value;
}
