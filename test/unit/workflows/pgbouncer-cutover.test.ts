/** The decisions of pgbouncerCutover, as tables: what it does, and what stands in the way. */
import type { CutoverFacts, PathState } from '../../../activities/cutover/contract';
import { type Finding, pgbouncerCutoverInput } from '../../../catalogue';
import { findings, heldPath } from '../../../workflows/pgbouncer-cutover/decisions';
import { definition } from '../../../workflows/pgbouncer-cutover/workflow';
import { topologyWith } from './support/topology';

const topology = topologyWith();
const path: PathState = {
  ...{ reference: 'secrets/URL', maxSurge: '25%', maxUnavailable: '0' },
  ...{ minReadySeconds: 0, progressDeadlineSeconds: 600 },
};
const pooled = { ...path, reference: 'secrets/POOLED_URL' };
const hpa = { name: 'broxiva-api-hpa', min: 3, max: 10 };
const serving = { version: '1.23', keepsNamedStatements: true, transactions: 1 };

function facts(more: Partial<CutoverFacts> = {}): CutoverFacts {
  return {
    ...{ namespace: 'prod', deployment: 'broxiva-api', pooler: 'pgbouncer', server: 'primary-1' },
    ...{ variable: 'DATABASE_URL', secret: 'secrets', key: 'URL', pooledKey: 'POOLED_URL' },
    ...{ replicas: 4, readyReplicas: 4, path, recreates: false, taken: false, published: 'absent', autoscalers: [hpa] },
    poolers: ['a', 'b'].map((pod) => ({ pod, ...serving })),
    ...{ features: [], statementsKnown: true, builtInPooler: false, restarts: {} },
    database: { server: 'primary-1', maxConnections: 500, consumers: [] },
    ...more,
  };
}

const input = (more: object = {}) =>
  pgbouncerCutoverInput.parse({ deployment: 'broxiva-api', requestedBy: 'a@example.com', ...more });

const rules = '(surge 25%, unavailable 0, ready after 0 s, within 600 s)';
const held = '(surge 1, unavailable 0, ready after 86400 s, within 90000 s)';
const ofPath = [
  `lead one pod of broxiva-api: DATABASE_URL from secrets/URL ${rules} → DATABASE_URL from secrets/POOLED_URL ${held}`,
  `lead the rest of broxiva-api: DATABASE_URL from secrets/POOLED_URL ${held} → DATABASE_URL from secrets/POOLED_URL ${rules}`,
];
const publishing = 'publish address of pgbouncer in secrets: no POOLED_URL → POOLED_URL leads to pgbouncer';

