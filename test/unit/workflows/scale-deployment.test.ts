/** The decisions of scaleDeployment, as tables: who is told what, in which order, and what stands in the way. */
import type { AutoscalerFacts, DeploymentFacts, PoolConsumer } from '../../../activities/deployments/contract';
import { type Finding, scaleDeploymentInput } from '../../../catalogue';
import { connectionBudget, largestPool, surgeOf } from '../../../workflows/scale-deployment/budget';
import {
  boundsAfter,
  exceededQuotas,
  podsAdded,
  poolMoment,
  roomFor,
} from '../../../workflows/scale-deployment/decisions';
import { findings } from '../../../workflows/scale-deployment/findings';
import { settled } from '../../../workflows/scale-deployment/settled';
import { definition } from '../../../workflows/scale-deployment/workflow';
import { topologyWith } from './support/topology';

const gibibyte = 2 ** 30;
const topology = topologyWith({
  replicas: { min: 3, max: 50, autoscalerMax: 10 },
  clientUrl: 'http://broxiva-api/api/products',
  databasePool: { variable: 'DATABASE_POOL_SIZE', default: 20 },
  costPerPodHour: 0.1,
});

const autoscaler: AutoscalerFacts = {
  ...{ name: 'broxiva-api-hpa', min: 3, max: 10, current: 3, desired: 3, inactive: [] },
};
const consumers: PoolConsumer[] = [
  { deployment: 'broxiva-api', pods: 10, maxSurge: '25%', connectionsPerPod: 20 },
  { deployment: 'broxiva-worker', pods: 2, maxSurge: '25%', connectionsPerPod: 5 },
];

function facts(more: Partial<DeploymentFacts> = {}): DeploymentFacts {
  return {
    namespace: 'broxiva-prod',
    name: 'broxiva-api',
    replicas: 3,
    readyReplicas: 3,
    maxSurge: '25%',
    image: 'broxiva/api:1.0.0',
    imageRuns: true,
    requests: { cpuMillis: 500, memoryBytes: gibibyte / 2 },
    managers: [],
    restarts: {},
    autoscalers: [autoscaler],
    pool: { variable: 'DATABASE_POOL_SIZE', size: 20, set: true, fixed: false },
    nodes: [{ name: 'one', free: { cpuMillis: 32_000, memoryBytes: 64 * gibibyte, pods: 100 } }],
    quotas: [],
    database: { server: 'broxiva-db-primary', maxConnections: 1718, consumers },
    queues: [],
    clientsAnswer: true,
    ...more,
  };
}

const input = (more: object = {}) =>
  scaleDeploymentInput.parse({ deployment: 'broxiva-api', replicas: 10, requestedBy: 'a@example.com', ...more });

describe('the limits of an autoscaler', () => {
  test.each([
    ['out, within its ceiling', { min: 3, max: 10 }, { replicas: 8, exact: false }, { min: 8, max: 10 }],
    ['out, to a ceiling below what is normal', { min: 3, max: 6 }, { replicas: 8, exact: false }, { min: 8, max: 10 }],
    ['out, beyond its ceiling', { min: 3, max: 10 }, { replicas: 20, exact: false }, { min: 20, max: 20 }],
    ['in, back to normal operation', { min: 20, max: 20 }, { replicas: 3, exact: false }, { min: 3, max: 10 }],
    ['exactly', { min: 3, max: 10 }, { replicas: 5, exact: true }, { min: 5, max: 5 }],
    ['the floor as it is', { min: 3, max: 10 }, { replicas: 3, exact: false }, { min: 3, max: 10 }],
  ])('%s', (_name, now, wanted, after) => {
    expect(boundsAfter(now, wanted, 10)).toEqual(after);
    // Looked at again after the soak, nothing is left to do.
    expect(boundsAfter(after, wanted, 10)).toEqual(after);
  });

  test('in, where the topology does not say what is normal: the ceiling stays', () => {
    expect(boundsAfter({ min: 8, max: 12 }, { replicas: 3, exact: false }, undefined)).toEqual({ min: 3, max: 12 });
  });
});

describe('the connection budget', () => {
  test.each([
    ['25%', 10, 3],
    ['25%', 3, 1],
    ['0', 10, 0],
    ['2', 10, 2],
    ['100%', 7, 7],
  ])('surge %s of %i pods is %i', (maxSurge, pods, surge) => {
    expect(surgeOf(maxSurge, pods)).toBe(surge);
  });

  test('is written out line by line', () => {
    expect(connectionBudget(consumers, 235)).toEqual({
      lines: ['broxiva-api (10 + 3 surge) × 20 = 260', 'broxiva-worker (2 + 1 surge) × 5 = 15'],
      ...{ total: 275, available: 235 },
    });
  });

  test('the largest pool that fits leaves room for the others', () => {
    expect(largestPool(consumers, 'broxiva-api', 235)).toBe(16);
    expect(largestPool(consumers, 'broxiva-api', 20)).toBe(0);
    expect(largestPool(consumers, 'unknown', 235)).toBe(0);
  });
});

