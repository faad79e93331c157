/**
 * Moves slots with their keys, under traffic: many slots at once, each as redis.io's cluster specification has it.
 *
 * 1. The new master is told that the slot comes (IMPORTING), then the old one that it goes (MIGRATING): from then on no new
 *    key is made there, and clients are led to the new one for what has gone already (ASK).
 * 2. Its keys go in small batches (MIGRATE), one batch of a node at a time: the node serves nobody else meanwhile.
 * 3. When none is left the slot is closed: first by the new master, whose newer epoch then holds against every older claim, then
 *    by the old one, then by the others.
 *
 * Redis checks each of these itself, so that one who comes late is refused: a slot is only given away by whom it belongs to, and
 * not while keys of it are left. Whoever is interrupted is followed by somebody who reads again (moves.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../failures';
import type { ClusterNodes } from './client';
import { type Move, nextMoves, type Settlement, type Situation, type SlotPlan } from './moves';
import { type Node, nodeOf } from './nodes';
import { slotsOf } from './slots';
import type { Member, Seen } from './view';

export interface Migration {
  plan: SlotPlan;
  password: string | undefined;
  /** As they are now: a pod that comes back may have another address. */
  members(): Promise<Member[]>;
  /** Right before anything is sent: throws where another may be at it by now, and where it is over. */
  assertAwake(): void;
  /** Throws when the time is over, with what is still missing. */
  assertInTime(missing: string): void;
  /** Of what is done so far, for heartbeats. */
  onProgress?(moved: Moved): void;
}

export interface Moved {
  slots: number;
  keys: number;
}

/** Open at once from each master: their commands cost a write of nodes.conf for all together. */
const slotsAtOnce = 64;
const keysAtOnce = 100;
const bytesAtOnce = 2 ** 20;
/** Batches that a node is sent before it has answered: together they cost it one write of its file. */
const batchesAtOnce = 4;
/** A node that waits for another serves nobody; after the node time-out, for all of its batches, it would count as failed. */
const migrateMs = 1000;
/** Of one key alone, that may be a large one. */
const migrateOneMs = 4000;
const pauseMs = 200;

/** Throws Drift where somebody else moves slots, and whatever assertAwake and assertInTime throw. */
export async function migrate(nodes: ClusterNodes, migration: Migration): Promise<Moved> {
  const { plan, assertAwake } = migration;
  const moved: Moved = { slots: 0, keys: 0 };
  let members = await migration.members();
  // Keys on the wrong side are looked for at the beginning, at the end, and whenever something has failed.
  let looks = true;
  let careful = false;
  for (;;) {
    const seen = await Promise.all(members.map((member) => nodes.read(member)));
    const situation = await situationOf(seen, nodes, looks ? plan : undefined);
    const next = nextMoves(plan, situation, slotsAtOnce);
    if (next.answer === 'done' && looks) return moved;
    if (next.answer === 'drift') throw failure('Drift', next.reason);
    assertAwake();
    let missing = next.answer === 'wait' ? next.reason : undefined;
    if (next.answer === 'act') {
      missing = await perform(nodes, migration, situation, next, careful, moved);
      migration.onProgress?.(moved);
    }
    careful = missing !== undefined;
    looks = careful || next.answer === 'done';
    migration.assertInTime(missing ?? `${moved.slots} slots are moved`);
    if (missing === undefined) continue;
    members = await migration.members().catch(() => members);
    await sleep(pauseMs);
  }
}

async function situationOf(seen: Seen[], nodes: ClusterNodes, plan: SlotPlan | undefined): Promise<Situation> {
  const answering = seen.flatMap((one) => ('view' in one ? [nodeOf(one.member, one.view)] : []));
  const silent = seen.find((one) => 'silent' in one);
  const failing = answering.find(({ view }) => view.state !== 'ok');
  let trouble = silent
    ? `${silent.member.pod} does not say what it sees: ${silent.silent}`
    : failing && `cluster_state of ${failing.member.pod} is fail`;
  let holds = new Map<string, Set<number>>();
  try {
    if (plan) holds = await strays(nodes, answering, plan);
  } catch (error) {
    trouble ??= (error as Error).message;
  }
  return { nodes: answering, ...(trouble === undefined ? {} : { trouble }), holds };
}

