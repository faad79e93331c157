/**
 * Goal: what Azure refuses of a cache's new shape, and what a request comes to.
 * Method: tables over the pure rules.
 */
import { cacheBody } from '../../lab/azure/caches/body';
import type { RedisCache } from '../../lab/azure/caches/record';
import { firstConfiguration, planCacheUpdate } from '../../lab/azure/caches/rules';
import { settingsOf } from '../../lab/azure/caches/sizes';

const sku = (words: string) => {
  const [, name, family, capacity] = /^(\w+) ([CP])(\d)$/.exec(words) ?? [];
  return { name, family, capacity: Number(capacity) } as RedisCache['sku'];
};
const cache = (size: string, more: Partial<RedisCache> = {}): RedisCache => ({
  ...{ name: 'cache', location: 'westus', tags: {}, sku: sku(size), enableNonSslPort: false },
  ...{ publicNetworkAccess: 'Enabled', configuration: firstConfiguration(sku(size)) },
  ...{ keys: { primary: 'one', secondary: 'two' }, hostName: 'cache', linkedServers: [] },
  ...more,
});
const plan = (from: RedisCache, properties: object) => planCacheUpdate(from, cacheBody.parse({ properties }));

test.each([
  ['Standard C3', 'Premium P3'],
  ['Standard C3', 'Standard C1'],
  ['Standard C0', 'Standard C1'],
  ['Basic C1', 'Standard C1'],
  ['Basic C1', 'Basic C6'],
  ['Premium P3', 'Premium P1'],
])('%s → %s is a scale', (from, to) => {
  expect(plan(cache(from), { sku: sku(to) })).toMatchObject({ scale: true, cache: { sku: sku(to) } });
});

test.each([
  ['Premium P3', 'Standard C3', "cannot be modified: 'properties.sku.family'"],
  ['Premium P3', 'Basic C3', "cannot be modified: 'properties.sku.family'"],
  ['Standard C3', 'Basic C3', "cannot be modified: 'properties.sku.name'"],
  ['Basic C3', 'Premium P3', 'SkuFamilyNotSupportedException'],
  ['Basic C1', 'Standard C2', "'properties.sku.name,properties.sku.capacity'"],
  ['Standard C1', 'Standard C0', "cannot be modified: 'properties.sku.capacity'"],
  ['Standard C1', 'Premium P6', 'SkuFamilyNotSupportedException'],
  ['Standard C1', 'Standard P1', 'SkuFamilyNotSupportedException'],
])('%s → %s is refused', (from, to, words) => {
  expect(() => plan(cache(from), { sku: sku(to) })).toThrow(words);
});

test.each([
  [
    'tier and shards at once',
    cache('Standard C3'),
    { sku: sku('Premium P3'), shardCount: 2 },
    'only supported for the Premium',
  ],
  [
    'size and shards at once',
    cache('Premium P1'),
    { sku: sku('Premium P3'), shardCount: 2 },
    "'properties.sku,properties.shardCount'",
  ],
  ['shards of a Standard cache', cache('Standard C3'), { shardCount: 2 }, 'only supported for the Premium'],
  ['31 shards', cache('Premium P1'), { shardCount: 31 }, '1 to 30'],
  ['a linked cache', cache('Premium P1', { linkedServers: ['/other'] }), { sku: sku('Premium P2') }, 'linked servers'],
  ['no number of MB', cache('Premium P1'), { redisConfiguration: { 'maxmemory-reserved': 'much' } }, 'a number of MB'],
])('%s: refused', (_what, from, properties, words) => {
  expect(() => plan(from, properties)).toThrow(words);
});

test('what is asked for and is so already needs no operation, in any spelling and with all that az sends', () => {
  const from = cache('Premium P1');
  const same = {
    sku: { name: 'premium', family: 'p', capacity: 1 },
    redisConfiguration: { ...from.configuration, maxclients: '7500' },
  };
  expect(plan(from, same)).toMatchObject({ scale: false, settings: false });
});

test.each([
  [
    'with a scale it is ignored',
    'Standard C3',
    { sku: sku('Premium P3'), redisConfiguration: { 'maxmemory-reserved': '9000' } },
    '2782',
  ],
  ['and what was is not carried along in proportion', 'Standard C3', { sku: sku('Standard C4') }, '1391'],
  ['by itself it is obeyed', 'Standard C3', { redisConfiguration: { 'maxmemory-reserved': '1200' } }, '1200'],
  ['at least a tenth', 'Standard C3', { redisConfiguration: { 'maxmemory-reserved': '1' } }, '642'],
  ['at most 60 %', 'Standard C3', { redisConfiguration: { 'maxmemory-reserved': '99999' } }, '3686'],
])('maxmemory-reserved: %s', (_what, from, properties, expected) => {
  const reserved = cache(from, { configuration: firstConfiguration(sku(from), { 'maxmemory-reserved': '1000' }) });
  expect(plan(reserved, properties).cache.configuration['maxmemory-reserved']).toBe(expected);
});

test('memory is what is not reserved, for each shard, divided by the factor', () => {
  const megabytes = (of: RedisCache) => settingsOf(of, 64).maxmemory / 1024 / 1024;
  expect(megabytes(cache('Standard C3'))).toBeCloseTo((6144 - 2 * 642) / 64, 4);
  expect(megabytes(cache('Premium P3', { shardCount: 3 }))).toBeCloseTo((3 * (26_624 - 2 * 2782)) / 64, 4);
});
