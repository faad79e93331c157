/**
 * Goal: many runs at once never change one server at the same time, and a run's history stays small however long Azure takes.
 * Method: one lab; the intervals in which each run was changing something, from Azure's log; the events in Temporal's history.
 */
import type { Report } from '../../catalogue';
import { until } from '../../lab/processes';
import { Database } from './support/database';
import { eventsMax, tally, withoutWorkflowTasks } from './support/history';
import { mutationInterval, overlaps } from './support/mutations';
import { Production } from './support/production';
import { large, small, SkuUpgrade } from './support/sku-upgrade';

// 20 runs, one after the other; every wait in them has a shorter deadline of its own.
jest.setTimeout(480_000);

let production: Production;
beforeAll(async () => (production = await Production.start()));
afterAll(() => production?.stop());

const create = (options: { replicas?: number } = {}) => Database.create(production, options);
const start = (database: Database, input: object) => SkuUpgrade.start(production, database, input);
const larger = 'Standard_D16ds_v4';

/** The runs that changed something, of which no two did at the same time. */
async function changedInTurn(runs: SkuUpgrade[]): Promise<string[]> {
  const requests = await production.requests();
  const intervals = runs.flatMap(({ workflowId }) => mutationInterval(requests, workflowId) ?? []);
  expect(overlaps(intervals)).toEqual([]);
  return intervals.map(({ run }) => run);
}

describe('many runs at once', () => {
  test.concurrent('20 starts on one server that wait: all succeed, one after the other', async () => {
    const database = await create();
    const sizes = Array.from({ length: 20 }, (_, index) => (index % 7 === 3 ? larger : large.sku));
    const runs = await Promise.all(sizes.map((sku) => start(database, { sku, onBusy: 'wait' })));
    const reports = await Promise.all(runs.map((run) => run.report()));
    expect(reports.flatMap(({ outcome, summary }) => (outcome === 'Succeeded' ? [] : [summary]))).toEqual([]);
    expect((await changedInTurn(runs)).length).toBeGreaterThan(1);
    expect([large.sku, larger]).toContain((await database.look()).sku);
  });

  test.concurrent(
    '20 starts on one server that do not wait: one changes it, the others name the holder or find it done',
    async () => {
      const database = await create();
      const runs = await Promise.all(Array.from({ length: 20 }, () => start(database, { sku: large.sku })));
      const reports = await Promise.all(runs.map((run) => run.report()));
      const [winner, ...others] = await changedInTurn(runs);
      expect(others).toEqual([]);
      // A late one may hold the lock for a moment, to find that all is done: it is a holder as well.
      const mine = new Set(reports.map(({ workflowId }) => workflowId));
      const isFine = ({ outcome, summary, workflowId }: Report): boolean => {
        if (workflowId === winner) return outcome === 'Succeeded';
        if (outcome === 'Succeeded') return summary.startsWith('nothing to do');
        const [, holder] = /held by (\S+)/.exec(summary) ?? [];
        return outcome === 'Refused' && (holder === undefined ? summary.includes('is Updating') : mine.has(holder));
      };
      expect(reports.filter((report) => !isFine(report))).toEqual([]);
      expect(await database.look()).toMatchObject(large);
    },
  );

  test.concurrent('two runs that each need a primary and its replica: both end, in turn', async () => {
    const database = await create({ replicas: 1 });
    const runs = await Promise.all([large.sku, larger].map((sku) => start(database, { sku, onBusy: 'wait' })));
    const reports = await Promise.all(runs.map((run) => run.report()));
    expect(reports.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded']);
    await changedInTurn(runs);
    const [primary, replica] = await Promise.all([database.look(), database.look(database.replicas[0])]);
    expect(replica.sku).toBe(primary.sku);
  });
});

describe('the history of a run', () => {
  const measured: string[] = [];
  const within = (what: string, events: string[], steps: number) => {
    measured.push(`${what}: ${events.length} events (at most ${eventsMax(steps)}): ${tally(events)}`);
    expect(events.length).toBeLessThanOrEqual(eventsMax(steps));
  };
  afterAll(() => process.stdout.write(`${measured.join('\n')}\n`));

  // After the others: a look that takes too long in a crowd is taken once more, by other events.
  test('1, 2 and 4 steps, with approval: at most 40 events and 12 a step', async () => {
    const database = await create({ replicas: 1 });
    const approved = async (input: object, irreversible: string[] = []) => {
      const run = await start(database, { ...input, approval: 'required', timing: { soakSeconds: 1 } });
      const { planHash, steps } = await run.until(({ phase }) => phase === 'awaiting-approval');
      await run.approve(planHash!, irreversible);
      expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
      within(`${steps.length} steps, approved`, await run.events(), steps.length);
      return steps.length;
    };
    const replica = `grow ${database.replicas[0]}`;
    expect(await approved({ sku: large.sku, storageGb: 512 }, [replica, 'grow primary'])).toBe(4);
    expect(await approved({ sku: small.sku })).toBe(2);
    const alone = await create();
    const run = await start(alone, { sku: large.sku });
    await run.report();
    within('1 step', await run.events(), 1);
  });

  test('Azure takes 2 s and 30 s: the same events', async () => {
    const [short, long] = await Promise.all([create(), create()]);
    await production.arm('operation-hangs', { server: long.name, after: 1 });
    const runs = await Promise.all([short, long].map((database) => start(database, { sku: large.sku })));
    const began = Date.now();
    await until('30 s of Azure', () => Date.now() - began > 30_000, { deadlineMs: 60_000, everyMs: 500 });
    await production.clearFaults();
    for (const run of runs) expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    const [few, many] = await Promise.all(runs.map((run) => run.events()));
    within('Azure takes 2 s', few!, 1);
    within('Azure takes 30 s', many!, 1);
    expect(tally(withoutWorkflowTasks(many!))).toBe(tally(withoutWorkflowTasks(few!)));
  });
});
