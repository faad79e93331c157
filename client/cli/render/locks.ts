import type { Lock } from '../../locks';
import { isStranded } from '../../locks';
import { columns } from './table';
import type { Look } from './text';
import { plain, plainAll, shellWord, tint } from './text';
import { moment } from './time';

/** What is locked: by whom, since when, who waits; and what to do about locks that nobody will give back. */
export function renderLocks(given: readonly Lock[], taskQueue: string, look: Look): string {
  const locks = plainAll([...given]);
  const silent = locks.filter(({ state }) => state === undefined);
  const held = locks.filter(({ state }) => state?.holder !== undefined);
  const head = ['target', 'held by', 'asked by', 'since', 'waiting', ''].map((title) => tint(look, 'dim', title));
  const table = held.length === 0 ? '' : columns(look, [head, ...held.map((lock) => row(lock, look))], '');
  return [
    table === '' && silent.length === 0 ? 'Nothing is locked.' : table,
    ...held.filter(isStranded).map((lock) => unlockHint(lock, look)),
    silent.length === 0
      ? ''
      : tint(
          look,
          'red',
          `No worker on task queue "${plain(taskQueue)}" says who holds: ${silent.map(({ target }) => target).join(', ')}. Start one, then ask again.`,
        ),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function row(lock: Lock, look: Look): string[] {
  const { holder, waiting } = lock.state!;
  const { workflowId, requestedBy, since } = holder!;
  return [
    lock.target,
    workflowId,
    requestedBy,
    moment(since),
    waiting.length === 0 ? '' : String(waiting.length),
    isStranded(lock) ? tint(look, 'red', `FLAGGED: ${whyStranded(lock)}`) : '',
  ];
}

function whyStranded({ state, holderExecution }: Lock): string {
  if (state?.holder?.flagged !== undefined) return state.holder.flagged;
  return holderExecution === 'GONE' ? 'Temporal no longer knows its run' : `its run ended as ${holderExecution}`;
}

function unlockHint({ target, state }: Lock, look: Look): string {
  const holder = shellWord(state!.holder!.workflowId);
  return `Look at ${target}: nobody knows what that run left behind. Then: ${look.command} unlock ${target} --holder ${holder} --reason …`;
}
