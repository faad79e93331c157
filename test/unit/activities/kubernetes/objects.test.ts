/** The API server's objects → our own, as a cluster of version 1.36 answered them (recorded/, shortened). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  CoreV1Event,
  V1Deployment,
  V1Node,
  V1Pod,
  V1ReplicaSet,
  V1ResourceQuota,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import * as objects from '../../../../activities/kubernetes/objects';

const mebibyte = 2 ** 20;

/** Anew each time, because tests change it. */
function recorded<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, 'recorded', `${name}.json`), 'utf8')) as T;
}

const size = (cpu: number, memory: number, cpuMost: number, memoryMost: number) => ({
  requests: { cpuMillis: cpu, memoryBytes: memory * mebibyte },
  limits: { cpuMillis: cpuMost, memoryBytes: memoryMost * mebibyte },
});

describe('a deployment', () => {
  const changed = (change: (found: V1Deployment) => void) => {
    const found = recorded<V1Deployment>('deployment');
    change(found);
    return objects.deploymentOf(found);
  };

  test('one that waits for a pod that a quota refuses', () => {
    expect(objects.deploymentOf(recorded('deployment'))).toMatchObject({
      ...{ name: 'broxiva-web', uid: '1e54c4a2-d95d-411f-914b-d61e97a23036', version: '511' },
      ...{ replicas: 6, readyReplicas: 5, updatedReplicas: 5, presentReplicas: 5, observed: true, paused: false },
      ...{ container: 'web', image: 'broxiva/web:1.0.0', maxSurge: '25%', selector: 'app=broxiva-web' },
      size: size(50, 128, 250, 256),
      requests: { cpuMillis: 50, memoryBytes: 128 * mebibyte },
      // Of those who have written, kubectl alone has written the number of pods.
      replicasManagers: ['kubectl'],
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }),
      ]) as unknown,
    });
  });

  test('its variables: those with a value, and the names of those that come from elsewhere', () => {
    const { environment, environmentFrom } = objects.deploymentOf(recorded('deployment-with-pool'));
    expect(environment).toMatchObject({ DATABASE_POOL_SIZE: '20' });
    expect(environmentFrom).toEqual(['DATABASE_URL', 'REDIS_URL']);
    expect(JSON.stringify(environment)).not.toContain('secret');
  });

  test.each<[string, (found: V1Deployment) => void, object]>([
    ['not seen yet by the controller', ({ status }) => (status!.observedGeneration = 1), { observed: false }],
    ['without a status', (found) => delete found.status, { observed: false, readyReplicas: 0, conditions: [] }],
    [
      'recreated instead of rolled',
      ({ spec }) => (spec!.strategy = { type: 'Recreate' }),
      { maxSurge: '0', recreates: true },
    ],
    ['with a surge in pods', ({ spec }) => (spec!.strategy!.rollingUpdate!.maxSurge = 2), { maxSurge: '2' }],
    ['without a strategy', ({ spec }) => delete spec!.strategy, { maxSurge: '25%' }],
    ['without a number', ({ spec }) => delete spec!.replicas, { replicas: 1 }],
    ['paused', ({ spec }) => (spec!.paused = true), { paused: true, pausedByUs: false }],
    [
      'paused by a run',
      (deployment) => {
        deployment.spec!.paused = true;
        deployment.metadata!.managedFields = [
          { manager: 'durable-runbooks', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
          { manager: 'kubectl', fieldsV1: { 'f:spec': { 'f:template': {} } } },
        ];
      },
      { paused: true, pausedByUs: true },
    ],
    [
      'without resources',
      ({ spec }) => delete spec!.template.spec!.containers[0]!.resources,
      { size: size(0, 0, 0, 0), requests: { cpuMillis: 0, memoryBytes: 0 } },
    ],
    [
      'with two containers: the size is of the first, the request of both',
      ({ spec }) =>
        spec!.template.spec!.containers.push({
          name: 'proxy',
          resources: { requests: { cpu: '0.1', memory: '64Mi' } },
        }),
      { size: size(50, 128, 250, 256), requests: { cpuMillis: 150, memoryBytes: 192 * mebibyte } },
    ],
    ['with no labels to select by', ({ spec }) => (spec!.selector = {}), { selector: '' }],
  ])('%s', (_name, change, expected) => {
    expect(changed(change)).toMatchObject(expected);
  });
});

