/** The decisions of databaseRestart, as tables: what is set, what needs the restart, who waits for it, what stands in the way. */
import type { ParameterFacts, PoolPodFacts, RestartFacts } from '../../../activities/restarts/contract';
import { timesIn } from '../../../activities/restarts/inspection';
import { databaseRestartInput, differing, type Finding, runsWith, valueToRestore } from '../../../catalogue';
import { isAllowed, poolBefore, valueOf, workOf } from '../../../workflows/database-restart/decisions';
import { findings } from '../../../workflows/database-restart/findings';
import { definition } from '../../../workflows/database-restart/workflow';
import { topologyWith } from './support/topology';

const topology = topologyWith();

const parameter = (name: string, value: string, more: Partial<ParameterFacts> = {}): ParameterFacts => ({
  ...{ name, value, running: value, isStatic: false, isReadOnly: false, dataType: 'Integer', allowedValues: '1-5000' },
  ...more,
});
const connections = (value = '1718', more: Partial<ParameterFacts> = {}) =>
  parameter('max_connections', value, { isStatic: true, ...more });
const memory = parameter('work_mem', '4096', { allowedValues: '4096-2097151' });

const pod = (more: Partial<PoolPodFacts> = {}): PoolPodFacts => ({
  ...{ pod: 'pgbouncer-1', patienceSeconds: 120, loginRetrySeconds: 1, leadsHere: true },
  ...more,
});
const pool = (pods: PoolPodFacts[] = [pod(), pod({ pod: 'pgbouncer-2' })], directSessions = 0) => ({
  ...{ namespace: 'broxiva-prod', name: 'pgbouncer', pods, directSessions },
});

function facts(more: Partial<RestartFacts> = {}): RestartFacts {
  return {
    server: { name: 'primary-1', state: 'Ready', role: 'Primary', highAvailability: 'Disabled' },
    ...{ startedAt: '2026-11-27T08:00:00.000Z', restarted: false, parameters: [connections(), memory], known: [] },
    ...{ pending: [], locks: [], longTransactions: [], replicas: [], pool: pool() },
    ...more,
  };
}

const values = (name: string, max: string) => ({ name, values: { max_connections: max } });

const input = (more: object) => databaseRestartInput.parse({ requestedBy: 'a@example.com', ...more });
const raise = { parameters: { max_connections: 1800 } };

