/** The decisions of redisScale, as tables: what it does, what has a way back, what stands in the way, what a soak may show. */
import type { CacheFacts, CacheReading, CacheShape } from '../../../activities/caches/contract';
import { redisScaleInput, type RedisScaleInput } from '../../../catalogue';
import { markerMustStay, roomFor } from '../../../workflows/redis-scale/decisions';
import { findings, settled } from '../../../workflows/redis-scale/findings';
import { definition } from '../../../workflows/redis-scale/workflow';
import { topologyWith } from './support/topology';

const topology = topologyWith();
const megabyte = 1024 * 1024;
/** A C3 of a lab whose memory is divided by 64. */
const live: CacheReading = {
  ...{ runId: 'one', usedMemoryBytes: 20 * megabyte, maxMemoryBytes: 76 * megabyte, clients: 12 },
  ...{ evictedKeys: 0, hits: 900, misses: 100 },
};
const reserving = (maxmemory: number, fragmentation = maxmemory) => ({ maxmemory, fragmentation });
const shape = (words: string, more: Partial<CacheShape> = {}): CacheShape => {
  const [tier, size] = words.split(' ') as [CacheShape['tier'], string];
  return { tier, size, reserved: reserving(tier === 'Basic' || size === 'C1' ? 107 : 642), ...more };
};
const facts = (of = shape('Standard C3'), more: Partial<CacheFacts> = {}): CacheFacts => ({
  ...{ resourceGroup: 'group', name: 'cache-1', location: 'eastus', state: 'Ready', shape: of },
  ...{ evictionPolicy: 'volatile-lru', persistence: { rdb: false, aof: false } },
  ...{ linked: [], locks: [], live, marker: 'durable-runbooks:marker:<run>' },
  ...more,
});
const input = (more: object): RedisScaleInput => redisScaleInput.parse({ requestedBy: 'a@example.com', ...more });
const used = (megabytes: number): Partial<CacheFacts> => ({
  live: { ...live, usedMemoryBytes: megabytes * megabyte },
});

describe('steps', () => {
  test.each<[string, object, CacheFacts, string[]]>([
    [
      "the guide's: Premium P3",
      { tier: 'Premium', size: 'P3' },
      facts(),
      ['scale cache-1: Standard C3, 642 + 642 MB reserved → Premium P3, 2782 + 2782 MB reserved, irreversible, 1200 s'],
    ],
    [
      'up in the same tier, with as large a share reserved as before',
      { size: 'C4' },
      facts(shape('Standard C3', { reserved: reserving(1284, 642) })),
      ['scale cache-1: Standard C3, 1284 + 642 MB reserved → Standard C4, 2782 + 1391 MB reserved, reversible, 1200 s'],
    ],
    ['nothing to do', { tier: 'Standard', size: 'C3' }, facts(), []],
    [
      'down, and all fits',
      { size: 'C1' },
      facts(undefined, used(5)),
      ['scale cache-1: Standard C3, 642 + 642 MB reserved → Standard C1, 107 + 107 MB reserved, reversible, 1200 s'],
    ],
    [
      'down, and not all fits',
      { size: 'C1' },
      facts(),
      ['scale cache-1: Standard C3, 642 + 642 MB reserved → Standard C1, 107 + 107 MB reserved, lossy, 1200 s'],
    ],
    [
      'a Basic cache of another size',
      { size: 'C2' },
      facts(shape('Basic C1')),
      ['scale cache-1: Basic C1 → Basic C2, lossy, 1200 s'],
    ],
    [
      'memory alone',
      { maxmemoryReservedMb: 1000 },
      facts(),
      [
        'reserve memory of cache-1: Standard C3, 642 + 642 MB reserved → Standard C3, 1000 + 642 MB reserved, reversible, 60 s',
      ],
    ],
    [
      'tier and shards: one after the other, twenty minutes a shard',
      { tier: 'Premium', size: 'P1', shards: 3 },
      facts(),
      [
        'scale cache-1: Standard C3, 642 + 642 MB reserved → Premium P1, 642 + 642 MB reserved, irreversible, 1200 s',
        'shard cache-1: no cluster → 3 shards, irreversible, 3600 s',
      ],
    ],
    [
      'a smaller size and more shards: these first, or the data had no room between the two',
      { size: 'P1', shards: 3 },
      facts(shape('Premium P2', { shards: 1 }), used(50)),
      [
        'shard cache-1: 1 shard → 3 shards, reversible, 3600 s',
        'scale cache-1: Premium P2, 642 + 642 MB reserved → Premium P1, 642 + 642 MB reserved, reversible, 3600 s',
      ],
    ],
    [
      'fewer shards',
      { shards: 2 },
      facts(shape('Premium P1', { shards: 4 })),
      ['shard cache-1: 4 shards → 2 shards, reversible, 4800 s'],
    ],
  ])('%s', (_what, wanted, given, expected) => {
    const steps = definition.steps(input(wanted), given, topology);
    const words = steps.map(
      ({ name, from, to, reversibility, expectedSeconds }) =>
        `${name}: ${from} → ${to}, ${reversibility}, ${expectedSeconds} s`,
    );
    expect(words).toEqual(expected);
    expect(steps.every(({ undo, reversibility }) => !undo === (reversibility === 'irreversible'))).toBe(true);
  });

  test('the plan says what is lost, which key is written, and what clients notice', () => {
    const [up] = definition.steps(input({ tier: 'Premium', size: 'P3' }), facts(), topology);
    expect(up).toMatchObject({
      detail:
        'there is no way back to Standard; then 2782 MB and, for fragmentation, 2782 MB reserved again; marker durable-runbooks:marker:<run>',
      impact: 'all: connections break, ≤ 60 s',
    });
    const [basic] = definition.steps(input({ size: 'C2' }), facts(shape('Basic C1')), topology);
    expect(basic).toMatchObject({
      detail: expect.stringContaining('all data is lost') as string,
      impact: 'all: the cache is gone until it is scaled',
    });
  });

  test('what it costs more an hour', () => {
    const redis = { cache: 'cache-1', markerPrefix: 'x:', costPerHour: { 'Standard C3': 0.25, 'Premium P3': 2.25 } };
    const cost = (wanted: object) => definition.costChangePerHour!(input(wanted), facts(), { ...topology, redis });
    expect(cost({ tier: 'Premium', size: 'P3' })).toBe(2);
    expect(cost({ tier: 'Premium', size: 'P3', shards: 2 })).toBe(4.25);
    expect(cost({ size: 'C4' })).toBeUndefined();
  });
});

