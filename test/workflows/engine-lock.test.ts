/**
 * Many runs on the same targets at once: one after the other, none lost, none waiting for ever.
 */
import { Bench, reportOf, until } from './support/bench';
import { board } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

describe('the lock', () => {
  it('20 starts at once on one target: one after the other, none lost', async () => {
    const dials = board();
    let inside = 0;
    let overlaps = 0;
    dials.before = async () => {
      inside += 1;
      if (inside > 1) overlaps += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      inside -= 1;
    };
    await bench.withBoard(dials, async (runs) => {
      const values = Array.from({ length: 20 }, (_, index) => `v${index}`);
      const reports = await Promise.all(values.map((value) => runs.run({ left: value }, { onBusy: 'wait' })));
      expect(reports.map(({ outcome }) => outcome)).toEqual(values.map(() => 'Succeeded'));
      expect(overlaps).toBe(0);
      expect(dials.turns).toHaveLength(20);
    });
  });

  it('refuses at once, naming the holder, when it is not to wait', async () => {
    const dials = board();
    dials.after = () => new Promise((resolve) => setTimeout(resolve, 1500));
    await bench.withBoard(dials, async (runs) => {
      const first = await runs.start(runs.input({ left: 'b' }));
      await until(first, ({ phase }) => phase === 'running');
      const second = await runs.run({ left: 'c' });
      expect(second).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining(first.workflowId) as string,
      });
      expect(await reportOf(first)).toMatchObject({ outcome: 'Succeeded' });
    });
  });

  it('two runs that take two targets in opposite order both end', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const pairs = Array.from({ length: 5 }, (_, index) => [
        runs.run({ left: `l${index}`, right: `l${index}` }, { onBusy: 'wait' }),
        runs.run({ right: `r${index}`, left: `r${index}` }, { onBusy: 'wait' }),
      ]).flat();
      expect((await Promise.all(pairs)).map(({ outcome }) => outcome)).toEqual(pairs.map(() => 'Succeeded'));
      expect(dials.dials['left']).toBe(dials.dials['right']);
    });
  });
});
