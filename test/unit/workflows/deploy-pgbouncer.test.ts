/** The decisions of deployPgbouncer, as tables: what it does, and what stands in the way. */
import type { PoolerFacts, PoolerKind } from '../../../activities/poolers/contract';
import { deployPgbouncerInput, type Finding, topologySchema } from '../../../catalogue';
import { changedSettings, findings, podsAdded } from '../../../workflows/deploy-pgbouncer/decisions';
import { definition } from '../../../workflows/deploy-pgbouncer/workflow';
import { topologyWith } from './support/topology';

const image = 'edoburu/pgbouncer:v1.23.1-p3';
const pooler = {
  ...{ name: 'pgbouncer', image, sidecarImage: 'broxiva/durable-runbooks:0.1.0' },
  application: { secret: 'secrets', key: 'DATABASE_URL' },
  authorities: { configMap: 'authorities', key: 'ca.pem' },
};
const bare = topologyWith();
const topology = topologySchema.parse({ ...bare, kubernetes: { ...bare.kubernetes, pooler } });

const wanted: Record<PoolerKind, string> = {
  ...{ Secret: 'configuration aa', Service: 'port 5432 (bb)', PodDisruptionBudget: 'at least 1 there (cc)' },
  Deployment: '2 pods (dd), configuration aa',
};
/** Of the pooler as it is to be, but for these. */
function objects(now: Partial<Record<PoolerKind, string | undefined>>): PoolerFacts['objects'] {
  const entries = Object.entries(wanted).map(([kind, words]) => {
    const found = kind in now ? now[kind as PoolerKind] : words;
    return [kind, { ...(found === undefined ? {} : { now: found }), wanted: words }];
  });
  return Object.fromEntries(entries) as PoolerFacts['objects'];
}
const nothing = { Secret: undefined, Service: undefined, PodDisruptionBudget: undefined, Deployment: undefined };
const changed = { Secret: 'configuration 00', Deployment: '2 pods (dd), configuration 00' };

const gibibyte = 2 ** 30;
const node = (cpuMillis: number) => ({ name: 'node', free: { cpuMillis, memoryBytes: gibibyte, pods: 10 } });
const api = { deployment: 'broxiva-api', pods: 10, maxSurge: '25%', connectionsPerPod: 20 };

function facts(more: Partial<PoolerFacts> = {}): PoolerFacts {
  return {
    ...{ namespace: 'broxiva-prod', name: 'pgbouncer', server: 'primary-1', objects: objects(nothing), pods: 0 },
    ...{ foreign: [], controllers: [], application: { host: 'db' }, authoritiesThere: true, builtInPooler: false },
    database: { server: 'primary-1', maxConnections: 500, consumers: [api] },
    ...{ imageRuns: true, requests: { cpuMillis: 120, memoryBytes: 160 * 2 ** 20 }, nodes: [node(1000)], quotas: [] },
    ...more,
  };
}

const input = (more: object = {}) => deployPgbouncerInput.parse({ requestedBy: 'a@example.com', ...more });

