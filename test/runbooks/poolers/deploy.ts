/** deployPgbouncer: refused, failed, made, found as it is, changed, given back. Each case goes on from the one before. */
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { PoolClients } from '../support/pool-clients';
import { image, Pooler } from '../support/pooler';
import { Run } from '../support/run';

const all = ['secret', 'service', 'disruptionBudget', 'deployment'];
const made = ['secrets', 'services', 'poddisruptionbudgets', 'deployments'].map((kind) => `create ${kind} pgbouncer`);

export function deployTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const deploy = (input: object = {}) => Run.start(cluster().production, 'deployPgbouncer', input);
  const refused = async (words: string | RegExp, input: object = {}) => {
    const run = await deploy(input);
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  };

  describe('refuses', () => {
    test('a Service of that name that somebody else has made', async () => {
      const spec = { selector: { app: 'pgbouncer' }, ports: [{ port: 5432 }] };
      await cluster().create('service', { metadata: { name: 'pgbouncer' }, spec }, 'kubectl-client-side-apply');
      await refused(/Service pgbouncer is there already, made by kubectl-client-side-apply: remove it/);
      await cluster().delete('service', 'pgbouncer');
    });

    test('a pod of somebody else that its Service would lead clients to', async () => {
      const metadata = { name: 'legacy', labels: { app: 'pgbouncer' } };
      // Nobody gives it a node: it is there, and that is enough.
      const spec = { schedulerName: 'nobody', containers: [{ name: 'legacy', image }] };
      await cluster().create('pod', { metadata, spec });
      await refused(/Pod legacy has the label app=pgbouncer and is none of the pooler's/);
      await cluster().delete('pod', 'legacy');
    });

    test('more connections than the server takes, with the sum written out', async () => {
      await refused(
        /takes 1718 connections, 15 of them reserved: 1703[^]*broxiva-api \(10 \+ 3 surge\) × 20 = 260[^]*pgbouncer \(2 \+ 1 surge\) × 900 = 2700[^]*poolSize \d+ would fit/,
        { poolSize: 900 },
      );
    });

    test('Azure’s own pooler before the server', async () => {
      const database = Database.first(cluster().production);
      const set = async (value: string) => {
        const properties = { value, source: 'user-override' };
        await database.change('PATCH', `${database.name}/configurations/pgbouncer.enabled`, { properties });
        await database.ready();
      };
      await set('true');
      await refused(/Azure's own PgBouncer of broxiva-db-primary is on/);
      await set('false');
    });

    test('authorities that are not there', async () => {
      const { data } = await cluster().get('configMap', 'azure-certificate-authorities');
      await cluster().merge('configMap', 'azure-certificate-authorities', { data: { 'ca.pem': 'none' } });
      await refused(/no certificate in ca\.pem of ConfigMap azure-certificate-authorities/);
      await cluster().merge('configMap', 'azure-certificate-authorities', { data });
    });

    test('an application whose login the server refuses, or that cannot be pooled; no word of its password', async () => {
      const { data } = await cluster().get('secret', 'broxiva-secrets');
      const url = new URL(Buffer.from(data.DATABASE_URL, 'base64').toString());
      const set = (password: string) => {
        url.password = password;
        const text = Buffer.from(url.href).toString('base64');
        return cluster().merge('secret', 'broxiva-secrets', { data: { DATABASE_URL: text } });
      };
      await set('another-one');
      await refused(/^(?!.*another-one)[^]*broxiva-db-primary refuses its login: .*password authentication failed/);
      await set('SCRAM-SHA-256$another-one');
      await refused(
        /^(?!.*another-one)[^]*DATABASE_URL of broxiva-secrets cannot be pooled: a password that looks like/,
      );
      await cluster().merge('secret', 'broxiva-secrets', { data: { DATABASE_URL: data.DATABASE_URL } });
    });
  });

  test('an image that cannot be pulled: noticed without waiting for the deadline, and nothing is left', async () => {
    cluster().faults.pushImage(image, 'missing');
    const run = await deploy();
    const report = await run.report();
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/pgbouncer-\S+: ImagePullBackOff/) as string,
    });
    expect(report.steps.map(({ state }) => state)).toEqual(['undone', 'undone', 'undone', 'undone']);
    expect(cluster().mutations(run.workflowId)).toEqual([
      ...made,
      ...made.map((words) => words.replace('create', 'delete')).reverse(),
    ]);
    expect(await pooler().objects()).toEqual([]);
    cluster().faults.restoreImages();
  });

  test('made: planned first; each pod lets transactions through over TLS, shows its configuration, and is measured', async () => {
    const dry = await deploy({ dryRun: true });
    expect(await dry.report()).toMatchObject({ outcome: 'Planned' });
    const { steps } = await dry.plan();
    const [, digest] = /^configuration (\w{8})$/.exec(steps[0]!.to)!;
    expect(steps).toMatchObject([
      { name: 'configure pgbouncer', resource: 'secret:broxiva-prod.pgbouncer', from: 'absent' },
      { name: 'publish pgbouncer', resource: 'service:broxiva-prod.pgbouncer' },
      { name: 'protect pgbouncer', resource: 'poddisruptionbudget:broxiva-prod.pgbouncer' },
      { name: 'roll out pgbouncer', resource: 'deployment:broxiva-prod.pgbouncer' },
    ]);
    expect(steps[3]!.to).toMatch(new RegExp(`^2 pods of ${image} \\(\\w{8}\\), configuration ${digest}$`));
    expect(await pooler().objects()).toEqual([]);

    const run = await deploy();
    const report = await run.report();
    expect(report.outcome).toBe('Succeeded');
    expect(report.steps[3]!.evidence).toMatch(
      /^each of 2 pods let a transaction through to broxiva-db-primary, PgBouncer 1\.18 \(no named statements\), TLSv1\.[23] to the server, 2 of 2 pods Ready/,
    );
    expect(cluster().mutations(run.workflowId)).toEqual(made);
    expect(await pooler().objects()).toEqual(all);
    const pods = await pooler().pods();
    expect(pods.map(({ ready, restarts }) => ({ ready, restarts }))).toEqual(
      [0, 0].map(() => ({ ready: true, restarts: 0 })),
    );
    expect(new Set(pods.map(({ node }) => node)).size).toBe(2);
    expect(await pooler().sql('SELECT count(*)::int AS products FROM products')).toEqual([{ products: 50 }]);
    expect(await pooler().setting('default_pool_size')).toEqual(['25', '25']);
    for (const { address } of pods) {
      const answer = await fetch(`http://${address}:9127/metrics`);
      expect(answer.status).toBe(200);
      const body = await answer.text();
      expect(body).toMatch(/^pgbouncer_databases_pool_size\{name="broxiva",database="broxiva"\} 25$/m);
      expect(body).toMatch(/^pgbouncer_stats_sql_transactions_pooled_total\{database="broxiva"\} [1-9]/m);
    }
    const { status } = await cluster().get('disruptionBudget', 'pgbouncer');
    expect(status).toMatchObject({ expectedPods: 2, desiredHealthy: 1 });
  });

  test('found as it is: nothing to do', async () => {
    const run = await deploy();
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded', summary: 'nothing to do: all is so already' });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  });

  test('planned: each setting that would change though nobody named it, and whom the pooler would refuse', async () => {
    const run = await deploy({ maxClientConnections: 500, ignoreStartupParameters: [], dryRun: true });
    expect(await run.report()).toMatchObject({ outcome: 'Planned' });
    const { steps } = await run.plan();
    expect(steps[0]!.detail).toMatch(
      /maxClientConnections 1000 → 500; ignoreStartupParameters extra_float_digits → none$/,
    );
    const findings = (await run.findings()).join('\n');
    expect(findings).toMatch(/^SettingChanged: maxClientConnections 1000 → 500/m);
    expect(findings).toMatch(/^ParametersRefused: clients that send extra_float_digits/m);
  });

  test('changed under clients, with a worker that is killed midway: every pod is another, each change was made once', async () => {
    const before = await pooler().pods();
    const clients = new PoolClients(await pooler().login());
    const held = cluster().gate.hold('PATCH', /\/deployments\/pgbouncer/);
    const run = await deploy({ poolSize: 30 });
    const release = await held;
    await cluster().production.worker.kill();
    release();
    await cluster().production.worker.start();
    const report = await run.report().finally(() => clients.end());
    expect(report).toMatchObject({
      outcome: 'Succeeded',
      steps: [{ name: 'configure pgbouncer' }, { name: 'roll out pgbouncer' }],
    });
    expect(cluster().mutations(run.workflowId)).toEqual(['patch secrets pgbouncer', 'patch deployments pgbouncer']);
    expect(await pooler().setting('default_pool_size')).toEqual(['30', '30']);
    const uids = before.map(({ uid }) => uid);
    expect((await pooler().pods()).filter(({ uid }) => uids.includes(uid))).toEqual([]);
    expect(await pooler().configurations()).toBe(2);
    expect(clients.good).toBeGreaterThan(50);
    // A client that is let go may just be sending: at most one for each pod that left and client.
    expect(clients.bad.length).toBeLessThanOrEqual(8);
  });

  test('aborted while it soaks: its pods have the former configuration again, and the Secret no other', async () => {
    const run = await deploy({ poolSize: 35, timing: { soakSeconds: 60 } });
    await run.until(({ phase }) => phase === 'soaking');
    expect(await pooler().setting('default_pool_size')).toEqual(['35', '35']);
    await run.order('abort');
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'RolledBack', steps: [{ state: 'undone' }, { state: 'undone' }] });
    expect(await pooler().setting('default_pool_size')).toEqual(['30', '30']);
    expect(await pooler().configurations()).toBe(1);
    expect(await pooler().sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const again = await deploy({ poolSize: 30 });
    expect(await again.report()).toMatchObject({ summary: 'nothing to do: all is so already' });
  });
}

