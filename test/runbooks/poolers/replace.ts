/** databaseReplace: refused, given up, done under clients of the pool that do not fail, and finished by another worker. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { sign } from '../../../activities/pgbouncer/lease';
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { Traffic } from '../../../lab/traffic/traffic';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { acceptedBy } from '../support/replica-run';
import { PoolClients } from '../support/pool-clients';
import { Pooler } from '../support/pooler';
import { Run } from '../support/run';

const [first, second, third] = [production.primary, 'broxiva-db-second', 'broxiva-db-third'];
const larger = 'Standard_D8ds_v4';

export function replaceTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const database = () => Database.first(cluster().production);
  const start = (input: object) =>
    Run.start(cluster().production, 'databaseReplace', { sku: larger, lagWindowSeconds: 2, ...input });
  const accepted = (run: Run) => acceptedBy(run, cluster().production);

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
    churn = new PoolClients(login, { clients: 8, pauseMs: 10, patienceMs: 60_000, transaction });
    const url = new URL(`postgresql://${login.host}:${login.port}/${login.database}?sslmode=disable`);
    Object.assign(url, { username: login.user, password: encodeURIComponent(login.password) });
    ledger = new Traffic(cluster().lab.path('traffic', `replace-${Date.now()}`), () => url.href);
    await ledger.start({ clients: 8, rate: 400 });
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
    expect(report.requests).toBeGreaterThan(200);
    const [row] = await pooler().sql<{ count: string }>(`SELECT count(*) FROM orders WHERE product_id = ${product()}`);
    expect(Number(row!.count)).toBe(churn!.good);
  };
  afterEach(async () => {
    await churn?.end();
    await ledger?.stop();
  });

  /** Of each pod: where its PgBouncer leads. */
  const hosts = async () => {
    const shown = await Promise.all((await pooler().pods()).map((pod) => pooler().show('DATABASES', pod)));
    return shown.map((rows) => rows.find((row) => row.name === production.database)!.host);
  };
  const urlOfPods = async () => {
    const { data } = await cluster().get('secret', 'broxiva-secrets');
    return new URL(Buffer.from(data['DATABASE_URL'], 'base64').toString());
  };

  beforeAll(async () => {
    if ((await pooler().objects()).length > 0) return;
    const run = await Run.start(cluster().production, 'deployPgbouncer', {});
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
  });

  test('refuses a smaller size, a name that is taken, and clients that come past the pool', async () => {
    const sessions = await Promise.all([database().session(), database().session()]);
    const run = await start({ replacement: first, sku: 'Standard_D2ds_v4' });
    const { outcome, summary } = await run.report();
    await Promise.all(sessions.map((session) => session.end()));
    expect(outcome).toBe('Refused');
    for (const words of [
      /broxiva-db-primary is there already/,
      /Standard_D2ds_v4 is smaller than Standard_D\dds_v4/,
      /sessions that are not the pool’s.*broxiva/,
    ]) {
      expect(summary).toMatch(words);
    }
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
    await run.untilStep('stage', 'applying');
    const session = new Client(await pooler().login());
    session.on('error', () => undefined);
    await session.connect();
    await session.query('BEGIN; SELECT 1');
    const report = await run.report();
    await session.end();
    await told('given up');
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/a transaction through pgbouncer-\S+ did not end within 10 s/) as string,
    });
    expect(await accepted(run)).toEqual([`${second} made as a replica D8ds_v4`, `${second} deleted`]);
    expect(await pooler().paused()).toEqual([false, false]);
    expect([await hosts(), (await urlOfPods()).hostname]).toEqual(before);
    expect(await pooler().sql("SELECT 1 FROM pg_roles WHERE rolname = 'broxiva' AND rolcanlogin")).toHaveLength(1);
  });

  test('under clients that stay and clients that come and go: none fails, no row is lost', async () => {
    await clients();
    const run = await start({ replacement: second });
    await run.approveAll();
    const report = await run.report();
    await told('replaced');
    console.log(report.steps.map(({ name, evidence }) => `${name}: ${evidence}`).join('\n'));
    expect(report).toMatchObject({ outcome: 'Succeeded', clients: { failedRequests: 0 } });
    expect((await run.plan()).approval.irreversibleSteps).toEqual([`switch over to ${second}`]);
    expect(report.steps[2]!.evidence).toMatch(
      /takes writes; each of 2 pods leads there; nobody is on broxiva-db-primary, broxiva cannot log in to it; 2 pods were paused for \d+\.\d\d s; of these \d+\.\d\d s after the promotion$/,
    );
    const host = await database().host(second);
    expect([...(await hosts()), (await urlOfPods()).hostname]).toEqual([host, host, host]);
    expect(await database().look(second)).toMatchObject({ sku: larger, state: 'Ready' });
    expect(await database().takesWrites(second)).toBe(true);
    await expect(database().session(first)).rejects.toThrow(/not permitted to log in/);
    expect(await pooler().paused()).toEqual([false, false]);
  });

  test('the worker dies when all is paused and fenced: clients wait, and the next one leads them on', async () => {
    await clients();
    const run = await start({ server: second, replacement: third });
    await run.approveAll();
    await run.untilStep('stage', 'applying');
    await cluster().production.arm('operation-hangs', { server: third });
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
    expect(await pooler().paused()).toEqual([false, false]);
  });

  test('no worker is there: a guard takes what is staged where the loaded server takes no writes, and the staged one does', async () => {
    const [pod] = await pooler().pods();
    const [loaded, staged] = [await database().host(third), await database().host(second)];
    const { data } = await cluster().get('secret', 'pgbouncer');
    const [key] = Object.keys(data).filter((name) => name.endsWith('.ini'));
    const text = Buffer.from(data[key!], 'base64').toString().replace(loaded, staged);
    await cluster().merge('secret', 'pgbouncer', { data: { [key!]: Buffer.from(text).toString('base64') } });
    const lease = { holder: 'a run', since: Date.now(), expiresAt: Date.now() + 5000 };
    const body = JSON.stringify(sign(lease, await pooler().consolePassword()));
    await fetch(`http://${pod!.address}:9127/lease`, { method: 'PUT', body });
    await pooler().command(`PAUSE ${production.database}`, pod!);
    await alter(third, 'NOLOGIN');
    await sleep(lease.expiresAt - Date.now() + 3000);
    expect([await hosts(), await pooler().paused()]).toEqual([
      [loaded, loaded],
      [true, false],
    ]);
    await alter(second, 'LOGIN');
    const opened = Date.now();
    const taken = async () => (await hosts())[0] === staged && (await pooler().paused())[0] === false;
    await until('the guard has taken it', taken, { deadlineMs: 10_000, everyMs: 50 });
    console.log(
      `the guard took the staged address ${((Date.now() - opened) / 1000).toFixed(1)} s after it took writes`,
    );
    expect(await hosts()).toEqual([staged, loaded]);
  });

  /** As the administrator. */
  async function alter(server: string, attribute: 'LOGIN' | 'NOLOGIN'): Promise<void> {
    const client = new Client({
      connectionString: readFileSync(cluster().lab.secretFile(server, 'admin-url'), 'utf8'),
    });
    await client.connect();
    await client.query(`ALTER ROLE ${production.applicationRole} ${attribute}`).finally(() => client.end());
  }
}
