/**
 * Undoes what a run has begun: the steps in reverse, the ambiguous ones too, each verified. Nothing interrupts it. An undo
 * that fails is put before an operator; so is an irreversible step whose effect is there.
 */
import { storyOf } from './failure';
import { askOperator } from './operator';
import type { Begun, Ending } from './ending';
import type { Run } from './run';
import { now } from './clock';

export async function rollBack(run: Run, begun: Begun[], cause: string): Promise<Ending> {
  if (begun.length === 0) return { outcome: 'Refused', summary: `${cause}; nothing was touched` };
  run.enter('rolling-back');
  for (const { step, before } of [...begun].reverse()) {
    for (;;) {
      const problem = await undoOnce(run, step, before);
      if (problem === undefined) break;
      const order = await askOperator(run, { step, causes: [cause, problem], orders: ['retry', 'accept'] });
      if (order.order === 'accept')
        return { outcome: 'Accepted', summary: `${cause}; accepted by ${order.by}: ${order.reason}` };
      run.enter('rolling-back');
    }
  }
  return { outcome: 'RolledBack', summary: cause };
}

/** Resolves to what went wrong, or to nothing. */
async function undoOnce(run: Run, step: Begun['step'], before: unknown): Promise<string | undefined> {
  run.mark(step.name, { state: 'undoing', startedAt: now(), endedAt: undefined });
  try {
    const evidence = step.undo ? await step.undo(before) : await withoutEffect(step);
    run.mark(step.name, { state: 'undone', endedAt: now(), evidence });
    return undefined;
  } catch (error) {
    const { message } = storyOf(error);
    run.mark(step.name, { state: step.undo ? 'undo failed' : 'left in place', endedAt: now(), error: message });
    return `undo of "${step.name}": ${message}`;
  }
}

/** An irreversible step is undone only if it never took effect. */
async function withoutEffect(step: Begun['step']): Promise<string> {
  const { value } = await step.observe();
  if (value !== step.from) throw new Error(`cannot be undone: ${step.resource} shows ${value}, it was ${step.from}`);
  return `never took effect: ${value}`;
}
