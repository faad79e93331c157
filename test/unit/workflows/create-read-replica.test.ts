/** The decisions of createReadReplica, as tables: what it does, and what stands in the way. */
import type { DatabaseFacts, ServerFacts } from '../../../activities/database/contract';
import type { ReaderFacts, ReplicaFacts } from '../../../activities/replicas/contract';
import { createReadReplicaInput } from '../../../catalogue';
import { findings } from '../../../workflows/create-read-replica/decisions';
import { definition } from '../../../workflows/create-read-replica/workflow';
import { topologyWith } from './support/topology';

const topology = topologyWith();
const primary: ServerFacts = {
  ...{ name: 'primary-1', id: '/servers/primary-1', location: 'eastus', sku: 'Standard_D4ds_v4' },
  ...{ tier: 'GeneralPurpose', storageGb: 256, state: 'Ready', role: 'Primary', highAvailability: 'Disabled' },
  ...{ version: '17', maxConnections: 1718, maxConnectionsSource: 'system-default', pending: [], locks: [] },
  ...{ longTransactions: [], unloggedTables: [], logicalSlots: [] },
};
const reader: ReaderFacts = {
  ...{ deployment: 'broxiva-api', variable: 'READ_URL', secret: 'secrets', key: 'READ_URL', primaryKey: 'URL' },
  ...{ wired: false, taken: false },
};
const existing = {
  ...{ source: 'primary-1', state: 'Ready', sku: 'Standard_D4ds_v4', location: 'eastus', host: 'replica-1.host' },
};
/** What the key has when it was published. */
const address = { host: existing.host, application: reader.deployment };

function facts(more: Partial<ReplicaFacts> = {}, server: Partial<ServerFacts> = {}, replicas = 0): ReplicaFacts {
  const database: DatabaseFacts = {
    ...{ resourceGroup: 'group', primary: { ...primary, ...server }, offers: [], backup: {}, builtInPooler: false },
    replicas: [
      { ...primary, name: 'replica-1', replayLagBytes: 0 },
      ...Array.from({ length: replicas }, (_, index) => ({ ...primary, name: `other-${index}` })),
    ].slice(more.existing ? 0 : 1),
  };
  return {
    ...{ database, markers: { table: 'runbooks.markers', lacking: [] }, namespace: 'prod', readers: [reader] },
    ...more,
  };
}

const input = (more: object = {}) =>
  createReadReplicaInput.parse({ replica: 'replica-1', requestedBy: 'a@example.com', ...more });

