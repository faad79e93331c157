/** What is known of a cluster whose slots are on their way, and what may be done about it (moves.ts). */
import type { Shard } from './balance';
import type { Order } from './native';
import type { Node } from './nodes';

export interface SlotPlan {
  before: Shard[];
  /** The same shards in the same order. */
  after: Shard[];
}

export interface Situation {
  /** Those that answer. */
  nodes: Node[];
  /** Why there may be more, or not all is well: nothing new is begun. */
  trouble?: string;
  /** Every node answers. */
  isWhole: boolean;
  /** Slots that none of them had when they were read before either: one reading is not of one moment. */
  unowned: Set<number>;
  /** Node id → slots of which it holds keys, as far as that was asked. */
  holds: Map<string, Set<number>>;
}

export interface Move {
  slot: number;
  from: Node;
  to: Node;
  /** By us, before: keys of it may be on both sides. */
  half: boolean;
}

/** The slot is `owner`'s, and `at` does not know it yet. Where `at` is the owner itself it claims the slot, by the newest epoch. */
export interface Settlement {
  slot: number;
  owner: Node;
  at: Node;
  /** Nobody has it, nor is it on its way: the owner is told first that it comes from there. Else it would claim it by the epoch that it has. */
  from?: Node;
}

export interface Following {
  at: Node;
  master: Node;
}

export type NextMoves =
  | { answer: 'done' }
  | { answer: 'wait'; reason: string }
  | { answer: 'drift'; reason: string }
  /** Nothing is right to do about it but by hand. */
  | { answer: 'refuse'; reason: string }
  | { answer: 'act'; settle: Settlement[]; moves: Move[] }
  /** By the servers themselves. `cancel`, `watch`: at which of them. */
  | { answer: 'order'; cancel: Node[]; begin: Order[]; watch: Node[] }
  | { answer: 'follow'; follow: Following[] };
