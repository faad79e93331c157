/** Slots of one master that are moved key by key (migration.ts). */
import { fieldOf } from '../info';
import type { ClusterNodes } from './client';
import type { Node } from './nodes';
import type { Move } from './situation';

const keysAtOnce = 100;
const bytesAtOnce = 2 ** 20;
/** Batches that a node is sent before it has answered: together they cost it one write of its file. */
const batchesAtOnce = 4;
/** A node that waits for another serves nobody; after the node time-out, for all of its batches, it would count as failed. */
const migrateMs = 1000;
/** Of one key alone, that may be a large one. */
const migrateOneMs = 4000;

export interface Moved {
  slots: number;
  /** Of these slots, by the servers themselves: their keys are not counted. */
  byServers: number;
  keys: number;
}

export interface BatchLimits {
  password: string | undefined;
  /** Right before anything is sent: throws where another may be at it by now, and where it is over. */
  assertAwake(): void;
}

/** Opened, emptied and closed together. */
export class Batch {
  private readonly source: Node;

  constructor(
    private readonly nodes: ClusterNodes,
    private readonly limits: BatchLimits,
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
    this.limits.assertAwake();
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
      this.limits.assertAwake();
      const names = await all(open.map(({ slot }) => this.nodes.keysIn(this.source.member, slot, size)));
      const batches = open.map((move, index) => ({ move, keys: names[index]! })).filter(({ keys }) => keys.length > 0);
      for (let from = 0; from < batches.length; from += atOnce) {
        this.limits.assertAwake();
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
    const { password } = this.limits;
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
    const bytes = Number(fieldOf(info, 'used_memory_dataset') ?? 0);
    const each = bytes / Math.max(1, this.source.view.keys);
    return Math.max(1, Math.min(keysAtOnce, Math.floor(bytesAtOnce / Math.max(1, each))));
  }

  /** All of them before anybody waits for an answer. */
  private async send(moves: Move[], at: (move: Move) => Node[], command: (move: Move) => string[]): Promise<void> {
    this.limits.assertAwake();
    await all(moves.flatMap((move) => at(move).map((node) => this.nodes.ask(node.member, command(move)))));
  }
}

const close = ({ slot, to }: Move) => setSlot(slot, 'NODE', to);

export function setSlot(slot: number, what: 'IMPORTING' | 'MIGRATING' | 'NODE', node: Node): string[] {
  return ['CLUSTER', 'SETSLOT', String(slot), what, node.view.id];
}

/** Waits for every answer, also where one fails: what is under way would otherwise meet what comes next. */
export async function all<Answer>(asked: Promise<Answer>[]): Promise<Answer[]> {
  const results = await Promise.allSettled(asked);
  return results.map((result) => {
    if (result.status === 'fulfilled') return result.value;
    throw result.reason as Error;
  });
}
