import type { OperatorEntry } from '../../../catalogue';
import { columns } from './table';
import type { Look } from './text';
import { clock } from './time';

/** Who said what to the run. The entries are safe to print already. */
export function renderOperators(entries: readonly OperatorEntry[], look: Look): string {
  if (entries.length === 0) return '';
  const rows = entries.map(({ at, by, order, reason }) => [clock(at), order, by, reason === '' ? '' : `"${reason}"`]);
  return `said to it:\n${columns(look, rows)}`;
}
