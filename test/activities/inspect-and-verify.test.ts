/**
 * Goal: preflight sees what stands in a change's way, and verification believes only what the servers themselves say.
 * Method: a real primary with a real standby; what is looked for is made by SQL as the roles that Azure gives.
 */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { connect, connectionConfig, readLimits, type Connection } from '../../activities/postgres/connection';
import { awaitNobody, fence, isFenced, openFence } from '../../activities/postgres/fence';
import { Session } from '../../activities/postgres/session';
import { Crossing } from '../../activities/replacements/crossing';
import { PromotionFate } from '../../activities/replacements/promotion-fate';
import { production } from '../../lab/lab';
import { until } from '../../lab/processes';
import { ActivityLab, large, primary, replica, small } from './support/activity-lab';

let lab: ActivityLab;

beforeAll(async () => {
  lab = await ActivityLab.start({ replicas: 1 });
});
afterAll(() => lab?.stop());
beforeEach(() => lab.daemon.clearFaults());

async function as<T>(login: 'application' | 'admin', work: (connection: Connection) => Promise<T>): Promise<T> {
  const url = readFileSync(lab.lab.secretFile(primary, `${login}-url`), 'utf8');
  const connection = await connect(url, readLimits, lab.lab.authorityFile);
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

test('a fence shuts out all who can log in, or says who is left', async () => {
  const asClient = () => as('application', (application) => application.query('SELECT 1'));
  await as('admin', async (admin) => {
    await admin.query('CREATE ROLE latecomer LOGIN');
    await expect(fence(admin, ['broxiva'], 1000)).rejects.toThrow(
      /^latecomer can log in, and could not when it was planned/,
    );
    expect(await fence(admin, ['broxiva', 'latecomer'], 1000)).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    await expect(asClient()).rejects.toThrow(/not permitted to log in/);
    await openFence(admin, ['broxiva']);
    await admin.query('DROP ROLE latecomer');
  });
  await asClient();
});

test('a fence: who may replicate can write too, and is none of Azure’s own', async () => {
  await as('admin', async (admin) => {
    await admin.query('CREATE ROLE capture LOGIN REPLICATION');
    await expect(fence(admin, ['broxiva'], 1000)).rejects.toThrow(/^capture can log in/);
    await openFence(admin, ['broxiva']);
    await admin.query('DROP ROLE capture');
  });
});

test('a fence: a role of the administrator’s own is none of Azure’s, whatever its name', async () => {
  await as('admin', async (admin) => {
    await admin.query('CREATE ROLE azure_sync LOGIN');
    await expect(fence(admin, ['broxiva'], 1000)).rejects.toThrow(/^azure_sync can log in/);
    await openFence(admin, ['broxiva']);
    await admin.query('DROP ROLE azure_sync');
  });
});

test('a fence: a role that was dropped since the plan keeps nobody out, or in', async () => {
  await as('admin', async (admin) => {
    await fence(admin, ['broxiva', 'dropped'], 1000);
    await expect(as('application', (application) => application.query('SELECT 1'))).rejects.toThrow(/not permitted/);
    await openFence(admin, ['broxiva', 'dropped']);
  });
  await as('application', (application) => application.query('SELECT 1'));
});

test('a fence: where one of the roles may not be altered, none is shut out', async () => {
  await as('admin', async (admin) => {
    await expect(fence(admin, ['broxiva', 'pg_monitor'], 1000)).rejects.toThrow(/pg_monitor/);
  });
  await as('application', (application) => application.query('SELECT 1'));
});

test('who is left when the pool has let its sessions go is named, and stays', async () => {
  await as('admin', async (admin) => {
    await awaitNobody(admin, ['broxiva'], 1000);
    await as('application', async (application) => {
      await application.query(`SET application_name = 'reporting'`);
      await expect(awaitNobody(admin, ['broxiva'], 50)).rejects.toThrow(
        /^1 sessions are there while every pod is paused, and would be cut off: broxiva as reporting from /,
      );
      await application.query('SELECT 1');
    });
    await awaitNobody(admin, ['broxiva'], 1000);
  });
});

test('a fence waits for whoever was let in before it, and is no session yet', async () => {
  const url = readFileSync(lab.lab.secretFile(primary, 'application-url'), 'utf8');
  // It has been let in then, and is a session a second later.
  const late = new Client({
    ...connectionConfig(url, readLimits, lab.lab.authorityFile),
    options: '-c post_auth_delay=1',
  });
  late.on('error', () => undefined);
  await as('admin', async (admin) => {
    // It locks its database when it has been let in.
    const isIn = async () => {
      const { rows } = await admin.query(
        `SELECT 1 FROM pg_locks WHERE classid = 'pg_database'::regclass AND pid NOT IN (SELECT pid FROM pg_stat_activity)`,
      );
      return rows.length > 0;
    };
    const connected = late.connect().catch(() => undefined);
    await until('it is let in', isIn, { deadlineMs: 10_000, everyMs: 5 });
    await fence(admin, ['broxiva'], 5000);
    await expect(connected.then(() => late.query('CREATE TEMPORARY TABLE written (id int)'))).rejects.toThrow();
    await late.end().catch(() => undefined);
    await openFence(admin, ['broxiva']);
  });
});

test('the fence of an earlier attempt stays while the server that may have been promoted does not answer', async () => {
  const old = readFileSync(lab.lab.secretFile(primary, 'admin-url'), 'utf8');
  const silent = Object.assign(new URL(old), { port: '1' }).href;
  const [first, second, client] = [old, silent, silent].map(
    (url) => new Session(url, readLimits, lab.lab.authorityFile),
  );
  const upstream = { host: 'old', port: 5432, database: 'broxiva', role: 'broxiva', password: '' };
  const noPods = { namespace: 'prod', name: 'pgbouncer', password: '', upstream, pods: () => Promise.resolve([]) };
  const fate = new PromotionFate(() => Promise.resolve(true));
  const crossing = new Crossing(noPods, { old: first!, replacement: second!, client: client!, host: 'new' }, fate, {
    ...{ holder: 'a run', attempt: 1, roles: ['broxiva'], isOurs: () => true },
    ...{ assertAwake: () => undefined, supersede: () => undefined },
    log: () => undefined,
  });
  await expect(crossing.adopt()).rejects.toThrow(/ECONNREFUSED/);
  await as('admin', (admin) => fence(admin, ['broxiva'], 1000));
  await crossing.adopt();
  await crossing.refused();
  await as('admin', async (admin) => {
    expect([fate.mayCome, crossing.wentBack, await isFenced(admin, ['broxiva'])]).toEqual([true, false, true]);
    await openFence(admin, ['broxiva']);
  });
  for (const session of [first, second, client]) session!.end();
});

/** As somebody else would, with Azure's own tools. */
async function setParameter(name: string, value: string): Promise<void> {
  const path = `/subscriptions/${production.subscriptionId}/resourceGroups/${production.resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${primary}/configurations/${name}`;
  await lab.azure('PATCH', `${path}?api-version=2025-08-01`, { properties: { value, source: 'user-override' } });
  await lab.idle(primary);
}

const inspect = () => lab.call('inspectDatabase', { server: primary });

test('a healthy primary with its replica, all in far less than 64 KiB', async () => {
  const facts = await inspect();
  expect(facts).toMatchObject({
    resourceGroup: 'broxiva-prod-rg',
    builtInPooler: false,
    primary: {
      ...{ name: primary, role: 'Primary', state: 'Ready', sku: small.sku, tier: small.tier, storageGb: 256 },
      ...{ maxConnections: 1718, maxConnectionsSource: 'system-default', highAvailability: 'Disabled' },
      ...{ pending: [], locks: [], longTransactions: [], unloggedTables: [], logicalSlots: [] },
    },
    replicas: [
      {
        name: replica,
        role: 'AsyncReplica',
        sku: small.sku,
        maxConnections: 1718,
        replayLagBytes: expect.any(Number) as number,
      },
    ],
  });
  expect(facts.primary.location).toMatch(/^[a-z0-9]+$/);
  expect(facts.offers).toContainEqual({ sku: large.sku, tier: large.tier, vCores: 8, memoryGb: 32 });
  expect(facts.backup.newestAgeHours).toBeLessThan(26);
  expect(Date.parse(facts.backup.earliestRestoreDate!)).toBeLessThan(Date.now());
  expect(JSON.stringify(facts).length).toBeLessThan(65_536);
});

test('unlogged tables, logical slots, pending parameters, missing backups: each by name', async () => {
  await as('application', (sql) =>
    sql.query('CREATE UNLOGGED TABLE sessions (id int); CREATE UNLOGGED TABLE "Odd name" (id int)'),
  );
  await as('admin', (sql) => sql.query(`SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')`));
  await setParameter('autovacuum_max_workers', '4');
  lab.daemon.armFault('backup-missing', {});
  try {
    const facts = await inspect();
    expect(facts.primary).toMatchObject({
      unloggedTables: ['public."Odd name"', 'public.sessions'],
      logicalSlots: ['cdc'],
      pending: [{ name: 'autovacuum_max_workers', value: '4' }],
    });
    expect(facts.backup).toEqual({});
    expect(facts.replicas[0]).toMatchObject({ unloggedTables: [] });
  } finally {
    await as('application', (sql) => sql.query('DROP TABLE sessions, "Odd name"'));
    await as('admin', (sql) => sql.query(`SELECT pg_drop_replication_slot('cdc')`));
    await setParameter('autovacuum_max_workers', '3');
  }
});

test('a reply of three megabytes leaves the facts small', async () => {
  lab.daemon.armFault('huge-reply', {});
  expect(JSON.stringify(await inspect()).length).toBeLessThan(65_536);
});

test('a server that does not exist: ServerNotFound', async () => {
  expect(await lab.failure('inspectDatabase', { server: 'broxiva-db-nowhere' })).toMatchObject({
    type: 'ServerNotFound',
  });
});

test('a server that is busy is still inspected', async () => {
  lab.daemon.armFault('foreign-operation', { server: primary, seconds: 10 });
  expect((await inspect()).primary.state).toBe('Updating');
  await lab.idle(primary);
});

test('a server that somebody begins to change while it is inspected is busy', async () => {
  const pidFile = lab.lab.path('servers', primary, 'data', 'postmaster.pid');
  const postmaster = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  lab.forget();
  // Nobody learns its parameters, neither Azure nor the run, while it lets nobody in.
  process.kill(postmaster, 'SIGSTOP');
  try {
    const inspected = inspect();
    const isSeen = () => lab.requests().some(({ path }) => path.endsWith('/backups'));
    await until('Azure has shown the server', isSeen, { deadlineMs: 10_000, everyMs: 10 });
    lab.daemon.armFault('foreign-operation', { server: primary, seconds: 10 });
    process.kill(postmaster, 'SIGCONT');
    expect((await inspected).primary.state).toBe('Updating');
  } finally {
    process.kill(postmaster, 'SIGCONT');
    await lab.idle(primary);
  }
});

test('verification names everything that is not as asked, and is tried again until it is', async () => {
  const run = await lab.begin('verifyCompute', { server: primary, compute: large });
  const pending = () => run.pendingFailure();
  await until('a failed attempt', async () => (await pending()) !== undefined, { deadlineMs: 50_000, everyMs: 100 });
  expect(await pending()).toMatch(
    /^broxiva-db-primary: ARM says GeneralPurpose Standard_D4ds_v4, not GeneralPurpose Standard_D8ds_v4; ARM's max_connections is 1718, not 3437; the server runs with max_connections 1718, not 3437/,
  );
  await run.cancel();
});

test('a replica: raised before its primary, verified by its own word, lag in bytes', async () => {
  const before = await lab.call('readCompute', { server: replica, parameters: ['max_connections'] });
  await lab.call('changeCompute', { server: replica, compute: large, deadlineSeconds: 60 });
  const evidence = await lab.call('verifyCompute', { server: replica, compute: large, since: before });
  expect(evidence).toMatch(
    /^ARM Ready \+ D8ds_v4; SQL 3437 connections, shared_buffers 128 MB \(was 64 MB\), restarted [\d:]+Z; lag \d+ B$/,
  );
});

test('storage grows, never shrinks', async () => {
  expect(await lab.call('readStorage', { server: replica })).toEqual({ storageGb: 256 });
  await lab.call('growStorage', { server: replica, storageGb: 512, deadlineSeconds: 60 });
  expect(await lab.call('verifyStorage', { server: replica, storageGb: 512 })).toBe('ARM Ready + 512 GiB');
  const failed = await lab.failure('growStorage', { server: replica, storageGb: 256, deadlineSeconds: 60 });
  expect(failed).toMatchObject({ type: 'StorageCannotShrink', nonRetryable: true });
  expect(failed.message).toContain('broxiva-db-replica-1 has 512 GiB; 256 GiB was asked for');
});
