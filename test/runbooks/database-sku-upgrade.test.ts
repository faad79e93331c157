/**
 * Goal: databaseSkuUpgrade ends in every outcome that it declares, and each is true of Azure, of PostgreSQL, of the lock and
 * of the rows that clients wrote.
 * Method: one lab with the real worker, a server of its own for each case, side by side; what Azure was sent is read from
 * its log, how a server runs is asked of itself. What disturbs everybody (a killed worker) comes last, alone.
 */
import { askDaemon } from '../../lab/control-client';
import { until } from '../../lab/processes';
import type { TrafficReport } from '../../lab/traffic/traffic';
import { Database } from './support/database';
import { Production } from './support/production';
import { large, small, SkuUpgrade } from './support/sku-upgrade';

// A case takes 10 to 30 s; every wait in it has a shorter deadline of its own.
jest.setTimeout(180_000);

let production: Production;
beforeAll(async () => (production = await Production.start()));
afterAll(() => production?.stop());

const create = (options: { replicas?: number } = {}) => Database.create(production, options);
const start = (database: Pick<Database, 'name'>, input: object) => SkuUpgrade.start(production, database, input);
const up = { sku: large.sku };
const upOf = (server: string) => [`${server} max_connections 3437`, `${server} D8ds_v4`];
const downOf = (server: string) => [`${server} max_connections 1718`, `${server} D4ds_v4`];

async function isFree(server: string): Promise<void> {
  const free = async () => (await production.lock(server))?.holder === undefined;
  await until(`the lock of ${server} is free`, free, { deadlineMs: 10_000, everyMs: 50 });
}

