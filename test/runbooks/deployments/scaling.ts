/** scaleDeployment where all goes well: what is told to whom, in which order, and that the pods are there and answer. */
import { createClient } from 'redis';
import { fillQueue, queueLengths } from '../../../lab/kubernetes/queues';
import { ask } from '../../../lab/traffic/requests';
import type { Cluster, KnownDeployment } from '../support/cluster';
import { Run } from '../support/run';
import { withoutFailedRequests } from '../support/without-failed-requests';
import { Workload } from '../support/workload';

export const scalingDeployments: KnownDeployment[] = [
  { name: 'plain', costPerPodHour: 0.5 },
  { name: 'pooled', databasePool: { variable: 'DATABASE_POOL_SIZE', default: 20 } },
];

export function scalingTests(cluster: () => Cluster): void {
  const scale = (deployment: string, input: object) =>
    Run.start(cluster().production, 'scaleDeployment', { deployment, ...input });

  test.concurrent(
    'with an autoscaler: its floor goes to ten, and ten pods answer; then down to a lower floor; then exactly four',
    async () =>
      withoutFailedRequests(await cluster().serviceUrl('broxiva-api', '/api/products'), async () => {
        // The autoscaler of a lab that has just begun has measured nothing yet.
        await cluster().kubectl('wait', '--for=condition=ScalingActive', 'hpa/broxiva-api-hpa', '--timeout=90s');
        const api = Workload.of(cluster(), 'broxiva-api');
        // It ends before the command is, and says why.
        const timing = ['timing.soakSeconds=1', 'timing.verificationTimeoutSeconds=200'];
        const settings = ['deployment=broxiva-api', 'replicas=10', ...timing];
        const command = ['start', 'scaleDeployment', '--wait', ...settings.flatMap((setting) => ['--set', setting])];
        const { code, out } = await cluster().production.runbook.run(command, { deadlineMs: 300_000 });
        expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Succeeded') as string });
        const [workflowId] = /scaleDeployment:\S+/.exec(out)!;
        expect(cluster().mutations(workflowId)).toEqual(['broxiva-api-hpa min 10, max 10']);
        expect(await api.bounds()).toEqual({ min: 10, max: 10 });
        const pods = await cluster().list('pod', 'app=broxiva-api');
        expect(pods).toHaveLength(10);
        for (const { status } of pods) expect((await ask(`http://${status.podIP}:3000/api/health`)).status).toBe(200);

        const floor = await scale('broxiva-api', { replicas: 3 });
        const { outcome, summary } = await floor.report();
        expect(outcome).toBe('Succeeded');
        expect(await api.bounds()).toEqual({ min: 3, max: 10 });
        // How many there are, and when, is the autoscaler's to say.
        const [, decided] = /^floor lowered, broxiva-api-hpa decides: (\d+) now$/.exec(summary)!;
        expect(Number(decided)).toBeGreaterThanOrEqual(await api.replicas());

        const exact = await scale('broxiva-api', { replicas: 4, exact: true });
        expect(await exact.report()).toMatchObject({ outcome: 'Succeeded', clients: { failedRequests: 0 } });
        expect(cluster().mutations(exact.workflowId)).toEqual(['broxiva-api-hpa min 4, max 4']);
        // None is still on its way out.
        expect(await cluster().list('pod', 'app=broxiva-api')).toHaveLength(4);
      }),
  );

  test.concurrent('without one: the deployment itself, up and down; who else has set it is told of', async () => {
    const plain = await Workload.make(cluster(), 'plain', { replicas: 2, manager: 'kubectl' });
    const dry = await scale('plain', { replicas: 4, dryRun: true });
    expect(await dry.report()).toMatchObject({ outcome: 'Planned' });
    expect(await dry.plan()).toMatchObject({
      targets: ['deployment:broxiva-prod.plain'],
      costChangePerHour: 1,
      steps: [{ name: 'scale plain', resource: 'deployment:broxiva-prod.plain', from: '2 pods', to: '4 pods' }],
    });
    expect(await dry.findings()).toEqual([
      'OtherManager: kubectl has set the number of pods of plain before, and may again',
    ]);
    expect(cluster().mutations(dry.workflowId)).toEqual([]);
    expect(await plain.replicas()).toBe(2);

    const up = await scale('plain', { replicas: 4 });
    expect(await up.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(cluster().mutations(up.workflowId)).toEqual(['plain 4 pods']);
    expect(await plain.readyPods()).toBe(4);

    const down = await scale('plain', { replicas: 1 });
    expect(await down.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(cluster().mutations(down.workflowId)).toEqual(['plain 1 pods']);
    expect(await cluster().list('pod', 'app=plain')).toHaveLength(1);

    const again = await scale('plain', { replicas: 1 });
    expect(await again.report()).toMatchObject({ outcome: 'Succeeded', summary: 'nothing to do: all is so already' });
    expect(cluster().mutations(again.workflowId)).toEqual([]);
  });

  test.concurrent('a smaller pool comes before more pods, a larger one after fewer', async () => {
    const environment = { DATABASE_POOL_SIZE: '20' };
    const pooled = await Workload.make(cluster(), 'pooled', { replicas: 2, environment });
    const sizes = async () => (await pooled.pods()).map((pod) => pod.environment.DATABASE_POOL_SIZE);
    const up = await scale('pooled', { replicas: 3, poolSize: 15 });
    const report = await up.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(report.steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['resize pool of pooled', '20 a pod', '15 a pod'],
      ['scale pooled', '2 pods', '3 pods'],
    ]);
    expect(cluster().mutations(up.workflowId)).toEqual(['pooled DATABASE_POOL_SIZE 15', 'pooled 3 pods']);
    expect(await sizes()).toEqual(['15', '15', '15']);

    const down = await scale('pooled', { replicas: 1, poolSize: 25 });
    expect(await down.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(cluster().mutations(down.workflowId)).toEqual(['pooled 1 pods', 'pooled DATABASE_POOL_SIZE 25']);
    expect(await sizes()).toEqual(['25']);
    // So that it opens no connection in the sum that another test reads.
    await cluster().delete('deployment', 'pooled');
  });

  test.concurrent('more workers drain what waits in the queues; how fast is told', async () => {
    // More than they drain until all is read, on however busy a machine.
    await fillQueue(cluster().lab, 'email-queue', 100_000);
    const before = await queueLengths(cluster().lab);
    const run = await scale('broxiva-worker', { replicas: 4, timing: { soakSeconds: 2 } });
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(cluster().mutations(run.workflowId)).toEqual(['broxiva-worker 4 pods']);
    const [, from, to, rate] = /email-queue (\d+) → (\d+) \(([\d.]+) a second drained\)/.exec(report.summary)!;
    expect(Number(from)).toBeLessThanOrEqual(before['email-queue']!);
    expect(Number(to)).toBeLessThan(Number(from));
    expect(Number(rate)).toBeGreaterThan(10);
    expect(report.summary).toContain('notification-queue 0 → 0');
    expect((await queueLengths(cluster().lab))['email-queue']).toBeLessThanOrEqual(Number(to));
    expect(report.steps[0]!.detail).toMatch(/^waiting now: email-queue \d+, notification-queue 0$/);
    const redis = await createClient({ url: cluster().redisUrl }).connect();
    await redis.del('email-queue');
    redis.destroy();
  });
}
