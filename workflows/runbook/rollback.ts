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

/** A step of whose failure it is certain that it had no effect: by the table of failure types, or because it was led out of it. */
export interface Certain {
  step: AnyStep;
  /** What its target shows is somebody else's doing, and stays. */
  byOthers: boolean;
  evidence?: string;
}

export async function rollBack(run: Run, begun: Begun[], cause: string, certain?: Certain): Promise<Ending> {
  if (begun.length === 0) return { outcome: 'Refused', summary: `${cause}; nothing was touched` };
  run.enter('rolling-back');
  for (const { step, before } of [...begun].reverse()) {
    for (;;) {
      const problem = await undoOnce(run, step, before, certainOf(step, certain));
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
export async function noWayBack(run: Run, begun: Begun[], certain?: Certain): Promise<string | undefined> {
  run.enter('rolling-back');
  try {
    for (const { step } of begun) if (!step.undo) await withoutEffect(step, certainOf(step, certain));
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
  certain: Certain | undefined,
): Promise<string | undefined> {
  run.mark(step.name, { state: 'undoing', startedAt: now(), endedAt: undefined });
  try {
    const evidence = step.undo ? await step.undo(before) : await abandon(step, certain);
    run.mark(step.name, { state: 'undone', endedAt: now(), evidence });
    return undefined;
  } catch (error) {
    const { message } = storyOf(error);
    run.mark(step.name, { state: step.undo ? 'undo failed' : 'left in place', endedAt: now(), error: message });
    return `undo of "${step.name}": ${message}`;
  }
}

/** An irreversible step is undone only if it never took effect; then it may have left something on the way to it. */
async function abandon(step: Begun['step'], certain: Certain | undefined): Promise<string> {
  const seen = await withoutEffect(step, certain);
  const abandoned = certain ? certain.evidence : await step.abandon?.();
  return [seen, abandoned].filter(Boolean).join('; ');
}

function certainOf(step: AnyStep, certain: Certain | undefined): Certain | undefined {
  return step === certain?.step ? certain : undefined;
}

/** What the target shows. What is certain is looked at all the same, but a target that is gone is no reason to doubt it. */
async function withoutEffect(step: Begun['step'], certain: Certain | undefined): Promise<string> {
  let value: string;
  try {
    ({ value } = await step.observe());
  } catch (error) {
    if (!certain) throw error;
    return `never took effect: ${step.resource} could not be read: ${storyOf(error).message}`;
  }
  if (value === step.from) return `never took effect: ${value}`;
  if (certain?.byOthers) return `somebody else’s doing, and left alone: ${value}`;
  throw new Error(`cannot be undone: ${step.resource} shows ${value}, it was ${step.from}`);
}
