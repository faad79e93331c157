/** Which masters are to have which slots, as tables, and as properties over any layout. */
import fc from 'fast-check';
import { balanced, movedBetween, partitionOf, type Shard } from '../../../../activities/redis/cluster/balance';
import { rangesOf, sizeOf, slotCount, type SlotRange, slotsOf } from '../../../../activities/redis/cluster/slots';
import {
  comingBytes,
  type PlacedShard,
  showLayout,
  showMoved,
  targetOf,
} from '../../../../activities/resharding/layout';

const shards = (...slots: SlotRange[][]): Shard[] =>
  slots.map((ranges, index) => ({ ids: [`${index}`], slots: ranges }));
const three: SlotRange[][] = [[[0, 5460]], [[5461, 10_921]], [[10_922, 16_383]]];

test.each<[string, SlotRange[][], number[], SlotRange[][]]>([
  [
    'a fourth gets the last of each',
    [...three, []],
    [0, 1, 2, 3],
    [
      [[0, 4095]],
      [[5461, 9556]],
      [[10_922, 15_017]],
      [
        [4096, 5460],
        [9557, 10_921],
        [15_018, 16_383],
      ],
    ],
  ],
  [
    'one that leaves gives all',
    [[[0, 8191]], [[8192, 16_382]], [[16_383, 16_383]]],
    [0, 1],
    [[[0, 8191]], [[8192, 16_383]], []],
  ],
  ['equal shares stay', three, [0, 1, 2], three],
])('%s', (_name, before, staying, after) => {
  const all = shards(...before);
  const balance = balanced(all, (shard) => staying.includes(all.indexOf(shard)));
  expect(balance.map(({ slots }) => slots)).toEqual(after);
});

/** Every slot with one of so many. */
const layout = fc
  .record({
    masters: fc.integer({ min: 1, max: 8 }),
    cuts: fc.array(fc.nat(slotCount - 1), { maxLength: 20 }),
    owners: fc.array(fc.nat(7), { minLength: 21, maxLength: 21 }),
  })
  .map(({ masters, cuts, owners }) => {
    const slots: number[][] = Array.from({ length: masters }, () => []);
    const sorted = [...new Set(cuts)].sort((a, b) => a - b);
    for (let slot = 0; slot < slotCount; slot++) {
      slots[owners[sorted.filter((cut) => cut <= slot).length]! % masters]!.push(slot);
    }
    return shards(...slots.map(rangesOf));
  });

test('whatever there was: each slot once, equal shares to within one, as few moves as possible, and nothing more to do', () => {
  fc.assert(
    fc.property(layout, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (before, stay) => {
      const staying = before.filter((_, index) => stay[index] || index === 0);
      const after = balanced(before, (shard) => staying.includes(shard));
      expect(after.flatMap(({ slots }) => slotsOf(slots)).sort((a, b) => a - b)).toEqual(
        Array.from({ length: slotCount }, (_, slot) => slot),
      );
      const sizes = after.filter((_, index) => staying.includes(before[index]!)).map(({ slots }) => sizeOf(slots));
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const surplus = before.map(({ slots }, index) => Math.max(0, sizeOf(slots) - sizeOf(after[index]!.slots)));
      expect(movedBetween(before, after)).toBe(surplus.reduce((sum, one) => sum + one, 0));
      const again = balanced(after, (shard) => staying.includes(before[after.indexOf(shard)]!));
      expect(movedBetween(after, again)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

const placed = (...sizes: [ordinal: number, first: number, last: number][]): PlacedShard[] =>
  sizes.map(([ordinal, first, last]) => ({
    ...{ ids: [`node-${ordinal}`], ordinal, slots: first > last ? [] : [[first, last] as SlotRange] },
  }));
const four = placed([0, 0, 4095], [1, 4096, 8191], [2, 8192, 12_287], [6, 12_288, 16_383]);

test.each<[string, PlacedShard[], number, number, number[] | undefined]>([
  ['masters that are not there yet', four, 5, 10, [3277, 3277, 3277, 3277, 3276]],
  ['the pods with the highest numbers leave', four, 3, 6, [5462, 5461, 5461, 0]],
  [
    'all masters would stay, and one gives its slots away',
    four.map((one, index) => ({ ...one, ordinal: index })),
    3,
    6,
    [5462, 5461, 5461, 0],
  ],
  ['an empty master that is there', [...four, ...placed([7, 1, 0])], 5, 10, [3277, 3277, 3277, 3277, 3276]],
  [
    'too few of those that stay are masters',
    four.map((one, index) => ({ ...one, ordinal: index + 4 })),
    3,
    6,
    undefined,
  ],
])('%s', (_name, shardsNow, masters, pods, sizes) => {
  const { after } = targetOf(shardsNow, masters, pods);
  expect(after?.map(({ slots }) => sizeOf(slots))).toEqual(sizes);
});

test('words tell layouts apart by which slots are together, not by who has them', () => {
  expect(showLayout(four)).toMatch(/^4 masters with 4096, 4096, 4096, 4096 slots \([0-9a-f]{8}\)$/);
  const other = four.map((one, index) => ({ ...one, slots: four[(index + 1) % 4]!.slots }));
  expect(partitionOf(other)).toEqual(partitionOf(four));
  expect(showLayout(other)).toBe(showLayout(four));
  expect(showLayout(targetOf(four, 3, 6).after!)).not.toBe(showLayout(four));
});

test.each([
  [{ slots: 4096, byServers: 0, keys: 250 }, '4096 slots with 250 keys moved in 6.8 s'],
  [{ slots: 2367, byServers: 0, keys: 120 }, '2367 slots with 120 keys moved in 6.8 s; 1729 were there already'],
  [{ slots: 4096, byServers: 4096, keys: 0 }, '4096 slots moved, 4096 of them by the servers themselves in 6.8 s'],
])('of 4,096 slots %j: %s', (moved, said) => {
  expect(showMoved(moved, { seconds: 6.8, ofSlots: 4096 })).toBe(said);
});

test('keys that come are reckoned by what a slot of their master takes', () => {
  const { before, after } = targetOf(four, 3, 6);
  const coming = comingBytes(before, after!, [0, 0, 0, 4096]);
  expect(coming).toEqual([1366, 1365, 1365, 0]);
});
