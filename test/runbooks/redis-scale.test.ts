/**
 * Goal: redisScale ends in every outcome that it declares, and each is true of Azure, of the Redis server and of the data in it.
 * Method: one lab with the real worker, a cache of its own for each case, side by side; what Azure was sent is read from its
 * log, what a cache holds is asked of its server over TLS. A killed worker, which disturbs everybody, comes last, alone.
 */
import type { Topology } from '../../catalogue';
import { until } from '../../lab/processes';
import { Cache } from './support/cache';
import { eventsOf, withoutWorkflowTasks } from './support/history';
import { Production } from './support/production';

// A case takes 5 to 20 s; every wait in it has a shorter deadline of its own.
jest.setTimeout(480_000);

let production: Production;
beforeAll(async () => (production = await Production.start({ timeFactor: 400 })));
afterAll(() => production?.stop());

const create = (size?: string, properties?: object) => Cache.create(production, size, properties);
const marker = /marker/;

describe('goes well', () => {
  test.concurrent("the guide's: Standard C3 to Premium P3, which has no way back and is approved by name", async () => {
    const cache = await create();
    await cache.fill(5);
    const before = await cache.look();
    const run = await cache.start({ tier: 'Premium', size: 'P3', timing: { soakSeconds: 1 } });
    const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
    expect((await run.plan()).steps).toMatchObject([
      {
        ...{ name: `scale ${cache.name}`, reversibility: 'irreversible', expectedSeconds: 1200 },
        ...{ from: 'Standard C3, 642 + 642 MB reserved', to: 'Premium P3, 2782 + 2782 MB reserved' },
      },
    ]);
    expect(await run.findings()).toEqual([expect.stringContaining('Retires') as string]);
    expect((await cache.mutations(run)).sent).toEqual([]);
    await run.handle.executeUpdate('approve', {
      args: [{ by: 'approver@example.com', planHash: planHash!, irreversibleSteps: [`scale ${cache.name}`] }],
    });
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(report.steps[0]!.evidence).toContain('the marker came along');
    expect(report.clients!.requests).toBeGreaterThan(0);
    // 33, and some more where a verification is asked again.
    expect(withoutWorkflowTasks(await eventsOf(run.handle)).length).toBeLessThanOrEqual(40);
    const after = await cache.look();
    expect(after).toMatchObject({
      state: 'Succeeded',
      size: 'Premium P3',
      reservedMb: 2782,
      keys: 100,
      evictedKeys: 0,
    });
    expect(after.maxMemoryBytes).toBeGreaterThan(4 * before.maxMemoryBytes);
    expect(await cache.mutations(run)).toMatchObject({ accepted: ['P3'] });
    expect((await cache.keys()).filter((key) => marker.test(key))).toEqual([]);
  });

  test.concurrent('what is reserved is set again after the size, and is the same share of it', async () => {
    const cache = await create('Premium P1', { redisConfiguration: { 'maxmemory-reserved': '1284' } });
    const run = await cache.start({ size: 'P2' });
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await cache.mutations(run)).toMatchObject({ accepted: ['P2', '2782 MB reserved'] });
    expect(await cache.look()).toMatchObject({ size: 'Premium P2', reservedMb: 2782 });
  });

  test.concurrent('memory alone: nothing is restarted, no client notices', async () => {
    const cache = await create('Premium P1');
    const run = await cache.start({ maxmemoryReservedMb: 2000 });
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded', clients: { failedRequests: 0 } });
    expect(await cache.look()).toMatchObject({ size: 'Premium P1', reservedMb: 2000 });
  });

  test.concurrent('full, and evicting nothing: it takes no marker, and is made larger all the same', async () => {
    const cache = await create('Standard C1', { redisConfiguration: { 'maxmemory-policy': 'noeviction' } });
    await cache.fillUp();
    const { keys } = await cache.look();
    const run = await cache.start({ size: 'C2', timing: { soakSeconds: 1 } });
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(report.steps[0]!.evidence).toContain('it took no marker');
    expect(await cache.look()).toMatchObject({ size: 'Standard C2', keys, evictedKeys: 0 });
  });

  test.concurrent('smaller, and all of it fits: reversible; it is smaller, and all is there', async () => {
    const cache = await create('Standard C3');
    await cache.fill(5);
    const run = await cache.start({ size: 'C2' });
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect((await run.plan()).steps).toMatchObject([{ reversibility: 'reversible' }]);
    expect(await cache.look()).toMatchObject({ size: 'Standard C2', keys: 100, evictedKeys: 0 });
  });

  test.concurrent('smaller than its data: refused; where that is accepted, asked for, and evicted', async () => {
    const cache = await create('Standard C3');
    await cache.fill(40);
    const refused = await cache.start({ size: 'C2' });
    expect(await refused.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining('acceptLoss.evictions') as string,
    });
    const run = await cache.start({ size: 'C2', acceptLoss: { evictions: true } });
    const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
    expect((await run.plan()).steps).toMatchObject([{ reversibility: 'lossy' }]);
    await run.approve(planHash!);
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    const { evictedKeys, keys } = await cache.look();
    expect(evictedKeys).toBeGreaterThan(0);
    expect(keys).toBeGreaterThan(300);
    expect(keys).toBeLessThan(700);
  });

  test.concurrent('tier and shards are two steps, each an operation of its own', async () => {
    const cache = await create('Premium P1', { shardCount: 1 });
    const run = await cache.start({ size: 'P2', shards: 2 });
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await cache.mutations(run)).toMatchObject({ accepted: ['P2', '2 shards'] });
    expect(await cache.look()).toMatchObject({ size: 'Premium P2', shards: 2 });
  });

  test.concurrent('an answer that is lost: the change is looked for, and not sent again', async () => {
    const cache = await create('Premium P1');
    await production.arm('lost-response', { server: cache.name });
    const run = await cache.start({ size: 'P2' });
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await cache.mutations(run)).toEqual({ sent: ['P2'], accepted: ['P2'] });
  });
});

