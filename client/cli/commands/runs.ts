import type { Command } from 'commander';
import { Problem } from '../../problem';
import { listRuns } from '../../search';
import { renderRuns } from '../render/runs';
import type { Session } from '../session';
import { action } from '../session';

interface RunsOptions {
  runbook?: string;
  target?: string;
  phase?: string;
  outcome?: string;
  by?: string;
  open?: boolean;
  limit: string;
}

/** More would not be read by anybody. */
const limitMax = 1000;

export function addRunsCommand(program: Command): void {
  program
    .command('runs')
    .description('what runs, and what lately ran')
    .option('--open', 'only what has not closed')
    .option('--target <target>', 'only runs on this target, such as postgres:broxiva-db-primary')
    .option('--runbook <name>', 'only this runbook')
    .option('--phase <phase>', 'only in this phase')
    .option('--outcome <outcome>', 'only with this outcome')
    .option('--by <identity>', 'only what this person asked for')
    .option('--limit <n>', 'the newest n', '20')
    .action(action(list));
}

async function list(session: Session, { by, limit, ...filter }: RunsOptions): Promise<number> {
  const { output } = session;
  const number = /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (number < 1 || number > limitMax) {
    throw new Problem('BadUsage', `--limit: ${limit.slice(0, 20)} → a number from 1 to ${limitMax}`, {
      remedy: 'correct it',
    });
  }
  const found = await listRuns(await session.temporal(), { ...filter, requestedBy: by, limit: number });
  output.result(found, () => renderRuns(found, new Date().toISOString(), output.look));
  return 0;
}
