/**
 * What people say to a run — approve, reject, pause, abort, retry, rollback, accept, cancel, terminate — and what then happens
 * on the board.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Report } from '../../catalogue';
import { Bench, historyLength, order, reportOf, until } from './support/bench';
import type { DialBoard } from './support/dial-board';
import { refusal, untilCancelled } from './support/dial-board';
import { two, board, neverAsk, fail, approvePlan, rejected, eventually } from './support/words';

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
