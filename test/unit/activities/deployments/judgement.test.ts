/** When a deployment's pods serve, and when waiting is of no use: tables over what was read. */
import { controllerOf, otherManagers } from '../../../../activities/deployments/controller';
import {
  judgeWorkload,
  type PodReading,
  type Wanted,
  type WorkloadReading,
} from '../../../../activities/deployments/judgement';
import type { Autoscaler, Deployment, Event, Marks } from '../../../../activities/kubernetes/kubernetes';

const none: Marks = { labels: {}, annotations: {}, owners: [], replicasManagers: [] };

const nothing = { cpuMillis: 0, memoryBytes: 0 };
const unlimited = { requests: nothing, limits: nothing };

function deployment(more: Partial<Deployment> = {}): Deployment {
  return {
    ...none,
    ...{
      name: 'api',
      uid: 'u',
      version: '1',
      replicas: 2,
      environment: {},
      environmentFrom: [],
      wholeSecrets: [],
      secretReferences: {},
      container: 'api',
    },
    ...{
      image: 'api:1',
      requests: { cpuMillis: 0, memoryBytes: 0 },
      limits: { cpuMillis: 0, memoryBytes: 0 },
      maxSurge: '25%',
      selector: 'app=api',
    },
    ...{ size: unlimited, paused: false, pausedByUs: false },
    ...{ recreates: false, maxUnavailable: '0', minReadySeconds: 0, progressDeadlineSeconds: 600 },
    ...{ observed: true, updatedReplicas: 2, readyReplicas: 2, presentReplicas: 2, conditions: [] },
    ...more,
  };
}

function pod(name: string, more: Partial<PodReading> = {}): PodReading {
  return {
    ...{ name, uid: name, version: '1', container: 'api', size: unlimited, restartsOnResize: false },
    ...{
      secretReferences: {},
      name,
      createdAt: 0,
      ready: true,
      readyAt: 5_000,
      terminating: false,
      restarts: 0,
      image: 'api:1',
    },
    ...{ requests: { cpuMillis: 0, memoryBytes: 0 }, answers: true },
    ...more,
  };
}

const scaler: Autoscaler = {
  ...none,
  ...{ name: 'hpa', uid: 'u', version: '1', min: 2, max: 10, current: 2, desired: 2, currentMetrics: [] },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' }, maxReplicas: 10 },
  conditions: ['AbleToScale', 'ScalingActive'].map((type) => ({ type, status: 'True', reason: '', message: '' })),
};
const warning = (reason: string, at: number, message = 'so it is'): Event => ({ about: 'Pod/a', reason, message, at });
const two: Wanted = { atLeast: 2 };
const pods = [pod('a'), pod('b')];
const crashing = pod('b', {
  ...{ ready: false, restarts: 3, lastEnd: 'Error' },
  waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' },
});

const lacking = { autoscaler: { ...scaler, desired: 1 } };
const lacks = 'hpa wants 1 pods, not 2 or more';

interface Row {
  name: string;
  reading: Partial<WorkloadReading>;
  wanted?: Wanted;
  open?: string[];
  failing?: string[];
}