test.concurrent('a plan on the command line says what there is to know before saying yes', async () => {
  const cache = await create('Standard C3');
  const wanted = [`cache=${cache.name}`, 'tier=Premium', 'size=P3', 'reason=Black Friday'];
  const { code, out } = await production.runbook.run([
    ...['plan', 'redisScale'],
    ...wanted.flatMap((each) => ['--set', each]),
  ]);
  expect(code).toBe(0);
  for (const words of [
    'IRREVERSIBLE',
    'no way back to Standard',
    'Azure Managed Redis',
    'connections break',
    '~20 min',
  ])
    expect(out.replace(/\s+/g, ' ')).toContain(words);
  expect((await cache.look()).size).toBe('Standard C3');
});

describe('goes back', () => {
  test.concurrent.each([
    ['old', 'Azure says the old size, and so does the server'],
    ['new', 'Azure says the new size'],
    ['mixed', 'Azure says the old size, the server has the new one'],
  ])('an operation that fails, %s: %s', async (properties) => {
    const cache = await create('Premium P1');
    await cache.fill(3);
    const before = await cache.look();
    await production.arm('upgrade-fails', { server: cache.name, properties });
    const run = await cache.start({ size: 'P2' });
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    expect(await cache.look()).toEqual(before);
    expect((await cache.keys()).filter((key) => marker.test(key))).toEqual([]);
  });

  test.concurrent('an abort in the middle of the scale', async () => {
    const cache = await create('Premium P1');
    const before = await cache.look();
    const run = await cache.start({ size: 'P2' });
    const accepted = async () => (await cache.mutations(run)).accepted.length > 0;
    await until('the scale is accepted', accepted, { deadlineMs: 50_000, everyMs: 20 });
    await run.order('abort');
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    expect(await cache.mutations(run)).toMatchObject({ accepted: ['P2', 'P1', '642 MB reserved'] });
    expect(await cache.look()).toEqual(before);
  });
});

describe('asks an operator', () => {
  test.concurrent('a step without a way back that fails', async () => {
    const cache = await create();
    await production.arm('upgrade-fails', { server: cache.name, properties: 'old' });
    const run = await cache.start({ tier: 'Premium', size: 'P1' });
    const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
    await run.handle.executeUpdate('approve', {
      args: [{ by: 'approver@example.com', planHash: planHash!, irreversibleSteps: [`scale ${cache.name}`] }],
    });
    await run.until(({ phase }) => phase === 'needs-operator');
    await run.order('retry');
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await cache.look()).toMatchObject({ size: 'Premium P1' });
  });
});

describe('refuses, and touches nothing', () => {
  test.concurrent.each<[string, string, object, string]>([
    ['Premium → Standard', 'Premium P1', { tier: 'Standard', size: 'C3' }, 'Premium → Standard is refused by Azure'],
    ['Standard → C0', 'Standard C1', { size: 'C0' }, 'C1 is the smallest'],
    ['shards without Premium', 'Standard C1', { shards: 2 }, 'only Premium has'],
    ['a Basic cache of another size', 'Basic C1', { size: 'C2' }, 'acceptLoss.everything'],
    ['bad input', 'Standard C1', { size: 'C9' }, 'size'],
  ])('%s', async (_what, size, wanted, words) => {
    const cache = await create(size);
    const run = await cache.start(wanted);
    expect(await run.report()).toMatchObject({ outcome: 'Refused', summary: expect.stringContaining(words) as string });
    expect((await cache.mutations(run)).sent).toEqual([]);
    expect(await cache.keys()).toEqual([]);
  });

  test.concurrent("somebody else's operation, a lock", async () => {
    const cache = await create('Premium P1');
    await production.arm('foreign-operation', { server: cache.name, seconds: 20 });
    const busy = await cache.start({ size: 'P2' });
    expect(await busy.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining('is Updating') as string,
    });
    await cache.idle();
    const path = '/providers/Microsoft.Authorization/locks/keep';
    await cache.azure('PUT', path, { properties: { level: 'ReadOnly' } }, '2020-05-01');
    const locked = await cache.start({ size: 'P2' });
    expect(await locked.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining('resource lock "keep"') as string,
    });
  });
});

test('a worker that is killed in the middle: another goes on, and the change is sent once', async () => {
  const cache = await create('Premium P1');
  await cache.fill(3);
  const run = await cache.start({ size: 'P2' });
  const accepted = async () => (await cache.mutations(run)).accepted.length > 0;
  await until('the scale is accepted', accepted, { deadlineMs: 50_000, everyMs: 20 });
  await production.worker.kill();
  await production.worker.start();
  expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
  expect(await cache.mutations(run)).toEqual({ sent: ['P2'], accepted: ['P2'] });
  expect(await cache.look()).toMatchObject({ size: 'Premium P2', keys: 60 });
});

test('no access key is in a history', async () => {
  const cache = await create('Premium P1');
  const { primaryKey } = await cache.azure<{ primaryKey: string }>('POST', '/listKeys');
  const run = await cache.start({ size: 'P2', dryRun: true });
  expect(await run.report()).toMatchObject({ outcome: 'Planned' });
  expect(JSON.stringify(await run.handle.fetchHistory())).not.toContain(
    Buffer.from(primaryKey).toString('base64').slice(4, -8),
  );
  expect((await run.plan()).input as Partial<Topology>).not.toHaveProperty('primaryKey');
});
