/** Who is asked before a run begins, and what is asked when clients have noticed more than they may. */
import type { WorkflowHandle } from '@temporalio/client';
import { Bench, order, reportOf, until } from './support/bench';
import type { DialBoard } from './support/dial-board';
import { untilCancelled } from './support/dial-board';
import { two, board, approvePlan, eventually } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

describe('approval', () => {
  it('rejected: Refused, with who and why', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two, { approval: 'required' }));
      await until(handle, ({ phase }) => phase === 'awaiting-approval');
      await order(handle, 'reject');
      expect(await reportOf(handle)).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('rejected by operator@example.com') as string,
      });
      expect(dials.turns).toEqual([]);
    });
  });

  it('gone stale before the lock: a new plan and a new question', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two, { approval: 'required' }));
      const first = await until(handle, ({ phase }) => phase === 'awaiting-approval');
      dials.dials['left'] = 'c';
      await approvePlan(handle, first.planHash!);
      const second = await until(
        handle,
        ({ phase, planHash }) => phase === 'awaiting-approval' && planHash !== first.planHash,
      );
      expect(dials.turns).toEqual([]);
      await eventually(async () => expect((await runs.lock('left')).holder).toBeUndefined());
      await approvePlan(handle, second.planHash!);
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded', planHash: second.planHash });
    });
  });

  it('that has expired when the lock is free: asked for again', async () => {
    const dials = board();
    dials.after = (turn) => (turn === 'left=c' ? untilCancelled() : undefined);
    await bench.withBoard(dials, async (runs) => {
      const holder = await runs.start(runs.input({ left: 'c' }));
      await until(holder, () => dials.turns.includes('left=c'));
      const approvalTimeoutSeconds = 8;
      const timing = { soakSeconds: 0, approvalTimeoutSeconds };
      const handle = await runs.start(
        runs.input({ right: 'b', left: 'b' }, { approval: 'required', onBusy: 'wait', timing }),
      );
      const first = await until(handle, ({ phase }) => phase === 'awaiting-approval');
      await approvePlan(handle, first.planHash!);
      const isOver = () => Date.now() > Date.parse(waiting!.since) + approvalTimeoutSeconds * 1000 + 500;
      const { waiting } = await until(handle, ({ phase }) => phase === 'awaiting-lock');
      await until(handle, isOver, approvalTimeoutSeconds + 10);
      await order(holder, 'abort');
      const again = await until(handle, ({ phase }) => phase === 'awaiting-approval');
      expect(again.waiting).toMatchObject({ reason: expect.stringMatching(/has expired\)$/) as string });
      expect(dials.turns).toEqual(['left=c', 'left=a back']);
      await approvePlan(handle, again.planHash!);
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
    });
  });

  it('not given in time denies', async () => {
    const skipping = await Bench.start('time-skipping');
    const dials = board();
    await skipping.withBoard(dials, async (runs) => {
      const report = await runs.run(two, { approval: 'required' });
      expect(report).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('nobody approved') as string,
      });
      expect(dials.turns).toEqual([]);
    });
    await skipping.stop();
  });
});

describe("the clients' budget, once exceeded", () => {
  const tooMuch = { requests: 10, failedRequests: 999, longestStallSeconds: 1, unmeasuredSeconds: 0 };
  const exceed = async (
    dial: string,
    work: (handle: WorkflowHandle, dials: DialBoard) => Promise<void>,
  ): Promise<void> => {
    const dials = board();
    let handle: WorkflowHandle | undefined;
    dials.before = async (turn) => {
      if (turn === `${dial}=b`) await handle!.signal('clientBudgetExceeded', tooMuch);
    };
    await bench.withBoard(dials, async (runs) => {
      handle = await runs.start(runs.input({ [dial]: 'b', right: 'b' }));
      await work(handle, dials);
    });
  };

  it('rolls back by itself where undoing costs clients nothing', () =>
    exceed('left', async (handle, dials) => {
      expect(await reportOf(handle)).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringContaining('999 failed requests') as string,
      });
      expect(dials.turns).toEqual(['left=b', 'left=a back']);
    }));

  it('does not wait for such a step to end', async () => {
    const dials = board();
    let handle: WorkflowHandle | undefined;
    dials.after = async (turn) => {
      if (turn !== 'left=b') return;
      await handle!.signal('clientBudgetExceeded', tooMuch);
      await untilCancelled();
    };
    await bench.withBoard(dials, async (runs) => {
      handle = await runs.start(runs.input({ left: 'b', right: 'b' }));
      expect(await reportOf(handle)).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringContaining('999 failed requests') as string,
      });
      expect(dials.turns).toEqual(['left=b', 'left=a back']);
    });
  });

  it('is seen at the very end, too: what the probe measured last counts', async () => {
    const dials = board();
    dials.measured = tooMuch;
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input({ loud: 'b' }));
      await until(handle, ({ phase }) => phase === 'needs-operator');
      await order(handle, 'retry');
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded', clients: tooMuch });
    });
  });

  it('finishes verifying and then asks where undoing would disturb them again; retry goes on', () =>
    exceed('loud', async (handle, dials) => {
      const status = await until(handle, ({ phase }) => phase === 'needs-operator');
      expect(status.steps[0]).toMatchObject({ state: 'done' });
      expect(dials.turns).toEqual(['loud=b']);
      await order(handle, 'retry');
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
      expect(dials.turns).toEqual(['loud=b', 'right=b']);
    }));
});
