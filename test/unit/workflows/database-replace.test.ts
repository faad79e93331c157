/** The decisions of databaseReplace, as tables: what it does, what stands in its way, what does not come along. */
import type { DatabaseFacts, ServerFacts } from '../../../activities/database/contract';
import type { ReplacedPod, ReplacedPool, ReplacementFacts } from '../../../activities/replacements/contract';
import { databaseReplaceInput } from '../../../catalogue';
import { lossesOf, settled } from '../../../workflows/database-replace/decisions';
import { findings } from '../../../workflows/database-replace/findings';
import { definition } from '../../../workflows/database-replace/workflow';
import { propose } from '../../../workflows/runbook/plan';
import { topologyWith } from './support/topology';

const topology = topologyWith();
const primary: ServerFacts = {
  ...{ name: 'primary-1', id: '/servers/primary-1', location: 'eastus', sku: 'Standard_D4ds_v4' },
  ...{ tier: 'GeneralPurpose', storageGb: 256, state: 'Ready', role: 'Primary', highAvailability: 'Disabled' },
  ...{ version: '17', maxConnections: 1718, maxConnectionsSource: 'system-default', pending: [], locks: [] },
  ...{ longTransactions: [], unloggedTables: [], logicalSlots: [] },
};
const reader: ServerFacts = { ...primary, name: 'replica-1', role: 'AsyncReplica' };
const offer = (sku: string, vCores: number, tier = 'GeneralPurpose') => ({ sku, tier, vCores, memoryGb: 4 * vCores });

const database = (server: Partial<ServerFacts> = {}, more: Partial<DatabaseFacts> = {}): DatabaseFacts => ({
  ...{ resourceGroup: 'group', primary: { ...primary, ...server }, replicas: [], backup: {}, builtInPooler: false },
  offers: [
    ...[offer('Standard_B2s', 2, 'Burstable'), offer('Standard_D2ds_v4', 2), offer('Standard_D4ds_v4', 4)],
    offer('Standard_D8ds_v4', 8),
  ],
  ...more,
});

const pod = (more: Partial<ReplacedPod> = {}): ReplacedPod => ({
  ...{ pod: 'pgbouncer-1', patienceSeconds: 120, loginRetrySeconds: 1, leadsHere: true, host: 'old.host' },
  ...more,
});
const pool = (more: Partial<ReplacedPool> = {}): ReplacedPool => ({
  ...{
    namespace: 'prod',
    name: 'pgbouncer',
    role: 'broxiva',
    host: 'old.host',
    pods: [pod(), pod({ pod: 'pgbouncer-2' })],
  },
  ...more,
});
const surroundings = {
  ...{ geoRedundantBackup: false, backupRetentionDays: 7, administrators: [], privateEndpoints: [] },
};

const facts = (more: Partial<ReplacementFacts> = {}): ReplacementFacts => ({
  ...{ database: database(), markers: { table: 'runbooks.markers', lacking: [] }, surroundings, virtualEndpoints: [] },
  ...{
    tags: [],
    overrides: [],
    logins: [{ role: 'broxiva', ours: true }],
    jobs: [],
    foreignSessions: [],
    pool: pool(),
  },
  addresses: [{ secret: 'secrets', key: 'URL', host: 'old.host' }],
  ...more,
});
const input = (more: object = {}) =>
  databaseReplaceInput.parse({
    ...{ replacement: 'primary-2', sku: 'Standard_D8ds_v4', requestedBy: 'a@example.com' },
    ...more,
  });

const all = [
  'create primary-2: absent → replica of primary-1, D8ds_v4',
  'hold rollouts of pgbouncer: go on → held',
  'stage primary-2 in pgbouncer: leads to old.host → leads to primary-2',
  'switch over to primary-2: replica of primary-1 → primary',
  'let rollouts of pgbouncer go on: held → go on',
  'publish primary-2 in secrets/URL: URL leads to old.host → URL leads to primary-2',
];
const without = (...steps: number[]) => all.filter((_, step) => !steps.includes(step));
/** As it is when all is done. */
const crossed = {
  ...{ existing: { state: 'Ready', host: 'new.host' }, logins: [] },
  pool: pool({ host: 'new.host', pods: [pod({ host: 'new.host', leadsHere: false })] }),
  addresses: [{ secret: 'secrets', key: 'URL', host: 'new.host' }],
} satisfies Partial<ReplacementFacts>;