test.each<[string, Partial<CutoverFacts>, string[]]>([
  [
    'all of it, with an autoscaler',
    {},
    [
      publishing,
      'pin broxiva-api-hpa: min 3, max 10 → min 4, max 4',
      ...ofPath,
      'let go broxiva-api-hpa: min 4, max 4 → min 3, max 10',
    ],
  ],
  ['without one', { autoscalers: [] }, [publishing, ...ofPath]],
  ['with one that is pinned', { autoscalers: [{ ...hpa, min: 4, max: 4 }] }, [publishing, ...ofPath]],
  ['the key is there', { published: 'current', autoscalers: [] }, ofPath],
  ['done', { published: 'current', path: pooled }, []],
])('%s', (_name, more, steps) => {
  const planned = definition.steps(input(), facts(more), topology);
  expect(planned.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual(steps);
  const targets = definition.targets(input(), facts(more));
  expect(planned.filter(({ resource }) => !targets.includes(resource))).toEqual([]);
});

test.each<[string, Partial<CutoverFacts>, string[]]>([
  ['all is well', {}, []],
  ['another address is published', { published: 'other' }, ['POOLED_URL of secrets is not the URL through the pool']],
  ['none is', { published: 'absent' }, ['POOLED_URL of secrets is not the URL through the pool']],
  [
    'a pod of the pooler lets nothing through',
    {
      poolers: [
        { pod: 'a', ...serving },
        { pod: 'b', problem: 'no' },
      ],
    },
    ['b: no'],
  ],
  ['a pod restarted', { restarts: { 'broxiva-api-1': 2 } }, ['broxiva-api-1 restarted 1 time']],
])('it does not succeed where, in the end, %s', (_what, more, problems) => {
  const after = facts({ published: 'current', path: pooled, ...more });
  expect(definition.settled!(input(), facts(), after).problems).toEqual(problems);
});

test('while one pod is compared, Kubernetes goes no further by itself', () => {
  const { maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds } = heldPath('x');
  expect({ maxSurge, maxUnavailable }).toEqual({ maxSurge: '1', maxUnavailable: '0' });
  expect(minReadySeconds).toBeGreaterThan(3600);
  expect(progressDeadlineSeconds).toBeGreaterThan(minReadySeconds);
});

const found = (list: Finding[]) =>
  list.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`);
const crowded: CutoverFacts['database'] = {
  ...{ server: 'primary-1', maxConnections: 100 },
  consumers: [{ deployment: 'x', pods: 10, maxSurge: '0', connectionsPerPod: 20 }],
};
const listening = { features: [{ feature: 'listen', seen: 'LISTEN x' }] } satisfies Partial<CutoverFacts>;

test.each<[string, Partial<CutoverFacts>, object, string[]]>([
  ['nothing', {}, {}, []],
  ['no pooler', { poolers: [] }, {}, ['refusal NoPooler']],
  ['one pod of it only', { poolers: [{ pod: 'a', ...serving }] }, {}, ['refusal NoPooler']],
  [
    'a pod of it that lets nothing through',
    {
      poolers: [
        { pod: 'a', ...serving },
        { pod: 'b', problem: 'no' },
      ],
    },
    {},
    ['refusal PoolerNotServing'],
  ],
  ['a URL without a form through the pool', { urlProblem: 'it sets options' }, {}, ['refusal UrlNotPoolable']],
  [
    'a URL to another server',
    { elsewhere: ['it leads to other, which is not primary'] },
    {},
    ['refusal GoesElsewhere'],
  ],
  ['the key leads elsewhere', { published: 'other' }, {}, ['refusal KeyTaken']],
  ['a cutover that did not end', { published: 'current', path: heldPath('s/POOLED') }, {}, ['refusal CutoverHeld']],
  ['the variable comes from elsewhere', { taken: true }, {}, ['refusal VariableTaken']],
  ['Argo CD', { controller: 'Argo CD' }, {}, ['refusal OwnedByController']],
  ['KEDA', { autoscalers: [{ ...hpa, controller: 'KEDA ScaledObject x' }] }, {}, ['refusal OwnedByController']],
  ['two autoscalers', { autoscalers: [hpa, { ...hpa, name: 'other' }] }, {}, ['refusal TwoAutoscalers']],
  [
    'an autoscaler that reads no metrics',
    { autoscalers: [{ ...hpa, inactive: ['ScalingActive is False (FailedGetResourceMetric: none)'] }] },
    {},
    ['refusal AutoscalerInactive'],
  ],
  ['an autoscaler that works', { autoscalers: [{ ...hpa, inactive: [] }] }, {}, []],
  ['one that keeps still, and reads none', { autoscalers: [{ ...hpa, min: 4, max: 4, inactive: ['x'] }] }, {}, []],
  ['one that is recreated', { recreates: true }, {}, ['refusal NotRolling']],
  ['a pod that is not Ready', { readyReplicas: 3 }, {}, ['refusal PodsNotReady']],
  ['no pod', { replicas: 0, readyReplicas: 0 }, {}, ['refusal PodsNotReady']],
  ['LISTEN', listening, {}, ['refusal SessionFeature']],
  ['LISTEN, and it does not matter', listening, { force: ['listen'] }, []],
  ['LISTEN, and something else does not matter', listening, { force: ['prepare'] }, ['refusal SessionFeature']],
  ['statements that nobody kept', { statementsKnown: false }, {}, ['warning StatementsUnseen']],
  [
    'an older PgBouncer',
    { poolers: ['a', 'b'].map((pod) => ({ pod, version: '1.18', keepsNamedStatements: false })) },
    {},
    ['warning NamedStatements'],
  ],
  ['Azure’s own pooler', { builtInPooler: true }, {}, ['refusal PooledTwice']],
  ['too many connections side by side', { database: crowded }, {}, ['refusal ConnectionBudgetExceeded']],
  ['too many connections, and nothing left to do', { database: crowded, path: pooled }, {}, []],
  ['clients that do not get an answer', { clientsAnswer: false }, {}, ['warning ClientsUnmeasured']],
])('preflight: %s', (_name, more, wish, codes) => {
  expect(found(findings(input(wish), facts(more), topology))).toEqual(codes);
});

test.each<[string, object, Partial<CutoverFacts>, string[]]>([
  ['says how clients ask', {}, {}, []],
  [
    'does not',
    { clientUrl: undefined, podEndpoint: { port: 3000, path: '/health' } },
    {},
    [expect.stringMatching(/no clientUrl of broxiva-api: its pods are compared by \/health, which may/) as string],
  ],
  ['does not, and nothing is left to compare', { clientUrl: undefined }, { path: pooled }, []],
])('the topology %s: whether the one pod is compared by its health only', (_what, more, found, words) => {
  const warnings = findings(input(), facts(found), topologyWith(more)).filter(({ level }) => level === 'warning');
  expect(warnings.map(({ message }) => message)).toEqual(words);
});