test('room for data is measured by the live server, not by the table', () => {
  expect(roomFor(shape('Standard C3'), facts())).toBeCloseTo(live.maxMemoryBytes, 0);
  // 1 GB less its reserved 107 and 107, as 6 GB less 642 and 642.
  expect(roomFor(shape('Standard C1'), facts())! / megabyte).toBeCloseTo(76 / 6, 1);
  expect(roomFor(shape('Premium P1', { shards: 2 }), facts())).toBeCloseTo(2 * live.maxMemoryBytes, 0);
  expect(roomFor(shape('Standard C1'), facts(undefined, { live: { ...live, maxMemoryBytes: 0 } }))).toBeUndefined();
});

test.each<[string, CacheShape, CacheShape, Partial<CacheFacts>, boolean]>([
  ['up', shape('Standard C3'), shape('Premium P3'), {}, true],
  ['down, and it fits', shape('Standard C3'), shape('Standard C1'), used(5), true],
  ['down, and it does not', shape('Standard C3'), shape('Standard C1'), {}, false],
  ['back down, and it would not', shape('Standard C1'), shape('Standard C3'), {}, false],
  ['full before', shape('Standard C3'), shape('Premium P3'), used(70), false],
  ['Basic, another size', shape('Basic C1'), shape('Basic C2'), used(1), false],
])('the marker %s: must stay or may go', (_what, from, to, more, expected) => {
  expect(markerMustStay(from, to, facts(undefined, more))).toBe(expected);
});

const lock = (level: string) => ({ name: 'keep', level, scope: '/caches/cache-1' });

test.each<[string, object, CacheFacts, string[]]>([
  ['nothing wrong', { tier: 'Premium', size: 'P3' }, facts(), []],
  ['busy', { size: 'C4' }, facts(undefined, { state: 'Scaling', live: undefined as never }), ['CacheNotReady cache']],
  ['a size of another tier', { tier: 'Premium', size: 'C3' }, facts(), ['SizeUnavailable size']],
  ['a tier alone', { tier: 'Premium' }, facts(), ['SizeUnavailable size']],
  ['Premium → Standard', { tier: 'Standard', size: 'C3' }, facts(shape('Premium P1')), ['WayRefused tier']],
  ['Standard → Basic', { tier: 'Basic' }, facts(), ['WayRefused tier']],
  ['Basic → Premium', { tier: 'Premium', size: 'P1' }, facts(shape('Basic C3')), ['WayRefused tier']],
  ['Basic → Standard of another size', { tier: 'Standard', size: 'C4' }, facts(shape('Basic C3')), ['WayRefused tier']],
  ['anything → C0', { size: 'C0' }, facts(undefined, used(0.1)), ['WayRefused size']],
  ['shards of a Standard cache', { shards: 2 }, facts(), ['ShardsNeedPremium shards']],
  [
    'too little reserved',
    { size: 'C4', maxmemoryReservedMb: 642 },
    facts(),
    ['ReservedOutOfRange maxmemoryReservedMb'],
  ],
  ['too much reserved', { maxmemoryReservedMb: 4000 }, facts(), ['ReservedOutOfRange maxmemoryReservedMb']],
  [
    'reserved on Basic',
    { maxmemoryReservedMb: 300 },
    facts(shape('Basic C1')),
    ['ReservedNotAllowed maxmemoryReservedMb'],
  ],
  ['geo-replication', { size: 'C4' }, facts(undefined, { linked: ['/caches/other'] }), ['GeoReplicated cache']],
  ['a lock', { size: 'C4' }, facts(undefined, { locks: [lock('ReadOnly')] }), ['ResourceLocked cache']],
  ['a lock that does not matter', { size: 'C4' }, facts(undefined, { locks: [lock('CanNotDelete')] }), []],
  ['a Basic cache loses all', { size: 'C2' }, facts(shape('Basic C1')), ['LosesEverything acceptLoss.everything']],
  ['and that is accepted', { size: 'C2', acceptLoss: { everything: true } }, facts(shape('Basic C1')), []],
  ['no room', { size: 'C1' }, facts(), ['DataDoesNotFit acceptLoss.evictions']],
  ['and that is accepted', { size: 'C1', acceptLoss: { evictions: true } }, facts(), []],
  [
    'too many clients',
    { size: 'C1' },
    facts(undefined, { live: { ...live, usedMemoryBytes: megabyte, clients: 1001 } }),
    ['TooManyClients size'],
  ],
])('refuses: %s', (_what, wanted, given, expected) => {
  const refusals = findings(input(wanted), given).filter(({ level }) => level === 'refusal');
  expect(refusals.map(({ code, field }) => `${code} ${field}`)).toEqual(expected);
});

