/**
 * Goal: each fault does what its description says, as often as it was told, and is seen in the list and the request log.
 * Method: a real server; faults armed one by one; requests, SQL and the list of faults afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../lab/processes';
import { AzureLab, group, subscription } from './azure-lab';

let azure: AzureLab;
const faults = () => azure.resourceManager.faults;
const server = () => azure.path('primary');
const get = async () => (await azure.ask('GET', server())).body;
const [small, big] = ['Standard_D2ds_v4', 'Standard_D4ds_v4'];
const resize = (name: string) => azure.change('PATCH', server(), { sku: { name, tier: 'GeneralPurpose' } });
const armed = (name: string) =>
  faults()
    .list()
    .find((fault) => fault.name === name)!.armed;

beforeAll(async () => {
  azure = await AzureLab.start(600);
  await azure.seed({ name: 'primary', sku: small, storageGb: 64 }, ['replica']);
});
beforeEach(async () => {
  faults().clear();
  await faults().settled();
  await until('the server is ready', async () => (await get()).properties.state === 'Ready', { deadlineMs: 50_000 });
});
afterAll(() => azure.stop());

describe('instead of an answer', () => {
  test('throttle: 429 with Retry-After, as often as told', async () => {
    faults().arm('throttle', { server: 'primary', count: 2, seconds: 7 });
    for (let request = 0; request < 2; request++) {
      const { status, headers, body } = await azure.ask('GET', server());
      expect([status, headers['retry-after'], body.error.code]).toEqual([429, '7', 'SubscriptionRequestsThrottled']);
    }
    expect((await azure.ask('GET', server())).status).toBe(200);
    expect(armed('throttle')[0]).toMatchObject({ hits: 2, remaining: 0 });
    expect(azure.resourceManager.requests().at(-2)).toMatchObject({ status: 429, fault: 'throttle' });
  });

  test('server-error after one occasion, and of another server not at all', async () => {
    faults().arm('server-error', { server: 'primary', after: 1, on: 'read' });
    const statuses = [];
    for (const path of [server(), azure.path('replica'), server(), server()])
      statuses.push((await azure.ask('GET', path)).status);
    expect(statuses).toEqual([200, 200, 500, 200]);
  });

  test('unavailable: a page instead of JSON', async () => {
    faults().arm('unavailable');
    const { status, headers, text } = await azure.ask('GET', server());
    expect([status, headers['content-type']]).toEqual([503, 'text/html; charset=us-ascii']);
    expect(text).toContain('<HTML>');
  });

  test('conflict: a mutation only, and nothing happens', async () => {
    faults().arm('conflict');
    expect((await azure.ask('GET', server())).status).toBe(200);
    expect((await azure.ask('PATCH', server(), { body: { tags: { a: 'b' } } })).status).toBe(409);
    expect((await get()).tags).toBeUndefined();
  });
});

describe('while polling', () => {
  test.each([
    ['poll-not-found', 404],
    ['poll-error', 500],
  ])('%s: %i once, and the operation succeeds all the same', async (name, status) => {
    faults().arm(name, { server: 'primary' });
    const { headers } = await azure.ask('PATCH', server(), { body: { tags: { a: name } } });
    const url = headers['azure-asyncoperation']!;
    expect((await azure.ask('GET', url)).status).toBe(status);
    expect((await azure.ended(url)).status).toBe('Succeeded');
  });
});

test('foreign-operation: the server is busy with what somebody else began, and ready again by itself', async () => {
  faults().arm('foreign-operation', { server: 'primary', seconds: 5 });
  expect((await get()).properties.state).toBe('Updating');
  expect(await azure.change('PATCH', server(), { tags: { a: 'b' } })).toMatchObject({
    error: { code: 'ProvisioningServerBusy' },
  });
  const log = await azure.ask(
    'GET',
    `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values`,
    {
      query: `api-version=2015-04-01&$filter=${encodeURIComponent(`resourceGroupName eq '${group}'`)}`,
    },
  );
  expect(log.body.value.map(({ caller }) => caller)).toContain('someone.else@lab.example');
  await until('it is ready', async () => (await get()).properties.state === 'Ready', { deadlineMs: 50_000 });
});

describe('upgrade-fails', () => {
  const memory = () => azure.setting('primary', 'shared_buffers');
  afterEach(async () => {
    faults().clear();
    expect((await resize(small)).status).toBe('Succeeded');
    expect(await memory()).toBe('32MB');
  });

  test.each([
    ['old', small, '32MB'],
    ['new', big, '64MB'],
    ['mixed', small, '64MB'],
  ])('%s: ARM says %s, PostgreSQL has %s', async (properties, sku, buffers) => {
    azure.warnings.length = 0;
    await resizeReplica();
    faults().arm('upgrade-fails', { server: 'primary', properties });
    expect(await resize(big)).toMatchObject({ status: 'Failed', error: { code: 'InternalServerError' } });
    expect((await get()).sku.name).toBe(sku);
    expect((await get()).properties.state).toBe('Ready');
    expect(await memory()).toBe(buffers);
    expect(azure.mutations('primary').at(-1)).toMatchObject({ operationStatus: 'Failed' });
    expect(azure.mutations('primary').at(-1)!.operationRefused).toBeUndefined();
    expect(azure.warnings).toEqual([]);
  });

  /** A primary may not outgrow its replica. */
  async function resizeReplica(): Promise<void> {
    await azure.change('PATCH', azure.path('replica'), { sku: { name: big, tier: 'GeneralPurpose' } });
  }
});