describe('a run that goes well', () => {
  test.concurrent(
    'up with a replica and storage: replicas first, storage last, approved by name; then down: the primary first',
    async () => {
      const database = await create({ replicas: 1 });
      const [name, replica] = [database.name, database.replicas[0]!];
      const before = { primary: await database.look(), replica: await database.look(replica) };
      const run = await start(database, { ...up, storageGb: 512 });
      const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
      const approve = (...named: string[]) =>
        production.runbook.run([
          'approve',
          run.workflowId,
          '--plan',
          planHash!,
          '--as',
          'second@example.com',
          ...named.flatMap((step) => ['--irreversible', step]),
        ]);
      expect(await approve(`grow ${replica}`)).toMatchObject({
        code: 1,
        err: expect.stringContaining('"grow primary" was not named') as string,
      });
      expect(await run.mutations()).toEqual([]);
      expect(await approve(`grow ${replica}`, 'grow primary')).toMatchObject({ code: 0 });
      const report = await run.report();
      expect(report).toMatchObject({
        outcome: 'Succeeded',
        operators: [{ by: 'second@example.com', order: 'approve' }],
      });
      expect(report.clients!.requests).toBeGreaterThan(0);
      expect(await run.mutations()).toEqual([...upOf(replica), ...upOf(name), `${replica} 512 GiB`, `${name} 512 GiB`]);
      for (const [server, was] of [
        [name, before.primary],
        [replica, before.replica],
      ] as const) {
        const now = await database.look(server);
        expect(now).toMatchObject({ ...large, state: 'Ready', storageGb: 512 });
        expect(now.startedAt).toBeGreaterThan(was.startedAt);
      }

      const back = await start(database, { sku: small.sku });
      expect(await back.report()).toMatchObject({ outcome: 'Succeeded' });
      expect(await back.mutations()).toEqual([...downOf(name), ...downOf(replica)]);
      for (const server of [name, replica])
        expect(await database.look(server)).toMatchObject({ ...small, state: 'Ready' });
      for (const server of [name, replica]) await isFree(server);
    },
  );

  test.concurrent('a dry run plans, and touches nothing', async () => {
    const database = await create();
    const run = await start(database, { ...up, storageGb: 512, dryRun: true });
    expect(await run.report()).toMatchObject({ outcome: 'Planned' });
    expect((await run.plan()).steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['scale primary', 'D4ds_v4, max_connections 1718', 'D8ds_v4, max_connections 3437'],
      ['grow primary', '256 GiB', '512 GiB'],
    ]);
    expect(await run.mutations()).toEqual([]);
    expect(await production.lock(database.name)).toBeUndefined();
  });

  test.concurrent('paused: the next step begins only when somebody resumes', async () => {
    const database = await create();
    const run = await start(database, { ...up, storageGb: 512 });
    const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
    await run.approve(planHash!, ['grow primary']);
    await run.untilAccepted(upOf(database.name)[1]!);
    await run.order('pause');
    const { waiting, steps } = await run.until(({ phase }) => phase === 'paused');
    expect(waiting).toMatchObject({ reason: expect.stringContaining('paused by operator@example.com') as string });
    expect(steps.map(({ state }) => state)).toEqual(['done', 'pending']);
    expect(await database.look()).toMatchObject({ ...large, storageGb: 256 });
    await run.order('resume');
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await run.mutations()).toEqual([...upOf(database.name), `${database.name} 512 GiB`]);
  });

  test.concurrent(
    'a plan gone stale between approval and lock: a new plan, a new question, and nothing touched till then',
    async () => {
      const database = await create();
      const run = await start(database, { ...up, approval: 'required' });
      const first = await run.until(({ phase }) => phase === 'awaiting-approval');
      await database.change('PATCH', database.name, { sku: { name: 'Standard_D2ds_v4', tier: 'GeneralPurpose' } });
      await database.ready();
      await run.approve(first.planHash!);
      const second = await run.until(
        ({ planHash, phase }) => phase === 'awaiting-approval' && planHash !== first.planHash,
      );
      expect(second.steps[0]).toMatchObject({ from: 'D2ds_v4, max_connections 1718' });
      expect(await run.mutations()).toEqual([]);
      await isFree(database.name);
      await expect(run.approve(first.planHash!)).rejects.toMatchObject({
        cause: { message: expect.stringContaining("is not this run's plan") as string },
      });
      await run.approve(second.planHash!);
      expect(await run.report()).toMatchObject({ outcome: 'Succeeded', planHash: second.planHash });
      expect(await database.look()).toMatchObject({ ...large, maxConnections: 1718 });
    },
  );
});

