import type { Problem } from '../../problem';
import { columns } from './table';
import type { Look } from './text';
import { plain, plainAll, tint } from './text';

/** An error: what is wrong, each field on a line of its own, what to do. */
export function renderProblem({ message, fields, remedy }: Problem, look: Look): string {
  const rows = plainAll(fields).map(({ field, given = 'nothing was given', allowed, remedy: what }) => [
    field === '' ? 'input' : field,
    `${given} → ${allowed} → ${what}`,
  ]);
  return [
    tint(look, 'red', `${plain(message)}${rows.length > 0 ? ':' : ''}`),
    columns(look, rows, '  '),
    remedy === undefined ? '' : `→ ${plain(remedy)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}
