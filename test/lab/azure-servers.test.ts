/**
 * Goal: what Azure says of a server is what its PostgreSQL does: a size is real memory settings after a real restart, a
 * parameter waits for one, a replica streams, a promotion promotes.
 * Method: the Azure SDK's own client against the endpoint, and SQL.
 */
import type { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible';
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { until } from '../../lab/processes';
import { AzureLab, group } from './azure-lab';

let azure: AzureLab;
let client: PostgreSQLManagementFlexibleServerClient;

beforeAll(async () => {
  azure = await AzureLab.start(600);
  client = azure.client();
  await azure.seed({ name: 'primary', sku: 'Standard_D4ds_v4', storageGb: 256, databases: ['shop'] });
});
afterAll(async () => {
  await azure.stop();
  expect(azure.warnings).toEqual([]);
});

const row = async <T>(server: string, text: string, database = 'postgres') =>
  (await azure.resourceManager.postgres(server).sql<T>(text, [], database))[0];

test('1718 connections, and a quarter of 16 GiB by the memory factor', async () => {
  expect(await azure.setting('primary', 'max_connections')).toBe('1718');
  expect(await azure.setting('primary', 'shared_buffers')).toBe('64MB');
  expect(await azure.setting('primary', 'effective_cache_size')).toBe('192MB');
});

test('the SDK creates a server, which a client can log in to, and deletes it', async () => {
  const created = await client.servers.beginCreateOrUpdateAndWait(group, 'created', {
    location: 'westus',
    sku: { name: 'Standard_B1ms', tier: 'Burstable' },
    administratorLogin: 'somebody',
    administratorLoginPassword: 'Secret-1234',
    storage: { storageSizeGB: 32 },
  });
  expect(created).toMatchObject({ state: 'Ready', administratorLogin: 'somebody', version: '17' });
  expect(created.fullyQualifiedDomainName).toBe(azure.resourceManager.postgres('created').options.address);
  expect(await azure.setting('created', 'max_connections')).toBe('50');
  const url = azure.lab.postgresUrl('somebody', 'Secret-1234', created.fullyQualifiedDomainName!, 'postgres');
  const session = new Client({ connectionString: url });
  await session.connect();
  await session.end();
  await until('the first automatic backup', async () => (await backups('created')).length === 1, {
    deadlineMs: 50_000,
  });
  await client.servers.beginDeleteAndWait(group, 'created');
  await expect(client.servers.get(group, 'created')).rejects.toMatchObject({
    statusCode: 404,
    code: 'ResourceNotFound',
  });
});

const backups = async (server: string) => {
  const all = [];
  for await (const backup of client.backupsAutomaticAndOnDemand.listByServer(group, server)) all.push(backup);
  return all;
};

test('a bigger size restarts PostgreSQL once; connections do not follow; meanwhile GET shows Updating and the old size', async () => {
  const { logFile } = azure.resourceManager.postgres('primary');
  const starts = () => readFileSync(logFile, 'utf8').split('database system is ready to accept connections').length;
  const before = starts();
  azure.resourceManager.faults.arm('operation-hangs', { server: 'primary' });
  const poller = await client.servers.beginUpdate(group, 'primary', {
    sku: { name: 'Standard_D8ds_v4', tier: 'GeneralPurpose' },
  });
  await until('the server is updating', async () => (await client.servers.get(group, 'primary')).state === 'Updating', {
    deadlineMs: 50_000,
  });
  expect((await client.servers.get(group, 'primary')).sku?.name).toBe('Standard_D4ds_v4');
  azure.resourceManager.faults.clear('operation-hangs');
  const updated = await poller.pollUntilDone();
  expect(updated).toMatchObject({ state: 'Ready', sku: { name: 'Standard_D8ds_v4' } });
  expect(starts()).toBe(before + 1);
  expect(await azure.setting('primary', 'shared_buffers')).toBe('128MB');
  expect(await azure.setting('primary', 'max_connections')).toBe('1718');
  expect((await client.configurations.get(group, 'primary', 'max_connections')).defaultValue).toBe('3437');
});

test('a static parameter waits for a restart, a dynamic one does not', async () => {
  const wait = await client.configurations.beginUpdateAndWait(group, 'primary', 'max_connections', {
    value: '900',
    source: 'user-override',
  });
  expect(wait).toMatchObject({
    value: '900',
    isConfigPendingRestart: true,
    isDynamicConfig: false,
    source: 'user-override',
  });
  expect(await azure.setting('primary', 'max_connections')).toBe('1718');
  await client.servers.beginRestartAndWait(group, 'primary');
  expect(await client.configurations.get(group, 'primary', 'max_connections')).toMatchObject({
    value: '900',
    isConfigPendingRestart: false,
  });
  expect(await azure.setting('primary', 'max_connections')).toBe('900');

  await client.configurations.beginUpdateAndWait(group, 'primary', 'work_mem', {
    value: '8192',
    source: 'user-override',
  });
  expect(await azure.setting('primary', 'work_mem')).toBe('8MB');
  const path = azure.path('primary', '/configurations/work_mem');
  expect((await azure.change('PATCH', path, { properties: { source: 'system-default' } })).status).toBe('Succeeded');
  expect((await azure.ask('GET', path)).body.properties).toMatchObject({
    value: '4096',
    defaultValue: '4096',
    source: 'system-default',
  });
});

test("Azure's own parameters are kept, and none of PostgreSQL's business", async () => {
  const path = azure.path('primary', '/configurations/pgbouncer.enabled');
  expect((await azure.ask('GET', path)).body.properties).toMatchObject({ value: 'false', source: 'system-default' });
  const set = await azure.change('PATCH', path, { properties: { value: 'true', source: 'user-override' } });
  expect(set.status).toBe('Succeeded');
  expect((await azure.ask('GET', path)).body.properties).toMatchObject({ value: 'true', defaultValue: 'false' });
  await client.servers.beginRestartAndWait(group, 'primary');
});

describe('a replica', () => {
  const create = (more: object = {}) =>
    azure.ask('PUT', azure.path('replica'), {
      body: {
        location: 'westus',
        properties: { createMode: 'Replica', sourceServerResourceId: azure.path('primary'), ...more },
      },
    });

  test('is created while its source is Updating, streams, and is listed', async () => {
    const accepted = await create();
    expect((await client.servers.get(group, 'primary')).state).toBe('Updating');
    expect((await azure.ended(accepted.headers['azure-asyncoperation']!)).status).toBe('Succeeded');
    const replica = await client.servers.get(group, 'replica');
    expect(replica).toMatchObject({
      replicationRole: 'AsyncReplica',
      sku: { name: 'Standard_D8ds_v4' },
      state: 'Ready',
    });
    expect(await row('replica', 'SELECT pg_is_in_recovery() AS standby')).toEqual({ standby: true });
    expect(await azure.setting('replica', 'max_connections')).toBe('900');
    const listed = (await azure.ask('GET', azure.path('primary', '/replicas'))).body.value;
    expect(listed).toEqual([expect.objectContaining({ name: 'replica', sku: { name: '' } })]);
  });

  test('keeps its primary from growing beyond it, and from being deleted', async () => {
    const grown = await azure.change('PATCH', azure.path('primary'), {
      sku: { name: 'Standard_D16ds_v4', tier: 'GeneralPurpose' },
    });
    expect(grown).toMatchObject({ status: 'Failed', error: { code: 'SourceServerExceedsReplica' } });
    expect((await azure.ask('GET', azure.path('primary'))).body).toMatchObject({
      sku: { name: 'Standard_D8ds_v4' },
      properties: { state: 'Ready' },
    });
    expect(await azure.ask('DELETE', azure.path('primary'))).toMatchObject({
      status: 400,
      body: { error: { code: 'ReadReplicaServersExistForSourceServer' } },
    });
  });

  test('has its own parameters, never below the primary', async () => {
    const set = (server: string, value: string) =>
      azure.ask('PATCH', azure.path(server, '/configurations/max_connections'), {
        body: { properties: { value, source: 'user-override' } },
      });
    expect((await set('replica', '800')).status).toBe(400);
    expect((await set('primary', '950')).status).toBe(400);
  });

  test('a switchover swaps the two, with every row that was acknowledged until the end', async () => {
    await azure.resourceManager
      .postgres('primary')
      .sql('CREATE TABLE ledger (id int); GRANT ALL ON ledger TO operator', [], 'shop');
    const patch = { properties: { replica: { role: 'Primary', promoteMode: 'switchover', promoteOption: 'planned' } } };
    expect(await azure.change('PATCH', azure.path('replica'), patch)).toMatchObject({
      error: { code: 'VirtualEndpointRequired' },
    });
    const endpoint = azure.path('primary', '/virtualendpoints/shop');
    await azure.change('PUT', endpoint, { properties: { endpointType: 'ReadWrite', members: ['replica'] } });
    expect((await azure.ask('GET', endpoint)).body.properties.members).toEqual(['primary', 'replica']);
    let written = 0;
    const writing = writeUntilItFails('primary', (acknowledged) => (written = acknowledged));
    await until('rows are written', () => Promise.resolve(written > 10), { deadlineMs: 50_000 });
    expect(await azure.change('PATCH', azure.path('replica'), patch)).toMatchObject({ status: 'Succeeded' });
    const acknowledged = await writing;
    expect((await client.servers.get(group, 'replica')).replicationRole).toBe('Primary');
    expect((await client.servers.get(group, 'primary')).replicationRole).toBe('AsyncReplica');
    expect(await row('replica', 'SELECT pg_is_in_recovery() AS standby')).toEqual({ standby: false });
    expect(await row('primary', 'SELECT pg_is_in_recovery() AS standby')).toEqual({ standby: true });
    const count = 'SELECT count(*)::int AS rows FROM ledger';
    const rows = async (server: string) => (await row<{ rows: number }>(server, count, 'shop'))!.rows;
    // One more may have been committed without its acknowledgement.
    expect([acknowledged, acknowledged + 1]).toContain(await rows('replica'));
    await until('the old primary has the rows', async () => (await rows('primary')) >= acknowledged, {
      deadlineMs: 50_000,
    });
  });

  /** Inserts row after row until the server goes away; tells and returns how many it acknowledged. */
  async function writeUntilItFails(server: string, tell: (acknowledged: number) => void): Promise<number> {
    const { address } = azure.resourceManager.postgres(server).options;
    const session = new Client({ connectionString: azure.lab.postgresUrl('operator', 'Secret-1234', address, 'shop') });
    session.on('error', () => undefined);
    await session.connect();
    for (let acknowledged = 0; ; acknowledged++) {
      try {
        await session.query('INSERT INTO ledger VALUES ($1)', [acknowledged]);
        tell(acknowledged + 1);
      } catch {
        return acknowledged;
      }
    }
  }

  test('promoted alone it follows nobody, and its source goes on', async () => {
    const patch = { properties: { replica: { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Planned' } } };
    azure.resourceManager.setTime('promote', 1);
    // From then on the place for the next record is ahead of the last one, by the header of a segment.
    await row('replica', 'SELECT pg_switch_wal()');
    expect((await azure.change('PATCH', azure.path('primary'), patch)).status).toBe('Succeeded');
    azure.resourceManager.setTime('promote', undefined);
    const { body } = await azure.ask('GET', azure.path('primary'));
    expect(body.properties).toMatchObject({ replicationRole: 'Primary', replica: { capacity: 5 } });
    expect(body.properties).not.toHaveProperty('sourceServerResourceId');
    for (const name of ['primary', 'replica']) {
      expect(await row(name, 'SELECT pg_is_in_recovery() AS standby')).toEqual({ standby: false });
    }
    expect((await azure.ask('GET', azure.path('replica', '/replicas'))).body.value).toEqual([]);
    // So long as somebody has said, and a primary in the middle of it; what is logged is cut to the millisecond at either end.
    const tickMs = 2;
    const { operationMs = 0, effectiveAfterMs = 0 } = azure.resourceManager
      .requests()
      .findLast(({ method }) => method === 'PATCH')!;
    expect(operationMs).toBeGreaterThan(1000 - tickMs);
    expect(effectiveAfterMs).toBeGreaterThan(500 - tickMs);
    expect(effectiveAfterMs).toBeLessThan(operationMs);
    // Nothing is waited for that nobody writes.
    expect(operationMs).toBeLessThan(8000);
  });

  test('how long an operation takes can be said of those that there are', () => {
    expect(() => azure.resourceManager.setTime('promte', 1)).toThrow(
      'no operation is called promte; there are: backUp, ',
    );
    expect(() => azure.resourceManager.setTime('promote', -1)).toThrow('-1 seconds: 0 to 86400 are allowed');
  });
});

test('stop and start; a stopped server takes nothing else', async () => {
  expect((await azure.change('POST', azure.path('replica', '/stop'))).status).toBe('Succeeded');
  expect((await client.servers.get(group, 'replica')).state).toBe('Stopped');
  expect(azure.resourceManager.postgres('replica').running).toBe(false);
  const refused = await azure.change('PATCH', azure.path('replica'), { tags: { a: 'b' } });
  expect(refused).toMatchObject({ status: 'Failed', error: { code: 'ServerIsNotReady' } });
  expect((await azure.ask('GET', azure.path('replica', '/configurations'))).status).toBe(500);
  await client.servers.beginStartAndWait(group, 'replica');
  expect((await client.servers.get(group, 'replica')).state).toBe('Ready');
  expect(azure.resourceManager.postgres('replica').running).toBe(true);
});

test('a busy server: accepted, then failed at the first poll', async () => {
  azure.resourceManager.faults.arm('operation-hangs', { server: 'primary' });
  const first = await azure.ask('PATCH', azure.path('primary'), { body: { tags: { n: '1' } } });
  const second = await azure.change('PATCH', azure.path('primary'), { tags: { n: '2' } });
  const restart = await azure.change('POST', azure.path('primary', '/restart'));
  expect(second).toMatchObject({ status: 'Failed', error: { code: 'ProvisioningServerBusy' } });
  expect(restart).toMatchObject({ status: 'Failed', error: { code: 'ServerIsNotReady' } });
  azure.resourceManager.faults.clear();
  await azure.ended(first.headers['azure-asyncoperation']!);
  expect((await azure.ask('GET', azure.path('primary'))).body.tags).toEqual({ n: '1' });
  const logged = azure.mutations('primary').slice(-3);
  expect(logged.map(({ operationStatus, operationRefused }) => [operationStatus, operationRefused])).toEqual([
    ['Succeeded', undefined],
    ['Failed', true],
    ['Failed', true],
  ]);
});

test('backups are real and listed; databases and firewall rules come and go', async () => {
  await until('an automatic backup', async () => (await backups('primary')).length > 0, {
    deadlineMs: 50_000,
    everyMs: 100,
  });
  const [automatic] = await backups('primary');
  expect(automatic).toMatchObject({ backupType: 'Full', source: 'Automatic' });
  expect((await azure.change('PUT', azure.path('primary', '/backups/mine'))).status).toBe('Succeeded');
  expect((await backups('primary')).map(({ name, backupType }) => [name, backupType])).toContainEqual([
    'mine',
    'Customer On-Demand',
  ]);

  await client.databases.beginCreateAndWait(group, 'primary', 'stock', { charset: 'utf8' });
  expect(
    await row('primary', `SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'stock'`),
  ).toEqual({ owner: 'operator' });
  await client.databases.beginDeleteAndWait(group, 'primary', 'stock');
  expect(await row('primary', `SELECT 1 FROM pg_database WHERE datname = 'stock'`)).toBeUndefined();

  const rule = { startIpAddress: '10.0.0.1', endIpAddress: '10.0.0.9' };
  await client.firewallRules.beginCreateOrUpdateAndWait(group, 'primary', 'office', rule);
  expect(await client.firewallRules.get(group, 'primary', 'office')).toMatchObject(rule);
  await client.firewallRules.beginDeleteAndWait(group, 'primary', 'office');
});