test.each<[string, Partial<Record<PoolerKind, string | undefined>>, string[]]>([
  [
    'nothing is there',
    nothing,
    [
      'configure pgbouncer: absent → configuration aa',
      'publish pgbouncer: absent → port 5432 (bb)',
      'protect pgbouncer: absent → at least 1 there (cc)',
      'roll out pgbouncer: absent → 2 pods (dd), configuration aa',
    ],
  ],
  ['all is so', {}, []],
  [
    'another configuration',
    changed,
    [
      'configure pgbouncer: configuration 00 → configuration aa',
      'roll out pgbouncer: 2 pods (dd), configuration 00 → 2 pods (dd), configuration aa',
    ],
  ],
  ['half made', { PodDisruptionBudget: undefined }, ['protect pgbouncer: absent → at least 1 there (cc)']],
])('%s', (_name, now, steps) => {
  const planned = definition.steps(input(), facts({ objects: objects(now) }), topology);
  expect(planned.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual(steps);
});

test('pods of a pooler that is in use take their clients with them, there and back', () => {
  const deployment = (now: object) => definition.steps(input(), facts({ objects: objects(now) }), topology).at(-1)!;
  expect(deployment(nothing)).toMatchObject({ undoDisturbsClients: false, impact: 'nothing' });
  expect(deployment(changed)).toMatchObject({ undoDisturbsClients: true, impact: 'its clients connect again' });
});

const inForce = {
  ...{ poolSize: 60, maxClientConnections: 1000, serverLoginRetrySeconds: 1, queryWaitTimeoutSeconds: 75 },
  ignoreStartupParameters: ['extra_float_digits', 'search_path'],
};
const inForceBut = (more: object) => ({ objects: objects(changed), inForce: { ...inForce, ...more } });

test.each<[string, Partial<PoolerFacts>, object, string[]]>([
  [
    'what is left out',
    inForceBut({}),
    { queryWaitTimeoutSeconds: 75 },
    ['poolSize 60 → 25', 'ignoreStartupParameters extra_float_digits, search_path → extra_float_digits'],
  ],
  ['all is given', inForceBut({}), inForce, []],
  [
    'no parameter was dropped',
    inForceBut({ ignoreStartupParameters: [] }),
    inForce,
    ['ignoreStartupParameters none → extra_float_digits, search_path'],
  ],
  [
    'it is written, and the pods are still to take it',
    { ...inForceBut({ poolSize: 30 }), objects: objects({ Deployment: changed.Deployment }) },
    inForce,
    ['poolSize 30 → 60'],
  ],
  ['a file that stays, whatever is in it', { objects: objects({ Service: 'port 1 (00)' }), inForce }, {}, []],
  ['a pooler that is new', {}, {}, []],
  ['facts from before', { objects: objects(changed) }, {}, []],
])('settings that change: %s', (_name, more, wish, words) => {
  expect(changedSettings(input(wish), facts(more)).map((one) => one.words)).toEqual(words);
});

test('settings that change are told where the configuration is written', () => {
  const [configure, rollOut] = definition.steps(input(), facts(inForceBut({ poolSize: 25 })), topology);
  expect(configure!.detail).toBe(
    'pools of 25, at most 1000 clients a pod, transaction mode, verify-full; queryWaitTimeoutSeconds 75 → 120; ignoreStartupParameters extra_float_digits, search_path → extra_float_digits',
  );
  expect(rollOut!.detail).toBeUndefined();
});

const direct = { kind: 'postgres', server: 'primary-1' };
test.each<[string, Partial<PoolerFacts>, object]>([
  ['a pooler that is new', {}, direct],
  ['one that serves', { serves: true }, { kind: 'every', paths: [{ kind: 'pooler' }, direct] }],
  ['one whose login changes, or that is broken', { serves: false }, direct],
])('clients are measured on their way: %s', (_name, more, path) => {
  expect(definition.clients!(input(), facts(more), topology)).toEqual(path);
});

test('it locks the pooler, the primary and each of its objects', () => {
  expect(definition.targets(input(), facts())).toEqual([
    'pooler:broxiva-prod.pgbouncer',
    'postgres:primary-1',
    ...['secret', 'service', 'poddisruptionbudget', 'deployment'].map((kind) => `${kind}:broxiva-prod.pgbouncer`),
  ]);
});

test.each<[string, Partial<Record<PoolerKind, string | undefined>>, number, number]>([
  ['new', nothing, 0, 2],
  ['as it is', {}, 2, 0],
  ['replaced, with one more for a while', changed, 2, 1],
  ['from three to two', { Deployment: '3 pods' }, 3, 0],
])('pods that are added: %s', (_name, now, pods, added) => {
  expect(podsAdded(facts({ objects: objects(now), pods }), topology)).toBe(added);
});

const found = (list: Finding[]) =>
  list.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`);

test.each<[string, Partial<PoolerFacts>, object, string[]]>([
  ['nothing', {}, {}, []],
  ['a Service of another', { strangers: ['Service legacy'] }, {}, ['refusal PodsOfAnother']],
  ['another Service for pods that are there', { objects: objects({}), pods: 2, strangers: ['Service legacy'] }, {}, []],
  ['a pod of another', { strangers: ['Pod legacy-1'] }, {}, ['refusal PodsOfAnother']],
  [
    'a pod of another behind the Service that is there',
    { objects: objects({}), pods: 2, strangers: ['Pod legacy-1', 'Service legacy'] },
    {},
    ['refusal PodsOfAnother'],
  ],
  ['a container put in by hand', { added: ['container exporter'] }, {}, ['refusal PodsChanged']],
  ['an object of another', { foreign: [{ kind: 'Service', managers: ['kubectl'] }] }, {}, ['refusal ObjectOfAnother']],
  [
    'Argo CD',
    { controllers: [{ kind: 'Deployment', controller: 'Argo CD application shop' }] },
    {},
    ['refusal OwnedByController'],
  ],
  ['a login that is refused', { application: { problem: 'no' } }, {}, ['refusal LoginNotPoolable']],
  ['no authorities', { authoritiesThere: false }, {}, ['refusal AuthoritiesMissing']],
  ['Azure’s own pooler', { builtInPooler: true }, {}, ['refusal PooledTwice']],
  ['no room', { nodes: [node(200)] }, {}, ['refusal NoRoom']],
  [
    'room for one more is enough to replace them',
    { objects: objects(changed), pods: 2, nodes: [node(200)] },
    {},
    ['warning ClientsReconnect'],
  ],
  ['no pods are added, no room is needed', { objects: objects({}), pods: 2, nodes: [] }, {}, []],
  [
    'as it is to be, and a pod does not serve',
    { objects: objects({}), pods: 2, unready: ['pgbouncer-1'] },
    {},
    ['refusal PoolerNotReady'],
  ],
  ['as it is to be, and a pod is missing', { objects: objects({}), pods: 1 }, {}, ['refusal PoolerNotReady']],
  ['an image that nobody has run', { imageRuns: false }, {}, ['warning ImageUnproven']],
  [
    'several at once',
    { builtInPooler: true, authoritiesThere: false },
    {},
    ['refusal AuthoritiesMissing', 'refusal PooledTwice'],
  ],
  [
    'dropped parameters',
    {},
    { ignoreStartupParameters: ['extra_float_digits', 'search_path'] },
    ['warning ParametersDropped'],
  ],
  [
    'settings that nobody has named',
    { ...inForceBut({ ignoreStartupParameters: ['extra_float_digits'] }), pods: 2 },
    {},
    ['warning ClientsReconnect', 'warning SettingChanged', 'warning SettingChanged'],
  ],
  [
    'a parameter that clients may send, and that is not dropped any more',
    { ...inForceBut({}), pods: 2 },
    { ...inForce, ignoreStartupParameters: ['extra_float_digits'] },
    ['warning ClientsReconnect', 'warning SettingChanged', 'warning ParametersRefused'],
  ],
])('preflight: %s', (_name, more, wish, codes) => {
  expect(found(findings(input(wish), facts(more), topology))).toEqual(codes);
});

test.each<[string, number, object[], string | undefined]>([
  // 485 are to be had; the API takes (10 + 3) × 20 = 260, three pods of the pooler the rest.
  ['exactly', 75, [api], undefined],
  ['one too many', 76, [api], 'poolSize 75 would fit'],
  ['no room for any', 25, [{ ...api, connectionsPerPod: 50 }], 'no pool would fit'],
  [
    'its own pods are not counted twice',
    75,
    [api, { ...api, deployment: 'pgbouncer', connectionsPerPod: 25 }],
    undefined,
  ],
])('connections: %s', (_name, poolSize, consumers, words) => {
  const database = { server: 'primary-1', maxConnections: 500, consumers } as PoolerFacts['database'];
  const refusals = findings(input({ poolSize }), facts({ database }), topology).filter(
    ({ level }) => level === 'refusal',
  );
  expect(refusals.map(({ code }) => code)).toEqual(words === undefined ? [] : ['ConnectionBudgetExceeded']);
  if (words !== undefined) expect(refusals[0]!.message).toContain(words);
});

test.each([
  ['edoburu/pgbouncer:v1.23.1-p3', true],
  [`edoburu/pgbouncer@sha256:${'0'.repeat(64)}`, true],
  [`edoburu/pgbouncer:latest@sha256:${'0'.repeat(64)}`, true],
  ['registry.example.com:5000/pgbouncer:1.18', true],
  ['pgbouncer:latest-1', true],
  ['edoburu/pgbouncer:latest', false],
  ['edoburu/pgbouncer', false],
  ['registry.example.com:5000/pgbouncer', false],
  ['pgbouncer@sha256:00', false],
  ['pgbouncer:1.18; rm', false],
])('image %s is pinned: %p', (reference, pinned) => {
  const kubernetes = { ...bare.kubernetes, pooler: { ...pooler, image: reference } };
  expect(topologySchema.safeParse({ ...bare, kubernetes }).success).toBe(pinned);
});
