/** The decisions of databaseSkuUpgrade, as tables: which servers, in which order, to what; and what stands in the way. */
import type { DatabaseFacts, PoolerPodFacts, ServerFacts, SkuOffer } from '../../../activities/database/contract';
import type { Patience } from '../../../activities/poolers/contract';
import type { DatabaseSkuUpgradeInput } from '../../../catalogue';
import { databaseSkuUpgradeInput, topologySchema } from '../../../catalogue';
import {
  computeSteps,
  connectionsAfter,
  defaultConnectionsFor,
  directionOf,
  patienceFor,
  poolerMisfits,
  showCompute,
  storageSteps,
} from '../../../workflows/database-sku-upgrade/decisions';
import { findings } from '../../../workflows/database-sku-upgrade/findings';

const offers: SkuOffer[] = [
  { sku: 'Standard_B2s', tier: 'Burstable', vCores: 2, memoryGb: 4 },
  { sku: 'Standard_D2ds_v4', tier: 'GeneralPurpose', vCores: 2, memoryGb: 8 },
  { sku: 'Standard_D4ds_v4', tier: 'GeneralPurpose', vCores: 4, memoryGb: 16 },
  { sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', vCores: 8, memoryGb: 32 },
  { sku: 'Standard_D16ds_v4', tier: 'GeneralPurpose', vCores: 16, memoryGb: 64 },
];
const [, , d4, d8] = offers as [SkuOffer, SkuOffer, SkuOffer, SkuOffer];

const server = (name: string, more: Partial<ServerFacts> = {}): ServerFacts => ({
  name,
  id: `/servers/${name}`,
  location: 'eastus',
  sku: 'Standard_D4ds_v4',
  tier: 'GeneralPurpose',
  storageGb: 256,
  state: 'Ready',
  role: 'Primary',
  highAvailability: 'Disabled',
  version: '17',
  maxConnections: 1718,
  maxConnectionsSource: 'user-override',
  pending: [],
  locks: [],
  longTransactions: [],
  unloggedTables: [],
  logicalSlots: [],
  ...more,
});
const replica = (name: string, more: Partial<ServerFacts> = {}): ServerFacts =>
  server(name, { role: 'AsyncReplica', replayLagBytes: 0, ...more });
const facts = (more: Partial<DatabaseFacts> = {}): DatabaseFacts => ({
  resourceGroup: 'rg',
  primary: server('main'),
  replicas: [],
  offers,
  backup: { newestCompletedAt: '2026-01-01T00:00:00Z', newestAgeHours: 5, earliestRestoreDate: '2025-12-30T00:00:00Z' },
  builtInPooler: false,
  ...more,
});
const wanted = (input: object): DatabaseSkuUpgradeInput =>
  databaseSkuUpgradeInput.parse({ requestedBy: 'someone', ...input });
const topology = topologySchema.parse({
  environment: 'test',
  azure: { resourceGroup: 'rg' },
  postgres: {
    primary: 'main',
    database: 'app',
    applicationRole: 'app',
    clients: [
      { name: 'impatient', connectTimeoutSeconds: 5 },
      { name: 'patient', connectTimeoutSeconds: 120, livenessToleranceSeconds: 90 },
    ],
  },
  approval: {},
});

describe('max_connections', () => {
  it.each([
    [8, 859],
    [16, 1718],
    [32, 3437],
    [64, 5000],
    [432, 5000],
  ])('of %i GiB is %i by default', (memory, connections) => expect(defaultConnectionsFor(memory)).toBe(connections));

  it.each([
    ['the default follows up', 1718, d4, d8, 3437],
    ['the default follows down', 3437, d8, d4, 1718],
    ['a chosen value stays', 2000, d8, d4, 2000],
  ])('%s', (_name, current, from, to, after) => expect(connectionsAfter(current, from, to)).toBe(after));
});

it.each([
  [d4, d8, 'up'],
  [d8, d4, 'down'],
  [d4, d4, 'same'],
  [d4, { ...d4, memoryGb: 32 }, 'up'],
] as const)('direction by cores, then memory', (from, to, direction) => expect(directionOf(from, to)).toBe(direction));

describe('the order of compute steps', () => {
  const order = (input: object, given: DatabaseFacts): string[] =>
    computeSteps(wanted(input), given).map(
      (step) => `${step.server.name}: ${showCompute(step.from)} → ${showCompute(step.to)}`,
    );

  it('up: replicas first', () =>
    expect(order({ sku: 'Standard_D8ds_v4' }, facts({ replicas: [replica('one'), replica('two')] }))).toEqual([
      'one: D4ds_v4, max_connections 1718 → D8ds_v4, max_connections 3437',
      'two: D4ds_v4, max_connections 1718 → D8ds_v4, max_connections 3437',
      'main: D4ds_v4, max_connections 1718 → D8ds_v4, max_connections 3437',
    ]));

  it('down: the primary first', () =>
    expect(order({ sku: 'Standard_D2ds_v4' }, facts({ replicas: [replica('one')] }))).toEqual([
      'main: D4ds_v4, max_connections 1718 → D2ds_v4, max_connections 859',
      'one: D4ds_v4, max_connections 1718 → D2ds_v4, max_connections 859',
    ]));

  it('up: a replica that is as large already stays', () =>
    expect(
      order(
        { sku: 'Standard_D8ds_v4' },
        facts({ replicas: [replica('big', { sku: 'Standard_D16ds_v4', maxConnections: 5000 })] }),
      ),
    ).toEqual(['main: D4ds_v4, max_connections 1718 → D8ds_v4, max_connections 3437']));

  it('down: a replica that was sized on purpose stays', () =>
    expect(
      order(
        { sku: 'Standard_D2ds_v4' },
        facts({ replicas: [replica('big', { sku: 'Standard_D8ds_v4', maxConnections: 3437 })] }),
      ),
    ).toEqual(['main: D4ds_v4, max_connections 1718 → D2ds_v4, max_connections 859']));

  it("a replica's max_connections is never below the primary's", () =>
    expect(
      order(
        { sku: 'Standard_D8ds_v4' },
        facts({
          primary: server('main', { maxConnections: 4000 }),
          replicas: [replica('one', { maxConnections: 4000 })],
        }),
      ),
    ).toEqual([
      'one: D4ds_v4, max_connections 4000 → D8ds_v4, max_connections 4000',
      'main: D4ds_v4, max_connections 4000 → D8ds_v4, max_connections 4000',
    ]));

  it('nothing where the size is so already', () => expect(order({ sku: 'Standard_D4ds_v4' }, facts())).toEqual([]));
});

it('storage grows on replicas first, and only where it is smaller', () =>
  expect(
    storageSteps(
      wanted({ storageGb: 512 }),
      facts({ replicas: [replica('one'), replica('big', { storageGb: 1024 })] }),
    ).map((step) => [step.server.name, step.fromGb, step.toGb]),
  ).toEqual([
    ['one', 256, 512],
    ['main', 256, 512],
  ]));

it.each<[string, Patience, string[]]>([
  ['as deployPgbouncer makes it', { queryWaitTimeoutSeconds: 120, serverLoginRetrySeconds: 1 }, []],
  ['just long enough', { queryWaitTimeoutSeconds: 60, serverLoginRetrySeconds: 0.1 }, []],
  ['too short', { queryWaitTimeoutSeconds: 59, serverLoginRetrySeconds: 1 }, ['gives up']],
  ['for ever', { queryWaitTimeoutSeconds: 0, serverLoginRetrySeconds: 1 }, []],
  ['tried late', { queryWaitTimeoutSeconds: 120, serverLoginRetrySeconds: 15 }, ['turns away']],
  ['both', { queryWaitTimeoutSeconds: 10, serverLoginRetrySeconds: 2 }, ['gives up', 'turns away']],
])('a pooler in a stall of a minute, %s', (_name, settings, misfits) =>
  expect(poolerMisfits(settings, 60)).toEqual(misfits),
);

describe('a pooler of ours over a restart', () => {
  const patience = (queryWaitTimeoutSeconds: number, serverLoginRetrySeconds: number): Patience => ({
    queryWaitTimeoutSeconds,
    serverLoginRetrySeconds,
  });
  const behind = (configured?: Patience, more: Partial<DatabaseFacts> = {}) =>
    facts({ pooler: { namespace: 'prod', name: 'pgbouncer', pods: [], ...(configured && { configured }) }, ...more });
  const up = { sku: 'Standard_D8ds_v4' };

  it.each<[string, object, DatabaseFacts, Patience | undefined]>([
    ['fits', up, behind(patience(120, 1)), undefined],
    ['gives up too early', up, behind(patience(30, 1)), patience(75, 1)],
    ['turns away for long', up, behind(patience(120, 15)), patience(120, 1)],
    ['does both', up, behind(patience(30, 15)), patience(75, 1)],
    ['waits for ever, and turns away', up, behind(patience(0, 15)), patience(0, 1)],
    [
      'gives up before a server with high availability is back',
      up,
      behind(patience(120, 1), { primary: server('main', { highAvailability: 'ZoneRedundant' }) }),
      patience(615, 1),
    ],
    ['is not ours to configure', up, behind(), undefined],
    ['where nothing restarts', { storageGb: 512 }, behind(patience(30, 15)), undefined],
  ])('that %s', (_name, input, given, to) => expect(patienceFor(wanted(input), given)?.to).toEqual(to));
});

describe('findings', () => {
  const up = { sku: 'Standard_D8ds_v4' };
  const found = (input: object, given: Partial<DatabaseFacts> = {}): string[] =>
    findings(wanted(input), facts(given), topology)
      .filter(({ level }) => level !== 'ok')
      .map(({ level, code }) => `${level} ${code}`);

  it('every check answers, with the one warning that the impatient client deserves', () => {
    const all = findings(wanted(up), facts(), topology);
    expect(all.filter(({ level }) => level !== 'ok').map(({ message }) => message)).toEqual([
      'impatient waits 5 s for a connection; the stall may last 60 s',
    ]);
    expect(all.length).toBeGreaterThan(15);
  });

  it.each<[string, object, Partial<DatabaseFacts>, string]>([
    ['an unknown size', { sku: 'Standard_D9ds_v4' }, {}, 'SkuUnavailable'],
    ['a present size that is not listed', up, { primary: server('main', { sku: 'Standard_D9s_v1' }) }, 'SkuUnknown'],
    [
      'max_connections that waits for a restart',
      up,
      { primary: server('main', { pending: [{ name: 'max_connections', value: '900' }] }) },
      'ConnectionsPending',
    ],
    ["a tier that is not the size's", { ...up, tier: 'MemoryOptimized' }, {}, 'TierMismatch'],
    ['Burstable with replicas', { sku: 'Standard_B2s' }, { replicas: [replica('one')] }, 'BurstableWithReplicas'],
    [
      'Burstable with high availability',
      { sku: 'Standard_B2s' },
      { primary: server('main', { highAvailability: 'ZoneRedundant' }) },
      'BurstableWithHighAvailability',
    ],
    ['smaller storage', { storageGb: 128 }, {}, 'StorageShrinks'],
    ['no size of storage', { storageGb: 300 }, {}, 'StorageSizeUnavailable'],
    ['a replica by name', up, { primary: replica('main') }, 'NotAPrimary'],
    ['a server that is updating', up, { replicas: [replica('one', { state: 'Updating' })] }, 'ServerNotReady'],
    [
      'a read-only lock',
      up,
      { primary: server('main', { locks: [{ name: 'freeze', level: 'ReadOnly', scope: 'rg' }] }) },
      'ResourceLocked',
    ],
    ['a replica that is behind', up, { replicas: [replica('one', { replayLagBytes: 2_000_000 })] }, 'ReplicaBehind'],
    [
      'a replica that does not stream',
      up,
      { replicas: [replica('one', { replayLagBytes: null })] },
      'ReplicaNotStreaming',
    ],
    ['no backup', up, { backup: { earliestRestoreDate: 'x' } }, 'NoBackup'],
    ['an old backup', up, { backup: { newestAgeHours: 27, earliestRestoreDate: 'x' } }, 'BackupTooOld'],
    ['no restore point', up, { backup: { newestAgeHours: 1 } }, 'NoRestorePoint'],
    ['unlogged tables', up, { primary: server('main', { unloggedTables: ['public.cache'] }) }, 'UnloggedTables'],
    ['logical slots', up, { primary: server('main', { logicalSlots: ['cdc'] }) }, 'LogicalSlots'],
  ])('refuses %s', (_name, input, given, code) => expect(found(input, given)).toContain(`refusal ${code}`));

  it.each<[string, object, Partial<DatabaseFacts>]>([
    [
      'a CanNotDelete lock',
      up,
      { primary: server('main', { locks: [{ name: 'keep', level: 'CanNotDelete', scope: 'rg' }] }) },
    ],
    [
      'unlogged tables that are named',
      { ...up, acceptLoss: { unloggedTables: ['public.cache'] } },
      { primary: server('main', { unloggedTables: ['public.cache'] }) },
    ],
    [
      'unlogged tables where nothing restarts',
      { storageGb: 512 },
      { primary: server('main', { unloggedTables: ['public.cache'] }) },
    ],
  ])('does not refuse %s', (_name, input, given) =>
    expect(found(input, given).filter((line) => line.startsWith('refusal'))).toEqual([]),
  );

  it('names every reason at once', () =>
    expect(
      found({ sku: 'Standard_D9ds_v4', storageGb: 128 }, { backup: {} }).filter((line) => line.startsWith('refusal')),
    ).toEqual(['refusal SkuUnavailable', 'refusal StorageShrinks', 'refusal NoBackup', 'refusal NoRestorePoint']));

  const fitting = { pod: 'a', queryWaitTimeoutSeconds: 120, serverLoginRetrySeconds: 1 };
  const pooler = (...pods: PoolerPodFacts[]) => ({ pooler: { namespace: 'prod', name: 'pgbouncer', pods } });
  it.each<[string, object, Partial<DatabaseFacts>, string[]]>([
    ['that fits', up, pooler(fitting, { ...fitting, pod: 'b' }), ['BehindPooler']],
    ['that is not there', up, pooler(), []],
    ['where nothing restarts', { storageGb: 512 }, pooler(fitting), []],
    [
      'one pod of which gives up',
      up,
      pooler(fitting, { ...fitting, pod: 'b', queryWaitTimeoutSeconds: 30 }),
      ['BehindPooler', 'PoolerGivesUp'],
    ],
    ['that turns away', up, pooler({ ...fitting, serverLoginRetrySeconds: 15 }), ['BehindPooler', 'PoolerTurnsAway']],
    [
      'whose stall is longer',
      up,
      { ...pooler(fitting), primary: server('main', { highAvailability: 'ZoneRedundant' }) },
      ['HighAvailability', 'BehindPooler', 'PoolerGivesUp'],
    ],
    [
      'one pod of which does not answer',
      up,
      pooler(fitting, { pod: 'b', problem: 'no' }),
      ['PoolerUnseen', 'BehindPooler'],
    ],
    ['no pod of which answers', up, pooler({ pod: 'b', problem: 'no' }), ['PoolerUnseen']],
    [
      'that cannot be found where nothing restarts',
      { storageGb: 512 },
      { pooler: { ...pooler().pooler, problem: 'no' } },
      [],
    ],
    ['that cannot be found', up, { pooler: { ...pooler().pooler, problem: 'no' } }, ['PoolerUnseen']],
  ])('warns of a pooler %s', (_name, input, given, codes) =>
    expect(found(input, given).filter((line) => !line.endsWith('ClientIntolerant'))).toEqual(
      codes.map((code) => `warning ${code}`),
    ),
  );

  it.each<[string, number[], string]>([
    ['the shortest wait', [120, 30], 'clients wait at most 30 s, and'],
    ['no end of the wait', [0, 0], 'clients wait, and'],
    ['an end of it in one pod', [0, 90], 'clients wait at most 90 s, and'],
  ])('tells %s', (_name, waits, words) => {
    const pods = waits.map((queryWaitTimeoutSeconds) => ({ ...fitting, queryWaitTimeoutSeconds }));
    const all = findings(wanted(up), facts(pooler(...pods)), topology);
    expect(all.find(({ code }) => code === 'BehindPooler')!.message).toContain(words);
  });

  it('warns of what a restart does to others', () =>
    expect(
      found(up, {
        primary: server('main', {
          longTransactions: [{ pid: 4411, ageSeconds: 400, application: 'report' }],
          pending: [{ name: 'wal_buffers', value: '2048' }],
          highAvailability: 'ZoneRedundant',
        }),
      }),
    ).toEqual([
      'warning LongTransactions',
      'warning PendingParameters',
      'warning HighAvailability',
      'warning ClientIntolerant',
      'warning ClientIntolerant',
    ]));
});
