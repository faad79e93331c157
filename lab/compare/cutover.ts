/**
 * `lab compare cutover`: what clients notice of each way, on one lab, under the same traffic.
 *
 * 1. A lab of its own with a cluster.
 * 2. Way by way: clients of the API over HTTP and of the database over SQL begin; the way is gone; the clients end; every row
 *    that was acknowledged is looked for.
 * 3. The lab ends (or stays, with `keep`), and a table is printed. Exit status 1 where a runbook has not kept what it promises.
 */
import { randomBytes } from 'node:crypto';
import { keepLogs } from '../story/logs';
import { labEnvironment } from '../environment';
import { Lab } from '../lab';
import { Interrupted, Terminal } from '../story/terminal';
import { noticedDuring } from './noticed';
import { Stand } from './stand';
import { broken, comparisonTable, type Row } from './table';
import { cutoverWays, type Way } from './ways';

export interface CompareOptions {
  keep: boolean;
  /** What Azure's times are divided by. */
  timeFactor: number;
}

const interruptedStatus = 130;

/** Resolves to the exit status. */
export async function compareCutover({ keep, timeFactor }: CompareOptions): Promise<number> {
  const name = `compare-${randomBytes(3).toString('hex')}`;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
  const terminal = new Terminal({ LAB_NAME: name }, interrupt.signal);
  const rows: Row[] = [];
  const problems: string[] = [];
  try {
    terminal.heading('A production to compare on', `Azure's part is played, ${timeFactor} times faster.`);
    await terminal.must('lab', ['up', '--kubernetes', '--time-factor', String(timeFactor)]);
    const lab = Lab.find(name)!;
    terminal.export(labEnvironment(lab));
    const stand = new Stand(lab, terminal);
    for (const way of cutoverWays) rows.push({ way, noticed: await gone(stand, way) });
    problems.push(...broken(rows));
  } catch (error) {
    if (!(error instanceof Interrupted)) problems.push((error as Error).message);
  }
  if (problems.length > 0) problems.push(`logs: ${await keepLogs(name, keep)}`);
  if (!keep) await terminal.show('lab', ['down'], { undisturbed: true });
  if (rows.length > 0) console.log(`\n${comparisonTable(rows)}`);
  if (interrupt.signal.aborted) return interruptedStatus;
  for (const problem of problems) console.error(`compare: ${problem}`);
  return problems.length > 0 ? 1 : 0;
}

async function gone(stand: Stand, way: Way) {
  stand.terminal.heading(`${way.what}: ${way.how}`);
  await way.prepare?.(stand);
  const url = way.path === 'direct' ? stand.directUrl : await stand.pooledUrl();
  const noticed = await noticedDuring(stand, String(cutoverWays.indexOf(way) + 1), url, () => way.go(stand));
  await way.tidy?.(stand);
  return noticed;
}