test('an autoscaler, with its specification as the server keeps it', () => {
  const found = recorded<V2HorizontalPodAutoscaler>('autoscaler');
  expect(objects.autoscalerOf(found)).toMatchObject({
    ...{ name: 'broxiva-api-hpa', version: '530', min: 3, max: 10, current: 3, desired: 3 },
    // The controller manager writes its status, and owns nothing of what it is to do.
    replicasManagers: ['lab-kubelet'],
    spec: found.spec,
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'AbleToScale', status: 'True' }),
      expect.objectContaining({ type: 'ScalingActive', status: 'True' }),
    ]) as unknown,
  });
});

test('an autoscaler that nobody has looked after yet has no conditions, and a floor of one', () => {
  const { metadata, spec } = recorded<V2HorizontalPodAutoscaler>('autoscaler');
  delete spec.minReplicas;
  expect(objects.autoscalerOf({ metadata, spec: spec })).toMatchObject({
    min: 1,
    current: 0,
    desired: 0,
    conditions: [],
  });
});

describe('a pod', () => {
  const usage = objects.usageByPod(recorded('metrics'));

  test('one that was resized in place: what it is asked to have, what it has, what it uses', () => {
    expect(objects.podOf(recorded<V1Pod>('pod'), usage)).toMatchObject({
      ...{ name: 'broxiva-web-667ffd9f7b-fmfsm', address: '127.169.4.107', node: 'aks-default-3' },
      ...{ ready: true, readyAt: Date.parse('2026-11-25T08:45:05Z'), createdAt: Date.parse('2026-11-25T08:45:04Z') },
      ...{ terminating: false, restarts: 0, restartsOnResize: false },
      ...{ size: size(60, 128, 250, 300), actualSize: size(60, 128, 250, 300) },
      usage: { cpuMillis: 4, memoryBytes: 49_560 * 1024 },
    });
  });

  test('one that crashes again and again', () => {
    const pod = objects.podOf(recorded<V1Pod>('pod-crashing'), usage);
    expect(pod).toMatchObject({
      ...{ ready: false, restarts: 2, lastEnd: 'Error' },
      waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=main pod=crashing' },
    });
    for (const absent of ['usage', 'actualSize', 'readyAt']) expect(pod).not.toHaveProperty(absent);
  });

  test.each<[string, (found: V1Pod) => void, object]>([
    ['on its way out', ({ metadata }) => (metadata!.deletionTimestamp = new Date()), { terminating: true }],
    [
      'a resize that no node can carry out',
      ({ status }) =>
        status!.conditions!.push({
          type: 'PodResizePending',
          status: 'True',
          reason: 'Infeasible',
          message: 'too big',
        }),
      { resizePending: { reason: 'Infeasible', message: 'too big' } },
    ],
    [
      'a policy that restarts its container',
      ({ spec }) =>
        (spec!.containers[0]!.resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]),
      { restartsOnResize: true },
    ],
    [
      'an init container that waits for its image',
      ({ status }) =>
        (status!.initContainerStatuses = [
          {
            ...{ name: 'init', image: '', imageID: '', ready: false, restartCount: 0 },
            state: { waiting: { reason: 'ImagePullBackOff' } },
          },
        ]),
      { waiting: { reason: 'ImagePullBackOff', message: '' } },
    ],
  ])('%s', (_name, change, expected) => {
    const found = recorded<V1Pod>('pod');
    change(found);
    expect(objects.podOf(found, usage)).toMatchObject(expected);
  });

  test('of several containers the first one’s size, in whatever order their states are', () => {
    const found = recorded<V1Pod>('pod');
    const own = found.status!.containerStatuses![0]!;
    const agent = { ...own, name: 'agent', resources: { requests: { cpu: '7m' } } };
    const expected = objects.podOf(recorded<V1Pod>('pod'), usage).actualSize;
    found.spec!.containers.push({ name: 'agent', image: 'agent' });
    found.status!.containerStatuses = [agent, own];
    expect(objects.podOf(found, usage).actualSize).toEqual(expected);
  });

  test('one that is not placed yet has neither address nor node', () => {
    const { metadata, spec } = recorded<V1Pod>('pod');
    delete spec!.nodeName;
    const pod = objects.podOf({ metadata: metadata!, spec: spec! }, new Map());
    expect(pod).toMatchObject({ ready: false, restarts: 0 });
    expect(pod).not.toHaveProperty('address');
    expect(pod).not.toHaveProperty('node');
  });
});

test('a ReplicaSet belongs to its deployment by the controller’s uid alone', () => {
  const set = recorded<V1ReplicaSet>('replica-set');
  const { uid } = objects.deploymentOf(recorded('deployment'));
  expect(objects.replicaSetOf(set)).toMatchObject({ replicas: 6, container: 'web', size: size(50, 128, 250, 256) });
  expect(objects.belongsTo(set, uid)).toBe(true);
  expect(objects.belongsTo(set, 'another')).toBe(false);
  expect(objects.belongsTo(set, undefined)).toBe(false);
  set.metadata!.ownerReferences![0]!.controller = false;
  expect(objects.belongsTo(set, uid)).toBe(false);
});