describe('replicas', () => {
  const replays = async (name: string) => {
    const [[written], replica] = await Promise.all([
      azure.resourceManager.postgres('primary').sql<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at'),
      Promise.resolve(azure.resourceManager.postgres(name)),
    ]);
    const [row] = await replica.sql<{ done: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done', [
      written!.at,
    ]);
    return row!.done;
  };
  const write = () =>
    azure.resourceManager.postgres('primary').sql('CREATE TABLE IF NOT EXISTS n (i int); INSERT INTO n VALUES (1)');
  const make = async (name: string) => {
    const body = { location: 'westus', properties: { createMode: 'Replica', sourceServerResourceId: server() } };
    expect((await azure.change('PUT', azure.path(name), body)).status).toBe('Succeeded');
  };
  const drop = (name: string) => azure.change('DELETE', azure.path(name));

  test.each(['delay', 'pause'])(
    'replica-lags by %s: it streams, applies nothing, and catches up afterwards',
    async (by) => {
      faults().arm('replica-lags', { server: 'replica', by });
      await faults().settled();
      const obeys = async () => {
        const [row] = await azure.resourceManager
          .postgres('replica')
          .sql<{ pause: string; delay: string }>(
            "SELECT pg_get_wal_replay_pause_state() AS pause, current_setting('recovery_min_apply_delay') AS delay",
          );
        return by === 'pause' ? row!.pause === 'paused' : row!.delay === '1h';
      };
      await until('it applies nothing more', obeys, { deadlineMs: 50_000 });
      await write();
      await sleep(300); // A replica that merely was slow has caught up by then.
      expect(await replays('replica')).toBe(false);
      expect((await azure.ask('GET', azure.path('replica'))).body.properties.state).toBe('Ready');
      faults().clear('replica-lags');
      await until('the replica catches up', () => replays('replica'), { deadlineMs: 50_000 });
    },
  );

  test('replica-lags, armed right after another was cleared: what mends that one does not undo it', async () => {
    faults().arm('replica-lags', { server: 'replica', by: 'delay' });
    await faults().settled();
    faults().clear();
    faults().arm('replica-lags', { server: 'replica', by: 'pause' });
    await faults().settled();
    await write();
    await sleep(300);
    expect(await replays('replica')).toBe(false);
    faults().clear();
    await until('the replica catches up', () => replays('replica'), { deadlineMs: 50_000 });
  });

  test('replica-lags of a primary: the next replica that is made, and no other', async () => {
    faults().arm('replica-lags', { server: 'primary' });
    await make('late');
    await write();
    await until('the other has it', () => replays('replica'), { deadlineMs: 50_000 });
    expect(await replays('late')).toBe(false);
    await drop('late');
  });

  test('replica-diverges: it takes writes of its own, and Azure knows nothing of it', async () => {
    faults().arm('replica-diverges', { server: 'primary' });
    await make('apart');
    await azure.resourceManager.postgres('apart').sql('CREATE TABLE own (i int)');
    expect((await azure.ask('GET', azure.path('apart'))).body.properties).toMatchObject({
      ...{ state: 'Ready', replicationRole: 'AsyncReplica' },
    });
    await drop('apart');
  });
});

test('undo-refused: the second change of size is refused, the third is not', async () => {
  faults().arm('undo-refused', { server: 'primary' });
  expect((await resize(big)).status).toBe('Succeeded');
  expect(await resize(small)).toMatchObject({ status: 'Failed', error: { code: 'SkuNotAvailable' } });
  expect((await get()).sku.name).toBe(big);
  expect((await resize(small)).status).toBe('Succeeded');
});

test('operation-hangs: Updating until the fault is cleared', async () => {
  faults().arm('operation-hangs', { server: 'primary' });
  const { headers } = await azure.ask('PATCH', server(), { body: { tags: { a: 'hang' } } });
  await sleep(600); // Six times as long as the operation takes.
  expect((await azure.ask('GET', headers['azure-asyncoperation']!)).body.status).toBe('InProgress');
  expect((await get()).properties.state).toBe('Updating');
  faults().clear('operation-hangs');
  expect((await azure.ended(headers['azure-asyncoperation']!)).status).toBe('Succeeded');
});

