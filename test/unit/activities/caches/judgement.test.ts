/** Is a cache what it is to be? As a table over what ARM and the server say. */
import type { AzureCache } from '../../../../activities/azure/caches';
import type { CacheBefore, CacheReading, CacheShape } from '../../../../activities/caches/contract';
import { notYet } from '../../../../activities/caches/judgement';

const shape: CacheShape = { tier: 'Premium', size: 'P3', reserved: { maxmemory: 2782, fragmentation: 2782 } };
const azure: AzureCache = {
  ...{
    name: 'cache-1',
    id: '/cache-1',
    location: 'eastus',
    state: 'Ready',
    tier: 'Premium',
    size: 'P3',
    sku: 'Premium P3',
  },
  ...{
    host: 'host',
    tlsPort: 6380,
    configuration: { 'maxmemory-reserved': '2782', 'maxfragmentationmemory-reserved': '2782' },
    linked: [],
  },
};
const live: CacheReading = {
  ...{ runId: 'one', usedMemoryBytes: 1, maxMemoryBytes: 1000, clients: 1, evictedKeys: 0, hits: 0, misses: 0 },
};
const since: CacheBefore = {
  shape: { tier: 'Standard', size: 'C3', reserved: { maxmemory: 642, fragmentation: 642 } },
  maxMemoryBytes: 250,
  at: 0,
};
const smaller: CacheBefore = {
  ...since,
  shape: { tier: 'Premium', size: 'P4', reserved: { maxmemory: 5671, fragmentation: 5671 } },
};

test.each<[string, Partial<Parameters<typeof notYet>[0]>, Partial<AzureCache>, Partial<CacheReading>, string[]]>([
  ['all is so', {}, {}, {}, []],
  ['still scaling, and the target size shown already', {}, { state: 'Scaling' }, {}, ['ARM says Scaling']],
  ['another size', {}, { size: 'P2', sku: 'Premium P2' }, {}, ['ARM says Premium P2']],
  ['shards', {}, { shards: 2 }, {}, ['ARM says 2 shards']],
  ['reserved memory not set again', {}, { configuration: {} }, {}, ['ARM says 0 + 0 MB reserved']],
  [
    'a Basic cache has none',
    { wanted: { shape: { tier: 'Basic', size: 'C1', reserved: { maxmemory: 107, fragmentation: 107 } } } },
    { tier: 'Basic', size: 'C1', configuration: {} },
    {},
    [],
  ],
  ['larger, and the server is', { since }, {}, {}, []],
  ['larger, and the server is not', { since }, {}, { maxMemoryBytes: 250 }, ['the server still has 0 MiB for data']],
  ['smaller, and the server is', { since: { ...smaller, maxMemoryBytes: 2000 } }, {}, {}, []],
  ['smaller, and the server is not', { since: smaller }, {}, {}, ['the server still has 0 MiB for data']],
  ['back, and the server is as before', { wanted: { shape, maxMemoryBytes: 1010 } }, {}, {}, []],
  [
    'back, and the server is not',
    { wanted: { shape, maxMemoryBytes: 5 * 1024 ** 2 } },
    {},
    {},
    ['the server has 0 MiB for data, not 5 MiB'],
  ],
])('%s', (_what, request, arm, server, expected) => {
  expect(notYet({ wanted: { shape }, ...request }, { ...azure, ...arm }, { ...live, ...server })).toEqual(expected);
});
