/**
 * Moves slots with their keys, under traffic: many slots at once, each as redis.io's cluster specification has it.
 *
 * Whoever gets its first slot gets the others' functions before (functions.ts). Then, for each slot:
 *
 * 1. The new master is told that the slot comes (IMPORTING), then the old one that it goes (MIGRATING): from then on no new
 *    key is made there, and clients are led to the new one for what has gone already (ASK).
 * 2. Its keys go in small batches (MIGRATE), one batch of a node at a time: the node serves nobody else meanwhile.
 * 3. When none is left the slot is closed: first by the new master, whose newer epoch then holds against every older claim, then
 *    by the old one, then by the others.
 *
 * Where every server can move slots by itself they are told to instead (orders.ts); what is half moved by then is finished as above.
 *
 * Redis checks each of these itself, so that one who comes late is refused: a slot is only given away by whom it belongs to, and
 * not while keys of it are left. One without keys may be given away by somebody late, to one that does not take it (heirs.ts).
 * Whoever is interrupted is followed by somebody who reads again (moves.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../failures';
import { all, Batch, type Moved, setSlot } from './batch';
import type { ClusterNodes } from './client';
import { equip } from './functions';
import { nextMoves } from './moves';
import { type Node, nodeOf, unclaimed } from './nodes';
import { callOff, carryOut, giversOf, type Orders } from './orders';
import { Deadline, untilRead } from './patience';
import type { Following, Move, Settlement, Situation, SlotPlan } from './situation';
import { slotsOf } from './slots';
import type { Member, Seen } from './view';

export interface Migration {
  plan: SlotPlan;
  password: string | undefined;
  /** As they are now: a pod that comes back may have another address. */
  members(): Promise<Member[]>;
  /** Right before anything is sent: throws where another may be at it by now, and where it is over. */
  assertAwake(): void;
  /** Throws when the time is over, with what is still missing. A node that is late then has `patienceMs` more (patience.ts). */
  assertInTime(missing: string): void;
  /** Whether what was begun is still this one's to call off, when it gives up. */
  isOurs(): boolean;
  /** Of what is done so far, for heartbeats. */
  onProgress?(moved: Moved): void;
}

/** Open at once from each master: their commands cost a write of nodes.conf for all together. */
const slotsAtOnce = 64;
const pauseMs = 200;

/**
 * Throws Drift where somebody else moves slots, ClusterRefused where keys are left that only a person can judge, and whatever assertAwake and assertInTime throw: what servers were told to is called off
 * then, where it is still this one's.
 */
export async function migrate(nodes: ClusterNodes, migration: Migration): Promise<Moved> {
  const told = new Set<Node>();
  try {
    return await goOn(nodes, migration, told);
  } catch (error) {
    if (migration.isOurs()) await callOff(nodes, [...told]);
    throw error;
  }
}

/** `told`: servers that were told to move slots, or were at it, are added. */
async function goOn(nodes: ClusterNodes, migration: Migration, told: Set<Node>): Promise<Moved> {
  const { plan, assertAwake } = migration;
  const deadline = new Deadline(migration.assertInTime);
  const moved: Moved = { slots: 0, byServers: 0, keys: 0 };
  let members = await untilRead(migration.members, migration);
  // Keys on the wrong side are looked for at the beginning, whenever something has failed, and at the end where any was moved here.
  let looks = true;
  let byKeys = false;
  let careful = false;
  let unowned = new Set<number>();
  for (;;) {
    const seen = await Promise.all(members.map((member) => nodes.read(member)));
    const { situation, open } = await situationOf(seen, nodes, { plan, looks, unowned });
    unowned = open;
    const next = nextMoves(plan, situation, slotsAtOnce);
    if (next.answer === 'done' && (looks || !byKeys)) return moved;
    if (next.answer === 'drift') throw failure('Drift', next.reason);
    if (next.answer === 'refuse') throw failure('ClusterRefused', next.reason);
    assertAwake();
    let missing = next.answer === 'wait' ? next.reason : undefined;
    if (next.answer === 'act') {
      byKeys = true;
      const { moves, problem } = await equipped(nodes, migration, next.moves);
      missing = (await perform(nodes, migration, situation, { ...next, moves }, careful, moved)) ?? problem;
      migration.onProgress?.(moved);
    }
    if (next.answer === 'order') {
      for (const giver of giversOf(next)) told.add(giver);
      const { moves, problem } = await equipped(nodes, migration, next.cancel.length > 0 ? [] : next.begin);
      missing = (await order(nodes, migration, { ...next, begin: moves }, moved)) ?? problem;
    }
    if (next.answer === 'follow') missing = await makeFollow(nodes, next.follow);
    // What has only been waited for has not failed.
    if (next.answer !== 'wait') careful = missing !== undefined;
    looks = missing !== undefined || next.answer === 'done';
    deadline.assert({ seen, waits: next.answer === 'wait', missing: missing ?? soFar(moved) });
    if (missing === undefined) continue;
    members = await migration.members().catch(() => members);
    await sleep(pauseMs);
  }
}

