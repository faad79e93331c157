/**
 * Goal: a server of the lab behaves as Azure's does: its roles, TLS, standbys, restarts and crashes.
 * Method: real PostgreSQL processes on loopback addresses of their own, asked as a client would ask them.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { claimNetwork, type Network, releaseNetwork } from '../../lab/addresses/network';
import { Authority } from '../../lab/authority/authority';
import { cacheFolder } from '../../lab/cache';
import { claimsFolder } from '../../lab/lab';
import { PostgresServer, type PostgresServerOptions } from '../../lab/postgres/server';
import { until } from '../../lab/processes';

const admin = { login: 'broxivaadmin', password: 'Adm1n-of-the-test' };
let folder: string;
let network: Network;
let authority: Authority;
let primary: PostgresServer;
const servers: PostgresServer[] = [];

async function options(name: string, settings: Record<string, string> = {}): Promise<PostgresServerOptions> {
  const address = network.freeServerAddress(servers.map((server) => server.options.address));
  const certificate = { ...(await authority.issue([name, address])), authority: authority.certificate };
  return {
    name,
    folder: join(folder, name),
    address,
    port: 5432,
    admin,
    certificate,
    settings: { shared_buffers: '16MB', max_connections: '60', ...settings },
  };
}

async function standbyOf(source: PostgresServer, name: string): Promise<PostgresServer> {
  const server = await PostgresServer.createStandby(await options(name), source);
  servers.push(server);
  return server;
}

async function asAdmin<T = Record<string, unknown>>(
  server: PostgresServer,
  text: string,
  database = 'postgres',
): Promise<T[]> {
  const client = new Client({
    ...{ host: server.options.address, port: 5432, user: admin.login, password: admin.password, database },
    ssl: { ca: authority.certificate },
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  await mkdir(join(cacheFolder(), 'labs'), { recursive: true });
  folder = await mkdtemp(join(cacheFolder(), 'labs', 'test-'));
  await chmod(folder, 0o755);
  network = await claimNetwork(claimsFolder(), folder);
  authority = await Authority.open(join(folder, 'authority'));
  primary = await PostgresServer.create(await options('primary'));
  servers.push(primary);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop('immediate')));
  await releaseNetwork(claimsFolder(), folder);
  await rm(folder, { recursive: true, force: true });
});

describe('the admin login', () => {
  test.each([
    ['reads what others run', 'SELECT count(query) FROM pg_stat_activity'],
    ['reads replication', 'SELECT * FROM pg_stat_replication, pg_replication_slots'],
    ['reads settings', 'SELECT * FROM pg_settings'],
    ['reads positions', 'SELECT pg_current_wal_insert_lsn(), pg_postmaster_start_time()'],
    ['reads control data', 'SELECT system_identifier FROM pg_control_system()'],
    ['reads statements', 'SELECT count(*) FROM pg_stat_statements'],
    [
      'makes and drops a slot',
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_create_physical_replication_slot('by_admin')`,
    ],
    ['makes a role', 'CREATE ROLE made_by_admin LOGIN; ALTER ROLE made_by_admin NOLOGIN; DROP ROLE made_by_admin'],
    ['makes a database', 'CREATE DATABASE made_by_admin'],
  ])('%s', async (_what, text) => {
    await asAdmin(primary, text);
  });

  test.each([
    ['is no superuser', 'ALTER ROLE broxivaadmin SUPERUSER'],
    ['cannot change parameters by SQL', `ALTER SYSTEM SET work_mem = '8MB'`],
    ['cannot promote by SQL', 'SELECT pg_promote()'],
    ['cannot reload', 'SELECT pg_reload_conf()'],
    ['cannot switch WAL', 'SELECT pg_switch_wal()'],
    ['cannot make a checkpoint', 'CHECKPOINT'],
    ['cannot read files', `SELECT pg_read_file('postgresql.conf')`],
    ['cannot reset statistics', 'SELECT pg_stat_reset()'],
    ['cannot set session_replication_role', 'SET session_replication_role = replica'],
    ['cannot make a subscription', `CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p`],
    ['cannot alter a role that it did not make', 'ALTER ROLE azure_pg_admin LOGIN'],
    [
      'cannot end a session of a superuser',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'azuresu' AND backend_type = 'client backend'`,
    ],
  ])('%s', async (_what, text) => {
    const superuser = new Client({ host: primary.socketFolder, port: 5432, user: 'azuresu', database: 'postgres' });
    await superuser.connect();
    try {
      await expect(asAdmin(primary, text)).rejects.toThrow(
        /permission denied|must be superuser|Only roles with|superuser/i,
      );
    } finally {
      await superuser.end();
    }
  });
});

describe('the way in', () => {
  const login = { port: 5432, user: admin.login, password: admin.password, database: 'postgres' };
  const connect = async (configuration: object) => {
    const client = new Client(configuration);
    client.on('error', () => undefined);
    try {
      await client.connect();
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  test('is verified by the address', async () => {
    await connect({ ...login, host: primary.options.address, ssl: { ca: authority.certificate } });
  });

  test('is verified by the name', async () => {
    await connect({
      ...login,
      host: primary.options.address,
      ssl: { ca: authority.certificate, servername: 'primary' },
    });
  });

  test('is refused to a client that trusts other authorities', async () => {
    await expect(connect({ ...login, host: primary.options.address, ssl: true })).rejects.toThrow(/certificate|issuer/);
  });

  test('is refused without TLS', async () => {
    await expect(connect({ ...login, host: primary.options.address })).rejects.toThrow(
      /no pg_hba.conf entry .* no encryption/,
    );
  });

  test('is refused with another password', async () => {
    await expect(
      connect({ ...login, password: 'other', host: primary.options.address, ssl: { ca: authority.certificate } }),
    ).rejects.toThrow(/password authentication failed/);
  });

  test('is closed to the superuser over TCP', async () => {
    await expect(
      connect({ ...login, user: 'azuresu', host: primary.options.address, ssl: { ca: authority.certificate } }),
    ).rejects.toThrow(/rejects connection/);
  });
});

describe('settings', () => {
  const one = async (name: string) => (await primary.settings()).find((setting) => setting.name === name);

  test('a dynamic one is in force at once', async () => {
    await primary.configure({ work_mem: '7MB' });
    expect(await one('work_mem')).toMatchObject({ value: '7168', unit: 'kB', pendingRestart: false });
    await primary.configure({ work_mem: null });
    expect(await one('work_mem')).toMatchObject({ value: '4096' });
  });

  test('a static one stays pending until the restart', async () => {
    await primary.configure({ max_connections: '70' });
    expect(await one('max_connections')).toMatchObject({ value: '60', pendingRestart: true });
    await primary.restart();
    expect(await one('max_connections')).toMatchObject({ value: '70', pendingRestart: false });
  });

  test('a value that PostgreSQL refuses changes nothing', async () => {
    await expect(primary.configure({ max_connections: 'many' })).rejects.toThrow(/max_connections/);
    await expect(primary.configure({ no_such_setting: '1' })).rejects.toThrow(/no_such_setting/);
    await expect(primary.configure({ work_mem: `1MB'\nfsync = 'on` })).rejects.toThrow(/line break/);
    expect(primary.configured).toEqual({ shared_buffers: '16MB', max_connections: '70' });
  });

  test('they can be changed while the server is stopped', async () => {
    await primary.stop();
    await primary.configure({ max_connections: '60' });
    await primary.start();
    expect(await one('max_connections')).toMatchObject({ value: '60', pendingRestart: false });
  });
});

describe('a process', () => {
  test('outlives the object that started it, and another one finds it', async () => {
    const found = PostgresServer.open(primary.options);
    expect(found.running).toBe(true);
    expect(found.pid).toBe(primary.pid);
  });

  test('recovers from a crash with every row that was acknowledged', async () => {
    await primary.sql('CREATE TABLE survivors AS SELECT generate_series(1, 1000) AS id');
    await primary.kill();
    expect(primary.running).toBe(false);
    await primary.start();
    expect(await primary.sql('SELECT count(*)::int AS rows FROM survivors')).toEqual([{ rows: 1000 }]);
  });

  test('that cannot start says why', async () => {
    const other = PostgresServer.open({ ...primary.options, folder: join(folder, 'nowhere') });
    await expect(other.start()).rejects.toThrow(/does not exist|No such file/);
  });
});

describe('a standby', () => {
  let standby: PostgresServer;
  beforeAll(async () => {
    standby = await standbyOf(primary, 'standby-1');
  });

  test('streams from its primary through TLS with a role of its own', async () => {
    expect(standby.standby).toBe(true);
    const seen = async () => {
      const [row] = await primary.sql<{ state: string; ssl: boolean; usename: string; application_name: string }>(
        'SELECT state, ssl, usename, application_name FROM pg_stat_replication JOIN pg_stat_ssl USING (pid)',
      );
      return row;
    };
    // The standby says so first: its primary is still sending what the backup has left in its segment.
    await until('the primary says so too', async () => (await seen())?.state === 'streaming', { deadlineMs: 50_000 });
    expect(await seen()).toEqual({
      state: 'streaming',
      ssl: true,
      usename: 'azure_standby_1',
      application_name: 'standby-1',
    });
  });

  test('shows what is written on the primary, and takes no write', async () => {
    await primary.sql(`CREATE TABLE marks AS SELECT 'seen' AS mark`);
    await until(
      'the row is on the standby',
      async () => (await standby.sql(`SELECT to_regclass('marks') IS NOT NULL AS there`))[0]!.there === true,
      { deadlineMs: 50_000 },
    );
    await expect(asAdmin(standby, 'CREATE ROLE x')).rejects.toThrow(/read-only/);
  });

  test('has the identifier of its primary; another server has another', async () => {
    const identifier = async (server: PostgresServer) =>
      (await server.sql<{ id: string }>('SELECT system_identifier AS id FROM pg_control_system()'))[0]!.id;
    const other = await PostgresServer.create(await options('other'));
    servers.push(other);
    expect(await identifier(standby)).toBe(await identifier(primary));
    expect(await identifier(other)).not.toBe(await identifier(primary));
  });

  test('goes on after a restart of both', async () => {
    await primary.restart();
    await standby.restart();
    await until(
      'it streams again',
      async () => (await standby.sql(`SELECT status FROM pg_stat_wal_receiver`))[0]?.status === 'streaming',
      { deadlineMs: 50_000 },
    );
  });

  test('is a primary of its own once promoted, and leaves no slot behind', async () => {
    await standby.promote();
    expect(standby.standby).toBe(false);
    await standby.sql('CREATE TABLE written AS SELECT 1');
    expect(await primary.sql('SELECT slot_name FROM pg_replication_slots')).toEqual([]);
    await standby.restart();
    expect(standby.standby).toBe(false);
  });
});

test('a backup can be restored, alone, to what was there when it was completed', async () => {
  await primary.sql('CREATE TABLE kept AS SELECT generate_series(1, 5000) AS id');
  const backup = await primary.backup();
  await primary.sql('DROP TABLE kept');
  expect(backup.bytes).toBeGreaterThan(20_000_000);
  expect(Date.parse(backup.completedAt)).toBeGreaterThan(Date.parse(backup.startedAt));
  const restored = await PostgresServer.restore(await options('restored'), backup);
  servers.push(restored);
  expect(await restored.sql('SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 5000 }]);
  expect(await asAdmin(restored, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
