/**
 * Every way in which a run can go, on a real Temporal server: a toy runbook turns dials on a board, so that each test can
 * fail any turn before or after its effect and then look at the board.
 */
import type { WorkflowHandle } from '@temporalio/client';
import type { Report, Topology } from '../../catalogue';
import { Bench, historyLength, order, reportOf, until } from './support/bench';
import { DialBoard, refusal, untilCancelled } from './support/dial-board';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

const two = { left: 'b', right: 'b' };
const board = (): DialBoard => new DialBoard({ left: 'a', right: 'a', valve: 'a', loud: 'a' });

describe('a run that goes well', () => {
  it('turns every dial in order, verifies it, gives the locks back and says what it did', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      const report = await reportOf(handle);
      expect(report).toMatchObject({
        outcome: 'Succeeded',
        requestedBy: 'asker@example.com',
        clients: { requests: 10 },
      });
      expect(report.steps.map(({ state, evidence }) => [state, evidence])).toEqual([
        ['done', 'left shows b'],
        ['done', 'right shows b'],
      ]);
      expect(dials.turns).toEqual(['left=b', 'right=b']);
      await eventually(async () => expect((await runs.lock('left')).holder).toBeUndefined());
      expect(await historyLength(handle)).toBeLessThanOrEqual(40 + 12 * 2);
    });
  });

  it('does nothing, and says so, where all is so already', async () => {
    const dials = new DialBoard({ left: 'b' });
    await bench.withBoard(dials, async (runs) => {
      expect(await runs.run({ left: 'b' })).toMatchObject({
        outcome: 'Succeeded',
        summary: expect.stringContaining('nothing to do') as string,
      });
      expect(dials.turns).toEqual([]);
    });
  });

  it('only plans, when it is a dry run', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const report = await runs.run(two, { dryRun: true });
      expect(report).toMatchObject({ outcome: 'Planned', planHash: expect.stringMatching(/^[0-9a-f]{12}$/) as string });
      expect(dials.turns).toEqual([]);
    });
  });

  it('gives the same plan the same hash, whoever asks and whether dry or not, and another plan another', async () => {
    await bench.withBoard(board(), async (runs) => {
      const plan = async (dials: Record<string, string>, more: object): Promise<string> =>
        (await runs.run(dials, { dryRun: true, ...more })).planHash!;
      const hash = await plan(two, { reason: 'one' });
      expect(await plan(two, { reason: 'two', requestedBy: 'other@example.com' })).toBe(hash);
      expect(await plan({ left: 'c', right: 'b' }, {})).not.toBe(hash);
    });
  });
});

describe('input that does not fit is refused, nothing is touched', () => {
  it.each([
    ['nothing at all', undefined, 'input'],
    ['a string', 'scale!', 'input'],
    ['an unknown field', { dials: two, requestedBy: 'a', colour: 'red' }, 'colour'],
    ['a wildcard', { dials: { '*': 'b' }, requestedBy: 'a' }, 'dials'],
    ['no requester', { dials: two }, 'requestedBy'],
    ['a long string', { dials: { left: 'x'.repeat(100_000) }, requestedBy: 'a' }, 'dials.left'],
    ['a dial that is not there', { dials: { middle: 'b' }, requestedBy: 'a' }, 'there is no dial middle'],
    ['a plan that is another by now', { dials: two, requestedBy: 'a', planHash: '123456' }, 'plan again'],
  ])('%s', async (_name, input, named) => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const report = await reportOf(await runs.start(input));
      expect(report.outcome).toBe('Refused');
      expect(report.summary).toContain(named);
      expect(report.summary.length).toBeLessThan(1000);
      expect(dials.turns).toEqual([]);
    });
  });
});

describe('a step that fails is undone, with those before it, in reverse', () => {
  it('before its effect', async () => {
    const dials = board();
    dials.before = (turn) => fail(turn === 'right=b', 'stuck');
    await bench.withBoard(dials, async (runs) => {
      const report = await runs.run(two);
      expect(report).toMatchObject({ outcome: 'RolledBack', summary: 'stuck' });
      expect(report.steps.map(({ state }) => state)).toEqual(['undone', 'undone']);
      expect(dials).toMatchObject({ dials: { left: 'a', right: 'a' }, turns: ['left=b', 'left=a back'] });
    });
  });

  it('after its effect', async () => {
    const dials = board();
    dials.after = (turn) => fail(turn === 'right=b', 'broke');
    await bench.withBoard(dials, async (runs) => {
      expect(await runs.run(two)).toMatchObject({ outcome: 'RolledBack', summary: 'broke' });
      expect(dials.turns).toEqual(['left=b', 'right=b', 'right=a back', 'left=a back']);
    });
  });

  it('when its effect does not last: verification fails it', async () => {
    const dials = board();
    dials.after = (turn) => {
      if (turn === 'right=b') dials.dials['right'] = 'jammed';
    };
    await bench.withBoard(dials, async (runs) => {
      const report = await runs.run(two, { timing: { soakSeconds: 0, verificationTimeoutSeconds: 2 } });
      expect(report).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringContaining('right shows jammed') as string,
      });
      expect(dials.dials).toMatchObject({ left: 'a', right: 'a' });
    });
  });
});