describe('pods and their room', () => {
  test.each([
    ['without an autoscaler', { autoscalers: [], replicas: 3 }, 10, 7],
    ['in, without an autoscaler', { autoscalers: [], replicas: 10 }, 3, -7],
    ['an autoscaler that has scaled out already', { replicas: 7 }, 10, 3],
    ['below an autoscaler’s floor', { replicas: 7 }, 3, 0],
  ])('%s', (_name, more, replicas, added) => {
    expect(podsAdded({ replicas }, facts(more))).toBe(added);
  });

  test('the scarcest of CPU, memory and pods decides, node by node', () => {
    const free = (cpuMillis: number, memory: number, pods: number) => ({
      ...{ name: 'node', free: { cpuMillis, memoryBytes: memory * gibibyte, pods } },
    });
    const nodes = [free(1400, 32, 30), free(8000, 1, 30), free(8000, 32, 1), free(-100, 32, 30)];
    expect(roomFor(facts({ nodes }))).toBe(2 + 2 + 1 + 0);
  });

  test('quotas: only what more pods would exceed', () => {
    const quotas = [
      { quota: 'all', resource: 'pods', hard: 10, used: 8 },
      { quota: 'all', resource: 'requests.cpu', hard: 8, used: 2 },
      { quota: 'all', resource: 'configmaps', hard: 1, used: 1 },
    ];
    expect(exceededQuotas(facts({ quotas }), 7)).toEqual([
      'quota "all" allows pods 10, 8 are used, 7 more pods need 7',
    ]);
    expect(exceededQuotas(facts({ quotas }), 2)).toEqual([]);
    const ofLimits = [{ quota: 'all', resource: 'limits.cpu', hard: 4, used: 3 }];
    expect(exceededQuotas(facts({ quotas: ofLimits, limits: { cpuMillis: 500, memoryBytes: 0 } }), 3)).toEqual([
      'quota "all" allows limits.cpu 4, 3 are used, 3 more pods need 1.5',
    ]);
  });
});

describe('the steps', () => {
  const stepsOf = (wanted: object, more: Partial<DeploymentFacts> = {}) =>
    definition
      .steps(input(wanted), facts(more), topology)
      .map(({ name, resource, from, to }) => `${name}: ${resource} ${from} → ${to}`);
  const hpa = 'horizontalpodautoscaler:broxiva-prod.broxiva-api-hpa';
  const own = 'deployment:broxiva-prod.broxiva-api';

  test.each([
    ['with an autoscaler', {}, {}, [`scale broxiva-api: ${hpa} min 3, max 10 → min 10, max 10`]],
    ['without', {}, { autoscalers: [] }, [`scale broxiva-api: ${own} 3 pods → 10 pods`]],
    ['so already', { replicas: 3 }, {}, []],
    [
      'a pool that shrinks comes first',
      { poolSize: 15 },
      {},
      [
        `resize pool of broxiva-api: ${own} 20 a pod → 15 a pod`,
        `scale broxiva-api: ${hpa} min 3, max 10 → min 10, max 10`,
      ],
    ],
    [
      'a pool that grows comes last',
      { replicas: 3, poolSize: 25 },
      { autoscalers: [], replicas: 10 },
      [`scale broxiva-api: ${own} 10 pods → 3 pods`, `resize pool of broxiva-api: ${own} 20 a pod → 25 a pod`],
    ],
    [
      'a pool that is not set',
      { replicas: 3, poolSize: 15 },
      { pool: { variable: 'DATABASE_POOL_SIZE', size: 20, set: false, fixed: false } },
      [`resize pool of broxiva-api: ${own} 20 (not set) a pod → 15 a pod`],
    ],
  ] as [string, object, Partial<DeploymentFacts>, string[]][])('%s', (_name, wanted, more, steps) => {
    expect(stepsOf(wanted, more)).toEqual(steps);
  });

  test.each([
    [{ poolSize: 15 }, 'before'],
    [{ poolSize: 20 }, 'never'],
    [{ poolSize: 30 }, 'after'],
    [{}, 'never'],
  ])('pool moment of %p is %s', (wanted, moment) => {
    expect(poolMoment(input(wanted), facts())).toBe(moment);
  });
});

