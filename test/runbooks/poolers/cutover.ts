/** pgbouncerCutover: refused, failed at its one pod, taken back, done under requests. On the pooler that is there by then. */
import { Client } from 'pg';
import { production } from '../../../lab/lab';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { Pooler } from '../support/pooler';
import { Run } from '../support/run';
import { withoutFailedRequests } from '../support/without-failed-requests';
import { withoutLostOrders } from '../support/without-lost-orders';
import { Workload } from '../support/workload';

const deployment = 'broxiva-api';
const direct = 'broxiva-secrets/DATABASE_URL';
const pooled = 'broxiva-secrets/DATABASE_POOLED_URL';

export function cutoverTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const api = () => Workload.of(cluster(), deployment);
  const cutover = (input: object = {}) =>
    Run.start(cluster().production, 'pgbouncerCutover', { deployment, canarySeconds: 12, watchSeconds: 3, ...input });
  /** Where each pod takes the URL from. */
  const references = async () => {
    const pods = await cluster().list('pod', `app=${deployment}`);
    return pods
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map(({ spec }) => {
        const { secretKeyRef } = spec.containers[0].env.find(({ name }: any) => name === 'DATABASE_URL').valueFrom;
        return `${secretKeyRef.name}/${secretKeyRef.key}`;
      })
      .sort();
  };
  const rules = async () => {
    const { minReadySeconds = 0, strategy, progressDeadlineSeconds } = (await api().get()).spec;
    return { minReadySeconds, progressDeadlineSeconds, ...strategy.rollingUpdate };
  };
  /** Clients ask, and others order, until the work is over. */
  const underRequests = async (work: () => Promise<void>) => {
    const products = await cluster().serviceUrl(deployment, '/api/products');
    const orders = { url: await cluster().serviceUrl(deployment, '/api/orders'), database: pooler().applicationUrl };
    // Not so many that the autoscaler adds a pod.
    const seldom = { pausesMs: [100, 100, 1000] };
    await withoutLostOrders(orders, () => withoutFailedRequests(products, work, seldom));
  };
  /** As the application, until the work is over; then nothing remembers it. */
  const withSession = async (statement: string, work: () => Promise<void>) => {
    const client = new Client({ connectionString: pooler().applicationUrl, application_name: 'reporting' });
    await client.connect();
    try {
      await client.query(statement);
      await work();
    } finally {
      await client.end();
      await Database.first(cluster().production).superuserSql('SELECT pg_stat_statements_reset()');
    }
  };

  test.each([
    ['LISTEN new_orders', /LISTEN was seen \("LISTEN new_orders"\), and does not survive a pool/, 'listen'],
    ['SELECT pg_advisory_lock(7)', /session advisory locks was seen \("held by 1 sessions"\)/, 'advisoryLock'],
  ])('%s of the application’s: refused, unless it is named', async (statement, words, feature) => {
    await withSession(statement, async () => {
      const run = await cutover();
      const { outcome, summary } = await run.report();
      expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
      expect(cluster().mutations(run.workflowId)).toEqual([]);
      const forced = await cutover({ force: [feature], dryRun: true });
      expect(await forced.report()).toMatchObject({ outcome: 'Planned' });
    });
  });

  test('the one pod does not start: no other was touched, and all is as it was', async () => {
    const before = { uids: await api().uids(), rules: await rules(), bounds: await api().bounds() };
    cluster().faults.pushImage('broxiva/api:1.0.0', 'crash');
    const run = await cutover();
    const report = await run.report();
    cluster().faults.restoreImages();
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/broxiva-api-\S+: CrashLoopBackOff/) as string,
    });
    expect(await api().uids()).toEqual(before.uids);
    expect({ rules: await rules(), bounds: await api().bounds() }).toEqual({
      rules: before.rules,
      bounds: before.bounds,
    });
    expect((await cluster().get('secret', 'broxiva-secrets')).data.DATABASE_POOLED_URL).toBeUndefined();
  });

  test('its clients meet more failures than their budget while one pod is beside its siblings: it goes back at once, by itself', async () => {
    const before = { uids: await api().uids(), rules: await rules(), bounds: await api().bounds() };
    const database = Database.first(cluster().production);
    const run = await cutover({ canarySeconds: 120, clientBudget: { failedRequests: 5 } });
    await run.untilStep('lead one pod', 'verifying');
    await api().untilPods(before.uids.length + 1);
    // Of all pods alike: the one is no worse than its siblings.
    await database.superuserSql(`ALTER ROLE ${production.applicationRole} NOLOGIN`);
    try {
      await database.superuserSql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${production.applicationRole}'`,
      );
      await run.until(({ phase }) => phase === 'rolling-back' || phase === 'closed');
    } finally {
      await database.superuserSql(`ALTER ROLE ${production.applicationRole} LOGIN`);
    }
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/clients noticed more than the budget allows: \d+ failed requests/) as string,
    });
    expect({ uids: await api().uids(), rules: await rules(), bounds: await api().bounds() }).toEqual(before);
  });

  test('under requests: one pod first, then all; no session of its own is left; no request fails, no order is lost', async () => {
    await underRequests(async () => {
      const before = { uids: await api().uids(), rules: await rules(), bounds: await api().bounds() };
      const run = await cutover();
      await run.pauseAfter('lead one pod');
      await api().untilPods(before.uids.length + 1);
      expect(await references()).toEqual([pooled, ...before.uids.map(() => direct)].sort());
      expect(await api().bounds()).toEqual({ min: before.uids.length, max: before.uids.length });
      await run.order('resume');
      const report = await run.report();
      console.log(report.steps.map(({ name, evidence }) => `${name}: ${evidence}`).join('\n'), report.clients);
      expect(report).toMatchObject({ outcome: 'Succeeded', clients: { failedRequests: 0 } });
      expect(cluster().mutations(run.workflowId)).toEqual([
        'patch secrets broxiva-secrets',
        `broxiva-api-hpa min ${before.uids.length}, max ${before.uids.length}`,
        'broxiva-api DATABASE_URL from broxiva-secrets/DATABASE_POOLED_URL',
        'broxiva-api DATABASE_URL from broxiva-secrets/DATABASE_POOLED_URL',
        'broxiva-api-hpa min 3, max 10',
      ]);
      // However many there are: the autoscaler has its limits again, and new pods take their time of the CPU.
      expect(new Set(await references())).toEqual(new Set([pooled]));
      expect({ rules: await rules(), bounds: await api().bounds() }).toEqual({
        rules: before.rules,
        bounds: before.bounds,
      });
      expect(report.steps[3]!.evidence).toMatch(/^broxiva-api has no session of its own on broxiva-db-primary/);
    });
    // The autoscaler, let go, may have made one more just now.
    await api().untilAllReady();
    const again = await cutover();
    expect(await again.report()).toMatchObject({ outcome: 'Succeeded', summary: 'nothing to do: all is so already' });
  });

  test('others hold all connections of one pod: noticed within seconds, and taken back', async () => {
    const run = await cutover({ deployment: 'broxiva-worker', watchSeconds: 60 });
    await run.untilStep('lead the rest of broxiva-worker', 'verifying');
    const [login, [pod]] = await Promise.all([pooler().login(), pooler().pods()]);
    // As many as it has, and some who wait.
    const holders = Array.from({ length: 30 }, () => new Client({ ...login, host: pod!.address }));
    const hold = async (client: Client) => {
      client.on('error', () => undefined);
      await client.connect();
      await client.query('BEGIN');
    };
    const held = Promise.allSettled(holders.map(hold));
    try {
      const { outcome, summary } = await run.report();
      expect({ outcome, summary }).toEqual({
        outcome: 'RolledBack',
        summary: expect.stringMatching(/clients wait in pgbouncer-\S+, the first for \d+ s/) as string,
      });
    } finally {
      await Promise.allSettled(holders.map((client) => client.end()));
      await held;
    }
  });

  test('one that serves no clients: its pods are asked themselves, and the key that is there already is taken', async () => {
    const run = await cutover({ deployment: 'broxiva-worker' });
    const report = await run.report();
    expect(report).toMatchObject({
      outcome: 'Succeeded',
      steps: [{ name: 'lead one pod of broxiva-worker' }, { name: 'lead the rest of broxiva-worker' }],
    });
    expect(await run.findings()).toContainEqual(
      expect.stringMatching(/^CanaryByHealthOnly: the topology has no clientUrl of broxiva-worker/),
    );
    expect(report.steps[1]!.evidence).toMatch(/^broxiva-worker has no session of its own on broxiva-db-primary/);
  });
}