test.each<[string, Partial<ReplacementFacts>, string[]]>([
  ['all of it', {}, all],
  ['no URL leads to the old one', { addresses: [] }, all.slice(0, 5)],
  ['switched over, and a URL still leads to the old one', { ...crossed, addresses: facts().addresses }, all.slice(5)],
  ['rollouts are held by a run that was terminated', { pool: pool({ heldBy: 'us' }) }, without(1)],
  ['rollouts are held by others', { pool: pool({ heldBy: 'others' }) }, without(1, 4)],
  ['done, and rollouts still held', { ...crossed, pool: { ...crossed.pool, heldBy: 'us' } }, [all[4]!]],
  ['done', crossed, []],
  ['another primary of that name', { existing: { state: 'Ready', host: 'other.host' } }, all],
])('%s', (_name, more, steps) => {
  const planned = definition.steps(input(), facts(more), topology);
  expect(planned.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual(steps);
});

test('the promotion has no way back, is approved by its name, and locks both servers, the pooler and the Secrets', () => {
  const { plan } = propose(definition, input(), facts(), topology);
  expect(plan.approval).toMatchObject({
    required: true,
    irreversibleSteps: [all[3]!, all[5]!].map((step) => step.replace(/: .*/, '')),
  });
  expect(plan.targets).toEqual([
    ...['deployment:prod.pgbouncer', 'pooler:prod.pgbouncer', 'postgres:primary-1', 'postgres:primary-2'],
    ...['secret:prod.pgbouncer', 'secret:prod.secrets'],
  ]);
});

const refusals = (wanted: object, more: Partial<ReplacementFacts>) =>
  findings(input(wanted), facts(more), topology)
    .filter(({ level }) => level === 'refusal')
    .map(({ code }) => code);

test.each<[string, object, Partial<ReplacementFacts>, string[]]>([
  ['nothing stands in the way', {}, {}, []],
  ['done already', {}, crossed, []],
  [
    'a primary by somebody else’s doing, to which the file leads and no pod',
    {},
    { ...crossed, logins: facts().logins, pool: { ...crossed.pool, pods: [pod()] } },
    ['PoolerDivided'],
  ],
  ['a primary by our doing, and a pod that is late', {}, { ...crossed, pool: { ...crossed.pool, pods: [pod()] } }, []],
  ['a replica', {}, { database: database({ role: 'AsyncReplica' }) }, ['NotAPrimary']],
  ['a server that is stopped', {}, { database: database({ state: 'Stopped' }) }, ['ServerNotReady']],
  ['a server in a subnet', {}, { database: database({ subnet: '/subnets/data' }) }, ['InOwnNetwork']],
  ['a server with nothing but private endpoints', {}, { database: database({ privateOnly: true }) }, ['PrivateOnly']],
  ['a replica that is not named', {}, { database: database({}, { replicas: [reader] }) }, ['ReplicaLeftBehind']],
  ['a name that is no replica', { replicasLeftBehind: ['replica-1'] }, {}, ['ReplicaUnknown']],
  ['one that is', { replicasLeftBehind: ['replica-1'] }, { database: database({}, { replicas: [reader] }) }, []],
  ['a name that is taken', {}, { existing: { source: 'another', state: 'Ready', host: 'h' } }, ['NameTaken']],
  ['a primary of that name, to which nobody is led', {}, { existing: { state: 'Ready', host: 'h' } }, ['NameTaken']],
  [
    'five replicas',
    { replicasLeftBehind: ['primary-1'] },
    { database: database({}, { replicas: Array(5).fill(primary) as ServerFacts[] }) },
    ['TooManyReplicas'],
  ],
  ['a size that nobody offers', { sku: 'Standard_X' }, {}, ['SkuUnavailable']],
  ['the same size', { sku: 'Standard_D4ds_v4' }, {}, []],
  ['a smaller size', { sku: 'Standard_D2ds_v4' }, {}, ['SmallerSize']],
  [
    'of a size that Azure does not list any more',
    {},
    { database: database({ sku: 'Standard_D4s_v1' }) },
    ['SkuUnknown'],
  ],
  ['a burstable one', { sku: 'Standard_B2s' }, {}, ['SmallerSize', 'Burstable']],
  ['geo-redundant backups', {}, { surroundings: { ...surroundings, geoRedundantBackup: true } }, ['GeoRedundant']],
  ['unlogged tables', {}, { database: database({ unloggedTables: ['public.t'] }) }, ['UnloggedTables']],
  ['no table for markers', {}, { markers: { table: 't', lacking: ['CREATE …'] } }, ['MarkersMissing']],
  ['a job of the administrator', {}, { jobs: ['3 nightly in broxiva'] }, ['AdministratorJobs']],
  ['no pooler', {}, { pool: undefined }, ['NotPooled']],
  ['no cluster', {}, { pool: 'unknown' }, ['NotPooled']],
  ['somebody else’s configuration', {}, { pool: pool({ host: undefined as never, pods: [] }) }, ['PoolerUnknown']],
  ['Azure’s own pooler', {}, { database: database({}, { builtInPooler: true }) }, ['DoublePooling']],
  ['a pod that does not answer', {}, { pool: pool({ pods: [pod({ problem: 'dead' })] }) }, ['PoolerNotReady']],
  ['a pod that is paused', {}, { pool: pool({ pods: [pod({ pausedBy: 'somebody' })] }) }, ['PoolerPaused']],
  ['a pod that leads elsewhere', {}, { pool: pool({ pods: [pod({ host: 'x' })] }) }, ['PoolerDivided']],
  ['a pod before another server', {}, { pool: pool({ pods: [pod({ leadsHere: false })] }) }, ['PoolerDivided']],
  ['a pod that cuts off clients', {}, { pool: pool({ pods: [pod({ patienceSeconds: 60 })] }) }, ['PatienceTooShort']],
  ['pools that are too large', {}, { pool: pool({ pods: [pod({ poolSize: 1704 })] }) }, ['TooManyConnections']],
  ['pools that just fit', {}, { pool: pool({ pods: [pod({ poolSize: 1703 })] }) }, []],
  ['clients past the pool', {}, { foreignSessions: ['broxiva as cron from 10.0.0.9'] }, ['DirectSessions']],
  [
    'a role of somebody else’s',
    {},
    { logins: [...facts().logins, { role: 'reports', ours: false }] },
    ['RoleNotFenced'],
  ],
  ['the pool logs in as somebody who cannot be shut out', {}, { pool: pool({ role: 'admin' }) }, ['RoleNotFenced']],
  [
    'a transaction that goes on and on',
    {},
    { database: database({ longTransactions: [{ pid: 7, ageSeconds: 400, application: 'x' }] }) },
    ['LongTransactions'],
  ],
])('refused or not: %s', (_name, wanted, more, codes) => {
  expect(refusals(wanted, more)).toEqual(codes);
});

test('who holds the pooler’s rollouts goes on holding them, and that is said', () => {
  const told = findings(input(), facts({ pool: pool({ heldBy: 'others' }) }), topology);
  expect(told.filter(({ code }) => code === 'RolloutsHeld')).toMatchObject([{ level: 'warning' }]);
});

test('what does not come along is named, one by one', () => {
  const left = facts({
    database: database(
      { highAvailability: 'ZoneRedundant', logicalSlots: ['cdc'] },
      { replicas: [{ ...primary, name: 'r' }] },
    ),
    surroundings: { ...surroundings, administrators: ['dba'], privateEndpoints: ['pe'] },
    ...{ virtualEndpoints: ['ve'], tags: ['team'], otherAddresses: ['secrets/DIRECT_URL'] },
  });
  expect(lossesOf(left).map((loss) => loss.replace(/:.*/, ''))).toEqual([
    ...['high availability (ZoneRedundant)', 'private endpoints', 'Entra administrators'],
    'virtual endpoints',
    'replicas, which go on following the old one, and let nobody in any more',
    ...['logical slots', 'tags'],
    'addresses that the topology does not name, and that go on leading to the old one',
    ...['diagnostic settings and alerts', 'backups'],
  ]);
});

test.each<[string, Partial<ReplacementFacts>, RegExp[]]>([
  ['all as it was', {}, []],
  ['a pod leads back', { pool: pool({ host: 'new.host' }) }, [/pgbouncer-1 leads to old.host/, /pgbouncer-2/]],
  ['somebody is on the old one', { foreignSessions: ['broxiva as x'] }, [/on primary-1 is broxiva as x/]],
  ['the old one lets in', { logins: [{ role: 'broxiva', ours: true }] }, [/broxiva can log in to primary-1 again/]],
])('after the soak: %s', (_name, more, problems) => {
  const now = settled(input(), facts(), facts({ ...crossed, ...more }));
  expect(now.problems).toEqual(problems.map((words) => expect.stringMatching(words) as string));
});
