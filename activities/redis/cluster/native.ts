/**
 * Slot migrations that the servers perform by themselves (Valkey 9 and newer, valkey.io/topics/atomic-slot-migration): the master that
 * has the slots copies them, pauses writes to them for a moment, and the other one takes them over as a whole. Pure, table-tested.
 */
import type { Node } from './nodes';
import { rangeOf, rangesOf, type SlotRange } from './slots';
import type { SlotMigration } from './view';

/** What a server must know for it. */
export const nativeCommands = ['migrateslots', 'getslotmigrations', 'cancelslotmigrations'].map(
  (command) => `cluster|${command}`,
);

/** From the answer to COMMAND INFO with those names, one entry each; null for one that the server does not know. */
export function offersNative(answer: unknown): boolean {
  return Array.isArray(answer) && answer.length === nativeCommands.length && answer.every((entry) => entry !== null);
}

/**
 * `native` where every node can do it, whichever they are by then: a replica may be the master in a moment, and one that cannot has to be
 * given its slots key by key. `pipeline` otherwise (migration.ts).
 */
export function wayOf(nodes: Node[]): 'native' | 'pipeline' {
  return nodes.length > 0 && nodes.every(({ view }) => view.migrations !== undefined) ? 'native' : 'pipeline';
}

/** From a list of entries, each a map or a list of names and values, by the version of the protocol. Imports are left out. */
export function slotMigrationsOf(answer: unknown): SlotMigration[] {
  return (answer as unknown[]).map(fieldsOf).flatMap((fields) => {
    if (fields.get('operation') !== 'EXPORT') return [];
    const state = fields.get('state')!;
    return {
      ...{ name: fields.get('name')!, to: fields.get('target_node') ?? '', message: fields.get('message') ?? '' },
      slots: fields.get('slot_ranges')!.split(' ').map(rangeOf),
      state: state === 'success' || state === 'failed' || state === 'cancelled' ? state : 'running',
    };
  });
}

export function runningOf({ view }: Node): SlotMigration[] {
  return (view.migrations ?? []).filter(({ state }) => state === 'running');
}

/** For one server to give to another, in one command. */
export interface Order {
  from: Node;
  to: Node;
  slots: SlotRange[];
}

export function ordersOf(moves: { slot: number; from: Node; to: Node }[]): Order[] {
  const orders: { from: Node; to: Node; slots: number[] }[] = [];
  for (const { slot, from, to } of moves) {
    const order = orders.find((one) => one.from === from && one.to === to);
    if (order) order.slots.push(slot);
    else orders.push({ from, to, slots: [slot] });
  }
  return orders.map(({ slots, ...between }) => ({ ...between, slots: rangesOf(slots.sort((a, b) => a - b)) }));
}

export function commandOf({ to, slots }: Order): string[] {
  return ['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...slots.flat().map(String), 'NODE', to.view.id];
}

/** A map, or a list of names and values, by the version of the protocol. */
export function fieldsOf(entry: unknown): Map<string, string> {
  const pairs = Array.isArray(entry)
    ? Array.from({ length: entry.length / 2 }, (_, index) => [entry[2 * index], entry[2 * index + 1]] as const)
    : entry instanceof Map
      ? [...(entry as Map<unknown, unknown>)]
      : Object.entries(entry as object);
  return new Map(pairs.map(([name, value]) => [String(name), String(value)]));
}
