import type { Command } from 'commander';
import type { Lock } from '../../locks';
import { isStranded, listLocks, unlock } from '../../locks';
import { Problem } from '../../problem';
import { unlockSchema } from '../../../catalogue';
import { inputProblems } from '../../../catalogue';
import { renderLocks } from '../render/locks';
import { plain } from '../render/text';
import type { Session } from '../session';
import { action } from '../session';

export function addLockCommands(program: Command): void {
  program.command('locks').description('what is locked, by which run, and who waits').action(action(locks));
  program
    .command('unlock <target>')
    .description('take a lock from a run that ended without giving it back')
    .requiredOption('--holder <run>', 'the run that you have looked at')
    .requiredOption('--reason <text>', 'why it is safe; it stays in the lock’s history')
    .action(action(unlockTarget));
}

async function locks(session: Session): Promise<number> {
  const { output } = session;
  const temporal = await session.temporal();
  const found = await listLocks(temporal);
  output.result(found.map(documentOfLock), () => renderLocks(found, temporal.taskQueue, output.look));
  return 0;
}

function documentOfLock(lock: Lock): Record<string, unknown> {
  const { target, state, holderExecution } = lock;
  return {
    target,
    answered: state !== undefined,
    holder: state?.holder,
    holderExecution,
    stranded: isStranded(lock),
    waiting: state?.waiting ?? [],
  };
}

async function unlockTarget(
  session: Session,
  target: string,
  options: { holder: string; reason: string },
): Promise<number> {
  const order = { by: session.identity(), reason: options.reason, holder: options.holder };
  const fields = inputProblems(unlockSchema, order);
  if (fields.length > 0) throw new Problem('BadUsage', 'nothing was unlocked', { fields });
  const answer = await unlock(await session.temporal(), target, order);
  session.output.result({ target, answer }, () => plain(answer));
  return 0;
}
