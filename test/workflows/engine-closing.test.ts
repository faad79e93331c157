/** An order that closes a run is heard, whatever else arrives at that moment. */
import type { WorkflowHandle } from '@temporalio/client';
import { lockMessages } from '../../catalogue';
import { Bench, order, reportOf, until } from './support/bench';
import { board, fail, neverAsk, two } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

/** A workflow task that would close a run fails where a signal has come meanwhile; so many are always on their way. */
const senders = 8;

async function amidSignals(handle: WorkflowHandle, work: () => Promise<unknown>): Promise<void> {
  let over = false;
  const sending = Array.from({ length: senders }, async () => {
    while (!over) await handle.signal(lockMessages.granted).catch(() => undefined);
  });
  try {
    await work();
  } finally {
    over = true;
    await Promise.all(sending);
  }
}

test('rejected: nothing is touched', async () => {
  const dials = board();
  await bench.withBoard(dials, async (runs) => {
    const handle = await runs.start(runs.input({ left: 'b', valve: 'b' }));
    await until(handle, ({ phase }) => phase === 'awaiting-approval');
    await amidSignals(handle, () => order(handle, 'reject'));
    expect(await reportOf(handle)).toMatchObject({ outcome: 'Refused' });
    expect(dials.turns).toEqual([]);
  });
});

test('accepted: the run closes with the state that it has', async () => {
  const dials = board();
  dials.before = (turn) => fail(turn === 'right=b' || turn === 'left=a back', 'stuck');
  await bench.withBoard(
    dials,
    async (runs) => {
      const handle = await runs.start(runs.input(two));
      await until(handle, ({ phase }) => phase === 'needs-operator');
      await amidSignals(handle, () => order(handle, 'accept'));
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Accepted' });
    },
    neverAsk,
  );
});
