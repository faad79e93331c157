/**
 * `lab compare cutover`: what clients notice of each way, on one lab, under the same traffic.
 *
 * 1. A lab of its own with a cluster; with `withAz` the real Azure CLI, installed where it is missing.
 * 2. Way by way: clients of the API over HTTP and of the database over SQL begin; the way is gone; the clients end; every row
 *    that was acknowledged is looked for.
 * 3. The lab ends (or stays, with `keep`), and a table is printed. Exit status 1 where a runbook has not kept what it promises: to
 *    its clients, and beside a bare script.
 */
import { randomBytes } from 'node:crypto';
import { keepLogs } from '../story/logs';
import { labEnvironment } from '../environment';
import { Lab } from '../lab';
import { Interrupted, Terminal } from '../story/terminal';
import { installAzureCli } from './azure-cli';
import { type Noticed, noticedDuring, promotionOf } from './noticed';
import { Stand } from './stand';
import { broken, comparisonTable, type Row } from './table';
import { cutoverWays, type Way, type WaysOptions } from './ways';

export interface CompareOptions extends WaysOptions {
  keep: boolean;
  /** What Azure's times are divided by. */
  timeFactor: number;
}

const interruptedStatus = 130;

/** Resolves to the exit status. */
export async function compareCutover({ keep, timeFactor, ...options }: CompareOptions): Promise<number> {
  const name = `compare-${randomBytes(3).toString('hex')}`;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
  const terminal = new Terminal({ LAB_NAME: name }, interrupt.signal);
  const ways = cutoverWays(options);
  const rows: Row[] = [...new Set(ways)].map((way) => ({ way, times: [] }));
  const problems: string[] = [];
  try {
    if (options.withAz) await installAzureCli();
    terminal.heading('A production to compare on', `Azure's part is played, ${timeFactor} times faster.`);
    await terminal.must('lab', ['up', '--kubernetes', '--time-factor', String(timeFactor)]);
    const lab = Lab.find(name)!;
    terminal.export(labEnvironment(lab));
    const stand = new Stand(lab, terminal);
    for (const [index, way] of ways.entries()) {
      if (way.notRun !== undefined) continue;
      rows.find((row) => row.way === way)!.times.push(await gone(stand, way, `way-${index + 1}`));
    }
    problems.push(...broken(rows));
  } catch (error) {
    if (!(error instanceof Interrupted)) problems.push((error as Error).message);
  }
  if (problems.length > 0) problems.push(`logs: ${await keepLogs(name, keep)}`);
  if (!keep) await terminal.show('lab', ['down'], { undisturbed: true });
  if (rows.some(({ times }) => times.length > 0)) console.log(`\n${comparisonTable(rows)}`);
  if (interrupt.signal.aborted) return interruptedStatus;
  for (const problem of problems) console.error(`compare: ${problem}`);
  return problems.length > 0 ? 1 : 0;
}

async function gone(stand: Stand, way: Way, name: string): Promise<Noticed> {
  stand.terminal.heading(`${way.what}: ${way.how}`);
  await way.prepare?.(stand);
  const url = way.path === 'direct' ? stand.directUrl : await stand.pooledUrl();
  const noticed = await noticedDuring(stand, name, url, () => way.go(stand));
  await way.tidy?.(stand);
  if (!way.crossing) return noticed;
  return { ...noticed, promotion: await promotionOf(stand, stand.primary) };
}
