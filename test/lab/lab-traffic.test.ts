/**
 * Goal: the traffic counts what clients notice, and its report finds every row that was acknowledged and is not there.
 * Method: a real server made by the lab's factory, with its secrets; crashes, restarts, and a row deleted on purpose.
 */
import { readFileSync, statSync } from 'node:fs';
import { Client } from 'pg';
import { Authority } from '../../lab/authority/authority';
import { LabServers } from '../../lab/daemon/server-factory';
import { type Lab, production } from '../../lab/lab';
import type { PostgresServer } from '../../lab/postgres';
import { until } from '../../lab/processes';
import { createLedger, readLedger } from '../../lab/traffic/ledger';
import { Traffic } from '../../lab/traffic/traffic';
import { makeScratchLab, removeScratchLab } from './scratch-lab';

let lab: Lab;
let servers: LabServers;
let primary: PostgresServer;
let traffic: Traffic;
const settings = { shared_buffers: '16MB', max_connections: '60' };
const url = () => readFileSync(lab.secretFile(production.primary, 'application-url'), 'utf8');
const acknowledged = async (count: number) =>
  until(`${count} rows`, () => traffic.summary()!.acknowledged >= count, { deadlineMs: 50_000 });

async function query<T = Record<string, unknown>>(connectionString: string, text: string): Promise<T[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  lab = await makeScratchLab();
  servers = new LabServers(lab, await Authority.open(lab.authorityFolder));
  primary = await servers.create({
    ...{
      name: production.primary,
      administratorLogin: 'broxivaadmin',
      administratorLoginPassword: 'Adm1n-of-the-test',
      settings,
    },
  });
  traffic = new Traffic(lab.path('traffic'), url);
});

afterAll(async () => {
  await traffic.stop();
  await removeScratchLab(lab);
});

test('looking at the ledger leaves the session as it was: it speaks as the application', async () => {
  const client = new Client({ connectionString: url() });
  await client.connect();
  try {
    await createLedger(client);
    await client.query("INSERT INTO ledger VALUES ('a run', 'a client', 1)");
    expect([...(await readLedger(client, 'a run'))]).toEqual([['a client/1', 1]]);
    const { rows } = await client.query(
      `SELECT name FROM pg_settings WHERE source = 'session' AND name LIKE 'enable%'`,
    );
    expect(rows).toEqual([]);
  } finally {
    await client.end();
  }
});