describe('a refusal: nothing is touched, and every reason is said at once', () => {
  let database: Database;
  beforeAll(async () => (database = await create()));

  test.concurrent.each([
    [
      'an unknown size',
      { sku: 'Standard_D9ds_v4' },
      'Standard_D9ds_v4 is not offered in eastus; GeneralPurpose sizes here: ',
    ],
    ['a smaller storage', { storageGb: 128 }, "128 is less than today's 256"],
    ['a storage that Azure does not have', { storageGb: 300 }, '300 is no size of Premium SSD'],
    [
      'a tier that the size is not of',
      { ...up, tier: 'MemoryOptimized' },
      'belongs to GeneralPurpose, not to MemoryOptimized',
    ],
    ['several things', { sku: 'Standard_D9ds_v4', storageGb: 128 }, /D9ds_v4 is not offered[^]*128 is less than/],
    ['a wildcard', { ...up, server: 'db-*' }, 'server  "db-\\*"'],
    ['an empty name', { ...up, server: '' }, 'server  ""'],
    ['an unknown field', { ...up, speed: 9 }, 'speed'],
    ['a long string', { ...up, reason: 'x'.repeat(1024 * 1024) }, 'reason'],
    ['an unknown server', { ...up, server: 'db-nowhere' }, 'db-nowhere'],
  ])('%s', async (_what, input, words) => {
    const run = await start(database, input);
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(summary.length).toBeLessThan(2000);
    expect(await run.mutations()).toEqual([]);
  });

  test.concurrent('no input at all', async () => {
    const { outcome, summary } = await (await SkuUpgrade.raw(production)).report();
    expect({ outcome, summary }).toEqual({
      outcome: 'Refused',
      summary: expect.stringContaining('nothing was given') as string,
    });
  });

  test.concurrent('by the command line: exit 2 before anything is sent for 3 MiB, 10 from a run', async () => {
    const huge = await production.runbook.run(['start', 'databaseSkuUpgrade', '--input', '-'], {
      input: JSON.stringify({ ...up, server: 'x'.repeat(3 * 1024 * 1024) }),
    });
    expect(huge).toMatchObject({ code: 2, err: expect.stringMatching(/server[^]*3,145,728 characters/) as string });
    const shrinks = await production.runbook.run([
      'start',
      'databaseSkuUpgrade',
      '--wait',
      '--set',
      `server=${database.name}`,
      '--set',
      'storageGb=128',
    ]);
    expect(shrinks).toMatchObject({ code: 10 });
    expect(shrinks.out + shrinks.err).toMatch(/128 is less than today's 256/);
    for (const text of [huge.err, shrinks.err]) expect(text).not.toMatch(/^ {4}at /m);
  });

  test.concurrent('a resource lock, an old backup, and losses that are not named; named, they pass', async () => {
    const troubled = await create();
    const { name } = troubled;
    await troubled.change('PATCH', `${name}/configurations/wal_level`, {
      properties: { value: 'logical', source: 'user-override' },
    });
    await troubled.ready();
    await troubled.change('POST', `${name}/restart`);
    await troubled.ready();
    await troubled.sql('CREATE UNLOGGED TABLE cache (id int)');
    await troubled.adminSql(`SELECT pg_create_logical_replication_slot('warehouse', 'pgoutput')`);
    const protection = `${name}/providers/Microsoft.Authorization/locks/freeze`;
    await troubled.change('PUT', protection, { properties: { level: 'ReadOnly' } });
    const refused = await start(troubled, up);
    const { outcome, summary } = await refused.report();
    expect(outcome).toBe('Refused');
    for (const words of ['resource lock "freeze" (ReadOnly)', 'public.cache', 'warehouse'])
      expect(summary).toContain(words);
    expect(await refused.mutations()).toEqual([]);

    await troubled.change('DELETE', protection);
    const acceptLoss = { unloggedTables: ['public.cache'], logicalSlots: ['warehouse'] };
    const named = await start(troubled, { ...up, acceptLoss });
    expect(await named.report()).toMatchObject({ outcome: 'Succeeded' });

    await production.arm('backup-too-old', { server: name, hours: 48 });
    const old = await start(troubled, { sku: small.sku, acceptLoss });
    expect(await old.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringMatching(/newest automated backup of .* is 48 h old, at most 26 h/) as string,
    });
    expect(await old.mutations()).toEqual([]);
  });
});

