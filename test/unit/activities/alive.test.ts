/** A long wait ends when the activity is another attempt's. */
import { type Alive, inSlices } from '../../../activities/alive';

test('a wait of many seconds is given up within one of them', async () => {
  const slices: number[] = [];
  const alive: Alive = {
    identity: {} as Alive['identity'],
    isOurs: () => slices.length < 3,
    assertAwake() {
      throw new Error('stood still');
    },
  };
  const sleep = (ms: number) => Promise.resolve(slices.push(ms));
  await expect(inSlices(60_000, alive, sleep)).rejects.toThrow('stood still');
  expect(slices).toEqual([1000, 1000, 1000]);
});

test('a wait that stays this attempt’s is as long as it is meant to be', async () => {
  const slices: number[] = [];
  const alive: Alive = { identity: {} as Alive['identity'], isOurs: () => true, assertAwake: () => undefined };
  await inSlices(2500, alive, (ms) => Promise.resolve(slices.push(ms)));
  expect(slices).toEqual([1000, 1000, 500]);
});
