import type { RunbookEntry } from '../../catalogue';
import { findRunbook, runbooks } from '../../catalogue';
import { nearest } from '../../catalogue';
import { Problem } from '../problem';

/** The runbook of that name. Throws `BadUsage` with the names there are, and the one that was probably meant. */
export function knownRunbook(name: string): RunbookEntry {
  const entry = findRunbook(name);
  if (entry !== undefined) return entry;
  const names = Object.keys(runbooks);
  const alike = nearest(name, names);
  throw new Problem('BadUsage', `there is no runbook "${name.slice(0, 60)}"`, {
    remedy: alike === undefined ? `give one of ${names.join(', ')}` : `did you mean ${alike}?`,
  });
}