describe('a run that fails goes back by itself', () => {
  test.concurrent.each(['old', 'new', 'mixed'])('the operation fails and leaves %s', async (properties) => {
    const database = await create();
    const { name } = database;
    await production.arm('upgrade-fails', { server: name, properties });
    const run = await start(database, up);
    const report = await run.report();
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining(`"size ${large.sku}" on ${name} ended failed`) as string,
    });
    expect(report.steps).toMatchObject([{ state: 'undone', evidence: expect.stringContaining('D4ds_v4') as string }]);
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
    expect((await run.mutations()).slice(0, 2)).toEqual(upOf(name));
    expect((await run.accepted()).filter((words) => words === upOf(name)[1])).toHaveLength(1);
    await isFree(name);
  });

  test.concurrent('a second step fails: both are undone, the last one first', async () => {
    const database = await create({ replicas: 1 });
    const [name, replica] = [database.name, database.replicas[0]!];
    await production.arm('upgrade-fails', { server: name, properties: 'new' });
    const run = await start(database, up);
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      steps: [{ state: 'undone' }, { state: 'undone' }],
    });
    expect(await run.mutations()).toEqual([...upOf(replica), ...upOf(name), ...downOf(name), ...downOf(replica)]);
    for (const server of [name, replica])
      expect(await database.look(server)).toMatchObject({ ...small, state: 'Ready' });
  });

  test.concurrent.each(['cancel', 'abort'] as const)('%s while Azure works', async (how) => {
    const database = await create();
    const { name } = database;
    const run = await start(database, up);
    await run.untilAccepted(upOf(name)[1]!);
    await (how === 'cancel' ? run.handle.cancel() : run.order('abort'));
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining('stopped by') as string,
    });
    expect(await run.accepted()).toEqual([...upOf(name), ...downOf(name)]);
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
    await isFree(name);
  });

  test.concurrent('a server that stays busy for somebody else: nothing is accepted', async () => {
    const database = await create();
    await production.arm('conflict', { server: database.name, count: 'all' });
    const run = await start(database, up);
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining("is busy with an operation that is not this run's") as string,
    });
    expect(await run.accepted()).toEqual([]);
  });

  test.concurrent(
    "somebody else's operation, before the run and between approval and lock: refused, nothing is touched",
    async () => {
      const database = await create();
      const foreign = () => production.arm('foreign-operation', { server: database.name, seconds: 3 });
      await foreign();
      const first = await start(database, up);
      expect(await first.report()).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('is Updating') as string,
      });
      await database.ready();
      const second = await start(database, { ...up, approval: 'required' });
      const { planHash } = await second.until(({ phase }) => phase === 'awaiting-approval');
      await foreign();
      await second.approve(planHash!);
      expect(await second.report()).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('is Updating') as string,
      });
      expect([...(await first.mutations()), ...(await second.mutations())]).toEqual([]);
      await isFree(database.name);
    },
  );
});

describe('an operator is needed: the run stays open, its lock held', () => {
  test.concurrent.each(['retry', 'accept'] as const)('an undo that fails, then %s', async (answer) => {
    const database = await create();
    const { name } = database;
    await production.arm('upgrade-fails', { server: name, properties: 'new' });
    await production.arm('undo-refused', { server: name });
    const run = await start(database, up);
    const { trouble, held } = await run.until(({ phase }) => phase === 'needs-operator');
    expect(trouble).toMatchObject({
      step: 'scale primary',
      orders: ['retry', 'accept'],
      now: expect.stringContaining('shows D8ds_v4') as string,
    });
    expect(trouble!.tried).toHaveLength(2);
    expect(held).toEqual([`postgres:${name}`]);
    expect((await production.lock(name))?.holder).toMatchObject({ workflowId: run.workflowId });
    await run.order(answer);
    const report = await run.report();
    expect(report).toMatchObject(
      answer === 'retry'
        ? { outcome: 'RolledBack' }
        : { outcome: 'Accepted', summary: expect.stringContaining('accept, because') as string },
    );
    expect((await database.look()).sku).toBe(answer === 'retry' ? small.sku : large.sku);
    await isFree(name);
  });

  test.concurrent(
    'clients noticed more than the budget: verified first, then asked; retry goes on, accept vouches',
    async () => {
      const database = await create();
      const { name } = database;
      const strict = { clientBudget: { failedRequests: 0 }, timing: { soakSeconds: 2 } };
      const exceeded = async (sku: string) => {
        const run = await start(database, { sku, ...strict });
        const { trouble, steps } = await run.until(({ phase }) => phase === 'needs-operator');
        expect(steps).toMatchObject([{ state: 'done' }]);
        expect(trouble!.tried[0]).toMatch(/clients noticed more than the budget allows: [1-9]\d* failed requests/);
        return run;
      };
      const first = await exceeded(large.sku);
      expect(await database.look()).toMatchObject(large);
      await first.order('retry');
      expect(await first.report()).toMatchObject({ outcome: 'Succeeded' });
      expect(await first.mutations()).toEqual(upOf(name));
      const second = await exceeded(small.sku);
      await second.order('accept');
      expect(await second.report()).toMatchObject({ outcome: 'Accepted' });
      expect(await second.mutations()).toEqual(downOf(name));
    },
  );

  test.concurrent('terminated at a step: the lock is kept and flagged until an operator unlocks it', async () => {
    const database = await create();
    const { name } = database;
    const run = await start(database, up);
    await run.untilAccepted(upOf(name)[1]!);
    await run.handle.terminate('by mistake');
    const flagged = async () => (await production.lock(name))?.holder?.flagged?.includes('TERMINATED') === true;
    await until('the lock is flagged', flagged, { deadlineMs: 10_000, everyMs: 50 });
    await database.ready();
    const refused = await start(database, up);
    expect(await refused.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining(`runbook unlock postgres:${name}`) as string,
    });
    const unlock = (holder: string) =>
      production.runbook.run(['unlock', `postgres:${name}`, '--holder', holder, '--reason', 'looked at it']);
    expect(await unlock('someone-else')).toMatchObject({
      code: expect.any(Number) as number,
      err: expect.stringContaining('name the holder') as string,
    });
    expect(await unlock(run.workflowId)).toMatchObject({ code: 0 });
    const again = await start(database, up);
    expect(await again.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await database.look()).toMatchObject({ ...large, state: 'Ready' });
  });
});

