/** scaleDeployment where it refuses: nothing is touched, and every reason is said at once. */
import type { Cluster, KnownDeployment } from '../support/cluster';
import { Run } from '../support/run';
import { Workload, type WorkloadWish } from '../support/workload';

const owner = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'keda', uid: 'e0f1' };
const trackingId = {
  'argocd.argoproj.io/tracking-id': 'shop:autoscaling/HorizontalPodAutoscaler:broxiva-prod/argo-hpa',
};

/** Name, what there is, and who owns it. */
const owned: [string, WorkloadWish, string][] = [
  [
    'keda',
    { replicas: 1, autoscaler: { min: 1, max: 3, ownerReferences: [owner] } },
    'KEDA ScaledObject keda owns keda-hpa and would set it back: change it there',
  ],
  [
    'argo',
    { replicas: 1, autoscaler: { min: 1, max: 3, annotations: trackingId } },
    'Argo CD application shop owns argo-hpa and would set it back: change it there',
  ],
  [
    'flux',
    { replicas: 1, manager: 'kustomize-controller' },
    'Flux owns the number of pods of flux and would set it back: change it there',
  ],
];

export const refusedDeployments: KnownDeployment[] = [
  ...owned.map(([name]) => ({ name })),
  { name: 'twice' },
  { name: 'huge', replicas: { min: 1, max: 500 } },
  { name: 'nowhere' },
];

export function refusalTests(cluster: () => Cluster): void {
  const scale = (deployment: unknown, input: object) =>
    Run.start(cluster().production, 'scaleDeployment', { deployment, ...input });
  const refused = async (run: Run, words: string | RegExp) => {
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(summary).toContain('nothing was touched');
    expect(summary).not.toMatch(/^ {4}at /m);
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  };

  test.concurrent('KEDA, Argo CD or Flux owns it', async () => {
    const refuse = async ([name, wish, sentence]: (typeof owned)[number]) => {
      const workload = await Workload.make(cluster(), name, wish);
      const before = await workload.get();
      await refused(await scale(name, { replicas: 3 }), sentence);
      expect((await workload.get()).metadata.generation).toBe(before.metadata.generation);
    };
    await Promise.all(owned.map(refuse));
  });

  test.concurrent('two autoscalers', async () => {
    const twice = await Workload.make(cluster(), 'twice', { replicas: 1, autoscaler: { min: 1, max: 3 } });
    const { metadata, spec } = await cluster().get('autoscaler', twice.autoscalerName);
    await cluster().create('autoscaler', { metadata: { name: `${metadata.name}-too` }, spec });
    await refused(
      await scale('twice', { replicas: 2 }),
      'twice-hpa and twice-hpa-too both scale twice, and Kubernetes lets neither: remove one',
    );
  });

  test.concurrent('a quota and the room on the nodes, both in one answer', async () => {
    const huge = await Workload.make(cluster(), 'huge', { replicas: 1 });
    // Far above what all tests together need.
    await cluster().limit('all', { pods: '150' });
    await refused(
      await scale('huge', { replicas: 400 }),
      /quota "all" allows pods 150, \d+ are used, 399 more pods need 399[^]*399 more pods are asked for, and the nodes have room for \d+: add nodes first/,
    );
    expect(await huge.replicas()).toBe(1);
  });

  test.concurrent.each<[string, unknown, object, string | RegExp]>([
    [
      'more than the topology allows',
      'broxiva-api',
      { replicas: 51 },
      '51 pods; the topology allows broxiva-api 3 to 50',
    ],
    ['fewer', 'broxiva-api', { replicas: 2 }, '2 pods; the topology allows broxiva-api 3 to 50'],
    [
      'a deployment that the topology does not have',
      'broxiva-apis',
      { replicas: 4 },
      'no deployment "broxiva-apis"; it has: broxiva-api, ',
    ],
    ['one that the cluster does not have', 'nowhere', { replicas: 2 }, /nowhere.*not found/],
    [
      'a pool that there is none of',
      'broxiva-web',
      { replicas: 3, poolSize: 5 },
      'knows no database pool of broxiva-web',
    ],
    ['0', 'broxiva-api', { replicas: 0 }, 'replicas  0; allowed: at least 1'],
    ['-1', 'broxiva-api', { replicas: -1 }, 'replicas  -1; allowed: at least 1'],
    ['3.5', 'broxiva-api', { replicas: 3.5 }, 'replicas  3.5; allowed: a whole number'],
    ['"ten"', 'broxiva-api', { replicas: 'ten' }, 'replicas  "ten"; allowed: a number'],
    ['nothing', 'broxiva-api', {}, 'replicas  nothing was given'],
    ['no deployment', undefined, { replicas: 4 }, 'deployment  nothing was given'],
    ['an empty name', '', { replicas: 4 }, 'deployment  ""; allowed: 1 to 63 lower-case letters'],
    ['a wildcard', '*', { replicas: 4 }, 'deployment  "\\*"'],
    ['a selector', 'app=', { replicas: 4 }, 'deployment  "app="'],
    ['several things', '', { replicas: 0 }, /deployment {2}""[^]*replicas {4}0/],
  ])('%s', async (_what, deployment, input, words) => refused(await scale(deployment, input), words));
}
