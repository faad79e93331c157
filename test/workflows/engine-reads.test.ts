/** Reads, asked within a workflow task first: what does not come of that is asked of Temporal, and no run is lost in between. */
import { Context } from '@temporalio/activity';
import { Bench, reportOf } from './support/bench';
import { board } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

it('one that fails for longer than a workflow task lasts is given up there, and asked by an activity of its own', async () => {
  const dials = board();
  const asked = { locally: 0, byTemporal: 0 };
  dials.reading = () => {
    if (!Context.current().info.isLocal) asked.byTemporal += 1;
    if (asked.byTemporal > 0) return;
    asked.locally += 1;
    throw new Error('no answer');
  };
  await bench.withBoard(dials, async (runs) => {
    const handle = await runs.start(runs.input({ left: 'b' }));
    expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
    expect(asked).toEqual({ locally: 4, byTemporal: 1 });
  });
});