describe("under the clients' writes: no acknowledged row is lost", () => {
  const traffic = (method: 'GET' | 'POST' | 'DELETE', body?: object) =>
    askDaemon<TrafficReport>(production.lab, method, '/traffic', body);
  let database: Database;
  beforeAll(async () => {
    database = Database.first(production);
    await traffic('POST', { clients: 4, rate: 100 });
  });
  afterEach(async () => expect(await traffic('GET')).toMatchObject({ lost: 0, duplicated: 0 }));

  test('a failed upgrade, rolled back', async () => {
    await production.arm('upgrade-fails', { server: database.name, properties: 'mixed' });
    const run = await start(database, up);
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
  });

  test('a worker killed while Azure works: another goes on, and Azure accepted one change of size', async () => {
    const { name } = database;
    await production.arm('operation-hangs', { server: name, after: 1 });
    const run = await start(database, up);
    await run.untilAccepted(upOf(name)[1]!);
    await run.untilRemembered('operation');
    await production.worker.kill();
    const asked = (await production.requests()).length;
    await production.worker.start();
    const resumed = async () =>
      (await production.requests()).slice(asked).some(({ path }) => /azureAsyncOperation/i.test(path));
    await until('the new worker asks for the operation', resumed, { deadlineMs: 30_000, everyMs: 50 });
    await production.clearFaults();
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(report.clients!.unmeasuredSeconds).toBeGreaterThan(0);
    expect(await run.mutations()).toEqual(upOf(name));
    expect(await database.look()).toMatchObject({ ...large, state: 'Ready' });
  });

  test('an operation that never ends: asked at the deadline; a retry takes up the same operation', async () => {
    const { name } = database;
    await production.arm('operation-hangs', { server: name, after: 1 });
    const run = await start(database, { sku: small.sku, timing: { soakSeconds: 0, operationTimeoutSeconds: 5 } });
    const { trouble } = await run.until(({ phase }) => phase === 'needs-operator');
    expect(trouble).toMatchObject({ orders: ['retry', 'rollback', 'accept'] });
    expect(trouble!.tried[0]).toMatch(/was accepted by Azure and has not ended within the deadline/);
    await production.clearFaults();
    await run.order('retry');
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await run.mutations()).toEqual(downOf(name));
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
    const written = await traffic('DELETE');
    expect(written.acknowledged).toBeGreaterThan(100);
    expect(written.rowsInTable).toBeGreaterThanOrEqual(written.acknowledged);
  });
});