/** Last: pods that run keep the former password. */
export function rotationTests(cluster: () => Cluster): void {
  const pooler = () => new Pooler(cluster());
  const deploy = (input: object = {}) => Run.start(cluster().production, 'deployPgbouncer', input);

  test('a password that was changed: no cutover to a pool with the former one; it is taken over, what else has changed is set back', async () => {
    await cluster().merge('deployment', 'pgbouncer', { spec: { replicas: 3 } }, 'kubectl');
    const { password } = new URL(pooler().applicationUrl);
    const rotated = `${decodeURIComponent(password)}";#é`;
    const database = Database.first(cluster().production);
    await database.adminSql(`ALTER ROLE broxiva PASSWORD '${rotated}'`);
    const withPassword = (text: string) => Object.assign(new URL(text), { password: encodeURIComponent(rotated) }).href;
    pooler().applicationUrl = withPassword(pooler().applicationUrl);
    const { data } = await cluster().get('secret', 'broxiva-secrets');
    const text = Buffer.from(withPassword(Buffer.from(data.DATABASE_URL, 'base64').toString())).toString('base64');
    await cluster().merge('secret', 'broxiva-secrets', { data: { DATABASE_URL: text } });

    const cutover = await Run.start(cluster().production, 'pgbouncerCutover', { deployment: 'broxiva-api' });
    expect(await cutover.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringMatching(/pgbouncer-\S+: SASL authentication failed/) as string,
    });

    const run = await deploy({ poolSize: 30 });
    const report = await run.report();
    expect(report).toMatchObject({
      outcome: 'Succeeded',
      steps: [
        { from: expect.stringMatching(/^configuration \w{8}, other credentials$/) as string },
        {
          from: expect.stringMatching(/^3 pods .*, other credentials$/) as string,
          to: expect.stringMatching(/^2 pods/) as string,
        },
      ],
    });
    expect(await pooler().sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await pooler().pods()).toHaveLength(2);
    expect(JSON.stringify((await run.handle.fetchHistory()).events)).not.toContain(
      Buffer.from(rotated).toString('base64'),
    );
  });
}