test('operation-canceled: overtaken, and nothing is changed', async () => {
  faults().arm('operation-canceled', { server: 'primary' });
  expect(await resize(big)).toMatchObject({ status: 'Canceled', error: { code: 'OperationPreempted' } });
  expect((await get()).sku.name).toBe(small);
});

test('still-busy: refused right after an operation has ended, not any more afterwards', async () => {
  await azure.change('PATCH', server(), { tags: { a: '1' } });
  faults().arm('still-busy', { server: 'primary', seconds: 1, count: 'all' });
  expect(await azure.change('PATCH', server(), { tags: { a: '2' } })).toMatchObject({
    error: { code: 'ProvisioningServerBusy' },
  });
  const taken = async () => (await azure.change('PATCH', server(), { tags: { a: '3' } })).status === 'Succeeded';
  await until('it takes operations again', taken, { deadlineMs: 50_000, everyMs: 100 });
});

test('huge-reply: three megabytes once', async () => {
  faults().arm('huge-reply', { server: 'primary' });
  expect((await azure.ask('GET', server())).text.length).toBeGreaterThan(3 * 1024 * 1024);
  expect((await azure.ask('GET', server())).text.length).toBeLessThan(10_000);
});

test('lost-response: no reply, yet the change is made, and the log has its operation', async () => {
  faults().arm('lost-response', { server: 'primary' });
  await expect(azure.ask('PATCH', server(), { body: { tags: { a: 'lost' } } })).rejects.toThrow(
    /socket hang up|ECONNRESET/,
  );
  // The server shows its new values a moment before the log says that the operation has ended.
  const taken = () => {
    const { status, fault, operationStatus } = azure.mutations('primary').at(-1)!;
    return status === 0 && fault === 'lost-response' && operationStatus === 'Succeeded';
  };
  await until('the log has its operation, which has succeeded', taken, { deadlineMs: 50_000 });
  expect((await get()).tags?.a).toBe('lost');
});

test('stale-read: Ready and the old values, then the truth', async () => {
  faults().arm('stale-read', { server: 'primary', seconds: 60 });
  const { headers } = await azure.ask('PATCH', server(), { body: { tags: { a: 'stale' } } });
  const stale = await get();
  expect([stale.properties.state, stale.tags?.a]).not.toContain('stale');
  expect(stale.properties.state).toBe('Ready');
  await azure.ended(headers['azure-asyncoperation']!);
  faults().clear('stale-read');
  await until('GET shows the new value', async () => (await get()).tags?.a === 'stale', { deadlineMs: 50_000 });
});

describe('what a preflight looks at', () => {
  const backups = async () => (await azure.ask('GET', `${server()}/backups`)).body.value;

  test('backup-too-old', async () => {
    faults().arm('backup-too-old', { server: 'primary', hours: 30 });
    const age = Date.now() - Date.parse((await backups())[0]!.properties.completedTime);
    expect(age).toBeGreaterThan(30 * 3_600_000);
  });

  test('backup-missing', async () => {
    faults().arm('backup-missing', { server: 'primary' });
    expect(await backups()).toEqual([]);
    expect((await get()).properties.backup).not.toHaveProperty('earliestRestoreDate');
  });

  test('sku-unavailable: not offered, and refused', async () => {
    faults().arm('sku-unavailable', { sku: big });
    const { body } = await azure.ask('GET', `${server()}/capabilities`);
    const offered = body.value[0]!.supportedServerEditions.flatMap((edition) =>
      edition.supportedServerSkus.map((sku) => sku.name),
    );
    expect(offered).toContain(small);
    expect(offered).not.toContain(big);
    expect(await resize(big)).toMatchObject({ error: { code: 'SkuNotAvailable' } });
  });
});

test.each<[string, object, RegExp]>([
  ['nosuch', {}, /no fault "nosuch".*upgrade-fails/],
  ['throttle', { colour: 'blue' }, /colour/],
  ['upgrade-fails', { properties: 'other' }, /properties/],
  ['foreign-operation', {}, /server/],
  ['throttle', { server: 'nosuch' }, /no server or cache "nosuch"/],
])('arming %s with %j says what is wrong', (name, options, message) => {
  expect(() => faults().arm(name, options as Record<string, unknown>)).toThrow(message);
});

test('options from a command line are text', () => {
  expect(faults().arm('throttle', { count: '2', seconds: '3' })).toMatchObject({
    remaining: 2,
    options: { seconds: 3 },
  });
  expect(faults().arm('throttle', { count: 'all' })).toMatchObject({ remaining: null });
});
