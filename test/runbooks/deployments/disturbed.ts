/** What disturbs everybody, each alone: a worker that is killed, an API server that is down, a database with few connections. */
import type { Report } from '../../../catalogue';
import type { Cluster, KnownDeployment } from '../support/cluster';
import { Database } from '../support/database';
import { Run } from '../support/run';
import { Workload } from '../support/workload';

export const disturbedDeployments: KnownDeployment[] = ['half', 'midway', 'patient', 'sized', 'asked'].map((name) => ({
  name,
}));

const downSeconds = 20;
/** Controllers wait longer and longer before they ask an API server again that they have lost. */
const patience = { timing: { verificationTimeoutSeconds: 120 } };

export function disturbanceTests(cluster: () => Cluster): void {
  const start = (runbook: string, deployment: string, input: object) =>
    Run.start(cluster().production, runbook, { deployment, ...input });
  const resize = {
    requests: { cpu: '60m', memory: '48Mi' },
    limits: { cpu: '600m', memory: '96Mi' },
  };
  const resizeOf = (name: string) => [
    ...['a pod limits 600m 96Mi', 'a pod limits 600m 96Mi'],
    ...[`${name} limits 600m 96Mi, paused`, 'a ReplicaSet limits 600m 96Mi', `${name} limits 600m 96Mi`],
  ];
  /** All are waited for, whatever becomes of one. */
  const succeed = async (...reports: Promise<Report>[]) => {
    const ended = await Promise.allSettled(reports);
    const said = ended.map((end) =>
      end.status === 'fulfilled' ? `${end.value.outcome}: ${end.value.summary}` : String(end.reason),
    );
    expect(said).toEqual(reports.map(() => expect.stringMatching(/^Succeeded/) as string));
  };

  test('the worker is killed while a template is half aligned, and while a change is on its way: each happens once', async () => {
    const { production, gate } = cluster();
    const half = await Workload.make(cluster(), 'half', { replicas: 2 });
    await Workload.make(cluster(), 'midway', { replicas: 1 });
    const before = { uids: await half.uids(), sets: await half.replicaSets() };
    const [replicaSet, scale] = [gate.hold('PATCH', /\/replicasets\/half-/), gate.hold('PATCH', /\/midway\/scale/)];
    const resized = await start('resizeDeployment', 'half', resize);
    const scaled = await start('scaleDeployment', 'midway', { replicas: 3 });
    const releases = await Promise.all([replicaSet, scale]);
    expect((await half.get()).spec.paused).toBe(true);
    await production.worker.kill();
    for (const release of releases) release();
    await production.worker.start();
    await succeed(resized.report(), scaled.report());
    expect(cluster().mutations(resized.workflowId)).toEqual(resizeOf('half'));
    expect(cluster().mutations(scaled.workflowId)).toEqual(['midway 3 pods']);
    expect({ uids: await half.uids(), sets: await half.replicaSets() }).toEqual(before);
    expect((await half.get()).spec).toMatchObject({
      template: { spec: { containers: [{ resources: resize }] } },
    });
    expect((await half.get()).spec.paused).not.toBe(true);
    expect((await half.pods()).map(({ restarts, memory }) => ({ restarts, memory }))).toEqual(
      Array.from({ length: 2 }, () => ({ restarts: 0, memory: '96Mi' })),
    );
  });

  test('a database that takes 250 connections: refused, with the sum written out; with smaller pools it fits', async () => {
    const database = Database.first(cluster().production);
    const { name } = database;
    await database.change('PATCH', `${name}/configurations/max_connections`, {
      properties: { value: '250', source: 'user-override' },
    });
    await database.ready();
    await database.change('POST', `${name}/restart`);
    await database.ready();
    expect((await database.look()).maxConnections).toBe(250);
    const workers = await Workload.of(cluster(), 'broxiva-worker').replicas();
    const theirs = (workers + Math.ceil(workers / 4)) * 5;
    const run = await start('scaleDeployment', 'broxiva-api', { replicas: 10 });
    const { outcome, summary } = await run.report();
    expect(outcome).toBe('Refused');
    const lines = summary.split('\n').map((line) => line.replace(/^ *(replicas)? */, ''));
    expect(lines).toEqual([
      'nothing was touched:',
      'broxiva-db-primary takes 250 connections, 15 of them reserved: 235',
      'broxiva-api (10 + 3 surge) × 20 = 260',
      `broxiva-worker (${workers} + ${Math.ceil(workers / 4)} surge) × 5 = ${theirs}`,
      `together ${260 + theirs}, ${25 + theirs} too many: poolSize ${Math.floor((235 - theirs) / 13)} would fit, or fewer replicas, or more max_connections (databaseRestart)`,
    ]);
    expect(cluster().mutations(run.workflowId)).toEqual([]);

    const smaller = await start('scaleDeployment', 'broxiva-api', { replicas: 10, poolSize: 15, dryRun: true });
    expect(await smaller.report()).toMatchObject({ outcome: 'Planned' });
    expect((await smaller.plan()).steps.map(({ name: step }) => step)).toEqual([
      'resize pool of broxiva-api',
      'scale broxiva-api',
    ]);
  });

  // Last: for a while afterwards controllers still take the nodes for lost, and a plan finds no room on them.
  test('the API server is down for 20 s in the middle: all go on and succeed', async () => {
    const { gate } = cluster();
    const patient = await Workload.make(cluster(), 'patient', { replicas: 1 });
    const sized = await Workload.make(cluster(), 'sized', { replicas: 2 });
    await Workload.make(cluster(), 'asked', { replicas: 1 });
    const held = [
      gate.hold('PATCH', /\/patient\/scale/),
      gate.hold('PATCH', /\/replicasets\/sized-/),
      gate.hold('POST', /\/horizontalpodautoscalers\?(?!.*dryRun)/),
    ];
    const runs = await Promise.all([
      start('scaleDeployment', 'patient', { replicas: 3, ...patience }),
      start('resizeDeployment', 'sized', { ...resize, ...patience }),
      start('configureAutoscaling', 'asked', { min: 1, max: 3, cpuPercent: 70, ...patience }),
    ]);
    const reports = runs.map((run) => run.report());
    const tooEarly = reports.map(async (report) => {
      throw new Error(`not in the middle: ${JSON.stringify(await report)}`);
    });
    const releases = await Promise.race([Promise.all(held), ...tooEarly]);
    await cluster().outage(downSeconds, () => {
      for (const release of releases) release();
    });
    await succeed(...reports);
    const [scaled, resized, configured] = runs.map(({ workflowId }) => cluster().mutations(workflowId));
    expect([scaled, resized, configured]).toEqual([['patient 3 pods'], resizeOf('sized'), ['asked-hpa min 1, max 3']]);
    expect(await patient.readyPods()).toBe(3);
    expect((await sized.pods()).map(({ memory, restarts }) => `${memory} ${restarts}`)).toEqual(['96Mi 0', '96Mi 0']);
  });
}
