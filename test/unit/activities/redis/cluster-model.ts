/**
 * A cluster's nodes by Redis' rules, as far as convergence depends on them: who knows whom, who claims what by which epoch,
 * who follows whom. `gossip` spreads what there is to know by one hop.
 */
import fc from 'fast-check';
import type { Action } from '../../../../activities/redis/cluster/convergence';
import { rangesOf, slotCount, type SlotRange } from '../../../../activities/redis/cluster/slots';
import type { KnownNode, Member, Seen, SlotMigration } from '../../../../activities/redis/cluster/view';

interface ModelNode {
  host: string;
  slots: Set<number>;
  keys: number;
  master: number | undefined;
  linkUp: boolean;
  clusterEnabled: boolean;
  moving: KnownNode['moving'];
  migrations?: SlotMigration[];
  silent?: string;
  strangers: Pick<KnownNode, 'flags' | 'connected' | 'slots'>[];
  /** Ordinal → the address under which it knows that node. */
  knows: Map<number, string>;
}

export interface ModelState {
  met: [number, number][];
  owners: (number | undefined)[];
  keys: number[];
  follow: [number, number][];
  moved: number[];
}

const ordinal = fc.nat(5);
export const modelState: fc.Arbitrary<ModelState> = fc.record({
  met: fc.array(fc.tuple(ordinal, ordinal), { maxLength: 10 }),
  owners: fc.oneof(
    fc.array(fc.option(ordinal, { nil: undefined }), { minLength: 6, maxLength: 6 }),
    fc.array(fc.option(fc.nat(2), { nil: undefined }), { minLength: 6, maxLength: 6 }),
  ),
  keys: fc.oneof(fc.constant<number[]>([]), fc.array(ordinal, { maxLength: 2 })),
  follow: fc.array(fc.tuple(ordinal, ordinal), { maxLength: 4 }),
  moved: fc.array(ordinal, { maxLength: 6 }),
});

export class Model {
  readonly nodes: ModelNode[];
  performed = 0;

  constructor(count: number) {
    this.nodes = Array.from({ length: count }, (_, index) => ({
      ...{ host: `10.0.0.${index}`, slots: new Set<number>(), keys: 0, master: undefined, linkUp: true },
      ...{ clusterEnabled: true, moving: [], strangers: [], knows: new Map([[index, `10.0.0.${index}`]]) },
    }));
  }

  static of({ met, owners, keys, follow, moved }: ModelState): Model {
    const model = new Model(6);
    for (const [one, other] of met) model.meet(one, other);
    owners.forEach((owner, part) => {
      const [first, last] = [part, part + 1].map((side) => Math.floor((slotCount * side) / owners.length));
      if (owner !== undefined) model.claim(owner, first!, last! - 1);
    });
    for (const [replica, master] of follow) {
      const node = model.nodes[replica]!;
      if (
        replica !== master &&
        node.slots.size === 0 &&
        node.knows.has(master) &&
        model.nodes[master]!.master === undefined
      )
        node.master = master;
    }
    for (const one of keys) model.nodes[one]!.keys = 5;
    for (const one of moved) model.move(one);
    return model;
  }

  claim(one: number, first: number, last: number, change: Partial<ModelNode> = {}): void {
    for (let slot = first; slot <= last; slot++) this.nodes[one]!.slots.add(slot);
    Object.assign(this.nodes[one]!, change);
  }

  meet(one: number, other: number): void {
    this.nodes[one]!.knows.set(other, this.nodes[other]!.host);
    this.nodes[other]!.knows.set(one, this.nodes[one]!.host);
  }

  meetAll(): void {
    for (const one of this.nodes.keys()) for (const other of this.nodes.keys()) this.meet(one, other);
  }

  /** Its pod comes back with another address, which it alone knows. */
  move(one: number): void {
    const node = this.nodes[one]!;
    node.host = `${node.host}9`;
    node.knows.set(one, node.host);
  }

