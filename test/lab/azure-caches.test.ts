/**
 * Goal: caches of the endpoint answer as the recorded Azure Cache for Redis does, are real Redis servers over TLS, and obey
 * Azure's rules of scaling.
 * Method: the vendor's own client and plain HTTPS requests; what a cache holds is asked of its server, as an application does.
 */
import { readFileSync } from 'node:fs';
import { RedisManagementClient } from '@azure/arm-rediscache';
import { createClient } from 'redis';
import type { SeedCache } from '../../lab/azure';
import { until } from '../../lab/processes';
import { AzureLab, group, subscription } from './azure-lab';

let azure: AzureLab;
let made = 0;

beforeAll(async () => (azure = await AzureLab.start(1200)));
afterAll(() => azure?.stop());

const path = (name: string, rest = '') =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Cache/redis/${name}${rest}`;
const query = 'api-version=2024-11-01';
const standard = { name: 'Standard', family: 'C', capacity: 1 } as const;
const premium = (capacity: number) => ({ name: 'Premium', family: 'P', capacity }) as const;

interface View {
  properties: {
    provisioningState: string;
    sku: { name: string; family: string; capacity: number };
    shardCount?: number;
    redisConfiguration: Record<string, string>;
    accessKeys: null | object;
    hostName: string;
    instances: object[];
  };
  tags: Record<string, string>;
}

async function seed(wanted: Partial<SeedCache> = {}): Promise<string> {
  const name = `cache-${++made}`;
  await azure.resourceManager.seedCache({ name, sku: standard, ...wanted });
  return name;
}

const get = async (name: string) => (await azure.ask('GET', path(name), { query })).body as unknown as View;
const patch = (name: string, properties: object, rest: object = {}) =>
  azure.ask('PATCH', path(name), { query, body: { properties, ...rest } });

/** Sends a change that Azure accepts and waits for its end. */
async function change(name: string, properties: object): Promise<string> {
  const accepted = await patch(name, properties);
  expect([accepted.status, accepted.text]).toEqual([202, expect.anything()]);
  return (await azure.ended(accepted.headers['azure-asyncoperation']!)).status;
}

/** As an application: over TLS, with an access key. */
async function redis<T>(name: string, use: (client: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const client = connect(name);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}
function connect(name: string) {
  const url = readFileSync(azure.lab.cacheUrlFile(name), 'utf8');
  const ca = readFileSync(azure.lab.authorityFile);
  return createClient({ url, socket: { tls: true, ca, reconnectStrategy: false } });
}
const infoOf = (name: string, field: string) =>
  redis(name, async (client) => new RegExp(`^${field}:(\\S+)`, 'm').exec(await client.info())?.[1]);

test('a cache, as GET shows it, is a server with its memory and its limit of clients', async () => {
  const name = await seed();
  expect(await get(name)).toMatchObject({
    id: path(name).replace('/redis/', '/Redis/'),
    type: 'Microsoft.Cache/Redis',
    location: 'West US',
    tags: {},
    properties: {
      provisioningState: 'Succeeded',
      redisVersion: '6.0',
      sku: standard,
      accessKeys: null,
      sslPort: 6380,
      redisConfiguration: { maxclients: '1000', 'maxmemory-reserved': '107' },
      linkedServers: [],
      replicasPerPrimary: 1,
    },
  });
  // 1 GB less twice 107 MB, a 64th of it.
  expect(await infoOf(name, 'maxmemory')).toBe(String(Math.floor((810 * 1024 * 1024) / 64)));
  expect(await infoOf(name, 'maxclients')).toBe('1000');
});

test('access keys are passwords, each good until it is made anew; without one nobody gets in', async () => {
  const name = await seed();
  const keys = (await azure.ask('POST', path(name, '/listKeys'), { query })).body as unknown as Record<string, string>;
  expect(readFileSync(azure.lab.cacheUrlFile(name), 'utf8')).toContain(`:${keys['primaryKey']}@`);
  const body = { keyType: 'Primary' };
  const anew = (await azure.ask('POST', path(name, '/regenerateKey'), { query, body })).body as unknown as typeof keys;
  expect(anew).toEqual({ primaryKey: expect.any(String) as string, secondaryKey: keys['secondaryKey'] });
  expect(anew['primaryKey']).not.toBe(keys['primaryKey']);
  await expect(redis(name, (client) => client.ping())).rejects.toThrow('WRONGPASS');
});

test.each(['CONFIG GET maxmemory', 'SHUTDOWN', 'REPLICAOF NO ONE', 'ACL WHOAMI'])(
  '%s is not for clients',
  async (words) => {
    const name = await seed();
    await expect(redis(name, (client) => client.sendCommand(words.split(' ')))).rejects.toThrow('NOPERM');
  },
);

test('a scale: old values in the answer, the new size and Scaling while it goes on, data kept, connections broken', async () => {
  const name = await seed({ configuration: { 'maxmemory-reserved': '400' } });
  await redis(name, (client) => client.set('kept', 'yes'));
  const open = connect(name);
  const broken = new Promise<void>((resolve) => open.on('error', () => resolve()));
  await open.connect();
  azure.resourceManager.faults.arm('operation-hangs', { server: name });
  const accepted = await patch(name, {
    sku: premium(3),
    redisConfiguration: { 'maxmemory-reserved': '5000' },
  });
  const body = accepted.body as unknown as View;
  expect([accepted.status, body.properties.provisioningState, body.properties.sku]).toEqual([202, 'Scaling', standard]);
  expect(accepted.headers['azure-asyncoperation']).toMatch(
    /\/providers\/Microsoft\.Cache\/locations\/West%20US\/asyncOperations\//,
  );
  expect(accepted.headers['retry-after']).toBeUndefined();
  expect(accepted.text).toContain('\r\n');
  expect((await get(name)).properties).toMatchObject({ provisioningState: 'Scaling', sku: premium(3) });
  const second = await patch(name, { enableNonSslPort: true });
  expect([second.status, second.body.error.code]).toEqual([409, 'Conflict']);
  expect(second.body.error.message).toMatch(/is busy processing a previous update.*\r\nRequestID=/);
  azure.resourceManager.faults.clear('operation-hangs');

  expect((await azure.ended(accepted.headers['azure-asyncoperation']!)).status).toBe('Succeeded');
  await broken;
  open.destroy();
  const { properties } = await get(name);
  // What was sent with the scale is ignored, and 400 MB are too little of 26 GB.
  expect(properties).toMatchObject({
    provisioningState: 'Succeeded',
    sku: premium(3),
    redisConfiguration: { maxclients: '30000', 'maxmemory-reserved': '2782' },
  });
  expect(await redis(name, (client) => client.get('kept'))).toBe('yes');
  expect(Number(await infoOf(name, 'maxmemory'))).toBe(Math.floor(((26 * 1024 - 2 * 2782) * 1024 * 1024) / 64));
});

test('what a smaller size has no room for is evicted, whatever the policy says', async () => {
  const name = await seed({ sku: { ...standard, capacity: 2 } });
  await redis(name, async (client) => {
    for (let number = 0; number < 400; number++) await client.set(`value-${number}`, 'x'.repeat(50_000));
  });
  expect(await change(name, { sku: standard })).toBe('Succeeded');
  const left = await redis(name, (client) => client.dbSize());
  expect(left).toBeGreaterThan(100);
  expect(left).toBeLessThan(230);
  expect(Number(await infoOf(name, 'evicted_keys'))).toBe(400 - left);
  expect(await infoOf(name, 'maxmemory_policy')).toBe('volatile-lru');
});

test('a Basic cache loses its data with its size; one that becomes Standard keeps it', async () => {
  const basic = { name: 'Basic', family: 'C', capacity: 1 } as const;
  const name = await seed({ sku: basic });
  await redis(name, (client) => client.set('key', 'value'));
  expect(await change(name, { sku: standard })).toBe('Succeeded');
  expect(await redis(name, (client) => client.get('key'))).toBe('value');
  const other = await seed({ sku: basic });
  await redis(other, (client) => client.set('key', 'value'));
  expect(await change(other, { sku: { ...basic, capacity: 2 } })).toBe('Succeeded');
  expect(await redis(other, (client) => client.get('key'))).toBeNull();
});

test('a reboot of the primary node breaks connections and keeps the data; one of all nodes does not keep it', async () => {
  const name = await seed();
  await redis(name, (client) => client.set('key', 'value'));
  const reboot = async (rebootType: string) => {
    const before = await infoOf(name, 'run_id');
    const answer = await azure.ask('POST', path(name, '/forceReboot'), { query, body: { rebootType } });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('successfully scheduled') as string]);
    const isOver = async () => ![before, undefined].includes(await infoOf(name, 'run_id').catch(() => undefined));
    await until('it is rebooted', isOver, { deadlineMs: 50_000, everyMs: 50 });
    return redis(name, (client) => client.get('key'));
  };
  expect(await reboot('PrimaryNode')).toBe('value');
  expect(await reboot('AllNodes')).toBeNull();
});

test('settings of memory by themselves are obeyed without a restart; tags need no operation', async () => {
  const name = await seed();
  const open = connect(name);
  await open.connect();
  const id = await open.clientId();
  expect(
    await change(name, { redisConfiguration: { 'maxmemory-reserved': '300', 'maxmemory-policy': 'allkeys-lru' } }),
  ).toBe('Succeeded');
  expect((await get(name)).properties.redisConfiguration).toMatchObject({ 'maxmemory-reserved': '300' });
  expect(await open.clientId()).toBe(id);
  open.destroy();
  expect(await infoOf(name, 'maxmemory')).toBe(String(Math.floor(((1024 - 407) * 1024 * 1024) / 64)));
  expect(await infoOf(name, 'maxmemory_policy')).toBe('allkeys-lru');
  const tagged = await patch(name, { sku: standard }, { tags: { team: 'shop' } });
  expect([tagged.status, tagged.body.tags, tagged.headers['azure-asyncoperation']]).toEqual([
    200,
    { team: 'shop' },
    undefined,
  ]);
});

test('shards are one after the other, and twenty minutes each', async () => {
  const name = await seed({ sku: premium(1), shardCount: 1 });
  expect(await change(name, { shardCount: 2 })).toBe('Succeeded');
  const { properties } = await get(name);
  expect([properties.shardCount, properties.instances.length]).toEqual([2, 4]);
  const [operation] = azure.mutations(name);
  expect(operation).toMatchObject({ operationStatus: 'Succeeded', server: name });
});

test("the vendor's client scales, lists keys, deletes", async () => {
  const credential = { getToken: () => Promise.resolve({ token: 'lab', expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const ca = readFileSync(azure.lab.authorityFile, 'utf8');
  const client = new RedisManagementClient(credential, subscription, { endpoint: azure.url, tlsOptions: { ca } });
  const name = `cache-${++made}`;
  const created = await client.redis.beginCreateAndWait(
    group,
    name,
    { location: 'westus', sku: { name: 'Basic', family: 'c', capacity: 0 } },
    { updateIntervalInMs: 50 },
  );
  expect(created).toMatchObject({ name, provisioningState: 'Succeeded', sku: { family: 'C' } });
  await client.redis.beginUpdateAndWait(
    group,
    name,
    { sku: { name: 'Standard', family: 'C', capacity: 0 } },
    { updateIntervalInMs: 50 },
  );
  expect(await client.redis.get(group, name)).toMatchObject({ sku: { name: 'Standard', family: 'C', capacity: 0 } });
  expect((await client.redis.listKeys(group, name)).primaryKey).toMatch(/.{40}/);
  expect(await infoOf(name, 'maxclients')).toBe('256');
  await client.redis.beginDeleteAndWait(group, name, { updateIntervalInMs: 50 });
  await expect(client.redis.get(group, name)).rejects.toThrow('was not found');
});

test('a daemon that is started again goes on with a scale, and the data is there', async () => {
  const name = await seed();
  await redis(name, (client) => client.set('kept', 'yes'));
  const accepted = await patch(name, { sku: { ...standard, capacity: 2 } });
  expect(accepted.status).toBe(202);
  await azure.resourceManager.close();
  await azure.startDaemon();
  const done = async () => (await get(name)).properties.provisioningState === 'Succeeded';
  await until('the scale is over', done, { deadlineMs: 50_000, everyMs: 50 });
  expect(await redis(name, (client) => client.get('kept'))).toBe('yes');
  expect((await get(name)).properties.sku.capacity).toBe(2);
});

describe('faults reach caches too', () => {
  test.each([
    ['old', { name: 'Standard', capacity: 1 }, 810],
    ['new', { name: 'Standard', capacity: 2 }, 2024],
    ['mixed', { name: 'Standard', capacity: 1 }, 2024],
  ])('upgrade-fails, %s', async (properties, sku, memoryMb) => {
    const name = await seed();
    azure.resourceManager.faults.arm('upgrade-fails', { server: name, properties });
    expect(await change(name, { sku: { ...standard, capacity: 2 } })).toBe('Failed');
    expect((await get(name)).properties).toMatchObject({ provisioningState: 'Succeeded', sku });
    expect(Number(await infoOf(name, 'maxmemory'))).toBeCloseTo((memoryMb * 1024 * 1024) / 64, -3);
    if (properties === 'new') return;
    // Asked for again, the size is what it should be.
    expect(await change(name, { sku: { ...standard, capacity: 2 } })).toBe('Succeeded');
    expect(Number(await infoOf(name, 'maxmemory'))).toBeCloseTo((2024 * 1024 * 1024) / 64, -3);
  });

  test('somebody else keeps it busy; an answer is lost', async () => {
    const name = await seed();
    azure.resourceManager.faults.arm('foreign-operation', { server: name, seconds: 3 });
    expect((await get(name)).properties.provisioningState).toBe('Updating');
    expect((await patch(name, { sku: premium(1) })).status).toBe(409);
    const idle = async () => (await get(name)).properties.provisioningState === 'Succeeded';
    await until('it is idle', idle, { deadlineMs: 50_000, everyMs: 50 });
    azure.resourceManager.faults.arm('lost-response', { server: name });
    await expect(patch(name, { sku: premium(1) })).rejects.toThrow();
    await until('it is scaled', async () => (await idle()) && (await get(name)).properties.sku.family === 'P', {
      ...{ deadlineMs: 50_000, everyMs: 50 },
    });
  });

  test('a lock protects it', async () => {
    const name = await seed();
    const lock = `${path(name)}/providers/Microsoft.Authorization/locks/keep`;
    const locked = await azure.ask('PUT', lock, {
      query: 'api-version=2020-05-01',
      body: { properties: { level: 'ReadOnly' } },
    });
    expect(locked.status).toBe(201);
    const refused = await patch(name, { sku: premium(1) });
    expect([refused.status, refused.body.error.code]).toEqual([409, 'ScopeLocked']);
  });
});
