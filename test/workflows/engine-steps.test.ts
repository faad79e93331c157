/**
 * How a run goes, on a real Temporal server: a toy runbook turns dials on a board, so that each test can fail any turn before
 * or after its effect and then look at the board.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { Bench, historyLength, order, reportOf, until } from './support/bench';
import { DialBoard, refusal } from './support/dial-board';
import { two, board, fail, eventually } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

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

  it('says that nobody measured its clients, where the measurement was lost', async () => {
    const dials = board();
    const { activities } = dials;
    dials.activities = () => ({
      ...activities.call(dials),
      measureClients: () => Promise.reject(refusal('the worker that measured is gone')),
    });
    await bench.withBoard(dials, async (runs) => {
      const { clients } = await runs.run(two);
      expect(clients).toMatchObject({ requests: 0 });
      expect(clients!.unmeasuredSeconds).toBeGreaterThanOrEqual(0);
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

  describe('when the time of a verification is over in the middle of a look', () => {
    /** What `right` shows: looked at again and again, then for too long, then once more. */
    const looks = (dials: DialBoard, saysNo: boolean, lastLook: () => Promise<string>) => {
      const { activities } = dials;
      let isLate = false;
      dials.activities = () => ({
        ...activities.call(dials),
        checkDial: async ({ dial, value }) => {
          const { info, sleep } = Context.current();
          if (value === 'a' || dial === 'left') return `${dial} shows ${value}`;
          if (info.isLocal && isLate) return lastLook();
          if (!info.isLocal && (info.attempt > 1 || !saysNo)) {
            isLate = true;
            await sleep('1 min');
          }
          throw ApplicationFailure.retryable('right is jammed', 'NotVerified');
        },
      });
      return () => isLate;
    };
    const timing = { soakSeconds: 0, verificationTimeoutSeconds: 8 };

    it.each([
      ['no', () => Promise.reject(refusal('right is jammed', 'NotVerified')), 'RolledBack', { left: 'a', right: 'a' }],
      ['yes', () => Promise.resolve('right shows b'), 'Succeeded', two],
    ])('and the one before has said no: one more look, which says %s', async (_answer, lastLook, outcome, shown) => {
      const dials = board();
      const wasLate = looks(dials, true, lastLook);
      await bench.withBoard(dials, async (runs) => {
        expect(await runs.run(two, { timing })).toMatchObject({ outcome });
        expect(wasLate()).toBe(true);
        expect(dials.dials).toMatchObject(shown);
      });
    });

    it('and nothing was said before: an operator is asked', async () => {
      const dials = board();
      looks(dials, false, () => Promise.reject(refusal('nobody looks once more')));
      await bench.withBoard(dials, async (runs) => {
        const handle = await runs.start(runs.input(two, { timing }));
        const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator', 60);
        expect(trouble!.tried).toEqual(['no answer in time (the time for it is over)']);
        expect(dials.dials).toMatchObject(two);
        await order(handle, 'rollback');
        expect(await reportOf(handle)).toMatchObject({ outcome: 'RolledBack' });
      });
    });
  });
});

describe('after the soak', () => {
  it('nobody answers: what was verified is not taken back, an operator is asked; retry looks again', async () => {
    const dials = board();
    let silent = true;
    dials.reading = () => {
      if (silent && dials.dials['right'] === 'b') throw refusal('no answer', 'AzureUnavailable');
    };
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
      expect(trouble!.tried[0]).toContain('after the soak: no answer');
      expect(dials.dials).toMatchObject(two);
      silent = false;
      await order(handle, 'retry');
      expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
      expect(dials.turns).toEqual(['left=b', 'right=b']);
    });
  });

  it('what is not as it was only for a moment is no reason to ask anybody', async () => {
    const dials = board();
    let looks = 0;
    dials.reading = () => {
      // Seen once, when all was verified.
      if (dials.dials['right'] === 'b') dials.dials['left'] = ++looks === 1 ? 'passing' : 'b';
    };
    await bench.withBoard(dials, async (runs) => {
      expect(await runs.run(two)).toMatchObject({ outcome: 'Succeeded' });
      expect(looks).toBe(2);
    });
  });

  it('whatever keeps it from being looked at: an operator is asked', async () => {
    const dials = board();
    dials.reading = () => {
      if (dials.dials['right'] === 'b') throw refusal('its login is refused', 'DatabaseLoginRejected');
    };
    await bench.withBoard(dials, async (runs) => {
      const handle = await runs.start(runs.input(two));
      const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
      expect(trouble!.tried[0]).toContain('after the soak: its login is refused');
      expect(dials.dials).toMatchObject(two);
      await order(handle, 'accept');
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
      const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator', 40);
      expect(trouble!.tried[0]).toContain('no longer as verified');
      await order(handle, 'rollback');
      expect(await reportOf(handle)).toMatchObject({ outcome: 'RolledBack' });
    });
  });
});
