/**
 * A cluster as one of its nodes sees it: CLUSTER NODES, CLUSTER INFO, INFO and DBSIZE, read into plain data. Pure.
 * (redis.io/commands/cluster-nodes; handshake nodes bear a random id until they have answered.)
 */
import { fieldOf } from '../info';
import { rangeOf, type SlotRange } from './slots';

/** A pod that is to be a node of the cluster. */
export interface Member {
  /** Of its pod in the StatefulSet. */
  ordinal: number;
  pod: string;
  host: string;
  /** For clients; the bus is at this port + 10000. */
  port: number;
  /** The machine that it runs on. */
  node?: string;
}

export interface NodeView {
  id: string;
  clusterEnabled: boolean;
  state: 'ok' | 'fail';
  keys: number;
  /** Of a replica: what it has of its master is up to date, and goes on being so. */
  linkUp: boolean;
  /** Itself among them. */
  known: KnownNode[];
  /** That it performs or has performed; absent where the server cannot. */
  migrations?: SlotMigration[];
}

export interface KnownNode {
  id: string;
  host: string;
  port: number;
  /** Such as master, slave, fail, fail?, handshake, noaddr. */
  flags: string[];
  /** The id of its master. */
  master?: string;
  epoch: number;
  connected: boolean;
  slots: SlotRange[];
  /** Of a node's own line: what is on its way from or to it. */
  moving: MovingSlot[];
}

/** One that servers perform by themselves, as the master says that gives the slots away (native.ts). */
export interface SlotMigration {
  name: string;
  /** The id of the node that gets them. */
  to: string;
  slots: SlotRange[];
  /** `running`: in any state that is not an end. */
  state: 'running' | 'success' | 'failed' | 'cancelled';
  /** The server's own words. */
  message: string;
}

/** With the id of the node on the other side. */
export type MovingSlot = { slot: number } & ({ to: string } | { from: string });

/** A member and what it sees, or why it does not say. */
export type Seen = { member: Member } & ({ view: NodeView } | { silent: string });

export function viewOf(answers: {
  info: string;
  clusterInfo: string;
  nodes: string;
  keys: number;
  migrations?: SlotMigration[];
}): NodeView {
  const known = answers.nodes.split('\n').filter(Boolean).map(knownNode);
  const myself = known.find(({ flags }) => flags.includes('myself'));
  if (!myself) throw new Error('CLUSTER NODES without a line of the node itself');
  return {
    id: myself.id,
    clusterEnabled: fieldOf(answers.info, 'cluster_enabled') === '1',
    state: fieldOf(answers.clusterInfo, 'cluster_state') === 'ok' ? 'ok' : 'fail',
    keys: answers.keys,
    linkUp: fieldOf(answers.info, 'master_link_status') === 'up',
    known,
    ...(answers.migrations ? { migrations: answers.migrations } : {}),
  };
}

function knownNode(line: string): KnownNode {
  const [id = '', address = '', flags = '', master = '-', , , epoch = '0', link, ...slots] = line.trim().split(' ');
  const [place = ''] = address.split('@');
  const colon = place.lastIndexOf(':');
  return {
    ...{ id, host: place.slice(0, colon), port: Number(place.slice(colon + 1)), flags: flags.split(',') },
    ...(master === '-' ? {} : { master }),
    ...{ epoch: Number(epoch), connected: link === 'connected' },
    slots: slots.filter((slot) => !slot.startsWith('[')).map(rangeOf),
    moving: slots.filter((slot) => slot.startsWith('[')).map(movingSlot),
  };
}

/** [93-<-id] comes, [93->-id] goes. */
function movingSlot(text: string): MovingSlot {
  const [, slot, way, id = ''] = /^\[(\d+)-([<>])-(\w+)\]$/.exec(text) ?? [];
  return way === '>' ? { slot: Number(slot), to: id } : { slot: Number(slot), from: id };
}
