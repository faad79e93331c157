/** Two shards with slots on their way between them, as their nodes tell it; and what is to be done then, in words. */
import type { Shard } from '../../../../activities/redis/cluster/balance';
import { nextMoves } from '../../../../activities/redis/cluster/moves';
import type { NextMoves, Situation, SlotPlan } from '../../../../activities/redis/cluster/situation';
import { type Node, nodeOf } from '../../../../activities/redis/cluster/nodes';
import { rangesOf } from '../../../../activities/redis/cluster/slots';
import type { KnownNode, SlotMigration } from '../../../../activities/redis/cluster/view';

/** Slots 0 and 1 are a's and go to b; all others stay. a2 and b2 are their replicas. */
export const before: Shard[] = [
  { ids: ['a', 'a2'], slots: [[0, 1]] },
  { ids: ['b', 'b2'], slots: [[2, 9]] },
];
export const after: Shard[] = [
  { ids: ['a', 'a2'], slots: [] },
  { ids: ['b', 'b2'], slots: [[0, 9]] },
];
export const plan = { before, after };

/** Where nothing else is said: no two masters have the same. */
const epochs: Record<string, number> = { a: 1, b: 2, c: 4 };

export interface Told {
  slots: number[];
  moving?: KnownNode['moving'];
  epoch?: number;
  master?: string;
  /** How others see it. */
  flags?: string[];
  keys?: number;
  linkUp?: boolean;
  /** Of a server that can move slots by itself. */
  migrations?: SlotMigration[];
}

export function nodes(told: Record<string, Told>): Node[] {
  const lines = Object.entries(told).map(
    ([id, { slots, moving = [], epoch = epochs[id] ?? 0, master, flags = [] }]): KnownNode => ({
      ...{
        id,
        host: id,
        port: 6379,
        flags: [master === undefined ? 'master' : 'slave', ...flags],
        epoch,
        connected: true,
      },
      ...{ slots: rangesOf(slots), moving, ...(master === undefined ? {} : { master }) },
    }),
  );
  return Object.entries(told).map(([id, { migrations, keys = 0, linkUp = true }], ordinal) => {
    const view = {
      ...{ id, clusterEnabled: true, state: 'ok' as const, keys, linkUp, known: lines },
      ...(migrations ? { migrations } : {}),
    };
    return nodeOf({ ordinal, pod: `pod-${id}`, host: id, port: 6379 }, view);
  });
}

export const tail = [2, 3, 4, 5, 6, 7, 8, 9];
export const replicas = { a2: { slots: [], master: 'a' }, b2: { slots: [], master: 'b' } };
function shown(next: NextMoves): string[] {
  if (next.answer === 'done') return ['done'];
  if (next.answer === 'wait' || next.answer === 'drift' || next.answer === 'refuse') {
    return [`${next.answer}: ${next.reason}`];
  }
  if (next.answer === 'order') {
    return [
      ...next.cancel.map(({ view }) => `${view.id} calls off`),
      ...next.watch.map(({ view }) => `${view.id} is watched`),
      ...next.begin.map(({ from, to, slots }) => `${from.view.id} is told ${JSON.stringify(slots)} to ${to.view.id}`),
    ];
  }
  if (next.answer === 'follow') return next.follow.map(({ at, master }) => `${at.view.id} follows ${master.view.id}`);
  return [
    ...next.settle.map(
      ({ slot, owner, at, from }) =>
        `${at.view.id} hears that ${slot} is ${owner.view.id}'s${from ? `, from ${from.view.id}` : ''}`,
    ),
    ...next.moves.map(
      ({ slot, from, to, half }) => `${slot} ${from.view.id}→${to.view.id}${half ? ', half moved' : ''}`,
    ),
  ];
}

/** `most`: of each master that gives slots away. */
export function told(way: SlotPlan, all: Node[], more: Partial<Situation> = {}, most = 64): string[] {
  return shown(
    nextMoves(
      way,
      { nodes: all, isWhole: more.trouble === undefined, unowned: new Set([0]), holds: new Map(), ...more },
      most,
    ),
  );
}
