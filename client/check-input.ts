import type { RunbookEntry } from '../catalogue';
import { inputProblems } from '../catalogue';
import { Problem } from './problem';

/**
 * Checks an input by the runbook's own schema, before anything is sent: the workflow does the same again, this is for the
 * person who waits. Throws a `BadInput` problem that lists everything that does not fit, not the first thing only.
 */
export function checkInput(entry: RunbookEntry, input: unknown): void {
  const fields = inputProblems(entry.input, input);
  if (fields.length > 0) {
    throw new Problem('BadInput', `${entry.name}: the input does not fit, nothing was started`, { fields });
  }
}