  /** Copies left out. */
  keys(): number {
    return this.nodes.reduce((sum, { master, keys }) => sum + (master === undefined ? keys : 0), 0);
  }

  /** As Redis does it, and refuses it. */
  perform(action: Action): void {
    this.performed++;
    const node = this.nodes[action.at.ordinal]!;
    if (action.kind === 'meet') return this.meet(action.at.ordinal, action.other.ordinal);
    if (action.kind === 'addSlots') {
      if (node.master !== undefined) throw new Error('slots for a replica');
      for (const [first, last] of action.slots) {
        for (let slot = first; slot <= last; slot++) {
          if (this.nodes.some(({ slots }) => slots.has(slot))) throw new Error(`slot ${slot} is taken`);
          node.slots.add(slot);
        }
      }
      return;
    }
    const master = Number(action.master.split('-')[1]);
    if (!node.knows.has(master)) throw new Error('an unknown master');
    if (node.slots.size > 0) throw new Error('a replica with slots');
    if (node.master === undefined && node.keys > 0) throw new Error('a replica with keys');
    node.master = master;
    node.keys = this.nodes[master]!.keys;
  }

  gossip(): void {
    const before = this.nodes.map(({ knows }) => new Map(knows));
    this.nodes.forEach((node, one) => {
      for (const [other, address] of before[one]!) {
        // An address where nobody is any more tells nothing.
        if (this.nodes[other]!.host !== address) continue;
        this.meet(one, other);
        for (const third of before[other]!.keys()) if (!node.knows.has(third)) this.meet(one, third);
      }
    });
  }

  /** Of a cluster that is said to be formed. */
  faults(): string[] {
    const owners = this.nodes.filter(({ slots }) => slots.size > 0);
    return [
      ...(owners.reduce((sum, { slots }) => sum + slots.size, 0) === slotCount ? [] : ['slots']),
      ...(owners.length === 3 ? [] : [`${owners.length} masters`]),
      ...owners.flatMap((owner) => {
        const index = this.nodes.indexOf(owner);
        return this.nodes.some(({ master }) => master === index) ? [] : [`${index} has no replica`];
      }),
      ...this.nodes.flatMap((node, one) =>
        this.nodes.flatMap(({ host }, other) => (node.knows.get(other) === host ? [] : [`${one} lost ${other}`])),
      ),
    ];
  }

  seen(machines = ['a', 'b', 'c']): Seen[] {
    const ranges = this.nodes.map(({ slots }) => rangesOf([...slots].sort((a, b) => a - b)));
    return this.nodes.map((node, index): Seen => {
      const member: Member = {
        ...{ ordinal: index, pod: `redis-cluster-${index}`, host: node.host, port: 6379 },
        node: machines[index % machines.length]!,
      };
      if (node.silent !== undefined) return { member, silent: node.silent };
      const { clusterEnabled, keys, linkUp, migrations } = node;
      const known = [...node.knows].map(([other, host]) => this.line(index, other, host, ranges[other]!));
      const strangers = node.strangers.map((stranger, number) => ({
        ...{ id: `stranger-${number}`, host: '10.9.9.9', port: 6379, epoch: 0, moving: [] },
        ...stranger,
      }));
      return {
        member,
        view: {
          ...{ id: `node-${index}`, clusterEnabled, state: 'ok', keys, linkUp, known: [...known, ...strangers] },
          ...(migrations ? { migrations } : {}),
        },
      };
    });
  }

  private line(viewer: number, other: number, host: string, slots: SlotRange[]): KnownNode {
    const { master, moving } = this.nodes[other]!;
    return {
      ...{ id: `node-${other}`, host, port: 6379, epoch: 0, connected: true, slots },
      flags: [...(viewer === other ? ['myself'] : []), master === undefined ? 'master' : 'slave'],
      ...(master === undefined ? {} : { master: `node-${master}` }),
      moving: viewer === other ? moving : [],
    };
  }
}
