/**
 * What people say to a run — pause, abort, retry, accept, cancel, terminate — and what then happens on the board.
 */
import type { WorkflowHandle } from '@temporalio/client';
import type { Report } from '../../catalogue';
import { Bench, order, reportOf, until } from './support/bench';
import type { DialBoard } from './support/dial-board';
import { untilCancelled } from './support/dial-board';
import { two, board, fail, rejected, eventually } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

/** The second step fails, and so does undoing the first one until it is released. */
function jammedBoard(): { dials: DialBoard; release: () => void } {
  const dials = board();
  let jammed = true;
  dials.before = (turn) => {
    fail(turn === 'right=b', 'stuck');
    fail(jammed && turn === 'left=a back', 'jammed');
  };
  return { dials, release: () => (jammed = false) };
}

describe('an undo that fails keeps the run open and the lock held until an operator decides', () => {
  const stuck = async (
    work: (handle: WorkflowHandle, dials: DialBoard, ended: () => Promise<Report>) => Promise<void>,
  ): Promise<void> => {
    const { dials, release } = jammedBoard();
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      const status = await until(handle, ({ phase }) => phase === 'needs-operator');
      expect(status.trouble).toMatchObject({
        step: 'turn left',
        orders: ['retry', 'accept'],
        tried: ['stuck', expect.stringContaining('jammed')],
      });
      expect((await runs.lock('left')).holder?.workflowId).toBe(handle.workflowId);
      await expect(order(handle, 'rollback')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('not possible here') as string },
      });
      await expect(order(handle, 'abort')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('retry, rollback and accept') as string },
      });
      release();
      await work(handle, dials, () => reportOf(handle));
      await eventually(async () => expect((await runs.lock('left')).holder).toBeUndefined());
    });
  };

  it('retry: it is undone after all', () =>
    stuck(async (handle, dials, ended) => {
      await order(handle, 'retry');
      expect(await ended()).toMatchObject({ outcome: 'RolledBack' });
      expect(dials.dials['left']).toBe('a');
    }));

  it('an answer to a question that has had one is refused, for the run asks another by now', async () => {
    const { dials, release } = jammedBoard();
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      const { trouble: first } = await until(handle, ({ phase }) => phase === 'needs-operator');
      await order(handle, 'retry');
      const { trouble: second } = await until(
        handle,
        ({ trouble }) => (trouble?.since ?? first!.since) !== first!.since,
      );
      const answer = (name: string, question: string) =>
        handle.executeUpdate<string, [unknown]>(name, {
          args: [{ by: 'night@example.com', reason: 'seen', question }],
        });
      const words = `the question of ${first!.since.replace('Z', '')} has had its answer; since ${second!.since}`;
      await rejected(answer('accept', first!.since), words);
      release();
      await answer('retry', second!.since);
      expect(await reportOf(handle)).toMatchObject({ outcome: 'RolledBack' });
    });
  });

  it('accept: the run closes as Accepted, with the operator and the reason', () =>
    stuck(async (handle, dials, ended) => {
      await order(handle, 'accept', 'night@example.com');
      expect(await ended()).toMatchObject({
        outcome: 'Accepted',
        summary: expect.stringContaining('night@example.com: accept, because') as string,
      });
      expect(dials.dials['left']).toBe('b');
    }));
});

describe('stopping', () => {
  it.each(['abort', 'cancel'] as const)('%s in the middle of a step undoes it', async (how) => {
    const dials = board();
    dials.after = (turn) => (turn === 'right=b' ? untilCancelled() : undefined);
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      await until(handle, () => dials.turns.includes('right=b'));
      await (how === 'abort' ? order(handle, 'abort') : handle.cancel());
      expect(await reportOf(handle)).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringContaining('stopped by') as string,
      });
      expect(dials.dials).toMatchObject({ left: 'a', right: 'a' });
      await eventually(async () => expect((await runs.lock('left')).holder).toBeUndefined());
    });
  });

  it('pause takes effect before the next step; resume goes on', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const started = runs.start(runs.input(two));
      dials.before = async (turn) => {
        if (turn === 'left=b') await order(await started, 'pause');
      };
      const handle = await started;
      const status = await until(handle, ({ phase }) => phase === 'paused');
      expect(status.waiting).toMatchObject({
        reason: expect.stringContaining('paused by operator@example.com') as string,
      });
      expect(dials.turns).toEqual(['left=b']);
      await order(handle, 'resume');
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
    });
  });

  it('terminating leaves the lock held and flagged; only an operator who names the holder unlocks', async () => {
    const dials = board();
    dials.after = (turn) => (turn === 'right=b' ? untilCancelled() : undefined);
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      await until(handle, () => dials.turns.includes('right=b'));
      await handle.terminate('test');
      await eventually(async () => expect((await runs.lock('left')).holder?.flagged).toContain('TERMINATED'));
      const refused = await runs.run(two);
      expect(refused).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('runbook unlock') as string,
      });
      await expect(runs.unlock('left', 'someone-else')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('name the holder') as string },
      });
      await runs.unlock('left', handle.workflowId);
      await runs.unlock('right', handle.workflowId);
      await eventually(async () => expect((await runs.lock('left')).holder).toBeUndefined());
    });
  });
});