describe('a node', () => {
  const pods = [recorded<V1Pod>('pod'), recorded<V1Pod>('pod-crashing')];

  test('has free what the pods on it do not ask for', () => {
    const node = recorded<V1Node>('node');
    for (const pod of pods) pod.spec!.nodeName = node.metadata!.name!;
    const elsewhere = recorded<V1Pod>('pod');
    expect(objects.nodeOf(node, [...pods, elsewhere])).toEqual({
      ...{ name: 'aks-default-1', schedulable: true },
      free: { cpuMillis: 8000 - 60 - 10, memoryBytes: (32 * 1024 - 128) * mebibyte, pods: 38 },
    });
  });

  test.each<[string, (node: V1Node) => void, boolean]>([
    ['cordoned', ({ spec }) => (spec!.unschedulable = true), false],
    ['tainted', ({ spec }) => (spec!.taints = [{ key: 'gpu', effect: 'NoSchedule' }]), false],
    [
      'with a taint that is only a wish',
      ({ spec }) => (spec!.taints = [{ key: 'spot', effect: 'PreferNoSchedule' }]),
      true,
    ],
    [
      'that is silent',
      ({ status }) => (status!.conditions!.find(({ type }) => type === 'Ready')!.status = 'Unknown'),
      false,
    ],
  ])('%s', (_name, change, schedulable) => {
    const node = recorded<V1Node>('node');
    change(node);
    expect(objects.nodeOf(node, []).schedulable).toBe(schedulable);
  });
});

test('a quota, limit by limit, in base units', () => {
  expect(objects.quotaLimits(recorded<V1ResourceQuota>('quota'))).toEqual([
    { quota: 'small', resource: 'pods', hard: 12, used: 12 },
    { quota: 'small', resource: 'requests.cpu', hard: 4, used: 0.77 },
    { quota: 'small', resource: 'requests.memory', hard: 8192 * mebibyte, used: 1920 * mebibyte },
  ]);
});

test.each([
  ['of pods that run on and ask for something', { scopes: ['NotTerminating', 'NotBestEffort'] }, 3],
  ['of pods that end by themselves', { scopes: ['Terminating'] }, 0],
  [
    'of pods of one priority',
    { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'Exists' }] } },
    0,
  ],
])('a quota %s', (_of, spec, limits) => {
  const quota = recorded<V1ResourceQuota>('quota');
  expect(objects.quotaLimits({ ...quota, spec: { ...quota.spec, ...spec } })).toHaveLength(limits);
});

test('events, by when they were last seen', () => {
  const [refused, backOff] = recorded<{ items: CoreV1Event[] }>('events').items.map(objects.eventOf);
  expect(refused).toMatchObject({
    ...{ about: 'ReplicaSet/broxiva-web-667ffd9f7b', reason: 'FailedCreate', at: Date.parse('2026-11-25T08:45:05Z') },
    message: expect.stringContaining('exceeded quota: small') as string,
  });
  expect(backOff).toMatchObject({ about: 'Pod/crashing', reason: 'BackOff' });
  const [event] = recorded<{ items: CoreV1Event[] }>('events').items;
  event!.series = {
    count: 9,
    lastObservedTime: '2026-11-25T09:00:00.5Z' as unknown as CoreV1Event['lastTimestamp'] & Date,
  };
  expect(objects.eventOf(event!).at).toBe(Date.parse('2026-11-25T09:00:00.5Z'));
  delete event!.series;
  event!.metadata.creationTimestamp = new Date(0);
  expect(objects.eventOf(event!).at).toBe(Date.parse('2026-11-25T08:45:05Z'));
});

test.each([
  [
    'as it is',
    size(125, 128, 250, 256),
    { requests: { cpu: '125m', memory: '128Mi' }, limits: { cpu: '250m', memory: '256Mi' } },
  ],
  ['nothing is left out', size(0, 0, 0, 0), { requests: {}, limits: {} }],
  [
    'no whole mebibytes',
    { requests: { cpuMillis: 1, memoryBytes: 1_000_000 }, limits: { cpuMillis: 1500, memoryBytes: 0 } },
    { requests: { cpu: '1m', memory: '1000000' }, limits: { cpu: '1500m' } },
  ],
])('a size as Kubernetes writes it: %s', (_name, given, written) => {
  expect(objects.requirementsOf(given)).toEqual(written);
});