describe("the server's secrets", () => {
  test('lead there, by TLS that is verified, and are readable for the owner only', async () => {
    expect(
      await query(url(), 'SELECT current_user AS role, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    ).toEqual([{ role: 'broxiva', ssl: true }]);
    expect(new URL(url()).searchParams.get('sslmode')).toBe('verify-full');
    expect(statSync(lab.secretFile(production.primary, 'admin-url')).mode & 0o077).toBe(0);
  });

  test('of the admin: it rules the application role, but is no member of it and reads none of its tables', async () => {
    const admin = readFileSync(lab.secretFile(production.primary, 'admin-url'), 'utf8');
    await query(url(), 'CREATE TABLE private AS SELECT 1');
    await expect(query(admin, 'SELECT * FROM private')).rejects.toThrow(/permission denied/);
    await expect(query(admin, 'CREATE SCHEMA markers')).rejects.toThrow(/permission denied/);
    await expect(query(admin, 'SET ROLE broxiva')).rejects.toThrow(/permission denied/);
    expect(await query(admin, `SELECT pg_has_role('broxiva', 'USAGE WITH ADMIN OPTION') AS rules`)).toEqual([
      { rules: true },
    ]);
    await query(admin, 'ALTER ROLE broxiva NOLOGIN');
    await expect(query(url(), 'SELECT 1')).rejects.toThrow(/not permitted to log in/);
    await query(admin, 'ALTER ROLE broxiva LOGIN');
  });
});

describe('the traffic', () => {
  test('loses nothing over a restart and a crash, and says what clients noticed', async () => {
    await traffic.start({ clients: 4, rate: 200 });
    await acknowledged(50);
    await primary.restart();
    await acknowledged(traffic.summary()!.acknowledged + 50);
    await primary.kill();
    await primary.start();
    await acknowledged(traffic.summary()!.acknowledged + 50);
    await traffic.stop();
    const report = await traffic.report();
    expect(report).toMatchObject({ lost: 0, duplicated: 0, running: false });
    expect(report.acknowledged).toBeGreaterThan(150);
    expect(report.failed).toBeGreaterThan(0);
    expect(report.requests).toBe(report.acknowledged + report.failed);
    expect(Object.values(report.reasons).reduce((sum, times) => sum + times, 0)).toBe(report.failed);
    expect(report.longestStallSeconds).toBeGreaterThan(0.02);
    expect(report.longestStallSeconds).toBeLessThan(10);
  });

  test('has clients that stay, and others that connect for every row', async () => {
    const sessions = async () => {
      const [row] = await query<{ sessions: string }>(
        url(),
        `SELECT sessions FROM pg_stat_database WHERE datname = '${production.database}'`,
      );
      return Number(row!.sessions);
    };
    const before = await sessions();
    await traffic.start({ clients: 2, rate: 100, comingAndGoing: 1 });
    await acknowledged(60);
    await traffic.stop();
    const { requests, failed, lost } = await traffic.report();
    expect({ failed, lost }).toEqual({ failed: 0, lost: 0 });
    const made = (await sessions()) - before;
    expect([made > requests / 4, made < requests]).toEqual([true, true]);
  });

  test('reports a row that was acknowledged and is gone', async () => {
    await traffic.start({ clients: 1, rate: 100 });
    await acknowledged(5);
    await traffic.stop();
    await query(url(), `DELETE FROM ledger WHERE run = '${traffic.summary()!.run}' AND sequence = 3`);
    const report = await traffic.report();
    expect(report.lost).toBe(1);
    expect(report.lostRows[0]).toMatch(/^1-[0-9a-f]+\/3$/);
  });

  test('what clients with synchronous_commit off were told is counted apart: a crash takes it, a promise does not', async () => {
    await primary.configure({ wal_writer_delay: '10s' });
    await traffic.start({ clients: 2, rate: 200, unflushed: 2 });
    await acknowledged(50);
    await primary.kill();
    await primary.start();
    await primary.configure({ wal_writer_delay: null });
    await acknowledged(traffic.summary()!.acknowledged + 50);
    await traffic.stop();
    const report = await traffic.report();
    expect(report).toMatchObject({ lost: 0, ofUnflushed: { acknowledged: report.acknowledged } });
    expect(report.ofUnflushed.lost).toBeGreaterThan(0);
  });

  test('goes on with another daemon, in the same run', async () => {
    await traffic.start({ clients: 2, rate: 100 });
    await acknowledged(5);
    const { run } = traffic.summary()!;
    await traffic.end();
    traffic = new Traffic(lab.path('traffic'), url);
    await acknowledged(5);
    await traffic.stop();
    expect(await traffic.report()).toMatchObject({ run, lost: 0, duplicated: 0 });
  });

  test.each([
    [{ clients: 0, rate: 10 }, 'clients is 0: 1 to 64 are allowed'],
    [{ clients: 4, rate: 5000 }, 'rate is 5000: 1 to 1000 are allowed'],
    [{ clients: 4, rate: 10, unflushed: 5 }, 'unflushed is 5: 0 to 4 are allowed'],
    [{ clients: 4, rate: 10, comingAndGoing: 5 }, 'comingAndGoing is 5: 0 to 4 are allowed'],
  ])('refuses %j', async (wanted, message) => {
    await expect(traffic.start(wanted)).rejects.toThrow(message);
  });
});

test('a standby made by the factory has secrets and an address of its own, and both go with it', async () => {
  const standby = await servers.createStandby({ name: 'broxiva-db-replica-1', settings }, primary);
  expect(standby.options.address).not.toBe(primary.options.address);
  const replicaUrl = readFileSync(lab.secretFile('broxiva-db-replica-1', 'application-url'), 'utf8');
  expect(await query(replicaUrl, 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: true }]);
  await servers.remove('broxiva-db-replica-1');
  expect(standby.running).toBe(false);
  expect(servers.names).toEqual([production.primary]);
  expect(await primary.sql('SELECT slot_name FROM pg_replication_slots')).toEqual([]);
});
