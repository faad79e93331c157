/** databaseReplace: refused, given up, done under clients of the pool that do not fail, and finished by another worker. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { sign } from '../../../activities/pgbouncer/lease';
import { noticedDuring, promotionOf } from '../../../lab/compare/noticed';
import { bareScript } from '../../../lab/compare/script';
import { Stand } from '../../../lab/compare/stand';
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { Terminal } from '../../../lab/story/terminal';
import { Traffic } from '../../../lab/traffic/traffic';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { inWords, isAccepted, mutationsOf } from '../support/mutations';
import { acceptedBy } from '../support/replica-run';
import { PoolClients } from '../support/pool-clients';
import { Pooler } from '../support/pooler';
import { Run } from '../support/run';

const [first, second, third] = [production.primary, 'broxiva-db-second', 'broxiva-db-third'];
/** Promoted by a request whose answer is lost. */
const unheard = 'broxiva-db-unheard';
/** Promoted by a script in between. */
const scripted = 'broxiva-db-2';
/** Promoted by a run that is stopped. */
const stopped = 'broxiva-db-stopped';
/** Not promoted by one. */
const aborted = 'broxiva-db-aborted';
/** Promoted by somebody else. */
const [foreign, foreignLater] = ['broxiva-db-foreign', 'broxiva-db-foreign-later'];
const larger = 'Standard_D8ds_v4';

