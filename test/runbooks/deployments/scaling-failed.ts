/** scaleDeployment where new pods do not come, or somebody interferes: back to what was, or an operator is asked. */
import { createClient } from 'redis';
import type { Cluster, KnownDeployment } from '../support/cluster';
import { Run } from '../support/run';
import { Workload, type WorkloadWish } from '../support/workload';

export const failingDeployments: KnownDeployment[] = [
  ...['crashing', 'unready', 'no-quota', 'floor'].map((name) => ({ name })),
  { name: 'deaf', queues: ['ignored-queue'] },
  ...['contested', 'contested-hpa', 'bereft'].map((name) => ({ name })),
];

export function failureTests(cluster: () => Cluster): void {
  const make = (name: string, wish: WorkloadWish) => Workload.make(cluster(), name, wish);
  const scale = (deployment: string, input: object) =>
    Run.start(cluster().production, 'scaleDeployment', { deployment, ...input });
  /** A new pod that is not Ready within this will not be; also what it goes back has, on a machine that is busy. */
  const short = { timing: { verificationTimeoutSeconds: 30 } };
  const rolledBack = async (run: Run, words: RegExp) => {
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'RolledBack', summary: expect.stringMatching(words) as string });
    expect(report.steps.map(({ state }) => state)).toEqual(['undone']);
  };

  test.concurrent('new pods crash: noticed without waiting for the deadline', async () => {
    const workload = await make('crashing', { replicas: 2 });
    const before = await workload.uids();
    await workload.newPods('crash');
    const run = await scale('crashing', { replicas: 4 });
    await rolledBack(run, /crashing-\S+: CrashLoopBackOff .*2 restarts, the last time Error/);
    expect(cluster().mutations(run.workflowId)).toEqual(['crashing 4 pods', 'crashing 2 pods']);
    expect(await workload.uids()).toEqual(before);
  });

  test.concurrent('new pods never become Ready', async () => {
    const workload = await make('unready', { replicas: 2 });
    const before = await workload.uids();
    await workload.newPods('unready');
    const run = await scale('unready', { replicas: 3, ...short });
    await rolledBack(run, /2 of 3 pods are Ready.*unready-\S+ is not Ready/);
    expect(cluster().mutations(run.workflowId)).toEqual(['unready 3 pods', 'unready 2 pods']);
    expect(await workload.uids()).toEqual(before);
  });

  test.concurrent('with an autoscaler: its former limits, and the former pods', async () => {
    const workload = await make('floor', { replicas: 2, autoscaler: { min: 2, max: 6 } });
    await workload.newPods('unready');
    const run = await scale('floor', { replicas: 3, ...short });
    await rolledBack(run, /floor-\S+ is not Ready/);
    expect(cluster().mutations(run.workflowId)).toEqual(['floor-hpa min 3, max 6', 'floor-hpa min 2, max 6']);
    expect(await workload.bounds()).toEqual({ min: 2, max: 6 });
  });

  test.concurrent('a quota that preflight did not see is exceeded', async () => {
    const sized = (cpu: string) => ({ cpu, memory: '32Mi', 'ephemeral-storage': '1Gi' });
    const workload = await make('no-quota', {
      ...{ replicas: 2, resources: { requests: sized('20m'), limits: sized('500m') } },
    });
    // Of a resource that the pods of no other test ask for.
    await cluster().limit('storage', { 'requests.ephemeral-storage': '3Gi' });
    const run = await scale('no-quota', { replicas: 5 });
    await rolledBack(run, /exceeded quota: storage/);
    expect(cluster().mutations(run.workflowId)).toEqual(['no-quota 5 pods', 'no-quota 2 pods']);
    await workload.untilPods(2);
  });

  test.concurrent('workers that do not drain what waits', async () => {
    const workload = await make('deaf', { replicas: 1 });
    const redis = await createClient({ url: cluster().redisUrl }).connect();
    await redis.rPush('ignored-queue', ['one', 'two', 'three']);
    redis.destroy();
    const run = await scale('deaf', { replicas: 2, timing: { soakSeconds: 1 } });
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining('ignored-queue is not drained: 3 → 3') as string,
      steps: [{ state: 'undone' }],
    });
    expect(await workload.replicas()).toBe(1);
  });

  describe('somebody else changes it meanwhile: it is not overwritten, and an operator decides', () => {
    test.concurrent('the number of pods; accepted', async () => {
      const workload = await make('contested', { replicas: 1 });
      await workload.newPods('unready');
      const run = await scale('contested', { replicas: 2 });
      await run.untilStep('scale', 'verifying');
      await cluster().merge('deployment', 'contested', { spec: { replicas: 4 } }, 'another-manager');
      const { trouble, held } = await run.until(({ phase }) => phase === 'needs-operator');
      expect(trouble).toMatchObject({ step: 'scale contested', orders: ['retry', 'accept'] });
      expect(trouble!.tried.join('\n')).toMatch(/4 was found, not 2 any more[^]*4 was found, neither 2 nor 1/);
      expect(held).toEqual(['deployment:broxiva-prod.contested']);
      await run.order('accept');
      expect(await run.report()).toMatchObject({ outcome: 'Accepted' });
      expect(cluster().mutations(run.workflowId)).toEqual(['contested 2 pods']);
      expect(await workload.replicas()).toBe(4);
    });

    test.concurrent('the floor of the autoscaler; put right, retried', async () => {
      const workload = await make('contested-hpa', { replicas: 1, autoscaler: { min: 1, max: 4 } });
      await workload.newPods('unready');
      const run = await scale('contested-hpa', { replicas: 2 });
      await run.untilStep('scale', 'verifying');
      const floor = (minReplicas: number) =>
        cluster().merge('autoscaler', workload.autoscalerName, { spec: { minReplicas } }, 'another-manager');
      await floor(3);
      const { trouble } = await run.until(({ phase }) => phase === 'needs-operator');
      expect(trouble!.tried.join('\n')).toMatch(/min 3, max 4 was found, not min 2, max 4 any more/);
      expect(await workload.bounds()).toEqual({ min: 3, max: 4 });
      await floor(2);
      await run.order('retry');
      expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
      expect(await workload.bounds()).toEqual({ min: 1, max: 4 });
    });

    test.concurrent('the autoscaler is deleted', async () => {
      const workload = await make('bereft', { replicas: 1, autoscaler: { min: 1, max: 4 } });
      await workload.newPods('unready');
      const run = await scale('bereft', { replicas: 2 });
      await run.untilStep('scale', 'verifying');
      await cluster().delete('autoscaler', workload.autoscalerName);
      const { trouble } = await run.until(({ phase }) => phase === 'needs-operator');
      expect(trouble!.tried.join('\n')).toMatch(/"bereft-hpa" not found/);
      expect(await cluster().find('autoscaler', workload.autoscalerName)).toBeUndefined();
      await run.order('accept');
      expect(await run.report()).toMatchObject({ outcome: 'Accepted' });
      expect(cluster().mutations(run.workflowId)).toEqual(['bereft-hpa min 2, max 4']);
    });
  });
}