/** Node id → slots of the plan that it does not have, and holds keys of. Throws NotVerified where a master does not say so. */
export async function strays(
  nodes: ClusterNodes,
  answering: Node[],
  { before, after }: SlotPlan,
): Promise<Map<string, Set<number>>> {
  const masters = answering.filter(({ self }) => self.master === undefined);
  const found = await Promise.all(
    masters.map(async ({ member, view, self }) => {
      const shard = before.findIndex(({ ids }) => ids.includes(view.id));
      const own = new Set(slotsOf(self.slots));
      const sides = shard < 0 ? [] : [...slotsOf(before[shard]!.slots), ...slotsOf(after[shard]!.slots)];
      const asked = [...new Set(sides)].filter((slot) => !own.has(slot));
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
  const failed = results.find((result) => result.status === 'rejected');
  return failed && `${(failed.reason as Error).message || (failed.reason as Error).name}`;
}

/** What a late one knew already is told to the owner, whose epoch it makes the newest. */
async function settled(nodes: ClusterNodes, { assertAwake }: Migration, settle: Settlement[]): Promise<void> {
  for (const { slot, owner, at } of settle) {
    assertAwake();
    await nodes.ask(at.member, setSlot(slot, 'NODE', owner));
  }
}

/** Slots of one master, opened, emptied and closed together. */
class Batch {
  private readonly source: Node;

  constructor(
    private readonly nodes: ClusterNodes,
    private readonly migration: Migration,
    private readonly masters: Node[],
    private readonly moves: Move[],
    private readonly careful: boolean,
  ) {
    this.source = moves[0]!.from;
  }

  async move(moved: Moved): Promise<void> {
    const isFirst = ({ to }: Move) => to.self.slots.length === 0;
    const firsts = new Map(
      this.moves.filter(isFirst).map((move) => [move.to, this.moves.filter(({ to }) => to === move.to)]),
    );
    for (const candidates of firsts.values()) await this.moveFirst(candidates, moved);
    const others = this.moves.filter((move) => !isFirst(move));
    if (others.length > 0) await this.moveAll(others, moved);
  }

  /**
   * The one with the fewest keys, at one stroke: clients of a slot that is on its way are led to a node that they look for among
   * the masters with slots, and do not find. Until the new master has closed it, which is at once, the two lead them to each other.
   */
  private async moveFirst(candidates: Move[], moved: Moved): Promise<void> {
    const counts = await all(
      candidates.map(({ slot }) => this.nodes.ask(this.source.member, ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)])),
    );
    const fewest = Math.min(...counts.map(Number));
    const move = candidates[counts.findIndex((count) => Number(count) === fewest)]!;
    const keys = await this.nodes.keysIn(this.source.member, move.slot, fewest + keysAtOnce);
    await this.send(
      [move],
      ({ to }) => [to],
      ({ slot, from }) => setSlot(slot, 'IMPORTING', from),
    );
    this.migration.assertAwake();
    await this.nodes.transaction(this.source.member, [
      setSlot(move.slot, 'MIGRATING', move.to),
      ...(keys.length === 0 ? [] : [this.commandFor(move, keys)]),
      close(move),
    ]);
    await this.send([move], ({ to }) => [to], close);
    await this.tellOthers([move]);
    moved.slots += 1;
    moved.keys += keys.length;
  }

  private async moveAll(moves: Move[], moved: Moved): Promise<void> {
    await this.send(
      moves,
      ({ to }) => [to],
      ({ slot, from }) => setSlot(slot, 'IMPORTING', from),
    );
    await this.send(
      moves,
      ({ from }) => [from],
      ({ slot, to }) => setSlot(slot, 'MIGRATING', to),
    );
    const size = this.careful ? 1 : await this.batchSize();
    const atOnce = this.careful ? 1 : batchesAtOnce;
    for (let open = moves; open.length > 0;) {
      this.migration.assertAwake();
      const names = await all(open.map(({ slot }) => this.nodes.keysIn(this.source.member, slot, size)));
      const batches = open.map((move, index) => ({ move, keys: names[index]! })).filter(({ keys }) => keys.length > 0);
      for (let from = 0; from < batches.length; from += atOnce) {
        this.migration.assertAwake();
        const together = batches.slice(from, from + atOnce);
        await all(together.map(({ move, keys }) => this.nodes.ask(this.source.member, this.commandFor(move, keys))));
        moved.keys += together.reduce((sum, { keys }) => sum + keys.length, 0);
      }
      open = batches.map(({ move }) => move);
    }
    await this.send(moves, ({ to }) => [to], close);
    await this.send(moves, ({ from }) => [from], close);
    await this.tellOthers(moves);
    moved.slots += moves.length;
  }

  private commandFor({ to, half }: Move, keys: Buffer[]): (string | Buffer)[] {
    const { host, port } = to.member;
    const { password } = this.migration;
    return [
      ...['MIGRATE', host, String(port), '', '0', String(this.careful ? migrateOneMs : migrateMs)],
      // What a former attempt has left on the other side is older: the node that has the slot went on serving its own.
      ...(half ? ['REPLACE'] : []),
      ...(password === undefined ? [] : ['AUTH', password]),
      ...['KEYS', ...keys],
    ];
  }

  private tellOthers(moves: Move[]): Promise<void> {
    return this.send(moves, ({ from, to }) => this.masters.filter((node) => node !== from && node !== to), close);
  }

  /** So that a batch is about a megabyte, by the node's average. */
  private async batchSize(): Promise<number> {
    const info = String(await this.nodes.ask(this.source.member, ['INFO', 'memory']));
    const bytes = Number(/^used_memory_dataset:(\d+)/m.exec(info)?.[1] ?? 0);
    const each = bytes / Math.max(1, this.source.view.keys);
    return Math.max(1, Math.min(keysAtOnce, Math.floor(bytesAtOnce / Math.max(1, each))));
  }

  /** All of them before anybody waits for an answer. */
  private async send(moves: Move[], at: (move: Move) => Node[], command: (move: Move) => string[]): Promise<void> {
    this.migration.assertAwake();
    await all(moves.flatMap((move) => at(move).map((node) => this.nodes.ask(node.member, command(move)))));
  }
}

const close = ({ slot, to }: Move) => setSlot(slot, 'NODE', to);

function setSlot(slot: number, what: 'IMPORTING' | 'MIGRATING' | 'NODE', node: Node): string[] {
  return ['CLUSTER', 'SETSLOT', String(slot), what, node.view.id];
}

/** Waits for every answer, also where one fails: what is under way would otherwise meet what comes next. */
async function all<Answer>(asked: Promise<Answer>[]): Promise<Answer[]> {
  const results = await Promise.allSettled(asked);
  return results.map((result) => {
    if (result.status === 'fulfilled') return result.value;
    throw result.reason as Error;
  });
}
