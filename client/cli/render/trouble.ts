import type { Trouble } from '../../../catalogue';
import { columns } from './table';
import type { Look } from './text';
import { plainAll, shellWord, tint } from './text';
import { clock } from './time';

/** What is true now, what was tried, what is held, and what can be done. */
export function renderTrouble(given: Trouble, workflowId: string, look: Look): string {
  const { step, now, tried, held, orders, since } = plainAll(given);
  const head = step === '' ? '' : `    step "${step}"`;
  return [
    `${tint(look, 'red', 'NeedsOperator')}${head}    since ${clock(since)}`,
    columns(
      look,
      [
        ['now:', now],
        ...tried.map((cause, index) => [index === 0 ? 'tried:' : '', cause]),
        ['held:', held.length === 0 ? 'nothing' : held.join(', ')],
        ['do:', `${look.command} ${orders.join('|')} ${shellWord(workflowId)} --question ${clock(since)} --reason …`],
      ],
      '',
    ),
  ].join('\n');
}