describe('somebody else changes a dial meanwhile', () => {
  it('before its step: it is not overwritten, and what was done is undone', async () => {
    const dials = board();
    dials.after = (turn) => {
      if (turn === 'left=b') dials.dials['right'] = 'foreign';
    };
    await bench.withBoard(dials, async (runs) => {
      expect(await runs.run(two)).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringContaining('foreign') as string,
      });
      expect(dials.dials).toMatchObject({ left: 'a', right: 'foreign' });
    });
  });

  it('after its step was verified: an operator is asked', async () => {
    const dials = board();
    dials.after = (turn) => {
      if (turn === 'right=b') dials.dials['left'] = 'foreign';
    };
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
      expect(trouble!.tried[0]).toContain('no longer as verified');
      await order(handle, 'rollback');
      expect(await reportOf(handle)).toMatchObject({ outcome: 'RolledBack' });
    });
  });
});

describe('an undo that fails keeps the run open and the lock held until an operator decides', () => {
  const stuck = async (
    work: (handle: WorkflowHandle, dials: DialBoard, ended: () => Promise<Report>) => Promise<void>,
  ): Promise<void> => {
    const dials = board();
    let jammed = true;
    dials.before = (turn) => {
      fail(turn === 'right=b', 'stuck');
      fail(jammed && turn === 'left=a back', 'jammed');
    };
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
      jammed = false;
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
      let handle: WorkflowHandle | undefined;
      dials.before = async (turn) => {
        if (turn === 'left=b') await order(handle!, 'pause');
      };
      handle = await runs.start(runs.input(two));
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

describe('an irreversible step', () => {
  const input = { left: 'b', valve: 'b' };

  it('needs an approval that names it, from somebody else than the requester, for this plan', async () => {
    const dials = board();
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(input));
      const { planHash, waiting } = await until(handle, ({ phase }) => phase === 'awaiting-approval');
      expect(waiting).toMatchObject({ on: 'anybody but asker@example.com' });
      const approve = (by: string, hash: string, irreversibleSteps: string[]): Promise<string> =>
        handle.executeUpdate<string, [unknown]>('approve', { args: [{ by, planHash: hash, irreversibleSteps }] });
      const steps = ['turn valve'];
      await rejected(approve('Asker@Example.com', planHash!, steps), 'cannot approve it');
      await rejected(approve('b@example.com', '0123456789ab', steps), "is not this run's plan");
      await rejected(approve('b@example.com', planHash!, []), 'approved by name');
      await rejected(approve('b@example.com', planHash!, ['turn left', 'turn valve']), 'no irreversible step is named');
      expect(dials.turns).toEqual([]);
      await approve('b@example.com', planHash!.slice(0, 6), steps);
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
      expect(await historyLength(handle)).toBeLessThanOrEqual(40 + 12 * 2);
    });
  });

  it('that fails asks an operator instead of rolling back; retry goes on from it', async () => {
    const dials = board();
    let jammed = true;
    dials.before = (turn) => fail(jammed && turn === 'valve=b', 'jammed');
    await bench.withBoard(
      dials,
      async (runs) => {
        const handle = await runs.start(runs.input(input));
        const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
        expect(trouble).toMatchObject({
          step: 'turn valve',
          orders: ['retry', 'rollback', 'accept'],
          now: expect.stringContaining('shows a') as string,
        });
        jammed = false;
        await order(handle, 'retry');
        expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
        expect(dials.turns).toEqual(['left=b', 'valve=b']);
      },
      neverAsk,
    );
  });

  it('whose effect is there cannot be rolled back: the operator is asked again, and only accept closes it', async () => {
    const dials = board();
    dials.after = (turn) => fail(turn === 'valve=b', 'broke');
    await bench.withBoard(
      dials,
      async (runs) => {
        const handle = await runs.start(runs.input(input));
        await until(handle, ({ phase }) => phase === 'needs-operator');
        await order(handle, 'rollback');
        const { trouble } = await until(handle, ({ trouble }) => trouble?.orders.length === 2);
        expect(trouble!.tried.join()).toContain('cannot be undone');
        await order(handle, 'accept');
        expect(await reportOf(handle)).toMatchObject({ outcome: 'Accepted' });
      },
      neverAsk,
    );
  });
});

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

const neverAsk: Partial<Topology> = {
  approval: { reversible: 'none', lossy: 'none', irreversible: 'none', approvers: [] },
};

function fail(is: boolean, message: string): void {
  if (is) throw refusal(message);
}

async function approvePlan(handle: WorkflowHandle, planHash: string): Promise<void> {
  await handle.executeUpdate('approve', { args: [{ by: 'approver@example.com', planHash, irreversibleSteps: [] }] });
}

async function rejected(update: Promise<unknown>, words: string): Promise<void> {
  await expect(update).rejects.toMatchObject({ cause: { message: expect.stringContaining(words) as string } });
}

async function eventually(check: () => Promise<void>, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
