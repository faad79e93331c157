/**
 * Many runs on the same targets at once: one after the other, none lost, none waiting for ever.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createTargetLockActivities } from '../../activities/target-lock';
import { targetOf } from '../../catalogue';
import { Bench, reportOf, reportsWithin, until } from './support/bench';
import { beatingUntil } from './support/dial-board';
import { turning } from './support/dials';
import { board, eventually } from './support/words';

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
      const inputs = values.map((value) => runs.input({ left: value }, { onBusy: 'wait' }));
      const reports = await reportsWithin(100, await Promise.all(inputs.map((input) => runs.start(input))));
      expect(reports.map(({ outcome }) => outcome)).toEqual(values.map(() => 'Succeeded'));
      expect(overlaps).toBe(0);
      expect(dials.turns).toHaveLength(20);
    });
  });

  it('refuses at once, naming the holder, when it is not to wait', async () => {
    const dials = board();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    dials.after = () => beatingUntil(held);
    await bench.withBoard(dials, async (runs) => {
      const first = await runs.start(runs.input({ left: 'b' }));
      await until(first, ({ phase }) => phase === 'running');
      const second = await runs.run({ left: 'c' }).finally(letGo);
      expect(second).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining(first.workflowId) as string,
      });
      expect(await reportOf(first)).toMatchObject({ outcome: 'Succeeded' });
    });
  });

  it('who waits is judged when it is its turn: what the holder is doing then stands in nobody’s way', async () => {
    const dials = board();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    dials.before = async (turn) => {
      if (turn !== 'left=b') return;
      dials.dials['left'] = turning;
      await beatingUntil(held);
    };
    await bench.withBoard(dials, async (runs) => {
      const first = await runs.start(runs.input({ left: 'b' }));
      await until(first, () => dials.dials['left'] === turning);
      const hasty = await runs.run({ left: 'c' });
      expect(hasty).toMatchObject({ outcome: 'Refused', summary: expect.stringContaining('being turned') as string });
      const patient = await runs.start(runs.input({ left: 'c' }, { onBusy: 'wait' }));
      await until(patient, ({ phase }) => phase === 'awaiting-lock').finally(letGo);
      expect(await reportOf(patient)).toMatchObject({ outcome: 'Succeeded' });
      expect(dials.turns).toEqual(['left=b', 'left=c']);
      const unknown = await runs.run({ left: 'd', top: 'd' }, { onBusy: 'wait' });
      expect(unknown).toMatchObject({ outcome: 'Refused', summary: expect.stringContaining('no dial top') as string });
      await eventually(async () => expect((await runs.lock('left')).holder).toBeUndefined());
    });
  });

  it('what an attempt gives back that stood still while a later one asked is not given back', async () => {
    await bench.withBoard(board(), async (runs) => {
      const { client } = bench.environment;
      const taskQueue = runs.input({})['board'] as string;
      const locks = createTargetLockActivities({ client, taskQueue });
      const attempt = (scheduled: number) =>
        new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: scheduled });
      const targets = ['left', 'right'].map((dial) => targetOf('deployment', `${taskQueue}/${dial}`));
      const holder = { workflowId: 'somebody', runId: '1', runbook: 'turnDials', requestedBy: 'a', since: 'now' };
      const granted = await attempt(2).run(locks.acquireTargets, { targets, holder, wait: false });
      expect(granted).toEqual({ granted: true });
      await attempt(1).run(locks.releaseTargets, { targets, holder });
      expect((await runs.lock('left')).holder).toMatchObject({ workflowId: 'somebody' });
      await attempt(2).run(locks.releaseTargets, { targets, holder });
      expect((await runs.lock('left')).holder).toBeUndefined();
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