/** `open`: slots that nobody has now, where every node answers. */
async function situationOf(
  seen: Seen[],
  nodes: ClusterNodes,
  { plan, looks, unowned }: { plan: SlotPlan; looks: boolean; unowned: Set<number> },
): Promise<{ situation: Situation; open: Set<number> }> {
  const answering = seen.flatMap((one) => ('view' in one ? [nodeOf(one.member, one.view)] : []));
  const silent = seen.find((one) => 'silent' in one);
  const failing = answering.find(({ view }) => view.state !== 'ok');
  let trouble = silent
    ? `${silent.member.pod} does not say what it sees: ${silent.silent}`
    : failing && `cluster_state of ${failing.member.pod} is fail`;
  const open = new Set(silent ? [] : unclaimed(answering));
  let holds = new Map<string, Set<number>>();
  try {
    if (looks) holds = await strays(nodes, answering, plan, open);
  } catch (error) {
    trouble ??= (error as Error).message;
  }
  const known = { nodes: answering, isWhole: silent === undefined, unowned, holds };
  return { situation: { ...known, ...(trouble === undefined ? {} : { trouble }) }, open };
}

/**
 * Node id → slots of the plan that it does not have, and holds keys of. Replicas are asked for those that nobody has (`open`). Throws
 * NotVerified where one does not say so.
 */
export async function strays(
  nodes: ClusterNodes,
  answering: Node[],
  { before, after }: SlotPlan,
  open = new Set<number>(),
): Promise<Map<string, Set<number>>> {
  const asking = answering.filter(({ self }) => self.master === undefined || open.size > 0);
  const found = await Promise.all(
    asking.map(async ({ member, view, self }) => {
      const shard = before.findIndex(({ ids }) => ids.includes(self.master ?? view.id));
      const own = new Set(slotsOf(self.slots));
      const sides = shard < 0 ? [] : [...slotsOf(before[shard]!.slots), ...slotsOf(after[shard]!.slots)];
      // Servers that move slots by themselves are done before an empty one has answered for each slot.
      const isKnown = view.migrations !== undefined && view.keys === 0;
      const isAsked = (slot: number) => (self.master === undefined ? !own.has(slot) : open.has(slot));
      const asked = isKnown ? [] : [...new Set(sides)].filter(isAsked);
      const counts = await all(
        asked.map((slot) => nodes.ask(member, ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)])),
      ).catch((error: Error) => {
        throw failure('NotVerified', `${member.pod} does not say which keys it holds: ${error.message}`);
      });
      return [view.id, new Set(asked.filter((_, index) => Number(counts[index]) > 0))] as const;
    }),
  );
  return new Map(found);
}

/** Those of the moves that can be made: whoever gets its first slot has the giver's functions by then, or waits. */
async function equipped<Between extends { from: Node; to: Node }>(
  nodes: ClusterNodes,
  { assertAwake }: Migration,
  moves: Between[],
): Promise<{ moves: Between[]; problem?: string }> {
  const givers = new Map<Node, Node>();
  for (const { from, to } of moves) if (to.self.slots.length === 0 && !givers.has(to)) givers.set(to, from);
  const takers = [...givers.keys()];
  const results = await Promise.allSettled(takers.map((to) => equip(nodes, givers.get(to)!, to, assertAwake)));
  const problem = problemOf(results);
  const without = new Set(takers.filter((_, index) => results[index]!.status === 'rejected'));
  return { moves: moves.filter(({ to }) => !without.has(to)), ...(problem === undefined ? {} : { problem }) };
}

/** Answers with what went wrong: it is read again. */
async function perform(
  nodes: ClusterNodes,
  migration: Migration,
  situation: Situation,
  { settle, moves }: { settle: Settlement[]; moves: Move[] },
  careful: boolean,
  moved: Moved,
): Promise<string | undefined> {
  const bySource = new Map<Node, Move[]>();
  for (const move of moves) bySource.set(move.from, [...(bySource.get(move.from) ?? []), move]);
  const masters = situation.nodes.filter(({ self }) => self.master === undefined);
  const results = await Promise.allSettled([
    settled(nodes, migration, settle),
    ...[...bySource.values()].map((batch) => new Batch(nodes, migration, masters, batch, careful).move(moved)),
  ]);
  return problemOf(results);
}

/** By the servers themselves. Answers with what went wrong: it is read again. */
async function order(
  nodes: ClusterNodes,
  { assertAwake, assertInTime, onProgress }: Migration,
  orders: Orders,
  moved: Moved,
): Promise<string | undefined> {
  const { slots, problem } = await carryOut(nodes, orders, () => {
    assertAwake();
    assertInTime(soFar(moved));
  });
  moved.slots += slots;
  moved.byServers += slots;
  onProgress?.(moved);
  return problem;
}

/** Answers with what went wrong: it is read again. */
async function makeFollow(nodes: ClusterNodes, follow: Following[]): Promise<string | undefined> {
  const actions = follow.map(({ at, master }) => ({
    kind: 'replicate' as const,
    at: at.member,
    master: master.view.id,
  }));
  const results = await Promise.allSettled(actions.map((action) => nodes.perform(action)));
  return problemOf(results);
}

function problemOf(results: PromiseSettledResult<unknown>[]): string | undefined {
  const failed = results.find((result) => result.status === 'rejected');
  return failed && `${(failed.reason as Error).message || (failed.reason as Error).name}`;
}

function soFar({ slots }: Moved): string {
  return `${slots} slots are moved`;
}

/** Each by itself: one that is refused, or late, keeps no other waiting. */
async function settled(nodes: ClusterNodes, { assertAwake }: Migration, settle: Settlement[]): Promise<void> {
  assertAwake();
  await all(
    settle.map(async ({ slot, owner, at, from }) => {
      if (from) await nodes.ask(at.member, setSlot(slot, 'IMPORTING', from));
      await nodes.ask(at.member, setSlot(slot, 'NODE', owner));
    }),
  );
}
