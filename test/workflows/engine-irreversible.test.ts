/** Steps without a way back: approved by their names, and what becomes of one that fails, is stopped, or is somebody else’s doing. */
import { ApplicationFailure } from '@temporalio/common';
import { Bench, historyLength, order, reportOf, until } from './support/bench';
import { refusal, untilCancelled } from './support/dial-board';
import { board, neverAsk, fail, rejected, eventually } from './support/words';

let bench: Bench;
beforeAll(async () => (bench = await Bench.start()));
afterAll(() => bench.stop());

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
        const { trouble } = await until(handle, (status) => status.trouble?.now.includes('shows a') === true);
        expect(trouble).toMatchObject({ step: 'turn valve', orders: ['retry', 'rollback', 'accept'] });
        jammed = false;
        await order(handle, 'retry');
        expect(await reportOf(handle)).toMatchObject({ outcome: 'Succeeded' });
        expect(dials.turns).toEqual(['left=b', 'valve=b']);
      },
      neverAsk,
    );
  });

  it('whose target does not answer: an operator is told before it does, and is heard', async () => {
    const dials = board();
    let gone = false;
    dials.reading = () => {
      if (gone) throw ApplicationFailure.create({ type: 'AzureUnavailable', message: 'no answer' });
    };
    dials.after = () => {
      gone = true;
      throw refusal('jammed');
    };
    await bench.withBoard(
      dials,
      async (runs) => {
        const handle = await runs.start(runs.input({ valve: 'b' }));
        const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
        expect(trouble).toMatchObject({
          tried: ['jammed'],
          now: expect.stringMatching(/valve is being read$/) as string,
        });
        await order(handle, 'accept');
        expect(await reportOf(handle)).toMatchObject({ outcome: 'Accepted' });
      },
      neverAsk,
    );
  });

  it('that certainly had no effect does not keep the run from going back by itself; what it says is looked at', async () => {
    for (const [effect, outcome] of [
      ['before', 'RolledBack'],
      ['after', 'NeedsOperator'],
    ] as const) {
      const dials = board();
      dials[effect] = (turn) => {
        if (turn === 'valve=b') throw refusal('given up', 'SwitchoverGivenUp');
      };
      await bench.withBoard(
        dials,
        async (runs) => {
          const handle = await runs.start(runs.input(input));
          if (outcome === 'RolledBack') {
            expect(await reportOf(handle)).toMatchObject({
              outcome,
              steps: [{ state: 'undone' }, { state: 'undone' }],
            });
            return;
          }
          const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
          expect(trouble).toMatchObject({ step: 'turn valve', orders: ['retry', 'accept'] });
          await order(handle, 'accept');
        },
        neverAsk,
      );
    }
  });

  it('whose effect is somebody else’s doing: what came before it is undone, and that is left alone', async () => {
    const dials = board();
    dials.after = (turn) => {
      if (turn === 'valve=b') throw refusal('somebody else', 'PromotedByOthers');
    };
    await bench.withBoard(
      dials,
      async (runs) => {
        const report = await reportOf(await runs.start(runs.input(input)));
        expect(report).toMatchObject({
          outcome: 'RolledBack',
          steps: [{ state: 'undone' }, { state: 'undone', evidence: 'somebody else’s doing, and left alone: b' }],
        });
        expect(dials.dials).toMatchObject({ left: 'a', valve: 'b' });
      },
      neverAsk,
    );
  });

  it.each([
    ['before its effect', 'RolledBack'],
    ['after it', 'Succeeded'],
  ])(
    'that was stopped midway, %s, and is not tried again: it is led out of it before anybody is asked',
    async (_when, outcome) => {
      const dials = board();
      const isEarly = outcome === 'RolledBack';
      let stopped = false;
      dials[isEarly ? 'before' : 'after'] = async (turn) => {
        if (turn !== 'valve=b' || stopped) return;
        stopped = true;
        await untilCancelled().catch(() => undefined);
        throw refusal('no answer', 'OperationDeadlineExceeded');
      };
      await bench.withBoard(
        dials,
        async (runs) => {
          const handle = await runs.start(runs.input(input));
          await eventually(() => Promise.resolve(expect(stopped).toBe(true)));
          await order(handle, 'abort');
          if (!isEarly) {
            const { trouble } = await until(handle, ({ phase }) => phase === 'needs-operator');
            expect(trouble!.tried).toEqual([
              expect.stringMatching(/^stopped by /),
              'no answer',
              expect.stringMatching(/^valve shows b /),
            ]);
            await order(handle, 'retry');
          }
          const last = isEarly ? { state: 'undone', evidence: 'never took effect: a; left' } : { state: 'done' };
          expect(await reportOf(handle)).toMatchObject({ outcome, steps: [{}, last] });
          expect(dials.dials).toMatchObject(isEarly ? { left: 'a', valve: 'a' } : { left: 'b', valve: 'b' });
        },
        neverAsk,
      );
    },
  );

  it('that never took effect, nobody knew: going back puts right what was done on the way to it', async () => {
    const dials = board();
    dials.before = (turn) => {
      if (turn === 'valve=b') throw refusal('no answer', 'OperationDeadlineExceeded');
    };
    await bench.withBoard(
      dials,
      async (runs) => {
        const handle = await runs.start(runs.input(input));
        await until(handle, ({ phase }) => phase === 'needs-operator');
        await order(handle, 'rollback');
        expect(await reportOf(handle)).toMatchObject({
          outcome: 'RolledBack',
          steps: [{ state: 'undone' }, { state: 'undone', evidence: 'never took effect: a; left' }],
        });
        expect(dials.turns).toEqual(['left=b', 'left=a back']);
      },
      neverAsk,
    );
  });

  it.each(['retry', 'accept'] as const)(
    'whose effect is there cannot be rolled back: nothing is undone, the operator is asked again; then %s',
    async (answer) => {
      const dials = board();
      let breaks = true;
      dials.after = (turn) => fail(breaks && turn === 'loud=b', 'broke');
      await bench.withBoard(
        dials,
        async (runs) => {
          const handle = await runs.start(runs.input({ ...input, right: 'b', loud: 'b' }));
          await until(handle, ({ phase }) => phase === 'needs-operator');
          await order(handle, 'rollback');
          const { trouble } = await until(handle, ({ trouble }) => trouble?.orders.length === 2);
          expect(trouble).toMatchObject({ step: 'turn loud', orders: ['retry', 'accept'] });
          expect(trouble!.tried.join()).toMatch(/nothing was undone: cannot be undone: \S+valve shows b, it was a/);
          expect(dials.dials).toMatchObject({ left: 'b', valve: 'b', right: 'b', loud: 'b' });
          breaks = false;
          await order(handle, answer);
          const outcome = answer === 'retry' ? 'Succeeded' : 'Accepted';
          expect(await reportOf(handle)).toMatchObject({ outcome });
          expect(dials.dials).toMatchObject({ left: 'b', valve: 'b', right: 'b', loud: 'b' });
        },
        neverAsk,
      );
    },
  );

  it('that certainly had no effect, and whose target is gone: the run goes back all the same', async () => {
    const dials = board();
    let gone = false;
    dials.reading = () => {
      if (gone) throw refusal('there is no such dial', 'WorkloadNotFound');
    };
    dials.before = (turn) => {
      if (turn !== 'valve=b') return;
      gone = true;
      throw refusal('given up', 'SwitchoverGivenUp');
    };
    await bench.withBoard(
      dials,
      async (runs) => {
        const report = await reportOf(await runs.start(runs.input(input)));
        expect(report).toMatchObject({ outcome: 'RolledBack', steps: [{ state: 'undone' }, { state: 'undone' }] });
        expect(report.steps[1]!.evidence).toContain('could not be read: there is no such dial');
      },
      neverAsk,
    );
  });
});
