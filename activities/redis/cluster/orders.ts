/**
 * Slots that the servers move by themselves (native.ts): told to, watched until nothing is under way, and called off by whoever gives up.
 * Whoever dies leaves them at it, and the next one finds them so (moves.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNodes } from './client';
import { commandOf, type Order } from './native';
import type { Node } from './nodes';
import { sizeOf } from './slots';

export interface Orders {
  /** What is under way there is called off, and nothing else is done. */
  cancel: Node[];
  begin: Order[];
  /** What is under way there already is watched, too. */
  watch: Node[];
}

/** An abort is noticed within this; the server answers from its memory. */
const pauseMs = 20;

export function giversOf({ begin, watch }: Orders): Node[] {
  return [...new Set([...begin.map(({ from }) => from), ...watch])];
}

/** Answers with how many slots were moved, and what went wrong: it is read again. Throws only what `assertGoing` throws. */
export async function carryOut(
  nodes: ClusterNodes,
  orders: Orders,
  assertGoing: () => void,
): Promise<{ slots: number; problem?: string }> {
  assertGoing();
  if (orders.cancel.length > 0) {
    await callOff(nodes, orders.cancel);
    return { slots: 0, problem: 'what the servers were at on the way there is called off' };
  }
  const givers = giversOf(orders);
  const over = new Set(givers.flatMap(finishedBefore));
  const look = async () => {
    const told = await Promise.all(givers.map(({ member }) => nodes.migrations(member)));
    return told.flat().filter(({ name }) => !over.has(name));
  };
  try {
    await Promise.all(orders.begin.map((order) => nodes.ask(order.from.member, commandOf(order))));
    let ours = await look();
    for (; ours.some(({ state }) => state === 'running'); ours = await look()) {
      assertGoing();
      await sleep(pauseMs);
    }
    const lost = ours.find(({ state }) => state !== 'success');
    return {
      slots: ours.filter(({ state }) => state === 'success').reduce((sum, one) => sum + sizeOf(one.slots), 0),
      ...(lost ? { problem: `${lost.state} by the server: ${lost.message}` } : {}),
    };
  } catch (error) {
    assertGoing();
    return { slots: 0, problem: (error as Error).message || (error as Error).name };
  }
}

/** One that does not answer may be gone, and what it was at with it: whoever comes next sees. */
export async function callOff(nodes: ClusterNodes, givers: Node[]): Promise<void> {
  await Promise.allSettled(givers.map(({ member }) => nodes.ask(member, ['CLUSTER', 'CANCELSLOTMIGRATIONS'])));
}

function finishedBefore({ view }: Node): string[] {
  return (view.migrations ?? []).filter(({ state }) => state !== 'running').map(({ name }) => name);
}