const rows: Row[] = [
  { name: 'all is well', reading: {} },
  {
    name: 'the controller is behind',
    reading: { deployment: deployment({ observed: false }) },
    open: ['the controller has not seen the new api yet'],
  },
  {
    name: 'fewer than wanted',
    reading: {},
    wanted: { atLeast: 3 },
    open: ['2 of at least 3 pods are Ready'],
  },
  {
    name: 'exactly so many, and one still leaves',
    reading: { pods: [...pods, pod('c', { terminating: true })] },
    wanted: { atLeast: 2, exactly: 2, allGone: true },
    open: ['pods that finish their work: 1'],
  },
  {
    name: 'pods of an older template',
    reading: { deployment: deployment({ updatedReplicas: 1, presentReplicas: 3 }) },
    open: ['1 of 2 pods are of the newest template', 'pods still to leave: 1'],
  },
  {
    name: 'a pod that does not answer',
    reading: { pods: [pod('a'), pod('b', { answers: false })] },
    open: ['b does not answer'],
  },
  {
    name: 'a pod that is not Ready yet',
    reading: { deployment: deployment({ readyReplicas: 1 }), pods: [pod('a'), pod('b', { ready: false })] },
    open: ['1 of at least 2 pods are Ready', '1 of 2 pods are Ready', 'b is not Ready'],
  },
  {
    name: 'a pod that crashes again and again',
    reading: { deployment: deployment({ readyReplicas: 1 }), pods: [pod('a'), crashing] },
    failing: ['b: CrashLoopBackOff (back-off 20s), 3 restarts, the last time Error'],
  },
  {
    name: 'an image that cannot be pulled',
    reading: {
      deployment: deployment({ readyReplicas: 1 }),
      pods: [pod('a'), pod('b', { ready: false, waiting: { reason: 'ImagePullBackOff', message: '' } })],
    },
    failing: ['b: ImagePullBackOff'],
  },
  {
    name: 'the first crash may be bad luck',
    reading: {
      deployment: deployment({ readyReplicas: 1 }),
      pods: [pod('a'), { ...crashing, restarts: 1 }],
    },
    failing: [],
  },
  {
    name: 'a quota that refuses pods',
    reading: {
      deployment: deployment({ readyReplicas: 1 }),
      warnings: [warning('FailedCreate', 2_000, 'pods "c" is forbidden: exceeded quota: small')],
    },
    failing: ['Pod/a: pods "c" is forbidden: exceeded quota: small'],
  },
  {
    name: 'a quota that refused pods before the change',
    reading: {
      deployment: deployment({ readyReplicas: 1 }),
      warnings: [warning('FailedCreate', 500, 'exceeded quota: small')],
    },
    failing: [],
  },
  {
    name: 'a warning after the last pod became Ready says why another is missing',
    reading: { ...lacking, warnings: [warning('FailedMount', 6_000)] },
    open: [lacks, 'Pod/a: FailedMount: so it is'],
  },
  {
    name: 'a warning alone, which stays when what it warned of has passed',
    reading: { warnings: [warning('FailedMount', 6_000), warning('FailedGetResourceMetric', 40_000)] },
  },
  {
    name: 'a warning that was overcome',
    reading: { ...lacking, warnings: [warning('FailedMount', 4_000)] },
    open: [lacks],
  },
  {
    name: 'a scheduler that waited a moment',
    reading: { ...lacking, warnings: [warning('FailedScheduling', 20_000)] },
    open: [lacks],
  },
  {
    name: 'a scheduler that goes on failing',
    reading: { ...lacking, warnings: [warning('FailedScheduling', 40_000)] },
    open: [lacks, 'Pod/a: FailedScheduling: so it is'],
  },
  { name: 'an autoscaler that agrees', reading: { autoscaler: scaler } },
  {
    name: 'an autoscaler that has not looked yet',
    reading: lacking,
    open: [lacks],
  },
  {
    name: 'an autoscaler without metrics',
    reading: {
      autoscaler: {
        ...scaler,
        conditions: [
          scaler.conditions[0]!,
          { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'no metrics' },
        ],
      },
    },
    open: ['hpa: ScalingActive is False (FailedGetResourceMetric: no metrics)'],
  },
];

test.each(rows)('$name', ({ reading, wanted = two, open, failing }) => {
  const judged = judgeWorkload({ deployment: deployment(), pods, warnings: [], ...reading }, wanted, { at: 1_500 });
  expect(judged.failing).toEqual(failing ?? []);
  if (failing === undefined) expect(judged.open).toEqual(open ?? []);
});

const refused = (pod: string, at: number) =>
  warning('FailedCreate', at, `pods "${pod}" is forbidden: exceeded quota: small`);

