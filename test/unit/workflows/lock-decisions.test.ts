/** The lock's decisions, as tables and as a property: however many ask, hold, leave and die, at most one holds. */
import fc from 'fast-check';
import type { Holder, LockState } from '../../../catalogue';
import { acquire, afterHolderEnded, flag, handOver, release, unlockRefusal } from '../../../workflows/target/decisions';

const run = (workflowId: string): Holder => ({
  workflowId,
  runId: `${workflowId}-1`,
  runbook: 'r',
  requestedBy: 'someone',
  since: 'then',
});
const free: LockState = { target: 'postgres:main', waiting: [] };
const held: LockState = { ...free, holder: run('a') };
const queue: LockState = { ...held, waiting: [run('b'), run('c')] };

describe('acquire', () => {
  it.each([
    ['a free lock is granted', free, 'a', true, { granted: true }],
    ['to the holder again', held, 'a', true, { granted: true }],
    ['not to another', held, 'b', false, { granted: false, holder: run('a'), ahead: 0 }],
    ['a waiter keeps its place', queue, 'c', true, { granted: false, holder: run('a'), ahead: 1 }],
    ['a new one comes last', queue, 'd', true, { granted: false, holder: run('a'), ahead: 2 }],
  ] as const)('%s', (_name, state, who, wait, answer) => {
    const result = acquire(state, run(who), wait);
    expect(result.answer).toEqual(answer);
    expect(result.state.waiting.filter(({ workflowId }) => workflowId === who)).toHaveLength(
      answer.granted || !wait ? 0 : 1,
    );
  });

  it('a waiter that finds the lock free holds it and waits no more', () => {
    const { state } = acquire(release(queue, run('a')), run('b'), true);
    expect(state).toMatchObject({ holder: run('b'), waiting: [run('c')] });
  });

  it('another run with the same workflow id is another', () => {
    expect(acquire(held, { ...run('a'), runId: 'a-2' }, false).answer.granted).toBe(false);
  });
});

it('release: the holder frees, a waiter leaves, anybody else changes nothing', () => {
  expect(release(queue, run('a')).holder).toBeUndefined();
  expect(release(queue, run('b')).waiting).toEqual([run('c')]);
  expect(release(queue, run('x'))).toEqual(queue);
});

it('what an attempt gives back that stood still while a later one asked is not given back', () => {
  const at = (workflowId: string, asked: number) => ({ ...run(workflowId), asked });
  const { state } = acquire(acquire(free, at('a', 1), true).state, at('a', 2), true);
  const { state: both } = acquire(acquire(state, at('b', 1), true).state, at('b', 2), true);
  expect(release(release(both, run('a'), 1), run('b'), 1)).toEqual(both);
  expect(acquire(both, at('a', 1), true).state).toEqual(both);
  expect(release(both, run('b'), 2).waiting).toEqual([]);
  expect(release(both, run('a'), 2).holder).toBeUndefined();
  // Whoever watches the run knows that it is over.
  expect(release(both, run('a')).holder).toBeUndefined();
});

it('hand-over: a free lock goes to the first who waits, a held one to nobody', () => {
  expect(handOver(release(queue, run('a')))).toMatchObject({ holder: run('b'), waiting: [run('c')] });
  expect(handOver(queue)).toBe(queue);
});

it('only the holder is flagged, and stays the holder', () => {
  expect(flag(held, run('a'), 'why').holder).toMatchObject({ workflowId: 'a', flagged: 'why' });
  expect(flag(held, run('b'), 'why')).toBe(held);
});

it.each([
  ['COMPLETED', 'release'],
  ['FAILED', 'release'],
  ['TERMINATED', 'flag'],
  ['TIMED_OUT', 'flag'],
  ['CANCELLED', 'flag'],
  ['UNKNOWN', 'flag'],
])('a holder that ended as %s: %s', (status, answer) => expect(afterHolderEnded(status)).toBe(answer));

it('unlocking names the holder', () => {
  expect(unlockRefusal(held, 'a')).toBeUndefined();
  expect(unlockRefusal(held, 'b')).toContain('held by a, not by b');
  expect(unlockRefusal(free, 'a')).toContain('not locked');
});

it('never two holders, nobody both holds and waits, nobody waits twice', () => {
  const who = fc.constantFrom('a', 'b', 'c', 'd');
  const move = fc.oneof(
    fc.tuple(fc.constant('acquire' as const), who, fc.boolean()),
    fc.tuple(fc.constant('release' as const), who, fc.constant(false)),
    fc.tuple(fc.constant('handOver' as const), who, fc.constant(false)),
  );
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      let state = free;
      for (const [kind, name, wait] of moves) {
        if (kind === 'acquire') {
          const before = state.holder;
          const result = acquire(state, run(name), wait);
          state = result.state;
          if (before) expect(state.holder).toEqual(before);
          expect(result.answer.granted).toBe(state.holder?.workflowId === name);
        } else state = kind === 'release' ? release(state, run(name)) : handOver(state);
        const names = [...(state.holder ? [state.holder] : []), ...state.waiting].map(({ workflowId }) => workflowId);
        expect(new Set(names).size).toBe(names.length);
      }
    }),
    { numRuns: 1000 },
  );
});