test.each<[string, object, Partial<ReplicaFacts>, string[]]>([
  [
    'all of it: the replica, its address, its reader',
    {},
    {},
    [
      'create replica-1: absent → replica of primary-1',
      'publish address of replica-1 for broxiva-api: no READ_URL → READ_URL leads to replica-1',
      'wire broxiva-api: no READ_URL → READ_URL from secrets/READ_URL',
    ],
  ],
  ['no readers', { readers: [] }, { readers: [] }, ['create replica-1: absent → replica of primary-1']],
  [
    'adopted, with an address already',
    {},
    { existing, readers: [{ ...reader, ...address }] },
    ['wire broxiva-api: no READ_URL → READ_URL from secrets/READ_URL'],
  ],
  ['so already', {}, { existing, readers: [{ ...reader, ...address, wired: true }] }, []],
])('%s', (_name, wanted, more, steps) => {
  const found = definition.steps(input(wanted), facts(more), topology);
  expect(found.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual(steps);
  const targets = definition.targets(input(wanted), facts(more));
  expect(found.filter(({ resource }) => !targets.includes(resource))).toEqual([]);
});

test('every address is there before the first reader is wired', () => {
  const readers = [reader, { ...reader, deployment: 'broxiva-web', key: 'WEB_URL' }];
  expect(definition.steps(input(), facts({ readers }), topology).map(({ name }) => name)).toEqual([
    'create replica-1',
    ...['broxiva-api', 'broxiva-web'].map((name) => `publish address of replica-1 for ${name}`),
    ...['wire broxiva-api', 'wire broxiva-web'],
  ]);
});

test('one that was there already is watched before the first reader is led to it, and only then', () => {
  const [publish, wire] = definition.steps(input(), facts({ existing }), topology);
  expect([publish!.detail, publish!.expectedSeconds]).toEqual(['first 60 s of replica-1 under watch', 65]);
  expect(wire!.detail).toBe('a rolling update: every pod is replaced');
});

test.each<[string, Partial<ReaderFacts>[], object]>([
  ['the primary, without readers', [], { kind: 'postgres', server: 'primary-1' }],
  [
    'the primary and the way of a reader that answers',
    [{ clientsAnswer: true }],
    {
      kind: 'every',
      paths: [
        { kind: 'postgres', server: 'primary-1' },
        { kind: 'http', url: 'http://broxiva-api/' },
      ],
    },
  ],
  ['not that of one that did not answer before', [{ clientsAnswer: false }], { kind: 'postgres', server: 'primary-1' }],
])('clients are measured on %s', (_name, readers, path) => {
  const found = facts({ readers: readers.map((more) => ({ ...reader, ...more })) });
  expect(definition.clients!(input(), found, topology)).toEqual(path);
});

test.each<[string, string, number | null, string[], string[]]>([
  ['in service', 'Ready', 8, [], ['replica-1 is Ready and 8 bytes behind']],
  ['behind', 'Ready', 1024 * 1024 + 1, ['replica-1 is Ready and 1048577 bytes behind'], []],
  ['not streaming', 'Ready', null, ['replica-1 is Ready and not streaming'], []],
  ['stopped', 'Stopped', 0, ['replica-1 is Stopped and 0 bytes behind'], []],
])('after the soak, one that is %s', (_name, state, replayLagBytes, problems, evidence) => {
  const after = facts({ existing: { ...existing, state } });
  after.database.replicas[0]!.replayLagBytes = replayLagBytes;
  expect(definition.settled!(input(), facts(), after)).toEqual({ problems, evidence });
});

test('after the soak, an address that somebody else has published meanwhile', () => {
  const after = facts({ existing, readers: [{ ...reader, ...address, host: 'primary-1.host' }] });
  const problems = ['READ_URL of secrets leads to primary-1.host: somebody else changed it'];
  expect(definition.settled!(input(), facts(), after)).toEqual({ problems, evidence: [] });
});

test.each<[string, object, ReplicaFacts, string[]]>([
  ['nothing', {}, facts(), []],
  ['a replica as its source', {}, facts({}, { role: 'AsyncReplica' }), ['refusal NotAPrimary']],
  ['a source that is busy', {}, facts({}, { state: 'Updating' }), ['refusal ServerNotReady']],
  ['a Burstable source', {}, facts({}, { tier: 'Burstable' }), ['refusal BurstableWithReplicas']],
  ['a name that is taken', {}, facts({ existing: { ...existing, source: 'another' } }), ['refusal NameTaken']],
  ['a source with private endpoints alone', {}, facts({}, { privateOnly: true }), ['refusal PrivateOnly']],
  [
    'one that is there, without a firewall rule of its source',
    {},
    facts({ existing: { ...existing, lackingRules: ['office'] } }),
    ['warning RulesLacking'],
  ],
  [
    'rules of the source, on a new one',
    {},
    facts({ firewallRules: [{ name: 'office', startIpAddress: '203.0.113.1', endIpAddress: '203.0.113.1' }] }),
    ['warning CarriedOver'],
  ],
  ['one that is there, of such a source', {}, facts({ existing }, { privateOnly: true }), []],
  ['a source in a subnet', {}, facts({}, { subnet: '/subnets/data' }), ['refusal InOwnNetwork']],
  ['one that is there, of a source in a subnet', {}, facts({ existing }, { subnet: '/subnets/data' }), []],
  [
    'one that is there, in another region',
    { location: 'westus' },
    facts({ existing, offeredThere: true }),
    ['refusal OtherRegion', 'warning OtherRegion'],
  ],
  [
    'one that is there, in another region than the primary, where no region is named',
    {},
    facts({ existing: { ...existing, location: 'westus' } }),
    ['refusal OtherRegion'],
  ],
  ['five replicas already', {}, facts({}, {}, 5), ['refusal TooManyReplicas']],
  ['five replicas, this one among them', {}, facts({ existing }, {}, 4), []],
  [
    'a replica that does not stream',
    {},
    facts({ existing: { ...existing, state: 'Stopped' } }),
    ['refusal ReplicaNotServing'],
  ],
  ['a variable that is set otherwise', {}, facts({ readers: [{ ...reader, taken: true }] }), ['refusal VariableTaken']],
  [
    'a variable that comes with its key',
    {},
    facts({ readers: [{ ...reader, byItself: true }] }),
    ['refusal VariableTaken'],
  ],
  [
    'a reader of Argo CD’s',
    {},
    facts({ readers: [{ ...reader, controller: 'Argo CD' }] }),
    ['refusal OwnedByController'],
  ],
  ['another region', { location: 'westus' }, facts({ offeredThere: true }), ['warning OtherRegion']],
  [
    'a region without the primary’s size',
    { location: 'westus' },
    facts({ offeredThere: false }),
    ['refusal SkuUnavailable'],
  ],
  ['the primary’s region, by name', { location: 'eastus' }, facts(), []],
  [
    'an address that does not name its reader',
    {},
    facts({ existing, readers: [{ ...reader, host: existing.host }] }),
    ['refusal AddressUnnamed'],
  ],
  [
    'a reader that does not answer',
    {},
    facts({ readers: [{ ...reader, clientsAnswer: false }] }),
    ['warning ClientsUnmeasured'],
  ],
  [
    'a resource lock',
    {},
    facts({}, { locks: [{ name: 'keep', level: 'ReadOnly', scope: '/group' }] }),
    ['refusal ResourceLocked'],
  ],
  [
    'no table for the markers',
    {},
    facts({ markers: { table: 'runbooks.markers', lacking: ['CREATE SCHEMA runbooks'] } }),
    ['refusal MarkersMissing'],
  ],
  ['a reader that nobody knows', { readers: ['broxiva-web'] }, facts({ readers: [] }), ['refusal NoReader']],
  [
    'a reader that reads elsewhere',
    {},
    facts({ readers: [{ ...reader, host: 'other.host', wired: true }] }),
    ['refusal ReadsFromAnother'],
  ],
  [
    'a reader that takes a key that is gone',
    {},
    facts({ readers: [{ ...reader, wired: true }] }),
    ['refusal WiredWithoutKey'],
  ],
  [
    'a parameter that waits for a restart of the primary',
    {},
    facts({}, { pending: [{ name: 'max_connections', value: '400' }] }),
    ['warning PendingParameters'],
  ],
  [
    'and the replica is there already',
    {},
    facts({ existing }, { pending: [{ name: 'max_connections', value: '400' }] }),
    [],
  ],
  ['a primary that is hardly read from', {}, facts({ readShare: 40 }), ['warning FewReads']],
])('%s', (_name, wanted, found, codes) => {
  const noted = findings(input(wanted), found, topology).filter(({ level }) => level !== 'ok');
  expect(noted.map(({ level, code }) => `${level} ${code}`)).toEqual(codes);
});

test.each([
  { replica: 'A' },
  { replica: '*' },
  { replica: '' },
  { replica: 'replica-1', lagWindowSeconds: 0 },
  { replica: 'replica-1', location: 'West US' },
])('%p is refused before anything is read', (given) => {
  expect(createReadReplicaInput.safeParse({ requestedBy: 'a@example.com', ...given }).success).toBe(false);
});