describe('pods that get nowhere, in a rollout that takes none away before it has a new one', () => {
  const rolling = deployment({ updatedReplicas: 1, presentReplicas: 3 });
  const since = { at: 1_500 };
  const judge = (more: Partial<PodReading>, at?: { at: number }, of = rolling) =>
    judgeWorkload({ deployment: of, pods: [...pods, { ...crashing, name: 'c', ...more }], warnings: [] }, two, at)
      .failing;

  test('a new one', () => expect(judge({ createdAt: 2_000 }, since)).toHaveLength(1));
  test('one that was so before', () => expect(judge({ createdAt: 500 }, since)).toEqual([]));
  test('one of the template that is given up', () => expect(judge({ createdAt: 2_000 })).toEqual([]));
  test('one that is to leave as the last ones are taken back', () =>
    expect(judge({ createdAt: 2_000 }, undefined, deployment({ presentReplicas: 3, updatedReplicas: 3 }))).toEqual([]));
  test('one that goes because fewer are wanted', () =>
    expect(judge({ createdAt: 500 }, since, deployment({ presentReplicas: 3, updatedReplicas: 3 }))).toEqual([]));
  test('the controller has not looked yet', () =>
    expect(judge({ createdAt: 2_000 }, since, deployment({ ...rolling, observed: false }))).toEqual([]));
  test('a former one, when all is as it was but for that', () =>
    expect(judge({}, undefined, deployment({ readyReplicas: 1 }))).toHaveLength(1));
});

test('what was refused on the way forward is no obstacle on the way back', () => {
  const warnings = [refused('c', 9_000), warning('FailedMount', 9_000)];
  expect(judgeWorkload({ deployment: deployment(), pods, warnings }, two)).toMatchObject({ open: [], failing: [] });
});

test('an autoscaler that reads no metrics is no obstacle on the way back', () => {
  const conditions = [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'none' }];
  const autoscaler = { ...scaler, desired: 1, conditions };
  const reading = { deployment: deployment(), pods, warnings: [], autoscaler };
  expect(judgeWorkload(reading, two, { at: 1_500 }).open).toHaveLength(3);
  expect(judgeWorkload(reading, two)).toMatchObject({ open: [], failing: [] });
});

test('a controller that tries again is told of once, with what it said last', () => {
  const short = {
    deployment: deployment({ readyReplicas: 1 }),
    pods,
    warnings: [refused('d', 8_000), refused('c', 7_000)],
  };
  const { open, failing } = judgeWorkload(short, two, { at: 1_500 });
  expect(failing).toEqual(['Pod/a: pods "d" is forbidden: exceeded quota: small']);
  expect(open.filter((line) => line.includes('quota'))).toEqual([
    'Pod/a: FailedCreate: pods "d" is forbidden: exceeded quota: small',
  ]);
});

test('the evidence is one line of what was read', () => {
  const usage = { cpuMillis: 120, memoryBytes: 64 * 2 ** 20 };
  const used = pods.map((each) => ({ ...each, usage }));
  const { evidence } = judgeWorkload({ deployment: deployment(), pods: used, warnings: [], autoscaler: scaler }, two);
  expect(evidence).toBe('2 of 2 pods Ready, 2 answer, 2 use 0.24 CPU and 128 MiB, hpa min 2, max 10, wants 2');
});

describe('who sets an object back', () => {
  test.each([
    ['nobody', {}, true, undefined],
    ['KEDA, by its owner reference', { owners: ['ScaledObject/api'] }, true, 'KEDA ScaledObject api'],
    [
      'Argo CD, by its tracking id',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:x' } },
      true,
      'Argo CD application shop',
    ],
    ['Flux, by its label', { labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } }, true, 'Flux HelmRelease shop'],
    [
      'a mark on a deployment whose replicas are left to others',
      { labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } },
      false,
      undefined,
    ],
    ['the manager of that very field', { replicasManagers: ['kustomize-controller'] }, false, 'Flux'],
  ] as [string, Partial<Marks>, boolean, string | undefined][])('%s', (_name, marks, whole, controller) => {
    expect(controllerOf({ ...none, ...marks }, { whole })).toBe(controller);
  });

  test('people and other tools are told of, Kubernetes itself is not', () => {
    const replicasManagers = ['kube-controller-manager', 'kubectl', 'durable-runbooks', 'argocd-controller'];
    expect(otherManagers({ ...none, replicasManagers })).toEqual(['kubectl']);
  });
});
