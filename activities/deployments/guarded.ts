/** One guarded change of Kubernetes, and what its verification begins with. */
import stringify from 'fast-json-stable-stringify';
import { type Alive, assertInTime, whileAlive } from '../alive';
import { failure } from '../failures';
import type { ChangeRequest } from './contract';

export interface Reading<Value> {
  value: Value;
  write(alive: Alive): Promise<void>;
}

/**
 * Reads, and writes where it is as expected: nothing where `to` is there already. Throws Drift for what somebody else has
 * set: it is not overwritten.
 */
export function guarded<Value>(
  what: string,
  { from, to, deadlineSeconds }: ChangeRequest<Value>,
  read: () => Promise<Reading<Value>>,
  show: (value: Value) => string = said,
): Promise<void> {
  return whileAlive(
    () => what,
    async (alive) => {
      assertInTime(what, deadlineSeconds);
      const { value, write } = await read();
      if (show(value) === show(to)) return;
      if (show(value) !== show(from)) {
        throw failure('Drift', `${what}: ${show(value)} was found, neither ${show(from)} nor ${show(to)}`);
      }
      alive.assertAwake();
      await write(alive);
    },
  );
}

/** Throws Drift where it is no longer what was set. */
export function assertStill<Value>(
  what: string,
  wanted: Value,
  found: Value,
  show: (value: Value) => string = said,
): void {
  if (show(wanted) === show(found)) return;
  throw failure('Drift', `${what}: ${show(found)} was found, not ${show(wanted)} any more`);
}

function said(value: unknown): string {
  if (value === undefined) return 'nothing';
  return stringify(value).replace(/[{}"]/g, '').replace(/,/g, ', ');
}