describe('what stands in the way', () => {
  const found = (wanted: object, more: Partial<DeploymentFacts> = {}, given = topology) =>
    findings(input(wanted), facts(more), given).filter(({ level }) => level !== 'ok');
  const codes = (list: Finding[]) => list.map(({ level, code }) => `${level} ${code}`);

  test.each([
    ['nothing', {}, {}, []],
    ['more than the topology allows', { replicas: 51 }, {}, ['refusal ReplicasOutOfRange']],
    ['fewer than the topology allows', { replicas: 2 }, {}, ['refusal ReplicasOutOfRange']],
    ['two autoscalers', {}, { autoscalers: [autoscaler, autoscaler] }, ['refusal TwoAutoscalers']],
    [
      'an autoscaler of KEDA’s',
      {},
      { autoscalers: [{ ...autoscaler, controller: 'KEDA ScaledObject x' }] },
      ['refusal OwnedByController'],
    ],
    ['Argo CD owns the replicas', {}, { autoscalers: [], controller: 'Argo CD' }, ['refusal OwnedByController']],
    ['Argo CD, but an autoscaler is told', {}, { controller: 'Argo CD' }, []],
    ['kubectl has set the replicas', {}, { autoscalers: [], managers: ['kubectl'] }, ['warning OtherManager']],
    ['0 pods switch the autoscaler off', {}, { replicas: 0, readyReplicas: 0 }, ['refusal AutoscalerOff']],
    [
      'the autoscaler has no metrics',
      {},
      { autoscalers: [{ ...autoscaler, inactive: ['ScalingActive is False (FailedGetResourceMetric: none)'] }] },
      ['refusal AutoscalerInactive'],
    ],
    ['pods are not Ready', {}, { readyReplicas: 2 }, ['warning PodsNotReady']],
    ['an image that runs nowhere', {}, { imageRuns: false }, ['warning ImageUnproven']],
    ['no more pods, so no matter', { replicas: 3 }, { imageRuns: false, nodes: [] }, []],
    ['no room on the nodes', {}, { nodes: [] }, ['refusal NoRoom']],
    [
      'a pool that comes from elsewhere',
      { poolSize: 15 },
      { pool: { ...facts().pool!, fixed: true } },
      ['refusal PoolSizeElsewhere'],
    ],
    ['the clients’ way does not answer', {}, { clientsAnswer: false }, ['warning ClientsUnmeasured']],
    [
      'Redis takes fewer clients',
      {},
      { redis: { maxClients: 10, consumers: [{ ...consumers[0]!, connectionsPerPod: 1 }] } },
      ['refusal RedisClientsExceeded'],
    ],
  ] as [string, object, Partial<DeploymentFacts>, string[]][])('%s', (_name, wanted, more, expected) => {
    expect(codes(found(wanted, more))).toEqual(expected);
  });

  test('over the connection budget, with the sum written out', () => {
    const database = { server: 'broxiva-db-primary', maxConnections: 250, consumers };
    expect(found({}, { database })).toEqual([
      {
        ...{ level: 'refusal', code: 'ConnectionBudgetExceeded', field: 'replicas' },
        message: [
          'broxiva-db-primary takes 250 connections, 15 of them reserved: 235',
          'broxiva-api (10 + 3 surge) × 20 = 260',
          'broxiva-worker (2 + 1 surge) × 5 = 15',
          'together 275, 40 too many: poolSize 16 would fit, or fewer replicas, or more max_connections (databaseRestart)',
        ].join('\n'),
      },
    ]);
    expect(found({ poolSize: 15 }, { database })).toEqual([]);
  });

  test('a cluster autoscaler makes room', () => {
    const given = { ...topology, kubernetes: { ...topology.kubernetes!, nodeAutoscaler: { minutesPerNode: 4 } } };
    expect(codes(found({}, { nodes: [] }, given))).toEqual(['warning NodesNeeded']);
  });
});

describe('what the soak showed', () => {
  const queue = (length: number, at: number) => [{ name: 'email-queue', length, at }];

  test.each([
    ['nothing', {}, {}, [], []],
    ['a restart', { restarts: { a: 1 } }, { restarts: { a: 3, b: 0 } }, ['a restarted 2 times'], []],
    [
      'a queue that is drained',
      { queues: queue(1000, 0) },
      { queues: queue(400, 60_000) },
      [],
      ['email-queue 1000 → 400 (10.0 a second drained)'],
    ],
    [
      'a queue that is not',
      { queues: queue(100, 0) },
      { queues: queue(160, 60_000) },
      ['email-queue is not drained: 100 → 160'],
      ['email-queue 100 → 160 (-1.0 a second drained)'],
    ],
  ] as [string, Partial<DeploymentFacts>, Partial<DeploymentFacts>, string[], string[]][])(
    '%s',
    (_name, before, after, problems, evidence) => {
      expect(settled(input(), facts(before), facts(after))).toEqual({ problems, evidence });
    },
  );

  test('a floor that was lowered leaves the rest to the autoscaler', () => {
    const before = facts({ replicas: 10, autoscalers: [{ ...autoscaler, min: 10 }] });
    expect(settled(input({ replicas: 3 }), before, facts({ replicas: 7 })).evidence).toEqual([
      'floor lowered, broxiva-api-hpa decides: 7 now',
    ]);
  });
});

test.each([0, -1, 3.5, 'ten', 1001, null])('replicas %p are refused before anything is read', (replicas) => {
  expect(scaleDeploymentInput.safeParse({ ...input(), replicas }).success).toBe(false);
});

test.each(['', '*', 'Broxiva', 'a b', 'x'.repeat(64)])(
  'deployment %p is refused before anything is read',
  (deployment) => {
    expect(scaleDeploymentInput.safeParse({ ...input(), deployment }).success).toBe(false);
  },
);
