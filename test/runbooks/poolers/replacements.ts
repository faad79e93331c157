/** What the cases of databaseReplace have in common: servers, clients of the pool whose every row is looked for, and what gets broken. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { Traffic } from '../../../lab/traffic/traffic';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { acceptedBy } from '../support/replica-run';
import { PoolClients } from '../support/pool-clients';
import { Pooler } from '../support/pooler';
import { Run } from '../support/run';

/** In the order in which each takes the place of the one before. */
export const servers = {
  first: production.primary,
  second: 'broxiva-db-second',
  /** Promoted by a request whose answer is lost. */
  unheard: 'broxiva-db-unheard',
  /** Promoted by a script in between. */
  scripted: 'broxiva-db-2',
  third: 'broxiva-db-third',
  /** Promoted by a run that is stopped. */
  stopped: 'broxiva-db-stopped',
  /** Not promoted by one. */
  aborted: 'broxiva-db-aborted',
  /** Promoted by somebody else. */
  foreign: 'broxiva-db-foreign',
  foreignLater: 'broxiva-db-foreign-later',
};

export const larger = 'Standard_D8ds_v4';

export type Replacements = ReturnType<typeof replacements>;

/** To be called where the cases are described: their clients end with each of them. */
export function replacements(cluster: () => Cluster) {
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

  return {
    cluster,
    pooler,
    database,
    start,
    accepted,
    pauseWhenStaged,
    clients,
    told,
    inTransaction,
    pausing,
    dieInThePause,
    startAgain,
    hosts,
    urlOfPods,
    alter,
    administer,
  };
}
