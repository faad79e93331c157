/**
 * Every mutation of a run falls into a time in which that run holds the lock of what it changes; no two runs hold one lock
 * at once; when all runs have an outcome, every lock is free.
 */
import { type Evidence, wordsOf } from '../harness/evidence';
import type { Invariant } from './invariant';

export const singleWriter: Invariant = {
  number: 2,
  name: 'single writer',
  violations: (evidence) => [...unlocked(evidence), ...overlaps(evidence), ...stillHeld(evidence)],
};

function unlocked({ requests, runs, locks }: Evidence): string[] {
  return requests.flatMap((request) => {
    if (!request.isMutation) return [];
    const run = runs.find(({ correlationId }) => correlationId === request.correlationId);
    const lock = locks.find(({ target }) => target === request.resource);
    const held = lock?.holdings.some(
      ({ workflowId, from, to = Infinity }) =>
        workflowId === run?.workflowId && request.at >= from - 2 && request.at <= to + 2,
    );
    return held ? [] : [`${wordsOf(request)} while ${run?.workflowId} did not hold its lock`];
  });
}

function overlaps({ locks }: Evidence): string[] {
  return locks.flatMap(({ target, holdings }) =>
    holdings.flatMap((one, index) =>
      holdings
        .slice(index + 1)
        .filter((other) => other.workflowId !== one.workflowId && other.from < (one.to ?? Infinity) - 2)
        .map((other) => `${target} is held by ${one.workflowId} and by ${other.workflowId} at once`),
    ),
  );
}

function stillHeld({ locks, runs }: Evidence): string[] {
  if (runs.some(({ report }) => report === undefined)) return [];
  return locks.flatMap(({ target, state: { holder } }) =>
    holder ? [`every run has ended, and ${target} is held by ${holder.workflowId}`] : [],
  );
}
