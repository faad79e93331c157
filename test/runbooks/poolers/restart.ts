/** databaseRestart: refused, given up, done and taken back under clients of the pool that do not fail; no crash leaves it paused. */
import { Client } from 'pg';
import { putLease, readLease } from '../../../activities/pgbouncer/lease';
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { isAccepted, mutationsOf } from '../support/mutations';
import { PoolClients } from '../support/pool-clients';
import { Pooler } from '../support/pooler';
import { Run, untilRemembered } from '../support/run';

/** Of a lease, a look of the guard's and a login (activities/pgbouncer/lease.ts), on a machine that does other things too. */
const guardedMs = 10_000 + 1000 + 4000 + 10_000;

export function restartTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const database = () => Database.first(cluster().production);
  const start = (input: object) => Run.start(cluster().production, 'databaseRestart', input);
  /** Several hundred transactions a second that write, and patient clients. */
  let traffic: PoolClients;
  const clients = async () => {
    const transaction = 'BEGIN; INSERT INTO orders (product_id) VALUES (1); COMMIT';
    const habits = { clients: 8, pauseMs: 50, patienceMs: 60_000, transaction };
    traffic = new PoolClients(await pooler().login(), habits);
  };
  afterEach(() => traffic?.end());
  const changes = async ({ workflowId }: Run) => {
    const accepted = mutationsOf(await cluster().production.requests(), workflowId).filter(isAccepted);
    return accepted.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').split('/').at(-1)}`);
  };
  const setting = async (name: string) => {
    // The server's own, whatever this session has.
    const [row] = await database().sql<{ setting: string }>(
      `SELECT reset_val AS setting FROM pg_settings WHERE name = '${name}'`,
    );
    return row!.setting;
  };
  const orders = async () => (await database().sql<{ count: string }>('SELECT count(*) FROM orders'))[0]!.count;

  beforeAll(() => pooler().make());

  test('refuses what Azure would, all at once, and a pooler that somebody has paused', async () => {
    const parameters = { max_connection: 1700, fsync: 'off', work_mem: 1, random_page_cost: 2 };
    const run = await start({ parameters });
    const { outcome, summary } = await run.report();
    expect(outcome).toBe('Refused');
    for (const words of [
      /max_connection: did you mean max_connections\?/,
      /Azure lets nobody change fsync/,
      /work_mem cannot be "1": Integer 4096-2097151 is allowed/,
    ]) {
      expect(summary).toMatch(words);
    }
    const [first] = await pooler().pods();
    await pooler().command('PAUSE broxiva', first!);
    const other = await start({ restart: true });
    expect((await other.report()).summary).toMatch(/is in a pause of somebody: whoever ordered it must order RESUME/);
    expect(await pooler().paused()).toEqual([true, false]);
    await pooler().command('RESUME broxiva', first!);
    expect([await changes(run), await changes(other)]).toEqual([[], []]);
  });

  test('refuses a replica that does not replay, and a login that fails, before it restarts anything', async () => {
    const other = await Database.create(cluster().production, { replicas: 1 });
    const replica = other.replicas[0]!;
    await cluster().production.arm('replica-lags', { server: replica, by: 'pause' });
    const isPaused = async () => {
      const [row] = await other.sql<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state', replica);
      return row!.state === 'paused';
    };
    await until(`${replica} replays nothing`, isPaused, { deadlineMs: 50_000, everyMs: 100 });
    await other.adminSql(`ALTER ROLE broxiva PASSWORD 'another-one'`);
    const run = await start({ server: other.name, restart: true });
    const { outcome, summary } = await run.report();
    await cluster().production.clearFaults();
    expect([outcome, await changes(run)]).toEqual(['Refused', []]);
    expect(summary).toMatch(/its replay is paused/);
    expect(summary).toMatch(/a login and a write as the application, and they fail: .*password authentication failed/);
  });

  test('parameters and a restart under clients of the pool: they wait, none fails, every row is there', async () => {
    const rows = Number(await orders());
    const before = await database().look();
    const connections = await setting('max_connections');
    await clients();
    const run = await start({ parameters: { max_connections: 1700, work_mem: 8192 } });
    const report = await run.report().finally(() => traffic.end());
    console.log(`a restart behind PgBouncer: ${traffic.told}; ${report.steps[1]?.evidence}`);
    expect(report).toMatchObject({
      outcome: 'Succeeded',
      steps: [
        { name: 'set work_mem', from: 'work_mem 4096', to: 'work_mem 8192' },
        { name: 'restart broxiva-db-primary', from: `max_connections ${connections}, not restarted` },
      ],
    });
    expect(report.steps[1]!.evidence).toMatch(
      /max_connections 1700, up since .*each of 2 pods of pgbouncer let a transaction through; the pause of 2 pods lasted \d+\.\d s$/,
    );
    expect(await changes(run)).toEqual(['PATCH work_mem', 'PATCH max_connections', 'POST restart']);
    expect([await setting('max_connections'), await setting('work_mem')]).toEqual(['1700', '8192']);
    expect((await database().look()).startedAt).toBeGreaterThan(before.startedAt);
    expect(traffic.bad).toEqual([]);
    expect(Number(await orders()) - rows).toBe(traffic.good);
    expect(traffic.good).toBeGreaterThan(50);
    expect(await pooler().serves()).toEqual([true, true]);
  });

  test('aborted while it soaks: the former values again, by a restart that nobody notices either', async () => {
    await clients();
    // One that whoever looks has a value of its own of.
    const parameters = { max_connections: 1650, statement_timeout: 30_000 };
    const run = await start({ parameters, timing: { soakSeconds: 60 } });
    await run.until(({ phase }) => phase === 'soaking');
    expect([await setting('max_connections'), await setting('statement_timeout')]).toEqual(['1650', '30000']);
    await run.order('abort');
    const report = await run.report().finally(() => traffic.end());
    console.log(`a restart behind PgBouncer, and another one back: ${traffic.told}`);
    expect(report).toMatchObject({ outcome: 'RolledBack', steps: [{ state: 'undone' }, { state: 'undone' }] });
    expect(await changes(run)).toEqual([
      ...['PATCH statement_timeout', 'PATCH max_connections', 'POST restart'],
      ...['PATCH max_connections', 'POST restart', 'PATCH statement_timeout'],
    ]);
    expect([await setting('max_connections'), await setting('statement_timeout')]).toEqual(['1700', '0']);
    expect(traffic.bad).toEqual([]);
  });

  test('by its lease another worker has it: the first, which Temporal does not reach, sends nothing more', async () => {
    const session = new Client({ ...(await pooler().login()) });
    session.on('error', () => undefined);
    await session.connect();
    await session.query('BEGIN; SELECT 1');
    const run = await start({ restart: true });
    const pods = await pooler().pods();
    const pausing = async () => {
      const leases = await Promise.all(pods.map(({ address }) => readLease(address).catch(() => undefined)));
      return leases.every((lease) => lease?.holder === run.workflowId);
    };
    await until('it pauses', pausing, { deadlineMs: 60_000, everyMs: 20 });
    // As another worker would, which has the activity's next attempt.
    const taken = pods.map(async ({ address }) => {
      const lease = (await readLease(address))!;
      const later = { ...lease, attempt: Date.now(), expiresAt: Date.now() + 10_000 };
      await putLease(address, later, await pooler().consolePassword());
    });
    await Promise.all(taken);
    // Left open, it would stand in the way of whatever comes next.
    await run.untilAttempt(2).finally(() => session.query('COMMIT').then(() => session.end()));
    const { outcome, steps } = await run.report();
    expect([outcome, await changes(run)]).toEqual(['Succeeded', ['POST restart']]);
    expect(steps[0]!.evidence).toMatch(/the pause of 2 pods lasted/);
    expect(await pooler().paused()).toEqual([false, false]);
  });

  test('a transaction that does not end: the pause is given up, nothing is restarted, clients go on', async () => {
    const session = new Client({ ...(await pooler().login()) });
    session.on('error', () => undefined);
    await session.connect();
    await session.query('BEGIN; SELECT 1');
    await clients();
    const before = await database().look();
    const run = await start({ restart: true });
    const report = await run.report().finally(() => traffic.end());
    await session.end();
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/a transaction through pgbouncer-\S+ did not end within 10 s/) as string,
    });
    expect(await changes(run)).toEqual([]);
    expect((await database().look()).startedAt).toBe(before.startedAt);
    expect(traffic.bad).toEqual([]);
    expect(await pooler().serves()).toEqual([true, true]);
  });

  test.each([
    ['', []],
    [' that has not even heard that it is accepted', ['lost-response']],
  ])(
    'the worker%s is killed while all is paused, and no other is there: the guards resume; a later worker finishes it',
    async (_, faults) => {
      for (const fault of ['operation-hangs', ...faults])
        await cluster().production.arm(fault, { server: database().name });
      await clients();
      const run = await start({ restart: true });
      const accepted = async () => {
        const { phase } = await run.until(() => true);
        if (phase === 'closed') throw new Error((await run.report()).summary);
        return (await changes(run)).includes('POST restart');
      };
      await until('the restart is accepted', accepted, { deadlineMs: 50_000, everyMs: 5 });
      // Without an answer it cannot remember; and it dies before it looks again.
      if (faults.length === 0) await untilRemembered(run.handle, 'restart');
      await cluster().production.worker.kill();
      const killed = Date.now();
      expect(await pooler().paused()).toEqual([true, true]);
      const resumed = async () => (await pooler().paused()).every((paused) => !paused);
      await until('the pods are resumed', resumed, { deadlineMs: guardedMs, everyMs: 50 });
      console.log(`no worker left: resumed ${((Date.now() - killed) / 1000).toFixed(1)} s after its death`);
      expect(traffic.bad).toEqual([]);
      await cluster().production.worker.start();
      await until('the next worker has paused them again', () => pooler().atRest(), {
        deadlineMs: 50_000,
        everyMs: 50,
      });
      await cluster().production.clearFaults();
      const report = await run.report().finally(() => traffic.end());
      console.log(`a restart behind PgBouncer whose worker died: ${traffic.told}`);
      expect(report.outcome).toBe('Succeeded');
      expect(report.steps[0]!.evidence).toMatch(
        /an earlier worker's pause had ended .*; the pause of 2 pods lasted \d+\.\d s$/,
      );
      expect(await changes(run)).toEqual(['POST restart']);
      expect(traffic.bad).toEqual([]);
      expect(await pooler().serves()).toEqual([true, true]);
    },
  );
}