test.each<[string, object, Partial<RestartFacts>, string[]]>([
  [
    'a static one',
    raise,
    {},
    ['restart primary-1: max_connections 1718, not restarted → max_connections 1800, restarted'],
  ],
  ['a dynamic one', { parameters: { work_mem: 8192 } }, {}, ['set work_mem: work_mem 4096 → work_mem 8192']],
  [
    'both: what needs no restart first',
    { parameters: { work_mem: '8192', max_connections: 1800 } },
    {},
    [
      'set work_mem: work_mem 4096 → work_mem 8192',
      'restart primary-1: max_connections 1718, not restarted → max_connections 1800, restarted',
    ],
  ],
  ['all is so', { parameters: { max_connections: 1718 } }, {}, []],
  [
    'set by somebody already, and waiting for a restart',
    raise,
    { parameters: [connections('1800', { running: '1718' })] },
    ['restart primary-1: max_connections 1718, not restarted → max_connections 1800, restarted'],
  ],
  [
    'it runs with it, and somebody has set another since',
    raise,
    { parameters: [connections('1900', { running: '1800' })] },
    ['restart primary-1: max_connections 1800, not restarted → max_connections 1800, restarted'],
  ],
  ['a restart alone', { restart: true }, {}, ['restart primary-1: not restarted → restarted']],
  ['restarted since the run was asked for', { restart: true }, { restarted: true }, []],
  [
    'restarted, but not with the value',
    { restart: true, ...raise },
    { restarted: true },
    ['restart primary-1: max_connections 1718, not restarted → max_connections 1800, restarted'],
  ],
])('%s', (_name, wish, more, steps) => {
  const asked = input(wish);
  const known = facts({ parameters: facts().parameters.filter(({ name }) => name in asked.parameters), ...more });
  const planned = definition.steps(asked, known, topology);
  expect(planned.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual(steps);
});

test('the plan says who waits and who is cut off; it locks the server and its pooler', () => {
  const step = (more: Partial<RestartFacts>) =>
    definition.steps(input({ restart: true }), facts({ parameters: [], ...more }), topology)[0]!;
  expect(step({})).toMatchObject({ impact: 'behind pgbouncer: wait, ≤ 60 s', undoDisturbsClients: true });
  expect(step({ pool: 'unknown' })).toMatchObject({ impact: 'all: cut off, refused until it is back' });
  const targets = (more: Partial<RestartFacts>) => definition.targets(input({ restart: true }), facts(more));
  expect(targets({})).toEqual(['postgres:primary-1', 'pooler:broxiva-prod.pgbouncer']);
  expect(targets({ pool: 'unknown' })).toEqual(['postgres:primary-1']);
});

test.each<[string, Partial<RestartFacts>, string[]]>([
  ['a replica that must have as much', { replicas: [{ ...values('replica-1', '1800'), problems: [] }] }, ['replica-1']],
  ['a primary that must not have more', { source: { ...values('source-1', '1700'), problems: [] } }, ['source-1']],
  ['a replica with which nothing is compared', { replicas: [{ name: 'replica-1', values: {}, problems: [] }] }, []],
  ['facts of a run from before, which has not locked it', { replicas: [values('replica-1', '1800')] }, []],
])('servers that are locked too: %s', (_name, more, names) => {
  const expected = ['primary-1', ...names].map((name) => `postgres:${name}`);
  expect(definition.targets(input(raise), facts({ pool: 'unknown', ...more }))).toEqual(expected);
});

test.each<[string, RestartFacts['pool'], object]>([
  ['behind the pooler', pool(), { kind: 'pooler' }],
  [
    'some past it',
    pool(undefined, 3),
    { kind: 'every', paths: [{ kind: 'pooler' }, { kind: 'postgres', server: 'primary-1' }] },
  ],
  ['it leads elsewhere', pool([pod({ leadsHere: false })]), { kind: 'postgres', server: 'primary-1' }],
  ['no cluster', 'unknown', { kind: 'postgres', server: 'primary-1' }],
])('clients are measured on their way: %s', (_name, known, path) => {
  const given = facts({ pool: known! });
  expect(definition.clients!(input({ restart: true }), given, topology)).toEqual(path);
  expect(poolBefore(given) !== undefined).toBe((path as { kind: string }).kind !== 'postgres');
});

const found = (list: Finding[]) =>
  list.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`);
const long = [{ pid: 7, ageSeconds: 400, application: 'report' }];
const problems = ['replica-1 (Stopped) cannot be asked'];

test.each<[string, object, Partial<RestartFacts>, string[]]>([
  ['nothing', raise, {}, []],
  [
    'a name that Azure does not know',
    { parameters: { max_connection: 5 } },
    { parameters: [], known: ['max_connections'] },
    ['refusal UnknownParameter'],
  ],
  ['read-only', raise, { parameters: [connections('1718', { isReadOnly: true })] }, ['refusal ReadOnlyParameter']],
  ['out of range', { parameters: { max_connections: 5001 } }, {}, ['refusal ValueNotAllowed']],
  ['not Ready', raise, { server: { ...facts().server, state: 'Updating' } }, ['refusal ServerNotReady']],
  ['a lock', raise, { locks: [{ name: 'keep', level: 'ReadOnly', scope: '/x' }] }, ['refusal ResourceLocked']],
  ['CanNotDelete is no obstacle', raise, { locks: [{ name: 'keep', level: 'CanNotDelete', scope: '/x' }] }, []],
  ['more than a replica has', raise, { replicas: [values('replica-1', '1718')] }, ['refusal AboveReplica']],
  ['as much as a replica has', raise, { replicas: [values('replica-1', '1800')] }, []],
  [
    'a replica that is not in sync, or does not answer',
    { parameters: { work_mem: 8192 } },
    { replicas: [{ name: 'replica-1', values: {}, problems }] },
    ['refusal ReplicaNotStreaming'],
  ],
  [
    'a primary of which nobody knows how much it has',
    raise,
    { source: { ...values('source-1', '1700'), problems } },
    ['refusal PrimaryUnreachable'],
  ],
  ['the application is not let in', raise, { applicationProblem: '28P01' }, ['refusal ApplicationLoginFailed']],
  ['nor is it, and no restart', { parameters: { work_mem: 8192 } }, { applicationProblem: '28P01' }, []],
  [
    'a replica, less than its primary',
    { parameters: { max_connections: 1700 } },
    { source: values('p', '1718'), pool: pool([pod({ leadsHere: false })]) },
    ['refusal BelowPrimary', 'warning NotPooled'],
  ],
  [
    'what somebody else has set',
    raise,
    { pending: [{ name: 'wal_level', value: 'logical' }] },
    ['warning PendingParameters'],
  ],
  ['what was asked for waits', raise, { pending: [{ name: 'max_connections', value: '1800' }] }, []],
  [
    'high availability',
    raise,
    { server: { ...facts().server, highAvailability: 'ZoneRedundant' } },
    ['warning HighAvailability'],
  ],
  ['a long transaction, which a pause would wait for', raise, { longTransactions: long }, ['refusal LongTransactions']],
  [
    'a long transaction, without a pooler',
    raise,
    { longTransactions: long, pool: 'unknown' },
    ['warning LongTransactions', 'warning NotPooled'],
  ],
  ['a long transaction, and no restart', { parameters: { work_mem: 8192 } }, { longTransactions: long }, []],
  ['sessions past the pooler', raise, { pool: pool(undefined, 3) }, ['warning DirectSessions']],
  [
    'a pod that is leaving',
    raise,
    { pool: pool([pod(), { pod: 'x', problem: 'it is leaving', loginRetrySeconds: 0 }]) },
    ['refusal PoolerNotReady'],
  ],
  [
    'no pod can be asked',
    raise,
    { pool: pool([{ pod: 'x', problem: 'it is leaving', loginRetrySeconds: 0 }]) },
    ['warning NotPooled', 'refusal PoolerNotReady'],
  ],
  [
    'paused by somebody',
    raise,
    { pool: pool([pod(), { ...pod({ pausedBy: 'somebody' }), leadsHere: undefined }]) },
    ['refusal PoolerPaused'],
  ],
  ['one pod leads elsewhere', raise, { pool: pool([pod(), pod({ leadsHere: false })]) }, ['refusal PoolerDivided']],
  ['all lead elsewhere', raise, { pool: pool([pod({ leadsHere: false, patienceSeconds: 1 })]) }, ['warning NotPooled']],
  [
    'one that is leaving, of a pooler that leads elsewhere',
    raise,
    { pool: pool([pod({ leadsHere: false }), { pod: 'x', problem: 'it is leaving', loginRetrySeconds: 0 }]) },
    ['warning NotPooled'],
  ],
  ['just patient enough', raise, { pool: pool([pod({ patienceSeconds: 75 })]) }, []],
  ['not patient enough', raise, { pool: pool([pod({ patienceSeconds: 74 })]) }, ['refusal PatienceTooShort']],
  [
    'a shorter pause is declared',
    { ...raise, clientBudget: { longestStallSeconds: 30 } },
    { pool: pool([pod({ patienceSeconds: 45 })]) },
    [],
  ],
  ['endless patience', raise, { pool: pool([{ pod: 'x', loginRetrySeconds: 1, leadsHere: true }]) }, []],
  [
    'new clients are turned away for long',
    raise,
    { pool: pool([pod({ loginRetrySeconds: 15 })]) },
    ['warning LoginRetryLong'],
  ],
  [
    'no restart, no matter how the pods are',
    { parameters: { work_mem: 8192 } },
    { pool: pool([pod({ pausedBy: 'somebody', patienceSeconds: 1 })]) },
    [],
  ],
])('preflight: %s', (_name, wish, more, codes) => {
  const asked = input(wish);
  const known = facts({ parameters: facts().parameters.filter(({ name }) => name in asked.parameters), ...more });
  expect(found(findings(asked, known, topology))).toEqual(codes);
});

test.each<[string, string | undefined, string, boolean]>([
  ['max_connections', '1800', '1800', true],
  ['max_connections', '1800', '1801', false],
  ['random_page_cost', '4', '4.0', true],
  ['random_page_cost', '', '0', false],
  ['log_statement', 'none', 'None', false],
  ['shared_preload_libraries', 'azure,pg_cron', 'pg_cron', true],
  ['shared_preload_libraries', 'azure', 'pg_cron', false],
  ['pgbouncer.enabled', undefined, 'true', true],
])('%s runs with %p where %p is wanted: %p', (name, running, wanted, so) => {
  expect(runsWith(name, running, wanted)).toBe(so);
  expect(differing(running === undefined ? {} : { [name]: running }, { [name]: wanted })).toEqual(so ? [] : [name]);
});

test.each<[string, string | undefined, string, string]>([
  ['shared_preload_libraries', 'azure,pg_cron', 'pg_cron', 'pg_cron'],
  ['shared_preload_libraries', 'azure', '', ''],
  ['shared_preload_libraries', 'azure', 'pg_cron', 'azure'],
  ['random_page_cost', '4', '4.0', '4.0'],
  ['max_connections', '1800', '1900', '1800'],
  ['pgbouncer.enabled', undefined, 'true', 'true'],
])('%s runs with %p, ARM says %p: %p brings that back', (name, running, configured, restored) => {
  expect(valueToRestore(name, running, configured)).toBe(restored);
});

test.each<[Pick<ParameterFacts, 'dataType' | 'allowedValues'>, string, boolean]>([
  [{ dataType: 'Integer', allowedValues: '25-5000' }, '25', true],
  [{ dataType: 'Integer', allowedValues: '25-5000' }, '5001', false],
  [{ dataType: 'Integer', allowedValues: '25-5000' }, '100.5', false],
  [{ dataType: 'Integer', allowedValues: '-1-100' }, '-1', true],
  [{ dataType: 'Numeric', allowedValues: '0-1.79769e+308' }, '1.1', true],
  [{ dataType: 'Numeric', allowedValues: '0-1.79769e+308' }, 'much', false],
  [{ dataType: 'Boolean', allowedValues: 'on,off' }, 'on', true],
  [{ dataType: 'Boolean', allowedValues: 'on,off' }, 'yes', false],
  [{ dataType: 'Enumeration', allowedValues: 'none,ddl,mod,all' }, 'ddl', true],
  [{ dataType: 'String', allowedValues: '.*' }, 'anything', true],
  [{ dataType: 'String', allowedValues: '.*' }, 'two\nlines', false],
])('%p: %p is allowed: %p', (known, value, allowed) => {
  expect(isAllowed(parameter('x', '1', known), value)).toBe(allowed);
});

test.each([
  [true, 'on'],
  [false, 'off'],
  [4.5, '4.5'],
  ['text', 'text'],
])('%p is written %p', (given, text) => {
  expect(valueOf(given)).toBe(text);
});

test.each<[string, Record<string, string>, object]>([
  [
    'the shorter of both',
    { query_wait_timeout: '120', query_timeout: '30', server_login_retry: '1' },
    { patienceSeconds: 30, loginRetrySeconds: 1 },
  ],
  [
    '0 is never',
    { query_wait_timeout: '0', query_timeout: '0', server_login_retry: '15.000000' },
    { loginRetrySeconds: 15 },
  ],
])('times of a pooler: %s', (_name, configuration, times) => {
  expect(timesIn(Object.entries(configuration).map(([key, value]) => ({ key, value })))).toEqual(times);
});

test.each([
  ['nothing to change', {}],
  ['a name that is none', { parameters: { 'drop table': 1 } }],
  ['a list', { parameters: { work_mem: [1] } }],
])('no input: %s', (_name, wish) => {
  expect(databaseRestartInput.safeParse({ requestedBy: 'a@example.com', ...wish }).success).toBe(false);
});

test('workOf: a server that only Azure’s word is known of', () => {
  const own = parameter('pgbouncer.enabled', 'false', { dataType: 'Enumeration', allowedValues: 'true,false' });
  delete own.running;
  const work = workOf(input({ parameters: { 'pgbouncer.enabled': 'true' } }), facts({ parameters: [own] }));
  expect(work.dynamic).toEqual([{ name: 'pgbouncer.enabled', from: 'false', to: 'true' }]);
});
