/** Which nodes are to be masters, and of which slots. What is claimed already stays as it is. Pure. */
import { followersOf, type Node, owns, placeOf, unclaimed } from './nodes';
import { spread } from './placement';
import { rangesOf, sizeOf, slotCount, type SlotRange } from './slots';

export function mastersWanted(nodes: unknown[], replicasPerMaster: number): number {
  return Math.floor(nodes.length / (replicasPerMaster + 1));
}

/** What a good cluster is: so many replicas for each master, and whether a master may be without slots. */
export interface Shape {
  replicasPerMaster: number;
  /** Slots are moved there later, or have been moved away. */
  emptyMasters?: boolean;
}

/** Those that have slots, and as many empty ones as masters lack: those first that add a machine. */
export function mastersFor(nodes: Node[], replicasPerMaster: number): Node[] {
  const owners = nodes.filter(owns);
  const lacking = mastersWanted(nodes, replicasPerMaster) - owners.length;
  // One that is followed already stays a master.
  const free = nodes
    .filter((node) => !owns(node) && node.self.master === undefined)
    .sort((one, other) => followersOf(other, nodes).length - followersOf(one, nodes).length);
  const chosen = spread(free.map(placeOf), Math.max(0, lacking), owners.map(placeOf)).map(({ id }) => id);
  return [...owners, ...free.filter(({ view }) => chosen.includes(view.id))];
}

/** The slots that nobody claims, in the proportion of what each master has too few. */
export function newClaims(nodes: Node[], masters: Node[]): { master: Node; slots: SlotRange[] }[] {
  const free = unclaimed(nodes);
  if (free.length === 0) return [];
  const deficits = masters.map(({ self }, index) => {
    const share =
      Math.floor((slotCount * (index + 1)) / masters.length) - Math.floor((slotCount * index) / masters.length);
    return Math.max(0, share - sizeOf(self.slots));
  });
  const total = deficits.reduce((sum, deficit) => sum + deficit, 0);
  let before = 0;
  return masters.flatMap((master, index) => {
    const from = Math.floor((free.length * before) / total);
    before += deficits[index]!;
    const slots = rangesOf(free.slice(from, Math.floor((free.length * before) / total)));
    return slots.length > 0 ? [{ master, slots }] : [];
  });
}