export function replaceTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const database = () => Database.first(cluster().production);
  const start = (input: object) =>
    Run.start(cluster().production, 'databaseReplace', { sku: larger, lagWindowSeconds: 2, ...input });
  const accepted = (run: Run) => acceptedBy(run, cluster().production);
  const pauseWhenStaged = (run: Run) => run.pauseAfter('stage', cluster().gate.hold('PATCH', /\/secrets\/pgbouncer/));

  /** Connections that come and go, and connections that stay; each row that was acknowledged is looked for afterwards. */
  let churn: PoolClients | undefined;
  let ledger: Traffic | undefined;
  /** What they write is on the disk only later than they are told. */
  const product = () => 1000 + cases;
  let cases = 0;
  const clients = async () => {
    cases += 1;
    const login = await pooler().login();
    const transaction = `BEGIN; SET LOCAL synchronous_commit = off; INSERT INTO orders (product_id) VALUES (${product()}); COMMIT`;
    churn = new PoolClients(login, { clients: 8, pauseMs: 50, patienceMs: 110_000, transaction });
    const url = new URL(`postgresql://${login.host}:${login.port}/${login.database}?sslmode=disable`);
    Object.assign(url, { username: login.user, password: encodeURIComponent(login.password) });
    ledger = new Traffic(cluster().lab.path('traffic', `replace-${Date.now()}`), () => url.href);
    await ledger.start({ clients: 8, rate: 200 });
  };
  const told = async (what: string) => {
    await Promise.all([churn!.end(), ledger!.stop()]);
    const report = await ledger!.report();
    console.log(
      `${what}: ${churn!.told}; ledger: ${report.requests} rows, ${report.failed} failed, ${report.lost} lost, longest ${report.longestStallSeconds.toFixed(2)} s`,
      report.reasons,
    );
    expect(churn!.bad).toEqual([]);
    expect(report).toMatchObject({ failed: 0, lost: 0, duplicated: 0, reasons: {} });
    expect(report.requests).toBeGreaterThan(50);
    const [row] = await pooler().sql<{ count: string }>(`SELECT count(*) FROM orders WHERE product_id = ${product()}`);
    expect(Number(row!.count)).toBe(churn!.good);
  };
  afterEach(async () => {
    await churn?.end();
    await ledger?.stop();
  });

  /** A client of the pool whose transaction does not end by itself: a pause waits for it. */
  const inTransaction = async () => {
    const session = new Client(await pooler().login());
    session.on('error', () => undefined);
    await session.connect();
    await session.query('BEGIN; SELECT 1');
    return session;
  };
  const pausing = async () => (await pooler().paused()).some(Boolean);
  /** Held back by that transaction, it pauses; meanwhile the server ends, and then the transaction. */
  const dieInThePause = async (server: string, session: Client) => {
    await until('it pauses', pausing, { deadlineMs: 60_000, everyMs: 20 });
    await database().change('POST', `${server}/stop`);
    const refuses = () =>
      database()
        .takesWrites(server)
        .then(
          () => false,
          () => true,
        );
    await until(`${server} is gone`, refuses, { deadlineMs: 10_000, everyMs: 20 });
    await session.query('COMMIT');
    await session.end();
  };
  const startAgain = async (server: string) => {
    const isStopped = async () => (await database().state(server)) === 'Stopped';
    await until('it is stopped', isStopped, { deadlineMs: 60_000, everyMs: 100 });
    await database().change('POST', `${server}/start`);
  };
  /** Of each pod: where its PgBouncer leads. */
  const hosts = async () => {
    const shown = await Promise.all((await pooler().pods()).map((pod) => pooler().show('DATABASES', pod)));
    return shown.map((rows) => rows.find((row) => row.name === production.database)!.host);
  };
  const urlOfPods = async () => {
    const { data } = await cluster().get('secret', 'broxiva-secrets');
    return new URL(Buffer.from(data['DATABASE_URL'], 'base64').toString());
  };

  beforeAll(() => pooler().make());

  test('refuses a smaller size, a name that is taken, clients that come past the pool, and jobs that go on', async () => {
    const { data } = await cluster().get('secret', 'broxiva-secrets');
    await cluster().merge('secret', 'broxiva-secrets', {
      data: { DIRECT_DATABASE_URL: data['DATABASE_URL'] as string },
    });
    // What pg_cron leaves to be read; PostgreSQL's own packages have none.
    await administer(first, 'CREATE DATABASE jobs');
    await administer(
      first,
      `CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, command text, database text, username text, active boolean, jobname text);
       INSERT INTO cron.job VALUES (7, 'SELECT secret', 'broxiva', current_user, true, 'nightly'), (8, 'SELECT 8', 'broxiva', current_user, false, NULL)`,
      'jobs',
    );
    await database().superuserSql(`ALTER ROLE ${production.administratorLogin} SET cron.database_name = 'jobs'`);
    const sessions = await Promise.all([database().session(), database().session()]);
    const run = await start({ replacement: first, sku: 'Standard_D2ds_v4' });
    const { outcome, summary } = await run.report();
    await Promise.all(sessions.map((session) => session.end()));
    await database().superuserSql(`ALTER ROLE ${production.administratorLogin} RESET cron.database_name`);
    await administer(first, 'DROP DATABASE jobs');
    expect(outcome).toBe('Refused');
    for (const words of [
      /broxiva-db-primary is there already/,
      /Standard_D2ds_v4 is smaller than Standard_D\dds_v4/,
      /sessions that are not the pool’s.*broxiva/,
      /pg_cron runs jobs as the administrator.*: 7 nightly in broxiva\./,
    ]) {
      expect(summary).toMatch(words);
    }
    expect((await run.findings()).join('\n')).toMatch(/NotCarriedOver: .*: broxiva-secrets\/DIRECT_DATABASE_URL$/m);
    expect(await accepted(run)).toEqual([]);
  });

  test('a transaction that does not end: given up, clients go on, nothing is left', async () => {
    await cluster().kubectl('scale', 'deployment/broxiva-api', 'deployment/broxiva-worker', '--replicas=0');
    await cluster().kubectl(
      'wait',
      '--for=delete',
      'pod',
      '-l',
      'app in (broxiva-api, broxiva-worker)',
      '--timeout=90s',
    );
    const before = [await hosts(), (await urlOfPods()).hostname];
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    await run.pauseAfter('create');
    const session = await inTransaction();
    await run.order('resume');
    const report = await run.report();
    await session.end();
    await told('given up');
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/a transaction through pgbouncer-\S+ did not end within 10 s/) as string,
    });
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
    expect(await pooler().serves()).toEqual([true, true]);
    expect([await hosts(), (await urlOfPods()).hostname]).toEqual(before);
    expect(await pooler().sql("SELECT 1 FROM pg_roles WHERE rolname = 'broxiva' AND rolcanlogin")).toHaveLength(1);
  });

  test('the replica dies before anything is asked for: clients go on at once with the old primary', async () => {
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    await run.pauseAfter('create');
    // The pause waits for it, and the last byte for a replica that is gone by then.
    const session = await inTransaction();
    await run.order('resume');
    await dieInThePause(second, session);
    const resumed = async () => (await pooler().paused()).every((paused) => !paused);
    await until('clients go on', resumed, { deadlineMs: 40_000, everyMs: 50 });
    await startAgain(second);
    const { phase } = await run.until((status) => status.phase === 'closed' || status.phase === 'needs-operator');
    if (phase !== 'closed') await run.order('rollback');
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    await told('a replica that died');
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
  });

  test('who comes past the pool by then is not cut off: given up, and the replica that somebody deletes meanwhile is taken out', async () => {
    const { data } = await cluster().get('secret', 'pgbouncer');
    const before = await hosts();
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    await pauseWhenStaged(run);
    const session = await database().session(first);
    await run.order('resume');
    const report = await run.report();
    expect([report.outcome, report.summary]).toEqual([
      'RolledBack',
      expect.stringMatching(/1 sessions are there while every pod is paused, and would be cut off: broxiva /),
    ]);
    await session.query('SELECT 1');
    await session.end();
    await told('a session past the pool');

    const other = await start({ replacement: second });
    await other.approveAll();
    await pauseWhenStaged(other);
    await database().change('DELETE', second);
    const isGone = async () => !(await database().knows(second));
    await until('it is gone', isGone, { deadlineMs: 60_000, everyMs: 100 });
    await other.order('resume');
    expect(await other.report()).toMatchObject({ outcome: 'RolledBack' });
    expect((await cluster().get('secret', 'pgbouncer')).data).toEqual(data);
    expect(await hosts()).toEqual(before);
    expect((await cluster().get('deployment', 'pgbouncer')).spec.paused).not.toBe(true);
    expect(await accepted(other)).toEqual([`${second} made as a replica D8ds_v4`]);
  });

  test('the old primary is closed already and the new one does not answer: nobody says that clients went on, and going back opens it', async () => {
    const run = await start({ replacement: second, timing: { operationTimeoutSeconds: 30 } });
    await run.approveAll();
    await pauseWhenStaged(run);
    const session = await inTransaction();
    // As by a worker that died after it had closed it.
    await alter(first, 'NOLOGIN');
    await run.order('resume');
    await dieInThePause(second, session);
    const { trouble } = await run.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
    expect(trouble?.tried[0]).toMatch(
      /^clients wait: broxiva-db-primary lets nobody in, and it is not known whether broxiva-db-second is promoted yet: /,
    );
    await expect(database().session(first)).rejects.toThrow(/not permitted to log in/);
    await startAgain(second);
    await run.order('rollback');
    const { outcome, steps } = await run.report();
    expect(outcome).toBe('RolledBack');
    // Only when it was seen that no promotion comes any more.
    expect(steps.find(({ name }) => name.startsWith('switch over'))!.evidence).toMatch(
      /^never took effect: .*; broxiva-db-primary takes writes, broxiva can log in to it; none of 2 pods is paused$/,
    );
    expect(await database().takesWrites(first)).toBe(true);
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
  });

  test('under clients that stay and clients that come and go: none fails, no row is lost', async () => {
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    const report = await run.report();
    await told('replaced');
    console.log(report.steps.map(({ name, evidence }) => `${name}: ${evidence}`).join('\n'));
    expect(report).toMatchObject({ outcome: 'Succeeded', clients: { failedRequests: 0 } });
    expect((await run.plan()).approval.irreversibleSteps).toEqual([
      `switch over to ${second}`,
      `publish ${second} in broxiva-secrets/DATABASE_URL`,
    ]);
    expect(report.steps.find(({ name }) => name === `switch over to ${second}`)!.evidence).toMatch(
      /takes writes; each of 2 pods leads there; nobody is on broxiva-db-primary, broxiva cannot log in to it; 2 pods were paused for \d+\.\d\d s; of these \d+\.\d\d s after the promotion$/,
    );
    const host = await database().host(second);
    expect([...(await hosts()), (await urlOfPods()).hostname]).toEqual([host, host, host]);
    expect(await database().look(second)).toMatchObject({ sku: larger, state: 'Ready' });
    expect(await database().takesWrites(second)).toBe(true);
    await expect(database().session(first)).rejects.toThrow(/not permitted to log in/);
    expect(await pooler().serves()).toEqual([true, true]);
  });

  test('whether Azure has taken the promotion nobody has heard, and another is refused: the fence stays until it comes', async () => {
    await clients();
    const run = await start({ server: second, replacement: unheard });
    await run.approveAll();
    await run.pauseAfter('create');
    await cluster().production.arm('lost-response', { server: unheard });
    await cluster().production.arm('stale-read', { server: unheard, seconds: 300 });
    await cluster().production.arm('operation-hangs', { server: unheard });
    await run.order('resume');
    const promotions = async () =>
      mutationsOf(await cluster().production.requests(), run.workflowId).filter(
        (request) => inWords(request) === `${unheard} promoted`,
      );
    await until('it is asked for again', async () => (await promotions()).length > 1, { deadlineMs: 60_000 });
    await sleep(2000);
    expect(await pooler().paused()).toEqual([true, true]);
    await expect(database().session(second)).rejects.toThrow(/not permitted to log in/);
    await expect(cluster().kubectl('rollout', 'restart', 'deployment/pgbouncer')).rejects.toThrow(/paused/);
    await cluster().production.clearFaults();
    const report = await run.report();
    await told('replaced by a promotion of which nobody had heard');
    expect(report.outcome).toBe('Succeeded');
    expect(new Set(await hosts())).toEqual(new Set([await database().host(unheard)]));
    expect((await cluster().get('deployment', 'pgbouncer')).spec.paused).not.toBe(true);
    expect((await promotions()).filter(isAccepted)).toHaveLength(1);
  });

  test('beside it a bare script: what a comparison measures of its clients over HTTP and SQL', async () => {
    const stand = new Stand(cluster().lab, new Terminal({}, new AbortController().signal));
    stand.primary = unheard;
    const url = await stand.pooledUrl();
    await cluster().kubectl('set', 'env', 'deployment/broxiva-api', `DATABASE_URL=${url}`);
    await cluster().kubectl('scale', 'deployment/broxiva-api', '--replicas=3');
    await cluster().kubectl('rollout', 'status', 'deployment/broxiva-api', '--timeout=90s');
    const noticed = await noticedDuring(stand, 'scripted', url, () => bareScript(stand));
    await cluster().kubectl('scale', 'deployment/broxiva-api', '--replicas=0');
    const { untilPrimary, operation } = await promotionOf(stand, scripted);
    expect(untilPrimary).toBeLessThan(operation);
    for (const { requests, failed, lost, duplicated, longestStallSeconds } of [noticed.http, noticed.sql]) {
      // Whether its clients fail is the script's affair, which looks at nothing twice; that they are asked is ours.
      expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
      expect(failed).toBeLessThan(requests / 10);
      // Each client of theirs has asked more than once; how often is the machine's.
      expect(requests).toBeGreaterThan(32);
      // Both waited for the promotion, so both reach the database.
      expect(longestStallSeconds).toBeGreaterThan(untilPrimary);
    }
    expect(await database().takesWrites(scripted)).toBe(true);
  });

  test('the worker dies when all is paused and fenced: clients wait, and the next one leads them on', async () => {
    await clients();
    const run = await start({ server: scripted, replacement: third });
    await run.approveAll();
    await run.pauseAfter('create');
    await cluster().production.arm('operation-hangs', { server: third });
    await run.order('resume');
    const asked = async () => (await accepted(run)).includes(`${third} promoted`);
    await until('the promotion is asked for', asked, { deadlineMs: 60_000, everyMs: 20 });
    await cluster().production.worker.kill();
    expect(await pooler().paused()).toEqual([true, true]);
    await cluster().production.worker.start();
    await cluster().production.clearFaults();
    const report = await run.report();
    await told('replaced by two workers');
    expect(report.outcome).toBe('Succeeded');
    expect(new Set(await hosts())).toEqual(new Set([await database().host(third)]));
    expect(await accepted(run)).toEqual([`${third} made as a replica D8ds_v4`, `${third} promoted`]);
    expect(await pooler().serves()).toEqual([true, true]);
  });

  test('stopped when the promotion is asked for, and its worker dies: clients are led on, and only then somebody is asked', async () => {
    await clients();
    const run = await start({ server: third, replacement: stopped });
    await run.approveAll();
    await run.pauseAfter('create');
    await cluster().production.arm('operation-hangs', { server: stopped });
    await run.order('resume');
    const asked = async () => (await accepted(run)).includes(`${stopped} promoted`);
    await until('the promotion is asked for', asked, { deadlineMs: 60_000, everyMs: 20 });
    await run.order('abort');
    await cluster().production.worker.kill();
    expect(await pooler().paused()).toEqual([true, true]);
    await cluster().production.worker.start();
    await cluster().production.clearFaults();
    const { trouble } = await run.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
    expect(trouble!.tried.join('\n')).toMatch(/^stopped by [^]*was promoted after all, and clients are there/);
    expect(new Set(await hosts())).toEqual(new Set([await database().host(stopped)]));
    expect(await pooler().serves()).toEqual([true, true]);
    await told('stopped, and its worker dead');
    await run.order('retry');
    expect((await run.report()).outcome).toBe('Succeeded');
    expect(await accepted(run)).toEqual([`${stopped} made as a replica D8ds_v4`, `${stopped} promoted`]);
  });

  test('stopped before the promotion is asked for, and its worker dies: clients are led back, and nobody is asked', async () => {
    await clients();
    const run = await start({ server: stopped, replacement: aborted });
    await run.approveAll();
    await pauseWhenStaged(run);
    const session = await inTransaction();
    await run.order('resume');
    await until('it pauses', pausing, { deadlineMs: 60_000, everyMs: 20 });
    await run.order('abort');
    // In the middle of it: the pause waits for that transaction.
    await cluster().production.worker.kill();
    await session.query('COMMIT');
    await session.end();
    await cluster().production.worker.start();
    const { outcome, summary, steps } = await run.report();
    expect([outcome, summary]).toEqual(['RolledBack', expect.stringMatching(/^stopped by /)]);
    expect(steps.find(({ name }) => name.startsWith('switch over'))!.evidence).toMatch(
      /^never took effect: .*; broxiva-db-stopped takes writes, broxiva can log in to it; none of 2 pods is paused$/,
    );
    await told('stopped before anything was asked for, and its worker dead');
    expect(new Set(await hosts())).toEqual(new Set([await database().host(stopped)]));
    expect(await pooler().serves()).toEqual([true, true]);
    expect(await accepted(run)).toEqual([`${aborted} made as a replica D8ds_v4`, `${aborted} deleted`]);
  });

  describe('somebody else promotes the replica: clients go on with the old primary, where their rows are, and all else is taken back', () => {
    const promote = async (server: string) => {
      await database().change('PATCH', server, {
        properties: { replica: { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Planned' } },
      });
      const takesWrites = () =>
        database()
          .takesWrites(server)
          .catch(() => false);
      await until('it is a primary', takesWrites, { deadlineMs: 60_000, everyMs: 50 });
    };

    test.each([
      [
        'before the fence',
        foreign,
        async (run: Run) => {
          const session = await inTransaction();
          await run.order('resume');
          await until('it pauses', pausing, { deadlineMs: 60_000, everyMs: 20 });
          await promote(foreign);
          await session.query('COMMIT');
          await session.end();
        },
      ],
      [
        'after Azure has refused ours for now',
        foreignLater,
        async (run: Run) => {
          await cluster().production.arm('throttle', { server: foreignLater, on: 'mutation', count: 1, seconds: 15 });
          await run.order('resume');
          const refused = async () =>
            mutationsOf(await cluster().production.requests(), run.workflowId).some(({ status }) => status === 429);
          await until('it is refused', refused, { deadlineMs: 60_000, everyMs: 50 });
          await until('clients go on', async () => !(await pausing()), { deadlineMs: 20_000, everyMs: 50 });
          await promote(foreignLater);
        },
      ],
    ])('%s', async (_when, replacement, meanwhile) => {
      const { data } = await cluster().get('secret', 'pgbouncer');
      await clients();
      const run = await start({ server: stopped, replacement });
      await run.approveAll();
      await pauseWhenStaged(run);
      await meanwhile(run);
      const { trouble } = await run.until(({ phase }) => phase === 'closed' || phase === 'needs-operator');
      // All is as it was but for the server, which is somebody else's now.
      expect(trouble).toMatchObject({ step: `create ${replacement}`, orders: ['retry', 'accept'] });
      const said = trouble!.tried.join('\n');
      expect(said).toMatch(/somebody else has promoted the replacement/);
      expect(said).toContain(
        `${replacement} is there, follows nobody, though it was made to follow ${stopped}: it is left alone`,
      );
      await told('a replica that somebody else promoted');
      expect(new Set(await hosts())).toEqual(new Set([await database().host(stopped)]));
      expect((await cluster().get('secret', 'pgbouncer')).data).toEqual(data);
      expect((await cluster().get('deployment', 'pgbouncer')).spec.paused).not.toBe(true);
      expect(await pooler().serves()).toEqual([true, true]);
      for (const server of [stopped, replacement]) expect(await database().takesWrites(server)).toBe(true);
      await run.order('accept');
      expect(await run.report()).toMatchObject({ outcome: 'Accepted' });
      const again = await start({ server: stopped, replacement });
      expect((await again.report()).summary).toContain(`${replacement} is there already and follows nobody`);
    });
  });

  test('no worker is there: a guard takes what is staged where the loaded server takes no writes, and the staged one does', async () => {
    const [pod] = await pooler().pods();
    const [loaded, staged] = [await database().host(stopped), await database().host(scripted)];
    const { data } = await cluster().get('secret', 'pgbouncer');
    const files = Object.entries<string>(data).filter(([name]) => name.endsWith('.ini'));
    const led = files.map(([name, text]) => [name, Buffer.from(text, 'base64').toString().replace(loaded, staged)]);
    const encoded = led.map(([name, text]) => [name, Buffer.from(text!).toString('base64')]);
    await cluster().merge('secret', 'pgbouncer', { data: Object.fromEntries(encoded) as Record<string, string> });
    await alter(stopped, 'NOLOGIN');
    const lease = { holder: 'a run', attempt: 1, since: Date.now(), expiresAt: Date.now() + 5000 };
    const body = JSON.stringify(sign(lease, await pooler().consolePassword()));
    await fetch(`http://${pod!.address}:9127/lease`, { method: 'PUT', body });
    await pooler().command(`PAUSE ${production.database}`, pod!);
    await sleep(lease.expiresAt - Date.now() + 3000);
    expect([await hosts(), await pooler().paused()]).toEqual([
      [loaded, loaded],
      [true, false],
    ]);
    await alter(scripted, 'LOGIN');
    const opened = Date.now();
    const taken = async () => (await hosts())[0] === staged && (await pooler().paused())[0] === false;
    await until('the guard has taken it', taken, { deadlineMs: 50_000, everyMs: 50 });
    console.log(
      `the guard took the staged address ${((Date.now() - opened) / 1000).toFixed(1)} s after it took writes`,
    );
    expect(await hosts()).toEqual([staged, loaded]);
  });

  const alter = (server: string, attribute: 'LOGIN' | 'NOLOGIN') =>
    administer(server, `ALTER ROLE ${production.applicationRole} ${attribute}`);

  /** As the administrator. */
  async function administer(server: string, order: string, inDatabase?: string): Promise<void> {
    const url = new URL(readFileSync(cluster().lab.secretFile(server, 'admin-url'), 'utf8'));
    if (inDatabase) url.pathname = `/${inDatabase}`;
    const client = new Client({ connectionString: url.href });
    await client.connect();
    await client.query(order).finally(() => client.end());
  }
}