test.each<[string, object, CacheFacts, string[]]>([
  ['that the service ends', { size: 'C4' }, facts(), ['Retires']],
  ['of a cluster', { shards: 2 }, facts(shape('Premium P1')), ['BecomesCluster', 'Retires']],
  [
    'of backups that no longer fit',
    { size: 'P1' },
    facts(shape('Premium P3'), { ...used(5), persistence: { rdb: true, aof: false } }),
    ['Persistence', 'Retires'],
  ],
  [
    'of evictions and few hits before',
    { size: 'C4' },
    facts(undefined, { live: { ...live, evictedKeys: 3, hits: 70, misses: 30 } }),
    ['Evicting', 'FewHits', 'Retires'],
  ],
  [
    'of evictions that were accepted',
    { size: 'C1', acceptLoss: { evictions: true } },
    facts(),
    ['DataEvicted', 'Retires'],
  ],
  [
    'of evictions on the way, which were accepted',
    { tier: 'Premium', size: 'P1', shards: 4, acceptLoss: { evictions: true } },
    facts(shape('Standard C5'), used(50)),
    ['BecomesCluster', 'DataEvicted', 'Retires'],
  ],
])('warns %s', (_what, wanted, given, expected) => {
  const warnings = findings(input(wanted), given).filter(({ level }) => level === 'warning');
  expect(warnings.map(({ code }) => code)).toEqual(expected);
});

describe('the soak', () => {
  const since = (more: Partial<CacheReading>, runId = 'two') =>
    facts(undefined, { live: { ...live, runId, evictedKeys: 0, ...more } });
  test.each<[string, object, CacheFacts, CacheFacts, string[], string]>([
    ['as good as before', {}, facts(), since({ hits: 95, misses: 5 }), [], '95 % of the reads hit, 0 keys evicted'],
    [
      'evictions',
      {},
      facts(),
      since({ evictedKeys: 4 }),
      ['4 keys were evicted since the change, none before'],
      '4 keys',
    ],
    [
      'evictions, as before',
      {},
      facts(undefined, { live: { ...live, evictedKeys: 9 } }),
      since({ evictedKeys: 4 }),
      [],
      '4 keys',
    ],
    [
      'evictions that were accepted',
      { acceptLoss: { evictions: true } },
      facts(),
      since({ evictedKeys: 4 }),
      [],
      '4 keys',
    ],
    [
      'far fewer hits',
      {},
      facts(),
      since({ hits: 60, misses: 40 }),
      ['60 % of the reads hit since the change, 90 % before'],
      '60 %',
    ],
    ['few reads', {}, facts(), since({ hits: 1, misses: 9 }), [], 'too few reads'],
    [
      'the same server: only what is new counts',
      {},
      facts(),
      since({ hits: 1900, misses: 150, evictedKeys: 1 }, 'one'),
      ['1 keys were evicted since the change, none before'],
      '95 %',
    ],
  ])('%s', (_what, wanted, before, after, problems, evidence) => {
    const found = settled(input({ size: 'C4', ...wanted }), before, after);
    expect(found.problems).toEqual(problems);
    expect(found.evidence.join()).toContain(evidence);
    expect(found.drifted).toBeUndefined();
  });

  test('a cache that is not ready after it: an operator is asked', () => {
    const { live: _, ...after } = facts(undefined, { state: 'Failed' });
    expect(settled(input({ size: 'C4' }), facts(), after).drifted).toEqual(['Azure says Failed, not Ready']);
  });
});

test.each([
  ['nothing asked for', {}],
  ['no such size', { size: 'C7' }],
  ['31 shards', { shards: 31 }],
  ['a wildcard', { size: 'C4', cache: '*' }],
  ['a field that there is not', { size: 'C4', vmSize: 'P3' }],
])('bad input: %s', (_what, wanted) => {
  expect(() => input(wanted)).toThrow();
});
