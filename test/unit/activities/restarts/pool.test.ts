/** A pool that the plan pauses, as whoever performs the plan finds it: nobody is cut off in its stead. */
import { pausable, type Pool } from '../../../../activities/restarts/pool';

const pool = { name: 'pgbouncer' } as Pool;

test.each<[string, Pool | undefined, boolean, Pool | undefined]>([
  ['it is there', pool, false, pool],
  ['it is there, on the way back', pool, true, pool],
  ['it is gone, and the restart comes all the same', undefined, true, undefined],
])('%s', (_name, found, mayBeGone, expected) => {
  expect(pausable(found, { mayBeGone })).toBe(expected);
});

test.each<[string, 'unknown' | undefined, boolean, { type: string; nonRetryable: boolean }]>([
  ['it is gone', undefined, false, { type: 'PoolerNotPaused', nonRetryable: true }],
  ['no cluster: another worker may know it', 'unknown', false, { type: 'KubernetesUnavailable', nonRetryable: false }],
  ['no cluster, on the way back', 'unknown', true, { type: 'KubernetesUnavailable', nonRetryable: false }],
])('nothing is restarted: %s', (_name, found, mayBeGone, failure) => {
  expect(() => pausable(found, { mayBeGone })).toThrow(expect.objectContaining(failure) as Error);
});
