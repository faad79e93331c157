/** configureAutoscaling: made, changed, refused to whom another manages, and back to what was, or to nothing. */
import { KubeConfig } from '@kubernetes/client-node';
import { createAutoscalers } from '../../../activities/kubernetes/autoscalers';
import { kubernetesProblem } from '../../../activities/kubernetes/failures';
import type { Cluster, KnownDeployment } from '../support/cluster';
import { Run } from '../support/run';
import { Workload } from '../support/workload';

export const autoscaledDeployments: KnownDeployment[] = ['bare', 'managed', 'restored', 'thinned', 'unmade'].map(
  (name) => ({
    name,
  }),
);

export function autoscalingTests(cluster: () => Cluster): void {
  const configure = (deployment: string, input: object) =>
    Run.start(cluster().production, 'configureAutoscaling', { deployment, ...input });
  const autoscaler = (name: string) => cluster().find('autoscaler', `${name}-hpa`);
  const conditions = async (name: string) => {
    const { status } = await cluster().get('autoscaler', `${name}-hpa`);
    const of = (type: string) => status.conditions.find((one: any) => one.type === type)?.status as string;
    return { AbleToScale: of('AbleToScale'), ScalingActive: of('ScalingActive') };
  };
  const working = { AbleToScale: 'True', ScalingActive: 'True' };

  test.concurrent('made as the guide has it, shown before it is made; then changed', async () => {
    await Workload.make(cluster(), 'bare', { replicas: 1 });
    const asked = { min: 1, max: 4, cpuPercent: 70, memoryPercent: 80 };
    const dry = await configure('bare', { ...asked, dryRun: true });
    expect(await dry.report()).toMatchObject({ outcome: 'Planned' });
    const { steps, targets } = await dry.plan();
    expect(targets).toEqual(['deployment:broxiva-prod.bare', 'horizontalpodautoscaler:broxiva-prod.bare-hpa']);
    const rules = 'up after 60 s by 100 % in 60 s or 2 pods in 60 s; down after 300 s by 50 % in 60 s';
    expect(steps).toMatchObject([
      { name: 'configure bare-hpa', from: 'no autoscaler', to: `1 to 4 pods; cpu 70 %; memory 80 %; ${rules}` },
    ]);
    expect(await autoscaler('bare')).toBeUndefined();

    const made = await configure('bare', asked);
    expect(await made.report()).toMatchObject({
      outcome: 'Succeeded',
      steps: [{ evidence: expect.stringMatching(/^AbleToScale, ScalingActive, wants 1, has 1$/) as string }],
    });
    expect(cluster().mutations(made.workflowId)).toEqual(['bare-hpa min 1, max 4']);
    expect(await conditions('bare')).toEqual(working);
    const { spec, metadata } = (await autoscaler('bare'))!;
    expect(spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'bare' },
      metrics: [
        { resource: { name: 'cpu', target: { averageUtilization: 70 } } },
        { resource: { name: 'memory', target: { averageUtilization: 80 } } },
      ],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 60,
          policies: [
            { type: 'Percent', value: 100, periodSeconds: 60 },
            { type: 'Pods', value: 2, periodSeconds: 60 },
          ],
        },
        scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }] },
      },
    });
    const writers = metadata.managedFields.filter(({ subresource }: any) => subresource === undefined);
    expect(writers.map(({ manager }: any) => manager)).toEqual(['durable-runbooks']);

    const changed = await configure('bare', { ...asked, max: 6, memoryPercent: undefined });
    expect(await changed.report()).toMatchObject({ outcome: 'Succeeded' });
    const now = (await autoscaler('bare'))!;
    expect(now.spec.maxReplicas).toBe(6);
    expect(now.spec.metrics).toHaveLength(1);
    expect(now.metadata.uid).toBe(metadata.uid);
    const again = await configure('bare', { ...asked, max: 6, memoryPercent: undefined });
    expect(await again.report()).toMatchObject({ summary: 'nothing to do: all is so already' });
  });

  test.concurrent('fields of another manager: refused by its name; taken over when it is named', async () => {
    const managed = { min: 1, max: 3 };
    await Workload.make(cluster(), 'managed', { replicas: 1, autoscaler: managed, manager: 'kubectl-create' });
    const asked = { min: 1, max: 5, cpuPercent: 80 };
    for (const takeOver of [[], ['helm']]) {
      const refused = await configure('managed', { ...asked, takeOver });
      expect(await refused.report()).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringMatching(
          /kubectl-create manages \.spec\.\S+.* of managed-hpa: let it give them up/,
        ) as string,
      });
      expect(cluster().mutations(refused.workflowId)).toEqual([]);
    }
    expect((await autoscaler('managed'))!.spec.maxReplicas).toBe(3);
    const taken = await configure('managed', { ...asked, takeOver: ['kubectl-create'] });
    expect(await taken.report()).toMatchObject({ outcome: 'Succeeded' });
    expect((await autoscaler('managed'))!.spec).toMatchObject({ maxReplicas: 5 });
    expect(await conditions('managed')).toEqual(working);
  });

  test.concurrent('taken back: to the former object, whoever had written it', async () => {
    await Workload.make(cluster(), 'restored', { replicas: 1, autoscaler: { min: 1, max: 3 }, manager: 'kubectl' });
    const before = (await autoscaler('restored'))!;
    const run = await configure('restored', {
      ...{ min: 1, max: 8, memoryPercent: 95, takeOver: ['kubectl'], timing: { soakSeconds: 60 } },
    });
    await run.until(({ phase }) => phase === 'soaking');
    expect((await autoscaler('restored'))!.spec.maxReplicas).toBe(8);
    await run.order('abort');
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack', steps: [{ state: 'undone' }] });
    const after = (await autoscaler('restored'))!;
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(await conditions('restored')).toEqual(working);
  });

  test.concurrent('taken back: the pods that it had taken away are there again', async () => {
    const thinned = await Workload.make(cluster(), 'thinned', { replicas: 3 });
    const run = await configure('thinned', { min: 1, max: 2, cpuPercent: 90, timing: { soakSeconds: 60 } });
    await run.until(({ phase }) => phase === 'soaking');
    await thinned.untilPods(2);
    await run.order('abort');
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      steps: [{ state: 'undone', evidence: expect.stringMatching(/^there is none; 3 of 3 pods Ready/) as string }],
    });
    expect(cluster().mutations(run.workflowId)).toEqual([
      ...['thinned-hpa min 1, max 2', 'thinned-hpa deleted', 'thinned 3 pods'],
    ]);
  });

  test.concurrent('a metric that no pod serves: it never becomes active, and there is none again', async () => {
    await Workload.make(cluster(), 'unmade', { replicas: 1 });
    const run = await configure('unmade', {
      ...{ min: 1, max: 3, requestsPerSecond: 100, timing: { verificationTimeoutSeconds: 45 } },
    });
    const report = await run.report();
    expect(await run.findings()).toContainEqual(
      expect.stringMatching(/^MetricMissing: nobody serves http_requests_per_second for these pods now/),
    );
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/ScalingActive is False \(FailedGetPodsMetric/) as string,
      steps: [{ state: 'undone', evidence: expect.stringMatching(/^there is none; 1 of 1 pods Ready/) as string }],
    });
    expect(cluster().mutations(run.workflowId)).toEqual(['unmade-hpa min 1, max 3', 'unmade-hpa deleted']);
    expect(await autoscaler('unmade')).toBeUndefined();
  });

  test.concurrent('one that its controller has written since it was read is read again, and not refused', async () => {
    const configuration = new KubeConfig();
    configuration.loadFromFile(cluster().gate.kubeconfigFile);
    const autoscalers = createAutoscalers(configuration, 'broxiva-prod');
    const identity = { correlationId: 'the-test', clientRequestId: 'one' };
    const spec = (maxReplicas: number) => ({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nobody' },
      ...{ minReplicas: 1, maxReplicas },
    });
    await autoscalers.applyAutoscaler('late-hpa', spec(2), { takeOver: [], instead: undefined }, identity);
    const read = await autoscalers.readAutoscaler('late-hpa');
    await autoscalers.replaceAutoscaler(read, spec(3), identity);
    const late = await autoscalers.replaceAutoscaler(read, spec(4), identity).catch(kubernetesProblem);
    expect(late).toMatchObject({ type: 'KubernetesConflict' });
    expect((await cluster().get('autoscaler', 'late-hpa')).spec.maxReplicas).toBe(3);
  });

  test.concurrent.each<[string, object, string | RegExp]>([
    ['more than the topology allows', { min: 1, max: 51, cpuPercent: 70 }, 'topology allows broxiva-web 2 to 30'],
    ['a second autoscaler', { autoscaler: 'other', min: 3, max: 5, cpuPercent: 70 }, 'scales broxiva-api already'],
    ['no metric', { min: 2, max: 5 }, 'no metric was given'],
    ['a floor above the ceiling', { min: 5, max: 2, cpuPercent: 70 }, 'max  2; allowed: less than min'],
  ])('refused: %s', async (_what, input, words) => {
    const deployment = 'autoscaler' in input ? 'broxiva-api' : 'broxiva-web';
    const run = await configure(deployment, input);
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  });
}
